"""Connecting, on real loopback with a scripted browser."""

from __future__ import annotations

import logging
import socket
import threading
import time
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from tests.oauth.authorization import CLIENT_ID, CLIENT_SECRET
from tests.oauth.conftest import World

from cellwire.auth.bearer import Bearer
from cellwire.credentials import Field
from cellwire.errors import (
    ConnectError,
    ConnectionFailed,
    DefinitionError,
    NotConnected,
    VaultError,
)
from cellwire.oauth.connection import StandIn
from cellwire.screens.silent import Silent
from cellwire.stores.file import File

KEY = "a-project/board/default"


def listens(link: str | None) -> bool:
    parts = urlsplit(link or "")
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname or "", parts.port or 0)) == 0


def test_a_sign_in_through_a_browser_connects(world: World) -> None:
    connection = world.connection()
    assert connection.state == "disconnected"
    assert repr(connection) == "board: not connected"
    connection.connect()
    link = connection.link
    assert (connection.state, repr(connection)) == ("waiting", "board: not connected")
    page = world.browser.get(link)
    assert page.status_code == 200
    assert "Connected to board. You can close this tab" in page.text
    connection.wait(10)
    assert (connection.state, repr(connection)) == ("connected", "board: connected")
    assert connection.scopes == {"read", "write"}
    secrets = connection.credential()
    assert secrets["access_token"] in world.server.access
    assert secrets["client_id"] == CLIENT_ID
    assert not listens(link)


def test_the_listener_is_bound_to_loopback_alone(world: World) -> None:
    connection = world.connection().connect()
    assert urlsplit(connection.link).hostname == "127.0.0.1"
    inner = connection._signin._listener._server
    assert inner.socket.getsockname()[0] == "127.0.0.1"
    assert listens(connection.link)
    connection.disconnect()


def test_a_call_made_while_the_person_signs_in_waits_with_them(world: World) -> None:
    connection = world.connection().connect()
    got: list[str] = []
    call = threading.Thread(target=lambda: got.append(connection.credential()["access_token"]))
    call.start()
    world.browser.get(connection.link)
    call.join(10)
    assert got == list(world.server.access)


def test_the_link_in_the_notebook_holds_neither_state_nor_challenge(world: World) -> None:
    connection = world.connection().connect()
    assert "?" not in connection.link
    hop = httpx.get(connection.link, trust_env=False)
    assert hop.status_code == 302
    assert "code_challenge=" in hop.headers["location"]
    cookie = hop.headers["set-cookie"]
    assert "HttpOnly; SameSite=Lax; Path=/" in cookie
    assert "state=" not in connection.link
    connection.disconnect()


def test_another_connection_name_stands_in_the_line(world: World) -> None:
    world.environ = {"BOARD_WORK_TOKEN": "not-a-real-token"}
    auth = Bearer()
    work = world.connection(auth, name="work").connect()
    assert repr(work) == "board: connected (work)"
    assert work.credential() == {"token": "not-a-real-token"}


# Refusals


def test_a_denied_consent_says_so_and_the_link_can_be_clicked_again(world: World) -> None:
    world.server.deny = True
    connection = world.connection().connect()
    page = world.browser.get(connection.link)
    assert page.status_code == 400
    assert "consent was denied" in page.text
    assert "<b>No</b>" not in page.text
    assert "&lt;b&gt;No&lt;/b&gt;" in page.text
    with pytest.raises(ConnectError, match="access_denied"):
        connection.wait(10)
    assert repr(connection) == "board: error (access_denied)"
    assert world.server.grants == []
    with pytest.raises(ConnectError, match="consent was denied"):
        connection.credential()
    world.server.deny = False
    assert world.browser.get(connection.link).status_code == 200
    assert settles(connection) == "connected"


def settles(connection: object) -> str:
    until = time.monotonic() + 10
    while connection._machine.snapshot.state != "connected" and time.monotonic() < until:
        time.sleep(0.01)
    return connection._machine.snapshot.state


