"""Deliveries into interactions and out again, byte-exact, signed with the published key only."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwire.cassettes.interaction import Interaction
from cellwire.errors import DeliveryError, InvalidSignature
from cellwire.webhooks.capture import compose, deliver, from_interaction, resign, to_interaction
from cellwire.webhooks.delivery import Delivery
from cellwire.webhooks.signatures import TEST_KEY
from cellwire.webhooks.signatures.hmac import HMAC

AT = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "not-a-real-signing-secret"
EVENT = "review_request_published"
SCHEME = HMAC(
    header="X-Hub-Signature",
    digest="sha1",
    prefix="sha1=",
    event_type="{header:X-ReviewBoard-Event}",
    delivery_id="{sha256}",
)

NOT_A_TOKEN = "not-a-real-token"


def received(body: bytes, **more: str) -> Delivery:
    headers = {
        "host": "127.0.0.1:8123",
        "content-length": str(len(body)),
        "content-type": "application/json",
        "user-agent": "ReviewBoard-WebHooks/8.1",
        "x-reviewboard-event": EVENT,
        **{name.lower(): value for name, value in SCHEME.sign({}, body, SECRET).items()},
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return Delivery(
        SCHEME.delivery_id(headers, body), EVENT, headers, body, AT, integration="reviewboard"
    )


def captured(body: bytes) -> Interaction:
    return resign(to_interaction(received(body), SCHEME), SCHEME)


def test_a_delivery_becomes_an_inbound_interaction_with_our_acknowledgement():
    interaction = to_interaction(received(b"{}"), SCHEME)
    assert interaction.inbound
    assert (interaction.method, interaction.uri) == (
        "POST",
        "http://receiver.test/hooks/reviewboard",
    )
    assert (interaction.status, interaction.reason) == (200, "OK")
    assert interaction.response_body == b'{"status": "accepted"}'


def test_hop_and_credential_headers_and_the_real_signature_stay_behind():
    delivery = received(
        b"{}",
        authorization=f"Bearer {NOT_A_TOKEN}",
        cookie="session=not-real",
        x_forwarded_for="192.0.2.7",
        x_forwarded_proto="https",
        x_real_ip="192.0.2.7",
        accept_encoding="gzip",
        connection="keep-alive",
    )
    interaction = to_interaction(delivery, SCHEME)
    assert dict(interaction.request_headers) == {
        "content-type": "application/json",
        "user-agent": "ReviewBoard-WebHooks/8.1",
        "x-reviewboard-event": EVENT,
    }


def test_it_is_signed_anew_after_redaction_with_the_published_key():
    body = b'{"email": "somebody@example.com"}'
    redacted = replace(
        to_interaction(received(body), SCHEME), request_body=b'{"email": "{email.1}"}'
    )
    signed = resign(redacted, SCHEME)
    delivery = from_interaction(signed, SCHEME, "work", received_at=AT)
    assert delivery.body == b'{"email": "{email.1}"}'
    assert (delivery.type, delivery.connection) == (EVENT, "work")
    assert (delivery.integration, delivery.received_at) == ("reviewboard", AT)
    SCHEME.verify(delivery.headers, delivery.body, [TEST_KEY])
    with pytest.raises(InvalidSignature):
        SCHEME.verify(delivery.headers, delivery.body, [SECRET])


def test_a_real_signature_that_is_still_there_is_replaced():
    delivery = received(b"{}")
    interaction = replace(
        to_interaction(delivery, SCHEME), request_headers=tuple(delivery.headers.items())
    )
    names = [name for name, _ in resign(interaction, SCHEME).request_headers]
    assert names.count("x-hub-signature") == 1
    assert delivery.headers["x-hub-signature"] not in str(resign(interaction, SCHEME))


def test_signing_anew_twice_is_the_same_as_once():
    once = captured(b"{}")
    assert resign(once, SCHEME) == once


def test_a_call_of_ours_is_left_as_it_is():
    ours = Interaction("GET", "https://api.example.com/hooks/x", 200)
    assert resign(ours, SCHEME) is ours


@given(body=st.binary(max_size=2000) | st.text(max_size=500).map(str.encode))
def test_any_body_comes_back_byte_for_byte_with_the_same_id(body):
    delivery = from_interaction(captured(body), SCHEME, received_at=AT)
    assert delivery.body == body
    assert delivery.id == received(body).id


@given(body=st.binary(min_size=1, max_size=200), data=st.data())
def test_a_body_changed_anywhere_by_hand_is_refused(body, data):
    at = data.draw(st.integers(0, len(body) - 1))
    changed = body[:at] + bytes([body[at] ^ data.draw(st.integers(1, 255))]) + body[at + 1 :]
    tampered = replace(captured(body), request_body=changed)
    with pytest.raises(InvalidSignature, match="record it again"):
        from_interaction(tampered, SCHEME, received_at=AT)


@pytest.mark.parametrize("headers", [(), (("x-hub-signature", "sha1=zz"),)])
def test_a_recording_without_a_signature_of_ours_is_refused(headers):
    with pytest.raises(InvalidSignature, match="does not verify"):
        from_interaction(replace(captured(b"{}"), request_headers=headers), SCHEME, received_at=AT)


def test_a_test_delivery_is_signed_as_the_provider_does_and_handled(make_hub):
    hub = make_hub(serve=False)
    handled: list[object] = []
    hub.handlers.on(EVENT)(lambda event: handled.append(event.data))
    headers, body = compose(SCHEME, EVENT, {"id": 7}, SECRET)
    for _ in range(2):  # as a cell that runs again
        delivery = deliver(hub.receiver, "reviewboard", headers, body)
        assert (delivery.state, delivery.type, delivery.json()) == ("done", EVENT, {"id": 7})
    assert handled == [{"id": 7}, {"id": 7}]


def test_a_handler_that_raises_makes_a_test_delivery_dead_with_its_failure(make_hub):
    hub = make_hub(serve=False)

    @hub.handlers.on(EVENT)
    def broken(event):
        raise RuntimeError("broken")

    delivery = deliver(hub.receiver, "reviewboard", *compose(SCHEME, EVENT, b"{}", SECRET))
    assert (delivery.state, str(delivery.failure)) == ("dead", "broken")


def test_a_test_delivery_with_another_key_is_refused(make_hub):
    hub = make_hub(serve=False)
    with pytest.raises(InvalidSignature, match="refused the signature"):
        deliver(hub.receiver, "reviewboard", *compose(SCHEME, EVENT, {}, TEST_KEY))


def test_a_test_delivery_that_is_too_large_says_so(make_hub):
    hub = make_hub(serve=False, max_body=10)
    with pytest.raises(DeliveryError, match="413"):
        deliver(hub.receiver, "reviewboard", *compose(SCHEME, EVENT, b"x" * 11, SECRET))


def test_a_test_delivery_to_nobody_says_so(make_hub):
    hub = make_hub(serve=False)
    with pytest.raises(DeliveryError, match="'gitlab'"):
        deliver(hub.receiver, "gitlab", *compose(SCHEME, EVENT, {}, SECRET))


def test_a_payload_that_says_another_type_is_refused_before_it_is_sent():
    scheme = HMAC(header="X-Signature", event_type="{json:type}")
    headers, body = compose(scheme, "a.b", {"type": "a.b"}, SECRET)
    scheme.verify(headers, body, [SECRET])
    assert json.loads(body) == {"type": "a.b"}
    with pytest.raises(DeliveryError, match=r"'unknown', not 'a\.b'"):
        compose(scheme, "a.b", {}, SECRET)


def test_a_further_signature_made_with_the_real_secret_stays_behind():
    delivery = received(b"{}", x_hub_signature="sha1=not-real", x_shop_hmac_sha256="not-real")
    names = {name.lower() for name, _ in to_interaction(delivery, SCHEME).request_headers}
    assert not {n for n in names if "signature" in n or "hmac" in n}
