"""`cellwire check`: look for secrets before they are committed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from cellwire.cli import FAILED, FINE, Verb
from cellwire.errors import DefinitionError
from cellwire.settings import Settings

if TYPE_CHECKING:
    from cellwire.authoring.check import Leak


class Check(Verb):
    """Prints what the leak gate finds, never a value."""

    name: ClassVar[str] = "check"
    help: ClassVar[str] = "look for secrets and widget state in what is about to be committed"
    examples: ClassVar[str] = """\
  cellwire check                            cassettes/, integrations/, notebooks/ and tests/
  cellwire check notebooks/github.ipynb     one file, as a pre-commit hook does

The secret values of this machine's vault and environment are looked for in every encoding;
whatever else has the shape of a secret is found too. Values are never printed."""

    @classmethod
    def arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Declare the paths."""
        parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files or folders")
        parser.add_argument(
            "--allow",
            action="append",
            default=[],
            metavar="DIGEST",
            help="a value that is no secret",
        )

    def run(self, given: argparse.Namespace) -> int:
        """Look; 1 if something was found."""
        from cellwire.authoring.check import FOLDERS, SUFFIXES, check

        project = Settings.load().project
        paths = given.paths or [
            *(project / name for name in FOLDERS if (project / name).is_dir()),
            *(file for file in sorted(project.iterdir()) if file.suffix in SUFFIXES),
        ]
        if not paths:
            raise DefinitionError(
                f"{project} has none of {', '.join(FOLDERS)}",
                next_step="Name what to look through: cellwire check PATH",
            )
        leaks = check(paths, allow=[*Settings.load().allow, *given.allow])
        for leak in leaks:
            digest = f" (digest {leak.digest})" if leak.digest else ""
            print(f"{_relative(leak, project)}: {leak.place}: {leak.kind}{digest}")
        print(f"{len(leaks)} found" if leaks else "nothing secret found")
        return FAILED if leaks else FINE


def _relative(leak: Leak, project: Path) -> Path:
    path = leak.path.resolve()
    return path.relative_to(project) if path.is_relative_to(project) else path
