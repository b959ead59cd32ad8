"""The loopback listener: turns browser requests into visits, and pages into answers.

It binds 127.0.0.1 alone, logs nothing, reads no more than a sign-in needs, and is closed after use.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cellwire.background import Background
from cellwire.errors import ConnectError
from cellwire.oauth.pages import Page, Visit, notice

LOOPBACK = "127.0.0.1"
_LONGEST_PATH = 16 * 1024
_LONGEST_FORM = 64 * 1024
_SECONDS = 10.0
_POLL_SECONDS = 0.05
_MOST_AT_ONCE = 16

Site = Callable[[Visit], Page]


class Listener:
    """One port of 127.0.0.1 with a site on it.

    Args:
        background: Runs it.
        port: Fixed, where the service compares redirect URIs exactly; 0: any free one.

    Raises:
        ConnectError: The port is taken; names it and the setting.
    """

    def __init__(self, background: Background, port: int = 0) -> None:
        try:
            self._server = _Server(background, port)
        except OSError as error:
            raise ConnectError(
                f"port {port} of {LOOPBACK} cannot be listened on: {error.strerror}",
                code="port_busy",
                next_step="End what listens there (another notebook that waits for a sign-in?), or "
                "set CELLWIRE_REDIRECT_PORT to another port and register it with the service.",
            ) from None
        self._background = background
        self._lock = threading.Lock()
        self._loop: Future[None] | None = None
        self._closed = False

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:<port>`."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def port(self) -> int:
        """The port that was asked for, or found free."""
        return int(self._server.server_address[1])

    def serve(self, site: Site) -> None:
        """Answer requests from now on."""
        self._server.site = site
        self._loop = self._background.submit(self._server.serve_forever, _POLL_SECONDS)

    def close(self) -> None:
        """Let requests under way end, and free the port; safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._loop:
                self._server.shutdown()
            self._server.server_close()
            self.drain()

    def drain(self) -> None:
        """Let requests under way end."""
        wait(set(self._server.under_way), timeout=_SECONDS)


class _Server(TCPServer):
    # On Windows this option would let another program take the port over.
    allow_reuse_address = os.name != "nt"
    request_queue_size = 16

    def __init__(self, background: Background, port: int) -> None:
        self.site: Site = lambda _: notice("Nothing here", "There is no such page.", 404)
        self.under_way: set[Future[None]] = set()
        self._background = background
        super().__init__((LOOPBACK, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread of its own: the exchange of a code takes its time."""
        self.under_way = {future for future in self.under_way if not future.done()}
        if len(self.under_way) >= _MOST_AT_ONCE:
            self.shutdown_request(request)
            return
        self.under_way.add(self._background.submit(self._answer, request, client_address))

    def _answer(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            return  # the browser went away
        finally:
            self.shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a traceback could hold a code."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SECONDS
    command = ""
    server_version = "cellwire"
    sys_version = ""

    def do_GET(self) -> None:
        self._visit({})

    def do_HEAD(self) -> None:
        self._visit({})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LONGEST_FORM:
            self._send(notice("Too large", "This form is too large.", 413))
            return
        self._visit(dict(parse_qsl(self.rfile.read(int(length)).decode("utf-8", "replace"))))

    def _visit(self, form: dict[str, str]) -> None:
        if len(self.path) > _LONGEST_PATH:
            self._send(notice("Too long", "This address is too long.", 414))
            return
        parts = urlsplit(self.path)
        visit = Visit(
            method=self.command,
            host=self.headers.get("Host", ""),
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            cookies=_cookies(self.headers.get("Cookie", "")),
            origin=self.headers.get("Origin"),
            form=form,
        )
        self._send(self.server.site(visit))

    def _send(self, page: Page) -> None:
        self.send_response(page.status)
        for name, value in page.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer what is no proper request; the library would repeat it in its page."""
        self._send(notice("Not understood", "This is no request for this page.", int(code)))

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: a request line can hold a code and a state."""


def _cookies(header: str) -> dict[str, str]:
    """Read a Cookie header; the library's parser stops at the first cookie of another program."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, _, value in pairs}
