"""Small notebooks, made where a test needs them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4


def result(text: str, **data: str) -> Any:
    return v4.new_output(
        "execute_result", data={"text/plain": text, **_mimes(data)}, execution_count=1
    )


def shown(text: str, **data: Any) -> Any:
    return v4.new_output("display_data", data={"text/plain": text, **_mimes(data)})


def printed(text: str, name: str = "stdout") -> Any:
    return v4.new_output("stream", name=name, text=text)


def code(source: str, *outputs: Any, tags: Sequence[str] = ()) -> Any:
    """A code cell that has run, with the outputs that were saved."""
    metadata = {"tags": list(tags)} if tags else {}
    return v4.new_code_cell(source, outputs=list(outputs), execution_count=1, metadata=metadata)


def write(path: Path, *cells: Any, language: str = "python") -> Path:
    spec = {"name": "python3", "language": language, "display_name": "Python 3"}
    notebook = v4.new_notebook(cells=list(cells), metadata={"kernelspec": spec})
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def _mimes(data: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "/", 1): value for name, value in data.items()}
