"""Records a cassette: keeps interactions raw in memory and lets only redacted ones reach a file.

Every checkpoint redacts all of them afresh, since a token minted in the last answer may stand in
the first request. What is written was read again by the leak gate before.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cellwire._http import ByteStream, Request, Response, decoded
from cellwire.auth import Place
from cellwire.background import Background
from cellwire.cassettes import gate
from cellwire.cassettes.deck import Deck
from cellwire.cassettes.formats import Header, format_of
from cellwire.cassettes.interaction import HeaderList, Interaction
from cellwire.cassettes.matching import line
from cellwire.cassettes.redaction import Redaction
from cellwire.cassettes.steady import carried
from cellwire.errors import RecordingError, SecretFound
from cellwire.files import SHARED, write_atomic
from cellwire.known import Known

_GONE = ("content-encoding", "transfer-encoding")


@dataclass(frozen=True)
class Summary:
    """What one recording came to.

    Attributes:
        interactions: As written.
        removed: How many secret values were removed, by place.
    """

    interactions: Sequence[Interaction]
    removed: Counter[str]


class Recorder(Deck):
    """An open cassette that records.

    Args:
        name: `integration/name`.
        path: Where the cassette goes.
        known: Every value to remove; it also learns from what is recorded.
        places: Where the auth kind writes.
        header: What the cassette shall say about itself.
        partial: Where checkpoints go.
        previous: The cassette that is recorded anew, if it is not at `path`.
        background: Runs checkpoints; without one there are only those that are asked for.
        seconds: Longest time between two checkpoints.
        facts: What to write for where the service stands, if it differs from what others write.
        allow: Digests of what the leak gate may let through.
        after: Signs a delivery anew once it is redacted.
    """

    def __init__(  # noqa: PLR0913 - each is one fact about the open cassette
        self,
        name: str,
        path: Path,
        known: Known,
        *,
        places: frozenset[Place] = frozenset(),
        header: Header | None = None,
        partial: Path,
        previous: Path | None = None,
        background: Background | None = None,
        seconds: float = 5.0,
        facts: Mapping[str, str] | None = None,
        allow: Sequence[str] = (),
        after: Callable[[Interaction], Interaction] | None = None,
    ) -> None:
        self.name = name
        self._path, self._partial, self._previous = path, partial, previous or path
        self._allow = tuple(allow)
        self._known, self._header, self._after = known, header or Header(), after
        self._redaction = Redaction(known, places, facts)
        self._format = format_of(path)
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._kept: list[Interaction] = []
        self._order: list[Interaction | str] = []
        self._written: tuple[int, int] | None = None
        self._open = True
        self._beat = background.every(seconds, self._tick) if background else None

    def __repr__(self) -> str:
        return f"<Recorder {self.name}>"

    @property
    def sent(self) -> list[str]:
        """What went out and came in, in order; the same lines that the replay will give."""
        with self._lock:
            order = list(self._order)
        calls = [each for each in order if isinstance(each, Interaction)]
        redacted = iter(self._redaction.apply(calls)[0])
        return [each if isinstance(each, str) else _line_of(next(redacted)) for each in order]

    def received(self, event_type: str) -> None:
        """Note that a delivery was handed over."""
        with self._lock:
            self._order.append(f"<- {event_type}")

    def handle(self, request: Request, live: Callable[[Request], Response]) -> Response:
        """Send a request and keep both messages; the answer is given on as it came."""
        request.read()
        response = live(request)
        try:
            raw = b"".join(response.stream)  # type: ignore[arg-type] # a sync transport's answer
        finally:
            response.close()
        return self._taken(request, response, raw)

    async def ahandle(
        self, request: Request, live: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Send a request on an event loop and keep both messages."""
        await request.aread()
        response = await live(request)
        try:
            raw = b"".join([part async for part in response.stream])  # type: ignore[union-attr]
        finally:
            await response.aclose()
        return self._taken(request, response, raw)

    def _taken(self, request: Request, response: Response, raw: bytes) -> Response:
        self.keep(_interaction(request, response, raw))
        return Response(
            response.status_code,
            headers=response.headers,
            stream=ByteStream(raw),
            extensions=response.extensions,
        )

    def keep(self, interaction: Interaction) -> None:
        """Keep one interaction, raw; it stays in memory until it is redacted.

        Raises:
            RecordingError: The cassette was closed meanwhile.
        """
        with self._lock:
            if not self._open:
                raise RecordingError(
                    f"{self.name}: an answer came after the block had ended",
                    next_step="Wait inside the block for everything that was started there.",
                )
            self._kept.append(interaction)
            if not interaction.inbound:
                self._order.append(interaction)

    def keep_delivery(self, interaction: Interaction) -> None:
        """Keep one delivery, raw; it is redacted, then signed anew, then written."""
        self.keep(interaction)

    def checkpoint(self) -> None:
        """Write what was kept so far, redacted and checked, if anything is new.

        Raises:
            SecretFound: The leak gate refused; nothing was written.
        """
        with self._writing:
            state = (len(self._kept), self._known.version)
            if not self._open or not self._kept or self._written == state:
                return
            self._write(self._partial, self._finished()[0])
            self._written = (state[0], self._known.version)

    def _tick(self) -> None:
        # Whoever ends the block hears of it; until then nothing is written.
        with suppress(SecretFound, OSError):
            self.checkpoint()

    def finish(self) -> Summary:
        """Write the cassette and end; the old file stays if that fails.

        Raises:
            SecretFound: The leak gate refused; nothing was written.
        """
        self._end()
        with self._writing:
            interactions, removed = self._finished()
            interactions = carried(interactions, self._old())
            self._write(self._path, interactions)
            self._partial.unlink(missing_ok=True)
        return Summary(interactions, removed)

    def abandon(self) -> None:
        """End without a cassette: the old file stays, the checkpoint goes."""
        self._end()
        with self._writing:
            self._partial.unlink(missing_ok=True)

    def _end(self) -> None:
        if self._beat:
            self._beat.cancel()
        with self._lock:
            self._open = False

    def _finished(self) -> tuple[list[Interaction], Counter[str]]:
        """Give everything as it may be written."""
        with self._lock:
            kept = list(self._kept)
        redacted, removed = self._redaction.apply(kept)
        if self._after:
            redacted = [self._after(i) if i.inbound else i for i in redacted]
        return [self._format.settle(i) for i in redacted], removed

    def _write(self, path: Path, interactions: Sequence[Interaction]) -> None:
        text = self._format.dump(self._header, interactions)
        gate.refuse(text, self._known.values(), self.name, self._allow)
        write_atomic(path, text.encode(), SHARED)

    def _old(self) -> list[Interaction]:
        try:
            return self._format.load(self._previous.read_text("utf-8"))[1]
        except Exception:  # noqa: BLE001 - an old file however broken must not cost the new one
            return []


def _interaction(request: Request, response: Response, raw: bytes) -> Interaction:
    try:
        body = decoded(response, raw)
    except ValueError as error:
        raise RecordingError(
            f"the answer of {request.url.host} is compressed ({error}) and cannot be read here",
            next_step="Ask for it plain: headers={'Accept-Encoding': 'gzip'}.",
        ) from None
    headers = _strings(response.headers.raw)
    if any(name.lower() in _GONE for name, _ in headers):
        kept = [(n, v) for n, v in headers if n.lower() not in _GONE]
        size = str(len(body))
        headers = tuple((n, size if n.lower() == "content-length" else v) for n, v in kept)
    return Interaction(
        method=request.method,
        uri=str(request.url),
        request_headers=_strings(request.headers.raw),
        request_body=request.content,
        status=response.status_code,
        reason=response.reason_phrase,
        response_headers=headers,
        response_body=body,
    )


def _strings(raw: Sequence[tuple[bytes, bytes]]) -> HeaderList:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


def _line_of(i: Interaction) -> str:
    return line(i.method, i.uri, i.request_body)
