"""Recording: raw in memory alone, redacted and checked on disk, whole or not at all."""

import asyncio
import gzip
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.support.loopback import Reply, serving

from cellwire.auth import Place
from cellwire.background import Background
from cellwire.cassettes import gate
from cellwire.cassettes.formats import Header
from cellwire.cassettes.formats.vcr_yaml import VcrYaml
from cellwire.cassettes.interaction import RECEIVER, Interaction
from cellwire.cassettes.player import Player
from cellwire.cassettes.recorder import Recorder
from cellwire.cassettes.transport import Slot, SlotTransport
from cellwire.errors import RecordingError, SecretFound
from cellwire.known import Known

AT = datetime(2026, 11, 24, 15, 4, 5, tzinfo=UTC)
TOKEN = "fake-live-token-12345"


class Tape:
    """A recorder, its paths, and a client that records into it."""

    def __init__(self, folder, known=None, at=AT, **options):
        self.path, self.partial = folder / "hub" / "list.yaml", folder / ".cellwire" / "list.yaml"
        self.known = known or Known()
        self.recorder = Recorder(
            "hub/list", self.path, self.known, header=Header(at), partial=self.partial, **options
        )
        slot = Slot()
        slot.deck = self.recorder
        self.transport = SlotTransport(slot)
        self.client = httpx.Client(transport=self.transport, trust_env=False)

    def loaded(self):
        return VcrYaml().load(self.path.read_text("utf-8"))[1]


@pytest.fixture
def tape(tmp_path):
    made = []

    def make(**options):
        made.append(Tape(tmp_path, **options))
        return made[-1]

    yield make
    for each in made:
        each.client.close()


def _kept(path="/x", body=b"{}", **more):
    return Interaction("GET", f"https://api.test{path}", 200, "OK", response_body=body, **more)


def test_the_live_answer_reaches_the_caller_unchanged_and_the_file_is_decoded(tape):
    packed = gzip.compress(b'{"a": 1}')
    reply = Reply(body=packed, headers={"Content-Encoding": "gzip", "X-A": "b"})
    one = tape()
    with serving(lambda _: reply) as server:
        response = one.client.get(f"{server.url}/x")
    assert response.json() == {"a": 1}
    assert response.headers["content-encoding"] == "gzip"
    one.recorder.finish()
    [stored] = one.loaded()
    assert stored.response_body == b'{"a": 1}'
    headers = {name.lower(): value for name, value in stored.response_headers}
    assert "content-encoding" not in headers
    assert headers["content-length"] == "8"


def test_a_recording_plays(tape):
    one = tape()
    one.known.teach(TOKEN, "token")
    with serving(lambda asked: Reply(body={"path": asked.path, "t": TOKEN})) as server:
        one.known.teach(server.url, "base_url", stand_in="https://hub.test")
        live = one.client.post(f"{server.url}/x?n=1", json={"b": TOKEN}, headers={"X-Key": TOKEN})
        summary = one.recorder.finish()
        text = one.path.read_text("utf-8")
        assert "127.0.0.1" not in text
        assert TOKEN not in text
        player = Player("hub/list", one.path, one.known)
        slot = Slot()
        slot.deck = player
        with httpx.Client(transport=SlotTransport(slot)) as client:
            again = client.post(f"{server.url}/x?n=1", json={"b": TOKEN})
        assert len(server.asked) == 1
    assert live.json() == {"path": "/x?n=1", "t": TOKEN}
    assert again.json() == {"path": "/x?n=1", "t": "cw-token-1"}
    assert one.recorder.sent == player.sent == ['POST /x?n=1 {"b":"cw-token"}']
    assert summary.removed["request header X-Key"] == 1
    assert len(summary.interactions) == 1


def test_it_records_on_an_event_loop(tape):
    one = tape()
    with serving(lambda _: Reply(body={"a": 1})) as server:

        async def ask():
            async with httpx.AsyncClient(transport=one.transport) as client:
                return (await client.get(f"{server.url}/x")).json()

        assert asyncio.run(ask()) == {"a": 1}
    one.recorder.finish()
    assert len(one.loaded()) == 1


