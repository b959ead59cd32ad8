"""`cellwire test`: notebooks and tests, offline."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from cellwire.cli import FINE, Verb
from cellwire.errors import DefinitionError
from cellwire.settings import Settings
from cellwire.testing.targets import sources

_NOTHING = 5
"""pytest's exit status where there was nothing to run."""


class Test(Verb):
    """Runs pytest and nbval on what was recorded."""

    name: ClassVar[str] = "test"
    help: ClassVar[str] = "run notebooks and tests offline, on what was recorded"
    examples: ClassVar[str] = """\
  cellwire test                                 everything in notebooks/ and tests/
  cellwire test notebooks/github.ipynb          one notebook
  cellwire test github                          whatever uses the integration
  cellwire test -- -x -k paging                 options for pytest stand behind --"""

    @classmethod
    def arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Declare the target and pytest's own options."""
        parser.add_argument("target", nargs="?", metavar="TARGET", help="default: everything")
        parser.add_argument("pytest", nargs="*", metavar="-- OPTION", help="options for pytest")

    def run(self, given: argparse.Namespace) -> int:
        """Run pytest; its exit status is ours."""
        options = list(given.pytest)
        target = given.target
        if target and target.startswith("-"):
            target, options = None, [target, *options]
        settings = Settings.load()
        paths = sources(target, settings) if target else _everything(settings.project)
        command = [sys.executable, "-m", "pytest", "--nbval", *options, *map(str, paths)]
        locked = {**os.environ, "CELLWIRE_RECORD_MODE": "none"}
        locked.pop("CELLWIRE_RECORD", None)
        status = subprocess.run(command, env=locked, check=False).returncode  # noqa: S603 - our own interpreter
        return FINE if status == _NOTHING and not target else status


def _everything(project: Path) -> list[Path]:
    found = [project / name for name in ("notebooks", "tests") if (project / name).is_dir()]
    if not found:
        raise DefinitionError(
            f"{project} has neither notebooks/ nor tests/",
            next_step="Name what to test: cellwire test PATH",
        )
    return found
