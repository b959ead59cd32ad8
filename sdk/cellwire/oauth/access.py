"""The OAuth half of a connection: who asks, with which endpoints, and the token at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cellwire.auth.oauth2 import OAuth2
from cellwire.effects import Effect, Secrets, Send, drive
from cellwire.errors import ConnectError, Error
from cellwire.oauth.callback import CALLBACK
from cellwire.oauth.flows import exchange, post
from cellwire.oauth.ports import Ports
from cellwire.oauth.protocol import refresh_request, revocation_request
from cellwire.oauth.spec import Ask, Client, Server, Token
from cellwire.oauth.tokens import TokenKeeper
from cellwire.vault import Tokens

Resolve = Callable[[str, Secrets], str]


class Access:
    """What an `OAuth2` declaration means once the credential's fields are filled.

    Args:
        auth: The declaration.
        secrets: The filled fields.
        resolve: Fills `{field}` in an endpoint.
        tokens: Where the token is stored.
        ports: What it needs of the process.

    Attributes:
        keeper: The token at hand.
    """

    def __init__(
        self, auth: OAuth2, secrets: Secrets, resolve: Resolve, tokens: Tokens, ports: Ports
    ) -> None:
        self._auth, self._fields, self._resolve, self._ports = auth, secrets, resolve, ports
        self.keeper = TokenKeeper(tokens, self._renewed, ports.clock)

    def secrets(self, rejected: str | None) -> Secrets:
        """Give the fields and an access token that is good now.

        Raises:
            SignInNeeded: A person has to sign in.
            ConnectError: The token cannot be renewed now.
        """
        token = self.keeper.renew(rejected) if rejected else self.keeper.fresh()
        return Secrets({**self._fields, "access_token": token})

    @property
    def redirect_port(self) -> int:
        """Port the declaration asks for; 0: any."""
        return self._auth.redirect_port

    def ask(self, origin: str) -> Ask:
        """Build the request for consent that returns to a listener of ours."""
        auth = self._auth
        redirect_uri = origin + CALLBACK
        return Ask(self._server, self._client, redirect_uri, auth.scopes, auth.authorization_params)

    def revoke(self) -> str:
        """Revoke the token where the service can; gives what stood in the way, or nothing."""
        token = self.keeper.forget()
        message = revocation_request(self._server, self._client, token) if token else None
        if message is None:
            return ""
        try:
            response = drive(post(message), self._perform)
        except Error as error:
            return f"forgotten here, but not revoked: {error.message}"
        if response.is_success:
            return ""
        return f"forgotten here, but the service answered {response.status_code} to the revocation"

    @property
    def _server(self) -> Server:
        auth, revocation = self._auth, self._auth.revocation_endpoint
        return Server(
            self._resolve(auth.authorization_endpoint, self._fields),
            self._resolve(auth.token_endpoint, self._fields),
            self._resolve(revocation, self._fields) if revocation else None,
            auth.issuer,
        )

    @property
    def _client(self) -> Client:
        return Client(
            self._fields["client_id"],
            self._fields.get("client_secret"),
            self._auth.token_endpoint_auth_method,
        )

    def _renewed(self, token: Token) -> Token:
        message = refresh_request(self._server, self._client, token)
        try:
            return drive(exchange(message, self._ports.clock), self._perform)
        except ConnectError as error:
            # A service may repeat in its refusal what it was sent.
            said = self._ports.known.redact(error.message)
            raise ConnectError(said, code=error.code, next_step=error.next_step) from None

    def _perform(self, effect: Effect) -> Any:
        return self._ports.http().send(effect.request) if isinstance(effect, Send) else None
