"""The webhook side of one integration at work: handlers, receiver, `receive()` and the inbox.

While a block records, deliveries wait for `receive()`: the delivery and its handlers' own calls
then stand in the recording in the order in which they play. Outside a block they are handled as
they arrive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any, Protocol, TypeVar

from cellwire.cassettes.interaction import Interaction
from cellwire.cassettes.player import Player
from cellwire.cassettes.recorder import Recorder
from cellwire.cassettes.transport import Slot
from cellwire.definition import SIGNING_SECRET, Definition
from cellwire.errors import DefinitionError, DeliveryError, NotRecorded
from cellwire.webhooks import capture
from cellwire.webhooks.arrivals import Arrival
from cellwire.webhooks.delivery import Delivery, Event
from cellwire.webhooks.engines.inline import Inline
from cellwire.webhooks.handlers import DeliveryResult, Handlers, matches
from cellwire.webhooks.receiver import PATH, Receiver, Route
from cellwire.webhooks.server import Server
from cellwire.webhooks.signatures import TEST_KEY, Signature
from cellwire.workspace import Workspace

H = TypeVar("H", bound=Callable[..., object])
PIECE = 0.2  # seconds between two looks at whether a block has ended


class Works(Protocol):
    """What the webhook side needs of its session."""

    slot: Slot
    workspace: Workspace

    @property
    def definition(self) -> Definition:
        """What the author declared."""

    @property
    def name(self) -> str:
        """The integration's name."""

    @property
    def playing(self) -> bool:
        """Whether everything plays."""


class Turns(Handlers):
    """Handlers that let a delivery wait for `receive()` while a block records."""

    def __init__(self, session: Works) -> None:
        super().__init__(session.workspace.background)
        self._slot: Slot = session.slot
        self._signature: Callable[[], Signature] = lambda: scheme(session)
        self._changed = threading.Condition()
        self._wanted: list[str] = []
        self._line: list[Delivery] = []

    @contextmanager
    def wanting(self, event_type: str) -> Iterator[None]:
        """Let the next delivery of a type go on while somebody waits for it."""
        with self._changed:
            self._wanted.append(event_type)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                if event_type in self._wanted:
                    self._wanted.remove(event_type)

    def dispatch(self, delivery: Delivery) -> DeliveryResult:
        """Wait for the delivery's turn, record it if a block is open, and run its handlers."""
        deck = self._turn(delivery)
        if deck is not None:
            deck.keep_delivery(capture.to_interaction(delivery, self._signature()))
            deck.received(delivery.type)
        return super().dispatch(delivery)

    def _turn(self, delivery: Delivery) -> Recorder | None:
        deck = self._slot.deck
        if not isinstance(deck, Recorder):
            return None
        with self._changed:
            self._line.append(delivery)
            try:
                while self._slot.deck is deck:
                    if self._takes(delivery):
                        return deck
                    self._changed.wait(PIECE)
            finally:
                self._line.remove(delivery)
        return None

    def _takes(self, delivery: Delivery) -> bool:
        """Whether it is the first in line that somebody waits for; one waiting takes one."""
        for wanted in self._wanted:
            if next((d for d in self._line if matches(wanted, d.type)), None) is delivery:
                self._wanted.remove(wanted)
                return True
        return False