def test_a_wrong_client_secret_is_named_and_asked_for_again(world: World) -> None:
    world.environ = {"BOARD_CLIENT_ID": CLIENT_ID}
    connection = world.connection().connect()
    form, submit = world.screen.forms.pop()
    assert [f.name for f in form.fields] == ["client_secret"]
    link = submit({"client_secret": "a-wrong-one-of-tests"})
    page = world.browser.get(link)
    assert "wrong client secret" in page.text
    with pytest.raises(ConnectError, match=r"wrong client secret[\s\S]*connect\(again=True\)"):
        connection.wait(10)
    assert not listens(link)
    connection.connect()
    form, submit = world.screen.forms.pop()
    link = submit({"client_secret": CLIENT_SECRET})
    world.browser.get(link)
    assert connection.wait(10).state == "connected"


def test_a_provider_that_fails_is_named(world: World) -> None:
    world.server.broken = 503
    connection = world.connection().connect()
    assert world.browser.get(connection.link).status_code == 400
    with pytest.raises(ConnectError, match="token endpoint failed"):
        connection.wait(10)
    connection.disconnect()


def test_a_provider_that_is_down_is_named(world: World, free_port: int) -> None:
    auth = world.auth(token_endpoint=f"http://127.0.0.1:{free_port}/token")
    connection = world.connection(auth).connect()
    page = world.browser.get(connection.link)
    assert f"127.0.0.1:{free_port} cannot be reached" in page.text
    with pytest.raises(ConnectError, match="cannot be reached"):
        connection.wait(10)
    connection.disconnect()


