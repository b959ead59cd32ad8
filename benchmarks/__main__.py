"""`python -m benchmarks [ONLY]` prints one line a figure: `name value unit`.

ONLY is a module (`imports`) or a figure (`import_ratio`).
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks

HELPERS = ("__main__", "measure")


def main(only: str | None = None) -> int:
    """Print the figures; 2 if there is none of that name."""
    found = False
    for info in pkgutil.iter_modules(benchmarks.__path__):
        if info.name in HELPERS:
            continue
        module = importlib.import_module(f"benchmarks.{info.name}")
        if only and only != info.name and only not in (module.__doc__ or ""):
            continue
        for name, value, unit in module.figures():
            if only in (None, info.name, name):
                found = True
                print(f"{name} {value:.3f} {unit}", flush=True)
    return 0 if found else 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
