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
    for name in ("", "httpx", "httpcore", "cellwire", "uvicorn"):
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
    connection = desk.reviewboard.connect()
    page = desk.follow(connection, approve=False)
    with pytest.raises(ConnectError) as caught:
        connection.wait(30)
    assert caught.value.code == "access_denied"
    assert "approve" in caught.value.next_step
    assert connection.state == "error"
    assert desk.store.names() == []
    assert "consent was denied" in page.text


def test_after_a_denied_consent_the_same_link_still_connects(desk):
    connection = desk.reviewboard.connect()
    desk.follow(connection, approve=False)
    assert desk.follow(connection).status == 200
    assert connection.wait(30).account == desk.board.username


def test_a_wrong_client_secret_is_named(open_desk):
    wrong = "fake-client-secret-that-is-wrong"
    desk = open_desk(REVIEWBOARD_CLIENT_SECRET=wrong)
    connection = desk.reviewboard.connect()
    page = desk.follow(connection)
    with pytest.raises(ConnectError) as caught:
        connection.wait(30)
    assert caught.value.code == "invalid_client"
    assert "wrong client secret" in str(caught.value)
    assert "wrong client secret" in page.text
    assert wrong not in str(caught.value) + page.html
    assert desk.tokens.load() is None


def test_a_service_that_is_down_before_the_sign_in_is_named(open_desk):
    port = free_port()
    desk = open_desk(REVIEWBOARD_URL=f"http://{LOOPBACK}:{port}")
    connection = desk.reviewboard.connect()
    with pytest.raises(OSError, match="refused"):
        desk.follow(connection)
    with pytest.raises(ConnectError) as caught:
        connection.wait(3)
    print(repr(caught.value), str(caught.value), connection.state, connection.detail)
    assert 0


def test_a_service_that_goes_down_during_the_sign_in_is_named(desk):
    port = free_port()
    auth = desk.reviewboard.definition.auth
    assert 0


# Renewal


def expire(desk: Desk) -> None:
    """Let the stored token have ended a minute ago."""
    desk.tokens.save(replace(desk.token, expires_at=datetime.now(UTC) - timedelta(minutes=1)))


def posts(caplog) -> int:
    """How often the token endpoint was asked."""
    return sum(bool(AT_THE_TOKEN_ENDPOINT.search(r.getMessage())) for r in caplog.records)


def test_ten_threads_with_an_ended_token_renew_it_once(desk, open_desk, caplog):
    desk.connect()
    expire(desk)
    before = desk.token
    desk = open_desk()
    caplog.set_level(logging.INFO, logger="httpx")
    caplog.clear()
    client, together = desk.reviewboard.client(), threading.Barrier(10)

    def call(_: int) -> bool:
        together.wait(30)
        return bool(client.get(WHO)["session"]["authenticated"])

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(call, range(10))) == [True] * 10
    assert posts(caplog) == 1
    assert desk.store.refresh_tokens == [before.refresh_token, desk.token.refresh_token]
    assert desk.token.access_token != before.access_token
    assert not desk.token.due(datetime.now(UTC))


def renewed_elsewhere(desk: Desk) -> tuple[str, str]:
    """Refresh the stored token as another program would: the service refuses the old one now."""
    board, token = desk.board, desk.token
    form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token}
    answer = httpx.post(
        f"{board.url}/oauth2/token/", data=form, auth=(board.client_id, board.client_secret)
    )
    answer.raise_for_status()
    return answer.json()["access_token"], answer.json()["refresh_token"]


def test_a_rejected_token_is_renewed_once_and_the_call_succeeds(desk, caplog):
    desk.connect()
    client = desk.reviewboard.client()
    _, refresh = renewed_elsewhere(desk)
    rejected = replace(desk.token, refresh_token=refresh)
    desk.tokens.save(rejected)
    caplog.set_level(logging.INFO, logger="httpx")
    caplog.clear()
    assert client.get(WHO)["session"]["authenticated"] is True
    assert posts(caplog) == 1
    assert desk.token.refresh_token not in (None, refresh)
    said = [r.getMessage() for r in caplog.records if "/api/session/" in r.getMessage()]
    assert [re.search(r"HTTP/1.1 (\d+)", line)[1] for line in said] == ["401", "200"]


def test_a_token_that_another_process_renewed_is_taken_over_without_asking(desk, caplog):
    desk.connect()
    client = desk.reviewboard.client()
    access, refresh = renewed_elsewhere(desk)
    desk.tokens.save(replace(desk.token, access_token=access, refresh_token=refresh))
    caplog.set_level(logging.INFO, logger="httpx")
    caplog.clear()
    assert client.get(WHO)["session"]["authenticated"] is True
    assert posts(caplog) == 0


def test_a_used_up_refresh_token_says_sign_in_again(desk):
    desk.connect()
    client = desk.reviewboard.client()
    renewed_elsewhere(desk)
    with pytest.raises(ConnectError) as caught:
        client.get(WHO)
    assert "sign in again" in str(caught.value).lower()
    assert desk.reviewboard.connect().link is not None


# Recordings


def test_a_block_recorded_twice_differs_in_its_first_line_only(desk, open_desk):
    def record(at: Desk) -> str:
        api = at.reviewboard.client()
        with at.reviewboard.cassette("reading", record_mode="rewrite"):
            api.get(WHO)
            list(
                api.paginate(
                    "/review-requests/",
                    params={"max-results": 2, "only-fields": "id", "status": "all"},
                    at="review_requests",
                )
            )
        return at.cassette("reading").read_text("utf-8")

    desk.connect()
    first = record(desk)
    desk.cassette("reading").rename(desk.folder / "first.yaml")
    (desk.folder / "first.yaml").rename(desk.cassette("reading"))
    second = record(open_desk())
    assert first.partition("\n")[2] == second.partition("\n")[2]
    assert first.startswith("# cellwire 1; recorded ")
    assert traces(desk.folder, secrets_of(desk)) == []
