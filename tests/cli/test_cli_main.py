import re

import pytest

VERBS = ("check", "connect", "doctor", "record", "test")


def test_help_lists_verbs_examples_and_exit_statuses(cellwire):
    said = cellwire("--help")
    assert said.status == 0
    for verb in VERBS:
        assert re.search(rf"^    {verb} ", said.out, re.MULTILINE)
    assert "examples:" in said.out
    assert "3 not connected" in said.out


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_with_examples(cellwire, verb):
    said = cellwire(verb, "--help")
    assert said.status == 0
    assert f"  cellwire {verb}" in said.out.partition("examples:")[2]


def test_the_version_is_told(cellwire):
    assert re.fullmatch(r"cellwire \d+\.\d+\.\S+\n", cellwire("--version").out)


@pytest.mark.parametrize("words", [(), ("polish",), ("record",), ("check", "--nosuch")])
def test_wrong_usage_is_two(cellwire, words):
    said = cellwire(*words)
    assert said.status == 2
    assert said.err.startswith("usage: cellwire")


def test_a_wrong_setting_is_an_error_with_a_next_step(cellwire, monkeypatch):
    monkeypatch.setenv("CELLWIRE_RECORD_MODE", "sometimes")
    said = cellwire("check")
    assert said.status == 1
    assert said.err.startswith(
        "cellwire check: CELLWIRE_RECORD_MODE: 'sometimes' is no record mode\n"
    )
    assert "Use one of none, once" in said.err
