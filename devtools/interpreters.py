"""A Python that works, found by running it.

Being on PATH proves nothing: a version manager's shim may exist and fail. Kept to the syntax of
old Pythons, because one of those may be what `python3` starts.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OLDEST = (3, 11)
NEWEST_MINOR = 20

# Prints the version and the interpreter behind any virtual environment, if it can make one.
PROBE = (
    "import sys, venv, ensurepip; "
    "print(*sys.version_info[:2], getattr(sys, '_base_executable', '') or sys.executable, sep='\\t')"
)


class NoInterpreterError(RuntimeError):
    """No Python on this machine will do."""


def will_do() -> bool:
    """Whether the interpreter that runs this is new enough and can make environments."""
    parts = ("venv", "ensurepip")
    return sys.version_info >= OLDEST and all(importlib.util.find_spec(it) for it in parts)


def find() -> str:
    """The path of a Python that is new enough and can make environments."""
    tried = []
    for candidate in candidates():
        path = probe(candidate)
        if path:
            return path
        tried.append(candidate)
    version = ".".join(str(number) for number in OLDEST)
    raise NoInterpreterError(
        f"no Python {version} or newer with venv and ensurepip was found (tried {', '.join(tried)}).\n"
        "Install one, for example the packages python3 and python3-venv, "
        "or run this file with it: /path/to/python3 dev.py"
    )


def probe(command: str) -> str | None:
    """The interpreter that this command starts, or None if it will not do."""
    try:
        done = subprocess.run(
            [command, "-I", "-c", PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        major, minor, path = done.stdout.decode().strip().split("\t")
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return path if (int(major), int(minor)) >= OLDEST else None


def candidates() -> Iterator[str]:
    """Commands worth trying, this interpreter first, then names, then usual places."""
    names = ["python3", "python"]
    names += [f"python3.{minor}" for minor in range(NEWEST_MINOR, OLDEST[1] - 1, -1)]
    yield sys.executable
    yield from names
    for folder in _usual_folders():
        yield from (str(folder / name) for name in names if (folder / name).exists())


def _usual_folders() -> Iterator[Path]:
    yield from map(Path, ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"))
    home = Path("~").expanduser()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")
    uv, asdf = home / ".local" / "share" / "uv" / "python", home / ".asdf" / "installs" / "python"
    for versions in (pyenv / "versions", uv, asdf):
        if versions.is_dir():
            yield from (folder / "bin" for folder in sorted(versions.iterdir(), reverse=True))
