"""Flows: how a person gets through a grant. This file is the contract; each kind is one file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar
from urllib.parse import urlencode

from cellwire._http import Request, Response, TransportError
from cellwire.clock import Clock
from cellwire.effects import Steps, send
from cellwire.errors import ConnectError
from cellwire.oauth.protocol import parse_token_answer
from cellwire.oauth.spec import Message, Token


class Flow(ABC):
    """One way to a token, as steps: it shows, waits and sends only by effects."""

    name: ClassVar[str]

    @abstractmethod
    def steps(self) -> Steps[Token]:
        """Go the way to its end.

        Raises:
            ConnectError: The person or the service said no, or could not be reached.
        """


def exchange(
    message: Message, clock: Clock, *, scopes: tuple[str, ...] = (), redirect_uri: str = ""
) -> Steps[Token]:
    """Send a message to the token endpoint and read the token.

    Raises:
        ConnectError: It was refused, or the endpoint cannot be reached.
    """
    response = yield from post(message)
    return parse_token_answer(
        response.status_code,
        response.headers.get("content-type", ""),
        response.content,
        now=clock.now(),
        asked_scopes=scopes,
        redirect_uri=redirect_uri,
    )


def post(message: Message) -> Steps[Response]:
    """Send a form; a failure names the host, never what was sent.

    Raises:
        ConnectError: No answer arrived.
    """
    headers = {**message.headers, "Content-Type": "application/x-www-form-urlencoded"}
    request = Request(
        "POST", message.url, headers=headers, content=urlencode(message.form).encode()
    )
    try:
        return (yield from send(request))
    except TransportError as error:
        raise ConnectError(
            f"{request.url.netloc.decode()} cannot be reached ({type(error).__name__})",
            code="unreachable",
            next_step="Check that the service is up and token_endpoint is right, then try again.",
        ) from None
