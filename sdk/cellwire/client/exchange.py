"""One call, as a generator: proof, sending, retries, redirects; decided here, done by a driver."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cellwire._http import URL, Request, Response, TransportError
from cellwire.auth import Auth
from cellwire.client.limits import Retry
from cellwire.effects import Steps, send, sleep
from cellwire.errors import CallError, ForeignHost

MAX_REDIRECTS = 10
_HARMLESS = frozenset(
    ["host", "accept", "accept-encoding", "accept-language", "connection", "user-agent"]
)


@dataclass(frozen=True)
class Rules:
    """What holds for one call.

    Attributes:
        auth: How the request proves itself, or None.
        owns: Whether a credential may travel to a URL.
        retry: When to try again.
        now: Tells the time, for Retry-After dates.
    """

    auth: Auth | None
    owns: Callable[[URL], bool]
    retry: Retry
    now: Callable[[], datetime]


def exchange(request: Request, rules: Rules) -> Steps[Response]:
    """Make one call, following redirects; the proof is decided anew for every host on the way.

    Raises:
        TransportError: No answer arrived, and trying again was not safe or did not help.
        CallError: Redirected more than 10 times.
    """
    for _ in range(MAX_REDIRECTS + 1):
        response = yield from _retried(request, rules)
        onward = response.next_request
        if onward is None:
            return response
        request = onward if rules.owns(onward.url) else _only_harmless(onward)
    raise CallError(
        f"{request.method} {request.url.host} redirected more than {MAX_REDIRECTS} times",
        next_step="Check the integration's base_url.",
    )


def _retried(request: Request, rules: Rules) -> Steps[Response]:
    attempt = 0
    while True:
        attempt += 1
        outcome: Response | TransportError
        try:
            outcome = yield from _once(request, rules)
        except TransportError as error:
            outcome = error
        seconds = rules.retry.wait(
            request.method,
            outcome,
            attempt,
            now=rules.now(),
            jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
        )
        if seconds is None:
            break
        yield from sleep(seconds)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _once(request: Request, rules: Rules) -> Steps[Response]:
    if rules.auth is None or not rules.owns(request.url):
        return (yield from send(request))
    return (yield from rules.auth.attempt(request))


def _only_harmless(request: Request) -> Request:
    """Leave a foreign host what any browser would tell it: an author's own headers may be secret.

    httpx drops Authorization at another host, but carries a header such as X-Api-Key along.

    Raises:
        ForeignHost: The redirect would hand over the request's body.
    """
    length = request.headers.get("content-length", "0")
    if length != "0" or "transfer-encoding" in request.headers:
        raise ForeignHost(
            f"{request.method} was redirected to {request.url.host}, with its body",
            next_step="Declare the host in hosts=[...], or correct base_url.",
        )
    for name in [name for name in request.headers if name not in _HARMLESS]:
        del request.headers[name]
    return request
