"""What a connection and its stand-in have in common: how they are seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from cellwire.errors import ConnectError, NotConnected
from cellwire.oauth.state import DEFAULT, Machine, Snapshot, State
from cellwire.screens import Screen

WAIT_SECONDS = 300.0


class Shown:
    """A connection as it is seen: one stable line wherever it is saved."""

    def __init__(self, machine: Machine, screen: Screen) -> None:
        self._machine, self._screen = machine, screen

    def __repr__(self) -> str:
        """The stable line: no account, no time, no port."""
        return self._machine.snapshot.text

    def _ipython_display_(self) -> None:
        self._screen.mention(self._machine)

    @property
    def name(self) -> str:
        """The connection's name: "default", or what `connect()` was given."""
        return self._machine.snapshot.connection

    @property
    def state(self) -> State:
        """disconnected, waiting, connected, expired or error."""
        return self._machine.snapshot.state

    @property
    def account(self) -> str | None:
        """Who the service said we are, if the integration declares a check."""
        return self._machine.snapshot.account

    @property
    def scopes(self) -> frozenset[str]:
        """What the token reaches, as the service said."""
        return self._machine.snapshot.scopes

    @property
    def detail(self) -> str:
        """The cause of an error, or where the credential comes from."""
        return self._machine.snapshot.detail

    @property
    def link(self) -> str | None:
        """Where the person goes on, while the connection waits for them."""
        return self._machine.snapshot.link

    def observe(self, callback: Callable[[Snapshot], object]) -> Callable[[], None]:
        """Call back at each change, from whichever thread makes it.

        Args:
            callback: Takes a `Snapshot`; should it fail, nothing is disturbed.

        Returns:
            What ends the observation.
        """
        return self._machine.observe(callback)

    def wait(self, timeout: float = WAIT_SECONDS) -> Self:
        """Wait until the person has signed in; Ctrl-C ends the waiting.

        Args:
            timeout: Seconds.

        Raises:
            NotConnected: They have not, in that time, or never began.
            ConnectError: The sign-in failed; says why.
        """
        snapshot = self._machine.settled(timeout)
        if snapshot.state != "connected":
            raise trouble(snapshot)
        return self


def nobody(snapshot: Snapshot) -> NotConnected:
    """Make the error for a sign-in where no person is."""
    name = "" if snapshot.connection == DEFAULT else f" {snapshot.connection}"
    return NotConnected(
        f"{snapshot.title} needs a person to sign in, and nobody is here",
        code="missing",
        next_step=f"Sign in once in a terminal: cellwire connect {snapshot.integration}{name}",
    )


def trouble(snapshot: Snapshot, variables: str = "") -> ConnectError:
    """Make the error that says why a connection cannot be used; `variables` would mend it too."""
    if snapshot.state == "error":
        return ConnectError(
            f"{snapshot.title} is not connected: {snapshot.detail}",
            code=snapshot.code,
            next_step=snapshot.next_step,
        )
    if snapshot.state == "expired":
        return NotConnected(
            f"{snapshot.title}: {snapshot.detail}",
            code="expired",
            next_step=f"sign in again: {snapshot.call}",
        )
    if snapshot.state == "waiting":
        return NotConnected(
            f"{snapshot.title} waits for somebody to sign in",
            code="waiting",
            next_step=f"Click the link that {snapshot.call} shows, then run this again.",
        )
    instead = f", or set {variables}" if variables else ""
    return NotConnected(
        f"{snapshot.title} is not connected",
        code="missing",
        next_step=f"Run {snapshot.call}{instead}",
    )
