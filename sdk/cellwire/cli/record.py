"""`cellwire record`: record anew, all or nothing."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from cellwire.cli import FAILED, FINE, Verb
from cellwire.errors import SettingsError
from cellwire.settings import Settings
from cellwire.testing.targets import sources

if TYPE_CHECKING:
    from cellwire.testing.recording import Recorded


class Record(Verb):
    """Runs a notebook or test for real and keeps what it recorded."""

    name: ClassVar[str] = "record"
    help: ClassVar[str] = "record anew, all or nothing; says what was removed from the recordings"
    examples: ClassVar[str] = """\
  cellwire record notebooks/github.ipynb                       every cassette of a notebook
  cellwire record notebooks/github.ipynb github/list_issues    one of them; the rest plays
  cellwire record github/list_issues                           the same, the notebook is found
  cellwire record github                                       whatever uses the integration"""

    @classmethod
    def arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Declare target, cassettes and summary file."""
        parser.add_argument("target", metavar="TARGET", help="notebook, test, or what they record")
        parser.add_argument("names", nargs="*", metavar="CASSETTE", help="record only these")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary here")

    def run(self, given: argparse.Namespace) -> int:
        """Record; print and write the summary."""
        if find_spec("nbclient") is None or find_spec("ipykernel") is None:
            raise SettingsError(
                "recording a notebook needs Jupyter's kernel",
                next_step="Install it: pip install 'cellwire[notebook]'",
            )
        started = monotonic()
        names, paths = _plan(given.target, given.names)
        recorded: list[Recorded] = []
        for path in paths:
            recorded += _record(path, names)
        seconds = monotonic() - started
        if given.json:
            given.json.write_text(_summary(recorded, seconds), encoding="utf-8")
        _show(recorded, seconds)
        return FINE if recorded else FAILED


def _plan(target: str, names: Sequence[str]) -> tuple[list[str], list[Path]]:
    paths = sources(target, Settings.load())
    if Path(target).exists():
        return [name if "/" in name else f"*/{name}" for name in names], paths
    # One run records a cassette; the notebook that teaches it comes first.
    return ([target], paths[:1]) if "/" in target else ([f"{target}/*"], paths)


def _record(path: Path, names: Sequence[str]) -> list[Recorded]:
    from cellwire.testing.recording import record_notebook, record_with

    if path.suffix == ".ipynb":
        return record_notebook(path, names, progress=lambda line: print(line, flush=True))

    def pytest(variables: dict[str, str]) -> int:
        command = [sys.executable, "-m", "pytest", str(path)]
        return subprocess.run(command, env={**os.environ, **variables}, check=False).returncode  # noqa: S603 - our own interpreter

    return record_with(pytest, names)


def _summary(recorded: Sequence[Recorded], seconds: float) -> str:
    cassettes = [
        {"name": it.name, "interactions": it.interactions, "removed": dict(it.removed)}
        for it in recorded
    ]
    return json.dumps({"cassettes": cassettes, "seconds": round(seconds, 1)}, indent=2) + "\n"


def _show(recorded: Sequence[Recorded], seconds: float) -> None:
    if not recorded:
        print("nothing was recorded: no cassette of that name was opened", file=sys.stderr)
        return
    width = max(len(it.name) for it in recorded)
    print(f"\n{'cassette':{width}}  interactions  secrets removed")
    for it in recorded:
        places = ", ".join(f"{place} {count}" for place, count in sorted(it.removed.items()))
        print(f"{it.name:{width}}  {it.interactions:>12}  {places or 'none'}")
    print(f"recorded in {seconds:.1f} s")
