"""A connection in replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from cellwire.effects import Secrets
from cellwire.oauth.shown import Shown
from cellwire.oauth.state import Machine, Snapshot
from cellwire.screens import Screen


class StandIn(Shown):
    """Says and shows what a connection does, and knows nothing.

    It touches no vault, no environment and no network.

    Args:
        integration: Name of the integration.
        name: Name of the connection.
        values: What stands for each field, `access_token` included.
        screen: Shows it.
    """

    def __init__(
        self, integration: str, name: str, values: Mapping[str, str], screen: Screen
    ) -> None:
        super().__init__(Machine(Snapshot(integration, name, state="connected")), screen)
        self._values = Secrets(values)

    def connect(self, again: bool = False, given: Mapping[str, str] | None = None) -> Self:  # noqa: ARG002 - asks nobody
        """Show that it is connected."""
        self._screen.connection(self._machine)
        return self

    def disconnect(self) -> None:
        """Leave everything as it is."""

    def credential(self, rejected: str | None = None) -> Secrets:  # noqa: ARG002 - as recorded
        """Give the stand-ins."""
        return self._values
