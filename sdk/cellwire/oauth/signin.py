"""One sign-in by loopback: a listener, a doorway, and the flow that runs beside them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from cellwire.effects import Await, Effect, Send, drive
from cellwire.errors import ConnectError, Error
from cellwire.oauth.callback import Arrival, Doorway
from cellwire.oauth.flows.loopback import Loopback
from cellwire.oauth.listener import Listener
from cellwire.oauth.pages import Page, Visit
from cellwire.oauth.ports import Ports
from cellwire.oauth.spec import Ask, Token

_PAGE_SECONDS = 90.0
# After these the same link may be clicked again; after others something must change first.
_AGAIN = ("access_denied", "unreachable", "server_error", "temporarily_unavailable")
_Parcel = tuple[Arrival, "Future[ConnectError | None]"]


class SignIn:
    """Runs one sign-in on the background thread until it succeeds, fails or is cancelled.

    Args:
        ask: Builds what is asked, from the redirect URI.
        port: Port of the listener; 0: any free one.
        ports: What it needs of the process.
        title: Name of the connection, for people.
        clicked: Told when the person goes to the link.
        arrived: Takes the token; an error it raises is shown in the browser too. It gives what
            is to be done once the browser knows.
        failed: Takes an error, and the link if it is still good.

    Raises:
        ConnectError: The port is taken.
    """

    def __init__(  # noqa: PLR0913 - each is one port of the sign-in
        self,
        ask: Callable[[str], Ask],
        port: int,
        ports: Ports,
        *,
        title: str,
        clicked: Callable[[], object],
        arrived: Callable[[Token], Callable[[], object]],
        failed: Callable[[ConnectError, str | None], object],
    ) -> None:
        self._listener = Listener(ports.background, port)
        self._ask = ask(self._listener.origin)
        self._doorway = Doorway(
            self._ask,
            title=title,
            origin=self._listener.origin,
            learn=ports.known.teach,
            clicked=clicked,
        )
        self._ports = ports
        self._arrived, self._failed = arrived, failed
        self._arrivals: SimpleQueue[_Parcel | None] = SimpleQueue()
        self._present: Future[ConnectError | None] | None = None
        self._cancelled = threading.Event()
        self._over: tuple[ConnectError | None] | None = None
        self._listener.serve(self._visit)
        ports.background.submit(self._run)

    @property
    def link(self) -> str:
        """Where the person goes."""
        return self._doorway.link

    @property
    def redirect_uri(self) -> str:
        """Where the service sends the person back to."""
        return self._ask.redirect_uri

    @property
    def port(self) -> int:
        """Where the listener listens."""
        return self._listener.port

    def cancel(self) -> None:
        """End it, and free the port; safe to call twice, and after its end."""
        self._cancelled.set()
        self._arrivals.put(None)
        self._listener.close()

    def _visit(self, visit: Visit) -> Page:
        """Answer a browser; to one that comes back, how it ended, once the code is exchanged."""
        page, arrival = self._doorway.answer(visit)
        if arrival is None:
            return page
        settled: Future[ConnectError | None] = Future()
        self._arrivals.put((arrival, settled))
        if self._over:
            self._drain(*self._over)
        try:
            return self._doorway.outcome(settled.result(_PAGE_SECONDS))
        except TimeoutError:
            return self._doorway.outcome(
                ConnectError("the service takes very long", next_step="See the notebook.")
            )

    def _run(self) -> None:
        while True:
            outcome = self._once()
            error = outcome if isinstance(outcome, ConnectError) else None
            self._settle(error)
            if error is None or error.code not in _AGAIN or self._cancelled.is_set():
                break
            self._listener.drain()
            self._failed(error, self.link)
        self._over = (error,)
        self._drain(error)
        self._listener.close()
        # Only now: whoever waits may end the process, and the browser has its page.
        if self._cancelled.is_set():
            return
        if isinstance(outcome, ConnectError):
            self._failed(outcome, None)
        else:
            outcome()

    def _once(self) -> ConnectError | Callable[[], object]:
        flow = Loopback(self._ask, self._doorway.link, self._ports.clock)
        try:
            token = drive(flow.steps(), self._perform)
            return self._arrived(token)
        except Exception as error:  # noqa: BLE001 - nobody else would ever see it
            return _told(error)

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Send):
            return self._ports.http().send(effect.request)
        if isinstance(effect, Await):
            return self._next(effect.seconds)
        return None

    def _next(self, seconds: float) -> Arrival:
        try:
            parcel = self._arrivals.get(timeout=seconds)
        except Empty:
            raise ConnectError(
                "nobody finished the sign-in in time",
                code="timed_out",
                next_step="Run connect() again.",
            ) from None
        if parcel is None:
            raise ConnectError("the sign-in was cancelled", code="cancelled")
        arrival, self._present = parcel
        return arrival

    def _settle(self, error: ConnectError | None) -> None:
        if self._present is not None:
            self._present.set_result(error)
            self._present = None

    def _drain(self, error: ConnectError | None) -> None:
        """Tell whoever came back in a second tab the same."""
        with suppress(Empty):
            while True:
                if parcel := self._arrivals.get_nowait():
                    parcel[1].set_result(error)


def _told(error: Exception) -> ConnectError:
    """Make an error of ours of whatever failed on the background thread."""
    if isinstance(error, ConnectError):
        return error
    if isinstance(error, Error):
        return ConnectError(error.message, code=type(error).__name__, next_step=error.next_step)
    return ConnectError(
        f"the sign-in failed ({type(error).__name__})",
        code="failed",
        next_step="Run connect() again; if it stays, please report it.",
    )
