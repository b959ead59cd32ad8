"""Credentials in files, each sealed (Fernet: AES-128-CBC and HMAC-SHA-256), for one user.

The key comes from `CELLWIRE_KEY` (a spawner or a secret manager sets it), else from a key file
beside the entries. A key file keeps credentials out of greps, commits and backups of single
files; it does not keep them from code that runs as the same user.

A sealed file is a line, `cellwire-vault 1`, and a Fernet token of JSON: `{"key", "values"}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import unquote

from cellwire.errors import Error, VaultError
from cellwire.files import lock, user_data_dir, write_atomic
from cellwire.settings import Settings
from cellwire.stores import Store

HEADER = b"cellwire-vault 1\n"
_SUFFIX = ".sealed"
_NEW_KEY = (
    'python -c "from cryptography.fernet import Fernet as F; print(F.generate_key().decode())"'
)


class File(Store):
    """Keeps each entry in a 0600 file of its own, in a 0700 folder outside any notebook tree.

    Args:
        folder: The user's data folder.
        key: A Fernet key; without one, a key file is made with the first entry.
    """

    name: ClassVar[str] = "file"

    def __init__(self, folder: Path, key: str | None = None) -> None:
        self._folder = folder / "vault"
        self._key_file = self._folder / "key"
        self._key = key or None

    def __repr__(self) -> str:
        return "<File>"

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Keep entries where the settings say; nothing is made before the first `put`."""
        return cls(user_data_dir(settings.data_dir), settings.vault_key)

    def get(self, key: str) -> dict[str, str] | None:
        """Give an entry, or None.

        Raises:
            VaultError: It was sealed with another key, is damaged, or is of a newer format.
        """
        try:
            sealed = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _cannot("read", key, error) from None
        return self._opened(sealed, key)

    def put(self, key: str, values: Mapping[str, str]) -> None:
        """Seal an entry and put it in place atomically; one that cannot be read is set aside."""
        path = self._path(key)
        with self.lock(key):
            try:
                sealed = self._sealed(key, values)
                self._set_aside(path, key)
                write_atomic(path, sealed)
            except OSError as error:
                raise _cannot("write", key, error) from None

    def delete(self, key: str) -> None:
        """Remove an entry's file."""
        if not self._path(key).exists():
            return
        with self.lock(key):
            try:
                self._path(key).unlink(missing_ok=True)
            except OSError as error:
                raise _cannot("delete", key, error) from None

    def names(self) -> list[str]:
        """List the keys, sorted."""
        found = self._folder.glob("*" + _SUFFIX) if self._folder.is_dir() else ()
        return sorted(unquote(path.name.removesuffix(_SUFFIX)) for path in found)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold an entry against every thread and process of this user."""
        with ExitStack() as stack:
            try:
                stack.enter_context(lock(self._path(key).with_suffix(".lock")))
            except OSError as error:
                raise _cannot("lock", key, error) from None
            except Error as error:
                raise VaultError(error.message, next_step=error.next_step) from None
            yield

    def describe(self) -> str:
        """Say which key seals the files."""
        source = "CELLWIRE_KEY" if self._key else f"the key file {self._key_file}"
        return f"encrypted files in {self._folder}; key from {source}"

    def _path(self, key: str) -> Path:
        return self._folder / (_file_name(key) + _SUFFIX)

    def _sealed(self, key: str, values: Mapping[str, str]) -> bytes:
        cipher = self._cipher(self._key or self._read_key() or self._make_key())
        text = json.dumps({"key": key, "values": dict(values)}, ensure_ascii=False)
        return HEADER + bytes(cipher.encrypt(text.encode()))

    def _opened(self, sealed: bytes, key: str) -> dict[str, str]:
        from cryptography.fernet import InvalidToken

        header, _, token = sealed.partition(b"\n")
        if header + b"\n" != HEADER:
            raise VaultError(
                f"the vault entry {key} is damaged or was written by a newer cellwire",
                next_step="Update cellwire, or give the credentials anew: connect(again=True)",
            )
        secret = self._key or self._read_key()
        try:
            entry = json.loads(self._cipher(secret).decrypt(token)) if secret else {}
        except (InvalidToken, ValueError):
            entry = {}
        if entry.get("key") != key:
            raise self._mismatch(key, missing=secret is None)
        return {str(k): str(v) for k, v in entry["values"].items()}

    def _mismatch(self, key: str, *, missing: bool) -> VaultError:
        source = "CELLWIRE_KEY" if self._key else f"the key file {self._key_file}"
        reason = "is missing" if missing else "does not open it"
        return VaultError(
            f"the vault entry {key} cannot be opened: {source} {reason}",
            next_step="Restore the key it was sealed with, or connect again: connect(again=True). "
            "The sealed file is kept.",
        )

    def _set_aside(self, path: Path, key: str) -> None:
        if not path.exists():
            return
        try:
            self._opened(path.read_bytes(), key)
        except VaultError:
            number = next(n for n in range(1, 10_000) if not _aside(path, n).exists())
            path.replace(_aside(path, number))

    def _cipher(self, key: str) -> Any:
        from cryptography.fernet import Fernet

        try:
            return Fernet(key)
        except ValueError:
            source = "CELLWIRE_KEY" if self._key else str(self._key_file)
            raise VaultError(
                f"{source} holds no Fernet key (32 bytes in URL-safe base64)",
                next_step=f"Restore the key, or make one: {_NEW_KEY}",
            ) from None

    def _read_key(self) -> str | None:
        try:
            return self._key_file.read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise VaultError(
                f"the key file {self._key_file} cannot be read",
                next_step="Restore it with the permissions 0600, or set CELLWIRE_KEY.",
            ) from None

    def _make_key(self) -> str:
        from cryptography.fernet import Fernet

        with lock(self._folder / "key.lock"):
            if made := self._read_key():
                return made
            key = Fernet.generate_key()
            write_atomic(self._key_file, key + b"\n")
            return key.decode("ascii")


def _file_name(key: str) -> str:
    """Escape a key for any file system, those that ignore case included."""
    return re.sub(r"[^a-z0-9_.-]", lambda m: "".join(f"%{b:02x}" for b in m.group().encode()), key)


def _aside(path: Path, number: int) -> Path:
    return path.with_suffix(f".unreadable-{number}")


def _cannot(verb: str, key: str, error: OSError) -> VaultError:
    return VaultError(
        f"cannot {verb} the vault entry {key}: {error.strerror}: {error.filename}",
        next_step="Check the folder's permissions and free space, or set CELLWIRE_DATA_DIR.",
    )
