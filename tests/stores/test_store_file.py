"""The encrypted files: who may read them, and what a wrong key or a crash does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from cellwire.errors import VaultError
from cellwire.stores.file import HEADER, File

KEY = "a-project/board/default"
VALUES = {"token": "not-a-real-token"}


def sealed(folder: Path) -> Path:
    (path,) = (folder / "vault").glob("*.sealed")
    return path


def test_building_and_reading_leave_no_trace(tmp_path: Path) -> None:
    store = File(tmp_path / "data")
    assert store.get(KEY) is None
    assert store.names() == []
    store.delete(KEY)
    assert not (tmp_path / "data").exists()


def test_the_value_is_not_in_the_file(tmp_path: Path) -> None:
    File(tmp_path).put(KEY, VALUES)
    data = sealed(tmp_path).read_bytes()
    assert data.startswith(HEADER)
    assert b"not-a-real-token" not in data


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_files_and_folder_are_the_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        File(tmp_path).put(KEY, VALUES)
    finally:
        os.umask(old)
    assert (tmp_path / "vault").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "vault").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path.name


def test_the_source_of_the_key_is_told_the_key_is_not(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    assert "CELLWIRE_KEY" in File(tmp_path, key).describe()
    assert key not in File(tmp_path, key).describe()
    assert "key file" in File(tmp_path).describe()


def test_with_a_key_of_the_environment_no_key_file_is_made(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    File(tmp_path, key).put(KEY, VALUES)
    assert File(tmp_path, key).get(KEY) == VALUES
    assert not (tmp_path / "vault" / "key").exists()


@pytest.mark.parametrize("lost", ["replaced", "missing", "environment"])
def test_another_key_is_an_error_that_keeps_everything(tmp_path: Path, lost: str) -> None:
    File(tmp_path).put(KEY, VALUES)
    before, key_file = sealed(tmp_path).read_bytes(), tmp_path / "vault" / "key"
    right = key_file.read_bytes()
    other = Fernet.generate_key()
    if lost == "replaced":
        key_file.write_bytes(other)
    elif lost == "missing":
        key_file.unlink()
    store = File(tmp_path, other.decode() if lost == "environment" else None)
    with pytest.raises(VaultError) as caught:
        store.get(KEY)
    text = str(caught.value)
    assert "Restore the key" in text
    assert "connect(again=True)" in text
    assert other.decode() not in text
    assert sealed(tmp_path).read_bytes() == before
    key_file.write_bytes(right)
    assert File(tmp_path).get(KEY) == VALUES


def test_writing_over_what_cannot_be_opened_sets_it_aside(tmp_path: Path) -> None:
    File(tmp_path).put(KEY, VALUES)
    before = sealed(tmp_path).read_bytes()
    key = Fernet.generate_key().decode()
    store = File(tmp_path, key)
    store.put(KEY, {"token": "not-a-real-new-one"})
    assert store.get(KEY) == {"token": "not-a-real-new-one"}
    (aside,) = (tmp_path / "vault").glob("*.unreadable-*")
    assert aside.read_bytes() == before
    assert store.names() == [KEY]


@pytest.mark.parametrize("key", ["short", "not base64 !", "\u00fc" * 44])
def test_a_key_that_is_none_is_named(tmp_path: Path, key: str) -> None:
    with pytest.raises(VaultError, match="CELLWIRE_KEY holds no Fernet key") as caught:
        File(tmp_path, key).put(KEY, VALUES)
    assert key not in str(caught.value)
    assert list((tmp_path / "vault").glob("*.sealed")) == []


@pytest.mark.parametrize(
    "data", [b"", b"cellwire-vault 2\nx", b"\xff\xfe", HEADER, HEADER + b"gAAAA", b"token: x"]
)
def test_a_damaged_entry_is_an_error_of_ours(tmp_path: Path, data: bytes) -> None:
    store = File(tmp_path)
    store.put(KEY, VALUES)
    sealed(tmp_path).write_bytes(data)
    with pytest.raises(VaultError):
        store.get(KEY)
    assert sealed(tmp_path).read_bytes() == data


def test_an_entry_under_another_name_is_refused(tmp_path: Path) -> None:
    store = File(tmp_path)
    store.put(KEY, VALUES)
    sealed(tmp_path).rename(store._path("a-project/board/work"))
    with pytest.raises(VaultError):
        store.get("a-project/board/work")


PUTTER = """
import sys
from pathlib import Path
from cellwire.stores.file import File
store = File(Path(sys.argv[1]))
number = 0
while True:
    store.put("a-project/board/default", {"token": "x" * 50_000, "number": str(number)})
    number += 1
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_process_killed_while_it_writes_leaves_a_whole_entry(tmp_path: Path) -> None:
    for turn in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", PUTTER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout
            for _ in range(3 + turn):
                other.stdout.readline()
            other.send_signal(signal.SIGKILL)
        entry = File(tmp_path).get(KEY)
        assert entry is not None
        assert int(entry["number"]) >= 2 + turn
        assert entry["token"] == "x" * 50_000
    File(tmp_path).put(KEY, VALUES)
    assert File(tmp_path).get(KEY) == VALUES
