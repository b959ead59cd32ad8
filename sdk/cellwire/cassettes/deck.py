"""What a transport talks to while a cassette is open: one that plays, or one that records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from cellwire._http import Request, Response


class Deck(ABC):
    """An open cassette, as the transport sees it."""

    name: str

    @property
    @abstractmethod
    def sent(self) -> list[str]:
        """What went out and came in, in order: `GET /user`, `POST /x {"a":1}`, `<- opened`."""

    @abstractmethod
    def received(self, event_type: str) -> None:
        """Note in `sent` that a delivery was handed to the code under test."""

    @abstractmethod
    def handle(self, request: Request, live: Callable[[Request], Response]) -> Response:
        """Answer a request; `live` sends it to the service."""

    @abstractmethod
    async def ahandle(
        self, request: Request, live: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Answer a request on an event loop."""
