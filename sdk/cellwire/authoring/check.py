"""The leak gate over what is about to be committed: cassettes, notebooks, tests.

It looks for the secret values this machine knows (vault and environment), for whatever has the
shape of a secret, and for widget state, which browsers save and which may hold what was typed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cellwire.cassettes.gate import findings
from cellwire.errors import DefinitionError
from cellwire.known import Known
from cellwire.settings import Settings
from cellwire.stores.file import File

FOLDERS = ("cassettes", "integrations", "notebooks", "tests")
SUFFIXES = (".ipynb", ".json", ".md", ".py", ".toml", ".yaml", ".yml")

_SECRET = re.compile(r"token|secret|password|key|cookie", re.IGNORECASE)
_SHORTEST = 8


@dataclass(frozen=True)
class Leak:
    """Something that must not be committed.

    Attributes:
        path: The file.
        place: Where in it: "line 3", "output of cell 2".
        kind: What it is, never its value.
    """

    path: Path
    place: str
    kind: str


def check(paths: Sequence[Path], known: Known | None = None) -> list[Leak]:
    """Look through files and folders.

    Args:
        paths: Where to look; folders are searched for `SUFFIXES`.
        known: Values to look for; those of the vault and the environment unless given.

    Raises:
        DefinitionError: A path does not exist.
        VaultError: The vault cannot be read.
    """
    known = known if known is not None else known_values()
    return [leak for path in _files(paths) for leak in _leaks(path, known)]


def known_values() -> Known:
    """Collect the secrets of the vault and of the environment."""
    settings = Settings.load()
    known = Known()
    for name, value in settings.environ.items():
        if _SECRET.search(name) and len(value) >= _SHORTEST:
            known.teach(value, name)
    store = File.open(settings)
    for entry in store.names():
        for name, value in (store.get(entry) or {}).items():
            if _SECRET.search(name) and value:
                known.teach(value, name)
    return known


def leaks_of_notebook(text: str, path: Path, known: Known | None = None) -> list[Leak]:
    """Look through a notebook, cell by cell."""
    known = known if known is not None else known_values()
    notebook = json.loads(text)
    leaks = [
        Leak(path, place, kind) for place, part in _parts(notebook) for kind in _kinds(part, known)
    ]
    if notebook.get("metadata", {}).get("widgets"):
        leaks.append(Leak(path, "metadata", "widget state"))
    return leaks


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_file():
            yield path
        elif path.is_dir():
            for found in sorted(path.rglob("*")):
                hidden = any(part.startswith(".") for part in found.relative_to(path).parts)
                if found.suffix in SUFFIXES and found.is_file() and not hidden:
                    yield found
        else:
            raise DefinitionError(f"{path} does not exist", next_step="Name a file or a folder.")


def _leaks(path: Path, known: Known) -> list[Leak]:
    text = path.read_text("utf-8", errors="replace")
    if path.suffix == ".ipynb":
        try:
            return leaks_of_notebook(text, path, known)
        except json.JSONDecodeError as error:
            return [Leak(path, f"line {error.lineno}", "not a notebook: broken JSON")]
    return [Leak(path, place, kind) for place, kind in _by_line(text, known)]


def _by_line(text: str, known: Known) -> Iterator[tuple[str, str]]:
    for finding in findings(text, known.values()):
        yield finding.place, finding.kind
    for number, line in enumerate(text.splitlines(), start=1):
        for secret in known.present(line):
            yield f"line {number}", secret.kind


def _parts(notebook: dict[str, object]) -> Iterator[tuple[str, str]]:
    cells = notebook.get("cells")
    for number, cell in enumerate(cells if isinstance(cells, list) else [], start=1):
        yield f"source of cell {number}", "".join(cell.get("source", ()))
        if cell.get("outputs"):
            yield f"output of cell {number}", json.dumps(cell["outputs"], ensure_ascii=False)
        yield f"metadata of cell {number}", json.dumps(cell.get("metadata", {}))


def _kinds(text: str, known: Known) -> list[str]:
    found = [finding.kind for finding in findings(text, known.values())]
    return found + [secret.kind for secret in known.present(text)]
