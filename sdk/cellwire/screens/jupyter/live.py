"""A display that changes from any thread, and is static in the end.

While it is live it is an `ipywidgets.HTML`, whose only trait with content is the markup shown; at
the end the output itself is replaced, so that the notebook opens without a kernel and keeps no
widget. Failures to draw are swallowed: a sign-in must not be lost to a closed browser tab.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


def publish(bundle: Mapping[str, Any]) -> Any:
    """Display a MIME bundle; gives the handle that can replace it."""
    from IPython.display import DisplayHandle

    handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
    handle.display(dict(bundle), raw=True)
    return handle


def execution() -> object:
    """Name the run of the cell that this code belongs to; equal within one run."""
    from IPython import get_ipython

    shell = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return parent.get("header", {}).get("msg_id") or getattr(shell, "execution_count", None)


class Live:
    """One changing output of a cell.

    Args:
        text: The stable line that stands for it in a saved notebook.
        html: Escaped markup.
    """

    def __init__(self, text: str, html: str) -> None:
        self._lock = threading.Lock()
        self._shown = html
        self._widget = _widget(html)
        bundle = {"text/plain": text}
        if self._widget is None:
            bundle["text/html"] = html
        else:
            bundle.update(_view_of(self._widget))
        self._handle = publish(bundle)

    def update(self, text: str, html: str) -> None:
        """Change what is shown."""
        with self._lock, suppress(Exception):
            if html == self._shown or self._handle is None:
                return
            self._shown = html
            if self._widget is None:
                self._handle.update({"text/plain": text, "text/html": html}, raw=True)
            else:
                self._widget.value = html

    def finish(self, text: str, html: str) -> None:
        """Put static output in its place, for good."""
        with self._lock, suppress(Exception):
            handle, self._handle = self._handle, None
            if handle is not None:
                handle.update({"text/plain": text, "text/html": html}, raw=True)
            if self._widget is not None:
                _close(self._widget)


def _widget(html: str) -> Any:
    """Make the widget; without ipywidgets the output itself is updated."""
    try:
        from ipywidgets import HTML
    except ImportError:
        return None
    return HTML(html)


def _close(widget: Any) -> None:
    # Whoever stores widget state keeps the last value even of a closed one.
    widget.value = ""
    for part in (widget.layout, widget.style, widget):
        part.close()


def _view_of(widget: Any) -> dict[str, Any]:
    mime = "application/vnd.jupyter.widget-view+json"
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {mime: view}
