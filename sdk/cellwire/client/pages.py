"""Paging: lazy, one page at a time, with guards that end it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from cellwire.client.answer import Response
from cellwire.client.pagination import Ask, Pagination, items_of
from cellwire.errors import PagingError

T_co = TypeVar("T_co", covariant=True)
MAX_EMPTY = 3


class Walk:
    """Decides what to ask for next; pure, so a sync and an async driver share it.

    Args:
        pagination: Where the next page is.
        at: Dotted path to the list of records, or None: the body is the list.
        max_pages: Most pages to fetch.
    """

    def __init__(self, pagination: Pagination, at: str | None, max_pages: int) -> None:
        self._pagination, self._at, self._max = pagination, at, max_pages
        self._seen: set[str] = set()
        self._pages = self._empty = 0

    def items(self, page: Response) -> list[Any]:
        """Give the records of a page."""
        found = items_of(page, self._at)
        self._empty = 0 if found else self._empty + 1
        return found

    def after(self, ask: Ask, page: Response) -> Ask | None:
        """Give what to ask for next, or None at the end.

        Raises:
            PagingError: The service repeats itself, sends only empty pages, or never ends.
        """
        self._pages += 1
        self._seen |= {_mark(ask), page.url}
        onward = self._pagination.next(ask, page)
        if onward is None:
            return None
        if _mark(onward) in self._seen or (not onward.params and onward.path in self._seen):
            raise PagingError(
                f"page {self._pages} points to a page that was already read",
                next_step="The service repeats its cursor; check pagination= of the integration.",
            )
        if self._empty >= MAX_EMPTY:
            raise PagingError(
                f"{self._empty} empty pages in a row, and the service names yet another",
                next_step="Narrow the query; the service's paging does not end by itself.",
            )
        if self._pages >= self._max:
            raise PagingError(
                f"more than {self._max} pages",
                next_step="Raise max_pages=, or take what you need with .first(n).",
            )
        return onward


def _mark(ask: Ask) -> str:
    return json.dumps([ask.path, sorted((k, str(v)) for k, v in ask.params.items())])


class Pages(Generic[T_co]):
    """The records of every page; iterating fetches.

    Attributes:
        response: The last page fetched: totals and sync tokens stand in it.
    """

    response: Response

    def __init__(
        self,
        ask: Ask,
        *,
        fetch: Callable[[Ask], Response],
        walk: Callable[[], Walk],
        convert: Callable[[Any], T_co],
    ) -> None:
        self._ask, self._fetch, self._walk, self._convert = ask, fetch, walk, convert

    def __repr__(self) -> str:
        return f"<Pages of {self._ask.path}>"

    def by_page(self) -> Iterator[list[T_co]]:
        """Give the records page by page.

        Raises:
            PagingError: Paging would not end.
        """
        walk, ask = self._walk(), self._ask
        while True:
            self.response = self._fetch(ask)
            yield [self._convert(item) for item in walk.items(self.response)]
            onward = walk.after(ask, self.response)
            if onward is None:
                return
            ask = onward

    def __iter__(self) -> Iterator[T_co]:
        return itertools.chain.from_iterable(self.by_page())

    def first(self, n: int) -> list[T_co]:
        """Give the first `n` records, fetching no page more than that takes."""
        return list(itertools.islice(self, n))
