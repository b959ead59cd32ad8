"""Outputs of a cell: which of them can be compared, and what a failed one says."""

from __future__ import annotations

import re

from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

WIDGET = "application/vnd.jupyter.widget-view+json"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str) -> str:
    """Take the colours out of a terminal's text."""
    return _COLOURS.sub("", text)


def failure(cell: NotebookNode, error: CellExecutionError) -> str:
    """Say what failed: the published traceback, or, where nothing was published, the message."""
    for output in cell.outputs:
        if output.output_type == "error":
            return plain("\n".join(output.traceback))
    printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
    if error.ename == "UsageError":
        return f"this magic is not known, so the cell did not run\n{printed}".strip()
    return f"{error.ename}: {error.evalue}"


def comparable(
    new: list[NotebookNode], changeable: set[int], saved: list[NotebookNode]
) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """Leave out widgets, and displays that other cells may redraw: their state is not one cell's."""
    shown = [i for i, output in enumerate(new) if output.output_type != "stream"]
    loose = {n for n, i in enumerate(shown) if i in changeable}
    return _without(new, loose), _without(saved, loose)


def _without(outputs: list[NotebookNode], loose: set[int]) -> list[NotebookNode]:
    kept, position = [], -1
    for output in outputs:
        if output.output_type != "stream":
            position += 1
            if position in loose or WIDGET in output.get("data", {}):
                continue
        kept.append(output)
    return kept
