"""A workspace of a test's own: memory vault, temporary folders, a screen that keeps what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cellwire.clock import Clock
from cellwire.screens.silent import Silent
from cellwire.settings import Settings
from cellwire.stores.memory import Memory
from cellwire.workspace import Workspace


class Shown(Silent):
    """Keeps what it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.views: list[Any] = []

    def show(self, view: Any) -> None:
        self.views.append(view)


OpenWorkspace = Callable[..., Workspace]


@pytest.fixture
def open_workspace(tmp_path: Path) -> Iterator[OpenWorkspace]:
    """Open workspaces in one temporary project; each replaces the former, as a new process would."""
    stack, store = ExitStack(), Memory()

    def open_one(mode: str = "", clock: Clock | None = None, **environ: str) -> Workspace:
        (tmp_path / "pyproject.toml").write_text('[project]\nname = "a-project"\n')
        variables = {
            "CELLWIRE_RECORD_MODE": mode,
            "CELLWIRE_LEDGER": str(tmp_path / "ledger"),
            **environ,
        }
        settings = Settings.load(variables, tmp_path)
        made = Workspace(settings, store=store, clock=clock, screen=Shown())
        stack.enter_context(Workspace.use(made))
        return made

    with stack:
        yield open_one


@pytest.fixture
def workspace(open_workspace: OpenWorkspace) -> Workspace:
    """An open workspace: nothing locked, nothing said about record modes."""
    return open_workspace()
