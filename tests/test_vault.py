"""Credentials by integration and connection."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cellwire.credentials import Field
from cellwire.known import Known
from cellwire.oauth.spec import Token
from cellwire.stores.file import File
from cellwire.stores.memory import Memory
from cellwire.vault import Vault

FIELDS = (
    Field("host", secret=False),
    Field("token"),
    Field("region", secret=False, required=False, default="eu"),
)
TOKEN = Token("not-real-at", "not-real-rt", datetime(2030, 1, 1, tzinfo=UTC), 3600.0, "a b")


def test_the_environment_wins_over_the_vault_and_each_value_knows_its_source() -> None:
    vault = Vault(Memory(), Known(), {"BOARD_TOKEN": "not-real-environment"})
    vault.write("board", "default", FIELDS, {"host": "h.test", "token": "not-real-kept"}, "ada")
    found = vault.read("board", "default", FIELDS)
    assert found.values == {"host": "h.test", "token": "not-real-environment", "region": "eu"}
    assert found.sources == {
        "host": "vault",
        "token": "environment BOARD_TOKEN",
        "region": "default",
    }
    assert found.account == "ada"
    assert "not-real" not in repr(found)
    assert found.missing(FIELDS) == ()


def test_what_is_missing_is_listed() -> None:
    vault = Vault(Memory(), Known())
    assert [f.name for f in vault.read("board", "default", FIELDS).missing(FIELDS)] == [
        "host",
        "token",
    ]


def test_secrets_are_known_as_soon_as_they_are_read_or_written() -> None:
    store, known = Memory(), Known()
    Vault(store, known).write("board", "default", FIELDS, {"host": "h.test", "token": "not-real-1"})
    assert known.values() == ("not-real-1",)
    fresh = Known()
    vault = Vault(store, fresh, {"BOARD_WORK_TOKEN": "not-real-2"})
    vault.read("board", "default", FIELDS)
    vault.read("board", "work", FIELDS)
    assert set(fresh.values()) == {"not-real-1", "not-real-2"}


def test_projects_integrations_and_connections_are_kept_apart() -> None:
    store = Memory()
    for project, integration, connection in (("p", "a", "x"), ("q", "a", "x"), ("p", "b", "x")):
        vault = Vault(store, Known(), project=project)
        vault.write(integration, connection, FIELDS, {"token": f"{project}{integration}"})
    Vault(store, Known(), project="odd/name").write("a", "x/y", FIELDS, {"token": "odd"})
    assert store.names() == ["odd-name/a/x-y", "p/a/x", "p/b/x", "q/a/x"]
    assert Vault(store, Known(), project="q").read("a", "x", FIELDS).values["token"] == "qa"


def test_a_token_comes_back_as_it_was_and_is_known(tmp_path: Path) -> None:
    store, known = File(tmp_path), Known()
    Vault(store, Known()).write("board", "default", FIELDS, {"token": "not-real-field"})
    Vault(store, Known()).tokens("board", "default").save(TOKEN)
    assert Vault(store, known).tokens("board", "default").load() == TOKEN
    assert set(known.values()) == {"not-real-at", "not-real-rt"}
    assert Vault(store, known).read("board", "default", FIELDS).values["token"] == "not-real-field"


def test_a_new_token_replaces_every_part_of_the_old() -> None:
    vault = Vault(Memory(), Known())
    tokens = vault.tokens("board", "default")
    tokens.save(TOKEN)
    tokens.save(Token("not-real-other"))
    assert tokens.load() == Token("not-real-other")


def test_dropping_the_token_leaves_the_fields() -> None:
    store = Memory()
    vault = Vault(store, Known(), project="p")
    vault.write("board", "default", FIELDS, {"token": "not-real"})
    vault.tokens("board", "default").save(TOKEN)
    vault.tokens("board", "default").drop()
    assert store.get("p/board/default") == {"token": "not-real"}
    vault.tokens("board", "work").save(TOKEN)
    vault.tokens("board", "work").drop()
    assert store.names() == ["p/board/default"]


def test_forgetting_deletes_the_entry() -> None:
    store = Memory()
    vault = Vault(store, Known(), project="p")
    vault.write("board", "default", FIELDS, {"token": "not-real"})
    vault.forget("board", "default")
    assert store.names() == []


def test_it_says_what_guards_it(tmp_path: Path) -> None:
    assert "key file" in Vault(File(tmp_path), Known()).describe()
