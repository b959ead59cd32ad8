"""Recording the notebook from the command line while a scripted person signs in."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from services import person
from services.processes import Child, ServiceError, start
from services.reviewboard import Board

from devtools.environment import Environment
from devtools.playground import NOTEBOOK
from devtools.report import NO_BREAK, say

LINK = re.compile(r"http://127\.0\.0\.1:\d+/start/[\w.~-]+")

# Far more than a slow machine needs; a notebook that waits for ever must not hang the demo.
TIMEOUT = 420.0


@dataclass(frozen=True)
class Recorded:
    """What `cellwire record` says it wrote."""

    cassettes: int
    interactions: int
    removed: Counter[str]
    """How many secrets were removed, by where they were."""

    @classmethod
    def read(cls, file: Path) -> Recorded:
        """The summary in this file."""
        try:
            cassettes = json.loads(file.read_text(encoding="utf-8"))["cassettes"]
        except (OSError, ValueError, KeyError) as error:
            raise ServiceError(f"cellwire record left no summary in {file.name}") from error
        removed: Counter[str] = Counter()
        for cassette in cassettes:
            removed.update(cassette["removed"])
        return cls(len(cassettes), sum(it["interactions"] for it in cassettes), removed)

    @property
    def removed_text(self) -> str:
        """The number of secrets removed, and where they were, the most frequent place first."""
        pairs = (f"{where} {count}" for where, count in self.removed.most_common())
        places = ", ".join(pair.replace(" ", NO_BREAK) for pair in pairs)
        return f"{self.removed.total()}: {places}" if places else "0"


class Signing:
    """Somebody who opens every Connect link that comes by, once."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._seen: set[str] = set()
        self.failure = ""

    def read(self, line: str, child: Child) -> None:
        """Look for a link in a line of output, and follow it beside the reading."""
        for link in LINK.findall(line):
            if link not in self._seen:
                self._seen.add(link)
                threading.Thread(target=self._sign_in, args=(link, child), daemon=True).start()

    def _sign_in(self, link: str, child: Child) -> None:
        try:
            page = person.connect(link, self._board.username, self._board.password)
        except (OSError, person.PersonError) as error:
            self._fail(f"the scripted person could not sign in: {error}", child)
            return
        if page.status != HTTPStatus.OK:
            self._fail(f"signing in ended at a page with status {page.status}", child)
        else:
            say(f"{self._board.username} signed in and approved")

    def _fail(self, why: str, child: Child) -> None:
        self.failure = why
        child.interrupt()


def record(place: Environment, run: Path, board: Board, variables: dict[str, str]) -> Recorded:
    """Record the run folder's notebook; what was recorded."""
    summary, log = run / "record.json", run / "record.log"
    command = [str(place.program("cellwire")), "record", str(NOTEBOOK), "--json", str(summary)]
    child = start(command, capture=True, env=place.variables(variables), cwd=run)
    clock = threading.Timer(TIMEOUT, child.interrupt)
    clock.start()
    signing = Signing(board)
    try:
        _follow(child, log, signing)
        status = child.wait()
    finally:
        clock.cancel()
        child.stop()
    if status or signing.failure:
        why = signing.failure or f"cellwire record ended with status {status}"
        raise ServiceError(why, log=log, advice="read the log, then run this again")
    return Recorded.read(summary)


def _follow(child: Child, log: Path, signing: Signing) -> None:
    with log.open("w", encoding="utf-8") as file, child.output as output:
        for line in output:
            file.write(line)
            file.flush()
            if line.strip():
                say(line.rstrip())
            signing.read(line, child)
