"""Consent in the person's own browser, which returns to this computer (RFC 8252, section 7.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cellwire.clock import Clock
from cellwire.effects import Await, Show, Steps
from cellwire.errors import ConnectError
from cellwire.oauth.callback import LIFETIME, Arrival
from cellwire.oauth.flows import Flow, exchange
from cellwire.oauth.protocol import token_request
from cellwire.oauth.spec import Ask, Token


@dataclass(frozen=True)
class Loopback(Flow):
    """Authorization code grant with PKCE, the code arriving at a listener on 127.0.0.1.

    Attributes:
        ask: What is asked of the service.
        link: The start hop.
        clock: Tells when the token arrived.
    """

    ask: Ask
    link: str
    clock: Clock
    name: ClassVar[str] = "loopback"

    def steps(self) -> Steps[Token]:
        """Show the link, wait for the person's return, exchange the code."""
        yield Show(self.link)
        # Twice the link's life: who is late still meets a page that says so.
        arrival: Arrival = yield Await(2 * LIFETIME)
        if arrival.grant is None:
            raise arrival.error or ConnectError("nothing arrived", code="expired")
        return (
            yield from exchange(
                token_request(self.ask, arrival.grant),
                self.clock,
                scopes=self.ask.scopes,
                redirect_uri=self.ask.redirect_uri,
            )
        )
