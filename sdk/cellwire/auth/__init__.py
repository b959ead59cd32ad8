"""Auth kinds: how a request proves itself. This file is the contract; each kind is one file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cellwire._http import Request, Response
from cellwire.credentials import Field
from cellwire.effects import Secrets, Steps, credential, send
from cellwire.kinds import class_of

if TYPE_CHECKING:
    from cellwire.auth.basic import Basic as Basic
    from cellwire.auth.bearer import Bearer as Bearer
    from cellwire.auth.oauth2 import OAuth2 as OAuth2


@dataclass(frozen=True)
class Place:
    """Where a kind writes something secret or volatile into a request.

    The host rule, redaction and matching read it; the leak gate does not.
    """

    where: Literal["header", "query", "cookie", "body"]
    name: str


class Auth(ABC):
    """One way for a request to prove itself.

    A kind declares the fields it needs and the places it writes to, and signs. A kind that needs
    more than one message (a renewal, a challenge) overrides `attempt`.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """The credential fields this kind needs."""

    @property
    @abstractmethod
    def writes(self) -> frozenset[Place]:
        """Every place this kind writes to."""

    @abstractmethod
    def sign(self, request: Request, secrets: Secrets) -> None:
        """Write the proof into the request."""

    def attempt(self, request: Request) -> Steps[Response]:
        """Sign and send; answered by the service's response."""
        self.sign(request, (yield from credential()))
        return (yield from send(request))


if not TYPE_CHECKING:  # or every misspelt name would be Any to a type checker

    def __getattr__(name: str) -> Any:
        """Give a kind at its first use: `cellwire.auth.Bearer`."""
        if not name.startswith("_") and (kind := class_of(__name__, name)):
            return kind
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
