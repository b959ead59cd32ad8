"""The network guard of a replay: nothing leaves, loopback included.

Two layers. An audit hook sees every connection of this interpreter and refuses it in cellwire's
own words. Below it, where Linux offers it, a seccomp filter refuses sockets to native code and to
child processes; elsewhere the hook refuses to start a child. An audit hook can never be taken off
(`sys.addaudithook`), so it is put on only when something really replays, and one per process.
"""

from __future__ import annotations

import inspect
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cellwire.errors import NotRecorded
from cellwire.evidence import note

NEXT_STEP = "Put the call inside `with NAME.cassette(...)`, made by a cellwire client."
_INET = (socket.AF_INET, socket.AF_INET6)


class Guard:
    """Refuses connections, and takes note of each, for as long as it is up.

    Args:
        ledger: File that takes note of what was refused.
    """

    def __init__(self, ledger: Path | None = None) -> None:
        self.ledger = ledger
        self._up = 0
        self._hooked = False
        self._rules: dict[str, Callable[..., None]] = {
            "socket.connect": self._address,
            "socket.sendto": self._address,
            "socket.sendmsg": self._address,
            "socket.getaddrinfo": self._name,
            "socket.gethostbyname": self._name,
            "socket.gethostbyaddr": self._name,
        }

    def raise_up(self) -> None:
        """Put the guard up; calls nest."""
        if not self._hooked:
            sys.addaudithook(self._hook)
            self._hooked = True
        self._up += 1

    def let_down(self) -> None:
        """Undo one `raise_up`."""
        self._up -= 1

    def refuse_children(self) -> None:
        """Refuse to start child processes too, where no filter would hold them."""
        for event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"):
            self._rules[event] = self._child
        for event in ("os.fork", "os.forkpty", "pty.spawn"):
            self._rules[event] = self._child

    def refuse_new_sockets(self) -> None:
        """Say in our words what the filter would refuse with a bare EACCES."""
        self._rules["socket.__new__"] = self._new_socket

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._up and (rule := self._rules.get(event)):
            rule(*arguments)

    def _address(self, _socket: object, address: object) -> None:
        if isinstance(address, tuple):
            self._refuse(f"a connection to {_shown(*address[:2])}")

    def _name(self, host: object, port: object = None, *_: object) -> None:
        if host:
            self._refuse(f"a connection to {_shown(host, port)}")

    def _new_socket(self, _socket: object, family: int, *_: object) -> None:
        if family in _INET:
            # urllib3 looks for IPv6 while it is imported: refused, but it is no call.
            self._refuse("a network socket", noted=not _importing())

    def _child(self, program: object = "", *_: object) -> None:
        words = os.fsdecode(program).split() if isinstance(program, (str, bytes)) else []
        name = f" ({Path(words[0]).name})" if words else ""
        self._refuse(f"a child process{name}, which this system cannot keep off the network,")

    def _refuse(self, what: str, *, noted: bool = True) -> None:
        if noted:
            note(self.ledger, "blocked", target=what)
        raise NotRecorded(f"{what} outside any cassette", next_step=NEXT_STEP)


_process = Guard()


def guard_process(ledger: Path | None) -> None:
    """Guard this process, and every child of it, to its end.

    In a kernel: call it once the kernel has bound its channels.
    """
    from cellwire.testing import seccomp  # costs ctypes

    _process.ledger = ledger
    if seccomp.refuse_sockets():
        _process.refuse_new_sockets()
    else:
        _process.refuse_children()
    _process.raise_up()


@contextmanager
def guarded(ledger: Path | None) -> Iterator[None]:
    """Guard this interpreter inside a `with` block; child processes are not held."""
    _process.ledger = ledger
    _process.raise_up()
    try:
        yield
    finally:
        _process.let_down()


def _shown(host: object, port: object = None) -> str:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    return name if port is None else f"{name}:{port}"


def _importing() -> bool:
    frame = inspect.currentframe()
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
