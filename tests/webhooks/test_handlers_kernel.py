"""The re-run rule in a real Jupyter kernel, whose clients need not say which cell they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from jupyter_client.manager import start_new_kernel

SETUP = """
from datetime import UTC, datetime
from cellwire.background import Background
from cellwire.webhooks.delivery import Delivery
from cellwire.webhooks.handlers import Handlers
handlers = Handlers(Background())
def ran(type_):
    delivery = Delivery("1", type_, {}, b"{}", datetime.now(UTC))
    return handlers.dispatch(delivery).ran
"""


@pytest.fixture
def execute() -> Iterator[Callable[[str], str]]:
    manager, client = start_new_kernel(kernel_name="python3")
    printed: list[str] = []

    def run(source: str) -> str:
        printed.clear()
        reply = client.execute_interactive(source, timeout=60, output_hook=note)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(printed)

    def note(message) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    run(SETUP)
    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_editing_renaming_and_running_again_never_makes_a_handler_run_twice(execute):
    cell = "@handlers.on('a')\ndef {}(event): pass\n@handlers.on('b')\ndef other(event): pass"
    execute(cell.format("triage"))
    execute(cell.format("triage"))
    assert execute("print(ran('a'), ran('b'))") == "('triage',) ('other',)\n"
    execute(cell.format("renamed"))
    assert execute("print(ran('a'), ran('b'))") == "('renamed',) ('other',)\n"
    execute("@handlers.on('*')\ndef everything(event): pass")
    assert execute("print(ran('a'))") == "('renamed', 'everything')\n"
