"""Every registered kind of store keeps the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from cellwire.errors import VaultError
from cellwire.kinds import Kinds
from cellwire.settings import Settings
from cellwire.stores import Store

KINDS = Kinds("cellwire.stores", Store)
KEY = "a-project/board/default"
WORK = "a-project/board/work"
VALUES = {"token": "not-a-real-token-\u00e9\n", "empty": ""}


WRITABLE = [name for name in KINDS.names() if KINDS.load(name).writable]
READ_ONLY = sorted(set(KINDS.names()) - set(WRITABLE))


def opened(name: str, folder: Path) -> Store:
    environ = {"CELLWIRE_DATA_DIR": str(folder / "data"), "BOARD_TOKEN": "not-real-environment"}
    return KINDS.load(name).open(Settings.load(environ, folder))


@pytest.fixture(params=KINDS.names())
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return opened(request.param, tmp_path)


@pytest.fixture(params=WRITABLE)
def writable(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return opened(request.param, tmp_path)


@pytest.mark.parametrize("name", READ_ONLY)
def test_a_read_only_store_says_so(name: str, tmp_path: Path) -> None:
    store = opened(name, tmp_path)
    for change in (lambda: store.put(KEY, VALUES), lambda: store.delete(KEY)):
        with pytest.raises(VaultError, match="read only"):
            change()


def test_it_is_named_after_its_file(store: Store) -> None:
    assert type(store).__module__.rpartition(".")[2] == store.name


def test_an_entry_is_given_back_as_it_was_put(writable: Store) -> None:
    assert writable.get(KEY) is None
    writable.put(KEY, VALUES)
    writable.put(WORK, {"token": "not-a-real-work-token"})
    assert writable.get(KEY) == VALUES
    assert writable.names() == [KEY, WORK]


def test_an_entry_is_replaced_whole(writable: Store) -> None:
    writable.put(KEY, VALUES)
    writable.put(KEY, {"other": "x"})
    assert writable.get(KEY) == {"other": "x"}


def test_changing_what_was_given_changes_nothing_kept(writable: Store) -> None:
    writable.put(KEY, VALUES)
    (writable.get(KEY) or {})["token"] = "changed"
    assert writable.get(KEY) == VALUES


def test_a_deleted_entry_is_gone_and_may_be_deleted_again(writable: Store) -> None:
    writable.put(KEY, VALUES)
    writable.delete(KEY)
    writable.delete(KEY)
    assert (writable.get(KEY), writable.names()) == (None, [])


@pytest.mark.parametrize("key", ["A/b/c", "a/b/C", "\u00fc/b/c", "a b/%2f/..", "../../x/y"])
def test_any_key_is_kept_apart(writable: Store, key: str) -> None:
    writable.put("a/b/c", {"a": "1"})
    writable.put(key, {"a": "2"})
    assert writable.get("a/b/c") == {"a": "1"}
    assert set(writable.names()) == {"a/b/c", key}


def test_one_thread_may_hold_an_entry_twice_and_write_meanwhile(writable: Store) -> None:
    with writable.lock(KEY), writable.lock(KEY):
        writable.put(KEY, VALUES)
    assert writable.get(KEY) == VALUES


def test_no_repr_and_no_description_shows_a_value(store: Store) -> None:
    if store.writable:
        store.put(KEY, VALUES)
    assert store.get(KEY)
    for text in (repr(store), store.describe()):
        assert "not-real" not in text
        assert "not-a-real" not in text
