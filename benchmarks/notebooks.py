"""notebook_ratio: what the plugin costs a notebook that does not use cellwire.

Numerator: `pytest --nbval` with cellwire's plugin. Denominator: the same with `-p no:cellwire`,
which leaves nbval alone. Input: 5 notebooks of 6 trivial cells, made afresh in a temporary folder;
CPU time of pytest and its kernels.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import v4

from benchmarks.measure import cpu, ratio

NOTEBOOKS, CELLS = 5, 6


def figures() -> Iterator[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make(folder)
        command = [sys.executable, "-m", "pytest", "-q", "--nbval", "-p", "no:cacheprovider"]
        command += ["-p", "no:randomly", str(folder)]
        environ = {n: v for n, v in os.environ.items() if not n.startswith("CELLWIRE_")}
        value = ratio(
            lambda: cpu(command, folder, environ),
            lambda: cpu([*command, "-p", "no:cellwire"], folder, environ),
        )
        yield "notebook_ratio", value, "ratio"


def _make(folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\n")
    spec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    for number in range(NOTEBOOKS):
        cells = []
        for n in range(CELLS):
            shown = v4.new_output("execute_result", {"text/plain": str(n)}, execution_count=n + 1)
            cells.append(v4.new_code_cell(f"x = {n}\nx", outputs=[shown], execution_count=n + 1))
        notebook = v4.new_notebook(cells=cells, metadata={"kernelspec": spec})
        nbformat.write(notebook, folder / f"n{number}.ipynb")
