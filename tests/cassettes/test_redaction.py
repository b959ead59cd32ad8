"""Redaction by place: what is secret by where it stands, and what is learned from it."""

import gzip
import json
import time
from base64 import b64encode

import pytest

from cellwire.auth import Place
from cellwire.cassettes.interaction import Interaction
from cellwire.cassettes.redaction import Redaction
from cellwire.known import Known

HOST = "https://api.test"


def _redact(*interactions, known=None, places=()):
    return Redaction(known or Known(), frozenset(places)).apply(interactions)


def _one(**parts):
    [one], removed = _redact(
        Interaction(**{"method": "GET", "uri": HOST + "/x", "status": 200} | parts)
    )
    return one, removed


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (("Authorization", "Bearer fake-unknown-token"), "Bearer cw-access_token-1"),
        (("authorization", "token fake-unknown-token"), "token cw-token-1"),
        (("Authorization", "Basic aWQ6cGFzc3dvcmQ="), "Basic cw-basic-1"),
        (("Authorization", "fake-unknown-token"), "cw-authorization-1"),
        (("Proxy-Authorization", "Basic aWQ6cGFzc3dvcmQ="), "Basic cw-basic-1"),
        (("X-Api-Key", "fake"), "cw-api_key-1"),
        (("X-CSRFToken", "fake"), "cw-csrftoken-1"),
        (("PRIVATE-TOKEN", "fake"), "cw-private_token-1"),
        (("Cookie", "sid=fake1; theme=dark"), "sid=cw-cookie-1; theme=cw-cookie-2"),
        (("Accept", "application/json"), "application/json"),
        (("Authorization", "Bearer cw-access_token-7"), "Bearer cw-access_token-7"),
    ],
)
def test_a_request_header(header, expected):
    one, _ = _one(request_headers=(header,))
    assert one.request_headers == ((header[0], expected),)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("sid=fake; Path=/; HttpOnly", "sid=cw-cookie-1; Path=/; HttpOnly"),
        (
            'sid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT',
            'sid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT',
        ),
    ],
)
def test_a_cookie_that_is_set_keeps_its_name_and_attributes(value, expected):
    one, _ = _one(response_headers=(("Set-Cookie", value),))
    assert one.response_headers == (("Set-Cookie", expected),)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            '{"access_token": "fake", "expires_in": 3600}',
            '{"access_token": "cw-access_token-1", "expires_in": 3600}',
        ),
        ('[{"a": {"clientSecret":"fake"}}]', '[{"a": {"clientSecret":"cw-client_secret-1"}}]'),
        ('{"password": 12345}', '{"password": "cw-password-1"}'),
        ('{"password": "a\\"b"}', '{"password": "cw-password-1"}'),
        (
            '{"api_token": ["fake-1", "fake-2"]}',
            '{"api_token": ["cw-api_token-1", "cw-api_token-2"]}',
        ),
        (
            '{"in": "{\\"refresh_token\\": \\"fake\\"}"}',
            '{"in": "{\\"refresh_token\\": \\"cw-refresh_token-1\\"}"}',
        ),
        (
            '{"code": "open", "state": "closed", "secret": "no"}',
            '{"code": "open", "state": "closed", "secret": "no"}',
        ),
        ('{"next_page_token": "a1b2c3d4e5f6g7h8"}', '{"next_page_token": "a1b2c3d4e5f6g7h8"}'),
        ('{"token": "a1b2c3d4e5f6g7h8i9"}', '{"token": "cw-token-1"}'),
        ('{"token_type": "bearer", "password": ""}', '{"token_type": "bearer", "password": ""}'),
    ],
)
def test_a_json_body_of_any_content_type(body, expected):
    one, _ = _one(response_body=body.encode())
    assert one.response_body.decode() == expected


def test_code_and_state_are_secret_in_oauth_alone():
    form = b"grant_type=authorization_code&code=fake-code&redirect_uri=x&code_verifier=fake"
    one, _ = _one(method="POST", request_body=form)
    assert one.request_body == (
        b"grant_type=authorization_code&code=cw-code-1&redirect_uri=x&code_verifier=cw-code_verifier-1"
    )
    one, _ = _one(
        response_headers=(("Location", "http://x.test/cb?code=fake1code2345&state=fake1state234"),)
    )
    assert one.response_headers[0][1] == "http://x.test/cb?code=cw-code-1&state=cw-state-1"
    one, _ = _one(uri=f"{HOST}/issues?state=open&code=12")
    assert one.uri == f"{HOST}/issues?state=open&code=12"


def test_a_query_and_a_password_in_a_url():
    login = "me:fake"
    one, removed = _one(uri=f"https://{login}@api.test/x?api_key=fake2&limit=3")
    assert one.uri == "https://me:cw-password-1@api.test/x?api_key=cw-api_key-1&limit=3"
    assert removed == {"request URL": 1, "request query api_key": 1}


def test_a_multipart_part():
    body = (
        b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nfake\r\n'
        b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nplain\r\n--b--\r\n'
    )
    one, _ = _one(method="POST", request_body=body)
    assert one.request_body == body.replace(b"\r\n\r\nfake", b"\r\n\r\ncw-password-1")


def test_declared_places_are_secret_whatever_they_hold():
    places = [Place("query", "sig"), Place("header", "X-Proof"), Place("body", "proof")]
    one = Interaction(
        "POST",
        f"{HOST}/x?sig=1",
        200,
        request_headers=(("x-proof", "2"),),
        request_body=b'{"proof": "3"}',
    )
    [redacted], _ = _redact(one, places=places)
    assert redacted.uri == f"{HOST}/x?sig=cw-sig-1"
    assert redacted.request_headers == (("x-proof", "cw-proof-1"),)
    assert redacted.request_body == b'{"proof": "cw-proof-1"}'.replace(b"1", b"2")


