"""Rows of what arrived, observers of them, and waiting for a delivery."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from cellwire.errors import DeliveryError
from cellwire.webhooks.arrivals import Arrivals
from cellwire.webhooks.delivery import Delivery

AT = datetime(2026, 1, 1, tzinfo=UTC)


def delivery(
    number: int = 1, type_: str = "issues.opened", integration: str = "github"
) -> Delivery:
    return Delivery(str(number), type_, {}, b"{}", AT, integration=integration)


def arrive(arrivals: Arrivals, one: Delivery, state: str = "done") -> None:
    arrivals.update(one)
    if state != "queued":
        arrivals.update(one.having("running"))
        arrivals.update(one.having(state))


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals()


def test_a_row_follows_its_delivery(arrivals):
    arrive(arrivals, delivery())
    (row,) = arrivals.rows
    assert (row.number, row.verdict, row.integration, row.at) == (1, "verified", "github", AT)
    assert row.delivery.state == "done"


def test_a_refused_delivery_is_a_row_with_a_reason_and_nothing_of_it_kept(arrivals):
    arrivals.refuse("github", AT, "the signature does not fit the raw bytes")
    (row,) = arrivals.rows
    assert (row.verdict, row.reason, row.delivery) == (
        "refused",
        "the signature does not fit the raw bytes",
        None,
    )


def test_a_flood_of_refused_ones_pushes_nothing_out():
    arrivals = Arrivals(keep=3)
    arrive(arrivals, delivery())
    for _ in range(50):
        arrivals.refuse("github", AT, "no")
    assert [row.verdict for row in arrivals.rows] == ["verified", "refused", "refused", "refused"]
    assert arrivals.wait(timeout=0).id == "1"


def test_observers_hear_every_change_until_they_stop_and_a_broken_one_harms_nobody(arrivals):
    heard: list[tuple[int, str]] = []

    def broken(row):
        raise RuntimeError

    arrivals.observe(broken)
    stop = arrivals.observe(lambda row: heard.append((row.number, row.delivery.state)))
    arrive(arrivals, delivery())
    arrivals.repeat(delivery())
    stop()
    arrive(arrivals, delivery(2))
    assert heard == [(1, "queued"), (1, "running"), (1, "done"), (2, "ignored")]


def test_each_delivery_is_handed_out_once_in_order(arrivals):
    arrive(arrivals, delivery(1))
    arrive(arrivals, delivery(2))
    assert [arrivals.wait(timeout=0).id for _ in range(2)] == ["1", "2"]
    with pytest.raises(DeliveryError):
        arrivals.wait(timeout=0)


def test_sixteen_waiters_get_sixteen_deliveries(arrivals):
    got: list[str] = []
    waiters = [
        threading.Thread(target=lambda: got.append(arrivals.wait(timeout=20).id)) for _ in range(16)
    ]
    for waiter in waiters:
        waiter.start()
    for number in range(16):
        arrive(arrivals, delivery(number))
    for waiter in waiters:
        waiter.join()
    assert sorted(got, key=int) == [str(n) for n in range(16)]


def test_waiting_is_for_a_type_an_integration_and_what_came_after_a_mark(arrivals):
    arrive(arrivals, delivery(1))
    mark = arrivals.mark
    arrive(arrivals, delivery(2, "star.created"))
    arrive(arrivals, delivery(3, integration="gitlab"))
    arrive(arrivals, delivery(4))
    found = arrivals.wait("issues.*", 0, integration="github", after=mark)
    assert found.id == "4"
    assert arrivals.wait("issues.*", 0, integration="github").id == "1"


def test_a_wait_ends_when_the_handlers_are_through(arrivals):
    arrivals.update(delivery())
    ended = threading.Event()
    threading.Timer(0.05, lambda: (ended.set(), arrivals.update(delivery().having("dead")))).start()
    found = arrivals.wait(timeout=20)
    assert ended.is_set()
    assert found.state == "dead"


def test_duplicates_are_not_handed_out(arrivals):
    arrive(arrivals, delivery())
    arrivals.repeat(delivery())
    arrivals.wait(timeout=0)
    with pytest.raises(DeliveryError, match="no delivery"):
        arrivals.wait(timeout=0)


def test_a_redelivery_keeps_its_own_row_when_the_first_attempts_is_dropped():
    arrivals = Arrivals(keep=2)
    arrive(arrivals, delivery(1), "dead")
    arrivals.update(delivery(1))
    arrivals.update(delivery(2))
    arrivals.update(delivery(1).having("done"))
    assert [(row.number, row.delivery.state) for row in arrivals.rows] == [
        (2, "done"),
        (3, "queued"),
    ]


def test_nothing_in_time_says_to_check_the_registration(arrivals):
    with pytest.raises(DeliveryError, match=r"'issues.opened' arrived in 0 s\n.*URL is registered"):
        arrivals.wait("issues.opened", 0)


def test_refused_deliveries_in_time_are_counted_and_lead_to_the_secret(arrivals):
    arrivals.refuse("github", AT, "the signature does not fit the raw bytes")
    arrivals.refuse("github", AT, "the signature does not fit the raw bytes")
    arrivals.refuse("", AT, "no integration here has that path")
    arrivals.refuse("gitlab", AT, "another's")
    with pytest.raises(DeliveryError) as caught:
        arrivals.wait("issues.opened", 0, integration="github")
    assert "2 x the signature does not fit the raw bytes" in caught.value.message
    assert "1 x no integration here has that path" in caught.value.message
    assert "another's" not in caught.value.message
    assert "signing secret" in caught.value.next_step


def test_refused_deliveries_before_the_mark_are_not_counted(arrivals):
    arrivals.refuse("github", AT, "old")
    mark = arrivals.mark
    with pytest.raises(DeliveryError, match="URL is registered"):
        arrivals.wait(timeout=0, after=mark)


def test_other_types_that_came_instead_are_named(arrivals):
    arrive(arrivals, delivery(type_="star.created"))
    with pytest.raises(DeliveryError, match=r"what did arrive: star\.created"):
        arrivals.wait("issues.opened", 0)


def test_a_handler_that_is_not_through_in_time_is_said(arrivals):
    arrivals.update(delivery())
    with pytest.raises(DeliveryError, match="its handlers are not through"):
        arrivals.wait(timeout=0)
    with pytest.raises(DeliveryError, match="its handlers are not through"):
        arrivals.settled("github", "1", timeout=0)
