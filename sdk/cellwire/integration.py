"""`Integration`: a definition with verbs, the object a notebook works with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from cellwire.auth import Auth
from cellwire.client.pagination import Pagination
from cellwire.credentials import Credentials
from cellwire.definition import Definition
from cellwire.errors import DefinitionError
from cellwire.webhooks.signatures import Signature
from cellwire.workspace import Workspace

if TYPE_CHECKING:  # late: what a definition alone does not need
    from typing import Unpack

    from cellwire._http import ClientAuth
    from cellwire.cassettes.cassette import Cassette
    from cellwire.client.client import Client, Settings
    from cellwire.oauth.connection import Connection, StandIn
    from cellwire.session import Session
    from cellwire.settings import RecordMode
    from cellwire.webhooks.delivery import Delivery, Event
    from cellwire.webhooks.inbox import Inbox

H = TypeVar("H", bound=Callable[..., object])


class Integration:
    """One service, as its author declares it. The name is the identity.

    Calling it again with the same name, as a cell that runs again does, updates the same object:
    clients, handlers and the inbox made earlier follow.

    Args:
        name: Lower-case letters, digits and `_`; also names the folder of the cassettes and
            begins the environment variables.
        description: One line: what it is for.
        base_url: Where the service's API stands; may hold `{field}` of the credentials.
        auth: How a request proves itself, such as `cw.auth.OAuth2(...)`.
        credentials: Schema of fields stored beside those the auth kind brings.
        headers: Sent with every call.
        hosts: Further hosts that may get the credential.
        pagination: Where the next page is, such as `cw.pagination.NextUrl(at="next")`.
        webhooks: How deliveries are signed, such as `cw.signatures.HMAC(header="X-Signature")`.
        check: Path of a GET that proves a connection; behind `#`, where the account's name stands
            in the answer: `/user#login`.

    Attributes:
        home: Module and file that define it.

    Raises:
        DefinitionError: A declaration is wrong; says what to write instead.
    """

    _definition: Definition
    home: tuple[str, str]
    _workspace: Workspace
    _opened: Session | None = None

    def __new__(cls, name: str, **_: Any) -> Self:
        """Give the object of that name, or a new one."""
        known = Workspace.current().integrations.get(name) if isinstance(name, str) else None
        return known if isinstance(known, cls) else super().__new__(cls)

    def __init__(  # noqa: PLR0913 - each is one fact about the service
        self,
        name: str,
        *,
        description: str = "",
        base_url: str,
        auth: Auth | None = None,
        credentials: type[Credentials] | None = None,
        headers: Mapping[str, str] | None = None,
        hosts: Sequence[str] = (),
        pagination: Pagination | None = None,
        webhooks: Signature | None = None,
        check: str | None = None,
    ) -> None:
        definition = Definition(
            name,
            description=description,
            base_url=base_url,
            auth=auth,
            credentials=credentials,
            headers=dict(headers or {}),
            hosts=hosts if isinstance(hosts, str) else tuple(hosts),
            pagination=pagination,
            webhooks=webhooks,
            check=check,
        )
        self._claim(definition, _home(sys._getframe(1)))  # noqa: SLF001 - whose cell it is
        self._definition = definition
        if self._opened:
            self._opened.redefine(definition)

    def _claim(self, definition: Definition, home: tuple[str, str]) -> None:
        workspace = Workspace.current()
        known = workspace.integrations.setdefault(definition.name, self)
        if getattr(known, "home", home)[0] != home[0]:
            raise DefinitionError(
                f"two modules define {definition.name!r}: {known.home[1]} and {home[1]}",
                next_step=f"Import it: from {known.home[0]} import {definition.name}.",
            )
        if not hasattr(self, "home"):
            self.home, self._workspace = home, workspace

    def __repr__(self) -> str:
        """One stable line, equal live and in replay."""
        about = f": {self._definition.description}" if self._definition.description else ""
        return f"Integration {self._definition.name}{about}"

    def _repr_html_(self) -> str:
        from cellwire.screens.jupyter.card import card

        settings = self._workspace.settings
        folder = settings.cassettes / self.name
        return card(
            self._definition,
            state=self._session.connection().state,
            cassettes=sorted(p.stem for p in folder.rglob("*.yaml")) if folder.is_dir() else [],
            redact=self._workspace.known.redact,
        )

    @property
    def name(self) -> str:
        """The integration's name."""
        return self._definition.name

    @property
    def description(self) -> str:
        """What it is for."""
        return self._definition.description

    @property
    def _session(self) -> Session:
        if self._opened is None:
            from cellwire.session import Session

            self._opened = Session(self._definition, self._workspace)
        return self._opened

    @property
    def calls(self) -> Session:
        """What clients call through."""
        return self._session

    def close(self) -> None:
        """Close the HTTP connections and the receiver; the next call opens them again."""
        opened, self._opened = self._opened, None
        if opened:
            opened.close()

    def connect(self, connection: str = "default", *, again: bool = False) -> Connection | StandIn:
        """Ask for what is missing, then let the person sign in; shown once, returns at once.

        Args:
            connection: Name of the account.
            again: Ask and sign in anew although it is connected.

        Raises:
            NotConnected: Nobody can be asked here; names the environment variables to set.
            ConnectError: The service refused, or could not be reached.
        """
        made = self._session.connection(connection)
        made.connect(again=again)
        return made

    def credentials(self, connection: str = "default") -> Credentials:
        """Give the filled schema, secrets as `SecretStr`; stand-ins in replay."""
        return self._session.credentials(connection)

    def httpx_auth(self, connection: str = "default") -> ClientAuth:
        """Give the proof for a plain `httpx.Client(auth=...)`; other hosts never get it.

        Raises:
            DefinitionError: No auth kind is declared.
        """
        return self._session.plain_auth(connection)

    def client(self, connection: str = "default", **settings: Unpack[Settings]) -> Client:
        """Give an untyped client, to explore with.

        Args:
            connection: Name of the connection to use.
            **settings: `timeout` (seconds), `max_retries`.
        """
        from cellwire.client.client import Client

        kind = type("Client", (Client,), {"_integration": self})
        made: Client = kind(connection, **settings)
        return made

    def cassette(
        self, name: str, *, record_mode: RecordMode | None = None, ignore: Sequence[str] = ()
    ) -> Cassette:
        """Record or play the calls of a `with` block, whole.

        Args:
            name: Name of the recording: `cassettes/<integration>/<name>.yaml`.
            record_mode: A vcrpy word; None: decided by what exists and whether it is connected.
                Under a lock (pytest, nbval, CI, CELLWIRE_RECORD_MODE=none) it always plays.
            ignore: Parts of requests that are not compared: `query.ts`, `body.requestId`.

        Raises:
            NotRecorded: A call has no recorded answer.
            NotConnected: It should record, and there is no connection.
            SecretFound: The leak gate refused to write the recording.
            RecordingError: The file cannot be read, or another cassette is open.
        """
        return self._session.cassette(name, record_mode=record_mode, ignore=ignore)

    def on(self, event_type: str) -> Callable[[H], H]:
        """Register a handler: `@github.on("issues.opened")`; re-running the cell replaces it.

        Args:
            event_type: Exact, or ending in `*`.
        """
        return self._session.hooks.on(event_type)

    def inbox(self, *, port: int | None = None) -> Inbox:
        """Receive deliveries on 127.0.0.1, and show them in a table.

        Args:
            port: Port to listen on; None: CELLWIRE_RECEIVER_PORT, or any free one.

        Raises:
            DeliveryError: No webhook scheme is declared, or the port is taken.
        """
        return self._session.hooks.inbox(port)

    def receive(self, event_type: str = "*", *, timeout: float = 60.0) -> Event[Any]:
        """Wait for the next delivery, let its handlers run, and give the event.

        In a cassette's block the delivery is recorded, signed anew with a published test key;
        in replay it is verified and handled from there.

        Args:
            event_type: Exact, or ending in `*`.
            timeout: Seconds.

        Raises:
            DeliveryError: None came in time; says what to check.
            InvalidSignature: A recorded delivery was tampered with.
        """
        return self._session.hooks.receive(event_type, timeout)

    def deliver(self, event_type: str, payload: Mapping[str, Any] | bytes) -> Delivery:
        """Send a correctly signed test delivery through the receiver, and handle it."""
        return self._session.hooks.deliver(event_type, payload)


def _home(frame: Any) -> tuple[str, str]:
    """Name the module whose code defines an integration, and its file."""
    module = str(frame.f_globals.get("__name__", "__main__"))
    where = frame.f_globals.get("__file__") or f"the notebook or script ({module})"
    return module, str(where)
