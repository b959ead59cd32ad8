"""Screens: where things are shown and asked. This file is the contract; each kind is one file.

A screen holds no rule: it draws what it is given, and may fail without anything being lost.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeAlias

from cellwire.background import Background
from cellwire.credentials import Field
from cellwire.kinds import Kinds
from cellwire.oauth.state import Snapshot

# Takes what the person filled in; gives the link to go on to, if there is one.
Submit: TypeAlias = Callable[[Mapping[str, str]], str | None]


@dataclass(frozen=True)
class View:
    """Something to show: for people, and as one stable line."""

    text: str
    html: str


@dataclass(frozen=True)
class Form:
    """What a person is asked for.

    Attributes:
        title: Name of the connection.
        fields: What to ask, in order.
        variables: The environment variable that would answer, by field.
        values: What is known already, by field; never a secret.
        kept: Secret fields that have a value: left empty, they keep it.
        place: Where the answers will be kept, for people.
    """

    title: str
    fields: tuple[Field, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    kept: frozenset[str] = frozenset()
    place: str = ""


class Watched(Protocol):
    """A connection, as a screen sees it."""

    @property
    def snapshot(self) -> Snapshot:
        """The present moment."""

    def observe(self, callback: Callable[[Snapshot], object]) -> Callable[[], None]:
        """Call back at each change; gives what ends that."""

    def settled(self, seconds: float) -> Snapshot:
        """Wait until it no longer waits."""


class Screen(ABC):
    """One way to show and to ask.

    Args:
        background: Runs what a screen serves while code runs.
    """

    name: ClassVar[str]
    interactive: ClassVar[bool] = True

    def __init__(self, background: Background | None = None) -> None:
        self.background = background or Background()

    @abstractmethod
    def ask(self, form: Form, submit: Submit) -> str | None:
        """Have a form filled in.

        Gives the link where the person does it, later; or None, once it was submitted.

        Raises:
            NotConnected: Nobody can be asked here; names the environment variables.
        """

    @abstractmethod
    def show(self, view: View) -> None:
        """Show something once."""

    @abstractmethod
    def connection(self, watched: Watched) -> None:
        """Show a connection and follow its changes."""

    def mention(self, watched: Watched) -> None:
        """Show one line on a connection that is a cell's last value."""
        sys.stdout.write(watched.snapshot.text + "\n")


def choose(background: Background | None = None) -> Screen:
    """Give the screen that fits: a notebook's, a terminal's, or none at all."""
    at_terminal = sys.stdin is not None and sys.stdin.isatty()
    name = "jupyter" if in_kernel() else "terminal" if at_terminal else "silent"
    kinds = Kinds("cellwire.screens", Screen)  # type: ignore[type-abstract] # the contract itself
    return kinds.load(name)(background)


def in_kernel() -> bool:
    """Whether this code runs in a Jupyter kernel; nothing is imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython and hasattr(ipython, "get_ipython") else None
    return getattr(shell, "kernel", None) is not None
