"""Engines: hold deliveries and run their handlers. This file is the contract; each is one file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, TypeAlias

from cellwire.background import Background
from cellwire.webhooks.delivery import Delivery

Handle: TypeAlias = Callable[[Delivery], Delivery]
Tell: TypeAlias = Callable[[Delivery], object]


class Engine(ABC):
    """Takes each delivery once and brings it to its handlers.

    The receiver acknowledges when `put` returns, so `put` returns only when the delivery is kept
    as safely as the engine keeps anything. Every change of state is told.

    Args:
        background: Runs what the engine starts.
    """

    name: ClassVar[str]

    def __init__(self, background: Background) -> None:
        self.background = background
        self._handle: Handle = lambda delivery: delivery.having("ignored")
        self.tell: Tell = lambda _: None

    def start(self, handle: Handle, tell: Tell) -> None:
        """Say who handles a delivery and who hears of each change of its state."""
        self._handle, self.tell = handle, tell

    @abstractmethod
    async def put(self, delivery: Delivery) -> bool:
        """Take a delivery; False if its id is known and needs no handling.

        One that ended dead or ignored is taken again: the provider's Redeliver button is how it
        gets its second chance.
        """

    @abstractmethod
    def claim(self) -> Delivery | None:
        """Give the next queued delivery, now running, or None."""

    @abstractmethod
    def settle(self, delivery: Delivery) -> None:
        """Keep a delivery that is done, dead or ignored."""

    @abstractmethod
    def list(self) -> list[Delivery]:
        """Give the deliveries that are kept, oldest first."""

    @abstractmethod
    def forget(self, integration: str, id: str) -> None:
        """Take an id as unknown, unless it is under way: the next delivery with it is handled."""

    def work(self) -> None:
        """Handle deliveries until none is queued."""
        while (delivery := self.claim()) is not None:
            try:
                settled = self._handle(delivery)
            except BaseException as error:  # noqa: BLE001 - no failure may leave it running for ever
                settled = delivery.having("dead", error)
            self.settle(settled)
