"""The pytest plugin, in pytest runs of its own."""

import os

import pytest

SHOW = """
import os
def test_it():
    print("mode", os.environ["CELLWIRE_RECORD_MODE"])
"""
SWALLOWED = """
import cellwire.workspace, os
from pathlib import Path
from cellwire.evidence import note

def test_quiet():
    pass

def test_swallowing():
    try:
        note(Path(os.environ["CELLWIRE_LEDGER"]), "miss", cassette="acme/list",
             request="GET /v1/x", nearest="the cassette holds no answers", hint="cellwire record acme/list")
        raise LookupError
    except LookupError:
        pass

def test_quiet_again():
    pass
"""
ACME = """
import json, socket, urllib.request
import pytest
import cellwire as cw

acme = cw.Integration("acme", base_url="https://acme.test", auth=cw.auth.Bearer())
api = acme.client()

def test_plays():
    with acme.cassette("one"):
        assert api.get("/one")["is"] == "played"

def test_reaches_out_inside_a_block():
    with acme.cassette("one"):
        try:
            urllib.request.urlopen("http://127.0.0.1:PORT/")
        except Exception:
            pass

def test_reaches_out_with_no_block_open():
    with urllib.request.urlopen("http://127.0.0.1:PORT/") as answer:
        assert answer.status == 200
"""
CASSETTE = """\
# cellwire 1; recorded 2026-11-24T12:00:00Z; live at https://acme.test
interactions:
- request:
    body: ''
    headers: {}
    method: GET
    uri: https://acme.test/one
  response:
    body:
      string: '{"is": "played"}'
    headers:
      Content-Type:
      - application/json
    status:
      code: 200
      message: OK
version: 1
"""


def test_what_is_recorded_plays_unless_told_otherwise(run, pytester, monkeypatch):
    pytester.makepyfile(SHOW)
    run("-s").stdout.fnmatch_lines(["*mode none*"])
    monkeypatch.setenv("CELLWIRE_RECORD_MODE", "once")
    run("-s").stdout.fnmatch_lines(["*mode once*"])
    run("-s", "--cellwire-record-mode=all").stdout.fnmatch_lines(["*mode all*"])


def test_an_unknown_mode_is_wrong_usage(run, pytester):
    ran = run("--cellwire-record-mode=sometimes")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["*invalid choice: 'sometimes'*none*once*"])


def test_it_says_nothing_where_nothing_was_played(run, pytester):
    pytester.makepyfile(SHOW)
    ran = run()
    ran.assert_outcomes(passed=1)
    assert "cellwire:" not in ran.stdout.str()


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_a_miss_that_a_test_swallowed_fails_that_test_alone(run, pytester, workers):
    pytester.makepyfile(SWALLOWED)
    ran = run(*workers)
    ran.assert_outcomes(passed=2, failed=1)
    ran.stdout.fnmatch_lines(
        [
            "test_swallowing asked for something that is not recorded:",
            "  GET /v1/x",
            "    cassette 'acme/list': the cassette holds no answers",
            "    record it with: cellwire record acme/list",
        ]
    )


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_a_block_plays_and_holds_the_network_while_it_is_open(run, pytester, listening, workers):
    (pytester.path / "pyproject.toml").write_text('[project]\nname = "acme"\n')
    cassette = pytester.path / "cassettes" / "acme" / "one.yaml"
    cassette.parent.mkdir(parents=True)
    cassette.write_text(CASSETTE)
    pytester.makepyfile(ACME.replace("PORT", str(listening.port)))
    ran = run(*workers)
    ran.assert_outcomes(passed=2, failed=1)
    ran.stdout.fnmatch_lines(
        [
            "test_reaches_out_inside_a_block reached for the network outside any cassette:",
            f"  a connection to 127.0.0.1:{listening.port}",
        ]
    )
    ran.stdout.fnmatch_lines(["cellwire: none, 1 cassette, 1 answer played"])
    assert len(listening.connections) == 1


def test_the_environment_is_left_as_it_was(pytester, monkeypatch):
    monkeypatch.setenv("CELLWIRE_LEDGER", str(pytester.path / "outer"))
    monkeypatch.delenv("CELLWIRE_RECORD_MODE")
    before = dict(os.environ)
    pytester.makepyfile("def test_it(): pass")
    pytester.inline_run("-p", "no:randomly")
    changed = {n for n in before if n.startswith("CELLWIRE") and os.environ.get(n) != before[n]}
    assert not changed
    assert "CELLWIRE_RECORD_MODE" not in os.environ


def test_evidence_goes_to_whoever_started_the_run(run, pytester, monkeypatch):
    outer = pytester.path / "outer.jsonl"
    monkeypatch.setenv("CELLWIRE_LEDGER", str(outer))
    pytester.makepyfile(SWALLOWED)
    run()
    assert '"request": "GET /v1/x"' in outer.read_text()


def test_without_nbval_notebooks_are_left_alone(run, pytester):
    (pytester.path / "nb.ipynb").write_text("{}")
    pytester.makepyfile("def test_it(): pass")
    run().assert_outcomes(passed=1)


def test_a_conftest_that_imports_an_integration_is_locked_too(run, pytester, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    pytester.makeconftest(
        "import cellwire as cw\n"
        "ACME = cw.Integration('acme', base_url='https://acme.test')\n"
        "assert ACME.calls.workspace.settings.locked\n"
    )
    pytester.makepyfile("def test_it(): pass")
    run().assert_outcomes(passed=1)
