"""Requests are built and answers parsed by the letter of the RFCs."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from cellwire.errors import ConnectError
from cellwire.oauth.protocol import (
    authorization_request,
    parse_callback,
    parse_token_answer,
    refresh_request,
    revocation_request,
    token_request,
)
from cellwire.oauth.spec import Ask, Client, Grant, Server, Token

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SERVER = Server("https://as.test/authorize?tenant=7", "https://as.test/token")


def ask(method: str = "client_secret_basic", **params: str) -> Ask:
    client = Client("an id:x", "not/real+%", method)
    return Ask(SERVER, client, "http://127.0.0.1:1/callback", ("a", "b"), params)


def parse(answer: object, status: int = 200, kind: str = "application/json") -> Token:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return parse_token_answer(status, kind, body, now=NOW, asked_scopes=("a", "b"))


def test_the_authorization_url_holds_the_s256_challenge_of_rfc_7636() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    url = authorization_request(ask(prompt="login"), state="s", code_verifier=verifier)
    query = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
    assert query == {
        "tenant": "7",
        "response_type": "code",
        "client_id": "an id:x",
        "redirect_uri": "http://127.0.0.1:1/callback",
        "scope": "a b",
        "state": "s",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "prompt": "login",
    }


def test_basic_form_encodes_both_halves() -> None:
    message = token_request(ask(), Grant("c", "v"))
    pair = base64.b64decode(message.headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == "an+id%3Ax:not%2Freal%2B%25"
    assert "client_id" not in message.form
    assert message.form["code_verifier"] == "v"
    assert "not/real" not in repr(message)
    assert message.headers["Authorization"] not in repr(message)


def test_post_puts_the_secret_into_the_form_and_none_leaves_it_out() -> None:
    form = token_request(ask("client_secret_post"), Grant("c", "v")).form
    assert (form["client_id"], form["client_secret"]) == ("an id:x", "not/real+%")
    message = token_request(ask("none"), Grant("c", "v"))
    assert "client_secret" not in message.form
    assert "Authorization" not in message.headers


def test_refresh_and_revocation_name_the_refresh_token() -> None:
    token = Token("at", "rt")
    client = ask("none").client
    assert refresh_request(SERVER, client, token).form["refresh_token"] == "rt"
    assert revocation_request(SERVER, client, token) is None
    able = Server("https://as.test/a", "https://as.test/t", "https://as.test/r")
    assert revocation_request(able, client, token).form["token"] == "rt"
    assert revocation_request(able, client, Token("at")).form["token"] == "at"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"error": "access_denied"}, "access_denied"),
        ({"error": "invalid_scope", "code": "c"}, "invalid_scope"),
        ({}, "invalid_callback"),
        ({"code": ""}, "invalid_callback"),
        ({"#_": "_"}, "invalid_callback"),
    ],
)
def test_a_callback_without_a_code_is_an_error(params: dict[str, str], code: str) -> None:
    with pytest.raises(ConnectError) as caught:
        parse_callback(ask(), params, code_verifier="v")
    assert caught.value.code == code
    assert caught.value.next_step


@pytest.mark.parametrize("expires_in", [3600, "3600", 3600.0])
def test_a_token_ends_when_the_service_says(expires_in: object) -> None:
    token = parse({"access_token": "not-real", "expires_in": expires_in, "scope": "a"})
    assert token.expires_at == NOW + timedelta(hours=1)
    assert token.scope == "a"
    assert "not-real" not in repr(token)


@pytest.mark.parametrize("expires_in", [None, "", "soon", -1, float("inf"), 1e300, [], {}])
def test_an_odd_lifetime_means_unknown(expires_in: object) -> None:
    token = parse({"access_token": "not-real", "expires_in": expires_in})
    assert (token.expires_at, token.due(NOW + timedelta(days=9999))) == (None, False)


def test_what_the_answer_leaves_out_is_as_asked() -> None:
    token = parse({"access_token": "not-real"})
    assert (token.refresh_token, token.scope) == (None, "a b")


def test_an_answer_in_form_encoding_is_read() -> None:
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    assert parse(b"access_token=not-real&scope=a", kind=kind).access_token == "not-real"


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ({"error": "invalid_client"}, 401, "invalid_client"),
        ({"error": "invalid_grant", "error_description": "used"}, 400, "invalid_grant"),
        ({"error": "invalid_request", "error_description": "Mismatching redirect URI."}, 400,
         "redirect_uri_mismatch"),
        ({"error": "bad_verification_code"}, 200, "bad_verification_code"),
        ({"access_token": "x", "token_type": "mac"}, 200, "unsupported_token_type"),
        ({"access_token": 7}, 200, "invalid_answer"),
        ([], 200, "invalid_answer"),
        (b"<html>no</html>", 200, "invalid_answer"),
        (b"\xff\xfe", 502, "server_error"),
        ({"access_token": "x"}, 400, "invalid_answer"),
    ],
)  # fmt: skip
def test_what_is_no_token_is_an_error_with_a_next_step(
    answer: object, status: int, code: str
) -> None:
    with pytest.raises(ConnectError) as caught:
        parse(answer, status)
    assert caught.value.code == code
    assert caught.value.next_step


def test_a_redirect_mismatch_names_the_uri_to_register() -> None:
    body = b'{"error": "invalid_request", "error_description": "Mismatching redirect URI."}'
    uri = "http://127.0.0.1:9/callback"
    with pytest.raises(ConnectError, match=uri):
        parse_token_answer(400, "application/json", body, now=NOW, redirect_uri=uri)


@pytest.mark.parametrize(
    ("lifetime", "before", "due"),
    [(3600, 61, False), (3600, 60, True), (100, 11, False), (100, 10, True)],
)
def test_a_token_is_due_a_tenth_of_its_life_before_its_end_at_most_a_minute(
    lifetime: int, before: int, due: bool
) -> None:
    token = Token("not-real", expires_at=NOW, lifetime=lifetime)
    assert token.due(NOW - timedelta(seconds=before)) is due


def test_authlib_is_used_without_a_warning_and_without_its_http_clients() -> None:
    code = (
        "import sys\n"
        "from cellwire.oauth.protocol import authorization_request\n"
        "from cellwire.oauth.spec import *\n"
        "ask = Ask(Server('https://a.test', 'https://a.test'), Client('c'), 'http://b.test')\n"
        "authorization_request(ask, state='s', code_verifier='v' * 43)\n"
        "assert not any(m.startswith('authlib.integrations') for m in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
