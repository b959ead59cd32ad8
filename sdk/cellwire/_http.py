"""The only file that names the HTTP library.

httpx has not released since December 2024 and its successor is httpx2; when the time comes, this
file changes and no other does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx
from httpx import (
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
from httpx import Auth as ClientAuth
from httpx import HTTPError as AnyHTTPError
from httpx import InvalidURL as InvalidURL  # noqa: PLC0414

# The connection never stood: nothing was sent, so any method may be sent again.
NeverSent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

# Kept before anyone can patch the classes: see cassettes/transport.py.
LIVE: Callable[[Any, Request], Response] = httpx.HTTPTransport.handle_request
LIVE_ASYNC: Callable[[Any, Request], Coroutine[Any, Any, Response]] = (
    httpx.AsyncHTTPTransport.handle_async_request
)

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
    "decoded",
    "live_async_transport",
    "live_transport",
    "request",
]


def live_transport(**tls: Any) -> httpx.HTTPTransport:
    """Build the transport that reaches the network; it alone costs an SSL context (17 ms)."""
    return httpx.HTTPTransport(**tls)


def live_async_transport(**tls: Any) -> httpx.AsyncHTTPTransport:
    """Build the transport that reaches the network from an event loop."""
    return httpx.AsyncHTTPTransport(**tls)


def decoded(response: Response, raw: bytes) -> bytes:
    """Give the body that `raw` carries under the response's content-encoding.

    Raises:
        ValueError: It cannot be decoded here; names the encoding.
    """
    coding = response.headers.get("content-encoding", "")
    if not raw or not coding:
        return raw
    try:
        body = Response(200, headers={"content-encoding": coding}, content=raw).content
    except httpx.DecodingError:
        raise ValueError(coding) from None
    if body == raw and coding.lower() != "identity":  # httpx leaves alone what it does not know
        raise ValueError(coding)
    return body


def client(transport: BaseTransport, *, timeout: float) -> Client:
    """Build a client on a transport of ours.

    Given a transport, httpx builds no SSL context; `trust_env` off keeps proxies of the
    environment from bypassing it. It never follows redirects: the exchange does. It keeps no
    cookies: a session cookie that a service sets beside its answer would be a credential that
    nobody declared, sent along behind the auth kind's back.
    """
    nothing = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    return Client(
        transport=transport,
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        cookies=nothing,
    )


def request(
    builder: Client,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Request:
    """Build one request in httpx's words (params, json, data, content, files, timeout)."""
    return builder.build_request(method, url, headers=headers, **(options or {}))
