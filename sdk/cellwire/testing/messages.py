"""What a kernel publishes: nbclient's reading of it, and beyond the cell that is running."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import Empty
from typing import Any

from jupyter_core.utils import ensure_async
from nbclient.client import NotebookClient
from nbformat import NotebookNode


class Client(NotebookClient):
    """nbclient's client, hearing also what is published for cells that have already run."""

    listen: Callable[[dict[str, Any]], object]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.changeable: list[NotebookNode] = []
        self._displays: dict[str, list[NotebookNode]] = {}

    def attend(self) -> None:
        """Hear every published message: nbclient looks only at those of the running cell."""
        assert self.kc is not None
        channel = self.kc.iopub_channel
        receive = channel.get_msg

        async def heard(*args: Any, **options: Any) -> dict[str, Any]:
            message: dict[str, Any] = await ensure_async(receive(*args, **options))
            self.listen(message)
            if message["msg_type"] == "update_display_data":
                self._redraw(message["content"])
            return message

        channel.get_msg = heard

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Read a message of the running cell, as nbclient does; remember displays by their id."""
        output: NotebookNode | None = super().process_message(msg, cell, cell_index)
        if output is not None and (display := _display_id(msg["content"])):
            self.changeable.append(output)
            self._displays.setdefault(display, []).append(output)
        return output

    def _redraw(self, content: dict[str, Any]) -> None:
        for output in self._displays.get(_display_id(content) or "", ()):
            output.data, output.metadata = (
                NotebookNode(content["data"]),
                NotebookNode(content["metadata"]),
            )

    async def quietly(self, code: str, expressions: dict[str, str]) -> dict[str, Any]:
        """Execute what belongs to no cell; give the reply."""
        assert self.kc is not None
        asked = self.kc.execute(
            code,
            silent=not expressions,
            store_history=False,
            user_expressions=expressions,
            stop_on_error=False,
        )
        while True:
            timeout = self.startup_timeout
            reply = await ensure_async(self.kc.shell_channel.get_msg(timeout=timeout))
            if reply["parent_header"].get("msg_id") == asked:
                content: dict[str, Any] = reply["content"]
                return content

    async def settle(self, seconds: float) -> None:
        """Hear what is still published, until it is quiet for so long."""
        assert self.kc is not None
        with suppress(Empty):
            while True:
                await ensure_async(self.kc.iopub_channel.get_msg(timeout=seconds))


def _display_id(content: dict[str, Any]) -> str | None:
    found: str | None = (content.get("transient") or {}).get("display_id")
    return found
