"""The vault: credentials by integration and connection, wherever they are kept.

One entry of the store is one connection's bundle, under `<project>/<integration>/<connection>`
(a declared name, never a path). A bundle is flat text:

| name | value |
|---|---|
| `token`, `client_id`, ... | the credential fields, by their names |
| `oauth.access_token`, `oauth.refresh_token`, `oauth.scope` | the token, as the server gave it |
| `oauth.expires_at`, `oauth.lifetime` | when it ends (ISO 8601, UTC), and after how many seconds |
| `connection.account` | who the service said we are, once it said so |

Everything secret that is read or written is taught to `Known` before anyone can use it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from cellwire.credentials import Field
from cellwire.errors import VaultError
from cellwire.known import Known
from cellwire.oauth.spec import Token
from cellwire.stores import Store
from cellwire.stores.environment import Environment, variable

_ACCOUNT = "connection.account"
_OAUTH = "oauth."


@dataclass(frozen=True)
class Found:
    """What is known of a credential.

    Attributes:
        values: The fields that have a value.
        sources: Where each comes from: `environment REVIEWBOARD_TOKEN`, `vault`, `default`.
        account: Who the service said we are, or None.
    """

    values: Mapping[str, str] = field(repr=False)
    sources: Mapping[str, str]
    account: str | None = None

    def missing(self, fields: Sequence[Field]) -> tuple[Field, ...]:
        """List the required fields that have no value."""
        return tuple(f for f in fields if f.required and not self.values.get(f.name))


class Vault:
    """Reads and keeps the credentials of one project.

    Args:
        store: Where bundles are kept.
        known: Learns every secret value before it is used.
        environ: The environment; its variables win over the store.
        project: Declared name of the project.
    """

    def __init__(
        self,
        store: Store,
        known: Known,
        environ: Mapping[str, str] | None = None,
        project: str = "default",
    ) -> None:
        self._store, self._known, self._project = store, known, project
        self._environment = Environment(environ or {})

    def __repr__(self) -> str:
        return f"<Vault of {self._project}>"

    def read(
        self, integration: str, connection: str, fields: Sequence[Field], *, lenient: bool = False
    ) -> Found:
        """Give what is known of these fields: the environment first, then the store.

        Args:
            integration: Its name.
            connection: Name of the connection.
            fields: Which; nothing else is looked at.
            lenient: Take an entry that cannot be read for absent, in order to replace it.

        Raises:
            VaultError: The entry cannot be read.
        """
        named = self._environment.get(f"{integration}/{connection}") or {}
        bundle = self._bundle(integration, connection).get(lenient=lenient)
        values, sources = {}, {}
        for one in fields:
            for source, value in (
                (f"environment {variable(integration, connection, one.name)}", named.get(one.name)),
                ("vault", bundle.get(one.name)),
                ("default", one.default),
            ):
                if value:
                    values[one.name], sources[one.name] = value, source
                    break
        self.teach(fields, values)
        return Found(values, sources, bundle.get(_ACCOUNT))

    def write(
        self,
        integration: str,
        connection: str,
        fields: Sequence[Field],
        values: Mapping[str, str],
        account: str | None = None,
    ) -> None:
        """Keep fields, and who the service said we are; what else is in the bundle stays.

        Raises:
            VaultError: The store cannot be written.
        """
        self.teach(fields, values)
        fresh = {**values, **({_ACCOUNT: account} if account else {})}
        self._bundle(integration, connection).change(fresh)

    def forget(self, integration: str, connection: str) -> None:
        """Delete everything of a connection."""
        bundle = self._bundle(integration, connection)
        self._store.delete(bundle.key)

    def tokens(self, integration: str, connection: str) -> Tokens:
        """Give the part of the bundle that holds the OAuth token."""
        return Tokens(self._bundle(integration, connection), self._known)

    def describe(self) -> str:
        """Say where credentials are kept and what guards them, the source of its key included."""
        return self._store.describe()

    def teach(self, fields: Sequence[Field], values: Mapping[str, str]) -> None:
        """Teach the secret ones among these values to `Known`."""
        for one in fields:
            if one.secret and (value := values.get(one.name)):
                self._known.teach(value, one.name)

    def _bundle(self, integration: str, connection: str) -> _Bundle:
        parts = (self._project, integration, connection)
        return _Bundle(self._store, "/".join(part.replace("/", "-") for part in parts))


class _Bundle:
    """One entry of a store."""

    def __init__(self, store: Store, key: str) -> None:
        self.key = key
        self._store = store

    def get(self, *, lenient: bool = False) -> dict[str, str]:
        try:
            return self._store.get(self.key) or {}
        except VaultError:
            if lenient:
                return {}
            raise

    def change(self, fresh: Mapping[str, str], drop: str | None = None) -> None:
        """Set values, after dropping those whose names begin with `drop`."""
        with self.lock():
            kept = self.get(lenient=True)
            if drop:
                kept = {n: v for n, v in kept.items() if not n.startswith(drop)}
            if merged := {**kept, **fresh}:
                self._store.put(self.key, merged)
            elif drop:
                self._store.delete(self.key)

    def lock(self) -> AbstractContextManager[None]:
        return self._store.lock(self.key)


class Tokens:
    """The OAuth token in one connection's bundle; made by `Vault.tokens`."""

    def __init__(self, bundle: _Bundle, known: Known) -> None:
        self._bundle, self._known = bundle, known

    def load(self) -> Token | None:
        """Give the stored token, or None.

        Raises:
            VaultError: The entry cannot be read.
        """
        bundle = self._bundle.get()
        if not (access := bundle.get(_OAUTH + "access_token")):
            return None
        expires, lifetime = bundle.get(_OAUTH + "expires_at"), bundle.get(_OAUTH + "lifetime")
        token = Token(
            access,
            bundle.get(_OAUTH + "refresh_token"),
            datetime.fromisoformat(expires) if expires else None,
            float(lifetime) if lifetime else None,
            bundle.get(_OAUTH + "scope", ""),
        )
        self.teach(token)
        return token

    def save(self, token: Token) -> None:
        """Keep a token in place of the former one.

        Raises:
            VaultError: The store cannot be written.
        """
        self.teach(token)
        parts = {
            "access_token": token.access_token,
            "refresh_token": token.refresh_token,
            "expires_at": token.expires_at.isoformat() if token.expires_at else None,
            "lifetime": str(token.lifetime) if token.lifetime else None,
            "scope": token.scope,
        }
        fresh = {_OAUTH + name: value for name, value in parts.items() if value}
        self._bundle.change(fresh, drop=_OAUTH)

    def drop(self) -> None:
        """Delete the token; the fields stay."""
        self._bundle.change({}, drop=_OAUTH)

    def lock(self) -> AbstractContextManager[None]:
        """Hold the entry against every other thread and process."""
        return self._bundle.lock()

    def teach(self, token: Token) -> None:
        """Teach both values to `Known`."""
        self._known.teach(token.access_token, "access_token")
        if token.refresh_token:
            self._known.teach(token.refresh_token, "refresh_token")
