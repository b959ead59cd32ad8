"""Variables of the environment as credentials."""

from __future__ import annotations

from cellwire.stores.environment import Environment, variable

ENVIRON = {
    "BOARD_TOKEN": "not-real-1",
    "BOARD_WORK_TOKEN": "not-real-2",
    "BOARD_EMPTY": "",
    "BOARDER_TOKEN": "not-real-3",
}


def test_a_variable_is_named_after_integration_connection_and_field() -> None:
    assert variable("board", "default", "client_id") == "BOARD_CLIENT_ID"
    assert variable("board", "work", "token") == "BOARD_WORK_TOKEN"
    assert variable("board", "my-team 2", "token") == "BOARD_MY_TEAM_2_TOKEN"


def test_each_connection_reads_its_own() -> None:
    store = Environment(ENVIRON)
    assert (store.get("p/board/default") or {})["token"] == "not-real-1"
    assert store.get("p/board/work") == {"token": "not-real-2"}
    assert store.get("p/board/home") is None
    assert store.get("p/boar/default") is None


def test_an_empty_variable_counts_as_none() -> None:
    assert "empty" not in (Environment(ENVIRON).get("p/board/default") or {})
