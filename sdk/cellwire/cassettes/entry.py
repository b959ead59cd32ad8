"""One recorded interaction, made ready to be answered many times."""

from __future__ import annotations

from collections.abc import Sequence

from cellwire._http import ByteStream, Headers, Response
from cellwire.cassettes.interaction import Interaction
from cellwire.cassettes.matching import line


class Entry:
    """One recorded interaction, ready to be answered."""

    __slots__ = ("_extensions", "_headers", "_stream", "interaction", "line", "played")

    def __init__(self, interaction: Interaction) -> None:
        self.interaction = interaction
        self.played = 0
        self.line = line(interaction.method, interaction.uri, interaction.request_body)
        self._headers = Headers(
            [(n.encode("latin-1", "replace"), _bytes(v)) for n, v in interaction.response_headers]
        )
        self._stream = ByteStream(interaction.response_body)
        self._extensions = {"http_version": b"HTTP/1.1"}
        if interaction.reason:
            self._extensions["reason_phrase"] = interaction.reason.encode("ascii", "replace")

    def response(self) -> Response:
        """Give the answer; nothing of it is prepared anew."""
        return Response(
            self.interaction.status,
            headers=self._headers,
            stream=self._stream,
            extensions=self._extensions,
        )


def following(entries: Sequence[Entry]) -> Entry:
    """Give the next in sequence, and the last one again when all were played."""
    entry = next((each for each in entries if not each.played), entries[-1])
    entry.played += 1
    return entry


def _bytes(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()
