"""The receiver over a real uvicorn on loopback, with real HTTP clients sending to it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import cellwire as cw
from cellwire.errors import DeliveryError, VaultError
from cellwire.webhooks.engines.inline import Inline
from cellwire.webhooks.receiver import MAX_BODY
from cellwire.webhooks.signatures import TEST_KEY

BODY = json.dumps({"review_request": {"id": 7, "summary": "Zwölf"}}).encode()
EVENT = "review_request_published"


def last(hub):
    return hub.receiver.arrivals.rows[-1]


def test_a_signed_delivery_is_acknowledged_and_handled_on_its_raw_bytes(hub):
    seen: list[cw.Event[Any]] = []
    hub.handlers.on(EVENT)(seen.append)
    request = urllib.request.Request(
        f"http://127.0.0.1:{hub.port}/hooks/reviewboard", BODY, hub.headers(BODY)
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=20) as answer:
        assert (answer.status, json.load(answer)) == (200, {"status": "accepted"})
    delivery = hub.receiver.wait(EVENT, 20)
    assert (delivery.state, delivery.type, delivery.body) == ("done", EVENT, BODY)
    assert (delivery.integration, delivery.connection) == ("reviewboard", "default")
    assert seen[0].data["review_request"]["summary"] == "Zwölf"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda b, h: (b.replace(b"7", b"8"), h), "the signature does not fit the raw bytes"),
        (
            lambda b, h: (json.dumps(json.loads(b), separators=(",", ":")).encode(), h),
            "the signature does not fit the raw bytes",
        ),
        (
            lambda b, h: (b, {k: v for k, v in h.items() if k != "X-Hub-Signature"}),
            "there is no X-Hub-Signature header",
        ),
        (
            lambda b, h: (b, h | {"X-Hub-Signature": "sha1=zz"}),
            "the X-Hub-Signature header is malformed",
        ),
        (
            lambda b, h: (b, h | {"x-hub-Signature": "sha1=" + "00" * 20}),
            "the X-Hub-Signature header is malformed",  # two of them
        ),
        (
            lambda b, h: (b, h | {"X-Hub-Signature": "sha1=\xff\xfe"}),
            "the X-Hub-Signature header is malformed",
        ),
    ],
    ids=["tampered", "re-serialised", "missing", "malformed", "doubled", "not ASCII"],
)
def test_what_does_not_verify_is_refused_without_a_word_and_never_handled(hub, damage, reason):
    handled: list[object] = []
    hub.handlers.on("*")(handled.append)
    body, headers = damage(BODY, hub.headers(BODY))
    assert hub.post(body, headers) == (401, b"")
    assert (last(hub).verdict, last(hub).reason) == ("refused", reason)
    assert hub.receiver.engine.list() == []
    assert handled == []


def test_an_old_secret_still_verifies_while_it_is_among_the_keys(hub):
    hub.keys[:] = ["a-newer-fake-secret", *hub.keys]
    assert hub.post(BODY)[0] == 200
    assert hub.post(BODY + b" ", hub.headers(BODY + b" ", key=hub.keys[0]))[0] == 200


def test_without_a_signing_secret_everything_is_refused(hub):
    hub.keys.clear()
    assert hub.post(BODY, hub.headers(BODY, key=""))[0] == 401
    assert last(hub).reason == "no signing secret is set"


@pytest.mark.parametrize(("testing", "status"), [(False, 401), (True, 200)])
def test_the_published_test_key_counts_only_when_testing(make_hub, testing, status):
    hub = make_hub(testing=testing)
    hub.keys[:] = [TEST_KEY]
    assert hub.post(BODY, hub.headers(BODY, key=TEST_KEY))[0] == status


def test_a_vault_that_cannot_be_read_asks_the_provider_to_send_again(make_hub):
    class Locked(list):
        def __iter__(self):
            raise VaultError("the vault's key cannot be read")

    hub = make_hub()
    hub.keys = Locked()
    assert hub.post(BODY) == (503, b"")
    assert last(hub).reason == "the signing secret cannot be read"


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE", "OPTIONS"])
def test_another_method_is_not_allowed(hub, method):
    assert hub.post(b"", {}, method=method)[0] == 405


@pytest.mark.parametrize(
    "path", ["/", "/hooks/", "/hooks/other", "/hooks/reviewboard/", "/hooks/../hooks/x", "/x"]
)
def test_another_path_is_not_found(hub, path):
    assert hub.post(BODY, path=path)[0] == 404
    assert last(hub).reason == "no integration here has that path"


def test_the_largest_body_is_taken_and_one_byte_more_is_not(hub):
    largest = b'"' + b"x" * (MAX_BODY - 2) + b'"'
    assert hub.post(largest)[0] == 200
    assert hub.post(largest + b" ")[0] == 413
    assert last(hub).reason == f"the body is larger than {MAX_BODY} bytes"


def test_a_body_that_only_streams_is_counted_while_it_comes(hub):
    def stream():
        for _ in range(40):
            yield b"x" * 65536

    headers = hub.headers(b"") | {"Transfer-Encoding": "chunked"}
    connection = _connection(hub)
    connection.request("POST", "/hooks/reviewboard", stream(), headers, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_a_streamed_body_verifies_as_a_whole(hub):
    headers = hub.headers(BODY) | {"Transfer-Encoding": "chunked"}
    pieces = [BODY[i : i + 3] for i in range(0, len(BODY), 3)]
    connection = _connection(hub)
    connection.request("POST", "/hooks/reviewboard", iter(pieces), headers, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert hub.receiver.wait(timeout=20).body == BODY


def test_a_body_declared_far_too_large_is_refused_before_it_is_sent(hub):
    head = b"POST /hooks/reviewboard HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n"
    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as sender:
        sender.sendall(head)
        assert sender.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_an_endless_body_is_cut_off_at_a_bounded_size(hub):
    sent = 0
    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as sender:
        sender.sendall(
            b"POST /hooks/reviewboard HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        try:
            while sent < 1 << 30:
                sender.sendall(chunk)
                sent += 0x100000
        except OSError:
            pass
    assert sent < 64 << 20


def test_a_sender_that_goes_away_in_the_middle_leaves_nothing(hub):
    head = f"POST /hooks/reviewboard HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in hub.headers(BODY).items())
    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as sender:
        sender.sendall(head.encode() + b"\r\n" + BODY[:-1])
    assert hub.post(BODY)[0] == 200
    assert [row.verdict for row in hub.receiver.arrivals.rows] == ["verified"]


def test_an_empty_body_can_be_signed(hub):
    assert hub.post(b"")[0] == 200


def test_the_same_delivery_twice_is_acknowledged_twice_and_handled_once(hub):
    handled: list[object] = []
    hub.handlers.on("*")(handled.append)
    assert hub.post(BODY) == hub.post(BODY) == (200, b'{"status": "accepted"}')
    hub.receiver.wait(timeout=20)
    assert [row.verdict for row in hub.receiver.arrivals.rows] == ["verified", "duplicate"]
    assert len(handled) == 1


def test_a_forged_copy_does_not_take_the_real_ones_place(hub):
    forged = hub.headers(BODY) | {"X-Hub-Signature": "sha1=" + "00" * 20}
    assert hub.post(BODY, forged)[0] == 401
    assert hub.post(BODY)[0] == 200
    assert hub.receiver.wait(timeout=20).body == BODY


def test_sixteen_senders_at_once_have_every_delivery_handled_once(hub):
    lock, handled = threading.Lock(), Counter[int]()

    @hub.handlers.on("*")
    def count(event: cw.Event[Any]) -> None:
        with lock:
            handled[event.data["n"]] += 1

    bodies = [json.dumps({"n": n}).encode() for n in range(160)]
    with ThreadPoolExecutor(16) as senders:
        # A tenth is sent twice.
        answers = list(senders.map(hub.post, bodies + bodies[::10]))
    assert {status for status, _ in answers} == {200}
    for _ in bodies:
        hub.receiver.wait(timeout=20)
    assert handled == Counter(range(160))


def test_a_handler_that_raises_makes_it_dead_and_the_receiver_goes_on(hub):
    @hub.handlers.on("*")
    def triage(event: cw.Event[Any]) -> None:
        if event.data["n"] == 0:
            raise RuntimeError("broken")

    assert hub.post(b'{"n": 0}')[0] == 200
    assert hub.post(b'{"n": 1}')[0] == 200
    states = {hub.receiver.wait(timeout=20).state for _ in range(2)}
    assert states == {"dead", "done"}


def test_after_the_handler_is_mended_the_providers_redelivery_is_handled(hub):
    assert hub.post(BODY)[0] == 200
    assert hub.receiver.wait(timeout=20).state == "ignored"
    hub.handlers.on("*")(lambda event: None)
    assert hub.post(BODY)[0] == 200
    assert hub.receiver.wait(timeout=20).state == "done"


def test_handlers_that_block_do_not_keep_the_receiver_from_answering(hub):
    release, started = threading.Event(), threading.Semaphore(0)

    @hub.handlers.on("*")
    def slow(event: cw.Event[Any]) -> None:
        started.release()
        assert release.wait(60)

    try:
        for n in range(20):  # more than there are workers
            assert hub.post(json.dumps({"n": n}).encode())[0] == 200
        assert started.acquire(timeout=20)
        began = time.monotonic()
        assert hub.post(b'{"n": 99}')[0] == 200
        assert time.monotonic() - began < 5
    finally:
        release.set()
    assert {hub.receiver.wait(timeout=20).state for _ in range(21)} == {"done"}


def test_an_engine_that_cannot_keep_it_asks_the_provider_to_send_again(make_hub, background):
    class Full(Inline):
        fails = True

        async def put(self, delivery):
            if self.fails:
                raise OSError(28, "No space left on device")
            return await super().put(delivery)

    engine = Full(background)
    hub = make_hub(engine)
    assert hub.post(BODY) == (503, b"")
    assert last(hub).reason == "the engine could not keep it"
    engine.fails = False
    assert hub.post(BODY)[0] == 200
    assert hub.receiver.wait(timeout=20).body == BODY


def test_a_wrong_secret_is_what_waiting_in_vain_tells(hub):
    hub.post(BODY, hub.headers(BODY, key="a-wrong-fake-secret"))
    with pytest.raises(DeliveryError, match="1 x the signature does not fit") as caught:
        hub.receiver.wait(EVENT, 0.05, integration="reviewboard")
    assert "signing secret" in caught.value.next_step
    assert "not-a-real" not in str(caught.value)


def test_it_works_below_another_apps_path(make_hub):
    hub = make_hub(serve=False)
    sent: list[dict[str, Any]] = []

    async def receive():
        return {"type": "http.request", "body": BODY}

    async def send(message):
        sent.append(message)

    headers = [(k.lower().encode(), v.encode()) for k, v in hub.headers(BODY).items()]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/app/hooks/reviewboard",
        "root_path": "/app",
        "headers": headers,
    }
    asyncio.run(hub.receiver(scope, receive, send))
    assert sent[0]["status"] == 200


def test_it_takes_part_in_a_servers_start_and_stop(make_hub):
    hub = make_hub(serve=False)
    asked = iter(["lifespan.startup", "lifespan.shutdown"])
    sent: list[str] = []

    async def receive():
        return {"type": next(asked)}

    async def send(message):
        sent.append(message["type"])

    asyncio.run(hub.receiver({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_nothing_of_a_delivery_but_its_id_and_type_shows_in_a_repr_or_a_log(hub, caplog):
    @hub.handlers.on("*")
    def broken(event):
        raise RuntimeError("personal data")

    body = b'{"email": "somebody@example.com"}'
    hub.post(body)
    delivery = hub.receiver.wait(timeout=20)
    shown = f"{delivery!r} {hub.receiver.arrivals.rows!r} {caplog.text}"
    assert "broken failed on review_request_published: RuntimeError" in caplog.text
    for hidden in ("somebody@", "personal data", "sha1=", "not-a-real"):
        assert hidden not in shown
    assert "not-a-real" not in repr(hub.receiver.route("reviewboard"))


def _connection(hub):
    import http.client

    return http.client.HTTPConnection("127.0.0.1", hub.port, timeout=20)
