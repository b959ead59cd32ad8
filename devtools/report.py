"""What a long command shows: numbered steps while it works, a short table at the end."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from services.processes import ServiceError

WIDTH = 96
LOG_LINES = 12
NO_BREAK = "\N{NO-BREAK SPACE}"
"""Stands for a space at which a table must not start a new line."""

DEFAULT_ADVICE = "look at the reason above, mend it, and run the same command again"


class StepFailedError(RuntimeError):
    """A step of a command failed, and it has been said which."""


class Report:
    """The steps of one command, with the seconds each took."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, label: str, name: str) -> Iterator[None]:
        """A numbered step; if it fails, what failed, why, and what to do are shown."""
        number = len(self.seconds) + 1
        show(style(f"[{number}/{self.steps}] {name}", "1"))
        began = time.monotonic()
        try:
            yield
        except (ServiceError, OSError) as error:
            _show_failure(number, name, error)
            raise StepFailedError(name) from error
        finally:
            self.seconds[label] = time.monotonic() - began
        say(f"{self.seconds[label]:.1f} s")

    @property
    def total(self) -> float:
        """All seconds so far."""
        return sum(self.seconds.values())


def show(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)


def say(line: str) -> None:
    """Print one line of progress below its step."""
    show(style(f"      {line}", "2"))


def style(text: str, code: str) -> str:
    """The text in an ANSI style, where the output is a terminal that wants it."""
    wanted = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return f"\033[{code}m{text}\033[0m" if wanted else text


def table(rows: Sequence[tuple[str, str]]) -> None:
    """Print two columns, long values continued below."""
    left = max(len(name) for name, _ in rows) + 2
    rule = "-" * WIDTH
    show(rule)
    for name, value in rows:
        lines = textwrap.wrap(value, WIDTH - left, break_on_hyphens=False)
        first, *rest = [line.replace(NO_BREAK, " ") for line in lines] or [""]
        show(style(name.ljust(left), "1") + first)
        for line in rest:
            show(" " * left + line)
    show(rule)


def show_error(error: ServiceError) -> None:
    """Print why, the end of the log, and what to do."""
    show(f"      why: {error}")
    if error.log is not None and error.log.is_file():
        for line in tail(error.log):
            show(f"      | {line}")
        show(f"      log: {error.log}")
    show(f"      what to do: {error.advice or DEFAULT_ADVICE}")


def tail(log: Path) -> list[str]:
    """The last lines of a log."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if line.strip()][-LOG_LINES:]


def _show_failure(number: int, name: str, error: Exception) -> None:
    show(style(f"FAILED in step {number}: {name}", "1;31"))
    known = error if isinstance(error, ServiceError) else ServiceError(str(error))
    show_error(known)
