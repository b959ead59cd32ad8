"""OAuth 2.0 access tokens (RFC 6749), got by a person's consent and renewed when they expire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from cellwire._http import Request, Response
from cellwire.auth import Auth, Place
from cellwire.credentials import Field
from cellwire.effects import Secrets, Steps, credential, send
from cellwire.errors import DefinitionError

METHODS = ("client_secret_basic", "client_secret_post", "none")


class OAuth2(Auth):
    """Authorization code grant with PKCE S256 (RFC 6749, section 4.1; RFC 7636).

    Args:
        authorization_endpoint: Where the person consents; may hold `{field}` of the credentials.
        token_endpoint: Where codes and refresh tokens are exchanged; may hold `{field}`.
        scopes: What is asked for (RFC 6749, section 3.3).
        authorization_params: Further parameters of the authorization request.
        token_endpoint_auth_method: How the client proves itself (RFC 7591, section 2):
            `client_secret_basic`, `client_secret_post` or `none`.
        redirect_port: Port of the loopback listener, where the service compares redirect URIs
            exactly; 0: any free one (RFC 8252, section 7.3).
        issuer: The server's identifier; given, the callback must name it in `iss` (RFC 9207).
        revocation_endpoint: Where tokens are revoked (RFC 7009), if the service can.

    Raises:
        DefinitionError: An endpoint is missing, or the method is unknown.
    """

    name: ClassVar[str] = "oauth2"

    def __init__(  # noqa: PLR0913 - each is one word of the RFCs
        self,
        *,
        authorization_endpoint: str,
        token_endpoint: str,
        scopes: Sequence[str] = (),
        authorization_params: Mapping[str, str] | None = None,
        token_endpoint_auth_method: str = "client_secret_basic",
        redirect_port: int = 0,
        issuer: str | None = None,
        revocation_endpoint: str | None = None,
    ) -> None:
        if isinstance(scopes, str):
            raise DefinitionError(
                f"OAuth2: scopes={scopes!r} is one string",
                next_step=f"Write a list: scopes={scopes.split()!r}",
            )
        if token_endpoint_auth_method not in METHODS:
            raise DefinitionError(
                f"OAuth2: token_endpoint_auth_method={token_endpoint_auth_method!r} is unknown",
                next_step=f"Use one of {', '.join(METHODS)}.",
            )
        self.authorization_endpoint = authorization_endpoint
        self.token_endpoint = token_endpoint
        self.scopes = tuple(scopes)
        self.authorization_params = dict(authorization_params or {})
        self.token_endpoint_auth_method = token_endpoint_auth_method
        self.redirect_port = redirect_port
        self.issuer = issuer
        self.revocation_endpoint = revocation_endpoint

    def __repr__(self) -> str:
        return f"OAuth2(scopes={list(self.scopes)!r})"

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the service gave when the application was registered with it."""
        public = self.token_endpoint_auth_method == "none"
        told = "Given when you register the application with the service"
        if self.redirect_port:
            told += f"; redirect URI: http://127.0.0.1:{self.redirect_port}/callback"
        identity = Field("client_id", secret=False, help=told)
        if public:
            return (identity,)
        return (identity, Field("client_secret", help="Given beside the client id"))

    @property
    def writes(self) -> frozenset[Place]:
        """The Authorization header."""
        return frozenset({Place("header", "Authorization")})

    def sign(self, request: Request, secrets: Secrets) -> None:
        """Write the access token (RFC 6750, section 2.1)."""
        request.headers["Authorization"] = f"Bearer {secrets['access_token']}"

    def attempt(self, request: Request) -> Steps[Response]:
        """Send; on 401 renew the token once and send again, never in a loop."""
        secrets = yield from credential()
        self.sign(request, secrets)
        response = yield from send(request)
        if response.status_code != 401:  # noqa: PLR2004
            return response
        renewed = yield from credential(rejected=secrets["access_token"])
        if renewed["access_token"] == secrets["access_token"]:
            return response
        self.sign(request, renewed)
        return (yield from send(request))
