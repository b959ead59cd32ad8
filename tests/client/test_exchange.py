"""Steps the generator by hand: no network, no driver."""

from datetime import UTC, datetime

import httpx
import pytest

from cellwire.auth import Auth, Place
from cellwire.auth.bearer import Bearer
from cellwire.auth.oauth2 import OAuth2
from cellwire.client.exchange import Rules, exchange
from cellwire.client.limits import Retry
from cellwire.credentials import Field
from cellwire.effects import Credential, Secrets, Send, Sleep, adrive, drive
from cellwire.errors import CallError, ForeignHost

OAUTH = OAuth2(authorization_endpoint="https://x.test/a", token_endpoint="https://x.test/t")


class Key(Auth):
    name = "key"
    fields = (Field("key"),)
    writes = frozenset({Place("header", "X-Api-Key")})

    def sign(self, request, secrets):
        request.headers["X-Api-Key"] = secrets["key"]


class World:
    """Grants effects from a list of answers, and notes what was asked."""

    def __init__(self, *answers, secrets=()):
        self.answers, self.sent, self.slept, self.rejected = list(answers), [], [], []
        self.secrets = list(secrets) or [{"token": "fake-1", "key": "fake-1"}]

    def __call__(self, effect):
        match effect:
            case Send(request):
                self.sent.append(dict(request.headers))
                answer = self.answers.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer(request) if callable(answer) else answer
            case Sleep(seconds):
                self.slept.append(seconds)
                return None
            case Credential(rejected):
                self.rejected.append(rejected)
                return Secrets(self.secrets.pop(0) if len(self.secrets) > 1 else self.secrets[0])

    async def asynchronously(self, effect):
        return self(effect)


def _rules(auth=None, retries=4):
    return Rules(
        auth=auth,
        owns=lambda url: url.host == "api.test",
        retry=Retry(max_retries=retries),
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
    )


def _request(method="GET", url="https://api.test/x"):
    return httpx.Client().build_request(method, url)


def _redirect(status, to):
    client = httpx.Client()

    def answer(request):
        response = httpx.Response(status, headers={"location": to}, request=request)
        response.next_request = client._build_redirect_request(request, response)
        return response

    return answer


def test_a_429_waits_as_long_as_was_asked_and_asks_again():
    world = World(httpx.Response(429, headers={"retry-after": "8"}), httpx.Response(200))
    assert drive(exchange(_request(), _rules()), world).status_code == 200
    assert 8 <= world.slept[0] <= 8.5


async def _async(steps, world):
    return await adrive(steps, world.asynchronously)


def test_the_async_driver_walks_the_same_steps():
    import asyncio

    world = World(httpx.ConnectError("refused"), httpx.Response(200))
    assert asyncio.run(_async(exchange(_request(), _rules()), world)).status_code == 200
    assert len(world.sent) == 2


def test_a_cut_post_is_not_sent_twice():
    world = World(httpx.ReadError("cut"))
    with pytest.raises(httpx.ReadError):
        drive(exchange(_request("POST"), _rules()), world)
    assert len(world.sent) == 1


def test_the_last_answer_stands_when_retries_are_used_up():
    world = World(*[httpx.Response(503)] * 3)
    assert drive(exchange(_request(), _rules(retries=2)), world).status_code == 503


def test_a_redirect_to_another_host_carries_no_credential():
    world = World(_redirect(302, "https://evil.test/y"), httpx.Response(200))
    drive(exchange(_request(), _rules(Key())), world)
    assert world.sent[0]["x-api-key"] == "fake-1"
    assert "x-api-key" not in world.sent[1]


def test_a_redirect_within_the_host_is_signed_anew():
    world = World(_redirect(301, "https://api.test/z"), httpx.Response(200))
    drive(exchange(_request(), _rules(Bearer())), world)
    assert [sent["authorization"] for sent in world.sent] == ["Bearer fake-1"] * 2


def test_redirects_that_never_end_are_an_error():
    world = World(*[_redirect(302, "https://api.test/x")] * 20)
    with pytest.raises(CallError, match="more than 10"):
        drive(exchange(_request(), _rules()), world)


def test_oauth2_renews_a_refused_token_once_and_asks_again():
    world = World(
        httpx.Response(401),
        httpx.Response(200),
        secrets=[{"access_token": "old"}, {"access_token": "new"}],
    )
    assert drive(exchange(_request(), _rules(OAUTH)), world).status_code == 200
    assert world.rejected == [None, "old"]
    assert [sent["authorization"] for sent in world.sent] == ["Bearer old", "Bearer new"]


def test_oauth2_does_not_loop_on_401_with_a_fresh_token():
    world = World(
        httpx.Response(401),
        httpx.Response(401),
        secrets=[{"access_token": "old"}, {"access_token": "new"}],
    )
    assert drive(exchange(_request(), _rules(OAUTH)), world).status_code == 401
    assert len(world.sent) == 2


def test_an_authors_own_headers_do_not_reach_another_host():
    world = World(_redirect(302, "https://evil.test/y"), httpx.Response(200))
    request = _request()
    request.headers["Private-Token"] = "fake-private"
    drive(exchange(request, _rules(Key())), world)
    assert "private-token" not in world.sent[1]
    assert world.sent[1]["host"] == "evil.test"


def test_a_body_is_not_handed_to_another_host():
    world = World(_redirect(307, "https://evil.test/y"), httpx.Response(200))
    request = httpx.Client().build_request("POST", "https://api.test/x", data={"password": "fake"})
    with pytest.raises(ForeignHost, match=r"evil\.test, with its body"):
        drive(exchange(request, _rules(Key())), world)
    assert len(world.sent) == 1
