"""Replay: in sequence, then the last; never live; a miss that explains itself."""

import asyncio
import threading

import httpx
import pytest

from cellwire import evidence
from cellwire.auth import Place
from cellwire.cassettes.formats import Header
from cellwire.cassettes.formats.vcr_yaml import VcrYaml
from cellwire.cassettes.interaction import RECEIVER, Interaction
from cellwire.cassettes.player import Player, header_of
from cellwire.cassettes.transport import Slot, SlotTransport
from cellwire.errors import NotRecorded, RecordingError
from cellwire.known import Known

HOST = "https://api.test"


def _get(path, body=b"{}", **more):
    return Interaction("GET", HOST + path, 200, "OK", response_body=body, **more)


@pytest.fixture
def play(tmp_path):
    def start(*interactions, known=None, **options):
        path = tmp_path / "list.yaml"
        path.write_bytes(VcrYaml().dump(Header(live_at=HOST), interactions).encode())
        player = Player("hub/list", path, known or Known(), **options)
        slot = Slot()
        slot.deck = player
        client = httpx.Client(transport=SlotTransport(slot), base_url=HOST, trust_env=False)
        return player, client

    return start


def test_repeats_play_in_sequence_then_the_last_again(play):
    player, client = play(*[_get("/poll", str(n).encode()) for n in range(3)], _get("/other"))
    assert [client.get("/poll").text for _ in range(5)] == ["0", "1", "2", "2", "2"]
    assert player.unused() == ["GET /other"]
    assert player.sent == ["GET /poll"] * 5
    assert player.played == 5


def test_the_recorded_answer_is_given_whole(play):
    answer = Interaction(
        "GET",
        f"{HOST}/x",
        404,
        "Nowhere",
        response_headers=(("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Latin", "caf\xe9")),
        response_body=b"\xff\x00",
    )
    _, client = play(answer)
    response = client.get("/x")
    assert (response.status_code, response.reason_phrase, response.content) == (
        404,
        "Nowhere",
        b"\xff\x00",
    )
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert response.headers["x-latin"] == "caf\xe9"


def test_a_live_secret_finds_the_answer_recorded_under_its_stand_in(play):
    known = Known()
    known.teach("fake-live-token-1", "token")
    known.teach("http://127.0.0.1:8081", "base_url", stand_in=HOST)
    player, client = play(_get("/x?note=cw-token-1", b"found"), known=known)
    assert client.get("http://127.0.0.1:8081/x?note=fake-live-token-1").text == "found"
    assert player.sent == ["GET /x?note=cw-token"]


def test_what_is_drawn_anew_each_time_matches_by_its_name(play):
    form = b"grant_type=authorization_code&code=cw-code-1&code_verifier=cw-code_verifier-1"
    token = Interaction(
        "POST", f"{HOST}/oauth/token", 200, request_body=form, response_body=b"token"
    )
    _, client = play(token)
    data = {"grant_type": "authorization_code", "code": "fresh", "code_verifier": "fresh-verifier"}
    assert client.post("/oauth/token", data=data).text == "token"


def test_exactly_equal_requests_come_before_those_equal_but_for_numbers(play):
    _, client = play(_get("/x?t=cw-token-1", b"one"), _get("/x?t=cw-token-2", b"two"))
    assert client.get("/x?t=cw-token-2").text == "two"
    assert client.get("/x?t=cw-token-9").text == "one"


def test_declared_and_ignored_parts_do_not_count(play):
    places = frozenset({Place("query", "sig")})
    _, client = play(_get("/x?a=1&sig=cw-sig-1&ts=1", b"ok"), places=places, ignore=("query.ts",))
    assert client.get("/x?a=1&sig=other&ts=99").text == "ok"


