"""Pytest runs of their own, in processes of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path

import pytest

# The entry point brings the plugin in; a checkout that is not installed names it.
PLUGIN = (
    [] if entry_points(group="pytest11", name="cellwire") else ["-p", "cellwire.testing.plugin"]
)

# Plugins that take a second to import and have no part in what is tested.
LEAN = [
    word for name in ("hypothesispytest", "recording", "anyio") for word in ("-p", f"no:{name}")
]

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest on the test's folder, warnings being errors."""
    for name in ("CI", "CELLWIRE_RECORD", "CELLWIRE_RECORD_MODE", "CELLWIRE_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))

    def run_pytest(*options: str) -> pytest.RunResult:
        fixed = ["-W", "error", "-ra", "-p", "no:cacheprovider", *PLUGIN, *LEAN]
        if "--nbval" not in options:
            fixed += ["-p", "no:nbval"]
        shuffled = any(option.startswith("--randomly") for option in options)
        order = () if shuffled else ("-p", "no:randomly")
        return pytester.runpytest_subprocess(*fixed, *order, *options)

    return run_pytest


@pytest.fixture
def run_nbval(run: Run) -> Run:
    return lambda *options: run("--nbval", *options)


@dataclass
class Listening:
    port: int
    connections: list[object] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@pytest.fixture
def listening() -> Iterator[Listening]:
    """A server left listening on 127.0.0.1 that counts who comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        found = Listening(server.getsockname()[1])
        done = threading.Event()

        def accept() -> None:
            while not done.is_set():
                try:
                    client, address = server.accept()
                except TimeoutError:
                    continue
                found.connections.append(address)
                client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi")
                client.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield found
        done.set()
        thread.join()


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python code in a process of its own: what it does to itself cannot be undone."""

    def run_script(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "script.py"
        path.write_text(code)
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(
            [sys.executable, str(path), *arguments],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run_script
