"""Recording an unchanged service again gives an unchanged file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cellwire.cassettes.interaction import HeaderList, Interaction

# Differ each time though nothing changed; re-recording keeps the old ones where all else is equal.
VOLATILE = frozenset(
    [
        "age",
        "cf-ray",
        "date",
        "etag",
        "expires",
        "idempotency-key",
        "last-modified",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "request-id",
        "server-timing",
        "traceparent",
        "x-correlation-id",
        "x-github-request-id",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-ratelimit-used",
        "x-request-id",
        "x-response-time",
        "x-runtime",
        "x-trace-id",
    ]
)


def carried(new: list[Interaction], old: Sequence[Interaction]) -> list[Interaction]:
    """Take the old interaction wherever only volatile headers changed, so that no diff shows."""
    waiting: dict[object, list[Interaction]] = {}
    for each in old:
        waiting.setdefault(_lasting(each), []).append(each)
    found = []
    for each in new:
        same = waiting.get(_lasting(each))
        found.append(same.pop(0) if same else each)
    return found


def _lasting(i: Interaction) -> object:
    """Give all of an interaction that says something."""
    return (
        (i.method, i.uri, _steady(i.request_headers), i.request_body),
        (i.status, i.reason, _steady(i.response_headers), i.response_body),
    )


def _steady(headers: HeaderList) -> HeaderList:
    return tuple(
        (name.lower(), _without_expiry(value) if name.lower() == "set-cookie" else value)
        for name, value in headers
        if name.lower() not in VOLATILE
    )


def _without_expiry(cookie: str) -> str:
    return re.sub(r"(?i); *expires=[^;]*", "", cookie)