def test_a_request_that_got_no_answer_is_not_recorded(tape):
    one = tape()
    with serving(lambda _: Reply()) as server:
        url = server.url
    with pytest.raises(httpx.ConnectError):
        one.client.get(url)
    assert one.recorder.finish().interactions == []
    assert one.recorder.sent == []


def test_a_compression_that_cannot_be_read_is_refused(tape):
    one = tape()
    reply = Reply(body=b"\x0bunreadable", headers={"Content-Encoding": "x-unknown"})
    with serving(lambda _: reply) as server, pytest.raises(RecordingError, match="x-unknown"):
        one.client.get(server.url)


def test_the_gate_refuses_what_redaction_does_not_know_and_the_old_file_stays(tape):
    one = tape()
    one.path.parent.mkdir()
    one.path.write_text("old")
    unknown = "ghp_" + "Ab1" * 12
    one.recorder.keep(_kept(body=f'{{"note": "{unknown}"}}'.encode()))
    with pytest.raises(SecretFound) as raised:
        one.recorder.checkpoint()
    assert not one.partial.exists()
    assert unknown not in str(raised.value)
    with pytest.raises(SecretFound):
        one.recorder.finish()
    assert one.path.read_text() == "old"
    assert list(one.path.parent.iterdir()) == [one.path]


def test_a_block_that_raised_leaves_the_old_file_and_no_checkpoint(tape):
    one = tape()
    one.path.parent.mkdir()
    one.path.write_text("old")
    one.recorder.keep(_kept())
    one.recorder.checkpoint()
    assert one.partial.exists()
    one.recorder.abandon()
    assert one.path.read_text() == "old"
    assert not one.partial.exists()


def test_a_checkpoint_is_a_redacted_cassette_and_ends_with_the_recording(tape):
    one = tape()
    one.recorder.keep(_kept(body=f'{{"access_token": "{TOKEN}"}}'.encode()))
    one.recorder.checkpoint()
    [stored] = VcrYaml().load(one.partial.read_text())[1]
    assert stored.response_body == b'{"access_token": "cw-access_token-1"}'
    assert not one.path.exists()
    one.recorder.finish()
    assert one.path.exists()
    assert not one.partial.exists()
    assert one.path.stat().st_mode & 0o777 == 0o644


def test_a_value_learned_late_is_removed_from_the_next_checkpoint(tape):
    one = tape()
    one.recorder.keep(_kept(body=f"note {TOKEN}".encode()))
    one.recorder.checkpoint()
    assert TOKEN in one.partial.read_text()  # nobody knew it yet
    one.known.teach(TOKEN, "token")
    one.recorder.checkpoint()
    assert TOKEN not in one.partial.read_text()


def test_checkpoints_come_by_themselves(tape):
    background = Background()
    try:
        one = tape(background=background, seconds=0.05)
        one.recorder.keep(_kept())
        waited = threading.Event()
        for _ in range(200):
            if one.partial.exists():
                break
            waited.wait(0.05)
        assert one.partial.exists()
        one.recorder.finish()
    finally:
        background.stop()


def test_an_answer_after_the_end_is_an_error(tape):
    one = tape()
    one.recorder.finish()
    with pytest.raises(RecordingError, match="after the block had ended"):
        one.recorder.keep(_kept())


def test_deliveries_are_signed_anew_after_redaction(tape):
    def resign(i):
        assert TOKEN.encode() not in i.request_body
        return Interaction(
            i.method,
            i.uri,
            i.status,
            request_headers=(("x-sig", "new"),),
            request_body=i.request_body,
        )

    one = tape(after=resign)
    one.known.teach(TOKEN, "token")
    one.recorder.keep(_kept())
    arrived = Interaction("POST", f"{RECEIVER}/hooks/hub", 202, request_body=f"is {TOKEN}".encode())
    one.recorder.keep_delivery(arrived)
    one.recorder.received("opened")
    one.recorder.finish()
    plain, delivery = one.loaded()
    assert (delivery.request_headers, delivery.request_body) == (
        (("x-sig", "new"),),
        b"is cw-token-1",
    )
    assert plain.request_headers == ()
    assert one.recorder.sent == ["GET /x", "<- opened"]


