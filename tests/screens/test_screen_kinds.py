"""Screens: the silent one, the terminal, and how a notebook draws a connection."""

import builtins
import sys

import pytest

from cellwire.credentials import Field
from cellwire.errors import NotConnected
from cellwire.oauth.state import Machine, Snapshot
from cellwire.screens import Form, Screen, View, choose
from cellwire.screens.jupyter.connect import html_of, static
from cellwire.screens.silent import Silent
from cellwire.screens.terminal import Terminal

LINK = "http://127.0.0.1:8765/start/nonce"
FIELDS = (Field("user", secret=False), Field("token"))
VARIABLES = {"user": "ACME_USER", "token": "ACME_TOKEN"}
STATES = ["disconnected", "waiting", "connected", "expired", "error"]


def _snapshot(state, **more):
    return Snapshot("acme", state=state, **more)


def test_without_a_person_the_variables_are_named():
    with pytest.raises(NotConnected) as caught:
        Silent().ask(Form("acme", FIELDS, VARIABLES), lambda _: None)
    assert "ACME_USER" in str(caught.value)
    assert "ACME_TOKEN" in str(caught.value)


def test_a_script_without_terminal_or_kernel_gets_the_silent_screen(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert isinstance(choose(), Silent)


def test_a_terminal_asks_secrets_hidden(monkeypatch, capsys):
    monkeypatch.setattr(builtins, "input", lambda prompt: "ada")
    monkeypatch.setattr("cellwire.screens.terminal.getpass", lambda prompt: "fake-token-value")
    taken = []
    Terminal().ask(Form("acme", FIELDS, VARIABLES), lambda answers: taken.append(dict(answers)))
    assert taken == [{"user": "ada", "token": "fake-token-value"}]
    assert "fake-token-value" not in capsys.readouterr().out


def test_a_terminal_says_how_a_connection_stands(capsys):
    Terminal().connection(Machine(_snapshot("connected", account="ada")))
    assert capsys.readouterr().out.strip() == "acme: connected as ada"


@pytest.mark.parametrize("screen", [Silent(), Terminal()])
def test_a_view_is_one_line_and_no_markup(screen: Screen, capsys):
    screen.show(View("plain", "<b>markup</b>"))
    assert "<b>" not in capsys.readouterr().out


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_escaped_and_readable_by_a_screen_reader(state):
    evil = '<script>"'
    html = html_of(
        _snapshot(state, account=evil, detail=evil, next_step=evil, link=LINK, link_text=evil)
    )
    assert "<script>" not in html
    assert 'role="status" aria-live="polite"' in html


@pytest.mark.parametrize("state", STATES)
def test_what_is_saved_holds_no_link_and_no_account_in_its_text(state):
    bundle = static(_snapshot(state, account="ada", link=LINK))
    assert LINK not in str(bundle)
    assert "ada" not in bundle["text/plain"]


def test_the_link_is_a_plain_one_that_opens_a_tab():
    html = html_of(_snapshot("waiting", link=LINK, link_text="Connect"))
    assert f'<a href="{LINK}" target="_blank" rel="noopener noreferrer"' in html
    assert "<button" not in html


@pytest.mark.parametrize(
    ("snapshot", "text"),
    [
        (_snapshot("disconnected"), "acme: not connected"),
        (_snapshot("waiting"), "acme: not connected"),
        (_snapshot("waiting", clicked=True), "acme: waiting"),
        (_snapshot("connected", account="ada"), "acme: connected"),
        (_snapshot("expired"), "acme: sign in again"),
        (_snapshot("error", code="access_denied"), "acme: error (access_denied)"),
        (Snapshot("acme", "work", state="connected"), "acme: connected (work)"),
    ],
)
def test_the_stable_line_of_each_state(snapshot, text):
    assert snapshot.text == text
