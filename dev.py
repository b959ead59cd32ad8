#!/usr/bin/env python3
"""Everything a developer runs here: `python3 dev.py help`.

Needs nothing but a Python; whichever one starts it, a new enough one is found and used.
"""

from __future__ import annotations

import os
import subprocess
import sys

from devtools import interpreters


def start() -> int:
    """Run the verb, in this interpreter if it will do and in a better one otherwise."""
    if interpreters.will_do():
        from devtools import verbs

        return verbs.main(sys.argv[1:])
    try:
        better = interpreters.find()
    except interpreters.NoInterpreterError as error:
        print(error, file=sys.stderr)
        return 1
    command = [better, __file__, *sys.argv[1:]]
    if os.name != "nt":
        os.execv(better, command)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(start())
