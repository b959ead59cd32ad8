"""`with integration.cassette("name"):` records or plays whole, never a mixture.

Which of the two is decided at the door, once, from the record mode, whether the file exists,
whether the block's code changed since it was recorded, and whether there is a connection.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatch
from html import escape
from pathlib import Path
from typing import Literal, Protocol, Self

from cellwire import evidence
from cellwire.auth import Place
from cellwire.background import Background
from cellwire.cassettes.block import block_hash
from cellwire.cassettes.formats import Header
from cellwire.cassettes.interaction import Interaction
from cellwire.cassettes.player import Player, header_of
from cellwire.cassettes.recorder import Recorder, Summary
from cellwire.cassettes.transport import Slot
from cellwire.errors import DefinitionError, NotConnected, RecordingError
from cellwire.files import own_folder
from cellwire.known import Known
from cellwire.screens import View
from cellwire.settings import RecordMode, Settings, check_mode
from cellwire.testing.guard import guarded

_NAME = re.compile(r"[a-z0-9][a-z0-9_/-]*")


class Connected(Protocol):
    """Tells whether calls can be proven."""

    def __call__(self, *, soon: bool) -> bool:
        """With `soon`, a sign-in that waits counts."""


@dataclass(frozen=True)
class Ports:
    """What a cassette needs of its session.

    Attributes:
        settings: Record mode, folders, ledger.
        known: Every value to remove.
        background: Runs the checkpoints.
        slot: Where the integration's clients look for the open cassette.
        places: Where the auth kind writes.
        connected: Whether calls can be proven, or with `soon`, will be once somebody signed in.
        live_at: Where the service is recorded as standing.
        pin: Pins `cellwire.now()` while the block is open.
        now: Tells the time.
        show: Shows the badge.
        facts: What to write for where the service stands: real URL to stand-in.
        resign: Signs a captured delivery anew after redaction, or None.
    """

    settings: Settings
    known: Known = field(repr=False)
    background: Background
    slot: Slot
    places: frozenset[Place]
    connected: Connected
    live_at: str
    pin: Callable[[datetime], AbstractContextManager[None]]
    now: Callable[[], datetime]
    show: Callable[[View], None]
    facts: Mapping[str, str] = field(repr=False)
    resign: Callable[[Interaction], Interaction] | None


def decide(
    mode: RecordMode | None, *, exists: bool, changed: bool, connected: bool
) -> Literal["play", "record"]:
    """Decide what one block does, in vcrpy's words.

    `none` plays. `once` records what does not exist. `new_episodes` also records a block whose
    code changed. `all` and `rewrite` record now. Without a word: `new_episodes` where there is a
    connection, else `none`.
    """
    mode = mode or ("new_episodes" if connected else "none")
    if mode == "none":
        return "play"
    if mode in ("all", "rewrite"):
        return "record"
    wanted = not exists or (mode == "new_episodes" and changed)
    return "record" if wanted else "play"


class Cassette:
    """One named recording of an integration's calls and deliveries.

    Attributes:
        name: `integration/name`.
        path: The file.
        recorded_at: When it was recorded; the clock of `cellwire.now()` inside the block.
    """

    recorded_at: datetime

    def __init__(
        self,
        name: str,
        integration: str,
        ports: Ports,
        *,
        record_mode: RecordMode | None = None,
        ignore: Sequence[str] = (),
    ) -> None:
        if not _NAME.fullmatch(name):
            raise DefinitionError(
                f"cassette name {name!r} is no file name",
                next_step="Use lower-case letters, digits, '_', '-' and '/'.",
            )
        if record_mode is not None:
            check_mode(record_mode, "record_mode")
        self.name = f"{integration}/{name}"
        self.path = ports.settings.cassettes / f"{self.name}.yaml"
        self._ports, self._asked, self._ignore = ports, record_mode, tuple(ignore)
        self._stack = ExitStack()
        self._deck: Player | Recorder | None = None

    def __repr__(self) -> str:
        return f"<Cassette {self.name}>"

    @property
    def sent(self) -> list[str]:
        """What went out and came in, in order: `GET /user`, `POST /x {"a":1}`, `<- opened`."""
        return list(self._deck.sent) if self._deck else []

    @property
    def record_command(self) -> str:
        """The command that records it."""
        return f"cellwire record {self.name}"

    def __enter__(self) -> Self:
        self._start(block_hash(sys._getframe(1)))  # noqa: SLF001 - the caller's own block
        return self

    def _start(self, block: str) -> None:
        ports = self._ports
        header = header_of(self.path)
        action = self._action(block, header)
        target = self._target()
        now = ports.now().replace(microsecond=0)
        self.recorded_at = (
            now if action == "record" else (header.recorded_at if header else None) or now
        )
        self._deck = self._recorder(block, target) if action == "record" else self._player()
        try:
            self._stack.enter_context(ports.slot.hold(self._deck))
        except RecordingError:
            if isinstance(self._deck, Recorder):
                self._deck.abandon()
            raise
        self._stack.enter_context(ports.pin(self.recorded_at))
        if ports.settings.locked:
            self._stack.enter_context(guarded(ports.settings.ledger))

    def _action(self, block: str, header: Header | None) -> Literal["play", "record"]:
        settings = self._ports.settings
        if settings.record:
            named = any(fnmatch(self.name, pattern) for pattern in settings.record)
            mode: RecordMode | None = "rewrite" if named else "none"
        else:
            mode = "none" if settings.locked else self._asked or settings.record_mode
        # While a sign-in waits, what is recorded plays; only what must be recorded waits with it.
        soon = header is None or mode in ("all", "rewrite")
        connected = mode != "none" and self._ports.connected(soon=soon)
        changed = bool(header and header.block and block and header.block != block)
        action = decide(mode, exists=header is not None, changed=changed, connected=connected)
        if action == "record" and not connected:
            integration = self.name.partition("/")[0]
            raise NotConnected(
                f"{self.name}: recording needs a connection to {integration}",
                next_step=f"Connect first: {integration}.connect()",
            )
        return action

    def _target(self) -> Path:
        stage = self._ports.settings.stage
        return stage / f"{self.name}.yaml" if stage else self.path

    def _player(self) -> Player:
        ports = self._ports
        return Player(
            self.name,
            self.path,
            ports.known,
            places=ports.places,
            ignore=self._ignore,
            ledger=ports.settings.ledger,
            record_hint=self.record_command,
        )

    def _recorder(self, block: str, target: Path) -> Recorder:
        ports = self._ports
        partial = own_folder(ports.settings.project) / "partial" / f"{self.name}.yaml"
        return Recorder(
            self.name,
            target,
            ports.known,
            places=ports.places,
            header=Header(recorded_at=self.recorded_at, live_at=ports.live_at, block=block),
            previous=self.path,
            partial=partial,
            background=ports.background,
            seconds=ports.settings.checkpoint_seconds,
            facts=ports.facts,
            allow=ports.settings.allow,
            after=ports.resign,
        )

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        deck = self._deck
        self._stack.close()
        if isinstance(deck, Player):
            deck.close(failed=kind is not None)
            if kind is None:
                self._badge(deck.interactions, f"played, recorded {self.recorded_at:%Y-%m-%d}", "")
        elif isinstance(deck, Recorder):
            self._finish(deck, failed=kind is not None)

    def _finish(self, deck: Recorder, *, failed: bool) -> None:
        if failed:
            deck.abandon()
            return
        summary = deck.finish()
        evidence.note(
            self._ports.settings.ledger,
            "recorded",
            cassette=self.name,
            interactions=len(summary.interactions),
            removed=dict(summary.removed),
        )
        self._badge(
            summary.interactions, f"recorded {self.recorded_at:%Y-%m-%d}", _removed(summary)
        )

    def _badge(self, interactions: Sequence[Interaction], how: str, more: str) -> None:
        """Show one line; its text is the same whether recorded or played."""
        text = f"{self.name}: {_counted(interactions)}"
        html = (
            f'<div class="cellwire-badge"><b>{"●" if more else "▶"}</b> '
            f"<code>{escape(self.name)}</code> {_counted(interactions)} "
            f"<small>{escape(how)}{' · ' + escape(more) if more else ''}</small></div>"
        )
        self._ports.show(View(text, html))


def _counted(interactions: Sequence[Interaction]) -> str:
    inbound = sum(i.inbound for i in interactions)
    calls = len(interactions) - inbound
    parts = [f"{calls} answer{'' if calls == 1 else 's'}"]
    if inbound:
        parts.append(f"{inbound} deliver{'y' if inbound == 1 else 'ies'}")
    return ", ".join(parts)


def _removed(summary: Summary) -> str:
    total = sum(summary.removed.values())
    places = ", ".join(sorted(summary.removed))
    return f"{total} secrets removed ({places})" if total else "nothing secret in it"
