"""One HTTP attempt to us, and the event in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, Literal, TypeAlias, TypeVar

T = TypeVar("T")
State: TypeAlias = Literal["queued", "running", "done", "dead", "ignored"]


@dataclass(frozen=True)
class Delivery:
    """One HTTP attempt to us, its body the raw bytes that were signed.

    Attributes:
        id: The service's own id, or a hash of the body: the key of deduplication.
        type: The event type, such as `review_request_published`.
        headers: Names lower-cased.
        body: Raw bytes; never shown in a repr, since they may hold personal data.
        received_at: When it arrived, aware.
        connection: Name of the connection the delivery belongs to.
        integration: Name of the integration it was sent to.
        state: queued, running, done, dead or ignored.
        failure: What a handler raised, if the state is dead; never shown in a repr.
    """

    id: str
    type: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime = field(repr=False)
    connection: str = "default"
    integration: str = ""
    state: State = "queued"
    failure: BaseException | None = field(default=None, repr=False, compare=False)

    @property
    def settled(self) -> bool:
        """Whether its handlers are through with it."""
        return self.state in ("done", "dead", "ignored")

    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)

    def having(self, state: State, failure: BaseException | None = None) -> Delivery:
        """Give the same delivery in another state."""
        return replace(self, state=state, failure=failure)


@dataclass(frozen=True)
class Event(Generic[T]):
    """What happened, as a handler sees it.

    Attributes:
        type: The event type.
        id: Equal for every redelivery: the idempotency key.
        data: The payload: a model if the handler names one, else parsed JSON.
        delivery: The attempt that brought it.
    """

    type: str
    id: str
    data: T
    delivery: Delivery


def fold(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Lower-case the names; a repeated header becomes one list (RFC 9110, section 5.3).

    No signature scheme takes such a list, so a doubled signature is refused.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found
