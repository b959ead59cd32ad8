"""Known secret values: found in every encoding, kept out of logs."""

import gc
import html
import json
import logging
import threading
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import httpx
import pytest
from tests.support.loopback import Reply, serving

from cellwire.known import Known

FAKE = "fake-s3cr/t+ \"q'é&x=="


def _upper(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


FORMS = {
    "raw": str,
    "quote": quote,
    "quote everything unsafe": lambda v: quote(v, safe=""),
    "quote_plus": quote_plus,
    "quoted twice": lambda v: quote(quote(v)),
    "lower-case percent": lambda v: quote(v, safe="").lower(),
    "all percent": _upper,
    "all percent, lower case": lambda v: _upper(v).lower(),
    "json": json.dumps,
    "json, unicode kept": lambda v: json.dumps(v, ensure_ascii=False),
    "json, slash escaped": lambda v: json.dumps(v).replace("/", "\\/"),
    "json twice": lambda v: json.dumps(json.dumps(v)),
    "html": html.escape,
    "html, apostrophe as decimal": lambda v: html.escape(v).replace("&#x27;", "&#39;"),
    "hex": lambda v: v.encode().hex(),
    "upper-case hex": lambda v: v.encode().hex().upper(),
    "base64 at 0": lambda v: b64encode(v.encode()).decode(),
    "base64 at 1": lambda v: b64encode(b"a" + v.encode() + b"tail").decode(),
    "base64 at 2": lambda v: b64encode(b"ab" + v.encode() + b"t").decode(),
    "base64url at 1": lambda v: (
        urlsafe_b64encode(b"\xff" + v.encode() + b"\xff").decode().rstrip("=")
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_value_is_replaced_in_every_form(form):
    known = Known()
    known.teach(FAKE, "access_token")
    text = f'{{"note": "before {FORMS[form](FAKE)} after"}}'
    redacted = known.redact(text)
    assert FORMS[form](FAKE) not in redacted
    assert known.redact(redacted) == redacted
    assert redacted.startswith('{"note": "before ')
    assert redacted.endswith(' after"}')


def test_a_stand_in_is_encoded_like_what_it_replaces():
    known = Known()
    known.teach("http://127.0.0.1:8081", "base_url", stand_in="https://board.test")
    assert known.redact("see http://127.0.0.1:8081/x") == "see https://board.test/x"
    assert known.redact("u=http%3A%2F%2F127.0.0.1%3A8081") == "u=https%3A%2F%2Fboard.test"
    assert known.redact("u=http%3a%2f%2f127.0.0.1%3a8081") == "u=https%3a%2f%2fboard.test"
    assert known.redact(r'"http:\/\/127.0.0.1:8081\/x"') == r'"https:\/\/board.test\/x"'
    assert known.redact("127.0.0.1:8081") == "board.test"


def test_another_port_is_another_address():
    known = Known()
    known.teach("http://127.0.0.1:8081", "base_url", stand_in="https://board.test")
    assert known.redact("http://127.0.0.1:80812/") == "http://127.0.0.1:80812/"


def test_the_longer_of_two_nested_values_goes_first():
    known = Known()
    known.teach("fake-inner", "password")
    known.teach("fake-inner-and-outer", "access_token")
    assert known.redact("x fake-inner-and-outer y fake-inner") == "x cw-access_token y cw-password"


def test_values_too_short_to_search_for_are_still_told_to_the_gate():
    known = Known()
    known.teach("abc", "pin")
    known.teach("", "nothing")
    assert known.redact("abc") == "abc"
    assert known.values() == ("abc",)


def test_version_grows_with_new_values_alone():
    known = Known()
    known.teach("fake-value-1", "token")
    known.teach("fake-value-1", "other")
    assert known.version == 1
    assert known.kind_of("fake-value-1") == "token"


def test_repr_shows_counts_alone():
    known = Known()
    known.teach("fake-value-1", "token")
    known.teach("http://127.0.0.1:1", "base_url", stand_in="https://x.test")
    assert repr(known) == "<Known 1 secrets, 2 stand-ins>"


def test_many_threads_teach_at_once():
    known = Known()

    def teach(number):
        for each in range(25):
            known.teach(f"fake-{number}-{each}-value", "token")
            known.redact("some text")

    threads = [threading.Thread(target=teach, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(known.values()) == 200


def test_no_log_line_of_the_http_library_holds_a_secret(caplog):
    known = Known()
    known.teach("fake-token-in-header-1", "access_token")
    known.teach("fake-key-in-query-2", "api_key")
    known.guard_logs()
    known.guard_logs()
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        caplog.set_level(logging.DEBUG, logger=name)
    answer = Reply(headers={"X-Minted": "fake-token-in-header-1"})
    with serving(lambda _: answer) as server:
        httpx.get(f"{server.url}/x?key=fake-key-in-query-2")
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "cw-api_key" in logged
    assert "cw-access_token" in logged
    assert "fake-token-in-header-1" not in logged
    assert "fake-key-in-query-2" not in logged


def test_no_log_line_of_the_http_library_holds_a_cookie_or_a_proof_nobody_was_taught(caplog):
    known = Known()
    known.guard_logs()
    caplog.set_level(logging.DEBUG)
    for name in ("httpcore", "httpcore.http11"):
        caplog.set_level(logging.DEBUG, logger=name)
    answer = Reply(headers={"Set-Cookie": "sid=fake-it's-session-1; Path=/", "X-Plain": "kept"})
    with serving(lambda _: answer) as server:
        httpx.get(server.url)
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "(b'Set-Cookie', b'cw-hidden')" in logged
    assert "(b'X-Plain', b'kept')" in logged
    assert "session-1" not in logged


def test_guarding_twice_adds_one_filter_and_forgotten_sets_are_let_go():
    logger = logging.getLogger("httpcore.http11")
    Known().guard_logs()
    before = len(logger.filters)
    Known().guard_logs()
    gc.collect()
    assert len(logger.filters) == before
