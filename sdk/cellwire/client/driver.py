"""The sync driver of a call: builds the request, performs the exchange's effects, gives the answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeAlias

from cellwire import _http
from cellwire._http import URL, AnyHTTPError, InvalidURL, Request
from cellwire.client.answer import Origin, Response, failure
from cellwire.client.client import Options, Settings
from cellwire.client.exchange import Rules, exchange
from cellwire.client.limits import Retry
from cellwire.clock import Clock
from cellwire.definition import Definition
from cellwire.effects import Credential, Effect, Secrets, Send, Sleep, drive
from cellwire.errors import ConnectionFailed, DefinitionError, ForeignHost
from cellwire.known import Known

TIMEOUT = 30.0
Fields: TypeAlias = Callable[[str | None], Secrets]


class Driver:
    """Makes calls of one integration through one HTTP client.

    Args:
        http: Where requests go.
        definition: Gives the present definition.
        playing: Whether a recording answers: waits are then skipped.
        known: Removes secrets from what is shown.
        clock: Tells the time and waits.
    """

    def __init__(
        self,
        http: _http.Client,
        *,
        definition: Callable[[], Definition],
        playing: Callable[[], bool],
        known: Known,
        clock: Clock,
    ) -> None:
        self._http, self._definition, self._playing = http, definition, playing
        self._known, self._clock = known, clock

    def call(
        self, method: str, path: str, options: Options, settings: Settings, fields: Fields
    ) -> Response:
        """Make one call; the errors are those of `Client.request`."""
        base = self.base(fields)
        request = self._request(base, method, path, options, settings)
        started, played = time.monotonic(), self._playing()
        raw = self._exchange(request, base, fields, settings)
        origin = Origin(played, time.monotonic() - started, self._known.redact)
        answer = Response(raw, origin)
        if options.get("raise_for_status", True) and answer.status_code >= 400:  # noqa: PLR2004
            raise failure(answer, self._clock)
        return answer

    def base(self, fields: Fields) -> URL:
        """Give the base URL, filled from the credentials."""
        definition = self._definition()
        url = URL(definition.resolve(definition.base_url, fields(None)))
        if url.userinfo:
            raise DefinitionError(
                f"{definition.name}: its address holds a user name or password",
                next_step="Take them out of the URL; declare auth=cw.auth.Basic() instead.",
            )
        return url

    def _request(
        self, base: URL, method: str, path: str, options: Options, settings: Settings
    ) -> Request:
        definition = self._definition()
        url = self._url(base, method, path)
        given: dict[str, Any] = {"timeout": settings.get("timeout", TIMEOUT), **options}
        given.pop("raise_for_status", None)
        if not given.get("params"):
            given.pop("params", None)  # an empty mapping would take the URL's own query away
        headers = {**definition.headers, **given.pop("headers", {})}
        return _http.request(self._http, method, str(url), headers=headers, options=given)

    def _url(self, base: URL, method: str, path: str) -> URL:
        definition = self._definition()
        absolute = path.startswith(("http://", "https://"))
        try:
            url = URL(path if absolute else f"{str(base).rstrip('/')}/{path.lstrip('/')}")
        except InvalidURL as error:
            raise DefinitionError(f"{method} {path!r} is no path: {error}") from None
        if definition.auth and not definition.owns(url, base):
            raise ForeignHost(
                f"{method} {url.host}: not a host of {definition.name}; it would get the credential",
                next_step=f'Declare it: Integration({definition.name!r}, hosts=["{url.host}"]).',
            )
        return url

    def _exchange(
        self, request: Request, base: URL, fields: Fields, settings: Settings
    ) -> _http.Response:
        definition = self._definition()
        rules = Rules(
            auth=definition.auth,
            owns=lambda url: definition.owns(url, base),
            retry=Retry(max_retries=settings.get("max_retries", 4)),
            now=self._clock.now,
        )
        try:
            return drive(exchange(request, rules), lambda effect: self._perform(effect, fields))
        except AnyHTTPError as error:
            where = f"{request.method} {request.url}: no answer ({type(error).__name__}: {error})"
            raise ConnectionFailed(
                self._known.redact(where),
                next_step="Check the address and the network, then run the cell again.",
            ) from None

    def _perform(self, effect: Effect, fields: Fields) -> Any:
        match effect:
            case Send(request):
                return self._http.send(request, auth=None, follow_redirects=False)
            case Credential(rejected):
                return fields(rejected)
            case Sleep(seconds) if not self._playing():
                return self._clock.sleep(seconds)
            case _:
                return None
