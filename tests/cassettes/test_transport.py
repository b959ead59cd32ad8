"""The transport: one open cassette, an ordinary live path, and nothing built for replay."""

import ssl

import httpx
import pytest
import vcr
from tests.support.loopback import Reply, serving
from vcr.errors import CannotOverwriteExistingCassetteException

from cellwire.cassettes.formats import Header
from cellwire.cassettes.formats.vcr_yaml import VcrYaml
from cellwire.cassettes.interaction import Interaction
from cellwire.cassettes.player import Player
from cellwire.cassettes.recorder import Recorder
from cellwire.cassettes.transport import Slot, SlotTransport
from cellwire.errors import RecordingError
from cellwire.known import Known


@pytest.fixture
def player(tmp_path):
    path = tmp_path / "list.yaml"
    one = Interaction("GET", "https://api.test/x", 200, response_body=b"played")
    path.write_text(VcrYaml().dump(Header(), [one]))
    return Player("hub/list", path, Known())


def _recorder(folder):
    return Recorder("hub/new", folder / "new.yaml", Known(), partial=folder / "partial.yaml")


def test_a_second_cassette_is_refused_and_the_first_named(player, tmp_path):
    slot = Slot()
    with slot.hold(player):
        with (
            pytest.raises(RecordingError, match="hub/list is open"),
            slot.hold(_recorder(tmp_path)),
        ):
            pass
        assert slot.deck is player
    assert slot.deck is None
    with slot.hold(player):
        pass


def test_replay_builds_no_ssl_context(player, monkeypatch):
    slot = Slot()
    transport = SlotTransport(slot)
    with httpx.Client(transport=transport, trust_env=False) as client, slot.hold(player):
        monkeypatch.setattr(ssl.SSLContext, "__new__", None)
        assert client.get("https://api.test/x").text == "played"


def test_without_a_cassette_outside_is_asked_before_anything_goes_live():
    asked = []

    def forbid(request):
        asked.append(str(request.url))
        raise RecordingError("locked")

    with serving(lambda _: Reply()) as server:
        with (
            httpx.Client(transport=SlotTransport(Slot(), forbid)) as client,
            pytest.raises(RecordingError, match="locked"),
        ):
            client.get(f"{server.url}/x")
        assert asked == [f"{server.url}/x"]
        assert server.asked == []
        with httpx.Client(transport=SlotTransport(Slot(), asked.append)) as client:
            assert client.get(f"{server.url}/x").status_code == 200
        assert len(server.asked) == 1


def test_a_foreign_recorder_still_sees_calls_outside_our_cassettes(tmp_path):
    theirs, none = str(tmp_path / "theirs.yaml"), str(tmp_path / "none.yaml")
    with serving(lambda _: Reply(body={"a": 1})) as server:
        with httpx.Client(transport=SlotTransport(Slot())) as client:
            with vcr.use_cassette(theirs, record_mode="once") as cassette:
                client.get(f"{server.url}/x")
                assert len(cassette) == 1
            with (
                vcr.use_cassette(none, record_mode="none"),
                pytest.raises(CannotOverwriteExistingCassetteException),
            ):
                client.get(f"{server.url}/x")
        assert len(server.asked) == 1


def test_while_our_cassette_records_a_foreign_recorder_sees_nothing(tmp_path):
    slot = Slot()
    recorder = _recorder(tmp_path)
    with (
        serving(lambda _: Reply(body={"a": 1})) as server,
        httpx.Client(transport=SlotTransport(slot)) as client,
        vcr.use_cassette(str(tmp_path / "theirs.yaml"), record_mode="once") as theirs,
    ):
        with slot.hold(recorder):
            assert client.get(f"{server.url}/x").json() == {"a": 1}
        assert len(theirs) == 0
    assert len(recorder.finish().interactions) == 1
