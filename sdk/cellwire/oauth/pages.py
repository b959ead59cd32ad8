"""The pages that cellwire itself shows in a browser, as plain data.

They load nothing and run nothing (`Content-Security-Policy: default-src 'none'`), tell no other
site where one came from, and are not kept by the browser.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 12vh auto; max-width: 34rem; padding: 0 1.5rem; }
h1 { font-size: 1.35rem; margin: 0 0 .75rem; }
p { margin: 0 0 .75rem; overflow-wrap: anywhere; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem .6rem; }
small { display: block; opacity: .75; }
button { font: inherit; font-weight: 600; margin-top: 1.25rem; padding: .5rem 1.25rem; }
:focus-visible { outline: 3px solid #1a73e8; outline-offset: 2px; }
[role=alert] { border-left: .25rem solid #d93025; padding-left: .75rem; }
"""


@dataclass(frozen=True)
class Visit:
    """One request of a browser.

    Attributes:
        method: GET, HEAD or POST.
        host: The Host header.
        path: Without the query.
        query: Decoded parameters; of repeated ones the last.
        cookies: By name.
        origin: The Origin header, or None.
        form: Decoded fields of a posted form.
    """

    method: str
    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    origin: str | None = None
    form: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Page:
    """One answer to a browser."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = field(repr=False)

    def having(self, *headers: tuple[str, str]) -> Page:
        """Give the same page with further headers."""
        return replace(self, headers=(*self.headers, *headers))


def notice(title: str, text: str, status: int, *, more: str = "") -> Page:
    """Make a page that says one thing, and what to do about it."""
    parts = [f"<h1>{escape(title)}</h1>", f"<p>{escape(text)}</p>"]
    parts += [f"<p>{escape(more)}</p>"] if more else []
    return page(title, "\n".join(parts), status)


def page(title: str, body: str, status: int = 200, referrer: str = "no-referrer") -> Page:
    """Make a page of markup that is escaped already."""
    nonce = secrets.token_urlsafe(16)
    text = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style nonce={nonce!r}>{_STYLE}</style></head>"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return Page(
        status,
        text.encode(),
        (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", policy),
            ("Referrer-Policy", referrer),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ),
    )
