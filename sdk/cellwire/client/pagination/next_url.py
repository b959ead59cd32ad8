"""The next page's URL stands in the body: `{"links": {"next": {"href": "..."}}}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urljoin

from cellwire.client.pagination import Ask, Page, Pagination, dig
from cellwire.errors import PagingError


@dataclass(frozen=True)
class NextUrl(Pagination):
    """Follows a URL in the body until there is none.

    Args:
        at: Dotted path to the URL, such as `links.next.href`.
    """

    at: str
    name: ClassVar[str] = "next_url"

    def next(self, ask: Ask, page: Page) -> Ask | None:
        """Give the URL, resolved against the page's own (RFC 3986, section 5); it has its own query.

        Raises:
            PagingError: What stands there is no URL.
        """
        del ask
        url = dig(page.json(), self.at)
        if url is None or url == "":
            return None
        if not isinstance(url, str):
            raise PagingError(
                f"{self.at} is {type(url).__name__}, not a URL",
                next_step="Point NextUrl(at=...) at the URL itself.",
            )
        return Ask(urljoin(page.url, url))
