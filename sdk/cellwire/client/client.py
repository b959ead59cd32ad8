"""The base class of typed clients: plain methods over one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, TypedDict, TypeVar, overload

from pydantic import TypeAdapter, ValidationError

from cellwire.client.answer import Response
from cellwire.client.pages import Pages, Walk
from cellwire.client.pagination import Ask, Pagination, dig
from cellwire.credentials import Credentials
from cellwire.errors import CallError, DefinitionError

if TYPE_CHECKING:
    from typing import Unpack

T = TypeVar("T")
Into: TypeAlias = type[T] | TypeAdapter[T]


class Options(TypedDict, total=False):
    """What a call may be given, in httpx's words.

    Attributes:
        params: Query parameters.
        headers: Further headers.
        json: Body, sent as JSON.
        data: Body, sent as a form.
        content: Body, bytes as they are.
        files: Multipart files.
        timeout: Seconds.
        raise_for_status: False: a 4xx or 5xx answer is given back, not raised.
    """

    params: Mapping[str, Any]
    headers: Mapping[str, str]
    json: Any
    data: Mapping[str, Any]
    content: bytes
    files: Any
    timeout: float
    raise_for_status: bool


class Settings(TypedDict, total=False):
    """What a client may be given.

    Attributes:
        timeout: Seconds for each call; 30 unless said.
        max_retries: How often a call is tried again where that is safe; 4 unless said.
    """

    timeout: float
    max_retries: int


@dataclass(frozen=True)
class Using:
    """What a client calls with.

    Attributes:
        connection: Name of the connection.
        credentials: A filled schema to use instead of the connection's.
        settings: Time-out and retries.
    """

    connection: str = "default"
    credentials: Credentials | None = field(default=None, repr=False)
    settings: Settings = field(default_factory=Settings)


class Calls(Protocol):
    """What a client needs of its integration's session."""

    @property
    def name(self) -> str:
        """The integration's name."""

    @property
    def pagination(self) -> Pagination | None:
        """The declared pagination kind."""

    def call(self, method: str, path: str, options: Options, using: Using) -> Response:
        """Make one call."""

    def adopt(self, client: Client) -> None:
        """Remember a live client, so that it follows when its class' cell runs again."""

    def replace(self, qualname: str, new: type[Client]) -> None:
        """Make live clients of an earlier class of that name follow the new one."""


class Opens(Protocol):
    """An integration, as far as a client is concerned."""

    @property
    def calls(self) -> Calls:
        """The session's calls."""


