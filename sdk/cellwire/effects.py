"""What protocol logic may ask of the world, and the drivers that grant it.

Auth kinds, the exchange and OAuth flows are generators of effects. They never touch the network,
the clock, a file or a person; a driver does. So one piece of logic serves sync, async, plain
httpx and tests alike, and there are no sync/async twins.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from cellwire._http import AuthSteps, ClientAuth, Request, Response

T = TypeVar("T")


class Secrets(Mapping[str, str]):
    """The filled fields of a credential, by name; its repr shows the names alone."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Secrets {', '.join(self._values)}>"


@dataclass(frozen=True)
class Send:
    """Send this request; answered by the response, its body read."""

    request: Request


@dataclass(frozen=True)
class Sleep:
    """Wait this long; a replay does not."""

    seconds: float


@dataclass(frozen=True)
class Credential:
    """Give the credential's fields; answered by `Secrets`.

    `rejected` names an access token that the service just refused: if it is still the one in
    store, it is renewed; if another process renewed it meanwhile, the new one is given.
    """

    rejected: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Show:
    """Show the person where to go on; answered by None."""

    link: str
    note: str = ""


@dataclass(frozen=True)
class Await:
    """Wait for the person's return; answered by what they brought."""

    seconds: float


Effect: TypeAlias = Send | Sleep | Credential | Show | Await
Steps: TypeAlias = Generator[Effect, Any, T]


def send(request: Request) -> Steps[Response]:
    """Ask for one request to be sent."""
    response: Response = yield Send(request)
    return response


def credential(rejected: str | None = None) -> Steps[Secrets]:
    """Ask for the credential's fields."""
    secrets: Secrets = yield Credential(rejected)
    return secrets


def sleep(seconds: float) -> Steps[None]:
    """Ask for a wait."""
    yield Sleep(seconds)


def drive(steps: Steps[T], perform: Callable[[Effect], Any]) -> T:
    """Run steps to their end; a failure of an effect is thrown into them."""
    with closing(steps):
        try:
            effect = next(steps)
            while True:
                try:
                    answer = perform(effect)
                except Exception as error:  # noqa: BLE001 - the steps decide what it means
                    effect = steps.throw(error)
                else:
                    effect = steps.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result


async def adrive(steps: Steps[T], perform: Callable[[Effect], Awaitable[Any]]) -> T:
    """Run steps to their end on an event loop."""
    with closing(steps):
        try:
            effect = next(steps)
            while True:
                try:
                    answer = await perform(effect)
                except Exception as error:  # noqa: BLE001 - the steps decide what it means
                    effect = steps.throw(error)
                else:
                    effect = steps.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result


class PlainAuth(ClientAuth):
    """An auth kind for a plain `httpx.Client(auth=...)` or `AsyncClient`: the third driver.

    The client itself performs `Send`; `credential` answers `Credential`.
    """

    def __init__(
        self,
        attempt: Callable[[Request], Steps[Response]],
        credential: Callable[[str | None], Secrets],
        owns: Callable[[Request], bool],
    ) -> None:
        self._attempt, self._credential, self._owns = attempt, credential, owns

    def __repr__(self) -> str:
        return "<cellwire auth for httpx>"

    def sync_auth_flow(self, request: Request) -> AuthSteps:
        """Drive the kind's steps, the client sending (httpx's own protocol)."""
        if not self._owns(request):
            yield request
            return
        steps = self._attempt(request)
        answer: Any = None
        try:
            while True:
                effect = steps.send(answer)
                answer = yield from self._grant(effect)
        except StopIteration:
            return

    def _grant(self, effect: Effect) -> Generator[Request, Response, Any]:
        if isinstance(effect, Send):
            return (yield effect.request)
        if isinstance(effect, Credential):
            return self._credential(effect.rejected)
        return None

    async def async_auth_flow(self, request: Request) -> AsyncGenerator[Request, Response]:
        """Drive the kind's steps on a loop; only a renewal leaves it for a thread."""
        import asyncio

        if not self._owns(request):
            yield request
            return
        steps = self._attempt(request)
        answer: Any = None
        try:
            while True:
                effect = steps.send(answer)
                if isinstance(effect, Send):
                    answer = yield effect.request
                elif isinstance(effect, Credential):
                    answer = await asyncio.to_thread(self._credential, effect.rejected)
                else:
                    answer = None
        except StopIteration:
            return
