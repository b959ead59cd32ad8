"""A connection in a real kernel: live while it changes, one static line in what is saved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.util import run_sync
from tests.oauth.authorization import CLIENT_SECRET, AuthorizationServer, serving

ROOT = Path(__file__).parents[2]
SETUP = """
import sys
sys.path[:0] = [{root!r}, {sdk!r}]
from tests.oauth.authorization import AuthorizationServer
from tests.oauth.conftest import World
from cellwire.screens import choose
world = World(AuthorizationServer(url={url!r}))
world.screen = choose(world.background)
world.environ = {environ!r}
connection = world.connection()
"""
LINE = {"text/plain": "board: connected"}


class Notebook:
    """Cells run one after the other, so that the kernel is idle in between."""

    def __init__(self, server: AuthorizationServer, environ: dict[str, str] | None) -> None:
        self.book = nbformat.v4.new_notebook()
        self.client = NotebookClient(self.book, timeout=60, store_widget_state=True)
        filled = {"BOARD_CLIENT_ID": "an id:with colon", "BOARD_CLIENT_SECRET": CLIENT_SECRET}
        self.setup = SETUP.format(
            root=str(ROOT),
            sdk=str(ROOT / "sdk"),
            url=server.url,
            environ=filled if environ is None else environ,
        )

    def run(self, source: str) -> Any:
        self.book.cells.append(nbformat.v4.new_code_cell(source))
        index = len(self.book.cells) - 1
        return self.client.execute_cell(self.book.cells[index], index)

    def widgets(self) -> list[str]:
        return [s["value"] for s in self.client.widget_state.values() if "value" in s]

    def live(self, words: str) -> str:
        """Wait for a live update that holds these words, as JupyterLab receives it."""
        while True:
            message = run_sync(self.client.kc.get_iopub_msg)(timeout=20)
            state = message["content"].get("data", {}).get("state", {})
            if message["msg_type"] == "comm_msg" and words in state.get("value", ""):
                return state["value"]

    def link(self) -> str:
        return re.search(r'href="([^"]+)"', self.widgets()[-1]).group(1)

    def saved(self) -> str:
        self.client.set_widgets_metadata()
        return json.dumps(self.book)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    with serving() as made:
        yield made


@pytest.fixture
def notebook(server: AuthorizationServer, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    made = Notebook(server, getattr(request, "param", None))
    with made.client.setup_kernel():
        made.run(made.setup)
        yield made


def browse(link: str) -> httpx.Response:
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=20) as browser:
        return browser.get(link)


def plain(cell: Any) -> list[Any]:
    return [output.data["text/plain"] for output in cell.outputs]


def test_a_plain_link_connects_while_the_kernel_is_idle(notebook: Notebook) -> None:
    cell = notebook.run("connection.connect()")
    assert plain(cell) == ["board: not connected"]
    assert "widget-view" in str(cell.outputs[0].data)
    (html,) = notebook.widgets()
    assert 'target="_blank" rel="noopener' in html
    assert 'aria-live="polite"' in html
    assert browse(notebook.link()).status_code == 200
    notebook.run("connection.wait(20);")
    assert plain(cell) == ["board: connected"]
    assert set(cell.outputs[0].data) == {"text/plain", "text/html"}


def test_it_connects_while_a_cell_runs(notebook: Notebook) -> None:
    cell = notebook.run("connection.connect()")
    busy = "import httpx, threading\n"
    busy += "link = connection.link\n"
    busy += "go = lambda: httpx.Client(follow_redirects=True, trust_env=False).get(link)\n"
    busy += "threading.Thread(target=go).start()\n"
    busy += "print(len(connection.credential()['access_token']) > 10)"
    assert notebook.run(busy).outputs[0].text.strip() == "True"
    notebook.run("pass")
    assert plain(cell) == ["board: connected"]


def test_it_is_shown_once_in_its_cell_and_as_a_line_in_a_later_one(notebook: Notebook) -> None:
    notebook.run("connection.connect();")
    browse(notebook.link())
    notebook.run("connection.wait(20);")
    assert plain(notebook.run("connection.connect()")) == ["board: connected"]
    assert plain(notebook.run("connection")) == ["board: connected"]
    assert plain(notebook.run("connection.connect();")) == ["board: connected"]


def test_a_stand_in_shows_the_same(notebook: Notebook) -> None:
    source = "from cellwire.oauth.connection import StandIn\n"
    source += "StandIn('board', 'default', {}, world.screen).connect()"
    cell = notebook.run(source)
    assert plain(cell) == ["board: connected"]
    assert set(cell.outputs[0].data) == {"text/plain", "text/html"}


def test_nothing_of_the_sign_in_stays_in_the_notebook(
    notebook: Notebook, server: AuthorizationServer
) -> None:
    notebook.run("connection.connect()")
    waiting = notebook.saved()
    browse(notebook.link())
    notebook.run("connection.wait(20);")
    notebook.run("connection.connect()")
    saved = notebook.saved()
    hidden = [*server.access, *server.refreshes]
    assert len(hidden) == 2
    for text in (waiting, saved):
        assert not [word for word in (*hidden, "state=", "code=", "challenge") if word in text]
    assert "/start/" not in saved
    assert "/start/" not in str(notebook.client.widget_state)


def test_a_denial_is_explained_beside_a_link_to_try_again(
    notebook: Notebook, server: AuthorizationServer
) -> None:
    server.deny = True
    cell = notebook.run("connection.connect()")
    browse(notebook.link())
    html = notebook.live("board: error (access_denied)")
    assert "consent was denied" in html
    assert ">Retry</a>" in html
    assert "<b>No</b>" not in html
    server.deny = False
    browse(notebook.link())
    notebook.run("connection.observe(print); import time\nwhile connection.state != 'connected': "
                 "time.sleep(0.02)")  # fmt: skip
    assert plain(cell) == ["board: connected"]


@pytest.mark.parametrize("notebook", [{"BOARD_CLIENT_ID": "an id:with colon"}], indirect=True)
def test_a_missing_secret_goes_from_the_browser_to_the_kernel_alone(
    notebook: Notebook, server: AuthorizationServer
) -> None:
    cell = notebook.run("connection.connect()")
    link = notebook.link()
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=20) as browser:
        form = browser.get(link)
        token = re.search(r'name="_token" value="([^"]+)"', form.text).group(1)
        answer = browser.post(link, data={"_token": token, "client_secret": CLIENT_SECRET})
        onward = re.search(r'<a href="([^"]+)"', answer.text).group(1)
        assert "Connected to board" in browser.get(onward).text
    notebook.run("connection.wait(20);")
    assert plain(cell) == ["board: connected"]
    state = str(notebook.client.widget_state)
    for secret in (CLIENT_SECRET, *server.access):
        assert secret not in notebook.saved() + state


def test_an_error_of_ours_is_shown_without_its_frames(notebook: Notebook) -> None:
    notebook.book.cells.append(nbformat.v4.new_code_cell("connection.credential()"))
    index = len(notebook.book.cells) - 1
    cell = notebook.book.cells[index]
    notebook.client.allow_errors = True
    notebook.client.execute_cell(cell, index)
    assert cell.outputs[0].traceback[0].startswith("NotConnected: board is not connected")
