"""Places and files: where private data lives, atomic writes, and locks that hold across processes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cellwire.errors import Error

PRIVATE = 0o600
SHARED = 0o644
_LOCK_SECONDS = 90.0


def user_data_dir(data_dir: Path | None = None) -> Path:
    """Give the folder of private data: the one that was set, or the user's data folder.

    It is not created: reading must leave no trace.
    """
    if data_dir is not None:
        return data_dir
    from platformdirs import user_data_path

    return user_data_path("cellwire", appauthor=False)


def write_atomic(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Put `data` at `path`, whole or not at all, whatever happens meanwhile.

    Args:
        path: Where to; missing folders are made, 0700 where the file is private.
        data: The bytes.
        mode: `PRIVATE` or `SHARED`; the file has it from its first byte on.
    """
    make_folder(path.parent, private=mode == PRIVATE)
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    _sync_folder(path.parent)


def make_folder(folder: Path, *, private: bool) -> None:
    """Make a folder and those above it; a private one is for its owner alone."""
    if private and not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def lock(path: Path, seconds: float = _LOCK_SECONDS) -> Iterator[None]:
    """Hold `path` against every other thread and process; one thread may take it again.

    Args:
        path: The lock file; it stays when the lock is released.
        seconds: How long to wait for another holder.

    Raises:
        Error: Another thread or process kept it longer than that.
    """
    from filelock import FileLock, Timeout

    make_folder(path.parent, private=True)
    # One object a path: filelock counts a thread's second acquisition only on the same object.
    held = FileLock(path, timeout=seconds, mode=PRIVATE, is_singleton=True)
    try:
        held.acquire()
    except Timeout:
        raise Error(
            f"{path} is held by another process for more than {seconds:.0f} s",
            next_step="End the other process (another notebook of yours?), then try again.",
        ) from None
    try:
        yield
    finally:
        held.release()


def _sync_folder(folder: Path) -> None:
    """Let the rename reach the disk, where a folder can be opened (not on Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def own_folder(project: Path) -> Path:
    """Make the project's `.cellwire` folder, for what is under way; git ignores it.

    Args:
        project: Folder of the project.
    """
    folder = project / ".cellwire"
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder
