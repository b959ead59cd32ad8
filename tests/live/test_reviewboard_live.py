"""The product against a real Review Board: sign-in, renewal, recordings, deliveries, a killed kernel."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from cellwire.errors import ConnectError
from cellwire.settings import Settings
from cellwire.webhooks.signatures import TEST_KEY
from cellwire.workspace import Workspace
from services.processes import LOOPBACK, free_port
from tests.live.desk import Clickable, Desk, Diary, declare, sessions_of, traces

pytestmark = pytest.mark.live

OpenDesk = Callable[..., Desk]
AT_THE_TOKEN_ENDPOINT = re.compile(r"POST http\S+/oauth2/token/")
WHO = "/session/"


@pytest.fixture
def open_desk(tmp_path: Path, board, variables) -> Iterator[OpenDesk]:
    """Desks in one temporary project; each replaces the former, as a new process would."""
    folder, store, stack = tmp_path / "project", Diary(), ExitStack()
    folder.mkdir()

    def open_one(*, keep_in: Any = None, **environ: str | None) -> Desk:
        stack.close()
        given = {**variables, "CELLWIRE_DATA_DIR": str(tmp_path / "data"), **environ}
        (folder / "pyproject.toml").write_text('[project]\nname = "at-the-desk"\n')
        settings = Settings.load({k: v for k, v in given.items() if v is not None}, folder)
        kept = keep_in or store
        workspace = Workspace(settings, store=kept, screen=Clickable())
        stack.enter_context(Workspace.use(workspace))
        return declare(workspace, folder, board, kept)

    with stack:
        yield open_one


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """A desk at which nobody has signed in."""
    return open_desk()


def secrets_of(desk: Desk) -> dict[str, str]:
    """Everything that must stand nowhere, by name."""
    board, token = desk.board, desk.token
    found = {
        "access token": token.access_token,
        "refresh token": token.refresh_token or "",
        "client secret": board.client_secret,
        "signing secret": board.signing_secret,
        "password": board.password,
    }
    return found | {f"session cookie {n}": it for n, it in enumerate(sessions_of(board))}


# Sign-in


def test_a_person_connects_and_calls_are_proven_as_them(desk):
    connection = desk.connect()
    assert (connection.state, connection.account) == ("connected", desk.board.username)
    assert "review_request:write" in connection.scopes
    who = desk.reviewboard.client().get(WHO)["session"]
    assert who["authenticated"] is True
    assert who["links"]["user"]["title"] == desk.board.username


def test_neither_a_repr_nor_a_log_holds_a_secret(desk, caplog):
    names = ("", "httpx", "httpcore", "cellwire", "uvicorn")
    for name in names:
        caplog.set_level(logging.DEBUG, logger=name)
    connection = desk.connect()
    client = desk.reviewboard.client()
    answer = client.get(WHO)
    shown = (desk.token, connection, client, answer, desk.workspace, desk.reviewboard)
    credentials = desk.reviewboard.credentials()
    text = "\n".join([repr(it) for it in (*shown, credentials, vars(connection), vars(client))])
    said = "\n".join(f"{r.getMessage()} {r.args!r} {r.exc_text}" for r in caplog.records)
    assert "httpcore" in {r.name.partition(".")[0] for r in caplog.records}
    for name, secret in secrets_of(desk).items():
        assert secret not in text, f"a repr holds the {name}"
        assert secret not in said, f"a log holds the {name}"


def test_a_denied_consent_is_an_error_that_says_what_to_do_and_stores_nothing(desk):
    page = desk.answer(approve=False)
    connection = desk.reviewboard.connect()
    with pytest.raises(ConnectError) as caught:
        connection.wait(30)
    assert caught.value.code == "access_denied"
    assert "approve" in caught.value.next_step
    assert connection.state == "error"
    assert desk.tokens.load() is None
    assert desk.store.names() == []
    assert "consent was denied" in page.text


def test_a_wrong_client_secret_is_named(open_desk):
    wrong = "fake-client-secret-that-is-wrong"
    desk = open_desk(REVIEWBOARD_CLIENT_SECRET=wrong)
    page = desk.answer()
    with pytest.raises(ConnectError) as caught:
        desk.reviewboard.session_connection().wait(30)
    assert caught.value.code == "invalid_client"
    assert "wrong client secret" in str(caught.value)
    assert "wrong client secret" in page.text
    assert wrong not in str(caught.value) + page.html
    assert desk.tokens.load() is None
