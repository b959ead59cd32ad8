"""A real kernel, guarded: Jupyter's own channels keep working, and nothing else does."""

import os
import sys
import time
from contextlib import contextmanager

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from cellwire.testing.kernel import START

TIMEOUT = 60.0


@contextmanager
def kernel(tmp_path, **variables):
    outside = {n: v for n, v in os.environ.items() if n != "CI" and not n.startswith("CELLWIRE_")}
    environ = {**outside, "PYTHONPATH": os.pathsep.join(sys.path), **variables}
    manager, client = start_new_kernel(env=environ, cwd=str(tmp_path))
    try:
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def execute(client, code):
    printed = []

    def hear(message):
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(code, timeout=TIMEOUT, output_hook=hear)
    return reply["content"], "".join(printed)


LOCKED = {"CELLWIRE_RECORD_MODE": "none"}
CONNECT = "import socket; socket.create_connection(('127.0.0.1', {port}))"


def test_a_guarded_kernel_takes_new_clients_interrupts_and_a_restart(tmp_path, listening):
    with kernel(tmp_path, **LOCKED) as (manager, client):
        assert execute(client, START)[0]["status"] == "ok"
        reply, _ = execute(client, CONNECT.format(port=listening.port))
        assert reply["ename"] == "NotRecorded"

        another = BlockingKernelClient(connection_file=manager.connection_file)
        another.load_connection_file()
        another.start_channels()
        another.wait_for_ready(timeout=TIMEOUT)
        assert execute(another, "print('heard')")[1] == "heard\n"
        another.stop_channels()

        asked = client.execute("import time; print('busy', flush=True); time.sleep(60)")
        while client.get_iopub_msg(timeout=TIMEOUT)["content"].get("text") != "busy\n":
            pass
        started = time.monotonic()
        manager.interrupt_kernel()
        reply = client.get_shell_msg(timeout=TIMEOUT)
        assert reply["parent_header"]["msg_id"] == asked
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert time.monotonic() - started < 30
        assert listening.connections == []

        manager.restart_kernel(now=True)
        client.wait_for_ready(timeout=TIMEOUT)
        assert execute(client, START)[0]["status"] == "ok"
        assert execute(client, "print(1)")[1] == "1\n"


@pytest.mark.parametrize("variables", [{}, {**LOCKED, "CELLWIRE_RECORD": "acme/*"}])
def test_a_kernel_that_records_is_not_guarded(tmp_path, listening, variables):
    with kernel(tmp_path, **variables) as (_, client):
        assert execute(client, START)[0]["status"] == "ok"
        assert execute(client, CONNECT.format(port=listening.port))[0]["status"] == "ok"
        assert len(listening.connections) == 1


def test_a_wrong_setting_fails_the_start(tmp_path):
    with kernel(tmp_path, CELLWIRE_RECORD_MODE="sometimes") as (_, client):
        reply, _ = execute(client, START)
        assert reply["ename"] == "SettingsError"


def test_the_start_imports_nothing_that_costs(script):
    ran = script(
        f"""
import sys
{START}
heavy = ("httpx", "pydantic", "yaml", "asyncio", "cellwire.workspace", "authlib", "filelock")
print([name for name in heavy if name in sys.modules])
"""
    )
    assert ran.stdout.strip() == "[]", ran.stderr