class Client:
    """Calls one integration: `class GitHub(cw.Client, integration=github): ...`.

    Args:
        connection: Name of the connection to use.
        credentials: A filled schema to use instead of a connection.
        **settings: `timeout` (seconds), `max_retries`.
    """

    _integration: ClassVar[Opens | None] = None

    def __init_subclass__(cls, *, integration: Opens | None = None) -> None:
        super().__init_subclass__()
        if integration is not None:
            cls._integration = integration
            integration.calls.replace(cls.__qualname__, cls)

    def __init__(
        self,
        connection: str = "default",
        *,
        credentials: Credentials | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        if self._integration is None:
            name = type(self).__name__
            raise DefinitionError(
                f"{name} does not say which integration it calls",
                next_step=f"Write class {name}(cw.Client, integration=...): ...",
            )
        if strange := sorted(set(settings) - set(Settings.__annotations__)):
            raise DefinitionError(
                f"{type(self).__name__} has no setting {strange[0]!r}",
                next_step=f"There are: {', '.join(Settings.__annotations__)}.",
            )
        self.using = Using(connection, credentials, settings)
        self._integration.calls.adopt(self)

    def __repr__(self) -> str:
        of = self._calls.name
        connection = self.using.connection
        other = "" if connection == "default" else f" ({connection})"
        return f"<{type(self).__name__} of {of}{other}>"

    @property
    def _calls(self) -> Calls:
        assert self._integration is not None
        return self._integration.calls

    def request(self, method: str, path: str, **options: Unpack[Options]) -> Response:
        """Make one call with any method.

        Args:
            method: HTTP method.
            path: Path below the base URL, or an absolute URL of a host the integration owns.
            **options: See `Options`.

        Raises:
            ApiError: The service answered 4xx or 5xx.
            ConnectionFailed: No answer arrived.
            ForeignHost: The URL is of a host the integration does not own.
            NotConnected: Nothing to prove the call with.
            NotRecorded: In replay, the cassette holds no answer.
        """
        return self._calls.call(method.upper(), path, options, self.using)

    def _typed(self, method: str, path: str, into: Any, at: str | None, options: Options) -> Any:
        answer = self.request(method, path, **options)
        if into is None:
            return answer
        return convert(into, dig(answer.json(), at), f"{method} {path}")

    @overload
    def get(self, path: str, **options: Unpack[Options]) -> Response: ...
    @overload
    def get(
        self, path: str, *, into: Into[T], at: str | None = None, **options: Unpack[Options]
    ) -> T: ...
    def get(
        self, path: str, *, into: Any = None, at: str | None = None, **options: Unpack[Options]
    ) -> Any:
        """GET; with `into`, the part at `at` validated into that type."""
        return self._typed("GET", path, into, at, options)

    @overload
    def post(self, path: str, **options: Unpack[Options]) -> Response: ...
    @overload
    def post(
        self, path: str, *, into: Into[T], at: str | None = None, **options: Unpack[Options]
    ) -> T: ...
    def post(
        self, path: str, *, into: Any = None, at: str | None = None, **options: Unpack[Options]
    ) -> Any:
        """POST; with `into`, the part at `at` validated into that type."""
        return self._typed("POST", path, into, at, options)

    @overload
    def put(self, path: str, **options: Unpack[Options]) -> Response: ...
    @overload
    def put(
        self, path: str, *, into: Into[T], at: str | None = None, **options: Unpack[Options]
    ) -> T: ...
    def put(
        self, path: str, *, into: Any = None, at: str | None = None, **options: Unpack[Options]
    ) -> Any:
        """PUT; with `into`, the part at `at` validated into that type."""
        return self._typed("PUT", path, into, at, options)

    @overload
    def patch(self, path: str, **options: Unpack[Options]) -> Response: ...
    @overload
    def patch(
        self, path: str, *, into: Into[T], at: str | None = None, **options: Unpack[Options]
    ) -> T: ...
    def patch(
        self, path: str, *, into: Any = None, at: str | None = None, **options: Unpack[Options]
    ) -> Any:
        """PATCH; with `into`, the part at `at` validated into that type."""
        return self._typed("PATCH", path, into, at, options)

    def delete(self, path: str, **options: Unpack[Options]) -> Response:
        """DELETE."""
        return self.request("DELETE", path, **options)

    @overload
    def paginate(
        self,
        path: str,
        *,
        at: str | None = None,
        pagination: Pagination | None = None,
        max_pages: int = 1000,
        **options: Unpack[Options],
    ) -> Pages[Any]: ...
    @overload
    def paginate(
        self,
        path: str,
        *,
        into: Into[T],
        at: str | None = None,
        pagination: Pagination | None = None,
        max_pages: int = 1000,
        **options: Unpack[Options],
    ) -> Pages[T]: ...
    def paginate(
        self,
        path: str,
        *,
        into: Any = None,
        at: str | None = None,
        pagination: Pagination | None = None,
        max_pages: int = 1000,
        **options: Unpack[Options],
    ) -> Pages[Any]:
        """Give the records of every page, lazily.

        Args:
            path: Path of the first page.
            into: Type of each record; None: parsed JSON.
            at: Dotted path to the list of records.
            pagination: Kind of paging, if not the integration's.
            max_pages: Most pages to fetch before it is an error.
            **options: See `Options`.

        Raises:
            DefinitionError: No pagination kind is declared.
        """
        kind = pagination or self._calls.pagination
        if kind is None:
            raise DefinitionError(
                f"{self._calls.name}: no pagination kind is declared",
                next_step='Say where the next page is: pagination=cw.pagination.NextUrl(at="next").',
            )
        first = Ask(path, options.get("params", {}))

        def fetch(ask: Ask) -> Response:
            page: Options = {**options, "params": ask.params}
            return self.request("GET", ask.path, **page)

        return Pages(
            first,
            fetch=fetch,
            walk=lambda: Walk(kind, at, max_pages),
            convert=lambda item: item if into is None else convert(into, item, f"GET {path}"),
        )


# Building an adapter costs more than validating a small record.
_adapter_of: Any = lru_cache(maxsize=256)(TypeAdapter)


def convert(into: Into[T], value: Any, call: str) -> T:
    """Validate a part of an answer into a type.

    Raises:
        CallError: It does not fit; names the fields, not their values.
    """
    adapter: TypeAdapter[T] = into if isinstance(into, TypeAdapter) else _adapter_of(into)
    try:
        fitted: T = adapter.validate_python(value)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'the answer'}: {e['msg']}"
            for e in error.errors(include_input=False)[:5]
        )
        raise CallError(
            f"{call}: the answer does not fit {error.title}: {wrong}",
            next_step="Mend the model, or name the right part with at=.",
        ) from None
    return fitted
