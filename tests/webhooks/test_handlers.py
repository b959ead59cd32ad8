"""Handlers: which ones there are after a cell ran again, what they get, what becomes of it."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

import cellwire as cw
from cellwire.errors import DefinitionError, DeliveryError
from cellwire.webhooks.delivery import Delivery
from cellwire.webhooks.handlers import Handlers, matches


class Issue(BaseModel):
    number: int


class IssueEvent(BaseModel):
    issue: Issue


def delivery(body: bytes = b'{"issue": {"number": 7}}', type_: str = "issues.opened") -> Delivery:
    return Delivery(
        "evt_1", type_, {}, body, datetime(2026, 1, 1, tzinfo=UTC), integration="github"
    )


@pytest.fixture
def handlers(background) -> Handlers:
    return Handlers(background)


def run_cell(source: str, handlers: Handlers, file: str, module: str = "__main__") -> None:
    """What IPython does with a cell: compiled under a file name that its content makes."""
    names = {"handlers": handlers, "cw": cw, "calls": CALLS, "__name__": module}
    exec(compile(source, file, "exec"), names)


CALLS: list[str] = []


@pytest.fixture(autouse=True)
def _no_calls():
    CALLS.clear()


def cell(name: str, type_: str = "issues.opened") -> str:
    return f"@handlers.on({type_!r})\ndef {name}(event): calls.append({name!r})\n"


def test_a_cell_that_runs_again_replaces_its_handler(handlers):
    run_cell(cell("triage"), handlers, "<cell 1>")
    run_cell(cell("triage"), handlers, "<cell 1>")
    assert handlers.dispatch(delivery()).ran == ("triage",)
    assert CALLS == ["triage"]


def test_an_edited_cell_replaces_its_handler_even_if_that_was_renamed(handlers):
    run_cell(cell("triage"), handlers, "<cell 1>")
    run_cell(cell("sort_out"), handlers, "<cell 1, edited>")
    assert handlers.dispatch(delivery()).ran == ("sort_out",)


def test_handlers_of_one_cell_for_one_event_type_stand_together(handlers):
    run_cell(cell("first") + cell("second"), handlers, "<cell 1>")
    assert handlers.dispatch(delivery()).ran == ("first", "second")


def test_handlers_of_other_event_types_stay_when_another_cell_runs(handlers):
    run_cell(cell("opened") + cell("closed", "issues.closed"), handlers, "<cell 1>")
    run_cell(cell("anything", "*"), handlers, "<cell 2>")
    assert handlers.dispatch(delivery()).ran == ("opened", "anything")
    assert handlers.dispatch(delivery(type_="issues.closed")).ran == ("closed", "anything")


def test_handlers_of_different_modules_stand_together(handlers):
    run_cell(cell("triage"), handlers, "a.py", "a")
    run_cell(cell("triage"), handlers, "b.py", "b")
    assert handlers.dispatch(delivery()).ran == ("triage", "triage")


def test_a_reloaded_module_takes_all_its_earlier_handlers_along(handlers, tmp_path, monkeypatch):
    import importlib
    import sys

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(cw, "shared_handlers", handlers, raising=False)
    file = tmp_path / "hooks_that_change.py"
    head = "import cellwire\nhandlers, calls = cellwire.shared_handlers, []\n"
    file.write_text(head + cell("old") + cell("gone", "issues.closed"))
    module = importlib.import_module("hooks_that_change")
    file.write_text(head + cell("new"))
    importlib.invalidate_caches()
    importlib.reload(module)
    monkeypatch.delitem(sys.modules, "hooks_that_change")
    assert handlers.dispatch(delivery()).ran == ("new",)
    assert handlers.dispatch(delivery(type_="issues.closed")).ran == ()


@pytest.mark.parametrize(
    ("pattern", "type_", "covered"),
    [
        ("*", "anything", True),
        ("issues.*", "issues.opened", True),
        ("issues.*", "issues", False),
        ("issues.*", "issuesXopened", False),
        ("issues.opened", "issues.opened", True),
        ("issues.opened", "issues.opened.again", False),
    ],
)
def test_a_pattern_covers_by_its_beginning(pattern, type_, covered):
    assert matches(pattern, type_) is covered


def test_one_function_under_two_patterns_runs_once(handlers):
    @handlers.on("*")
    @handlers.on("issues.opened")
    def both(event):
        CALLS.append("both")

    handlers.dispatch(delivery())
    assert CALLS == ["both"]


def test_the_payload_becomes_the_model_the_handler_names(handlers):
    seen: list[cw.Event[IssueEvent]] = []

    @handlers.on("issues.opened")
    def triage(event: cw.Event[IssueEvent]) -> None:
        seen.append(event)

    result = handlers.dispatch(delivery(b'{"issue": {"number": 7, "new_field": 1}, "more": {}}'))
    assert result.delivery.state == "done"
    assert seen[0].data.issue.number == 7
    assert (seen[0].type, seen[0].id) == ("issues.opened", "evt_1")
    assert seen[0].delivery.integration == "github"


def test_a_model_of_the_function_around_the_handler_is_found(handlers):
    class Local(BaseModel):
        issue: dict[str, int]

    seen: list[Any] = []

    @handlers.on("issues.opened")
    def triage(event: cw.Event[Local]) -> None:
        seen.append(event.data)

    handlers.dispatch(delivery())
    assert seen == [Local(issue={"number": 7})]


def test_a_model_named_in_quotes_inside_the_brackets_is_found(handlers):
    names = {"handlers": handlers, "cw": cw, "IssueEvent": IssueEvent, "calls": CALLS}
    source = (
        "@handlers.on('*')\n"
        "def triage(event: cw.Event['IssueEvent']): calls.append(event.data.issue.number)\n"
    )
    exec(compile(source, "<cell>", "exec", dont_inherit=True), names)
    handlers.dispatch(delivery())
    assert CALLS == [7]


@pytest.mark.parametrize("annotation", ["", ": cw.Event[Any]", ": cw.Event", ": object"])
def test_without_a_model_the_payload_is_parsed_json(handlers, annotation):
    names = {"handlers": handlers, "cw": cw, "Any": Any, "calls": CALLS}
    exec(f"@handlers.on('*')\ndef triage(event{annotation}): calls.append(event.data)", names)
    handlers.dispatch(delivery())
    assert CALLS == [{"issue": {"number": 7}}]


def test_a_handler_can_ask_for_the_raw_bytes(handlers):
    @handlers.on("*")
    def keep(event: cw.Event[bytes]) -> None:
        CALLS.append(event.data)

    assert handlers.dispatch(delivery(b"\xff no json")).delivery.state == "done"
    assert CALLS == [b"\xff no json"]


def test_a_payload_that_does_not_fit_is_dead_names_the_field_and_stays(handlers):
    @handlers.on("issues.opened")
    def triage(event: cw.Event[IssueEvent]) -> None:
        CALLS.append("never")

    dead = handlers.dispatch(delivery(b'{"issue": {"number": "personal data"}}')).delivery
    assert dead.state == "dead"
    assert isinstance(dead.failure, DeliveryError)
    assert "issue.number" in str(dead.failure)
    assert "personal data" not in str(dead.failure)
    assert dead.body == b'{"issue": {"number": "personal data"}}'
    assert CALLS == []


@pytest.mark.parametrize("body", [b"", b"a=b&c=d", b"\xff\xfe", b"[" * 100_000])
def test_a_payload_that_is_no_json_is_dead_and_says_how_to_take_it(handlers, body):
    run_cell(cell("triage"), handlers, "<cell 1>")
    dead = handlers.dispatch(delivery(body)).delivery
    assert dead.state == "dead"
    assert "cw.Event[bytes]" in str(dead.failure)


def test_an_annotation_that_cannot_be_resolved_is_dead_and_says_so(handlers):
    @handlers.on("*")
    def triage(event: cw.Event[Nowhere]) -> None:  # noqa: F821
        CALLS.append("never")

    dead = handlers.dispatch(delivery()).delivery
    assert isinstance(dead.failure, DefinitionError)
    assert "Nowhere" in str(dead.failure)


def test_nobody_to_handle_it_makes_it_ignored(handlers):
    run_cell(cell("triage"), handlers, "<cell 1>")
    result = handlers.dispatch(delivery(type_="star.created"))
    assert (result.delivery.state, result.ran) == ("ignored", ())


def test_a_handler_that_raises_makes_it_dead_and_does_not_keep_the_next_from_running(handlers):
    @handlers.on("*")
    def broken(event):
        raise RuntimeError("first")

    @handlers.on("issues.*")
    def fine(event):
        CALLS.append("fine")

    dead = handlers.dispatch(delivery()).delivery
    assert (dead.state, str(dead.failure)) == ("dead", "first")
    assert CALLS == ["fine"]


def test_a_handler_that_exits_does_not_end_the_process(handlers):
    @handlers.on("*")
    def leaves(event):
        raise SystemExit(3)

    assert handlers.dispatch(delivery()).delivery.state == "dead"


def test_an_async_handler_runs_on_the_background_loop(handlers):
    @handlers.on("*")
    async def triage(event: cw.Event[Any]) -> None:
        await asyncio.sleep(0)
        CALLS.append(threading.current_thread().name)

    assert handlers.dispatch(delivery()).delivery.state == "done"
    assert CALLS == ["cellwire"]


def test_an_async_handler_that_raises_makes_it_dead(handlers):
    @handlers.on("*")
    async def triage(event):
        await asyncio.sleep(0)
        raise RuntimeError("late")

    assert str(handlers.dispatch(delivery()).delivery.failure) == "late"


@pytest.mark.parametrize("wrong", ["", "issues*.opened", "*.opened", None, lambda event: None])
def test_an_event_type_that_cannot_be_says_what_to_write(handlers, wrong):
    with pytest.raises(DefinitionError, match=r"issues\.opened"):
        handlers.on(wrong)


@pytest.mark.parametrize("wrong", [lambda: None, lambda a, b: None, 7])
def test_a_function_that_takes_no_event_is_refused_at_once(handlers, wrong):
    with pytest.raises(DefinitionError, match=r"def handler\(event: cw\.Event\[Model\]\)"):
        handlers.on("*")(wrong)


def test_the_function_stays_what_it_was(handlers):
    def triage(event):
        return 7

    assert handlers.on("*")(triage) is triage
