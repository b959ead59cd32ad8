"""The only file that names the HTTP library.

httpx has not released since December 2024 and its successor is httpx2; when the time comes, this
file changes and no other does.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Protocol

import httpx  # noqa: TID251 - this is its home
from httpx import (  # noqa: TID251
    URL,
    AsyncBaseTransport,
    AsyncClient,
    BaseTransport,
    ByteStream,
    Client,
    Cookies,
    Headers,
    Request,
    Response,
    Timeout,
    TransportError,
)
from httpx import Auth as ClientAuth  # noqa: TID251
from httpx import HTTPError as AnyHTTPError  # noqa: TID251
from httpx import InvalidURL as InvalidURL  # noqa: TID251, PLC0414

# The connection never stood: nothing was sent, so any method may be sent again.
NeverSent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

# Kept before anyone can patch the classes: see cassettes/transport.py.
LIVE = httpx.HTTPTransport.handle_request
LIVE_ASYNC = httpx.AsyncHTTPTransport.handle_async_request

AuthSteps = Generator[Request, Response, None]

__all__ = [
    "LIVE",
    "LIVE_ASYNC",
    "URL",
    "AnyHTTPError",
    "AsyncBaseTransport",
    "AsyncClient",
    "AuthSteps",
    "BaseTransport",
    "ByteStream",
    "Client",
    "ClientAuth",
    "Cookies",
    "Headers",
    "InvalidURL",
    "NeverSent",
    "Request",
    "Response",
    "Timeout",
    "TransportError",
    "client",
    "live_transport",
    "request",
]


class _Builds(Protocol):
    def build_request(self, method: str, url: str, **options: Any) -> Request: ...


def live_transport(**tls: Any) -> httpx.HTTPTransport:
    """Build the transport that reaches the network; it alone costs an SSL context (17 ms)."""
    return httpx.HTTPTransport(**tls)


def client(transport: BaseTransport, *, timeout: float) -> Client:
    """Build a client on a transport of ours.

    Given a transport, httpx builds no SSL context; `trust_env` off keeps proxies of the
    environment from bypassing it. It never follows redirects: the exchange does.
    """
    return Client(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False)


def request(
    builder: _Builds,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Request:
    """Build one request in httpx's words (params, json, data, content, files, timeout)."""
    return builder.build_request(method, url, headers=headers, **(options or {}))
