"""The loopback listener, over real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from cellwire.background import Background
from cellwire.errors import ConnectError
from cellwire.oauth.listener import Listener
from cellwire.oauth.pages import Page, Visit, notice


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener(Background())
    yield made
    made.close()


def raw(listener: Listener, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", listener.port), timeout=5) as sock:
        sock.sendall(data)
        chunks = []
        while chunk := sock.recv(65536):
            chunks.append(chunk)
        return b"".join(chunks)


def test_a_request_becomes_a_visit_and_a_page_an_answer(listener: Listener) -> None:
    seen: list[Visit] = []

    def site(visit: Visit) -> Page:
        seen.append(visit)
        return notice("Hello", "there", 200).having(("X-Mine", "1"))

    listener.serve(site)
    answer = httpx.get(
        listener.origin + "/a?b=c%20d&e=",
        headers={"Cookie": 'odd="{x"; mine=v=1; last=2'},
        trust_env=False,
    )
    assert (answer.status_code, answer.headers["x-mine"]) == (200, "1")
    assert "there" in answer.text
    assert seen[0].query == {"b": "c d", "e": ""}
    assert seen[0].cookies["mine"] == "v=1"
    assert seen[0].cookies["last"] == "2"
    assert f"http://{seen[0].host}" == listener.origin
    assert "v=1" not in repr(seen[0])


def test_a_posted_form_is_read_within_bounds(listener: Listener) -> None:
    listener.serve(lambda visit: notice("Form", visit.form.get("a", "none"), 200))
    url = listener.origin + "/"
    assert "b c" in httpx.post(url, data={"a": "b c"}, trust_env=False).text
    assert httpx.post(url, content=b"a" * 70_000, trust_env=False).status_code == 413
    assert raw(listener, b"POST / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 413")


def test_looking_gets_headers_alone(listener: Listener) -> None:
    listener.serve(lambda _: notice("Hello", "there", 200))
    answer = httpx.head(listener.origin + "/", trust_env=False)
    assert (answer.status_code, answer.content) == (200, b"")


def test_what_is_no_request_is_answered_without_repeating_it(listener: Listener) -> None:
    listener.serve(lambda _: notice("Hello", "there", 200))
    for request in (
        b"SECRET-WORD\r\n\r\n",
        b"DELETE /SECRET-WORD HTTP/1.1\r\n\r\n",
        b"GET /" + b"SECRET-WORD" * 8000 + b" HTTP/1.1\r\n\r\n",
        b"GET /" + b"SECRET-WORD" * 2000 + b" HTTP/1.1\r\n\r\n",
    ):
        assert b"SECRET-WORD" not in raw(listener, request)


def test_nothing_is_logged(listener: Listener, capfd: pytest.CaptureFixture[str]) -> None:
    def fail(_: Visit) -> Page:
        raise RuntimeError("code=SECRET-WORD")

    listener.serve(fail)
    with pytest.raises(httpx.HTTPError):
        httpx.get(listener.origin + "/callback?code=SECRET-WORD", trust_env=False)
    listener.close()
    assert capfd.readouterr() == ("", "")


def test_closing_lets_a_request_under_way_end(listener: Listener) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def slow(_: Visit) -> Page:
        entered.set()
        go_on.wait(5)
        return notice("Slow", "but sure", 200)

    port = listener.port
    listener.serve(slow)
    texts: list[str] = []
    browser = threading.Thread(
        target=lambda: texts.append(httpx.get(listener.origin, trust_env=False).text)
    )
    browser.start()
    assert entered.wait(5)
    closer = threading.Thread(target=listener.close)
    closer.start()
    go_on.set()
    browser.join(5)
    closer.join(5)
    assert "but sure" in texts[0]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_other_addresses_of_this_computer_do_not_reach_it(listener: Listener) -> None:
    listener.serve(lambda _: notice("Hello", "there", 200))
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.2", listener.port)) != 0


def test_a_busy_port_is_an_error_of_ours(listener: Listener) -> None:
    with pytest.raises(ConnectError) as caught:
        Listener(Background(), listener.port)
    assert str(listener.port) in caught.value.message
    assert "CELLWIRE_REDIRECT_PORT" in (caught.value.next_step or "")
