"""What a notebook adds to a pytest run beside its cells, and how its failures are said."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any, Protocol

import pytest

from cellwire.errors import Error
from cellwire.testing.report import Event, unused


class CellFailed(Exception):
    """A cell, or a notebook's use of its cassettes, failed; carries what to print."""


class Played(Protocol):
    """A notebook whose cells have run."""

    passed: int
    events: list[Event]


class Cassettes(pytest.Item):
    """Fails on answers that were recorded and that no cell asked for."""

    def __init__(self, *, cells: int, notebook: Played, **options: Any) -> None:
        super().__init__(**options)
        self._cells, self._notebook = cells, notebook

    def runtest(self) -> None:
        """Look at what the cassettes gave."""
        notebook = self._notebook
        if notebook.passed < self._cells:
            pytest.skip("not every cell passed")
        left = unused(notebook.events)
        policy = self.config.getoption("cellwire_unused") or self.config.getini("cellwire_unused")
        if left and policy == "fail":
            path = os.path.relpath(self.path)
            raise CellFailed(f"{self.path.name}: {left}\n    record again: cellwire record {path}")
        if left and policy == "warn":
            warnings.warn(pytest.PytestWarning(f"{self.path.name}: {left}"), stacklevel=1)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Print the list alone."""
        return said(excinfo) or super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name it as a part of its notebook."""
        return self.path, None, f"{self.path.name}::cassettes"


def said(excinfo: pytest.ExceptionInfo[BaseException]) -> str | None:
    """Give the words of an error of ours; None for any other."""
    return str(excinfo.value) if isinstance(excinfo.value, CellFailed | Error) else None
