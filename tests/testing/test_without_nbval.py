"""The way out of nbval: nbclient, the kernel's start code and a comparison are enough."""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from tests.support.notebooks import code, result, write

from cellwire.testing.kernel import START

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "reviewboard.ipynb"


def texts(notebook):
    """What each code cell says: printed text, and the plain text of what it shows."""
    return [
        [output.get("text") or output.get("data", {}).get("text/plain") for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def replay(path):
    notebook = nbformat.read(path, as_version=4)
    saved = texts(notebook)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(START))
    environ = {
        **os.environ,
        "CELLWIRE_RECORD_MODE": "none",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    environ.pop("PYTEST_CURRENT_TEST", None)
    client = NotebookClient(notebook, timeout=60, store_widget_state=False, coalesce_streams=True)
    client.execute(env=environ, cwd=str(path.parent))
    return saved, texts(notebook)[1:]


def test_the_lesson_replays_without_nbval():
    saved, played = replay(NOTEBOOK)
    assert played == saved


def test_a_changed_answer_would_show(tmp_path):
    saved, played = replay(write(tmp_path / "nb.ipynb", code("1 + 1", result("3"))))
    assert (saved, played) == ([["3"]], [["2"]])
