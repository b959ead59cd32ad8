"""Review Board's own environment, so that its old pins never meet ours."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from services.environments import Say, pip, program, run_logged, stamped, write_stamp
from services.processes import ServiceError

REQUIREMENTS = Path(__file__).parent / "requirements.txt"

# The site refuses an environment made by venv, which has no activate_this.py.
VIRTUALENV = "virtualenv>=20.26,<22"


class CannotInstallError(ServiceError):
    """Review Board could not be installed here, most often because there is no network."""


def install(folder: Path, say: Say) -> Path:
    """The interpreter of the environment below `folder`, which is built when it is missing."""
    if sys.platform == "win32":
        raise CannotInstallError("Review Board runs on Linux and macOS only")
    env = folder / "env"
    wanted = f"{REQUIREMENTS.read_text(encoding='utf-8')}\n{env}"
    stamp = hashlib.sha256(wanted.encode()).hexdigest()
    if not (stamped(env, stamp) and _runs(program(env, "python"), "-c", "pass")):
        say("installing Review Board into an environment of its own")
        shutil.rmtree(env, ignore_errors=True)
        _build(env, folder)
        write_stamp(env, stamp)
    return program(env, "python")


def _build(env: Path, folder: Path) -> None:
    log = folder / "install.log"
    packages = ["--no-deps", "--requirement", str(REQUIREMENTS)]
    try:
        _create(env, folder, log)
        run_logged(pip(program(env, "python"), "install", *packages), log)
    except ServiceError as error:
        raise CannotInstallError(
            f"Review Board cannot be installed: {error}",
            log=log,
            advice="check that pip can reach a package index, then run this again",
        ) from error


def _create(env: Path, folder: Path, log: Path) -> None:
    python = _python_with_virtualenv(folder)
    if python is None:
        helper = folder / "virtualenv"
        run_logged([sys.executable, "-m", "venv", "--clear", str(helper)], log)
        python = program(helper, "python")
        run_logged(pip(python, "install", VIRTUALENV), log)
    data = ("--app-data", str(folder / "app-data"))
    run_logged([python, "-m", "virtualenv", "--quiet", *data, str(env)], log)


def _python_with_virtualenv(folder: Path) -> Path | None:
    # The project's own environment usually has it, which saves a download.
    ours = program(folder.parent.parent / ".venv", "python")
    candidates = (Path(sys.executable), ours)
    return next((it for it in candidates if _runs(it, "-m", "virtualenv", "--version")), None)


def _runs(python: Path, *arguments: str) -> bool:
    try:
        return (
            subprocess.run([python, *arguments], capture_output=True, check=False).returncode == 0
        )
    except OSError:
        return False
