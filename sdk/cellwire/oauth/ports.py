"""What a connection needs of the process, in one piece of data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cellwire._http import Client as HttpClient
from cellwire.background import Background
from cellwire.clock import Clock
from cellwire.known import Known
from cellwire.screens import Screen
from cellwire.vault import Vault


@dataclass(frozen=True)
class Ports:
    """What a connection needs of the process.

    Attributes:
        vault: Reads and keeps credentials.
        known: Learns every secret before it is used.
        clock: Tells when tokens end.
        background: Runs the sign-in.
        http: Gives the client for token endpoints; it is not closed.
        screen: Shows and asks.
        redirect_port: Fixed port of the listener; None: as the auth kind says.
        project: Name of the project the vault's entries belong to.
    """

    vault: Vault
    known: Known
    clock: Clock
    background: Background
    http: Callable[[], HttpClient]
    screen: Screen
    redirect_port: int | None
    project: str
