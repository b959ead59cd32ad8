"""Recording anew, all or nothing: what is recorded waits on a stage until all of it succeeded."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nbformat
from nbformat import NotebookNode

from cellwire import evidence
from cellwire.authoring.check import known_values, leaks
from cellwire.errors import RecordingError, SecretFound
from cellwire.files import SHARED, own_folder, write_atomic
from cellwire.settings import Settings
from cellwire.testing.cells import Kernel, isolated

CELL_TIMEOUT = 600.0
"""Longest time one cell may take, in seconds: a person may have to sign in meanwhile."""

_LINK = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+/start/[\w.~-]+")


@dataclass(frozen=True)
class Recorded:
    """One cassette that was recorded.

    Attributes:
        name: `integration/name`.
        interactions: How many it holds.
        removed: How many secrets were removed, by place.
    """

    name: str
    interactions: int
    removed: Mapping[str, int]


class Stage:
    """A folder that takes new recordings until they are all there.

    Args:
        settings: Where the cassettes and the project are.
        names: Cassettes to record, or globs; none: all.
    """

    def __init__(self, settings: Settings, names: Sequence[str] = ()) -> None:
        self._cassettes = settings.cassettes
        self._home = settings.project / ".cellwire"
        self._names = ",".join(names) or "*"

    def __enter__(self) -> Self:
        own_folder(self._home.parent)
        self.folder = Path(tempfile.mkdtemp(prefix="stage-", dir=self._home))
        self._recordings = self.folder / "cassettes"
        self._ledger = self.folder / "ledger.jsonl"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def variables(self) -> dict[str, str]:
        """The environment that makes a process record here."""
        return {
            "CELLWIRE_RECORD": self._names,
            "CELLWIRE_STAGE": str(self._recordings),
            "CELLWIRE_LEDGER": str(self._ledger),
            # Naming what to record is consent enough: CI's lock does not hold here.
            "CELLWIRE_RECORD_MODE": "once",
        }

    @property
    def recorded(self) -> list[Recorded]:
        """What is on the stage, in the order it was recorded; of repeats, the last."""
        found = {
            event["cassette"]: Recorded(event["cassette"], event["interactions"], event["removed"])
            for event in evidence.read(self._ledger)
            if event["event"] == "recorded"
        }
        return list(found.values())

    def keep(self) -> None:
        """Put what is on the stage in the place of the old recordings."""
        for staged in sorted(self._recordings.rglob("*")):
            if staged.is_file():
                target = self._cassettes / staged.relative_to(self._recordings)
                target.parent.mkdir(parents=True, exist_ok=True)
                staged.replace(target)


def record_notebook(
    path: Path,
    names: Sequence[str] = (),
    *,
    progress: Callable[[str], object] = lambda _: None,
) -> list[Recorded]:
    """Run a notebook for real; keep its outputs and recordings only if every cell ran.

    Args:
        path: The notebook.
        names: Cassettes to record anew, or globs; none: all. The rest plays.
        progress: Called with a line before each cell, and with the link of a sign-in.

    Raises:
        RecordingError: A cell failed; says which and why. Nothing was changed.
        SecretFound: An output holds a secret. Nothing was changed.
        KernelFailed: The kernel did not start.
    """
    notebook = nbformat.read(path, as_version=4)
    settings = Settings.load(folder=path.resolve().parent)
    with Stage(settings, names) as stage:
        environ = isolated({**settings.environ, **stage.variables}, stage.folder, secrets=True)
        kernel = Kernel(
            notebook,
            path.resolve().parent,
            environ=environ,
            timeout=CELL_TIMEOUT,
            listen=_LinkFinder(progress),
        )
        try:
            kernel.start()
            _run(kernel, path, progress)
            kernel.settle()
        finally:
            kernel.stop()
        text = _executed(kernel.notebook, notebook.metadata)
        if found := leaks(text, path, known_values(), settings.allow):
            raise SecretFound(
                f"{path.name} was not written: {found[0].kind} in {found[0].place}",
                next_step="Keep it out of what the cell shows, then record again.",
            )
        stage.keep()
        write_atomic(path, text.encode(), SHARED)
        return stage.recorded


def record_with(run: Callable[[dict[str, str]], int], names: Sequence[str] = ()) -> list[Recorded]:
    """Let something that is no notebook record; keep its recordings only if it succeeded.

    Args:
        run: Runs it with the given variables; answers 0 if it succeeded.
        names: Cassettes to record anew, or globs; none: all. The rest plays.

    Raises:
        RecordingError: It failed. Nothing was changed.
    """
    with Stage(Settings.load(), names) as stage:
        if run(stage.variables):
            raise RecordingError(
                "a test failed while recording; nothing was changed",
                next_step="Mend what failed above, then record again.",
            )
        stage.keep()
        return stage.recorded


def _run(kernel: Kernel, path: Path, progress: Callable[[str], object]) -> None:
    cells = kernel.notebook.cells
    code = [i for i, cell in enumerate(cells) if cell.cell_type == "code" and cell.source.strip()]
    for number, index in enumerate(code, start=1):
        progress(f"cell {number}/{len(code)} {_first_line(cells[index].source)}")
        may_fail = "raises-exception" in cells[index].metadata.get("tags", ())
        ran = kernel.run(index, may_fail=may_fail)
        if ran.error:
            why = kernel.redacted(ran.error) if ran.alive else "the kernel died or did not answer"
            raise RecordingError(
                f"cell {number} of {path.name} failed; nothing was changed:\n{why}",
                next_step=f"Mend the cell, then record again: cellwire record {path}",
            )


def _first_line(source: str) -> str:
    line = source.strip().splitlines()[0]
    return line if len(line) <= 60 else f"{line[:59]}…"  # noqa: PLR2004 - what fits beside the rest


def _executed(notebook: NotebookNode, metadata: NotebookNode) -> str:
    """Write a notebook so that two recordings of the same service differ in nothing."""
    notebook.metadata = NotebookNode({k: v for k, v in metadata.items() if k != "widgets"})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return f"{nbformat.writes(notebook).rstrip()}\n"


class _LinkFinder:
    """Tells each Connect link it hears of, once."""

    def __init__(self, progress: Callable[[str], object]) -> None:
        self._progress = progress
        self._told: set[str] = set()

    def __call__(self, message: dict[str, Any]) -> None:
        for link in _LINK.findall(str(message["content"])):
            if link not in self._told:
                self._told.add(link)
                self._progress(f"sign in: {link}")
