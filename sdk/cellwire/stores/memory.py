"""Credentials kept as long as the process lives."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import ClassVar, Self, cast

from cellwire.settings import Settings
from cellwire.stores import Store


class Memory(Store):
    """Keeps entries in this process; for tests, and where nothing may touch the disk."""

    name: ClassVar[str] = "memory"

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, str]] = {}
        self._guard = threading.Lock()
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    def __repr__(self) -> str:
        return f"<Memory {len(self._entries)} entries>"

    @classmethod
    def open(cls, settings: Settings) -> Self:  # noqa: ARG003 - memory needs no telling
        """Build an empty store."""
        return cls()

    def get(self, key: str) -> dict[str, str] | None:
        """Give a copy of an entry, or None."""
        with self._guard:
            entry = self._entries.get(key)
            return None if entry is None else dict(entry)

    def put(self, key: str, values: Mapping[str, str]) -> None:
        """Keep a copy."""
        with self._guard:
            self._entries[key] = dict(values)

    def delete(self, key: str) -> None:
        """Forget an entry."""
        with self._guard:
            self._entries.pop(key, None)

    def names(self) -> list[str]:
        """List the keys, sorted."""
        with self._guard:
            return sorted(self._entries)

    def lock(self, key: str) -> AbstractContextManager[None]:
        """Hold an entry against other threads."""
        with self._guard:
            return cast(AbstractContextManager[None], self._locks[key])

    def describe(self) -> str:
        """Say that nothing is kept."""
        return "the memory of this process; forgotten at its end"
