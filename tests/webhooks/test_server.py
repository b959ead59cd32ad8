"""The server: up quickly on loopback, answering while the main thread is busy, gone when stopped."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from cellwire.errors import DeliveryError, SettingsError
from cellwire.webhooks.server import Server

SDK = Path(__file__).parents[2] / "sdk"


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": threading.current_thread().name.encode()})


def ask(port: int, host: str = "127.0.0.1") -> bytes:
    connection = http.client.HTTPConnection(host, port, timeout=20)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()


def refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def server(background):
    one = Server(app, background)
    yield one
    one.stop()


def test_it_answers_on_a_free_port_from_the_background_thread(server):
    port = server.start()
    assert port > 0
    assert server.url == f"http://127.0.0.1:{port}"
    assert ask(port) == b"cellwire"


def test_it_is_up_within_half_a_second(server):
    took = []
    for _ in range(3):  # the first also imports uvicorn, and the machine may be busy
        began = time.monotonic()
        server.start()
        took.append(time.monotonic() - began)
        server.stop()
    assert min(took) < 0.5


def test_it_listens_on_loopback_only(server):
    port = server.start()
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("needs /proc")
    hexadecimal = f":{port:04X}"
    listening = [
        line.split()[1]
        for line in table.read_text().splitlines()[1:]
        if line.split()[1].endswith(hexadecimal) and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F{hexadecimal}"]


def test_starting_twice_keeps_the_port(server):
    assert server.start() == server.start()


def test_stopped_it_is_gone_and_its_port_is_free_for_the_next(background, server):
    port = server.start()
    ask(port)
    server.stop()
    server.stop()
    assert not server.running
    assert refused(port)
    again = Server(app, background, port=port)
    assert again.start() == port
    again.stop()


def test_stopping_does_not_wait_for_an_idle_connection(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.start(), timeout=20)
    connection.request("GET", "/")
    connection.getresponse().read()
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 4
    connection.close()


def test_a_taken_port_is_said_with_the_variable_that_chooses_another(background):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = Server(app, background, port=port)
        with pytest.raises(SettingsError, match=rf"port {port}[\s\S]*CELLWIRE_RECEIVER_PORT"):
            server.start()
        assert not server.running


def test_without_uvicorn_it_says_what_to_install(server, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(DeliveryError, match=r'pip install "cellwire\[serve\]"'):
        server.start()


def test_it_answers_while_the_main_thread_is_busy(server):
    port = server.start()
    answers: list[float] = []
    ready, stop = threading.Event(), threading.Event()

    def sender() -> None:
        ready.set()
        while not stop.is_set():
            began = time.monotonic()
            ask(port)
            answers.append(time.monotonic() - began)

    thread = threading.Thread(target=sender)
    thread.start()
    ready.wait(20)
    end = time.monotonic() + 1.0
    while time.monotonic() < end:  # pure Python that never yields the interpreter by itself
        sum(range(1000))
    answered = len(answers)
    stop.set()
    thread.join()
    assert answered >= 3
    assert sorted(answers)[len(answers) // 2] < 1.0


def test_signals_stay_as_they_were(server):
    import signal

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    server.start()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_process_that_never_stops_it_ends_at_once_and_in_silence():
    script = """
        from cellwire.background import Background
        from cellwire.webhooks.server import Server

        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        print(Server(app, Background()).start())
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={"PYTHONPATH": str(SDK)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert ended.stderr == ""
    assert refused(int(ended.stdout))