def test_a_token_minted_in_the_last_answer_is_removed_from_the_first_request():
    token = "fake-minted-token-12345"
    first = Interaction("GET", f"{HOST}/x/{token}", 200, response_body=f"it is {token}".encode())
    last = Interaction(
        "POST", f"{HOST}/token", 200, response_body=json.dumps({"access_token": token}).encode()
    )
    known = Known()
    [one, two], removed = _redact(first, last, known=known)
    assert one.uri == f"{HOST}/x/cw-access_token-1"
    assert one.response_body == b"it is cw-access_token-1"
    assert two.response_body == b'{"access_token": "cw-access_token-1"}'
    assert known.values() == (token,)
    assert removed == {"request URL": 1, "response body": 1, "response body access_token": 1}


def test_a_password_is_learned_from_basic():
    basic = "Basic " + b64encode(b"id:fake%2Bpassword-1").decode()
    one = Interaction(
        "GET",
        f"{HOST}/x",
        200,
        request_headers=(("Authorization", basic),),
        response_body=b"fake+password-1",
    )
    [redacted], _ = _redact(one)
    assert redacted.response_body == b"cw-password-1"


def test_words_in_cookies_are_not_learned():
    one = Interaction(
        "GET",
        f"{HOST}/x",
        200,
        request_headers=(("Cookie", "theme=dark-mode"),),
        response_body=b"dark-mode",
    )
    [redacted], _ = _redact(one)
    assert redacted.response_body == b"dark-mode"


def test_stand_ins_are_numbered_by_first_appearance_and_equal_for_equal_values():
    known = Known()
    for name in ("zz-long-fake-value-b", "fake-value-a"):
        known.teach(name, "token")
    one = Interaction(
        "GET", f"{HOST}/?q=fake-value-a,zz-long-fake-value-b", 200, response_body=b"fake-value-a"
    )
    [redacted], _ = _redact(one, known=known)
    assert redacted.uri == f"{HOST}/?q=cw-token-1,cw-token-2"
    assert redacted.response_body == b"cw-token-1"


def test_content_length_is_mended():
    one, _ = _one(
        response_headers=(("Content-Length", "24"),), response_body=b'{"access_token": "fake"}'
    )
    assert one.response_headers == (("Content-Length", str(len(one.response_body))),)


def test_a_jwt_is_learned_wherever_it_stands():
    jwt = "eyJhbGciOiJub25lIn0" + ".eyJzdWIiOiJmYWtlIn0" + ".c2lnbmF0dXJl"
    one, _ = _one(response_body=f'{{"note": "{jwt}"}}'.encode())
    assert one.response_body == b'{"note": "cw-jwt-1"}'


def test_a_secret_split_over_the_frames_of_a_stream_is_removed():
    known = Known()
    known.teach("fake-secret-value", "token")
    body = b"event: a\ndata: fake-sec\n\nevent: a\ndata: ret-value\n\n"
    [one], _ = _redact(Interaction("GET", f"{HOST}/x", 200, response_body=body), known=known)
    assert one.response_body == b"event: a\ndata: cw-token-1\n\nevent: a\ndata: \n\n"


def test_a_gzip_body_stays_gzip():
    known = Known()
    known.teach("fake-secret-value", "token")
    one = Interaction("PUT", f"{HOST}/x", 200, request_body=gzip.compress(b"a fake-secret-value b"))
    [redacted], _ = _redact(one, known=known)
    assert gzip.decompress(redacted.request_body) == b"a cw-token-1 b"


def test_untouched_bytes_stay_untouched():
    known = Known()
    known.teach("fake-secret-value", "token")
    body = b"\xff\xfe fake-secret-value \x00\x80"
    [one], _ = _redact(Interaction("GET", f"{HOST}/x", 200, response_body=body), known=known)
    assert one.response_body == b"\xff\xfe cw-token-1 \x00\x80"


def test_redacting_what_is_redacted_changes_nothing():
    known = Known()
    known.teach("fake-secret-value", "token")
    first = Interaction(
        "POST",
        f"{HOST}/x?api_key=fake",
        200,
        request_headers=(("Authorization", "Bearer fake-secret-value"), ("Cookie", "a=b")),
        response_body=b'{"access_token": "fake2"}',
    )
    once, _ = _redact(first, known=known)
    twice, removed = _redact(*once, known=known)
    assert (twice, removed) == (once, {})


def test_a_request_is_redacted_the_same_way_without_numbers():
    known = Known()
    known.teach("fake-secret-value", "token")
    redaction = Redaction(known)
    uri, body = redaction.redact_request(
        f"{HOST}/x?api_key=fake&n=fake-secret-value", b'{"password": "fake", "a": 1}'
    )
    assert uri == f"{HOST}/x?api_key=cw-api_key&n=cw-token"
    assert body == b'{"password": "cw-password", "a": 1}'


@pytest.mark.parametrize("run", ["\\" * 30_000, "%5C" * 10_000, "&" + "amp;" * 10_000])
def test_a_long_run_of_escapes_costs_no_quadratic_search(run):
    known = Known()
    known.teach('"fake "secret" value', "token")
    body = f'"token": "x", fake {run}'.encode()
    started = time.process_time()
    _redact(Interaction("GET", f"{HOST}/x", 200, response_body=body), known=known)
    assert time.process_time() - started < 2  # it took 35 s before it was bounded
