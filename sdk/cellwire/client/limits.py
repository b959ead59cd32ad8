"""Whether and when to try again: pure decisions (RFC 9110, sections 9.2.2 and 10.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cellwire._http import NeverSent, Response, TransportError

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
TOO_MANY, UNAVAILABLE = 429, 503
TRANSIENT = frozenset({500, 502, 503, 504})


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read Retry-After in either form, seconds or a date (RFC 9110, section 10.2.3).

    Returns:
        Seconds to wait, at least 0; None when the header is missing or unreadable.
    """
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


@dataclass(frozen=True)
class Retry:
    """When to try again.

    A method that is not idempotent is sent again only where the service surely did nothing: it
    answered 429, or the connection never stood.

    Attributes:
        max_retries: How often, at most, after the first try.
        longest_wait: Seconds; a service that asks for more is not waited for.
        base: Seconds of the first back-off; doubled each time, with full jitter.
    """

    max_retries: int = 4
    longest_wait: float = 60.0
    base: float = 0.5

    def wait(
        self,
        method: str,
        outcome: Response | TransportError,
        attempt: int,
        *,
        now: datetime,
        jitter: float,
    ) -> float | None:
        """Give the seconds to wait before the next try, or None: this outcome stands.

        Args:
            method: The request's method.
            outcome: The response, or the failure in its place.
            attempt: How many tries there were, from 1.
            now: Present time, for a Retry-After date.
            jitter: A random number from 0 to 1.
        """
        if attempt > self.max_retries or not self._again(method, outcome):
            return None
        backoff = self.base * 2 ** (attempt - 1) * (0.5 + jitter / 2)
        asked = None if isinstance(outcome, Exception) else retry_after(outcome.headers, now)
        seconds = backoff if asked is None else asked + jitter * self.base
        return seconds if seconds <= self.longest_wait else None

    @staticmethod
    def _again(method: str, outcome: Response | TransportError) -> bool:
        if isinstance(outcome, Exception):
            return method in IDEMPOTENT or isinstance(outcome, NeverSent)
        if outcome.status_code == TOO_MANY:
            return True
        return outcome.status_code in TRANSIENT and method in IDEMPOTENT
