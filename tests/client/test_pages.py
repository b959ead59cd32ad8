import httpx
import pytest

from cellwire.client.answer import Origin, Response
from cellwire.client.pages import Pages, Walk
from cellwire.client.pagination import Ask, dig, items_of
from cellwire.client.pagination.next_url import NextUrl
from cellwire.errors import PagingError


def _page(items, onward=None, path="/x"):
    raw = httpx.Response(
        200,
        json={"items": items, "links": {"next": {"href": onward}}},
        request=httpx.Request("GET", f"https://api.test{path}"),
    )
    return Response(raw, Origin(played=True, seconds=0.0, redact=str))


def _pages(book, max_pages=100):
    asked = []

    def fetch(ask):
        path = ask.path.removeprefix("https://api.test")
        asked.append(path)
        return book[path]

    pages = Pages(
        Ask("/x"),
        fetch=fetch,
        walk=lambda: Walk(NextUrl("links.next.href"), "items", max_pages),
        convert=lambda item: item * 10,
    )
    return pages, asked


BOOK = {"/x": _page([1, 2], "/y"), "/y": _page([3, 4], "/z"), "/z": _page([5])}


def test_records_of_every_page_come_in_order():
    pages, asked = _pages(BOOK)
    assert list(pages) == [10, 20, 30, 40, 50]
    assert asked == ["/x", "/y", "/z"]


def test_first_fetches_no_more_than_it_needs():
    pages, asked = _pages(BOOK)
    assert pages.first(2) == [10, 20]
    assert asked == ["/x"]


def test_the_last_page_is_at_hand():
    pages, _ = _pages(BOOK)
    list(pages)
    assert pages.response["items"] == [5]


def test_iterating_again_starts_again():
    pages, asked = _pages(BOOK)
    assert list(pages) == list(pages)
    assert len(asked) == 6


def test_a_repeated_cursor_is_an_error():
    pages, _ = _pages({"/x": _page([1], "/y"), "/y": _page([2], "/x")})
    with pytest.raises(PagingError, match="already read"):
        list(pages)


def test_one_empty_page_is_passed_over_and_many_are_an_error():
    book = {f"/{n}": _page([], f"/{n + 1}") for n in range(9)}
    pages, _ = _pages({"/x": _page([1], "/0"), **book})
    with pytest.raises(PagingError, match="3 empty pages"):
        list(pages)
    passed, _ = _pages({"/x": _page([], "/y"), "/y": _page([1])})
    assert list(passed) == [10]


def test_more_pages_than_allowed_are_an_error_not_a_silent_end():
    pages, _ = _pages(BOOK, max_pages=2)
    with pytest.raises(PagingError, match="more than 2 pages"):
        list(pages)


def test_a_page_without_a_list_says_where_the_lists_are():
    with pytest.raises(PagingError, match="at='items'"):
        items_of(_page([1]), None)


@pytest.mark.parametrize(
    ("at", "found"),
    [("data.0.id", 1), ("data.-1.id", 2), ("data.7.id", None), ("nope.x", None), (None, "all")],
)
def test_dig_follows_a_path_and_gives_none_where_it_ends(at, found):
    body = {"data": [{"id": 1}, {"id": 2}]}
    assert dig(body, at) == (body if found == "all" else found)


def test_a_next_url_that_is_no_url_is_an_error():
    with pytest.raises(PagingError, match="not a URL"):
        NextUrl("links.next").next(Ask("/x"), _page([1], "/y"))


@pytest.mark.parametrize(
    ("onward", "asked"),
    [
        ("https://api.test/v1/things?page=2", "https://api.test/v1/things?page=2"),
        ("/v1/things?page=2", "https://api.test/v1/things?page=2"),
        ("?page=2", "https://api.test/v1/things?page=2"),
    ],
)
def test_a_next_url_is_resolved_against_the_pages_own(onward, asked):
    page = _page([1], onward, path="/v1/things")
    assert NextUrl("links.next.href").next(Ask("/things"), page) == Ask(asked)
