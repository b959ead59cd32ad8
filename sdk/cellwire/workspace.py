"""The one process-wide object: settings, vault, known secrets, clock, background thread.

`Workspace.current()` is resolved at first use; tests replace it with `Workspace.use(...)`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cellwire.background import Background
from cellwire.clock import Clock, System
from cellwire.errors import SettingsError
from cellwire.known import Known
from cellwire.settings import Settings

if TYPE_CHECKING:  # late: defining an integration needs none of these
    from cellwire.screens import Screen
    from cellwire.stores import Store
    from cellwire.vault import Vault


class Workspace:
    """What every integration of this process shares.

    Args:
        settings: What the process was told; read from the environment unless given.
        store: Where credentials are kept; the encrypted file store unless given.
        clock: Tells the time; the computer's unless given.
        screen: Shows and asks; chosen for notebook, terminal or script unless given.
    """

    _current: ClassVar[Workspace | None] = None
    _lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        store: Store | None = None,
        clock: Clock | None = None,
        screen: Screen | None = None,
    ) -> None:
        self.settings = settings or Settings.load()
        self.clock = clock or System()
        self.known = Known()
        self.known.guard_logs()
        self.background = Background()
        self.integrations: dict[str, Any] = {}
        self._store, self._screen = store, screen
        self._pins: list[datetime] = []

    def __repr__(self) -> str:
        return f"<Workspace {self.settings!r}>"

    @classmethod
    def current(cls) -> Workspace:
        """Give the process' workspace, opening it at first use."""
        with cls._lock:
            if cls._current is None:
                cls._current = cls()
            return cls._current

    @classmethod
    @contextmanager
    def use(cls, workspace: Workspace) -> Iterator[Workspace]:
        """Put another workspace in place, and the former one back at the end."""
        with cls._lock:
            former, cls._current = cls._current, workspace
        try:
            yield workspace
        finally:
            with cls._lock:
                cls._current = former
            workspace.close()

    def close(self) -> None:
        """Close every session's connections and listeners, and stop the background thread."""
        for integration in self.integrations.values():
            integration.close()
        self.background.stop()

    @property
    def project(self) -> str:
        """The declared name of the project: vault entries belong to it, not to a path."""
        return project_name(self.settings.project)

    @cached_property
    def vault(self) -> Vault:
        """Credentials at rest, and those of the environment."""
        from cellwire.vault import Vault

        return Vault(
            self._store or self._file_store(),
            self.known,
            environ=self.settings.environ,
            project=self.project,
        )

    def _file_store(self) -> Store:
        from cellwire.files import user_data_dir
        from cellwire.stores.file import File

        return File(user_data_dir(self.settings.data_dir), key=self.settings.vault_key)

    @cached_property
    def screen(self) -> Screen:
        """Where things are shown and asked."""
        from cellwire.screens import choose

        return self._screen or choose(self.background)

    @contextmanager
    def pinned(self, at: datetime) -> Iterator[None]:
        """Let `cellwire.now()` say this time while a cassette is open."""
        self._pins.append(at)
        try:
            yield
        finally:
            self._pins.remove(at)

    def now(self) -> datetime:
        """Give the open cassette's time, or the clock's."""
        return self._pins[-1] if self._pins else self.clock.now()


def project_name(folder: Path) -> str:
    """Read the project's name from `pyproject.toml`; the folder's name where there is none."""
    import tomllib

    path = folder / "pyproject.toml"
    if not path.is_file():
        return folder.name
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}", next_step="Mend the file.") from None
    return str(table.get("project", {}).get("name") or folder.name)


def now() -> datetime:
    """Give the present time, aware, in UTC; inside a cassette's block, the time it was recorded.

    A request that holds the time (`timeMin=cw.now()...`) is then the same in replay.
    """
    return Workspace.current().now()
