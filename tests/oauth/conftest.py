"""A connection on real loopback: authorization server, browser, vault, screen."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.oauth.authorization import CLIENT_ID, CLIENT_SECRET, AuthorizationServer, serving

from cellwire import _http
from cellwire.auth.oauth2 import OAuth2
from cellwire.background import Background
from cellwire.known import Known
from cellwire.oauth.connection import Connection, Ports
from cellwire.screens import Form, Screen, Submit, Watched
from cellwire.stores.memory import Memory
from cellwire.vault import Vault

FILLED = {"BOARD_CLIENT_ID": CLIENT_ID, "BOARD_CLIENT_SECRET": CLIENT_SECRET}


class Desk(Screen):
    """A screen on which somebody could click; keeps what it was given."""

    name = "desk"

    def __init__(self, background: Background) -> None:
        super().__init__(background)
        self.forms: list[tuple[Form, Submit]] = []
        self.shown: list[Watched] = []

    def ask(self, form: Form, submit: Submit) -> str:
        self.forms.append((form, submit))
        return "http://127.0.0.1/form"

    def show(self, view: Any) -> None:
        raise AssertionError

    def connection(self, watched: Watched) -> None:
        self.shown.append(watched)


class Ticking:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2030, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class World:
    """Everything a connection needs, and the person's browser."""

    def __init__(self, server: AuthorizationServer) -> None:
        self.server = server
        self.store: Any = Memory()
        self.known = Known()
        self.clock = Ticking()
        self.background = Background()
        self.screen: Any = Desk(self.background)
        self.environ = dict(FILLED)
        self.redirect_port: int | None = None
        self.http = _http.client(_http.live_transport(), timeout=10)
        self.browser = httpx.Client(follow_redirects=True, trust_env=False, timeout=20)

    def auth(self, **more: Any) -> OAuth2:
        url = self.server.url
        options = {
            "authorization_endpoint": url + "/authorize",
            "token_endpoint": url + "/token",
            "revocation_endpoint": url + "/revoke",
            "scopes": ["read", "write"],
        }
        return OAuth2(**{**options, **more})

    def ports(self) -> Ports:
        vault = Vault(self.store, self.known, self.environ, "a-project")
        return Ports(
            vault=vault,
            known=self.known,
            clock=self.clock,
            background=self.background,
            http=lambda: self.http,
            screen=self.screen,
            redirect_port=self.redirect_port,
            project="a-project",
        )

    def connection(self, auth: Any = None, fields: Any = None, **more: Any) -> Connection:
        auth = auth or self.auth()
        return Connection(
            "board",
            auth=auth,
            fields=auth.fields if fields is None else fields,
            resolve=lambda template, secrets: template.format_map(secrets),
            ports=self.ports(),
            **more,
        )

    def connected(self, **more: Any) -> Connection:
        made = self.connection(**more).connect()
        self.browser.get(made.link or "")
        return made.wait(20)

    def close(self) -> None:
        self.http.close()
        self.browser.close()
        self.background.stop()


@pytest.fixture
def world() -> Iterator[World]:
    with serving() as server:
        made = World(server)
        yield made
        made.close()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
