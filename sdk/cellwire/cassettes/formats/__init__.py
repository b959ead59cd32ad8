"""File formats of cassettes. This file is the contract; each format is one file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import ClassVar

from cellwire.cassettes.interaction import Interaction
from cellwire.errors import RecordingError
from cellwire.kinds import Kinds


@dataclass(frozen=True)
class Header:
    """What a cassette says about itself.

    Attributes:
        recorded_at: When it was recorded, aware, or None: nobody says.
        live_at: Where the service is recorded as standing.
        block: Hash of the code of the block that made it.
    """

    recorded_at: datetime | None = None
    live_at: str = ""
    block: str = ""


class Format(ABC):
    """One way to write interactions into a text file."""

    name: ClassVar[str]
    suffix: ClassVar[str]

    @abstractmethod
    def dump(self, header: Header, interactions: Sequence[Interaction]) -> str:
        """Give the text of a cassette; loading it gives what was dumped, byte for byte."""

    @abstractmethod
    def load(self, text: str, source: str = "the cassette") -> tuple[Header, list[Interaction]]:
        """Read a cassette, also one that another tool wrote or a person edited.

        Args:
            text: The file's text.
            source: Name of the file, for the error.

        Raises:
            RecordingError: It cannot be read; names the file and the line.
        """

    @abstractmethod
    def header(self, first_line: str) -> Header:
        """Read what a cassette says about itself; its first line is enough."""

    def settle(self, interaction: Interaction) -> Interaction:
        """Give the interaction as this format likes to keep it: equal in meaning, better to review."""
        return interaction


def format_of(path: PurePath) -> Format:
    """Give the format of a file, by its suffix.

    Raises:
        RecordingError: No format has that suffix.
    """
    kinds = Kinds(__name__, Format)  # type: ignore[type-abstract] # every kind is concrete
    for kind in map(kinds.load, kinds.names()):
        if kind.suffix == path.suffix:
            return kind()
    raise RecordingError(f"{path}: no cassette format ends in {path.suffix!r}")
