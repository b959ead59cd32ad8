"""An integration's card: what it is, where it stands, what is recorded. HTML for people only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from cellwire.definition import Definition

_BOX = (
    "border:1px solid var(--jp-border-color2,#bdbdbd);border-radius:6px;padding:.6em .9em;"
    "max-width:46em;line-height:1.5"
)
_WORDS = {"disconnected": "not connected", "expired": "sign in again"}
_FAINT = "color:var(--jp-ui-font-color2,#757575)"


def card(
    definition: Definition,
    *,
    state: str,
    cassettes: Sequence[str],
    redact: Callable[[str], str],
) -> str:
    """Draw the card.

    Args:
        definition: What the author declared.
        state: State of the default connection, in one word.
        cassettes: Names of the recordings there are.
        redact: Removes secrets from what is shown.
    """
    played = ", ".join(cassettes) if cassettes else "none yet"
    rows = {
        "at": definition.base_url,
        "auth": definition.auth.name if definition.auth else "none",
        "connection": _WORDS.get(state, state),
        "cassettes": f"{len(cassettes)} ({played})" if cassettes else played,
    }
    cells = "".join(
        f'<tr style="background:none"><td style="text-align:left;{_FAINT}">{escape(name)}</td>'
        f'<td style="text-align:left"><code>{escape(redact(value))}</code></td></tr>'
        for name, value in rows.items()
    )
    return (
        f'<div style="{_BOX}"><b>{escape(definition.name)}</b> '
        f'<span style="{_FAINT}">{escape(definition.description)}</span>'
        f'<table style="margin:.3em 0 0">{cells}</table></div>'
    )
