"""The demo: record a real service, stop it, and prove the recording offline."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from services import reviewboard
from services.environments import locked
from services.processes import ServiceError, start
from services.reviewboard import Board, CannotInstallError

from devtools import environment, playground
from devtools.board import BOARD_PORT, CREDENTIALS, Ports, choose_ports, notebook_variables
from devtools.environment import Environment
from devtools.playground import Counts
from devtools.recording import Recorded, record
from devtools.report import Report, say, show, style, table

STEPS = 6
FELL_BACK = 3
OFFLINE_TIMEOUT = 420.0


@dataclass
class Demo:
    """One run of the demo."""

    root: Path
    report: Report
    place: Environment

    @property
    def run_folder(self) -> Path:
        """Where it records and plays."""
        return self.root / ".demo" / "run"

    def live(self, *, keep: bool) -> int:
        """Record from the real service, stop it, play."""
        with ExitStack() as stack:
            ports = choose_ports()
            board = self._start(stack, ports)
            recorded = self._record(board, ports, previous=keep)
            with self.report.step("stop", "Stop Review Board"):
                stack.close()
                _prove_down(board)
        counts = self._play()
        if keep:
            kept = playground.keep(self.root, self.run_folder)
            show("kept: " + ", ".join(map(str, kept)))
        self._close("live", recorded, counts)
        return 0

    def recorded(self, why: str) -> int:
        """Play the recordings that ship with the repository, and say why."""
        playground.lay_out(self.root, self.run_folder, recordings=True)
        self.report.steps = len(self.report.seconds) + 1
        counts = self._play()
        self._close(f"recorded: {why}", None, counts)
        return 0

    def _start(self, stack: ExitStack, ports: Ports) -> Board:
        with self.report.step("start", "Start Review Board"):
            board = stack.enter_context(
                reviewboard.running(
                    self.root,
                    redirect_uri=ports.redirect_uri,
                    hook_url=ports.hook_url,
                    port=BOARD_PORT,
                )
            )
            say(f"{board.url}, process {board.pid}, with a person called {board.username}")
        return board

    def _record(self, board: Board, ports: Ports, *, previous: bool) -> Recorded:
        """Record into an empty folder; or over the old recordings, so that little changes."""
        with self.report.step("record", f"Record {playground.NOTEBOOK}"):
            playground.lay_out(self.root, self.run_folder, recordings=previous)
            data = self.run_folder / "vault"
            variables = notebook_variables(board, ports, data)
            return record(self.place, self.run_folder, board, variables)

    def _play(self) -> Counts:
        with self.report.step("play", "Play it offline: pytest, and every cell of the notebook"):
            return play(self.place, self.run_folder)

    def _close(self, first: str, recorded: Recorded | None, counts: Counts) -> None:
        if recorded:
            cassettes, interactions = recorded.cassettes, recorded.interactions
            removed = recorded.removed_text
        else:
            cassettes, interactions = playground.count_interactions(self.run_folder)
            removed = "when this was recorded; nothing new was written"
        seconds = self.report.seconds.items()
        spent = ", ".join(f"{label} {it:.1f}" for label, it in seconds)
        rows = [
            ("traffic", first),
            ("cassettes", str(cassettes)),
            ("interactions", str(interactions)),
            ("secrets removed", removed),
            ("tests passed", str(counts)),
            ("seconds", f"{self.report.total:.1f}: {spent}"),
            ("open the notebook", "make lab    (or: python3 dev.py lab)"),
        ]
        table(rows)


def run(root: Path, *, keep: bool = False) -> int:
    """Run the demo; its exit status."""
    report = Report(STEPS)
    (root / ".demo").mkdir(exist_ok=True)
    with locked(root / ".demo"):
        with report.step(".venv", "Set up .venv"):
            place = environment.ensure(root, say)
        demo = Demo(root, report, place)
        why = _prepare(demo)
        if why is None:
            return demo.live(keep=keep)
        if os.environ.get("CI") or os.environ.get("CELLWIRE_DEMO") == "live":
            show(style(f"FAILED: {why}", "1;31"))
            show("      CI or CELLWIRE_DEMO=live is set, so recordings do not stand in for it")
            return FELL_BACK
        return demo.recorded(why)


def _prepare(demo: Demo) -> str | None:
    """Why Review Board cannot be had here, or None."""
    with demo.report.step("install", "Set up Review Board"):
        try:
            reviewboard.prepare(demo.root, say)
        except CannotInstallError as error:
            say(str(error))
            say(f"log: {error.log}")
            return str(error)
    return None


def _prove_down(board: Board) -> None:
    if board.is_up:
        raise ServiceError(f"something still answers at {board.url}", log=board.log)
    say(f"connections to {board.url} are refused")


def play(place: Environment, folder: Path) -> Counts:
    """Run the folder's tests and notebook with nothing but its cassettes; how they ended."""
    junit, log = folder / "offline.xml", folder / "offline.log"
    words = ["-m", "pytest", "--nbval", "-q", f"--junitxml={junit}", "tests", "notebooks"]
    env = place.variables({"CELLWIRE_RECORD_MODE": "none"})
    for name in (*CREDENTIALS, "REVIEWBOARD_URL", "CELLWIRE_DATA_DIR"):
        env.pop(name, None)
    child = start([place.python, *words], log=log, env=env, cwd=folder)
    try:
        status = child.wait(OFFLINE_TIMEOUT)
    finally:
        child.stop()
    if status:
        raise ServiceError(f"the offline tests ended with status {status}", log=log)
    counts = playground.read_counts(junit)
    say(f"{counts.passed} passed; log: {log}")
    return counts
