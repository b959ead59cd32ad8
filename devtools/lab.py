"""JupyterLab on the notebook, with Review Board running beside it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from services import reviewboard
from services.processes import LOOPBACK, start
from services.reviewboard import Board

from devtools.board import BOARD_PORT, Ports, choose_ports, notebook_variables
from devtools.environment import Environment
from devtools.playground import NOTEBOOK
from devtools.report import say, show, style


def run(place: Environment) -> int:
    """JupyterLab until Ctrl-C; its exit status."""
    ports = choose_ports()
    with (
        tempfile.TemporaryDirectory(prefix="cellwire-lab-") as data,
        reviewboard.running(
            place.root,
            redirect_uri=ports.redirect_uri,
            hook_url=ports.hook_url,
            port=BOARD_PORT,
            say=say,
        ) as board,
    ):
        _explain(board)
        return _open(place, board, ports, Path(data))


def _open(place: Environment, board: Board, ports: Ports, data: Path) -> int:
    variables = place.variables(notebook_variables(board, ports, data))
    words = [
        "lab",
        f"--ServerApp.ip={LOOPBACK}",
        f"--ServerApp.root_dir={place.root}",
        f"--LabApp.default_url=/lab/tree/{NOTEBOOK.as_posix()}",
        "--ServerApp.log_level=WARN",  # the links are shown all the same
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--allow-root")
    child = start([place.program("jupyter"), *words], env=variables, cwd=place.root)
    try:
        return child.wait()
    finally:
        child.stop(grace=10)


def _explain(board: Board) -> None:
    show("")
    show(style(f"Review Board runs at {board.url}", "1"))
    show(f"  sign in as  {board.username}")
    show(f"  password    {board.password}")
    show("")
    show("Run the notebook's cells in order. At Connect, click the link, sign in with the above,")
    show("and press Authorize. Ctrl-C here ends JupyterLab and Review Board.")
    show("")
