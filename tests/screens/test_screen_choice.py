"""Which screen is chosen, and how terminal and silence behave, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.oauth.authorization import CLIENT_ID, CLIENT_SECRET, serving

from cellwire.credentials import Field
from cellwire.errors import NotConnected
from cellwire.kinds import Kinds
from cellwire.oauth.state import Machine, Snapshot
from cellwire.screens import Form, Screen, View
from cellwire.screens.silent import Silent

FORM = Form("board", (Field("token"), Field("note", required=False)), {"token": "BOARD_TOKEN"})
posix = pytest.mark.skipif(os.name != "posix", reason="a terminal of its own needs POSIX")

CHOICE = "from cellwire.screens import choose; print(type(choose()).__name__)"
CONNECT = """
import sys
from tests.oauth.authorization import AuthorizationServer
from tests.oauth.conftest import World
from cellwire.screens import choose
world = World(AuthorizationServer(url=sys.argv[1]))
world.environ = {}
world.screen = choose(world.background)
print(world.connection().connect().state)
"""


def test_without_a_terminal_it_is_silent() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHOICE], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout == "Silent\n"


def test_silence_names_the_variables_and_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Silent()
    with pytest.raises(NotConnected, match=r"Set BOARD_TOKEN in the environment"):
        screen.ask(FORM, lambda _: None)
    screen.show(View("text", "<p>text</p>"))
    screen.connection(Machine(Snapshot("board")))
    assert capsys.readouterr().out == ""
    screen.mention(Machine(Snapshot("board", "work", state="expired")))
    assert capsys.readouterr().out == "board: sign in again (work)\n"


@posix
def test_at_a_terminal_it_is_the_terminals() -> None:
    import pexpect

    child = pexpect.spawn(sys.executable, ["-c", CHOICE], timeout=20)
    child.expect("Terminal")
    child.close()


@posix
def test_at_a_terminal_prompts_are_hidden_the_link_is_written_and_waited_for() -> None:
    import httpx
    import pexpect

    with serving() as server:
        child = pexpect.spawn(sys.executable, ["-c", CONNECT, server.url], timeout=30)
        child.expect("client_id: ")
        child.sendline(CLIENT_ID)
        child.expect("client_secret .hidden.: ")
        child.sendline(CLIENT_SECRET)
        child.expect(r"(http://127\.0\.0\.1:\d+/start/\S+)")
        link = child.match.group(1).decode()
        shown = child.before.decode()
        with httpx.Client(follow_redirects=True, trust_env=False, timeout=20) as browser:
            assert "Connected to board" in browser.get(link).text
        child.expect("board: connected")
        child.expect("connected")
        child.expect(pexpect.EOF)
        child.close()
    assert CLIENT_SECRET not in shown


def test_every_kind_keeps_the_contract() -> None:
    kinds = Kinds("cellwire.screens", Screen)
    for name in ("jupyter", "silent", "terminal"):
        assert kinds.load(name).name == name
