"""What a TARGET of the command line means: which notebooks and tests use it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cellwire.errors import DefinitionError
from cellwire.settings import Settings

_FOLDERS = ("notebooks", "tests")
_SUFFIXES = (".ipynb", ".py")


def code_of(path: Path) -> str:
    """Give a file's Python code; of a notebook, its code cells.

    Raises:
        DefinitionError: It is no notebook.
    """
    text = path.read_text("utf-8", errors="replace")
    if path.suffix != ".ipynb":
        return text
    try:
        cells = json.loads(text)["cells"]
        return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    except (ValueError, KeyError, TypeError) as error:
        raise DefinitionError(
            f"{path} is not a notebook: {error}", next_step="Restore it, or save it again."
        ) from None


def sources(target: str, settings: Settings) -> list[Path]:
    """Find the notebooks and tests that `target` names: notebooks first.

    Args:
        target: A path, an integration (`github`) or a cassette (`github/list_issues`).
        settings: Where the project is.

    Raises:
        DefinitionError: Nothing uses it; says where it was sought.
    """
    path = Path(target)
    if path.exists():
        return [path]
    integration, _, cassette = target.partition("/")
    if path.suffix in _SUFFIXES or not integration.isidentifier():
        raise DefinitionError(f"{target} does not exist", next_step="Give the path of a notebook.")
    found = [p for p in _candidates(settings.project) if _uses(code_of(p), integration, cassette)]
    if not found:
        looked = " and ".join(f"{name}/" for name in _FOLDERS)
        raise DefinitionError(
            f"nothing in {looked} of {settings.project} uses {target}",
            next_step="Give the path of a notebook or test instead.",
        )
    return found


def _candidates(project: Path) -> list[Path]:
    return [
        path
        for folder in _FOLDERS
        for suffix in _SUFFIXES
        for path in sorted((project / folder).rglob(f"*{suffix}"))
        if not any(part.startswith(".") for part in path.relative_to(project).parts)
    ]


def _uses(code: str, integration: str, cassette: str) -> bool:
    named = re.search(rf"\b{integration}\b", code)
    if not cassette:
        declared = re.search(rf"Integration\(\s*[\"']{integration}[\"']", code)
        return bool(declared or (named and ".cassette(" in code))
    block = re.search(rf"\.cassette\(\s*[\"']{re.escape(cassette)}[\"']", code)
    return bool(named and block)