def test_a_busy_redirect_port_is_named(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        world.redirect_port = taken.getsockname()[1]
        with pytest.raises(ConnectError, match="CELLWIRE_REDIRECT_PORT") as caught:
            world.connection().connect()
    assert str(world.redirect_port) in str(caught.value)


def test_a_fixed_port_is_free_again_at_once(world: World, free_port: int) -> None:
    world.redirect_port = free_port
    connection = world.connected()
    again = connection.connect(again=True)
    assert world.screen.forms == []
    assert urlsplit(again.link).port == free_port
    world.browser.get(again.link)
    assert again.wait(10).state == "connected"


def test_nobody_to_sign_in_is_an_error_that_says_where_to(world: World) -> None:
    world.screen = Silent(world.background)
    with pytest.raises(NotConnected, match="cellwire connect board"):
        world.connection().connect()


def test_nobody_to_ask_names_the_variables(world: World) -> None:
    world.screen, world.environ = Silent(world.background), {}
    with pytest.raises(NotConnected, match="BOARD_CLIENT_ID, BOARD_CLIENT_SECRET"):
        world.connection().connect()
    with pytest.raises(NotConnected, match=r"board\.connect\(\), or set BOARD_CLIENT_ID"):
        world.connection().credential()


def test_an_unknown_given_field_is_refused(world: World) -> None:
    with pytest.raises(DefinitionError, match="tokn"):
        world.connection(Bearer()).connect(given={"tokn": "not-a-real-token"})


# What is kept


def test_what_was_kept_connects_the_next_process(world: World) -> None:
    first = world.connected()
    token = first.credential()["access_token"]
    later = world.connection()
    assert later.state == "connected"
    assert later.credential()["access_token"] == token
    assert world.server.grants == ["authorization_code"]


def test_given_values_win_and_are_kept_those_of_the_environment_are_not(world: World) -> None:
    world.environ = {"BOARD_TOKEN": "not-real-environment"}
    connection = world.connection(Bearer()).connect()
    assert connection.credential()["token"] == "not-real-environment"
    assert world.store.names() == []
    assert connection.detail == "token from environment BOARD_TOKEN"
    connection.connect(given={"token": "not-real-given"})
    assert connection.credential()["token"] == "not-real-given"
    assert world.store.get(KEY) == {"token": "not-real-given"}


def test_disconnecting_revokes_and_forgets(world: World) -> None:
    connection = world.connected()
    refresh = next(iter(world.server.refreshes))
    connection.disconnect()
    assert world.server.revoked == [refresh]
    assert world.store.names() == []
    assert repr(connection) == "board: not connected"
    with pytest.raises(NotConnected):
        connection.credential()


def test_disconnecting_while_waiting_frees_the_port(world: World) -> None:
    connection = world.connection().connect()
    link = connection.link
    connection.disconnect()
    assert not listens(link)
    assert connection.state == "disconnected"


def test_a_vault_that_cannot_be_opened_is_named_and_replaced_on_demand(
    world: World, tmp_path: object
) -> None:
    world.environ = {}
    fields = (Field("token"),)
    world.store = File(tmp_path)
    world.connection(Bearer(), fields).connect(given={"token": "not-a-real-token"})
    (tmp_path / "vault" / "key").unlink()
    other = world.connection(Bearer(), fields)
    assert other.state == "disconnected"
    with pytest.raises(VaultError, match=r"connect\(again=True\)"):
        other.connect()
    other.connect(again=True)
    _, submit = world.screen.forms.pop()
    submit({"token": "not-a-real-token-2"})
    assert other.credential()["token"] == "not-a-real-token-2"
    assert len(list((tmp_path / "vault").glob("*.unreadable-1"))) == 1


# The proof


def test_the_check_names_the_account(world: World) -> None:
    def prove() -> str:
        token = connection.credential()["access_token"]
        answer = httpx.get(
            world.server.url + "/me", headers={"Authorization": f"Bearer {token}"}, trust_env=False
        )
        return str(answer.json()["login"])

    connection = world.connection(prove=prove).connect()
    world.browser.get(connection.link)
    assert connection.wait(10).account == "ada"
    assert "ada" not in repr(connection)


def test_a_check_that_fails_does_not_lose_the_token(world: World) -> None:
    def prove() -> str:
        raise ConnectionFailed("the API is down", next_step="Wait.")

    connection = world.connection(prove=prove).connect()
    page = world.browser.get(connection.link)
    assert "the API is down" in page.text
    with pytest.raises(ConnectError, match="the API is down"):
        connection.wait(10)
    assert world.store.get(KEY)["oauth.access_token"] in world.server.access


def test_a_refused_token_is_an_error_and_is_not_kept(world: World) -> None:
    class Unauthorized(ConnectionFailed):
        pass

    def prove() -> str:
        raise Unauthorized("401")

    world.environ = {}
    connection = world.connection(Bearer(), prove=prove).connect()
    _, submit = world.screen.forms.pop()
    with pytest.raises(ConnectError, match="401"):
        submit({"token": "not-a-real-token"})
    assert world.store.names() == []
    assert repr(connection) == "board: error (Unauthorized)"


# Expiry


def test_a_refused_refresh_asks_to_sign_in_again(world: World) -> None:
    connection = world.connected()
    world.server.refreshes.clear()
    world.clock.at += timedelta(hours=2)
    with pytest.raises(NotConnected, match=r"sign in again: board\.connect\(\)") as caught:
        connection.credential()
    assert "rt-" not in str(caught.value)
    assert (connection.state, repr(connection)) == ("expired", "board: sign in again")
    connection.connect()
    world.browser.get(connection.link)
    assert connection.wait(10).credential()["access_token"] in world.server.access


def test_signing_in_elsewhere_mends_an_expired_connection(world: World) -> None:
    connection = world.connected()
    world.server.refreshes.clear()
    world.clock.at += timedelta(hours=2)
    with pytest.raises(NotConnected):
        connection.credential()
    world.connected()
    assert connection.credential()["access_token"] in world.server.access


# Seen


def test_nothing_secret_is_shown_logged_or_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="cellwire")
    told: list[str] = []
    connection = world.connection()
    connection.observe(lambda snapshot: told.append(repr(snapshot)))
    connection.connect()
    world.browser.get(connection.link)
    connection.wait(10)
    secrets = connection.credential()
    seen = repr(connection) + repr(secrets) + repr(vars(connection)) + "".join(told) + caplog.text
    hidden = [secrets["access_token"], *world.server.refreshes, CLIENT_SECRET]
    assert set(hidden) <= set(world.known.values())
    assert not [value for value in hidden if value in seen]


def test_an_observer_that_fails_disturbs_nothing(world: World) -> None:
    def fail(_: object) -> None:
        raise RuntimeError

    connection = world.connection()
    connection.observe(fail)
    connection.connect()
    world.browser.get(connection.link)
    assert connection.wait(10).state == "connected"


def test_a_stand_in_says_the_same_and_knows_nothing(world: World) -> None:
    values = {"client_id": "client-id", "access_token": "cw-access_token-1"}
    stand_in = StandIn("board", "default", values, world.screen)
    assert stand_in.connect() is stand_in
    assert (repr(stand_in), stand_in.state, stand_in.account) == (
        "board: connected",
        "connected",
        None,
    )
    assert stand_in.credential("anything") == values
    assert stand_in.wait(0) is stand_in
    stand_in.disconnect()
    assert world.store.names() == []
