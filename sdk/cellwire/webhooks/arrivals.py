"""What arrived at a receiver: bounded rows for a table, observers, and waiting for one."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias

from cellwire.errors import DeliveryError
from cellwire.webhooks.delivery import Delivery
from cellwire.webhooks.handlers import matches

Verdict: TypeAlias = Literal["verified", "duplicate", "refused"]
Observer: TypeAlias = Callable[["Arrival"], object]

# Waiting is cut into pieces, since Ctrl-C does not end a lock's wait everywhere.
_PIECE = 0.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """One row of the inbox.

    Attributes:
        number: Counts up with each arrival.
        integration: Whom it was sent to; empty if that is nobody here.
        at: When it arrived, aware.
        verdict: verified, duplicate or refused.
        reason: Why it was refused.
        delivery: The delivery in its present state; None if refused: nothing unverified is kept.
    """

    number: int
    integration: str
    at: datetime
    verdict: Verdict
    reason: str = ""
    delivery: Delivery | None = field(default=None, repr=False)


class Arrivals:
    """The last arrivals, refused ones apart so that a flood of them pushes nothing out.

    Args:
        keep: How many of either are remembered.
    """

    def __init__(self, keep: int = 200) -> None:
        self._changed = threading.Condition()
        self._keep = keep
        self._last = 0
        self._accepted: dict[int, Arrival] = {}
        self._refused: dict[int, Arrival] = {}
        self._current: dict[tuple[str, str], int] = {}
        self._handed_out: set[int] = set()
        self._observers: list[Observer] = []

    @property
    def rows(self) -> list[Arrival]:
        """What is remembered, in order of arrival."""
        with self._changed:
            both = self._accepted | self._refused
        return [both[number] for number in sorted(both)]

    @property
    def mark(self) -> int:
        """The number of the last arrival: give it to `wait` to wait for later ones only."""
        with self._changed:
            return self._last

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Call `observer` with every row that comes or changes, on whatever thread that happens.

        Returns:
            What ends it.
        """
        with self._changed:
            self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def refuse(self, integration: str, at: datetime, reason: str) -> None:
        """Note a delivery that was refused."""
        with self._changed:
            row = Arrival(self._next(), integration, at, "refused", reason)
            self._put(self._refused, row)
        self._tell(row)

    def repeat(self, delivery: Delivery) -> None:
        """Note a delivery whose id is known: this attempt is ignored."""
        at, ignored = delivery.received_at, delivery.having("ignored")
        with self._changed:
            row = Arrival(self._next(), delivery.integration, at, "duplicate", delivery=ignored)
            self._put(self._accepted, row)
        self._tell(row)

    def update(self, delivery: Delivery) -> None:
        """Note a delivery that was taken, or its new state."""
        key = (delivery.integration, delivery.id)
        with self._changed:
            number = None if delivery.state == "queued" else self._current.get(key)
            known = self._accepted.get(number or 0)
            row = replace(known, delivery=delivery) if known else self._taken(delivery)
            self._current[key] = row.number
            self._put(self._accepted, row)
        self._tell(row)

    def wait(
        self, event_type: str = "*", timeout: float = 60, *, integration: str = "", after: int = 0
    ) -> Delivery:
        """Wait for the next delivery of a type and for its handlers; each is handed out once.

        Args:
            event_type: Such as `issues.opened`, `issues.*` or `*`.
            timeout: Seconds.
            integration: Whom it was sent to; empty: any.
            after: A `mark`: what arrived up to then does not count.

        Raises:
            DeliveryError: None came in time; says what came instead and what to check.
        """

        def earliest() -> Arrival | None:
            rows = self._since(after, integration)
            return next((row for row in rows if self._is_open(row, event_type)), None)

        row = self._until(earliest, timeout)
        if row and row.delivery:
            return _settled(row.delivery, timeout)
        with self._changed:
            since = self._since(after or max(self._handed_out, default=0), integration)
        raise _missed(event_type, timeout, since)

    def settled(self, integration: str, id: str, timeout: float = 60) -> Delivery:
        """Wait until the handlers of one delivery are through with it; it is then handed out.

        Raises:
            DeliveryError: They were not in time.
        """
        row = self._until(lambda: self._accepted.get(self._current[integration, id]), timeout)
        assert row is not None
        assert row.delivery is not None
        return _settled(row.delivery, timeout)

    def _until(self, find: Callable[[], Arrival | None], timeout: float) -> Arrival | None:
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                row = find()
                if row and row.delivery and row.delivery.settled:
                    self._handed_out.add(row.number)
                    return row
                left = end - time.monotonic()
                if left <= 0:
                    return row
                self._changed.wait(min(left, _PIECE))

    def _is_open(self, row: Arrival, event_type: str) -> bool:
        fits = row.delivery is not None and matches(event_type, row.delivery.type)
        return fits and row.verdict == "verified" and row.number not in self._handed_out

    def _since(self, number: int, integration: str) -> list[Arrival]:
        rows = [*self._accepted.values(), *self._refused.values()]
        # What was refused for its path was sent to nobody here, and tells everybody something.
        mine = (row for row in rows if not integration or row.integration in (integration, ""))
        return [row for row in mine if row.number > number]

    def _taken(self, delivery: Delivery) -> Arrival:
        at = delivery.received_at
        return Arrival(self._next(), delivery.integration, at, "verified", delivery=delivery)

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _put(self, rows: dict[int, Arrival], row: Arrival) -> None:
        rows[row.number] = row
        while len(rows) > self._keep:
            gone = rows.pop(next(iter(rows)))
            self._handed_out.discard(gone.number)
            if gone.delivery:
                key = (gone.integration, gone.delivery.id)
                if self._current.get(key) == gone.number:
                    del self._current[key]
        self._changed.notify_all()

    def _tell(self, row: Arrival) -> None:
        for observer in list(self._observers):
            try:
                observer(row)
            except Exception as error:  # noqa: BLE001 - a broken table must not stop deliveries
                logger.warning("an observer of deliveries failed: %s", type(error).__name__)


def _settled(delivery: Delivery, timeout: float) -> Delivery:
    if delivery.settled:
        return delivery
    raise DeliveryError(
        f"{delivery.type} arrived, but after {timeout:g} s its handlers are not through with it",
        next_step="Give a longer timeout, or see what the handler waits for.",
    )


def _missed(event_type: str, timeout: float, since: list[Arrival]) -> DeliveryError:
    refused = Counter(row.reason for row in since if row.verdict == "refused")
    other = sorted({row.delivery.type for row in since if row.delivery})
    message = f"no delivery of {event_type!r} arrived in {timeout:g} s"
    if other:
        message += f"; what did arrive: {', '.join(other)}"
    if refused:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in refused.items())
        return DeliveryError(
            f"{message}; refused in that time: {reasons}",
            next_step="Compare the signing secret with the one set at the provider: "
            "connect(again=True) asks for it anew.",
        )
    return DeliveryError(
        message,
        next_step="Check that this receiver's URL is registered at the provider, that the "
        "provider can reach it, and that it is subscribed to this event type.",
    )
