"""The ledger: JSON lines that say what a kernel, test or script did with its cassettes.

Exceptions alone do not suffice: a miss that a cell swallows must still fail the cell, and only a
file reaches from a kernel to the runner. Lines are appended with O_APPEND, so several processes
may write at once. Nothing secret is ever passed in.

Events: open, close (played, recorded, unused), recorded, miss, blocked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def note(ledger: Path | None, event: str, **facts: Any) -> None:
    """Append one event; without a ledger, do nothing."""
    if ledger is None:
        return
    line = json.dumps({"event": event, **facts}) + "\n"
    with ledger.open("a", encoding="utf-8") as file:
        file.write(line)


def read(ledger: Path, start: int = 0) -> list[dict[str, Any]]:
    """Give the events from the `start`-th line on; a ledger that does not exist has none."""
    if not ledger.exists():
        return []
    lines = ledger.read_text("utf-8").splitlines()[start:]
    return [json.loads(line) for line in lines]
