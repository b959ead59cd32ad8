"""The credential form, over real sockets: who may fill it in, and what it shows."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping

import httpx
import pytest

from cellwire.background import Background
from cellwire.credentials import Field
from cellwire.errors import ConnectError
from cellwire.oauth.callback import LIFETIME
from cellwire.screens import Form
from cellwire.screens.jupyter.form import FormDoor

FIELDS = (
    Field("host", secret=False, help="<b>Where</b>"),
    Field("token", help="The token"),
    Field("note", secret=False, required=False, default="a default"),
)


class Setting:
    def __init__(self, **more: object) -> None:
        self.taken: list[dict[str, str]] = []
        self.seconds = 0.0
        self.onward: str | None = None
        self.problem = ""
        self.form = Form("board", FIELDS, **more)
        self.door = FormDoor(self.form, self.submit, Background(), lambda: self.seconds)
        self.browser = httpx.Client(trust_env=False)

    def submit(self, values: Mapping[str, str]) -> str | None:
        if self.problem:
            raise ConnectError(self.problem, next_step="Give another.")
        self.taken.append(dict(values))
        return self.onward

    def open(self) -> str:
        return self.browser.get(self.door.link).text

    def post(self, page: str, **values: str) -> httpx.Response:
        token = re.search(r'name="_token" value="([^"]+)"', page).group(1)
        headers = {"Origin": self.door.link.partition("/form")[0]}
        return self.browser.post(self.door.link, data={"_token": token, **values}, headers=headers)


@pytest.fixture
def setting():
    made = Setting()
    yield made
    made.door._done.set()
    made.browser.close()


def test_the_form_is_drawn_from_the_fields(setting):
    page = setting.open()
    assert re.search(r'<input id="host" name="host" type="text" value="" required', page)
    assert re.search(r'<input id="token" name="token" type="password" value="" required', page)
    assert re.search(r'<input id="note" name="note" type="text" value="a default" auto', page)
    assert '<label for="token">token</label>' in page
    assert "<b>Where</b>" not in page


def test_what_is_filled_in_is_taken_once_and_the_port_freed(setting):
    answer = setting.post(setting.open(), host="h.test", token=" not-real ")
    assert "Connected to board. You can close this tab" in answer.text
    assert setting.taken == [{"host": "h.test", "token": "not-real", "note": ""}]
    assert "not-real" not in answer.text
    until = time.monotonic() + 5
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", httpx.URL(setting.door.link).port)):
                return
        time.sleep(0.01)
    raise AssertionError("still listening")


def test_a_refusal_is_shown_above_the_form_without_the_secret(setting):
    setting.problem = "the service refused <it>"
    answer = setting.post(setting.open(), host="h.test", token="not-real")
    assert answer.status_code == 422
    assert "the service refused &lt;it&gt;" in answer.text
    assert 'value="h.test"' in answer.text
    assert "not-real" not in answer.text
    setting.problem = ""
    setting.post(answer.text, host="h.test", token="not-real-2")
    assert setting.taken[0]["token"] == "not-real-2"


def test_it_leads_on_to_the_sign_in(setting):
    setting.onward = "http://127.0.0.1:1/start/x?a&b"
    text = setting.post(setting.open(), host="h.test", token="not-real").text
    assert 'content="0; url=http://127.0.0.1:1/start/x?a&amp;b"' in text


def test_a_kept_secret_is_not_shown_and_may_stay():
    setting = Setting(kept=frozenset({"token"}), values={"host": "h.test"}, place="a vault")
    page = setting.open()
    assert 'type="password" value="" auto' in page
    assert "Left empty, it stays" in page
    assert 'value="h.test" required' in page
    assert "Kept in a vault." in page
    setting.door._done.set()
    setting.browser.close()


def test_another_browser_another_site_or_a_guess_is_refused(setting):
    page = setting.open()
    token = re.search(r'name="_token" value="([^"]+)"', page).group(1)
    link, data = setting.door.link, {"_token": token, "host": "h", "token": "x"}
    assert httpx.post(link, data=data, trust_env=False).status_code == 403
    assert setting.browser.post(link, data={**data, "_token": "guess"}).status_code == 403
    evil = {"Origin": "https://evil.test"}
    assert setting.browser.post(link, data=data, headers=evil).status_code == 403
    assert setting.browser.get(link + "x").status_code == 404
    assert setting.browser.get(link, headers={"Host": "evil.test"}).status_code == 421
    assert setting.taken == []


def test_it_expires(setting):
    setting.seconds = LIFETIME
    assert setting.browser.get(setting.door.link).status_code == 410