def _unchanged(second, request_id):
    headers = (
        ("Date", f"Tue, 24 Nov 2026 15:04:{second:02d} GMT"),
        ("X-Request-Id", request_id),
        ("X-RateLimit-Remaining", str(60 - second)),
        (
            "Set-Cookie",
            f"sid=fake-{request_id}-session-1; expires=Tue, 24 Nov 2027 15:04:{second:02d} GMT; Path=/",
        ),
        ("Content-Type", "application/json"),
    )
    return _kept("/x", b'{"a": 1}', response_headers=headers)


def test_recording_an_unchanged_service_again_changes_the_first_line_alone(tape):
    first = tape()
    first.recorder.keep(_unchanged(1, "one"))
    first.recorder.finish()
    before = first.path.read_text().splitlines()
    second = tape(at=AT + timedelta(days=1))
    second.recorder.keep(_unchanged(40, "two"))
    second.recorder.finish()
    after = second.path.read_text().splitlines()
    assert before[0] != after[0]
    assert before[1:] == after[1:]


def test_what_changed_is_recorded_with_its_own_headers(tape):
    first = tape()
    first.recorder.keep(_unchanged(1, "one"))
    first.recorder.finish()
    second = tape()
    second.recorder.keep(
        Interaction(**{**_fields(_unchanged(40, "two")), "response_body": b'{"a": 2}'})
    )
    second.recorder.finish()
    [stored] = second.loaded()
    assert ("X-Request-Id", "two") in stored.response_headers


def _fields(i):
    return {name: getattr(i, name) for name in i.__slots__}


def test_eight_threads_record_into_one_cassette(tape):
    one = tape(places=frozenset({Place("header", "Authorization")}))
    with serving(lambda asked: Reply(body={"path": asked.path})) as server:

        def ask(number):
            for each in range(12):
                url = f"{server.url}/{number}/{each}"
                headers = {"Authorization": f"Bearer fake-{number}-token-{each}"}
                assert one.client.get(url, headers=headers).json() == {"path": f"/{number}/{each}"}
                if each % 4 == 0:
                    one.recorder.checkpoint()

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    one.recorder.finish()
    stored = one.loaded()
    assert len(stored) == len({i.uri for i in stored}) == 96
    assert all(i.uri.removeprefix(server.url).encode() in i.response_body for i in stored)
    assert gate.findings(one.path.read_text(), one.known.values()) == []


KILLED = """
import sys
from pathlib import Path
from cellwire.cassettes.interaction import Interaction
from cellwire.cassettes.formats import Header
from cellwire.cassettes.recorder import Recorder
from cellwire.known import Known

folder = Path(sys.argv[1])
known = Known()
known.teach("fake-live-token-12345", "token")
for round in range(10_000):
    recorder = Recorder("hub/list", folder / "list.yaml", known, header=Header(), partial=folder / "partial.yaml")
    for number in range(10):
        body = b"fake-live-token-12345 " * 200
        recorder.keep(Interaction("GET", f"https://api.test/{round}/{number}", 200, response_body=body))
    recorder.checkpoint()
    recorder.finish()
    print(round, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_killed_at_any_time_there_is_a_whole_redacted_file(tmp_path):
    for rounds in (1, 2, 3):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for _ in range(rounds):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        _, stored = VcrYaml().load((tmp_path / "list.yaml").read_text())
        assert len(stored) == 10
        for path in Path(tmp_path).iterdir():
            assert b"fake-live-token" not in path.read_bytes()
