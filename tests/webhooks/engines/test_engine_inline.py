"""The inline engine: each delivery handled once, several at a time, none left running."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from datetime import UTC, datetime

import pytest

from cellwire.kinds import Kinds
from cellwire.webhooks.delivery import Delivery
from cellwire.webhooks.engines import Engine
from cellwire.webhooks.engines.inline import Inline


def delivery(number: int = 1, integration: str = "github") -> Delivery:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Delivery(str(number), "a", {}, b"{}", at, integration=integration)


class States:
    """Hears of every change; waits until so many are settled."""

    def __init__(self, engine: Engine, handle) -> None:
        self.heard: list[tuple[str, str]] = []
        self._changed = threading.Condition()
        engine.start(handle, self._hear)

    def _hear(self, one: Delivery) -> None:
        with self._changed:
            self.heard.append((one.id, one.state))
            self._changed.notify_all()

    def settled(self, count: int = 1) -> None:
        with self._changed:
            done = ("done", "dead", "ignored")
            assert self._changed.wait_for(
                lambda: sum(state in done for _, state in self.heard) >= count, timeout=20
            )


def put(engine: Engine, one: Delivery) -> bool:
    return asyncio.run(engine.put(one))


def test_a_delivery_goes_from_queued_over_running_to_done(background):
    engine = Inline(background)
    states = States(engine, lambda one: one.having("done"))
    assert put(engine, delivery())
    states.settled()
    assert states.heard == [("1", "queued"), ("1", "running"), ("1", "done")]
    assert [one.state for one in engine.list()] == ["done"]


def test_a_known_id_is_not_taken_again_though_another_integrations_is(background):
    engine = Inline(background)
    states = States(engine, lambda one: one.having("done"))
    assert put(engine, delivery())
    assert not put(engine, delivery())
    assert put(engine, delivery(integration="gitlab"))
    states.settled(2)
    assert not put(engine, delivery())


@pytest.mark.parametrize("state", ["dead", "ignored"])
def test_one_that_came_to_nothing_gets_its_second_chance(background, state):
    engine = Inline(background)
    states = States(engine, lambda one: one.having(state))
    assert put(engine, delivery())
    states.settled()
    assert put(engine, delivery())
    states.settled(2)


def test_a_forgotten_id_is_handled_again_but_not_while_it_is_under_way(background):
    engine = Inline(background)
    go_on, started = threading.Event(), threading.Event()

    def handle(one: Delivery) -> Delivery:
        started.set()
        assert go_on.wait(20)
        return one.having("done")

    states = States(engine, handle)
    put(engine, delivery())
    assert started.wait(20)
    engine.forget("github", "1")
    assert not put(engine, delivery())
    go_on.set()
    states.settled()
    engine.forget("github", "1")
    assert put(engine, delivery())
    states.settled(2)


def test_several_are_handled_at_once_but_no_more_than_there_are_workers(background):
    engine = Inline(background, workers=3)
    started, go_on = threading.Semaphore(0), threading.Event()

    def handle(one: Delivery) -> Delivery:
        started.release()
        assert go_on.wait(20)
        return one.having("done")

    states = States(engine, handle)
    for number in range(30):
        put(engine, delivery(number))
    assert all(started.acquire(timeout=20) for _ in range(3))
    assert not started.acquire(timeout=0.2)
    go_on.set()
    states.settled(30)
    assert Counter(states.heard) == Counter(
        (str(n), state) for n in range(30) for state in ("queued", "running", "done")
    )


def test_whatever_a_handler_raises_the_delivery_does_not_stay_running(background):
    engine = Inline(background)

    def handle(one: Delivery) -> Delivery:
        raise KeyboardInterrupt

    states = States(engine, handle)
    put(engine, delivery())
    put(engine, delivery(2))
    states.settled(2)
    assert [one.state for one in engine.list()] == ["dead", "dead"]


def test_it_remembers_no_more_than_it_was_told_to(background):
    engine = Inline(background, keep=5)
    states = States(engine, lambda one: one.having("done"))
    for number in range(12):
        put(engine, delivery(number))
        states.settled(number + 1)
    assert [one.id for one in engine.list()] == ["7", "8", "9", "10", "11"]


def test_it_is_found_by_its_name():
    assert Kinds("cellwire.webhooks.engines", Engine).load("inline") is Inline
