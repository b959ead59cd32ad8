"""Plays a cassette: answers each request from its recording, in sequence, and never from the network."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from cellwire import evidence
from cellwire._http import Request, Response
from cellwire.auth import Place
from cellwire.cassettes.deck import Deck
from cellwire.cassettes.entry import Entry, following
from cellwire.cassettes.formats import Header, format_of
from cellwire.cassettes.interaction import Interaction
from cellwire.cassettes.matching import Key, Matching, line, nearest
from cellwire.cassettes.redaction import Redaction
from cellwire.errors import NotRecorded, RecordingError
from cellwire.known import Known


class Player(Deck):
    """An open cassette in replay.

    Args:
        name: `integration/name`.
        path: The file.
        known: Values to replace in a request before it is looked up.
        places: Where the auth kind writes.
        ignore: Parts of a request that do not count.
        ledger: Where to take note, or None.
        record_hint: The command that records it.

    Attributes:
        header: What the cassette says about itself.
        interactions: All of it.

    Raises:
        NotRecorded: There is no such file; says which command records it.
        RecordingError: It cannot be read; names file and line.
    """

    def __init__(  # noqa: PLR0913 - each is one fact about the open cassette
        self,
        name: str,
        path: Path,
        known: Known,
        *,
        places: frozenset[Place] = frozenset(),
        ignore: Sequence[str] = (),
        ledger: Path | None = None,
        record_hint: str = "",
    ) -> None:
        self.name = name
        self._hint = record_hint or f"cellwire record {name}"
        self._ledger = ledger
        self._redaction = Redaction(known, places)
        self._matching = Matching(tuple(ignore), places)
        self._ignored = bool(ignore)
        self._lock = threading.Lock()
        self._sent: list[str] = []
        self.header, self.interactions = self._load(path)
        self._inbound = [Entry(i) for i in self.interactions if i.inbound]
        self._outbound = [Entry(i) for i in self.interactions if not i.inbound]
        self._exact: dict[tuple[str, str, bytes], list[Entry]] = {}
        for entry in self._outbound:
            i = entry.interaction
            self._exact.setdefault((i.method, i.uri, i.request_body), []).append(entry)
        self._by_key: dict[Key, list[Entry]] | None = None
        evidence.note(ledger, "open", cassette=name, recorded=len(self.interactions))

    def __repr__(self) -> str:
        return f"<Player {self.name}>"

    def _load(self, path: Path) -> tuple[Header, list[Interaction]]:
        text = _read(path)
        if text is None:
            facts = {"request": "the whole cassette", "nearest": f"there is no {path.name}"}
            evidence.note(self._ledger, "miss", cassette=self.name, hint=self._hint, **facts)
            raise NotRecorded(
                f"{self.name} is not recorded: there is no {path.name}",
                next_step=f"Record it with: {self._hint}",
            )
        try:
            return format_of(path).load(text, str(path))
        except RecordingError as error:
            raise RecordingError(
                error.message, next_step=f"Mend the file, or record it again: {self._hint}"
            ) from None

    @property
    def sent(self) -> list[str]:
        """What was asked and what came in, in order."""
        return self._sent

    def received(self, event_type: str) -> None:
        """Note that a delivery was handed over."""
        with self._lock:
            self._sent.append(f"<- {event_type}")

    def handle(self, request: Request, live: Callable[[Request], Response]) -> Response:  # noqa: ARG002
        """Answer from the recording.

        Raises:
            NotRecorded: Nothing recorded fits; says what was asked and what is nearest.
        """
        return self._answer(request, request.read())

    async def ahandle(
        self,
        request: Request,
        live: Callable[[Request], Awaitable[Response]],  # noqa: ARG002
    ) -> Response:
        """Answer from the recording, on an event loop."""
        return self._answer(request, await request.aread())

    def _answer(self, request: Request, body: bytes) -> Response:
        uri = str(request.url)
        with self._lock:
            # A stored request holds no secret, so one that equals it byte for byte needs no
            # redaction to be looked up.
            # Under `ignore=` a group is larger than what is equal, and its order counts.
            found = None if self._ignored else self._exact.get((request.method, uri, body))
            if found:
                entry = following(found)
                self._sent.append(entry.line)
                return entry.response()
        return self._redacted(request.method, uri, body).response()

    def _redacted(self, method: str, uri: str, body: bytes) -> Entry:
        """Look a request up as it would have been recorded."""
        uri, body = self._redaction.redact_request(uri, body)
        key = self._matching.key(method, uri, body)
        asked = line(method, uri, body)
        with self._lock:
            self._sent.append(asked)
            found = self._index().get(key)
            if found:
                return following(found)
        raise self._miss(asked, key)

    def _index(self) -> dict[Key, list[Entry]]:
        if self._by_key is None:
            self._by_key = {}
            for key, entry in self._keys():
                self._by_key.setdefault(key, []).append(entry)
        return self._by_key

    def _keys(self) -> Iterable[tuple[Key, Entry]]:
        for entry in self._outbound:
            i = entry.interaction
            uri, body = self._redaction.redact_request(i.uri, i.request_body)
            yield self._matching.key(i.method, uri, body), entry

    def _miss(self, asked: str, key: Key) -> NotRecorded:
        found = nearest(key, [(each, entry.interaction) for each, entry in self._keys()])
        near = "the cassette holds no answers"
        if found:
            i, how = found
            near = f"nearest: {line(i.method, i.uri, i.request_body)} ({how})"
        evidence.note(
            self._ledger, "miss", cassette=self.name, request=asked, nearest=near, hint=self._hint
        )
        return NotRecorded(
            f"{self.name} has no answer for {asked}\n  {near}",
            next_step=f"Record it with: {self._hint}",
        )

    def next_delivery(self, wanted: Callable[[Interaction], bool]) -> Interaction:
        """Give the next recorded delivery that is wanted.

        Raises:
            NotRecorded: No further one is.
        """
        with self._lock:
            for entry in self._inbound:
                if not entry.played and wanted(entry.interaction):
                    entry.played += 1
                    return entry.interaction
        evidence.note(
            self._ledger,
            "miss",
            cassette=self.name,
            request="a delivery",
            nearest=f"{len(self._inbound)} recorded",
            hint=self._hint,
        )
        raise NotRecorded(
            f"{self.name} has no further delivery of that type ({len(self._inbound)} recorded)",
            next_step=f"Record it with: {self._hint}",
        )

    def unused(self) -> list[str]:
        """Give the recorded requests and deliveries that were never asked for."""
        answers = [entry.line for entry in self._outbound if not entry.played]
        return answers + [f"<- {e.line}" for e in self._inbound if not e.played]

    @property
    def played(self) -> int:
        """How many answers and deliveries were given."""
        return sum(entry.played for entry in (*self._outbound, *self._inbound))

    def close(self, *, failed: bool = False) -> None:
        """Take note of what was played; of a block that failed, unused answers say nothing."""
        evidence.note(
            self._ledger,
            "close",
            cassette=self.name,
            played=self.played,
            recorded=len(self.interactions),
            unused=[] if failed else self.unused(),
        )


def header_of(path: Path) -> Header | None:
    """Give what a cassette says about itself, or None where there is no file."""
    try:
        with path.open(encoding="utf-8") as file:
            return format_of(path).header(file.readline())
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return Header()


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (UnicodeDecodeError, OSError) as error:
        raise RecordingError(
            f"{path} cannot be read as text ({type(error).__name__})",
            next_step="Take it from version control, or record it again.",
        ) from None
