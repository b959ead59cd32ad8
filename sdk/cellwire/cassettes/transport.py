"""The transport every client of an integration has: it asks the open cassette, if there is one.

The cassette is bound to the transport explicitly, by the session's slot: not by patching a class,
which crosses threads, and not by a context variable, which a notebook's next cell does not see.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cellwire import _http
from cellwire._http import AsyncBaseTransport, BaseTransport, Request, Response
from cellwire.cassettes.deck import Deck
from cellwire.errors import RecordingError


class Slot:
    """Where the open cassette of one session lies.

    Attributes:
        deck: The open one, or None.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.deck: Deck | None = None

    @contextmanager
    def hold(self, deck: Deck) -> Iterator[None]:
        """Put a cassette in until the end.

        Raises:
            RecordingError: Another one is in; names it.
        """
        with self._lock:
            if self.deck is not None:
                raise RecordingError(
                    f"{self.deck.name} is open, so {deck.name} cannot be",
                    next_step=f"End the block of {self.deck.name} first: blocks do not nest.",
                )
            self.deck = deck
        try:
            yield
        finally:
            with self._lock:
                self.deck = None


class SlotTransport(BaseTransport, AsyncBaseTransport):
    """Answers from the open cassette, records into it, or goes live where there is none.

    Args:
        slot: Where the open cassette lies.
        outside: Asked before a request goes live without a cassette; raises to forbid it.
        tls: Options of the live transport, which is built at the first live request.
    """

    def __init__(
        self, slot: Slot, outside: Callable[[Request], None] | None = None, **tls: Any
    ) -> None:
        self._slot, self._outside, self._tls = slot, outside, tls
        self._lock = threading.Lock()
        self._live: BaseTransport | None = None
        self._live_async: AsyncBaseTransport | None = None

    def handle_request(self, request: Request) -> Response:
        """Answer a request."""
        deck = self._slot.deck
        if deck is not None:
            return deck.handle(request, self._kept)
        if self._outside:
            self._outside(request)
        # By its ordinary name: another recorder's patch still sees it.
        return self._sync().handle_request(request)

    async def handle_async_request(self, request: Request) -> Response:
        """Answer a request on an event loop."""
        deck = self._slot.deck
        if deck is not None:
            return await deck.ahandle(request, self._kept_async)
        if self._outside:
            self._outside(request)
        return await self._async().handle_async_request(request)

    def _kept(self, request: Request) -> Response:
        """Send by the method as it was before anyone patched it: recorded once, by us."""
        return _http.LIVE(self._sync(), request)

    async def _kept_async(self, request: Request) -> Response:
        return await _http.LIVE_ASYNC(self._async(), request)

    def _sync(self) -> BaseTransport:
        with self._lock:
            if self._live is None:
                self._live = _http.live_transport(**self._tls)
            return self._live

    def _async(self) -> AsyncBaseTransport:
        with self._lock:
            if self._live_async is None:
                self._live_async = _http.live_async_transport(**self._tls)
            return self._live_async

    def close(self) -> None:
        """Close the live transport, if it was ever built."""
        if self._live is not None:
            self._live.close()

    async def aclose(self) -> None:
        """Close the live transport of event loops, if it was ever built."""
        if self._live_async is not None:
            await self._live_async.aclose()
