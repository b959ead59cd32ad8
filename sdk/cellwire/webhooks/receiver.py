"""The receiver: a pure ASGI app that verifies, deduplicates, hands over and acknowledges.

It takes `POST /hooks/<integration>`. The order is what makes it safe: the size is counted while
the body streams in, the signature is checked on the raw bytes, the id is looked at only once the
signature stands, and the acknowledgement leaves only when the engine keeps the delivery.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cellwire.clock import Clock
from cellwire.errors import Error, InvalidSignature
from cellwire.webhooks.arrivals import Arrivals
from cellwire.webhooks.delivery import Delivery, fold
from cellwire.webhooks.engines import Engine
from cellwire.webhooks.handlers import Handlers
from cellwire.webhooks.signatures import TEST_KEY, Signature

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

PATH = "/hooks/"
MAX_BODY = 1024 * 1024

# A sender of somewhat too much is heard out, so that it reads the 413 and not a reset connection.
_HEARD_OUT = 8 * MAX_BODY

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a sender gets back.

    Attributes:
        status: HTTP status.
        body: Small, and without a word about why.
        headers: Beside content-type and content-length.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


ACCEPTED = Answer(200, b'{"status": "accepted"}')
REFUSED = Answer(401)
_NOT_FOUND = Answer(404)
_NOT_ALLOWED = Answer(405, headers=((b"allow", b"POST"),))
_TOO_LARGE = Answer(413, headers=((b"connection", b"close"),))
_UNAVAILABLE = Answer(503)


@dataclass(frozen=True)
class Route:
    """How one integration takes deliveries.

    Attributes:
        signature: How they are signed, and where they say what they are.
        secrets: Gives the signing secrets, the present one and those still valid beside it. Asked
            for each delivery on the background loop, so it must not block.
        handlers: Who handles them.
        connection: Name of the connection they belong to.
        max_body: Largest body, in bytes.
    """

    signature: Signature
    secrets: Callable[[], Sequence[str]] = field(repr=False)
    handlers: Handlers
    connection: str = "default"
    max_body: int = MAX_BODY


class _TooLarge(Exception):
    pass


class _Gone(Exception):
    """The sender went away in the middle."""


class Receiver:
    """Takes deliveries for every integration that is mounted.

    Args:
        engine: Keeps deliveries and runs their handlers.
        clock: Says when they arrive.
        testing: Whether the published test key is a signing secret here, as in replay.

    Attributes:
        arrivals: What arrived: rows, observers, and waiting for one.
    """

    def __init__(self, engine: Engine, clock: Clock, *, testing: bool = False) -> None:
        self.engine, self.testing = engine, testing
        self.arrivals = Arrivals()
        self._clock = clock
        self._routes: dict[str, Route] = {}
        self.observe, self.wait = self.arrivals.observe, self.arrivals.wait
        engine.start(self._handle, self.arrivals.update)

    def mount(self, integration: str, route: Route) -> None:
        """Take deliveries at `/hooks/<integration>`; a second time replaces the route."""
        self._routes = self._routes | {integration: route}

    def route(self, integration: str) -> Route | None:
        """Give the route of an integration."""
        return self._routes.get(integration)

    def keys(self, route: Route) -> list[str]:
        """Give a route's signing secrets, without the published one unless this is testing."""
        return [key for key in route.secrets() if self.testing or key != TEST_KEY]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            try:
                answer = await self._answer(scope, receive)
            except _Gone:
                return
            await _respond(send, answer)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        name = path.removeprefix(PATH) if path.startswith(PATH) else ""
        route = self._routes.get(name)
        if route is None:
            return self._refuse("", "no integration here has that path", _NOT_FOUND)
        if scope["method"] != "POST":
            return self._refuse(name, "the method is not POST", _NOT_ALLOWED)
        headers = _headers(scope)
        try:
            body = await _body(receive, headers, route.max_body)
        except _TooLarge:
            reason = f"the body is larger than {route.max_body} bytes"
            return self._refuse(name, reason, _TOO_LARGE)
        return await self._accept(name, route, headers, body)

    async def _accept(
        self, name: str, route: Route, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        try:
            route.signature.verify(headers, body, self.keys(route))
        except InvalidSignature as error:
            return self._refuse(name, error.message, REFUSED)
        except Error as error:
            logger.warning("the signing secret cannot be read: %s", type(error).__name__)
            return self._refuse(name, "the signing secret cannot be read", _UNAVAILABLE)
        return await self._keep(
            Delivery(
                id=route.signature.delivery_id(headers, body),
                type=route.signature.event_type(headers, body),
                headers=headers,
                body=body,
                received_at=self._clock.now(),
                connection=route.connection,
                integration=name,
            )
        )

    async def _keep(self, delivery: Delivery) -> Answer:
        try:
            fresh = await self.engine.put(delivery)
        except Exception as error:  # noqa: BLE001 - whatever it is, the provider must send again
            logger.warning("a delivery could not be kept: %s", type(error).__name__)
            reason = "the engine could not keep it"
            return self._refuse(delivery.integration, reason, _UNAVAILABLE)
        if not fresh:
            self.arrivals.repeat(delivery)
        return ACCEPTED

    def _handle(self, delivery: Delivery) -> Delivery:
        route = self._routes.get(delivery.integration)
        return route.handlers.dispatch(delivery).delivery if route else delivery.having("ignored")

    def _refuse(self, integration: str, reason: str, answer: Answer) -> Answer:
        self.arrivals.refuse(integration, self._clock.now(), reason)
        return answer


def _headers(scope: Scope) -> dict[str, str]:
    return fold(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    )


async def _body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > _HEARD_OUT:
        raise _TooLarge
    parts: list[bytes] = []
    size, more = 0, True
    while more and size <= _HEARD_OUT:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        if size <= limit:
            parts.append(part)
    if size > limit:
        raise _TooLarge
    return b"".join(parts)


async def _respond(send: Send, answer: Answer) -> None:
    headers = [(b"content-length", str(len(answer.body)).encode()), *answer.headers]
    if answer.body:
        headers.append((b"content-type", b"application/json"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
