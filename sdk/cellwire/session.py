"""One definition at work in this process: its slot, its connections, clients and cassettes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TypeAlias
from weakref import WeakSet

from cellwire import _http
from cellwire._http import Request
from cellwire.cassettes.cassette import Cassette
from cellwire.cassettes.cassette import Ports as CassettePorts
from cellwire.cassettes.interaction import Interaction
from cellwire.cassettes.player import Player
from cellwire.cassettes.transport import Slot, SlotTransport
from cellwire.client.answer import Response
from cellwire.client.client import Client, Options, Using
from cellwire.client.driver import TIMEOUT, Driver, Fields
from cellwire.client.pagination import Pagination, dig
from cellwire.credentials import Credentials, fill, model_of
from cellwire.definition import Definition
from cellwire.effects import PlainAuth, Secrets
from cellwire.errors import DefinitionError, NotRecorded
from cellwire.oauth.connection import Connection, StandIn
from cellwire.oauth.connection import Ports as ConnectionPorts
from cellwire.settings import RecordMode
from cellwire.webhooks import capture
from cellwire.webhooks.inbox import Hooks
from cellwire.workspace import Workspace

Connected: TypeAlias = Connection | StandIn


class Session:
    """One definition at work; everything is opened at first use.

    Args:
        definition: What the author declared; replaced when its cell runs again.
        workspace: What all integrations share.
    """

    def __init__(self, definition: Definition, workspace: Workspace) -> None:
        self.definition, self.workspace = definition, workspace
        self.slot = Slot()
        self._connections: dict[str, Connected] = {}
        self._facts: dict[str, str] = {}
        self._clients: WeakSet[Client] = WeakSet()

    def redefine(self, definition: Definition) -> None:
        """Take a changed declaration; connections are made anew only where it concerns them."""
        old, self.definition = self.definition, definition
        before, after = (_connecting(d) for d in (old, definition))
        if "hooks" in self.__dict__:
            self.hooks.follow()
        if before != after:
            self._leave_connections()

    def _leave_connections(self) -> None:
        left, self._connections = self._connections, {}
        for connection in left.values():
            if isinstance(connection, Connection):
                connection.close()

    @property
    def name(self) -> str:
        """The integration's name."""
        return self.definition.name

    @property
    def pagination(self) -> Pagination | None:
        """The declared pagination kind."""
        return self.definition.pagination

    @property
    def playing(self) -> bool:
        """Whether calls are answered by a recording, or would have to be."""
        return isinstance(self.slot.deck, Player) or self.workspace.settings.locked

    @cached_property
    def hooks(self) -> Hooks:
        """The webhook side."""
        return Hooks(self)

    # Connections

    def connection(self, name: str = "default") -> Connected:
        """Give a connection of that name; in replay, its stand-in."""
        if name not in self._connections:
            self._connections[name] = self._new_connection(name)
        return self._connections[name]

    def _new_connection(self, name: str) -> Connected:
        definition, workspace = self.definition, self.workspace
        if workspace.settings.locked:
            return StandIn(self.name, name, self._stand_ins(), workspace.screen)
        ports = ConnectionPorts(
            vault=workspace.vault,
            known=workspace.known,
            clock=workspace.clock,
            background=workspace.background,
            http=lambda: self._plain_http,
            screen=workspace.screen,
            redirect_port=workspace.settings.redirect_port,
            project=workspace.project,
        )
        return Connection(
            self.name,
            name,
            auth=definition.auth,
            fields=definition.fields,
            resolve=definition.resolve,
            prove=(lambda: self._prove(name)) if definition.check else None,
            ports=ports,
        )

    def connected(self, *, soon: bool) -> bool:
        """Whether some client's calls can be proven; with `soon`, a sign-in that waits counts."""
        used = [client.using for client in self._clients]
        if any(using.credentials is not None for using in used):
            return True
        names = {"default", *self._connections, *(using.connection for using in used)}
        good = ("connected", "waiting") if soon else ("connected",)
        return any(self.connection(name).state in good for name in sorted(names))

    def credentials(self, name: str = "default") -> Credentials:
        """Give the filled schema; stand-ins in replay."""
        model = model_of(self.name, self.definition.credentials, self.definition.fields)
        return fill(model, self._fields(name, None)(None))

    def plain_auth(self, name: str) -> PlainAuth:
        """Give the proof for a plain httpx client.

        Raises:
            DefinitionError: No auth kind is declared.
        """
        auth = self.definition.auth
        if auth is None:
            raise DefinitionError(
                f"{self.name} declares no auth kind", next_step="Write auth=cw.auth.Bearer()."
            )
        fields = self._fields(name, None)

        def owns(request: Request) -> bool:
            return self.definition.owns(request.url, self._driver.base(fields))

        return PlainAuth(auth.attempt, fields, owns)

    def _stand_ins(self) -> dict[str, str]:
        return {**self.definition.stand_ins, "access_token": "cw-access_token-1"}

    def _fields(self, connection: str, given: Credentials | None) -> Fields:
        if self.playing:
            return lambda _: Secrets(self._stand_ins())
        if given is not None:
            filled = Secrets(_revealed(given))
            self._teach(filled)
            return lambda _: filled
        return self._real(connection)

    def _real(self, connection: str) -> Fields:
        def fields(rejected: str | None) -> Secrets:
            secrets = self.connection(connection).credential(rejected)
            self._teach(secrets)
            return secrets

        return fields

    def _teach(self, secrets: Secrets) -> None:
        """Make what must not be written known: secret values, and where the service stands."""
        known = self.workspace.known
        for field in self.definition.fields:
            if field.secret and field.name in secrets:
                known.teach(secrets[field.name], field.name)
        self._facts.update(self.definition.deployed(secrets))
        for real, instead in self._facts.items():
            known.teach(real, "base_url", stand_in=instead)

    # Calls

    def call(self, method: str, path: str, options: Options, using: Using) -> Response:
        """Make one call; the errors are those of `Client.request`."""
        fields = self._fields(using.connection, using.credentials)
        return self._driver.call(method, path, options, using.settings, fields)

    @cached_property
    def _driver(self) -> Driver:
        return self._driver_over(self._slot_http)

    @cached_property
    def _slot_http(self) -> _http.Client:
        return _http.client(SlotTransport(self.slot, outside=self._outside), timeout=TIMEOUT)

    @cached_property
    def _plain_http(self) -> _http.Client:
        """A client that never meets a cassette: token requests and the check of a connection."""
        return _http.client(_http.live_transport(), timeout=TIMEOUT)

    def _driver_over(self, client: _http.Client) -> Driver:
        workspace = self.workspace
        return Driver(
            client,
            definition=lambda: self.definition,
            playing=lambda: self.playing,
            known=workspace.known,
            clock=workspace.clock,
        )

    def close(self) -> None:
        """Close what was opened."""
        self._leave_connections()
        for name in ("_slot_http", "_plain_http", "hooks"):
            if name in self.__dict__:
                getattr(self, name).close()

    def _outside(self, request: Request) -> None:
        if self.workspace.settings.locked:
            where = self.workspace.known.redact(f"{request.method} {request.url}")
            raise NotRecorded(
                f"{where} was called outside any cassette, and record mode is none",
                next_step=f'Put the call inside a block: with {self.name}.cassette("name"): ...',
            )

    def _prove(self, connection: str) -> str | None:
        """Make the declared check call; give the account's name, if the check says where it is."""
        path, _, at = (self.definition.check or "").partition("#")
        driver = self._driver_over(self._plain_http)
        answer = driver.call("GET", path, {}, {}, self._real(connection))
        found = dig(answer.json(), at) if at else None
        return str(found) if found else None

    # Clients and cassettes

    def adopt(self, client: Client) -> None:
        """Remember a live client, so that it follows when its class' cell runs again."""
        self._clients.add(client)

    def replace(self, qualname: str, new: type[Client]) -> None:
        """Make live clients of an earlier class of that name follow the new one."""
        for client in list(self._clients):
            old = type(client)
            same = (old.__module__, old.__qualname__) == (new.__module__, qualname)
            if same and old is not new:
                client.__class__ = new

    def cassette(
        self, name: str, *, record_mode: RecordMode | None, ignore: Sequence[str]
    ) -> Cassette:
        """Give the cassette of that name."""
        definition, workspace = self.definition, self.workspace
        self.hooks.block_begins()
        ports = CassettePorts(
            settings=workspace.settings,
            known=workspace.known,
            background=workspace.background,
            slot=self.slot,
            places=definition.writes,
            connected=self.connected,
            live_at=definition.resolve(definition.base_url, definition.stand_ins),
            pin=workspace.pinned,
            now=workspace.clock.now,
            show=workspace.screen.show,
            facts=self._facts,
            resign=self._resign,
        )
        return Cassette(name, self.name, ports, record_mode=record_mode, ignore=ignore)

    def _resign(self, interaction: Interaction) -> Interaction:
        signature = self.definition.webhooks
        return capture.resign(interaction, signature) if signature else interaction


def _connecting(definition: Definition) -> object:
    """Give all of a definition that a connection is made of."""
    auth = definition.auth
    return type(auth), vars(auth) if auth else None, definition.fields, definition.check


def _revealed(given: Credentials) -> dict[str, str]:
    values = {name: getattr(given, name) for name in type(given).model_fields}
    return {
        name: str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)
        for name, value in values.items()
        if value is not None
    }
