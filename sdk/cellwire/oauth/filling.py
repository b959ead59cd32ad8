"""The fields of a connection's credential: where they come from, who is asked, what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cellwire.credentials import Field
from cellwire.errors import ConnectError, DefinitionError
from cellwire.oauth.state import Snapshot
from cellwire.screens import Form
from cellwire.stores.environment import variable
from cellwire.vault import Found, Vault

NOTHING = Found({}, {})


class Filling:
    """Fills the fields of one connection: argument, then environment, then vault.

    Args:
        integration: Name of the integration.
        connection: Name of the connection.
        fields: What its credential holds.
        vault: Reads and keeps them.
        project: Name of the project they belong to.
    """

    def __init__(
        self,
        integration: str,
        connection: str,
        fields: tuple[Field, ...],
        *,
        vault: Vault,
        project: str,
    ) -> None:
        self._key = (integration, connection)
        self._fields, self._vault, self._project = fields, vault, project

    def look(self, given: Mapping[str, str], *, lenient: bool = False) -> Found:
        """Gather what is known; `lenient` takes a vault entry that cannot be opened for absent.

        Raises:
            DefinitionError: A given name is no field.
            VaultError: The entry cannot be opened.
        """
        names = {f.name for f in self._fields}
        if strange := set(given) - names:
            raise DefinitionError(
                f"{self._key[0]} has no credential field {min(strange)!r}",
                next_step=f"Give one of: {', '.join(sorted(names))}",
            )
        found = self._vault.read(*self._key, self._fields, lenient=lenient)
        return _with(found, given, "argument")

    def lacks(self, found: Found) -> bool:
        """Whether a required field has no value."""
        return bool(found.missing(self._fields))

    def open(self, found: Found) -> tuple[Field, ...]:
        """List the fields a person can fill in: those that the environment does not fix."""
        return tuple(f for f in self._fields if _own(found.sources.get(f.name, "")))

    def form(self, found: Found) -> Form:
        """Draw up what to ask."""
        fields = self.open(found)
        secret = {f.name for f in fields if f.secret}
        return Form(
            title=Snapshot(*self._key).title,
            fields=fields,
            variables={f.name: variable(*self._key, f.name) for f in fields},
            values={n: v for n, v in found.values.items() if n not in secret},
            kept=frozenset(secret & set(found.values)),
            place=f"{self._vault.describe()} (project {self._project})",
        )

    def answered(self, found: Found, answers: Mapping[str, str]) -> Found:
        """Add a form's answers; what was left empty stays as it was.

        Raises:
            ConnectError: A required field is still missing.
        """
        filled = _with(found, answers, "form")
        if missing := filled.missing(self._fields):
            names = ", ".join(f.name for f in missing)
            raise ConnectError(f"missing: {names}", code="missing", next_step="Fill it in.")
        return filled

    def teach(self, found: Found) -> None:
        """Make every secret value known before it is used."""
        self._vault.teach(self._fields, found.values)

    def keep(self, found: Found, account: str | None) -> None:
        """Keep what is ours to keep: not what the environment fixes."""
        own = {n: v for n, v in found.values.items() if _own(found.sources[n])}
        if own:
            self._vault.write(*self._key, self._fields, own, account)

    def variables(self) -> str:
        """Name the environment variables that would suffice."""
        return ", ".join(variable(*self._key, f.name) for f in self._fields if f.required)


def _own(source: str) -> bool:
    return not source.startswith("environment")


def _with(found: Found, more: Mapping[str, str], source: str) -> Found:
    fresh = {name: value for name, value in more.items() if value}
    return replace(
        found,
        values={**found.values, **fresh},
        sources={**found.sources, **dict.fromkeys(fresh, source)},
    )
