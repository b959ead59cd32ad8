"""HMAC over the raw body: published vectors, rotation, strict decoding, nothing but our error."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwire.errors import DefinitionError, InvalidSignature
from cellwire.webhooks.signatures.hmac import HMAC

BODY = b'{"say": "hello"}'
KEY = "not-a-real-signing-secret"

GITHUB = HMAC(header="X-Hub-Signature-256", digest="sha256", prefix="sha256=")
BASE64 = HMAC(header="X-Signature", digest="sha256", encoding="base64")


def signed(scheme: HMAC, body: bytes = BODY, key: str = KEY) -> dict[str, str]:
    return {name.lower(): value for name, value in scheme.sign({}, body, key).items()}


def test_githubs_published_example_verifies():
    # docs.github.com, "Validating webhook deliveries": secret, payload and expected signature.
    given_ = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    secret, body = "It's a Secret to Everybody", b"Hello, World!"
    GITHUB.verify({"x-hub-signature-256": given_}, body, [secret])
    assert GITHUB.sign({}, body, secret) == {"X-Hub-Signature-256": given_}


@pytest.mark.parametrize(
    ("digest", "key", "body", "expected"),
    [
        # RFC 2202, section 3, test case 2.
        (
            "sha1",
            "Jefe",
            b"what do ya want for nothing?",
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        ),
        # RFC 4231, section 4.3.
        (
            "sha256",
            "Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
    ],
)
def test_the_rfcs_vectors_verify(digest, key, body, expected):
    scheme = HMAC(header="X-Signature", digest=digest)
    scheme.verify({"x-signature": expected}, body, [key])
    assert scheme.sign({}, body, key) == {"X-Signature": expected}


def test_base64_is_what_the_standard_library_makes():
    expected = base64.b64encode(hmac.new(KEY.encode(), BODY, hashlib.sha256).digest()).decode()
    assert BASE64.sign({}, BODY, KEY) == {"X-Signature": expected}
    BASE64.verify({"x-signature": expected}, BODY, [KEY])


def test_any_of_several_keys_fits_so_that_a_secret_can_be_rotated():
    GITHUB.verify(signed(GITHUB), BODY, ["another-fake-key", KEY, "a-third-fake-key"])


def test_a_changed_body_is_refused():
    with pytest.raises(InvalidSignature, match="does not fit the raw bytes"):
        GITHUB.verify(signed(GITHUB), BODY + b" ", [KEY])


def test_another_key_is_refused():
    with pytest.raises(InvalidSignature, match="does not fit the raw bytes"):
        GITHUB.verify(signed(GITHUB), BODY, ["another-fake-key"])


@pytest.mark.parametrize("keys", [[], [""]])
def test_without_a_secret_everything_is_refused(keys):
    # Signed with the empty key, which whoever forges deliveries knows too.
    with pytest.raises(InvalidSignature, match="no signing secret is set"):
        GITHUB.verify(signed(GITHUB, key=""), BODY, keys)


def test_a_missing_header_is_refused_by_name():
    with pytest.raises(InvalidSignature, match="no X-Hub-Signature-256 header"):
        GITHUB.verify({}, BODY, [KEY])


@pytest.mark.parametrize(
    "damage",
    [
        lambda v: v.removeprefix("sha256="),
        lambda v: v.replace("sha256=", "sha1="),
        lambda v: v.upper(),
        lambda v: v + "0",
        lambda v: v[:-1] + "g",
        lambda v: v + "\u00e9",
        lambda v: f"{v}, {v}",
        lambda v: " " + v,
        lambda v: "",
        lambda v: "sha256=\ud800",
    ],
)
def test_a_malformed_header_is_refused_as_such(damage):
    value = damage(signed(GITHUB)["x-hub-signature-256"])
    with pytest.raises(InvalidSignature, match="header is malformed"):
        GITHUB.verify({"x-hub-signature-256": value}, BODY, [KEY])


@pytest.mark.parametrize("junk", ["!", "\n", " ", "====", "AAAA"])
def test_base64_with_junk_behind_it_is_refused(junk):
    value = signed(BASE64)["x-signature"] + junk
    with pytest.raises(InvalidSignature):
        BASE64.verify({"x-signature": value}, BODY, [KEY])


@pytest.mark.parametrize("scheme", [GITHUB, BASE64])
@given(value=st.text(), prefixed=st.booleans(), body=st.binary())
def test_no_header_and_no_body_raises_anything_but_our_error(scheme, value, prefixed, body):
    header = (scheme.prefix if prefixed else "") + value
    with pytest.raises(InvalidSignature) as caught:
        scheme.verify({scheme.header.lower(): header}, body, [KEY])
    assert KEY not in str(caught.value)


@given(body=st.binary())
def test_what_is_signed_verifies_and_one_more_byte_does_not(body):
    GITHUB.verify(signed(GITHUB, body), body, [KEY])
    with pytest.raises(InvalidSignature):
        GITHUB.verify(signed(GITHUB, body), body + b"\0", [KEY])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"digest": "md5"}, "sha256"),
        ({"encoding": "base32"}, "base64"),
        ({"header": ""}, "X-Hub-Signature-256"),
    ],
)
def test_a_wrong_declaration_says_what_to_write(wrong, words):
    with pytest.raises(DefinitionError, match=words):
        HMAC(**({"header": "X-Signature"} | wrong))


def test_its_repr_says_how_deliveries_are_signed():
    assert repr(GITHUB) == "HMAC(header='X-Hub-Signature-256', digest='sha256', prefix='sha256=')"
