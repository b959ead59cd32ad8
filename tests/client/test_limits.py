from datetime import UTC, datetime

import httpx
import pytest

from cellwire.client.limits import Retry, retry_after

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def _answer(status, **headers):
    return httpx.Response(status, headers={k.replace("_", "-"): v for k, v in headers.items()})


def _wait(method, outcome, attempt=1):
    return Retry().wait(method, outcome, attempt, now=NOW, jitter=0.0)


def test_retry_after_is_read_in_seconds_and_as_a_date():
    assert retry_after({"retry-after": "7"}, NOW) == 7
    assert retry_after({"retry-after": "Tue, 24 Nov 2026 12:00:30 GMT"}, NOW) == 30


def test_a_date_in_the_past_means_now():
    assert retry_after({"retry-after": "Tue, 24 Nov 2026 11:00:00 GMT"}, NOW) == 0


@pytest.mark.parametrize("value", ["", "soon", "-3", "1.5"])
def test_an_unreadable_retry_after_is_none(value):
    assert retry_after({"retry-after": value}, NOW) is None


def test_429_is_tried_again_after_what_was_asked_whatever_the_method():
    assert _wait("POST", _answer(429, retry_after="8")) == 8


def test_503_of_an_unsafe_method_is_not_tried_again():
    assert _wait("POST", _answer(503, retry_after="1")) is None
    assert _wait("GET", _answer(503, retry_after="1")) == 1


def test_a_cut_connection_is_tried_again_only_for_idempotent_methods():
    assert _wait("POST", httpx.ReadError("cut")) is None
    assert _wait("PUT", httpx.ReadError("cut")) is not None


def test_a_connection_that_never_stood_is_tried_again_for_any_method():
    assert _wait("POST", httpx.ConnectError("refused")) is not None


def test_backoff_doubles_and_ends():
    waits = [_wait("GET", _answer(500), attempt) for attempt in (1, 2, 3, 4, 5)]
    assert waits == [0.25, 0.5, 1.0, 2.0, None]


def test_a_longer_wait_than_allowed_is_not_waited_for():
    assert _wait("GET", _answer(429, retry_after="3600")) is None


@pytest.mark.parametrize("status", [200, 400, 401, 404, 501])
def test_other_answers_stand(status):
    assert _wait("GET", _answer(status)) is None
