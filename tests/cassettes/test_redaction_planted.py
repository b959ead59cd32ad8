"""Planted secrets: 20 fake credentials in many places and encodings; none may be readable after."""

import gzip
import html
import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest

from cellwire.auth import Place
from cellwire.cassettes import gate
from cellwire.cassettes.formats import Header
from cellwire.cassettes.formats.vcr_yaml import VcrYaml
from cellwire.cassettes.interaction import Interaction
from cellwire.cassettes.redaction import Redaction
from cellwire.known import Known

FAKES = [
    *(f"fake_token_{n:02d}_AbCdEfGhIjKl" for n in range(8)),
    *(f"fake/{n}+secret==&co {n}" for n in range(4)),
    *(f'fäke-"quoted"-{n}\\back' for n in range(4)),
    *(f"fake%{n}0percent~{n}.dots" for n in range(4)),
]

ENCODINGS = {
    "raw": str,
    "quote": lambda v: quote(v, safe=""),
    "quote_plus": quote_plus,
    "quoted twice": lambda v: quote(quote(v, safe=""), safe=""),
    "json": lambda v: json.dumps(v)[1:-1],
    "json twice": lambda v: json.dumps(json.dumps(v)[1:-1])[1:-1],
    "html": html.escape,
    "hex": lambda v: v.encode().hex(),
    "base64": lambda v: b64encode(v.encode()).decode(),
    "base64, one byte on": lambda v: b64encode(b"x" + v.encode() + b"yz").decode(),
    "base64url, two bytes on": lambda v: urlsafe_b64encode(b"xx" + v.encode()).decode().rstrip("="),
    "base64 of gzip": lambda v: b64encode(gzip.compress(v.encode(), mtime=0)).decode(),
}


def _safe_header(text):
    return quote(text, safe='/+= &"\\%;#') if not text.isascii() else text


PLACES = {
    "url": lambda t: Interaction("GET", f"https://api.test/x?note={quote(t, safe='%+')}", 200),
    "request header": lambda t: Interaction(
        "GET", "https://api.test/x", 200, request_headers=(("X-Note", f"n {_safe_header(t)}"),)
    ),
    "basic": lambda t: Interaction(
        "GET",
        "https://api.test/x",
        200,
        request_headers=(("Authorization", "Basic " + b64encode(f"id:{t}".encode()).decode()),),
    ),
    "form": lambda t: Interaction(
        "POST", "https://api.test/x", 200, request_body=f"note={quote_plus(t)}&a=b".encode()
    ),
    "json request": lambda t: Interaction(
        "POST", "https://api.test/x", 200, request_body=json.dumps({"a": [{"note": t}]}).encode()
    ),
    "response header": lambda t: Interaction(
        "GET", "https://api.test/x", 200, response_headers=(("X-Note", _safe_header(t)),)
    ),
    "json response": lambda t: Interaction(
        "GET", "https://api.test/x", 200, response_body=json.dumps([{"note": f"is {t}!"}]).encode()
    ),
    "gzip response": lambda t: Interaction(
        "GET",
        "https://api.test/x",
        200,
        response_body=gzip.compress(f"note {t}.".encode(), mtime=0),
    ),
}


def _recorded(interaction, known):
    redacted, removed = Redaction(known).apply([interaction])
    return VcrYaml().dump(Header(), redacted), removed


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_nothing_planted_is_readable_after_and_the_gate_sees_it_before(place, encoding):
    for fake in FAKES:
        known = Known()
        known.teach(fake, "token")
        planted = PLACES[place](ENCODINGS[encoding](fake))
        unredacted = VcrYaml().dump(Header(), [planted])
        assert "known value" in {f.kind for f in gate.findings(unredacted, [fake])}, fake
        text, removed = _recorded(planted, known)
        assert gate.findings(text, [fake]) == [], (fake, text)
        assert removed, fake


@pytest.mark.parametrize("place", PLACES)
def test_twenty_at_once_leave_nothing_readable(place):
    known = Known()
    for fake in FAKES:
        known.teach(fake, "token")
    planted = [PLACES[place](fake) for fake in FAKES]
    redacted, removed = Redaction(known, frozenset({Place("header", "Authorization")})).apply(
        planted
    )
    assert gate.findings(VcrYaml().dump(Header(), redacted), FAKES) == []
    assert sum(removed.values()) == 20


NAMES = [
    *("access_token", "clientSecret", "api_key", "password", "passwd", "auth_key", "csrf_token"),
    *("X-Api-Key", "userToken", "session-secret", "cookie_id", "api_key_id", "password_hash"),
    *("Authorization", "service_credential", "webhookSecret", "private_key", "secretKey"),
]
RANDOM = "fAkE9x8Y7z6W5v4U3t2S1r0Q"
NAMED = {
    "header": lambda n: Interaction("GET", "https://a.test/", 200, request_headers=((n, RANDOM),)),
    "answer header": lambda n: Interaction(
        "GET", "https://a.test/", 200, response_headers=((n, RANDOM),)
    ),
    "query": lambda n: Interaction("GET", f"https://a.test/?a=b&{n}={RANDOM}", 200),
    "form": lambda n: Interaction(
        "POST", "https://a.test/", 200, request_body=f"a=b&{n}={RANDOM}".encode()
    ),
    "json": lambda n: Interaction(
        "POST", "https://a.test/", 200, response_body=json.dumps([{"a": {n: RANDOM}}]).encode()
    ),
    "json list": lambda n: Interaction(
        "POST", "https://a.test/", 200, response_body=json.dumps({"a": {n: [RANDOM]}}).encode()
    ),
}


@pytest.mark.parametrize("place", NAMED)
@pytest.mark.parametrize("name", NAMES)
def test_whatever_the_gate_refuses_by_name_redaction_takes_out_unasked(name, place):
    planted = NAMED[place](name)
    assert gate.findings(VcrYaml().dump(Header(), [planted]), [])
    text, _ = _recorded(planted, Known())
    assert gate.findings(text, []) == []
    assert RANDOM not in text
