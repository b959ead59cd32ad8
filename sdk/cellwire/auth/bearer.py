"""Bearer tokens (RFC 6750, section 2.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from cellwire._http import Request
from cellwire.auth import Auth, Place
from cellwire.credentials import Field
from cellwire.effects import Secrets
from cellwire.errors import DefinitionError

LONGEST = 40  # of a field's name


@dataclass(frozen=True, kw_only=True)
class Bearer(Auth):
    """`Authorization: Bearer <token>`.

    Args:
        field: Name of the credential field that holds the token.

    Raises:
        DefinitionError: It is no name, as a token would be; the value is not repeated.
    """

    field: str = "token"
    name: ClassVar[str] = "bearer"

    def __post_init__(self) -> None:
        if len(self.field) > LONGEST or not re.fullmatch(r"[a-z][a-z0-9_]*", self.field):
            raise DefinitionError(
                "Bearer(field=...) takes the name of a field, not a token",
                next_step="Write Bearer(); connect() asks for the token, or it stands in NAME_TOKEN.",
            )

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
