"""The words of OAuth 2.0 as data: server, client, request, grant, token. No I/O, no decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Server:
    """An authorization server (RFC 6749, section 3).

    Attributes:
        authorization_endpoint: Where the person consents.
        token_endpoint: Where codes and refresh tokens are exchanged.
        revocation_endpoint: Where tokens are revoked (RFC 7009), or None.
        issuer: Its identifier; set, a callback must name it in `iss` (RFC 9207).
    """

    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str | None = None
    issuer: str | None = None


@dataclass(frozen=True)
class Client:
    """The application, as registered with the server (RFC 6749, section 2)."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    token_endpoint_auth_method: str = "client_secret_basic"


@dataclass(frozen=True)
class Ask:
    """What is asked of the person's server: the parts of the request that never change.

    Attributes:
        server: Whom.
        client: For whom.
        redirect_uri: Where the code returns.
        scopes: What for (RFC 6749, section 3.3).
        params: Further parameters of the authorization request.
    """

    server: Server
    client: Client
    redirect_uri: str
    scopes: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Grant:
    """A person's consent: an authorization code, and what proves that it is ours."""

    code: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True)
class Message:
    """One POST of a form, before any HTTP library knows of it."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Token:
    """What the token endpoint gave (RFC 6749, section 5.1).

    Attributes:
        access_token: Proves a call.
        refresh_token: Renews it, or None.
        expires_at: When the access token ends; None: the server did not say.
        lifetime: How long it lives, in seconds, counted from when it was given.
        scope: What it reaches; the server may grant less than was asked.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    lifetime: float | None = None
    scope: str = ""

    def due(self, now: datetime) -> bool:
        """Whether to renew: within a tenth of its life from the end, at most a minute."""
        leeway = min(60.0, (self.lifetime or 0.0) / 10)
        return self.expires_at is not None and now >= self.expires_at - timedelta(seconds=leeway)

    def over(self, now: datetime) -> bool:
        """Whether it has ended."""
        return self.expires_at is not None and now >= self.expires_at
