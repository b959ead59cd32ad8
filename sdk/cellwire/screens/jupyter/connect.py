"""A connection in a notebook: a plain link while it waits, one line once it stands.

The link is an ordinary `<a target="_blank">`: a button would reach the kernel only when no cell
runs, and a tab opened later by code is blocked. It leads to the start hop on this computer, so
no state and no authorization URL ever enters the notebook.
"""

from __future__ import annotations

import threading
from html import escape
from weakref import WeakKeyDictionary

from cellwire.oauth.state import Snapshot
from cellwire.screens import Watched
from cellwire.screens.jupyter.live import Live, execution, publish

_BOX = (
    "font-family: var(--jp-ui-font-family, system-ui, sans-serif); "
    "font-size: var(--jp-ui-font-size1, 13px); line-height: 1.5; "
    "color: var(--jp-ui-font-color1, inherit); padding: 2px 0;"
)
_QUIET = "color: var(--jp-ui-font-color2, inherit);"
_LINK = (
    "display: inline-block; padding: 3px 14px; margin: 4px 8px 4px 0; border-radius: 2px; "
    "font-weight: 600; text-decoration: none; color: var(--jp-ui-inverse-font-color1, #fff); "
    "background: var(--jp-brand-color1, #1565c0);"
)
_COLORS = {
    "connected": "var(--jp-success-color1, #2e7d32)",
    "error": "var(--jp-error-color1, #c62828)",
    "expired": "var(--jp-warn-color1, #b26a00)",
}
_IDLE = "var(--jp-ui-font-color3, #888)"

_guard = threading.Lock()
_shown_in: WeakKeyDictionary[Watched, object] = WeakKeyDictionary()


def show(watched: Watched) -> None:
    """Display a connection; until it is connected, follow it."""
    with _guard:
        _shown_in[watched] = execution()
    snapshot = watched.snapshot
    if snapshot.state == "connected":
        publish(static(snapshot))
        return
    live = Live(snapshot.text, html_of(snapshot))

    def follow(now: Snapshot) -> None:
        if now.state == "connected":
            live.finish(now.text, html_of(now))
            end()
        else:
            live.update(now.text, html_of(now))

    end = watched.observe(follow)
    follow(watched.snapshot)


def mention(watched: Watched) -> None:
    """Display one static line, unless this run of the cell has shown the connection."""
    with _guard:
        if _shown_in.get(watched) == execution():
            return
    publish(static(watched.snapshot))


def static(snapshot: Snapshot) -> dict[str, str]:
    """Give what a saved notebook holds: it needs no kernel, and no link in it could still work."""
    return {"text/plain": snapshot.text, "text/html": _box(snapshot, [_headline(snapshot)])}


def html_of(snapshot: Snapshot) -> str:
    """Draw a connection in its present state."""
    parts = [_headline(snapshot)]
    if snapshot.state in ("error", "expired"):
        parts += [_line(snapshot.detail), _line(snapshot.next_step)]
    if snapshot.link and snapshot.state != "connected":
        parts.append(_link(snapshot))
    if snapshot.state == "waiting" and snapshot.clicked:
        parts.append(_line("Finish in the other tab; this line changes by itself."))
        parts.append(_line(snapshot.detail))
    elif snapshot.state == "waiting":
        parts.append(
            _line(
                "Opens a page of this computer in a new tab. Does it not load? Then the kernel "
                "runs elsewhere: " + snapshot.next_step
            )
        )
    return _box(snapshot, parts)


def _headline(snapshot: Snapshot) -> str:
    color = _COLORS.get(snapshot.state, _IDLE)
    who = f" as {escape(snapshot.account)}" if snapshot.account else ""
    scopes = ", ".join(sorted(snapshot.scopes))
    title = f' title="scopes: {escape(scopes, quote=True)}"' if scopes else ""
    return (
        f'<div{title}><span aria-hidden="true" style="color: {color};">&#9679;</span> '
        f"<b>{escape(snapshot.text)}</b>{who}</div>"
    )


def _link(snapshot: Snapshot) -> str:
    again = "Open again" if snapshot.clicked else snapshot.link_text
    text = "Retry" if snapshot.state == "error" else again
    return (
        f'<a href="{escape(snapshot.link or "", quote=True)}" target="_blank" '
        f'rel="noopener noreferrer" style="{_LINK}">{escape(text)}</a>'
    )


def _line(text: str) -> str:
    return f'<div style="{_QUIET}">{escape(text)}</div>' if text else ""


def _box(snapshot: Snapshot, parts: list[str]) -> str:
    label = escape(f"Connection {snapshot.title}", quote=True)
    body = "".join(parts)
    return f'<div role="status" aria-live="polite" aria-label="{label}" style="{_BOX}">{body}</div>'
