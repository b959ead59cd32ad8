"""The token of one connection: a fresh one is a plain read, a renewal happens once.

Renewal: take the lock that holds across threads and processes, load what is stored now, renew
only if nobody else did, keep the new token before anyone uses it, release the lock. A service
that rotates refresh tokens revokes the whole family when a used one comes twice, so two renewals
at a time would sign the person out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from cellwire.clock import Clock
from cellwire.errors import ConnectError
from cellwire.oauth.spec import Token
from cellwire.vault import Tokens

_GONE = ("invalid_grant", "invalid_token")


class Renews(Protocol):
    """Sends a token's refresh token to the service."""

    def __call__(self, token: Token) -> Token:
        """Give what the service answered.

        Raises:
            ConnectError: It refused, or cannot be reached.
        """


class SignInNeeded(ConnectError):
    """The token is of no use any more, and cannot be renewed; the connection says what to do."""


class TokenKeeper:
    """Gives out the access token of one connection.

    Args:
        tokens: Where it is stored.
        renews: Renews it at the service.
        clock: Tells the time.
    """

    def __init__(self, tokens: Tokens, renews: Renews, clock: Clock) -> None:
        self._tokens, self._renews, self._clock = tokens, renews, clock
        self._token: Token | None = None

    def __repr__(self) -> str:
        return "<TokenKeeper>"

    @property
    def scopes(self) -> frozenset[str]:
        """What the token reaches, as the service said; some part scopes with commas."""
        scope = self._token.scope if self._token else ""
        return frozenset(scope.replace(",", " ").split())

    def restore(self) -> bool:
        """Load the stored token; whether there is one."""
        self._token = self._tokens.load()
        return self._token is not None

    def keep(self, token: Token) -> None:
        """Store a new token, then use it."""
        with self._tokens.lock():
            self._tokens.save(token)
            self._token = token

    def fresh(self) -> str:
        """Give an access token that is good now; without a lock, unless it is about to end.

        Raises:
            SignInNeeded: There is none, or it has ended and cannot be renewed.
            ConnectError: The service cannot be reached and the token has ended.
        """
        token = self._token
        if token is None:
            raise SignInNeeded("there is no token", code="no_token")
        if not token.due(self._clock.now()):
            return token.access_token
        try:
            return self.renew(token.access_token)
        except SignInNeeded:
            raise
        except ConnectError:
            if token.over(self._clock.now()):
                raise
            return token.access_token

    def renew(self, rejected: str | None = None) -> str:
        """Give another access token than the one the service rejected.

        If somebody else renewed it meanwhile, theirs is given. A token that cannot be renewed and
        has not ended is given back as it is: the service's own refusal says more than we could.

        Raises:
            SignInNeeded: The service refused to renew, or the token has ended.
            ConnectError: The service cannot be reached.
        """
        with self._tokens.lock():
            stored = self._tokens.load()
            if stored is None:
                self._token = None
                raise SignInNeeded("the token was deleted meanwhile", code="no_token")
            now = self._clock.now()
            if stored.access_token != rejected and not stored.due(now):
                self._token = stored
            elif stored.refresh_token:
                self._token = self._renewed(stored)
            elif stored.over(now):
                raise SignInNeeded("the token has ended", code="expired")
            else:
                self._token = stored
            return self._token.access_token

    def _renewed(self, stored: Token) -> Token:
        try:
            answered = self._renews(stored)
        except ConnectError as error:
            if error.code in _GONE:
                # Another process that finds it would only be refused again.
                self._tokens.drop()
                raise SignInNeeded(error.message, code=error.code) from None
            raise
        token = replace(
            answered,
            refresh_token=answered.refresh_token or stored.refresh_token,
            scope=answered.scope or stored.scope,
        )
        try:
            self._tokens.save(token)
        finally:
            # Should the disk be full: the old refresh token is used up, this one is all we have.
            self._token = token
        return token

    def forget(self) -> Token | None:
        """Drop the token from memory, and give it to be revoked."""
        token, self._token = self._token, None
        return token
