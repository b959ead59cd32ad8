"""The bridge to nbval, and the only file that touches it.

nbval collects notebooks, reads its markers, compares outputs and reports; the kernel and its
protocol are ours (`testing/cells.py`), so that cassettes, the network guard and the ledger reach
into the kernel. The plugin registers this module when nbval is switched on.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import nbval.plugin
import pytest

from cellwire.testing.cells import Kernel, Ran, isolated
from cellwire.testing.items import Cassettes, CellFailed, said
from cellwire.testing.outputs import comparable
from cellwire.testing.report import Event, Ledger, trouble

NBVAL = ">=0.11,<0.13"
TIMEOUT = 60.0
"""Longest time one cell may take, in seconds, unless --nbval-cell-timeout says otherwise."""

_NBVAL_TIMEOUT = 2000.0
_PINS = (
    "coalesce_streams",
    "IPyNbFile.collect",
    "IPyNbFile.setup",
    "IPyNbFile.setup_sanitize_files",
    "IPyNbFile.teardown",
    "IPyNbCell.compare_outputs",
    "IPyNbCell.raise_cell_error",
    "IPyNbCell.repr_failure",
)


def _check(holder: object, names: tuple[str, ...]) -> None:
    for name in names:
        try:
            attrgetter(name)(holder)
        except AttributeError:
            raise pytest.UsageError(
                f"this nbval has no {name}, which cellwire relies on: install 'nbval{NBVAL}'"
            ) from None


_check(nbval.plugin, _PINS)


class Notebook(nbval.plugin.IPyNbFile):  # type: ignore[misc] # untyped
    """One notebook, its kernel and its evidence."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _check(self, ("sanitize_patterns", "skip_compare", "config.option.nbval_cell_timeout"))
        self.skip_compare: tuple[str, ...] = (*self.skip_compare, "text/html")
        self.sanitize_patterns[r" at 0x[0-9a-fA-F]+"] = " at 0x..."
        self.passed = 0
        self.broken = ""
        self.events: list[Event] = []

    @property
    def ours(self) -> bool:
        """Whether it is in Python, for this interpreter: others stay with nbval alone."""
        language = self.nb.metadata.get("kernelspec", {}).get("language", "python")
        return language == "python" and not self.config.option.nbval_kernel_name

    def collect(self) -> Iterator[pytest.Item]:
        """Give the cells, and behind them the item that looks at the cassettes."""
        cells = list(super().collect())
        if not self.ours:
            yield from cells
            return
        for cell in cells:
            yield Cell.from_parent(
                self,
                name=cell.name,
                cell_num=cell.cell_num,
                cell=cell.cell,
                options=cell.options,
            )
        yield Cassettes.from_parent(self, name="cassettes", cells=len(cells), notebook=self)

    def setup(self) -> None:
        """Start the kernel."""
        if not self.ours:
            super().setup()
            return
        self.setup_sanitize_files()
        self._temporary = tempfile.TemporaryDirectory(
            prefix="cellwire-", ignore_cleanup_errors=True
        )
        self._ledger = Ledger(Path(os.environ["CELLWIRE_LEDGER"]))
        self._ledger.skip()
        option = self.config.option
        self.kernel = Kernel(
            self.nb,
            self.path.parent,
            environ=_environment(Path(self._temporary.name)),
            timeout=TIMEOUT
            if option.nbval_cell_timeout == _NBVAL_TIMEOUT
            else option.nbval_cell_timeout,
            startup_timeout=int(option.nbval_kernel_startup_timeout),
        )
        self.kernel.start()
        if getattr(option, "cov_source", None):
            nbval.plugin.setup_coverage(self.config, _Covered(self.kernel), None)

    def teardown(self) -> None:
        """End the kernel."""
        if not self.ours:
            super().teardown()
            return
        if self.kernel is not None:
            if getattr(self.config.option, "cov_source", None) and not self.broken:
                nbval.plugin.teardown_coverage(self.config, _Covered(self.kernel))
            self.kernel.stop()
        self._temporary.cleanup()

    def run(self, cell: Cell) -> tuple[Ran, str]:
        """Run a cell; give what came of it, and its trouble with cassettes and network."""
        index = next(i for i, each in enumerate(self.nb.cells) if each is cell.cell)
        ran = self.kernel.run(index, may_fail=cell.options["check_exception"])
        events = self._ledger.fresh()
        self.events += events
        if ran.error:
            self.broken = cell.name
        return ran, trouble(events, f"{cell.name} of {self.path.name}")


class Cell(nbval.plugin.IPyNbCell):  # type: ignore[misc] # untyped
    """One code cell."""

    def runtest(self) -> None:
        """Run it, and compare what it shows with what the notebook holds."""
        notebook = self.parent
        if self.options["skip"]:
            notebook.passed += 1
            pytest.skip("marked NBVAL_SKIP")
        if notebook.broken:
            pytest.skip(f"{notebook.broken} of {notebook.path.name} failed before")
        ran, wrong = notebook.run(self)
        self.test_outputs = ran.outputs
        if wrong and "NotRecorded" not in ran.error:
            wrong = f"{wrong}\n\n{ran.error}"
        if wrong or ran.error:
            raise CellFailed(f"{(wrong or ran.error).rstrip()}\n\nInput:\n{self.cell.source}\n")
        self._compare(ran)
        notebook.passed += 1

    def _compare(self, ran: Ran) -> None:
        unrun = self.cell.execution_count is None
        if unrun and self.cell.outputs:
            self.raise_cell_error("Unrun reference cell has outputs")
        if unrun or not self.options["check"]:
            return
        new, old = comparable(ran.outputs, ran.changeable, self.cell.outputs)
        merge = nbval.plugin.coalesce_streams
        if not self.compare_outputs(merge(new), merge(old)):
            self.raise_cell_error("Cell outputs differ", "\n".join(self.comparison_traceback))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
        """Say in words what nbval would call a plugin exception."""
        return said(excinfo) or super().repr_failure(excinfo)


class _Covered:
    """The kernel, as nbval's coverage set-up wants to see it."""

    language = "python"

    def __init__(self, kernel: Kernel) -> None:
        self.kc = self
        self._kernel = kernel

    def execute(self, code: str, **_: object) -> None:
        self._kernel.execute(code)

    def await_idle(self, message: None, timeout: float) -> None:
        """Do nothing: `execute` has waited."""


def _environment(ipython_dir: Path) -> dict[str, str]:
    """Give the kernel's environment: stripped of secrets unless something is to be recorded."""
    plays = os.environ.get("CELLWIRE_RECORD_MODE") == "none" and "CELLWIRE_RECORD" not in os.environ
    return isolated(os.environ, ipython_dir, secrets=not plays)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[Any], list[Any]]:
    """Put our notebook in the place of nbval's."""
    found = yield
    return [
        Notebook.from_parent(parent, path=file_path)
        if type(collector) is nbval.plugin.IPyNbFile
        else collector
        for collector in found
    ]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each notebook's cells together and in their order, whatever shuffled them."""
    order = {id(item): n for item in items if (n := _number(item)) is not None}
    first: dict[int, int] = {}
    for n, item in enumerate(items):
        first.setdefault(id(item.parent) if id(item) in order else id(item), n)
    items.sort(
        key=lambda item: (
            first[id(item.parent) if id(item) in order else id(item)],
            order.get(id(item), 0),
        )
    )


def _number(item: pytest.Item) -> float | None:
    if isinstance(item, Cell):
        return float(item.cell_num)
    return float("inf") if isinstance(item, Cassettes) else None
