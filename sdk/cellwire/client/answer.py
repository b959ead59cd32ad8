"""The answer of one call, in httpx's words, showing itself well in a notebook."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from cellwire import errors
from cellwire._http import Response as HttpResponse
from cellwire.cassettes.names import hides
from cellwire.client.limits import retry_after
from cellwire.clock import Clock

PREVIEW_LINES = 12
_MESSAGES = ("error_description", "message", "msg", "detail", "title", "error", "err", "errors")
_REQUEST_IDS = ("x-request-id", "request-id", "x-github-request-id", "x-amzn-requestid")
_LEFT = ("x-ratelimit-remaining", "ratelimit-remaining", "x-rate-limit-remaining")


@dataclass(frozen=True)
class Origin:
    """How an answer came about.

    Attributes:
        played: Whether a cassette gave it.
        seconds: How long the call took, waits included.
        redact: Removes every known secret from text that is about to be shown.
    """

    played: bool
    seconds: float
    redact: Callable[[str], str] = field(repr=False)


class Response:
    """One answer: `status_code`, `headers`, `text`, `content`, `json()`, and `r["login"]`.

    Attributes:
        origin: Whether it was played, and how long it took.
    """

    def __init__(self, raw: HttpResponse, origin: Origin) -> None:
        self._raw = raw
        self.origin = origin

    @property
    def status_code(self) -> int:
        """HTTP status (RFC 9110, section 15)."""
        return self._raw.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers, found by any case."""
        return self._raw.headers

    @property
    def text(self) -> str:
        """The body, decoded."""
        return self._raw.text

    @property
    def content(self) -> bytes:
        """The body, bytes."""
        return self._raw.content

    @property
    def url(self) -> str:
        """Where it came from, after redirects."""
        return str(self._raw.url)

    @property
    def links(self) -> Mapping[str, str]:
        """Targets of the Link header by relation (RFC 8288)."""
        return {rel: link["url"] for rel, link in self._raw.links.items() if rel and "url" in link}

    def json(self) -> Any:
        """Parse the body.

        Raises:
            CallError: The body is no JSON; says what it is.
        """
        try:
            return json.loads(self._raw.content)
        except ValueError:
            kind = self.headers.get("content-type", "no content type")
            raise errors.CallError(
                f"{self._line()}: the body is no JSON ({kind}, {len(self.content)} bytes)",
                next_step="Look at it with .text, or ask for JSON: headers={'Accept': '...'}.",
            ) from None

    def __getitem__(self, key: str | int) -> Any:
        """Give one part of the parsed body."""
        return self.json()[key]

    def __repr__(self) -> str:
        """One line and the body's beginning; equal for a live answer and its replay."""
        body = self._preview()
        return self._line() + ("\n" + body if body else "")

    def _repr_html_(self) -> str:
        origin = "played" if self.origin.played else f"live, {self.origin.seconds * 1000:.0f} ms"
        left = next((self.headers[n] for n in _LEFT if n in self.headers), None)
        facts = [origin, *([f"{escape(left)} calls left"] if left else [])]
        return (
            f'<div class="cellwire-answer"><code>{escape(self._line())}</code> '
            f"<small>{' · '.join(facts)}</small><div>{self._tree()}</div></div>"
        )

    def _line(self) -> str:
        request = self._raw.request
        shown = [(n, "•••" if hides(n) else v) for n, v in request.url.params.multi_items()]
        plain = request.url.query.decode("ascii") if not any(hides(n) for n, _ in shown) else ""
        query = plain or "&".join(f"{n}={v}" for n, v in shown)
        query = f"?{query}" if query else ""
        where = self.origin.redact(f"{request.url.path}{query}")
        return f"{self.status_code} {request.method} {where}"

    def _preview(self) -> str:
        try:
            text = json.dumps(masked(json.loads(self._raw.content)), indent=2, ensure_ascii=False)
        except ValueError:
            text = self._raw.text
        lines = self.origin.redact(text).splitlines()
        rest = len(lines) - PREVIEW_LINES
        shown = lines[:PREVIEW_LINES] + ([f"… {rest} more lines"] if rest > 0 else [])
        return "\n".join(shown)

    def _tree(self) -> str:
        try:
            body = masked(json.loads(self._raw.content))
        except ValueError:
            return f"<pre>{escape(self._preview())}</pre>"
        return _node(body, self.origin.redact, is_open=True)


def masked(body: Any) -> Any:
    """Hide the values of fields that hold secrets by their name."""
    if isinstance(body, dict):
        return {
            k: "•••" if v and isinstance(v, str | int) and hides(k) else masked(v)
            for k, v in body.items()
        }
    return [masked(v) for v in body] if isinstance(body, list) else body


def _node(value: Any, redact: Callable[[str], str], *, is_open: bool = False) -> str:
    """Draw JSON as nested, collapsible lists: plain HTML, so it works in a saved notebook."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        brackets = "{…}" if isinstance(value, dict) else "[…]"
        rows = "".join(
            f"<li><code>{escape(str(key))}</code>: {_node(item, redact)}</li>"
            for key, item in pairs
        )
        style = "margin:0;padding-left:1.4em;list-style:none"
        return (
            f'<details{" open" if is_open else ""} style="display:inline-block;vertical-align:top">'
            f"<summary>{brackets} {len(value)}</summary>"
            f'<ul style="{style}">{rows}</ul></details>'
        )
    return f"<code>{escape(redact(json.dumps(value, ensure_ascii=False)))}</code>"


def failure(answer: Response, clock: Clock) -> errors.ApiError:
    """Make the error that a 4xx or 5xx answer raises."""
    request = answer._raw.request  # noqa: SLF001 - the same file's class
    redact = answer.origin.redact
    error = errors.for_status(answer.status_code)(
        answer,
        method=request.method,
        url=redact(str(request.url)),
        service_message=redact(_message(answer)),
        request_id=next((answer.headers[n] for n in _REQUEST_IDS if n in answer.headers), None),
        next_step=_NEXT.get(answer.status_code),
    )
    if isinstance(error, errors.RateLimited):
        error.retry_after = retry_after(answer.headers, clock.now())
    return error


_NEXT = {
    401: "The credential was refused: reconnect with connect(again=True).",
    403: "The credential does not reach this far: check the scopes it was granted.",
    429: "Wait as long as .retry_after says, or allow more retries: client(max_retries=...).",
}


def _message(answer: Response) -> str:
    """Find what the service said: the usual fields of JSON errors (RFC 9457 among them)."""
    try:
        body = json.loads(answer.content)
    except ValueError:
        return ""
    return _said(body)[:300]


def _said(body: Any) -> str:
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return _said(body[0]) if body else ""
    if isinstance(body, dict):
        return next((said for n in _MESSAGES if n in body and (said := _said(body[n]))), "")
    return ""
