# Everything is in dev.py, which also works where there is no make: python3 dev.py help
#
# The interpreter is chosen by running it: a version manager's shim may exist and fail.
PYTHON := $(shell for name in python3 python python3.14 python3.13 python3.12 python3.11 \
    /usr/bin/python3 /usr/local/bin/python3; do \
    $$name -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 \
    && echo $$name && break; done)
PYTHON := $(or $(PYTHON),python3)

.PHONY: help demo test live bench lab check

help demo test live lab check:
	@$(PYTHON) dev.py $@

bench:
	@$(PYTHON) dev.py bench $(ONLY)
