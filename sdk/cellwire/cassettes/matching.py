"""Which recorded request a request is: its key, and the nearest one where there is none.

Compared are method, scheme, host, port, path, query and body; never headers. JSON is compared as
data, whatever its layout. Keys are never stored, so the rules may change without a new recording.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from cellwire.auth import Place
from cellwire.cassettes.interaction import Interaction

Key: TypeAlias = tuple[str, str, str, int, str, tuple[tuple[str, str], ...], str]

_STAND_IN = re.compile(r"cw-[A-Za-z0-9_]+(?:-\d+)?")
_PORTS = {"http": 80, "https": 443}
_LONGEST = 2000  # of a body, in an account of what was sent
_ANY = "cw-"  # a stand-in, whatever its kind and number


@dataclass(frozen=True)
class Matching:
    """Makes keys.

    Args:
        ignore: Parts that do not count: `query.ts`, `body.requestId`, `body.meta.sent_at`.
        places: Where the auth kind writes; computed proofs in the query or body do not count.
    """

    ignore: tuple[str, ...] = ()
    places: frozenset[Place] = frozenset()

    def key(self, method: str, uri: str, body: bytes) -> Key:
        """Give what two equal requests have in common.

        Args:
            method: HTTP method.
            uri: Absolute URL, redacted.
            body: Redacted bytes.
        """
        url = urlsplit(uri)
        scheme = url.scheme.lower()
        return (
            method.upper(),
            scheme,
            url.hostname or "",
            url.port or _PORTS.get(scheme, 0),
            _levelled(url.path) or "/",
            self._query(url.query),
            self._body(body) if body else "",
        )

    def _query(self, query: str) -> tuple[tuple[str, str], ...]:
        if not query:
            return ()
        gone = self._gone("query")
        pairs = parse_qsl(query, keep_blank_values=True)
        return tuple(sorted((n, _levelled(v)) for n, v in pairs if n not in gone))

    def _body(self, body: bytes) -> str:
        text = _one_boundary(body.decode("utf-8", "surrogateescape"))
        gone = self._gone("body")
        data = _parsed(text)
        if data is not None:
            for path in gone:
                _drop(data, path.split("."))
            text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        elif gone and "=" in text:
            text = "&".join(p for p in text.split("&") if p.partition("=")[0] not in gone)
        return _levelled(text)

    def _gone(self, where: str) -> Collection[str]:
        prefix = where + "."
        named = {part.removeprefix(prefix) for part in self.ignore if part.startswith(prefix)}
        return named | {place.name for place in self.places if place.where == where}


def _levelled(text: str) -> str:
    return _STAND_IN.sub(_ANY, text) if "cw-" in text else text


def _one_boundary(text: str) -> str:
    """Give every multipart body the same boundary: clients draw a new one each time."""
    if not text.startswith("--"):
        return text
    boundary = text.partition("\r\n")[0][2:]
    return text.replace(boundary, "boundary") if boundary else text


def _parsed(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _drop(data: Any, path: Sequence[str]) -> None:
    if isinstance(data, list):
        for item in data:
            _drop(item, path)
    elif isinstance(data, dict) and len(path) == 1:
        data.pop(path[0], None)
    elif isinstance(data, dict) and path[0] in data:
        _drop(data[path[0]], path[1:])


def line(method: str, uri: str, body: bytes) -> str:
    """Give a redacted request as one short line: `POST /x {"a":1}`; stand-ins without numbers."""
    url = urlsplit(uri)
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    text = f"{method} {path}"
    if body:
        text += f" {_shown(body)}"
    return re.sub(r"(cw-[A-Za-z0-9_]+)-\d+", r"\1", text) if "cw-" in text else text


def _shown(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return f"<{len(body)} bytes>"
    data = _parsed(text)
    if data is not None:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    if not text.isprintable():
        return f"<{len(body)} bytes>"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def nearest(
    miss: Key, recorded: Iterable[tuple[Key, Interaction]]
) -> tuple[Interaction, str] | None:
    """Give the recorded request most like the one that was missed, and how it differs in one line."""
    best = max(recorded, key=lambda each: _likeness(miss, each[0]), default=None)
    if best is None:
        return None
    return best[1], _difference(miss, best[0])


def _likeness(a: Key, b: Key) -> tuple[float, ...]:
    steps, others = a[4].split("/"), b[4].split("/")
    same = sum(x == y for x, y in zip(steps, others, strict=False))
    path = same / max(len(steps), len(others))
    query = len(set(a[5]) & set(b[5])) - len(set(a[5]) ^ set(b[5])) / 2
    return (path + (a[0] == b[0]) / 2 + (a[1:4] == b[1:4]) / 2, query, a[6] == b[6])


def _difference(miss: Key, near: Key) -> str:
    found: list[str] = []
    for name, index in (("method", 0), ("scheme", 1), ("host", 2), ("port", 3), ("path", 4)):
        if miss[index] != near[index]:
            found.append(f"{name}: {miss[index]}, recorded {near[index]}")
    if miss[5] != near[5]:
        found.append("query: " + _pairs_difference(miss[5], near[5]))
    if miss[6] != near[6]:
        found.append("body: " + _body_difference(miss[6], near[6]))
    return "; ".join(found) or "nothing that counts"


def _pairs_difference(asked: Sequence[tuple[str, str]], recorded: Sequence[tuple[str, str]]) -> str:
    ours = [f"{n}={v}" for n, v in asked if (n, v) not in recorded]
    theirs = [f"{n}={v}" for n, v in recorded if (n, v) not in asked]
    return f"{'&'.join(ours) or 'nothing'}, recorded {'&'.join(theirs) or 'nothing'}"


def _body_difference(asked: str, recorded: str) -> str:
    ours, theirs = dict(_leaves(_parsed(asked))), dict(_leaves(_parsed(recorded)))
    if not ours or not theirs:
        return f"{_cut(asked)}, recorded {_cut(recorded)}"
    names = [name for name in ours | theirs if ours.get(name) != theirs.get(name)]
    shown = [
        f"{n}={_cut(ours.get(n, 'nothing'))}, recorded {_cut(theirs.get(n, 'nothing'))}"
        for n in names[:3]
    ]
    return "; ".join(shown)


def _leaves(data: Any, path: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(data, dict | list) and data:
        steps = data.items() if isinstance(data, dict) else enumerate(data)
        for name, value in steps:
            yield from _leaves(value, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, json.dumps(data, ensure_ascii=False)


def _cut(text: str) -> str:
    return (text if len(text) <= 60 else text[:57] + "...") or "nothing"  # noqa: PLR2004
