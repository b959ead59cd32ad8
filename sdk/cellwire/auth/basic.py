"""Basic authentication (RFC 7617)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import ClassVar

from cellwire._http import Request
from cellwire.auth import Auth, Place
from cellwire.credentials import Field
from cellwire.effects import Secrets


@dataclass(frozen=True)
class Basic(Auth):
    """`Authorization: Basic base64(username:password)`, in UTF-8 (RFC 7617, section 2.1)."""

    name: ClassVar[str] = "basic"

    @property
    def fields(self) -> tuple[Field, ...]:
        """User name and password."""
        return (Field("username", secret=False), Field("password"))

    @property
    def writes(self) -> frozenset[Place]:
        """The Authorization header."""
        return frozenset({Place("header", "Authorization")})

    def sign(self, request: Request, secrets: Secrets) -> None:
        """Write the header."""
        pair = f"{secrets['username']}:{secrets['password']}".encode()
        request.headers["Authorization"] = f"Basic {b64encode(pair).decode('ascii')}"
