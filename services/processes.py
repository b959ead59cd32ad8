"""Child processes that never outlive the program that started them.

Every child leads a process group of its own. It is ended when its context ends, when the program
exits, on Ctrl-C, on SIGTERM and SIGHUP, and, on Linux, also when the program is killed outright.
"""

from __future__ import annotations

import atexit
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"

# The kernel ends the child when its parent dies. Set by an interpreter that then becomes the
# command, since code run between fork and exec is not safe in a program with threads.
_TIE_TO_PARENT = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the program that started this has gone")
os.execvp(sys.argv[2], sys.argv[2:])
"""

_live: set[Child] = set()


class ServiceError(RuntimeError):
    """A service or a step that did not work: what happened, its log, and what to do."""

    def __init__(self, why: str, *, log: Path | None = None, advice: str = "") -> None:
        super().__init__(why)
        self.log = log
        self.advice = advice


class Child:
    """A process with a group of its own; `stop` ends the whole group."""

    def __init__(self, process: subprocess.Popen[str], log: Path | None) -> None:
        self._process = process
        self._ended = False
        self.log = log
        _live.add(self)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of the group."""
        return self._process.pid

    @property
    def output(self) -> IO[str]:
        """Standard output and error in one stream, where `start` was asked to capture it."""
        if self._process.stdout is None:
            raise ValueError("this child's output is not captured")
        return self._process.stdout

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        status = self._process.poll()
        if status is not None:
            self._end_group()
        return status

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, once it has ended."""
        status = self._process.wait(timeout)
        self._end_group()
        return status

    def wait_quietly(self, timeout: float) -> None:
        """Give it this long to end; no error if it does not."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(timeout)

    def interrupt(self) -> None:
        """Tell the group what Ctrl-C tells it, so that it can end in its own way."""
        self._signal(signal.SIGINT)

    def stop(self, grace: float = 5.0) -> None:
        """End the group: politely first, by force after `grace` seconds."""
        if self.poll() is None:
            self._signal(signal.SIGTERM)
            self.wait_quietly(grace)
        if self._process.poll() is None:
            self._signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
            self._process.wait(grace)
        self._end_group()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                self._process.terminate()
            else:
                os.killpg(self.pid, number)

    def _end_group(self) -> None:
        # Once only, at the moment the leader's end is seen: later its id may be somebody else's.
        if self._ended:
            return
        self._ended = True
        _live.discard(self)
        if sys.platform != "win32":
            self._signal(signal.SIGKILL)


def start(
    command: Sequence[str | Path],
    *,
    log: Path | None = None,
    capture: bool = False,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Child:
    """A running child; its output goes to `log`, to `Child.output`, or where ours goes."""
    install_signal_handlers()
    sink = log.open("w", encoding="utf-8") if log else None
    try:
        process = subprocess.Popen(
            _tied([str(word) for word in command]),
            stdin=subprocess.DEVNULL,
            stdout=sink or (subprocess.PIPE if capture else None),
            stderr=subprocess.STDOUT if sink or capture else None,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    finally:
        if sink:
            sink.close()
    return Child(process, log)


def _tied(words: list[str]) -> list[str]:
    # The tie is to the thread that forks, so a thread that may end first must not make it.
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return words
    return [sys.executable, "-I", "-S", "-c", _TIE_TO_PARENT, str(os.getpid()), *words]


def wait_until_ready(child: Child, url: str, timeout: float = 90.0) -> float:
    """The seconds it took until `url` answered with 200."""
    began = time.monotonic()
    while time.monotonic() - began < timeout:
        if child.poll() is not None:
            raise ServiceError(f"it ended with status {child.poll()} at start", log=child.log)
        if _status(url) == http.HTTPStatus.OK:
            return time.monotonic() - began
        time.sleep(0.1)
    raise ServiceError(f"no answer from {url} in {timeout:.0f} s", log=child.log)


def _status(url: str) -> int | None:
    # http.client, unlike urllib, knows no proxies: loopback must be reached directly.
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def is_listening(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((LOOPBACK, port)) == 0


def free_port(preferred: int = 0) -> int:
    """A loopback port nobody listens on: the preferred one if it is free, else any."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((LOOPBACK, port))
                return int(probe.getsockname()[1])
    raise ServiceError("this machine has no free loopback port")


def stop_all() -> None:
    """End every child that still runs."""
    for child in list(_live):
        child.stop()


def install_signal_handlers() -> None:
    """Make SIGTERM and SIGHUP end the program the orderly way, unless it handles them itself."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _exit)


def _exit(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def adopt_orphans() -> None:
    """Let grandchildren whose parent died become children of this program (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # 36 is PR_SET_CHILD_SUBREAPER


def end_orphans() -> None:
    """End what children left behind in groups of their own, such as a notebook's kernel."""
    deadline = time.monotonic() + 5
    while sys.platform == "linux" and (orphans := _children_of(os.getpid())):
        number = signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL
        for pid in orphans:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, number)
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.1)


def _children_of(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name, in brackets, may hold anything; the parent's id is the second word after.
            if int(stat.read_text(errors="replace").rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


atexit.register(stop_all)
