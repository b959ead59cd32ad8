import json
import sys

import pytest

WAYS = {
    "a socket": "import socket; socket.create_connection(('127.0.0.1', PORT))",
    "a numeric address": "import socket; s = socket.socket(); s.connect(('127.0.0.1', PORT))",
    "a datagram": "import socket as k; k.socket(2, k.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
    "urllib": "import urllib.request as r; r.urlopen('http://127.0.0.1:PORT/')",
    "httpx": "import httpx; httpx.get('http://127.0.0.1:PORT/')",
    "asyncio": "import asyncio; asyncio.run(asyncio.open_connection('127.0.0.1', PORT))",
    "a look-up": "import socket; socket.gethostbyname('api.acme.test')",
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_connects_inside_the_block(script, listening, tmp_path, way):
    ran = script(
        f"""
from pathlib import Path
from cellwire.errors import NotRecorded
from cellwire.testing.guard import guarded

with guarded(Path("ledger")):
    try:
        {WAYS[way].replace("PORT", str(listening.port)).replace("; ", chr(10) + "        ")}
    except NotRecorded as error:
        print(error)
"""
    )
    assert "outside any cassette\n  Put the call inside `with NAME.cassette(...)`" in ran.stdout
    assert listening.connections == []
    noted = [json.loads(line) for line in (tmp_path / "ledger").read_text().splitlines()]
    assert {event["event"] for event in noted} == {"blocked"}
    assert str(listening.port) in noted[0]["target"] or "api.acme.test" in noted[0]["target"]


def test_unix_sockets_pass_and_the_block_ends(script, listening):
    ran = script(
        f"""
import asyncio, socket
from cellwire.testing.guard import guarded

with guarded(None):
    with guarded(None):
        pass
    asyncio.run(asyncio.sleep(0))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("s")
print(socket.create_connection(("127.0.0.1", {listening.port})).recv(100)[:8])
"""
    )
    assert ran.stdout.strip() == "b'HTTP/1.0'", ran.stderr


NO_FILTER = """
import sys
from cellwire.testing import guard, seccomp

seccomp.refuse_sockets = lambda: False
guard.guard_process(None)
try:
    {}
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    "way",
    [
        "import subprocess; subprocess.run([sys.executable, '-c', 'print(1)'])",
        "import os; os.system('echo started')",
        "import os; os.execv(sys.executable, [sys.executable, '-c', 'print(1)'])",
        "import pty; pty.spawn(['echo', 'started'])",
        "import os; os.posix_spawn('/bin/echo', ['echo', 'started'], {})",
    ],
)
def test_without_a_filter_no_child_starts(script, way):
    ran = script(NO_FILTER.format(way.replace("; ", "\n    ")))
    assert ran.stdout.startswith("NotRecorded a child process"), ran.stdout + ran.stderr
    assert "started" not in ran.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_looking_for_ipv6_while_importing_is_refused_but_is_no_call(script, tmp_path):
    (tmp_path / "probing.py").write_text(
        "import socket\ntry:\n    socket.socket(socket.AF_INET6)\nexcept Exception as error:\n"
        "    print(type(error).__name__)\n"
    )
    ran = script(
        """
from pathlib import Path
from cellwire.testing.guard import guard_process

guard_process(Path("ledger"))
import probing
print(Path("ledger").exists())
"""
    )
    assert ran.stdout.split() == ["NotRecorded", "False"], ran.stderr
