"""The state of a connection: one locked machine owns the truth, whoever watches may fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, Literal, TypeAlias

State: TypeAlias = Literal["disconnected", "waiting", "connected", "expired", "error"]
DEFAULT = "default"
# Short enough that Ctrl-C is noticed where a lock cannot be interrupted (Windows).
_SLICE_SECONDS = 0.5


@dataclass(frozen=True)
class Snapshot:
    """A connection at one moment; nothing in it is secret.

    Attributes:
        integration: Name of the integration.
        connection: Name of the connection.
        state: disconnected, waiting, connected, expired or error.
        account: Who the service said we are.
        scopes: What the token reaches, as the service said.
        detail: The cause of an error, or where the credential comes from.
        next_step: What to do about an error.
        code: The error's code.
        link: Where the person goes on, while there is such a place.
        link_text: What the link does.
        clicked: Whether the person went there.
    """

    integration: str
    connection: str = DEFAULT
    state: State = "disconnected"
    account: str | None = None
    scopes: frozenset[str] = frozenset()
    detail: str = ""
    next_step: str = ""
    code: str = ""
    link: str | None = field(default=None, repr=False)
    link_text: str = ""
    clicked: bool = False

    @property
    def title(self) -> str:
        """The connection's name, for people: `reviewboard`, `reviewboard (work)`."""
        return self.integration + self._suffix

    @property
    def text(self) -> str:
        """One stable line: no account, no time, no port."""
        return f"{self.integration}: {self._word}{self._suffix}"

    @property
    def call(self) -> str:
        """The code that connects it: `reviewboard.connect("work")`."""
        name = "" if self.connection == DEFAULT else f'"{self.connection}"'
        return f"{self.integration}.connect({name})"

    @property
    def _suffix(self) -> str:
        return "" if self.connection == DEFAULT else f" ({self.connection})"

    @property
    def _word(self) -> str:
        if self.state == "error":
            return f"error ({self.code})" if self.code else "error"
        if self.state == "waiting":
            return "waiting" if self.clicked else "not connected"
        words = {"connected": "connected", "expired": "sign in again"}
        return words.get(self.state, "not connected")


class Machine:
    """Holds the snapshot, lets threads wait for it to settle, and tells observers."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._changed = threading.Condition()
        self._telling = threading.RLock()
        self._snapshot = snapshot
        self._observers: list[Callable[[Snapshot], object]] = []

    @property
    def snapshot(self) -> Snapshot:
        """The present moment; read without a lock."""
        return self._snapshot

    def move(self, state: State, **facts: Any) -> None:
        """Go to a state; facts of the former one do not outlive it."""
        self._become(lambda now: Snapshot(now.integration, now.connection, state, **facts))

    def click(self) -> None:
        """Note that the person went to the link."""

        def went(now: Snapshot) -> Snapshot:
            fresh = Snapshot(now.integration, now.connection, "waiting", link=now.link)
            return replace(now if now.state == "waiting" else fresh, clicked=True)

        self._become(went)

    def _become(self, change: Callable[[Snapshot], Snapshot]) -> None:
        """Change the snapshot, tell observers, then wake whoever waits: what they show is shown."""
        with self._telling:
            self._snapshot = change(self._snapshot)
            for observer in list(self._observers):
                with suppress(Exception):
                    observer(self._snapshot)
        with self._changed:
            self._changed.notify_all()

    def observe(self, callback: Callable[[Snapshot], object]) -> Callable[[], None]:
        """Call back at each change, from whichever thread makes it; gives what ends that.

        A callback that fails disturbs nothing.
        """
        self._observers.append(callback)

        def end() -> None:
            with suppress(ValueError):
                self._observers.remove(callback)

        return end

    def settled(self, seconds: float) -> Snapshot:
        """Wait until it no longer waits, at most so long; Ctrl-C ends it."""
        until = monotonic() + seconds
        with self._changed:
            while self._snapshot.state == "waiting" and (left := until - monotonic()) > 0:
                self._changed.wait(min(left, _SLICE_SECONDS))
            return self._snapshot
