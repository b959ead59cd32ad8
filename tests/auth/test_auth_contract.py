"""What every auth kind must keep to; a new file in auth/ is tested before its author begins."""

import asyncio

import httpx
import pytest

from cellwire.auth import Auth
from cellwire.effects import PlainAuth, Secrets, Send, adrive, drive
from cellwire.errors import DefinitionError
from cellwire.kinds import Kinds

KINDS = Kinds("cellwire.auth", Auth)
EXAMPLES = {
    "oauth2": {"authorization_endpoint": "https://x.test/a", "token_endpoint": "https://x.test/t"}
}
VALUE = "fake-value-0123456789"


def _made(name):
    return KINDS.load(name)(**EXAMPLES.get(name, {}))


def _secrets(kind):
    names = {f.name for f in kind.fields} | {"access_token"}
    return Secrets({name: f"{VALUE}-{name}" for name in names})


@pytest.fixture(params=KINDS.names())
def kind(request):
    return _made(request.param)


def _request():
    return httpx.Request("GET", "https://api.test/x?a=1", headers={"Accept": "text/plain"})


def _written(before, after):
    headers = {n.lower() for n, v in after.headers.items() if before.headers.get(n) != v}
    return headers, before.url != after.url


def test_it_writes_only_where_it_says(kind):
    plain, signed = _request(), _request()
    kind.sign(signed, _secrets(kind))
    headers, url_changed = _written(plain, signed)
    assert headers <= {p.name.lower() for p in kind.writes if p.where in ("header", "cookie")}
    assert headers or url_changed
    assert not url_changed or any(p.where == "query" for p in kind.writes)


def test_it_declares_a_secret_field(kind):
    assert any(field.secret for field in kind.fields)


def test_no_repr_shows_a_secret(kind):
    assert VALUE not in repr(kind) + repr(_secrets(kind))


def test_the_sync_and_the_async_driver_send_the_same(kind):
    sent = []

    def perform(effect):
        if isinstance(effect, Send):
            sent.append(dict(effect.request.headers))
            return httpx.Response(200, request=effect.request)
        return _secrets(kind)

    async def aperform(effect):
        return perform(effect)

    drive(kind.attempt(_request()), perform)
    asyncio.run(adrive(kind.attempt(_request()), aperform))
    assert sent[0] == sent[1]


def test_plain_httpx_sends_it_sync_and_async_and_only_to_hosts_that_are_ours(kind):
    seen = []

    def answer(request):
        seen.append((request.url.host, dict(request.headers), str(request.url)))
        return httpx.Response(200)

    auth = PlainAuth(kind.attempt, lambda _: _secrets(kind), lambda r: r.url.host == "api.test")

    async def twice():
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), auth=auth) as client:
            await client.get("https://api.test/x")

    with httpx.Client(transport=httpx.MockTransport(answer), auth=auth) as client:
        client.get("https://api.test/x")
        client.get("https://evil.test/x")
    asyncio.run(twice())
    assert seen[0][1:] == seen[2][1:]
    assert VALUE not in str(seen[1])
    assert "authorization" not in seen[1][1]


def test_basic_is_utf8_and_base64():
    from cellwire.auth.basic import Basic

    request = _request()
    Basic().sign(request, Secrets({"username": "Zoë", "password": "fäke:pw"}))
    assert httpx.BasicAuth("Zoë", "fäke:pw")._auth_header == request.headers["authorization"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"scopes": "read write"}, r"scopes=\['read', 'write'\]"),
        ({"token_endpoint_auth_method": "basic"}, "client_secret_basic"),
    ],
)
def test_a_wrong_oauth2_declaration_says_what_to_write(given, words):
    from cellwire.auth.oauth2 import OAuth2

    with pytest.raises(DefinitionError, match=words):
        OAuth2(**EXAMPLES["oauth2"], **given)


def test_an_unknown_kind_lists_those_there_are():
    with pytest.raises(DefinitionError, match="basic, bearer, oauth2"):
        KINDS.load("telepathy")
