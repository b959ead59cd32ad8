"""A token is renewed once, whoever asks at the same time."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from tests.oauth.authorization import AuthorizationServer
from tests.oauth.conftest import World

from cellwire._http import Request, Response
from cellwire.effects import Credential, drive
from cellwire.errors import ConnectError, NotConnected
from cellwire.oauth.tokens import SignInNeeded, TokenKeeper
from cellwire.stores.file import File


def at_once(count: int, call: object) -> list[str]:
    """Call from many threads that start together."""
    gate, got = threading.Barrier(count), []

    def one() -> None:
        gate.wait()
        got.append(call())

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(got) == count
    return got


def refreshes(server: AuthorizationServer) -> int:
    return server.grants.count("refresh_token")


@pytest.mark.parametrize("where", ["memory", "file"])
def test_twenty_threads_at_the_end_of_a_token_renew_it_once(
    world: World, tmp_path: Path, where: str
) -> None:
    if where == "file":
        world.store = File(tmp_path)
    connection = world.connected()
    old = connection.credential()["access_token"]
    world.server.delay = 0.05
    world.clock.at += timedelta(seconds=3600 - 30)
    got = at_once(20, lambda: connection.credential()["access_token"])
    assert refreshes(world.server) == 1
    assert len(set(got)) == 1
    assert got[0] != old
    assert got[0] in world.server.access


def test_twenty_threads_whose_token_was_rejected_renew_it_once(world: World) -> None:
    connection = world.connected()
    old = connection.credential()["access_token"]
    world.server.delay = 0.05
    got = at_once(20, lambda: connection.credential(old)["access_token"])
    assert (refreshes(world.server), len(set(got))) == (1, 1)


def test_two_connections_to_one_vault_share_a_renewal(world: World) -> None:
    first, second = world.connected(), world.connection()
    old = first.credential()["access_token"]
    new = first.credential(old)["access_token"]
    assert second.credential(old)["access_token"] == new
    assert refreshes(world.server) == 1


PROCESS = """
import json, sys
from pathlib import Path
from datetime import timedelta
from cellwire.stores.file import File
from tests.oauth.authorization import AuthorizationServer
from tests.oauth.conftest import World
folder, url, rejected = sys.argv[1:]
server = AuthorizationServer(url=url)
world = World(server)
world.store = File(Path(folder))
connection = world.connection()
print("ready", flush=True)
sys.stdin.readline()
print(connection.credential(rejected)["access_token"], flush=True)
"""


def test_processes_renew_once(world: World, tmp_path: Path) -> None:
    world.store = File(tmp_path)
    connection = world.connected()
    old = connection.credential()["access_token"]
    world.server.delay = 0.2
    root = Path(__file__).parents[2]
    others = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path), world.server.url, old],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={"PYTHONPATH": f"{root}:{root / 'sdk'}"},
        )
        for _ in range(3)
    ]
    for other in others:
        assert other.stdout.readline() == "ready\n"
    for other in others:
        other.stdin.write("go\n")
        other.stdin.flush()
    got = {other.communicate(timeout=60)[0].strip() for other in others}
    assert refreshes(world.server) == 1
    assert got == set(world.server.access) - {old}


def test_a_rotated_token_is_stored_before_it_is_used(world: World) -> None:
    connection = world.connected()
    order: list[str] = []
    put = world.store.put

    def noted(key: str, values: dict[str, str]) -> None:
        put(key, values)
        order.append(values["oauth.access_token"])

    world.store.put = noted
    new = connection.credential(connection.credential()["access_token"])["access_token"]
    assert order == [new]


def test_a_token_that_could_not_be_stored_is_not_lost(world: World) -> None:
    connection = world.connected()

    def full(key: str, values: dict[str, str]) -> None:
        raise OSError("disk full")

    old, world.store.put = connection.credential()["access_token"], full
    with pytest.raises(OSError, match="disk full"):
        connection.credential(old)
    assert connection.credential()["access_token"] in world.server.access
    assert connection.credential()["access_token"] != old


def test_without_rotation_the_old_refresh_token_stays(world: World) -> None:
    world.server.rotate = False
    connection = world.connected()
    for _ in range(3):
        connection.credential(connection.credential()["access_token"])
    assert refreshes(world.server) == 3
    assert world.store.get("a-project/board/default")["oauth.refresh_token"]


def test_a_service_that_rejects_a_fresh_token_is_asked_twice_not_for_ever(world: World) -> None:
    connection = world.connected()
    sent: list[str] = []

    def perform(effect: object) -> object:
        if isinstance(effect, Credential):
            return connection.credential(effect.rejected)
        sent.append(effect.request.headers["Authorization"])
        return Response(401)

    answer = drive(world.auth().attempt(Request("GET", "https://api.test/")), perform)
    assert (answer.status_code, len(sent), len(set(sent))) == (401, 2, 2)
    assert refreshes(world.server) == 1


def test_a_token_without_a_refresh_token_is_kept_until_its_end(world: World) -> None:
    connection = world.connected()
    bundle = world.store.get("a-project/board/default")
    del bundle["oauth.refresh_token"]
    world.store.put("a-project/board/default", bundle)
    token = connection.credential()["access_token"]
    assert connection.credential(token)["access_token"] == token
    world.clock.at += timedelta(hours=1)
    with pytest.raises(NotConnected, match="has ended"):
        connection.credential()
    assert refreshes(world.server) == 0


def test_while_the_service_is_down_a_token_that_has_not_ended_is_used(world: World) -> None:
    connection = world.connected()
    world.server.broken = 503
    world.clock.at += timedelta(seconds=3600 - 30)
    assert connection.credential()["access_token"] in world.server.access
    world.clock.at += timedelta(seconds=30)
    with pytest.raises(ConnectError, match="token endpoint failed"):
        connection.credential()
    assert connection.state == "connected"


def test_what_the_service_repeats_of_a_refresh_token_is_redacted(world: World) -> None:
    connection = world.connected()
    (refresh,) = world.server.refreshes
    world.server.refreshes.clear()
    with pytest.raises(NotConnected) as caught:
        connection.credential(connection.credential()["access_token"])
    assert refresh not in str(caught.value)
    assert "cw-refresh_token" in str(caught.value)


def test_a_token_deleted_by_another_process_ends_the_connection(world: World) -> None:
    connection = world.connected()
    world.store.delete("a-project/board/default")
    with pytest.raises(NotConnected, match="deleted meanwhile"):
        connection.credential(connection.credential()["access_token"])


def test_a_fresh_token_is_read_without_a_lock(world: World) -> None:
    connection = world.connected()
    with connection._ports.vault.tokens("board", "default").lock():
        got = at_once(2, lambda: connection.credential()["access_token"])
    assert len(set(got)) == 1


def test_a_keeper_without_a_token_says_so(world: World) -> None:
    tokens = world.ports().vault.tokens("board", "default")
    keeper = TokenKeeper(tokens, lambda token: token, world.clock)
    assert not keeper.restore()
    with pytest.raises(SignInNeeded):
        keeper.fresh()
    assert repr(keeper) == "<TokenKeeper>"
