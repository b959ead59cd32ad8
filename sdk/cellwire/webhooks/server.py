"""Serves an ASGI app on loopback from the background thread, so that it answers while cells run."""

from __future__ import annotations

import asyncio
import socket
import sys
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any

from cellwire.background import Background
from cellwire.errors import DeliveryError, SettingsError

if TYPE_CHECKING:
    import uvicorn

HOST = "127.0.0.1"

# Seconds for what is still being answered when the server is told to stop.
_GRACE = 1


class Server:
    """One ASGI app on 127.0.0.1.

    Args:
        app: The app.
        background: Whose loop it lives on.
        port: 0 takes any free one.
    """

    def __init__(self, app: Any, background: Background, *, port: int = 0) -> None:
        self._app, self._background = app, background
        self.port = port
        self._server: uvicorn.Server | None = None
        self._serving: Future[None] | None = None

    def __repr__(self) -> str:
        return f"<Server {self.url if self.running else 'stopped'}>"

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._serving is not None and not self._serving.done()

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> int:
        """Start answering; once it does, give the port. Started already, it is that port.

        Raises:
            DeliveryError: uvicorn is not installed.
            SettingsError: The port is taken.
        """
        if self.running:
            return self.port
        server = _server(self._app)
        listening = _listen(self.port)
        self.port = listening.getsockname()[1]
        self._server = server
        self._serving = self._background.run(_serve(server, listening))
        self._background.run(_until_up(server, self._serving)).result()
        return self.port

    def stop(self) -> None:
        """Stop answering and free the port; safe to call twice."""
        if self._server and self._serving:
            self._server.should_exit = True
            wait([self._serving], timeout=_GRACE + 4)
        self._server = self._serving = None


def _server(app: Any) -> uvicorn.Server:
    try:
        import uvicorn
    except ImportError:
        raise DeliveryError(
            "receiving deliveries needs uvicorn, which is not installed",
            next_step='Install it: pip install "cellwire[serve]"',
        ) from None
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return uvicorn.Server(config)


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":
        # There it would let a second process take the same port.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"the receiver cannot have port {port} on {HOST}: {error.strerror}",
            next_step="Free it, or set CELLWIRE_RECEIVER_PORT to another (0: any free one).",
        ) from None
    return listening


async def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    with listening:
        # Off the main thread uvicorn leaves signals alone.
        await server.serve(sockets=[listening])


async def _until_up(server: uvicorn.Server, serving: Future[None]) -> None:
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.002)
    if serving.done():
        serving.result()
