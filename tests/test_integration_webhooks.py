"""Deliveries over a real socket: received, handled, recorded, played without the secret."""

import hashlib
import hmac
import json
import threading
import urllib.request

import pytest
from pydantic import BaseModel
from tests.support.loopback import Reply, serving

import cellwire as cw
from cellwire.errors import DefinitionError, DeliveryError, InvalidSignature

SECRET = "fake-signing-secret-0123456789"


class Server(cw.Credentials):
    url: str


class Opened(BaseModel):
    number: int


def _define(**more):
    scheme = cw.signatures.HMAC(
        header="X-Sig", digest="sha256", prefix="sha256=", event_type="{header:X-Event}"
    )
    given = {"base_url": "{url}", "credentials": Server, "webhooks": scheme}
    return cw.Integration("hooked", **{**given, **more})


def _send(url, body, secret=SECRET, event="opened"):
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Sig": f"sha256={signature}", "X-Event": event, "Content-Type": "application/json"}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def _listening(open_workspace, **more):
    open_workspace(HOOKED_SIGNING_SECRET=SECRET, **more)
    return _define()


BODY = json.dumps({"number": 7, "note": "übergröße"}, ensure_ascii=False).encode()


def test_a_delivery_outside_a_block_is_handled_as_it_arrives(open_workspace):
    hooked = _listening(open_workspace)
    seen = []

    @hooked.on("opened")
    def note(event: cw.Event[Opened]) -> None:
        seen.append((event.data.number, threading.current_thread() is threading.main_thread()))

    inbox = hooked.inbox()
    assert _send(inbox.url, BODY) == 200
    event = hooked.receive("opened", timeout=10)
    assert seen == [(7, False)]
    assert event.data["note"] == "übergröße"


def test_a_wrong_signature_is_refused_and_never_handled(open_workspace):
    hooked = _listening(open_workspace)
    seen = []
    hooked.on("*")(seen.append)
    inbox = hooked.inbox()
    assert _send(inbox.url, BODY, secret="fake-other-secret") == 401
    with pytest.raises(DeliveryError):
        hooked.receive(timeout=0.2)
    assert seen == []


def _block(hooked, provoke):
    ran = []

    @hooked.on("opened")
    def answer(event: cw.Event[Opened]) -> None:
        hooked.client().post("/comments", json={"on": event.data.number})
        ran.append(event.data.number)

    with hooked.cassette("opened") as seen:
        hooked.client().get("/before")
        provoke()
        event = hooked.receive("opened", timeout=20)
    return event.data, ran, seen.sent


def _recorded(open_workspace, tmp_path):
    with serving(lambda _: Reply(body={"ok": True})) as service:
        hooked = _listening(open_workspace, HOOKED_URL=service.url)
        inbox = hooked.inbox()
        live = _block(hooked, lambda: _send(inbox.url, BODY))
    return live, tmp_path / "cassettes/hooked/opened.yaml"


def test_a_delivery_in_a_block_plays_with_its_handlers_own_calls(open_workspace, tmp_path):
    live, path = _recorded(open_workspace, tmp_path)
    assert live[1:] == ([7], ["GET /before", "<- opened", 'POST /comments {"on":7}'])
    text = path.read_text()
    assert SECRET not in text
    assert hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest() not in text

    open_workspace("none")
    assert _block(_define(), lambda: None) == live


def test_a_tampered_recording_is_refused(open_workspace, tmp_path):
    _, path = _recorded(open_workspace, tmp_path)
    path.write_text(path.read_text().replace('"number": 7', '"number": 8'))
    open_workspace("none")
    with pytest.raises(InvalidSignature, match="does not verify"):
        _block(_define(), lambda: None)


def test_what_a_handler_raises_is_raised_where_it_was_waited_for(open_workspace):
    hooked = _listening(open_workspace)

    @hooked.on("opened")
    def fails(event: cw.Event[Opened]) -> None:
        raise ZeroDivisionError

    inbox = hooked.inbox()
    _send(inbox.url, BODY)
    with pytest.raises(ZeroDivisionError):
        hooked.receive(timeout=10)


def test_running_the_inbox_cell_again_keeps_its_address(open_workspace):
    hooked = _listening(open_workspace)
    assert hooked.inbox().url == hooked.inbox().url


def test_the_inbox_in_replay_listens_nowhere_and_reads_the_same(open_workspace):
    live = _listening(open_workspace).inbox()
    open_workspace("none")
    played = _define().inbox()
    assert played.url == ""
    assert repr(played) == repr(live) == "hooked inbox: /hooks/hooked"


def test_a_missing_signing_secret_names_the_variable(open_workspace):
    open_workspace()
    with pytest.raises(DeliveryError, match="HOOKED_SIGNING_SECRET"):
        _define().inbox()


def test_an_integration_without_a_scheme_says_what_to_write(open_workspace):
    open_workspace()
    with pytest.raises(DefinitionError, match="webhooks="):
        _define(webhooks=None).inbox()


def test_receive_before_inbox_says_what_to_run(open_workspace):
    with pytest.raises(DeliveryError, match=r"hooked\.inbox\(\)"):
        _listening(open_workspace).receive(timeout=1)


def test_a_test_delivery_goes_through_the_real_receiver(open_workspace):
    open_workspace("none")
    hooked = _define()
    seen = []
    hooked.on("opened")(lambda event: seen.append(event.data["number"]))
    assert hooked.deliver("opened", {"number": 9}).state == "done"
    assert seen == [9]
