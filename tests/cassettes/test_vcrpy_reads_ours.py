"""Stock vcrpy and pytest-recording play what we recorded, the server being gone."""

import gzip

import httpx
import pytest
import vcr
from tests.support.loopback import Reply, serving

from cellwire.cassettes.formats import Header
from cellwire.cassettes.recorder import Recorder
from cellwire.cassettes.transport import Slot, SlotTransport
from cellwire.known import Known

TOKEN = "fake-live-token-12345"
LONG = {"items": [{"id": n, "name": f"name {n}", "é": "\u2028"} for n in range(9)], "t": TOKEN}


def _answer(asked):
    if asked.path.startswith("/zip"):
        return Reply(body=gzip.compress(b'{"zipped": true}'), headers={"Content-Encoding": "gzip"})
    if asked.path.startswith("/binary"):
        return Reply(body=bytes(range(256)), headers={"Content-Type": "application/octet-stream"})
    return Reply(body=LONG if asked.method == "GET" else {"got": asked.body.decode()})


@pytest.fixture
def recorded(tmp_path):
    known = Known()
    known.teach(TOKEN, "token")
    path = tmp_path / "cassettes" / "ours.yaml"
    recorder = Recorder("hub/ours", path, known, header=Header(), partial=tmp_path / "partial.yaml")
    slot = Slot()
    with serving(_answer) as server:
        known.teach(server.url, "base_url", stand_in="http://hub.test")
        with httpx.Client(transport=SlotTransport(slot)) as client, slot.hold(recorder):
            headers = {"Authorization": f"Bearer {TOKEN}"}
            client.get(f"{server.url}/long?a=1", headers=headers)
            client.get(f"{server.url}/zip")
            client.get(f"{server.url}/binary")
            client.post(f"{server.url}/post", json={"a": 1})
    recorder.finish()
    return path


def test_stock_vcrpy_plays_it(recorded):
    match_on = ["method", "scheme", "host", "port", "path", "query", "body"]
    with vcr.use_cassette(str(recorded), record_mode="none", match_on=match_on) as cassette:
        with httpx.Client(trust_env=False) as client:
            assert client.get("http://hub.test/long?a=1").json() == LONG | {"t": "cw-token-1"}
            assert client.get("http://hub.test/zip").json() == {"zipped": True}
            assert client.get("http://hub.test/binary").content == bytes(range(256))
            assert client.post("http://hub.test/post", json={"a": 1}).json() == {"got": '{"a":1}'}
        assert cassette.all_played


def test_requests_plays_what_httpx_recorded(recorded):
    requests = pytest.importorskip("requests")
    with vcr.use_cassette(str(recorded), record_mode="none"):
        assert requests.get("http://hub.test/zip", timeout=5).json() == {"zipped": True}


def test_pytest_recording_plays_it(recorded, pytester):
    folder = pytester.mkdir("cassettes")
    (folder / "ours.yaml").write_bytes(recorded.read_bytes())
    pytester.makepyfile(
        """
        import httpx, pytest

        @pytest.mark.block_network
        @pytest.mark.vcr("ours.yaml")
        def test_it():
            with httpx.Client(trust_env=False) as client:
                assert client.get("http://hub.test/zip").json() == {"zipped": True}

        @pytest.fixture(scope="module")
        def vcr_cassette_dir():
            return "cassettes"
        """
    )
    result = pytester.runpytest_subprocess("--record-mode=none", "-p", "no:randomly")
    result.assert_outcomes(passed=1)
