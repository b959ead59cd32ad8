"""The contract of signature schemes: templates, look-up, and what every kind must hold to."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cellwire as cw
from cellwire.errors import DefinitionError, InvalidSignature
from cellwire.kinds import Kinds
from cellwire.webhooks import signatures
from cellwire.webhooks.signatures import TEST_KEY, Signature, Template
from cellwire.webhooks.signatures.hmac import HMAC

BODY = json.dumps({"id": "evt_1", "type": "a.b", "n": 7, "list": [{"x": "y"}], "no": None}).encode()


def build(name: str) -> Signature:
    return Kinds("cellwire.webhooks.signatures", Signature).load(name)(header="X-Signature")


KINDS = Kinds("cellwire.webhooks.signatures", Signature).names()


@pytest.mark.parametrize("name", KINDS)
@given(body=st.binary())
def test_every_kind_verifies_what_it_signs_under_its_own_headers(name, body):
    scheme = build(name)
    headers = {key.lower(): value for key, value in scheme.sign({}, body, TEST_KEY).items()}
    assert set(headers) <= scheme.signature_headers
    scheme.verify(headers, body, [TEST_KEY])
    with pytest.raises(InvalidSignature):
        scheme.verify(headers, body, ["another-fake-key"])


@pytest.mark.parametrize("name", KINDS)
@given(value=st.text())
def test_every_kind_raises_only_our_error_on_malformed_headers(name, value):
    scheme = build(name)
    headers = dict.fromkeys(scheme.signature_headers, value)
    with pytest.raises(InvalidSignature):
        scheme.verify(headers, BODY, [TEST_KEY])


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{header:X-Event}", "opened"),
        ("{header:x-event}", "opened"),
        ("{json:type}", "a.b"),
        ("{json:n}", "7"),
        ("{json:list.0.x}", "y"),
        ("issues.{header:X-Event}", "issues.opened"),
        ("{header:X-Event}-{json:id}", "opened-evt_1"),
        ("constant", "constant"),
        ("{sha256}", hashlib.sha256(BODY).hexdigest()),
        ("{header:X-Other}", None),
        ("{json:no}", None),
        ("{json:list}", None),
        ("{json:list.9.x}", None),
        ("{json:list.x}", None),
        ("{json:type.deeper}", None),
    ],
)
def test_a_template_is_filled_from_headers_and_body(template, value):
    assert Template(template, "event_type").fill({"x-event": "opened"}, BODY) == value


@pytest.mark.parametrize(
    "text", ["", "{", "}", "{header}", "{header:}", "{header:a b}", "{json:}", "{json:a..b}", "{x}"]
)
def test_a_wrong_template_names_the_argument_and_what_to_write(text):
    with pytest.raises(DefinitionError, match=r"event_type[\s\S]*\{header:X-Event\}"):
        HMAC(header="X-Signature", event_type=text)


def test_a_delivery_id_that_never_changes_is_refused():
    with pytest.raises(DefinitionError, match="the same for every delivery"):
        HMAC(header="X-Signature", delivery_id="constant")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"no json", b"[" * 100_000, b"[]"])
def test_where_there_is_no_id_the_bodys_hash_is_it(body):
    scheme = HMAC(header="X-Signature")
    assert scheme.delivery_id({}, body) == hashlib.sha256(body).hexdigest()
    assert scheme.event_type({}, body) == "unknown"


def test_an_event_type_that_is_one_header_can_be_announced():
    assert HMAC(header="S", event_type="{header:X-Event}").announce("a") == {"X-Event": "a"}
    assert HMAC(header="S", event_type="x-{header:X-Event}").announce("a") == {}
    assert HMAC(header="S", event_type="{json:type}").announce("a") == {}


def test_kinds_are_found_as_attributes():
    assert cw.signatures.HMAC is HMAC
    with pytest.raises(AttributeError, match="Morse"):
        _ = signatures.Morse
