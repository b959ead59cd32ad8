"""Environments of Python packages: who may touch them, how they are built, when they are done."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from services.processes import ServiceError, start

Say = Callable[[str], None]
"""Takes one line about what is being done."""

# What would make a child import or trust something that is not its own.
UNWANTED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE")

INSTALL_TIMEOUT = 1800.0


def quiet(_line: str) -> None:
    """Say nothing."""


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment variables without those that would lead a child astray."""
    env = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    if not env.get("HOME"):
        env.pop("HOME", None)  # an empty HOME would put caches into the current folder
    env["PATH"] = env.get("PATH") or os.defpath
    env["NO_PROXY"] = env["no_proxy"] = "127.0.0.1,localhost"
    env["PIP_NO_INPUT"] = env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    env["PYTHONUNBUFFERED"] = "1"
    return env | dict(extra or {})


def program(environment: Path, name: str) -> Path:
    """Where an environment keeps one of its programs."""
    return environment / ("Scripts" if sys.platform == "win32" else "bin") / name


def pip(python: Path | str, *arguments: str) -> list[str]:
    """The command that runs pip in the environment of this interpreter."""
    return [str(python), "-m", "pip", "--retries", "3", *arguments]


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that two programs never set it up at the same time."""
    folder.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        yield  # nothing here runs twice at a time on Windows, where only unit tests run
        return
    import fcntl  # only where it exists

    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def stamped(folder: Path, stamp: str) -> bool:
    """Whether the folder was finished, for exactly this stamp."""
    file = folder / "stamp"
    return file.is_file() and file.read_text(encoding="utf-8") == stamp


def write_stamp(folder: Path, stamp: str) -> None:
    """Note that the folder is finished."""
    (folder / "stamp").write_text(stamp, encoding="utf-8")


def run_logged(command: Sequence[str | Path], log: Path) -> None:
    """Run a command to its end, its output in `log`; a failure raises with the reason."""
    began = time.monotonic()
    child = start(command, log=log, env=child_environment())
    try:
        status = child.wait(INSTALL_TIMEOUT)
    finally:
        child.stop()
    if status:
        seconds = f"{time.monotonic() - began:.0f} s"
        raise ServiceError(f"{_reason(log)} (status {status} after {seconds})", log=log)


def _reason(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    told = [line.strip() for line in lines if line.strip()]
    errors = [line for line in told if line.upper().startswith("ERROR")]
    return (errors or told or ["no output"])[-1].removeprefix("ERROR: ")
