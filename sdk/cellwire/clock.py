"""Protocol time: what `cellwire.now()` says, and waiting that a replay skips.

Waiting for locks and threads is another time: it is monotonic and never pinned.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Give the present time, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class System:
    """The computer's clock."""

    def now(self) -> datetime:
        """Give the present time, aware, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)


class Pinned:
    """A clock that stands still, as a cassette's does in replay: waiting costs nothing.

    Attributes:
        slept: Every wait that was asked for, in seconds; for tests to read.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Give the pinned time."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Note the wait and return at once."""
        self.slept.append(seconds)
