"""Stores: where credentials are kept at rest. This file is the contract; each kind is one file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import ClassVar, Self

from cellwire.settings import Settings


class Store(ABC):
    """Entries of text values under a key such as `my-project/reviewboard/work`.

    A store knows nothing of fields and tokens: the vault does.
    """

    name: ClassVar[str]
    writable: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def open(cls, settings: Settings) -> Self:
        """Build the store as the process was told to; nothing is created by it."""

    @abstractmethod
    def get(self, key: str) -> dict[str, str] | None:
        """Give an entry, or None.

        Raises:
            VaultError: There is one and it cannot be read.
        """

    @abstractmethod
    def put(self, key: str, values: Mapping[str, str]) -> None:
        """Keep an entry, whole or not at all.

        Raises:
            VaultError: It cannot be written.
        """

    @abstractmethod
    def delete(self, key: str) -> None:
        """Forget an entry; one that is not there is no error."""

    @abstractmethod
    def names(self) -> list[str]:
        """List the keys, sorted."""

    @abstractmethod
    def lock(self, key: str) -> AbstractContextManager[None]:
        """Hold an entry against everyone else; one thread may take it again."""

    @abstractmethod
    def describe(self) -> str:
        """Say where entries are kept and what guards them, for people."""
