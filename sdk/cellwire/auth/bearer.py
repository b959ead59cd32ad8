"""Bearer tokens (RFC 6750, section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cellwire._http import Request
from cellwire.auth import Auth, Place
from cellwire.credentials import Field
from cellwire.effects import Secrets


@dataclass(frozen=True)
class Bearer(Auth):
    """`Authorization: Bearer <token>`.

    Args:
        field: Name of the credential field that holds the token.
    """

    field: str = "token"
    name: ClassVar[str] = "bearer"

    @property
    def fields(self) -> tuple[Field, ...]:
        """The token."""
        return (Field(self.field, help="The access token the service gave you"),)

    @property
    def writes(self) -> frozenset[Place]:
        """The Authorization header."""
        return frozenset({Place("header", "Authorization")})

    def sign(self, request: Request, secrets: Secrets) -> None:
        """Write the header."""
        request.headers["Authorization"] = f"Bearer {secrets[self.field]}"
