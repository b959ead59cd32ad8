"""Projects of the live tests: folders with notebooks, and what their vault holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import nbformat
from tests.support import notebooks

from cellwire.known import Known
from cellwire.oauth.spec import Token
from cellwire.stores.file import File
from cellwire.vault import Tokens, Vault

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "notebooks" / "reviewboard.ipynb"


@dataclass(frozen=True)
class Project:
    """A folder with a name of its own; `data` is the folder of the vault."""

    folder: Path
    data: Path

    @classmethod
    def make(cls, folder: Path, data: Path) -> Self:
        (folder / "cassettes").mkdir(parents=True)
        text = f'[project]\nname = "{folder.name}"\nversion = "0"\n'
        (folder / "pyproject.toml").write_text(text)
        return cls(folder, data)

    def lesson(self) -> Path:
        """The lesson as somebody finds it who never ran it."""
        notebook = nbformat.read(LESSON, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        path = self.folder / "notebooks" / LESSON.name
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
        return path

    def notebook(self, *sources: str, name: str = "trial.ipynb") -> Path:
        """A notebook of these cells, never run."""
        cells = [notebooks.code(source) for source in sources]
        for cell in cells:
            cell.execution_count = None
        return notebooks.write(self.folder / "notebooks" / name, *cells)

    @property
    def tokens(self) -> Tokens:
        """Where the token of the default connection is stored."""
        return Vault(File(self.data), Known(), project=self.folder.name).tokens(
            "reviewboard", "default"
        )

    @property
    def token(self) -> Token:
        """The stored token."""
        stored = self.tokens.load()
        assert stored is not None, "nothing was stored"
        return stored

    def secrets(self, *more: str) -> tuple[str, ...]:
        """What must stand nowhere: the stored token's two values, and `more`."""
        token = self.token
        return tuple(filter(None, (token.access_token, token.refresh_token, *more)))


def cell_of_lesson(name: str) -> str:
    """The source of one of the lesson's cells."""
    cells = nbformat.read(LESSON, as_version=4).cells
    return str(next(cell.source for cell in cells if cell.get("id") == name))


def number_of(path: Path, name: str) -> int:
    """Which cell of a notebook has this id."""
    cells: Sequence[Any] = nbformat.read(path, as_version=4).cells
    return next(i for i, cell in enumerate(cells) if cell.get("id") == name)


def files_with(folder: Path, *needles: str) -> list[tuple[Path, int]]:
    """Which files below a folder hold which of the needles (by number)."""
    encoded = [needle.encode() for needle in needles]
    return [
        (file.relative_to(folder), number)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        for number, needle in enumerate(encoded)
        if needle in file.read_bytes()
    ]
