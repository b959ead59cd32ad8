"""The project's own environment, `.venv`, with everything that development needs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

from services.environments import (
    Say,
    child_environment,
    locked,
    pip,
    program,
    run_logged,
    stamped,
    write_stamp,
)
from services.processes import ServiceError

VERSION = "import sys; print(sys.version)"


class Environment:
    """The project's environment: its programs, and what they should find around them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return program(self.folder, "python")

    def program(self, name: str) -> Path:
        """One of its programs, such as `cellwire`."""
        return program(self.folder, name)

    def variables(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Environment variables for its programs."""
        env = child_environment(extra)
        separator = ";" if sys.platform == "win32" else ":"
        env["PATH"] = f"{self.python.parent}{separator}{env['PATH']}"
        # A kernel that the user installed elsewhere must not stand in for ours.
        env["JUPYTER_PREFER_ENV_PATH"] = "1"
        return env


def ensure(root: Path, say: Say) -> Environment:
    """The environment, installed when it is missing or older than `pyproject.toml`."""
    environment = Environment(root)
    with locked(root / ".services"):
        version = _version(environment)
        if version is None or not stamped(environment.folder, _stamp(root, version)):
            say("installing what development needs into .venv (a minute or two)")
            _install(environment, fresh=version is None)
            write_stamp(environment.folder, _stamp(root, _version(environment) or ""))
    return environment


def _install(environment: Environment, *, fresh: bool) -> None:
    if fresh:
        venv.create(environment.folder, clear=True, with_pip=True)
    log = environment.folder / "install.log"
    target = f"{environment.root}[dev]"
    try:
        run_logged(pip(environment.python, "install", "--editable", target), log)
    except ServiceError as error:
        raise ServiceError(
            f"pip could not install the project: {error}",
            log=log,
            advice="check that pip can reach a package index, then run this again",
        ) from error


def _version(environment: Environment) -> str | None:
    # An environment whose interpreter was removed or is too old is made anew.
    check = f"{VERSION}; import pip; sys.exit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run(
            [environment.python, "-I", "-c", check], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _stamp(root: Path, version: str) -> str:
    project = (root / "pyproject.toml").read_bytes()
    return hashlib.sha256(project + f"\n{version}\n{root}".encode()).hexdigest()
