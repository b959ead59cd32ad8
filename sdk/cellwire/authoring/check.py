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
from cellwire.settings import Settings
from cellwire.stores.file import File

FOLDERS = ("cassettes", "integrations", "notebooks", "tests")
SUFFIXES = (".ipynb", ".json", ".md", ".py", ".toml", ".yaml", ".yml")

_SECRET = re.compile(r"token|secret|password|key|cookie", re.IGNORECASE)
_CELL = re.compile(r"^cells\[(\d+)\]")
_SHORTEST = 8


@dataclass(frozen=True)
class Leak:
    """Something that must not be committed.

    Attributes:
        path: The file.
        place: Where in it: "line 3", "cell 2.outputs[0].text".
        kind: What it is, never its value.
        digest: First hex digits of the value's SHA-256, to allow it by; empty where it has none.
    """

    path: Path
    place: str
    kind: str
    digest: str = ""


def check(
    paths: Sequence[Path], *, values: Sequence[str] | None = None, allow: Sequence[str] = ()
) -> list[Leak]:
    """Look through files and folders.

    Args:
        paths: Where to look; folders are searched for `SUFFIXES`.
        values: Secrets to look for; those of the vault and the environment unless given.
        allow: Digests of values that are no secrets.

    Raises:
        DefinitionError: A path does not exist.
        VaultError: The vault cannot be read.
    """
    known = known_values() if values is None else values
    return [
        leak
        for path in _files(paths)
        for leak in leaks(path.read_text("utf-8", errors="replace"), path, known, allow)
    ]


def leaks(text: str, path: Path, values: Sequence[str], allow: Sequence[str] = ()) -> list[Leak]:
    """Look through the text of one file, which need not be written yet."""
    found = [
        Leak(path, _CELL.sub(_as_people_count, it.place), it.kind, it.digest)
        for it in findings(text, values, allow)
    ]
    if path.suffix == ".ipynb" and _has_widget_state(text):
        found.append(Leak(path, "metadata.widgets", "widget state"))
    return found


def known_values() -> list[str]:
    """Collect the secrets of the vault and of the environment."""
    settings = Settings.load()
    held = [
        value
        for name, value in settings.environ.items()
        if _SECRET.search(name) and len(value) >= _SHORTEST
    ]
    store = File.open(settings)
    for entry in store.names():
        bundle = store.get(entry) or {}
        held += [value for name, value in bundle.items() if _SECRET.search(name) and value]
    return held


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


def _has_widget_state(text: str) -> bool:
    try:
        notebook = json.loads(text)
    except ValueError:
        return False
    return isinstance(notebook, dict) and bool(notebook.get("metadata", {}).get("widgets"))


def _as_people_count(match: re.Match[str]) -> str:
    return f"cell {int(match[1]) + 1}"
