"""Credentials given by environment variables: read only, in CI and containers.

`REVIEWBOARD_TOKEN` is the field `token` of the integration `reviewboard`;
`REVIEWBOARD_WORK_TOKEN` that of its connection "work".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar, NoReturn, Self

from cellwire.errors import VaultError
from cellwire.settings import Settings
from cellwire.stores import Store

DEFAULT = "default"


class Environment(Store):
    """Reads variables; nothing can be put into it.

    Args:
        environ: The environment as it was when the process was told its settings.
    """

    name: ClassVar[str] = "environment"
    writable: ClassVar[bool] = False

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __repr__(self) -> str:
        return "<Environment>"

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Read from the settings' environment."""
        return cls(settings.environ)

    def get(self, key: str) -> dict[str, str] | None:
        """Give what the variables hold for an integration's connection, by field, or None."""
        prefix = _prefix(*key.split("/")[-2:])
        found = {
            name.removeprefix(prefix).lower(): value
            for name, value in self._environ.items()
            if name.startswith(prefix) and value
        }
        return found or None

    def put(self, key: str, values: Mapping[str, str]) -> None:  # noqa: ARG002 - refused unread
        """Refuse.

        Raises:
            VaultError: Always.
        """
        self._refuse(key)

    def delete(self, key: str) -> None:
        """Refuse.

        Raises:
            VaultError: Always, unless there is nothing to delete.
        """
        if self.get(key) is not None:
            self._refuse(key)

    def names(self) -> list[str]:
        """List nothing: which variables are credentials, only an integration knows."""
        return []

    def lock(self, key: str) -> AbstractContextManager[None]:  # noqa: ARG002 - nothing changes
        """Hold nothing: the environment does not change."""
        return nullcontext()

    def describe(self) -> str:
        """Say where from."""
        return "environment variables; read only"

    @staticmethod
    def _refuse(key: str) -> NoReturn:
        raise VaultError(
            f"{key}: environment variables are read only",
            next_step="Set or unset the variable where this process is started.",
        )


def variable(integration: str, connection: str, field: str) -> str:
    """Name the variable of a field: `REVIEWBOARD_TOKEN`, `REVIEWBOARD_WORK_TOKEN`."""
    return _prefix(integration, connection) + field.upper()


def _prefix(integration: str, connection: str = DEFAULT) -> str:
    parts = [integration] if connection == DEFAULT else [integration, connection]
    return "".join(re.sub(r"[^A-Z0-9]", "_", part.upper()) + "_" for part in parts)
