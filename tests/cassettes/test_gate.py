"""The leak gate: what it must find, and what it must leave alone."""

import gzip
import hashlib
import json
import uuid
from base64 import b64encode

import pytest
import yaml

from cellwire.cassettes import gate
from cellwire.errors import SecretFound

# Put together here, so that no scanner takes this file for a leak.
A30 = "Ab1" * 12
SHAPED = {
    "GitHub token": ["ghp_" + A30, "gho_" + A30, "github_pat_" + A30],
    "GitLab token": ["glpat-" + A30[:20]],
    "Stripe key": ["sk_live_" + A30, "sk_test_" + A30, "rk_live_" + A30],
    "webhook signing secret": ["whsec_" + A30],
    "Slack token": ["xoxb-" + A30, "xoxp-" + A30],
    "AWS access key": ["AKIA" + "AB12" * 4, "ASIA" + "AB12" * 4],
    "Google API key": ["AIza" + (A30 * 2)[:35]],
    "Google access token": ["ya29." + A30],
    "JSON web token": ["eyJhbGciOiJub25lIn0" + ".eyJzdWIiOiJmYWtlIn0" + ".c2lnbmF0dXJl"],
    "npm token": ["npm_" + A30],
    "package index token": ["pypi-" + A30 * 2],
    "Hugging Face token": ["hf_" + "AbCd" * 9],
    "Anthropic key": ["sk-ant-" + A30],
    "SendGrid key": ["SG." + A30[:20] + "." + A30],
    "Shopify token": ["shpat_" + "ab12" * 8],
    "private key": ["-----BEGIN " + "RSA PRIVATE KEY-----"],
    "password in a URL": ["https://user:" + "fakepass@host.test/"],
}


def _cassette(body="", *, headers=None, uri="https://api.test/x", request_body=""):
    request = {"method": "GET", "uri": uri, "body": request_body, "headers": headers or {}}
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": body}}
    tree = {"interactions": [{"request": request, "response": response}], "version": 1}
    return yaml.safe_dump(tree)


@pytest.mark.parametrize("kind", SHAPED)
def test_a_published_format_is_found_in_a_neutral_field(kind):
    for value in SHAPED[kind]:
        for text in (_cassette(json.dumps({"note": f"is {value} "})), f'note = "{value} "\n'):
            assert kind in {f.kind for f in gate.findings(text, [])}, value


def test_a_format_is_found_under_base64_and_gzip():
    token = SHAPED["GitHub token"][0]
    packed = gzip.compress(f"note {token}".encode())
    assert gate.findings(_cassette(packed), [])
    assert gate.findings(_cassette(b64encode(packed).decode()), [])
    assert gate.findings(_cassette(json.dumps({"a": b64encode(token.encode()).decode()})), [])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (_cassette('{"access_token": "fake-one"}'), "interactions[0].response.body.access_token"),
        (_cassette('{"a": [{"password": "fake"}]}'), "interactions[0].response.body.a[0].password"),
        (
            _cassette(request_body="grant_type=x&client_secret=fake-two"),
            "interactions[0].request.body.client_secret",
        ),
        (_cassette(uri="https://api.test/x?api_key=fake"), "interactions[0].request.uri?api_key"),
        (
            _cassette(headers={"Authorization": ["Bearer fake-three"]}),
            "interactions[0].request.headers.Authorization[0]",
        ),
        (
            _cassette(headers={"X-Api-Key": ["fake-three"]}),
            "interactions[0].request.headers.X-Api-Key[0]",
        ),
    ],
)
def test_a_secret_field_that_holds_no_stand_in_is_found_and_its_place_named(text, place):
    assert place in [f.place for f in gate.findings(text, [])]


@pytest.mark.parametrize(
    "text",
    [
        _cassette('{"access_token": "cw-access_token-1", "token_type": "Bearer"}'),
        _cassette(
            headers={"Authorization": ["Bearer cw-access_token-2"], "Cookie": ["a=cw-cookie-1"]}
        ),
        _cassette(uri="https://api.test/x?api_key=cw-api_key-1&limit=3"),
        _cassette(
            '{"next_page_token": "CAUQAAb1c2d3e4f5g6h7i8", "code": "open", "state": "closed"}'
        ),
        _cassette(
            '{"password": null, "client_secret": "", "secret": "****", "id": 12345678901234}'
        ),
        _cassette(
            json.dumps({"id": str(uuid.UUID(int=7**40)), "sha": hashlib.sha1(b"x").hexdigest()})
        ),
        _cassette(
            "<p>See RFC 6749: the access token is a string representing an authorization.</p>"
        ),
        'headers = {"Authorization": "Bearer cw-access_token-1"}\nassert token is not None\n',
        "The client secret MUST NOT be stored. Authorization: Bearer {token}. password=<yours>",
        "GET /resource HTTP/1.1, Host: server.example.com, state=xyz and code=SplxlOBeZQQYbYS6WxSbIA\n",
    ],
)
def test_ordinary_text_and_stand_ins_are_left_alone(text):
    assert gate.findings(text, ["fake-secret-value"]) == []


def test_a_known_value_is_found_in_binary_and_in_a_comment():
    value = "fake-known-value"
    assert gate.findings(_cassette(b"\x00\xff" + value.encode()), [value])
    assert gate.findings(f"# cellwire 1; live at {value}\n" + _cassette(), [value])


def test_a_known_value_split_over_the_frames_of_a_stream_is_found():
    body = "data: fake-known\n\ndata: -value-1\n\n"
    assert gate.findings(_cassette(body), ["fake-known-value-1"])


def test_the_error_names_kind_and_place_and_never_the_value():
    value = "fake-known-value"
    with pytest.raises(SecretFound) as raised:
        gate.refuse(_cassette(json.dumps({"note": value})), [value], "hub/list")
    assert "hub/list: known value at interactions[0].response.body" in str(raised.value)
    assert value not in str(raised.value)
    assert raised.value.next_step


def test_a_value_can_be_allowed_by_its_digest():
    text = _cassette('{"password": "not-a-secret"}')
    digests = [f.digest for f in gate.findings(text, [])]
    assert digests == [hashlib.sha256(b"not-a-secret").hexdigest()[:12]]
    assert gate.findings(text, [], allow=digests) == []


def test_notebooks_are_read_by_their_cells():
    token = SHAPED["GitHub token"][0]
    cell = {"cell_type": "code", "source": ["a = 1\n", f"token = '{token}'\n"], "outputs": []}
    found = gate.findings(json.dumps({"cells": [cell], "nbformat": 4}), [])
    assert [(f.kind, f.place) for f in found] == [("GitHub token", "cells[0].source")]
