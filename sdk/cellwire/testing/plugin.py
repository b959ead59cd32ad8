"""The pytest plugin: what was recorded plays, and nothing else answers.

Every pytest run of an environment that has cellwire imports this file, so it imports pytest alone
and does nothing that costs until a notebook is collected or a cassette opened.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_MODES = ("none", "once", "new_episodes", "all", "rewrite")
_UNUSED = ("fail", "warn", "ignore")
_SPLITTING = ("load", "worksteal")


class _Run:
    """What one pytest run has put into the environment, and what stood there before."""

    def __init__(self, record_mode: str | None) -> None:
        name = f"cellwire-{os.getpid()}-{os.urandom(8).hex()}.jsonl"
        self.ledger = os.path.join(tempfile.gettempdir(), name)  # noqa: PTH118 - read at every start
        self.outer = os.environ.get("CELLWIRE_LEDGER")
        mode = record_mode or os.environ.get("CELLWIRE_RECORD_MODE") or "none"
        exported = {"CELLWIRE_RECORD_MODE": mode, "CELLWIRE_LEDGER": self.ledger}
        self._former = {name: os.environ.get(name) for name in exported}
        os.environ.update(exported)

    def restore(self) -> None:
        """Put the environment back."""
        for name, value in self._former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if os.path.exists(self.ledger):  # noqa: PTH110
            os.unlink(self.ledger)  # noqa: PTH108

    def hand_over(self) -> None:
        """Append the evidence to the ledger of whoever started this run (xdist, `cellwire`)."""
        if self.outer and os.path.exists(self.ledger):  # noqa: PTH110
            with Path(self.outer).open("a", encoding="utf-8") as outer:
                outer.write(Path(self.ledger).read_text("utf-8"))


_RUN = pytest.StashKey[_Run]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--cellwire-...`."""
    group = parser.getgroup("cellwire", "cellwire: cassettes")
    group.addoption(
        "--cellwire-record-mode",
        choices=_MODES,
        help="vcrpy's words; default: CELLWIRE_RECORD_MODE, else none: what is recorded plays",
    )
    group.addoption(
        "--cellwire-unused",
        choices=_UNUSED,
        help="what to do about answers that no cell of a notebook asked for (ini: cellwire_unused)",
    )
    group.addoption(
        "--cellwire-report", action="store_true", help="list the answers played, by cassette"
    )
    parser.addini("cellwire_unused", "fail, warn or ignore", default="fail")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Lock before any conftest runs: one that imports an integration opens the workspace."""
    early_config.stash[_RUN] = _Run(early_config.known_args_namespace.cellwire_record_mode)


def pytest_configure(config: pytest.Config) -> None:
    """Tell this process, and every kernel and child it starts, that what is recorded plays."""
    if _RUN not in config.stash:  # registered late: `-p`, or a runner's own plugin list
        config.stash[_RUN] = _Run(config.getoption("cellwire_record_mode"))
    option = config.option
    if getattr(option, "nbval", False) or getattr(option, "nbval_lax", False):
        _bridge(config)


def _bridge(config: pytest.Config) -> None:
    try:
        from cellwire.testing import nbval
    except ModuleNotFoundError as error:
        raise pytest.UsageError(
            f"cellwire plays notebooks with {error.name}, which is not installed: "
            'pip install "cellwire[test]", or run without it: -p no:cellwire'
        ) from None

    config.pluginmanager.register(nbval, "cellwire-nbval")
    if getattr(config.option, "dist", "no") in _SPLITTING:
        # A notebook's cells share a kernel: they must stay in one process.
        config.option.dist = "loadscope"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the environment as it was."""
    if run := config.stash.get(_RUN, None):
        run.restore()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the evidence on."""
    session.config.stash[_RUN].hand_over()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test that missed an answer, though its code swallowed the error."""
    if "cellwire.workspace" not in sys.modules or not isinstance(item, pytest.Function):
        return (yield)
    from cellwire.testing.report import Ledger, trouble

    ledger = Ledger(Path(item.config.stash[_RUN].ledger))
    ledger.skip()
    try:
        result = yield
    except Exception:
        if found := trouble(ledger.fresh(), item.name):
            item.add_report_section("call", "cellwire", found)
        raise
    if found := trouble(ledger.fresh(), item.name):
        pytest.fail(found, pytrace=False)
    return result


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was played, if anything was."""
    ledger = Path(config.stash[_RUN].ledger)
    if not ledger.exists():
        return
    from cellwire.evidence import read
    from cellwire.testing.report import summary, uses

    events = read(ledger)
    if line := summary(events, os.environ["CELLWIRE_RECORD_MODE"]):
        terminalreporter.write_line(line)
    if config.getoption("cellwire_report"):
        for name, use in sorted(uses(events).items()):
            terminalreporter.write_line(f"  {name}: {use.played} played, {use.recorded} recorded")