def test_a_miss_says_what_was_asked_what_is_nearest_and_how_to_record_it(play, tmp_path):
    known = Known()
    known.teach("fake-secret-value", "token")
    ledger = tmp_path / "ledger"
    hint = "cellwire record hub/list"
    _, client = play(_get("/user?limit=2"), known=known, ledger=ledger, record_hint=hint)
    with pytest.raises(NotRecorded) as raised:
        client.get("/user?limit=3&k=fake-secret-value")
    message = str(raised.value)
    assert "hub/list has no answer for GET /user?limit=3&k=cw-token" in message
    assert "nearest: GET /user?limit=2 (query: " in message
    assert "recorded limit=2" in message
    assert hint in message
    assert "fake-secret-value" not in message
    miss = next(e for e in evidence.read(ledger) if e["event"] == "miss")
    assert miss["request"] == "GET /user?limit=3&k=cw-token"
    assert miss["hint"] == hint
    assert "fake-secret-value" not in ledger.read_text()


def test_the_ledger_hears_of_opening_and_closing(play, tmp_path):
    ledger = tmp_path / "ledger"
    player, client = play(_get("/a"), _get("/b"), ledger=ledger)
    client.get("/a")
    player.close()
    opened, closed = evidence.read(ledger)
    assert opened == {"event": "open", "cassette": "hub/list", "recorded": 2}
    assert closed["unused"] == ["GET /b"]
    assert (closed["played"], closed["recorded"]) == (1, 2)


def test_no_file_says_which_command_records_it(tmp_path):
    with pytest.raises(NotRecorded) as raised:
        Player("hub/list", tmp_path / "list.yaml", Known())
    assert "cellwire record hub/list" in str(raised.value)


def test_a_broken_file_names_itself_and_the_command(tmp_path):
    path = tmp_path / "list.yaml"
    path.write_text("interactions: [")
    with pytest.raises(RecordingError) as raised:
        Player("hub/list", path, Known())
    assert not isinstance(raised.value, NotRecorded)
    assert f"{path}, line" in str(raised.value)
    assert "cellwire record hub/list" in str(raised.value)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordingError, match="cannot be read as text"):
        Player("hub/list", path, Known())


def test_a_header_is_read_without_the_rest(tmp_path):
    path = tmp_path / "a.yaml"
    assert header_of(path) is None
    path.write_text("# cellwire 1; live at https://x.test; block abc\ninteractions: [broken")
    assert header_of(path) == Header(None, "https://x.test", "abc")
    path.write_text("interactions: []\n")
    assert header_of(path) == Header()


def test_deliveries_come_in_order_and_answer_no_requests(play):
    def arrived(kind):
        return Interaction("POST", f"{RECEIVER}/hooks/hub", 202, request_body=kind.encode())

    player, client = play(arrived("opened"), arrived("closed"), arrived("opened again"))
    opened = lambda i: i.request_body.startswith(b"opened")  # noqa: E731
    assert player.next_delivery(opened).request_body == b"opened"
    player.received("opened")
    assert player.next_delivery(opened).request_body == b"opened again"
    with pytest.raises(NotRecorded, match="no further delivery"):
        player.next_delivery(opened)
    with pytest.raises(NotRecorded):
        client.post(f"{RECEIVER}/hooks/hub", content=b"closed")
    assert player.sent[0] == "<- opened"
    assert len(player.unused()) == 1


def test_threads_share_one_sequence(play):
    player, client = play(*[_get("/poll", str(n).encode()) for n in range(200)])
    got = []

    def ask():
        got.extend(client.get("/poll").text for _ in range(25))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, got)) == list(range(200))
    assert player.unused() == []


def test_it_plays_on_an_event_loop(play):
    player, _ = play(_get("/x", b"async"))
    slot = Slot()
    slot.deck = player

    async def ask():
        async with httpx.AsyncClient(transport=SlotTransport(slot)) as client:
            return (await client.get(f"{HOST}/x")).text

    assert asyncio.run(ask()) == "async"


def test_streamed_request_bodies_are_looked_up_too(play):
    recorded = Interaction("POST", f"{HOST}/x", 200, request_body=b"ab", response_body=b"ok")
    _, client = play(recorded)
    assert client.post("/x", content=iter([b"a", b"b"])).text == "ok"
