"""A real receiver, served by a real uvicorn on loopback, and a real HTTP client for it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from cellwire.background import Background
from cellwire.clock import System
from cellwire.webhooks.engines import Engine
from cellwire.webhooks.engines.inline import Inline
from cellwire.webhooks.handlers import Handlers
from cellwire.webhooks.receiver import Receiver, Route
from cellwire.webhooks.server import Server
from cellwire.webhooks.signatures.hmac import HMAC

SECRET = "not-a-real-signing-secret"
EVENT = "review_request_published"


def review_board() -> HMAC:
    return HMAC(
        header="X-Hub-Signature",
        digest="sha1",
        prefix="sha1=",
        event_type="{header:X-ReviewBoard-Event}",
        delivery_id="{sha256}",
    )


@dataclass
class Hub:
    """One integration's receiver and what a provider needs to reach it."""

    background: Background
    receiver: Receiver
    handlers: Handlers
    port: int = 0
    keys: list[str] = field(default_factory=lambda: [SECRET])

    def headers(self, body: bytes, event_type: str = EVENT, key: str = SECRET) -> dict[str, str]:
        signature = hmac.new(key.encode(), body, hashlib.sha1).hexdigest()
        return {
            "Content-Type": "application/json",
            "X-ReviewBoard-Event": event_type,
            "X-Hub-Signature": f"sha1={signature}",
        }

    def post(
        self,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        path: str = "/hooks/reviewboard",
        method: str = "POST",
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            sent = self.headers(body) if headers is None else headers
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture
def background() -> Iterator[Background]:
    one = Background()
    yield one
    one.stop()


@pytest.fixture
def make_hub(background: Background) -> Iterator[Callable[..., Hub]]:
    servers: list[Server] = []

    def make(
        engine: Engine | None = None, *, serve: bool = True, testing: bool = False, **route: int
    ) -> Hub:
        receiver = Receiver(engine or Inline(background), System(), testing=testing)
        handlers = Handlers(background)
        hub = Hub(background, receiver, handlers)
        receiver.mount("reviewboard", Route(review_board(), lambda: hub.keys, handlers, **route))
        if serve:
            servers.append(Server(receiver, background))
            hub.port = servers[-1].start()
        return hub

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def hub(make_hub: Callable[..., Hub]) -> Hub:
    return make_hub()
