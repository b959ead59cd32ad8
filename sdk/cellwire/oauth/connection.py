"""A connection: one authorized account of one integration, and how it comes to be.

What is needed comes by argument, then from the environment, then from the vault; what is missing
then is asked for, and a person who has to sign in is shown where. `connect()` returns at once; the
first call that needs the credential waits with the person.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Self

from cellwire.auth import Auth
from cellwire.auth.oauth2 import OAuth2
from cellwire.credentials import Field
from cellwire.effects import Secrets
from cellwire.errors import ConnectError, NotConnected, VaultError
from cellwire.oauth.access import Access, Resolve
from cellwire.oauth.callback import LIFETIME
from cellwire.oauth.filling import NOTHING, Filling
from cellwire.oauth.ports import Ports
from cellwire.oauth.proof import Proof
from cellwire.oauth.shown import WAIT_SECONDS, Shown, nobody, trouble
from cellwire.oauth.signin import SignIn
from cellwire.oauth.spec import Token
from cellwire.oauth.stand_in import StandIn
from cellwire.oauth.state import DEFAULT, Machine, Snapshot, State
from cellwire.oauth.tokens import SignInNeeded
from cellwire.vault import Found

__all__ = ["Connection", "Ports", "StandIn"]

# What the service does not take: asked for again, although there is a value.
_REFUSED = ("invalid_client", "Unauthorized")


class Connection(Shown):
    """One authorized account of an integration; made by `Integration.connect()`.

    Args:
        integration: Name of the integration.
        name: Name of the connection.
        auth: How its requests prove themselves, or None.
        fields: What its credential holds.
        resolve: Fills `{field}` in an endpoint.
        ports: What it needs of the process.
        prove: Makes the call that proves the connection; gives the account's name, if it knows.
    """

    def __init__(  # noqa: PLR0913 - each is one fact of the integration
        self,
        integration: str,
        name: str = DEFAULT,
        *,
        auth: Auth | None,
        fields: tuple[Field, ...],
        resolve: Resolve,
        ports: Ports,
        prove: Callable[[], str | None] | None = None,
    ) -> None:
        super().__init__(Machine(Snapshot(integration, name)), ports.screen)
        self._key = (integration, name)
        self._filling = Filling(*self._key, fields, vault=ports.vault, project=ports.project)
        self._auth, self._resolve, self._ports = auth, resolve, ports
        self._connecting = threading.RLock()
        self._found: Found = NOTHING
        self._access: Access | None = None
        self._signin: SignIn | None = None
        self._proof = Proof(prove)
        self._proven = self._left = False
        self._begun = 0.0

    @property
    def state(self) -> State:
        """disconnected, waiting, connected, expired or error."""
        with suppress(VaultError):
            self._restore()
        return super().state

    def connect(self, again: bool = False, given: Mapping[str, str] | None = None) -> Self:
        """Ask for what is missing, then show where to sign in; returns at once.

        Args:
            again: Ask and sign in anew although it is connected.
            given: Values of fields; they win over the environment and the vault, and are kept.

        Raises:
            NotConnected: Something is missing and nobody can be asked here.
            ConnectError: The service refused, or the listener's port is taken.
            VaultError: The stored credential cannot be opened.
        """
        with self._connecting:
            self._left = False
            if not (again or given):
                self._restore()
            now = self._machine.snapshot.state
            good = monotonic() - self._begun < LIFETIME
            standing = (now == "waiting" and good) or (now == "connected" and self._proven)
            if again or given or not standing:
                self._begin(again=again, given=given or {})
        self._screen.connection(self._machine)
        return self

    def disconnect(self) -> None:
        """Revoke the token, where the service can, and forget everything of the connection."""
        with self._connecting:
            with suppress(VaultError):
                self._restore()
            self._stop()
            note = self._access.revoke() if self._access else ""
            self._ports.vault.forget(*self._key)
            self._found, self._access, self._left, self._proven = NOTHING, None, True, False
            self._machine.move("disconnected", detail=self._ports.known.redact(note))

    def close(self) -> None:
        """Stop waiting for somebody to sign in, which frees the listener's port."""
        with self._connecting:
            self._stop()
            if self._machine.snapshot.state == "waiting":
                self._machine.move("disconnected")

    def credential(self, rejected: str | None = None) -> Secrets:
        """Give the filled fields, and for OAuth 2.0 an access token that is good now.

        While the person is signing in, this waits with them, at most five minutes.

        Args:
            rejected: An access token the service has just refused: it is renewed, once.

        Raises:
            NotConnected: There is nothing to prove a call with; says how to connect.
            ConnectError: The sign-in failed, or the token cannot be renewed now.
        """
        if not self._proof.under_way:
            self._restore()
            snapshot = self._machine.snapshot
            if snapshot.state == "waiting":
                snapshot = self._machine.settled(WAIT_SECONDS)
            if snapshot.state != "connected":
                raise trouble(snapshot, self._filling.variables())
        return self._secrets(rejected)

    # The way there

    def _begin(self, *, again: bool, given: Mapping[str, str]) -> None:
        self._begun = monotonic()
        self._stop()
        found = self._filling.look(given, lenient=again)
        refused = self._machine.snapshot.code in _REFUSED
        ask = (again or refused) and not given and self._screen.interactive
        if not (self._filling.lacks(found) or (ask and self._filling.open(found))):
            self._proceed(found, anew=again)
            return

        def submit(answers: Mapping[str, str]) -> str | None:
            with self._connecting:
                return self._proceed(self._filling.answered(found, answers), anew=True)

        if link := self._screen.ask(self._filling.form(found), submit):
            hint = f"set {self._filling.variables()} in its environment."
            self._machine.move("waiting", link=link, link_text="Fill in the form", next_step=hint)

    def _proceed(self, found: Found, *, anew: bool) -> str | None:
        """Sign in or prove; gives the link where a person has to go."""
        self._adopt(found)
        if self._access and (anew or not self._access.keeper.restore()):
            return self._sign_in(self._access)
        try:
            self._finish()
        except ConnectError as error:
            if self._access and (isinstance(error, NotConnected) or error.code in _REFUSED):
                return self._sign_in(self._access)
            raise
        return None

    def _sign_in(self, access: Access) -> str:
        if not self._screen.interactive:
            raise nobody(self._machine.snapshot)
        fixed = self._ports.redirect_port
        self._signin = SignIn(
            access.ask,
            access.redirect_port if fixed is None else fixed,
            self._ports,
            title=self._machine.snapshot.title,
            clicked=self._machine.click,
            arrived=self._arrived,
            failed=self._failed,
        )
        link, port, back = self._signin.link, self._signin.port, self._signin.redirect_uri
        hint = f"bring its port here: ssh -L {port}:127.0.0.1:{port} THAT-COMPUTER"
        # Some services refuse an unknown redirect URI on a page of theirs and never come back.
        refused = f"Does the service refuse it? Register this redirect URI there: {back}"
        self._machine.move(
            "waiting", link=link, link_text="Connect", next_step=hint, detail=refused
        )
        return link

    def _arrived(self, token: Token) -> Callable[[], object]:
        if self._access is not None:
            # Kept before anything else can fail: the service gives it once.
            self._access.keeper.keep(token)
        self._filling.keep(self._found, None)
        account = self._proved()
        return lambda: self._stand(account)

    def _finish(self) -> None:
        """Prove the connection, keep what was given, and say that it stands."""
        try:
            account = self._proved()
        except ConnectError as error:
            self._failed(error, link=None)
            raise
        self._stand(account)

    def _proved(self) -> str | None:
        account = self._proof.give(self._found.account)
        self._filling.keep(self._found, account)
        return account

    def _stand(self, account: str | None) -> None:
        self._proven = True
        sources = ", ".join(f"{name} from {place}" for name, place in self._found.sources.items())
        scopes = self._access.keeper.scopes if self._access else frozenset()
        self._machine.move("connected", account=account, scopes=scopes, detail=sources)

    def _failed(self, error: ConnectError, link: str | None) -> None:
        redact, now = self._ports.known.redact, self._machine.snapshot
        self._machine.move(
            "error",
            code=error.code,
            detail=redact(error.message),
            next_step=redact(error.next_step or f"Run {now.call}"),
            link=link,
        )

    def _stop(self) -> None:
        if self._signin:
            self._signin.cancel()
            self._signin = None

    # What is at hand

    def _restore(self) -> None:
        """Take up what an earlier session or another process left in the vault, if it suffices."""
        if self._machine.snapshot.state not in ("disconnected", "expired") or self._left:
            return
        with self._connecting:
            found = self._filling.look({})
            if self._filling.lacks(found):
                return
            self._adopt(found)
            if self._access is None or self._access.keeper.restore():
                self._stand(found.account)
                self._proven = not self._proof.declared or found.account is not None

    def _adopt(self, found: Found) -> None:
        self._filling.teach(found)
        self._found, self._access = found, None
        if isinstance(self._auth, OAuth2):
            tokens = self._ports.vault.tokens(*self._key)
            secrets = Secrets(found.values)
            self._access = Access(self._auth, secrets, self._resolve, tokens, self._ports)

    def _secrets(self, rejected: str | None) -> Secrets:
        if self._access is None:
            return Secrets(self._found.values)
        try:
            return self._access.secrets(rejected)
        except SignInNeeded as error:
            self._machine.move("expired", detail=error.message)
            raise trouble(self._machine.snapshot) from None
