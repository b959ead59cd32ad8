from cellwire.evidence import note
from cellwire.testing.report import Ledger, summary, trouble, unused, uses

CLOSE = {
    "event": "close",
    "cassette": "acme/list",
    "played": 3,
    "recorded": 5,
    "unused": ["GET /b"],
}
RECORDED = {"event": "recorded", "cassette": "acme/new", "interactions": 2, "removed": {}}


def test_a_ledger_is_read_in_pieces(tmp_path):
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    assert ledger.fresh() == []
    note(path, "open", cassette="a")
    note(path, "open", cassette="b")
    assert [event["cassette"] for event in ledger.fresh()] == ["a", "b"]
    note(path, "open", cassette="c")
    ledger.skip()
    assert ledger.fresh() == []


def test_ordinary_events_are_no_trouble():
    assert trouble([CLOSE, RECORDED], "a test") == ""


def test_the_same_trouble_is_told_once():
    blocked = {"event": "blocked", "target": "a connection to api.acme.test:443"}
    assert trouble([blocked, blocked], "Cell 2 of acme.ipynb").count("api.acme.test") == 1


def test_totals():
    assert summary([], "none") == ""
    assert summary([CLOSE], "none") == "cellwire: none, 1 cassette, 3 answers played"
    assert (
        summary([CLOSE, CLOSE, RECORDED], "once")
        == "cellwire: once, 2 cassettes, 6 answers played, 2 answers recorded"
    )
    assert uses([CLOSE, RECORDED])["acme/new"].recorded == 2


def test_unused_answers_are_listed_by_cassette():
    assert unused([{**CLOSE, "unused": []}]) == ""
    assert unused([CLOSE]).splitlines()[1] == "  acme/list: GET /b"
