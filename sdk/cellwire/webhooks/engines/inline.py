"""The inline engine: in memory, handled at once on threads; nothing outlives the process."""

from __future__ import annotations

import threading
from collections import deque
from typing import ClassVar, TypeAlias

from cellwire.background import Background
from cellwire.webhooks.delivery import Delivery
from cellwire.webhooks.engines import Engine

_Key: TypeAlias = tuple[str, str]


class Inline(Engine):
    """Handles deliveries at once, several at a time, and forgets them with the process.

    Args:
        background: Starts the threads.
        workers: How many handlers run at once.
        keep: How many deliveries are remembered, and with them their ids.
    """

    name: ClassVar[str] = "inline"

    def __init__(self, background: Background, *, workers: int = 16, keep: int = 1000) -> None:
        super().__init__(background)
        self._lock = threading.Lock()
        self._limit, self._keep = workers, keep
        self._working = 0
        self._kept: dict[_Key, Delivery] = {}
        self._queue: deque[_Key] = deque()

    async def put(self, delivery: Delivery) -> bool:
        """Take a delivery; False if its id is known and needs no handling."""
        key = _key(delivery)
        with self._lock:
            known = self._kept.pop(key, None)
            self._kept[key] = delivery if known is None or _again(known) else known
            if self._kept[key] is not delivery:
                return False
            self._trim()
        self.tell(delivery)
        self._enqueue(key)
        return True

    def claim(self) -> Delivery | None:
        """Give the next queued delivery, now running, or None: the worker that asked is through."""
        with self._lock:
            if not self._queue:
                self._working -= 1
                return None
            key = self._queue.popleft()
            delivery = self._kept[key] = self._kept[key].having("running")
        self.tell(delivery)
        return delivery

    def settle(self, delivery: Delivery) -> None:
        """Keep a delivery that is done, dead or ignored."""
        with self._lock:
            self._kept[_key(delivery)] = delivery
            self._trim()
        self.tell(delivery)

    def list(self) -> list[Delivery]:
        """Give the deliveries that are remembered, oldest first."""
        with self._lock:
            return list(self._kept.values())

    def forget(self, integration: str, id: str) -> None:
        """Take an id as unknown, unless it is under way: the next delivery with it is handled."""
        with self._lock:
            known = self._kept.get((integration, id))
            if known and known.settled:
                del self._kept[integration, id]

    def _enqueue(self, key: _Key) -> None:
        with self._lock:
            self._queue.append(key)
            start = self._working < self._limit
            self._working += start
        if start:
            self.background.submit(self.work)

    def _trim(self) -> None:
        surplus = len(self._kept) - self._keep
        if surplus > 0:
            for key in [key for key, kept in self._kept.items() if kept.settled][:surplus]:
                del self._kept[key]


def _key(delivery: Delivery) -> _Key:
    return (delivery.integration, delivery.id)


def _again(known: Delivery) -> bool:
    return known.state in ("dead", "ignored")