class Hooks:
    """What `on`, `inbox`, `receive` and `deliver` of one integration do."""

    def __init__(self, session: Works) -> None:
        self._session = session
        self.handlers = Turns(session)
        self._receiver: Receiver | None = None
        self._server: Server | None = None
        self._keys: list[str] = []
        self._mark = 0

    def on(self, event_type: str) -> Callable[[H], H]:
        """Register a handler."""
        return self.handlers.on(event_type)

    def block_begins(self) -> None:
        """Note that what arrived up to now does not belong to the block that begins."""
        self._mark = self._receiver.arrivals.mark if self._receiver else 0

    def inbox(self, port: int | None) -> Inbox:
        """Start the receiver, unless everything plays; show where it is and what arrived."""
        scheme(self._session)
        if self._session.workspace.settings.locked:
            return Inbox(self._session.name, "", [])
        receiver = self._mounted(self._secrets())
        server = self._started(receiver, port)
        return Inbox(
            self._session.name, f"{server.url}{PATH}{self._session.name}", receiver.arrivals.rows
        )

    def receive(self, event_type: str, timeout: float) -> Event[Any]:
        """Give the next delivery's event, its handlers run."""
        deck = self._session.slot.deck
        if isinstance(deck, Player):
            return self._played(deck, event_type)
        if self._session.playing:
            raise NotRecorded(
                f"receive({event_type!r}) outside any cassette, and record mode is none",
                next_step=f'Put it inside a block: with {self._session.name}.cassette("name"): ...',
            )
        if self._receiver is None:
            raise DeliveryError(
                "nothing is listening for deliveries",
                next_step=f"Run {self._session.name}.inbox().",
            )
        with self.handlers.wanting(event_type):
            delivery = self._receiver.arrivals.wait(
                event_type, timeout, integration=self._session.name, after=self._mark
            )
        return _event(delivery)

    def deliver(self, event_type: str, payload: Mapping[str, Any] | bytes) -> Delivery:
        """Send a test delivery, signed as the service would, through the receiver."""
        testing = self._session.playing
        receiver = self._mounted([TEST_KEY] if testing else self._secrets())
        key = TEST_KEY if testing else self._secrets()[0]
        headers, body = capture.compose(scheme(self._session), event_type, payload, key)
        with self.handlers.wanting(event_type):
            delivery = capture.deliver(receiver, self._session.name, headers, body)
        if delivery.failure is not None:
            raise delivery.failure
        return delivery

    def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.stop()
            self._server = None

    def _played(self, deck: Player, event_type: str) -> Event[Any]:
        def fits(interaction: Interaction) -> bool:
            return matches(event_type, self._read(interaction).type)

        interaction = deck.next_delivery(fits)
        delivery = self._read(interaction)
        deck.received(delivery.type)
        return _event(self.handlers.dispatch(delivery).delivery)

    def _read(self, interaction: Interaction) -> Delivery:
        now = self._session.workspace.now()
        return capture.from_interaction(interaction, scheme(self._session), received_at=now)

    def _secrets(self) -> list[str]:
        session = self._session
        found = session.workspace.vault.read(session.name, "default", [SIGNING_SECRET])
        secret = found.values.get(SIGNING_SECRET.name, "")
        if not secret:
            variable = f"{session.name}_{SIGNING_SECRET.name}".upper()
            raise DeliveryError(
                f"{session.name}: the signing secret of its webhook is not known",
                next_step=f"Give it: {session.name}.connect(again=True), or set {variable}.",
            )
        session.workspace.known.teach(secret, SIGNING_SECRET.name)
        return [secret]

    def follow(self) -> None:
        """Let a running receiver follow a changed declaration."""
        if self._receiver and self._session.definition.webhooks:
            self._mounted(self._keys)

    def _mounted(self, keys: Sequence[str]) -> Receiver:
        workspace = self._session.workspace
        if self._receiver is None:
            self._receiver = Receiver(
                Inline(workspace.background), workspace.clock, testing=self._session.playing
            )
        self._keys = list(keys)
        self._receiver.testing = self._session.playing
        route = Route(scheme(self._session), lambda: keys, self.handlers)
        self._receiver.mount(self._session.name, route)
        return self._receiver

    def _started(self, receiver: Receiver, port: int | None) -> Server:
        """Start the server; running the cell again keeps it, or moves it to another port."""
        workspace = self._session.workspace
        wanted = workspace.settings.receiver_port if port is None else port
        if self._server and self._server.running and wanted not in (0, self._server.port):
            self._server.stop()
            self._server = None
        self._server = self._server or Server(receiver, workspace.background, port=wanted)
        self._server.start()
        return self._server


class Inbox:
    """Where deliveries are received, and what arrived.

    Attributes:
        url: The address to register with the service; empty in replay, where nothing listens.
        rows: What arrived, oldest first.
    """

    def __init__(self, integration: str, url: str, rows: Sequence[Arrival]) -> None:
        self.integration, self.url, self.rows = integration, url, list(rows)

    def __repr__(self) -> str:
        """One stable line: no port, no count."""
        return f"{self.integration} inbox: {PATH}{self.integration}"

    def _repr_html_(self) -> str:
        where = (
            f"Register this address with the service: <code>{escape(self.url)}</code>"
            if self.url
            else "Replay: nothing listens; blocks play the deliveries they recorded."
        )
        rows = "".join(_row(arrival) for arrival in self.rows)
        head = _cells("th", ("time", "type", "verdict", "state"))
        table = f"<table>{head}{rows}</table>" if rows else ""
        return f"<div><b>{escape(self.integration)} inbox</b><br>{where}{table}</div>"


def scheme(session: Works) -> Signature:
    """Give the declared webhook scheme.

    Raises:
        DefinitionError: None is declared.
    """
    if session.definition.webhooks is None:
        raise DefinitionError(
            f"{session.name} declares no webhook scheme",
            next_step='Write webhooks=cw.signatures.HMAC(header="X-Signature") in its definition.',
        )
    return session.definition.webhooks


def _event(delivery: Delivery) -> Event[Any]:
    """Give the event with its payload as JSON; what a handler raised is raised here."""
    if delivery.failure is not None:
        raise delivery.failure
    return Event(delivery.type, delivery.id, delivery.json(), delivery)


def _row(arrival: Arrival) -> str:
    delivery = arrival.delivery
    cells = (
        f"{arrival.at:%H:%M:%S}",
        delivery.type if delivery else "",
        arrival.reason or arrival.verdict,
        delivery.state if delivery else "",
    )
    return _cells("td", cells)


def _cells(tag: str, cells: Sequence[str]) -> str:
    drawn = (f'<{tag} style="text-align:left">{escape(cell)}</{tag}>' for cell in cells)
    return f"<tr>{''.join(drawn)}</tr>"
