"""The state machine of a connection."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from cellwire.oauth.state import Machine, Snapshot


@pytest.mark.parametrize(
    ("snapshot", "text"),
    [
        (Snapshot("board"), "board: not connected"),
        (Snapshot("board", state="waiting", link="x"), "board: not connected"),
        (Snapshot("board", state="waiting", clicked=True), "board: waiting"),
        (Snapshot("board", state="connected", account="ada"), "board: connected"),
        (Snapshot("board", "work", state="connected"), "board: connected (work)"),
        (Snapshot("board", state="expired"), "board: sign in again"),
        (Snapshot("board", state="error", code="access_denied"), "board: error (access_denied)"),
        (Snapshot("board", state="error"), "board: error"),
    ],
)
def test_the_line_of_each_state(snapshot: Snapshot, text: str) -> None:
    assert snapshot.text == text


def test_facts_of_a_state_do_not_outlive_it() -> None:
    machine = Machine(Snapshot("board", "work"))
    machine.move("error", code="x", detail="y", link="http://127.0.0.1/z")
    machine.click()
    assert (machine.snapshot.state, machine.snapshot.link) == ("waiting", "http://127.0.0.1/z")
    machine.move("connected", account="ada")
    assert machine.snapshot == Snapshot("board", "work", "connected", "ada")


def test_waiting_ends_with_the_state_or_the_time() -> None:
    machine = Machine(Snapshot("board", state="waiting"))
    assert machine.settled(0.01).state == "waiting"
    mover = threading.Timer(0.05, machine.move, ("connected",))
    mover.start()
    assert machine.settled(10).state == "connected"
    mover.join()


def test_observers_end_with_the_latest_and_can_stop() -> None:
    machine, told = Machine(Snapshot("board")), []
    end = machine.observe(lambda snapshot: told.append(snapshot.state))
    threads = [
        threading.Thread(target=machine.move, args=(state,))
        for state in ("waiting", "error", "expired", "connected") * 5
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told[-1] == machine.snapshot.state
    end()
    end()
    machine.move("waiting")
    assert len(told) == 20


WAITING = """
import threading
from cellwire.oauth.state import Machine, Snapshot
try:
    threading.Timer(0.3, print, ("waiting",), {"flush": True}).start()
    Machine(Snapshot("board", state="waiting")).settled(60)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_ends_the_waiting() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20)[0] == "interrupted\n"
