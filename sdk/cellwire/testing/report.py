"""What the ledger says, in sentences: misses, blocked connections, unused answers, the totals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from cellwire.testing.guard import NEXT_STEP

Event: TypeAlias = Mapping[str, Any]


class Ledger:
    """The evidence of one run, read in pieces: each costs what is new, not what was.

    Args:
        path: The JSON-lines file; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = 0

    def skip(self) -> None:
        """Let what was noted until now pass."""
        self._seen = self.path.stat().st_size if self.path.exists() else 0

    def fresh(self) -> list[dict[str, Any]]:
        """Give what was noted since the last look."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._seen)
            # What another process is just writing counts when its line is whole.
            lines = file.read().rpartition(b"\n")[0]
        self._seen += len(lines) + 1 if lines else 0
        return [json.loads(line) for line in lines.splitlines()]


def trouble(events: Iterable[Event], where: str) -> str:
    """Say what was asked for and not had, though the code may have swallowed the error.

    Args:
        events: What was noted while `where` ran.
        where: "Cell 2 of acme.ipynb", or the name of a test.

    Returns:
        An empty string if there was no trouble.
    """
    listed = list(events)
    missed = _unique(_miss(e) for e in listed if e["event"] == "miss")
    blocked = _unique(f"  {e['target']}" for e in listed if e["event"] == "blocked")
    parts = []
    if missed:
        parts += [f"{where} asked for something that is not recorded:", *missed]
    if blocked:
        parts += [f"{where} reached for the network outside any cassette:", *blocked]
        parts += [f"    {NEXT_STEP}"]
    return "\n".join(parts)


def unused(events: Iterable[Event]) -> str:
    """Say which recorded answers nothing asked for; an empty string if all were."""
    lines = [
        f"  {event['cassette']}: {answer}"
        for event in events
        if event["event"] == "close"
        for answer in event["unused"]
    ]
    return "\n".join(["recorded answers that nothing asked for:", *lines]) if lines else ""


@dataclass
class Use:
    """How often one cassette was used."""

    played: int = 0
    recorded: int = 0


def uses(events: Iterable[Event]) -> dict[str, Use]:
    """Count by cassette."""
    found: dict[str, Use] = {}
    for event in events:
        if event["event"] == "close":
            found.setdefault(event["cassette"], Use()).played += event["played"]
        elif event["event"] == "recorded":
            found.setdefault(event["cassette"], Use()).recorded += event["interactions"]
    return found


def summary(events: Iterable[Event], record_mode: str) -> str:
    """Give the totals in one line; an empty string if no cassette was used."""
    found = uses(events)
    if not found:
        return ""
    played = sum(use.played for use in found.values())
    recorded = sum(use.recorded for use in found.values())
    parts = [record_mode, _counted(len(found), "cassette"), f"{_counted(played, 'answer')} played"]
    if recorded:
        parts.append(f"{_counted(recorded, 'answer')} recorded")
    return f"cellwire: {', '.join(parts)}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _miss(event: Event) -> str:
    return (
        f"  {event['request']}\n"
        f"    cassette {event['cassette']!r}: {event['nearest']}\n"
        f"    record it with: {event['hint']}"
    )


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))
