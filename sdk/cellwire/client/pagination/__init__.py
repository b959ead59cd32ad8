"""Pagination kinds: where the next page is. This file is the contract; each kind is one file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from cellwire.errors import PagingError
from cellwire.kinds import class_of

if TYPE_CHECKING:
    from cellwire.client.pagination.next_url import NextUrl as NextUrl


class Page(Protocol):
    """What a kind may read of an answer."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers, by any case."""

    @property
    def url(self) -> str:
        """Where the page came from."""

    def json(self) -> Any:
        """Parse the body."""


@dataclass(frozen=True)
class Ask:
    """What is asked for next: a path or absolute URL, and its query parameters."""

    path: str
    params: Mapping[str, Any] = field(default_factory=dict)


class Pagination(ABC):
    """Reads from one page where the next one is."""

    name: ClassVar[str]

    @abstractmethod
    def next(self, ask: Ask, page: Page) -> Ask | None:
        """Give what to ask for next, or None when this was the last page."""


def dig(body: Any, at: str | None) -> Any:
    """Follow a dotted path into parsed JSON: `data.user`, `items.-1.id`.

    Returns:
        What stands there; None when a step leads nowhere.
    """
    for step in at.split(".") if at else ():
        if isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(body, list) and step.lstrip("-").isdigit():
            body = body[int(step)] if -len(body) <= int(step) < len(body) else None
        else:
            return None
    return body


def items_of(page: Page, at: str | None) -> list[Any]:
    """Give the records of one page.

    Raises:
        PagingError: There is no list; says where the lists of this answer are.
    """
    body = page.json()
    found = dig(body, at)
    if isinstance(found, list):
        return found
    lists = [k for k, v in body.items() if isinstance(v, list)] if isinstance(body, dict) else []
    hint = f"Use paginate(..., at={lists[0]!r})." if lists else "Name the list with at=."
    raise PagingError(f"no list of records at {at or 'the top of the answer'}", next_step=hint)


if not TYPE_CHECKING:  # or every misspelt name would be Any to a type checker

    def __getattr__(name: str) -> Any:
        """Give a kind at its first use: `cellwire.pagination.NextUrl`."""
        if not name.startswith("_") and (kind := class_of(__name__, name)):
            return kind
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
