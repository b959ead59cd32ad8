"""The leak gate: reads again what is about to be written, and refuses it if a secret can be read.

It works the other way round than redaction and shares nothing with it: it does not encode values
to look for, it decodes what is there, layer by layer, and looks at the plain text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import yaml

from cellwire.cassettes import shapes
from cellwire.cassettes.decoding import layers, unpacked
from cellwire.errors import SecretFound

_QUERY = re.compile(r"[?&#;]([\w.\-\[\]%]{2,60})=([^&#\s\"'<>\\]+)")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SHORTEST = 4


@dataclass(frozen=True)
class Finding:
    """One secret that could be read.

    Attributes:
        kind: "known value", or what it looks like: "GitHub token".
        place: Where, such as `interactions[2].response.body.access_token`.
        digest: First 12 hex digits of the value's SHA-256, to allow it by.
    """

    kind: str
    place: str
    digest: str


class _Values:
    """What is sought, and what each text was found to hold: headers repeat."""

    def __init__(self, values: Sequence[str]) -> None:
        self.sought = tuple(value for value in values if len(value) >= _SHORTEST)
        self.seen: dict[str, tuple[tuple[str, str], ...]] = {}


def refuse(text: str, values: Sequence[str], name: str, allow: Collection[str] = ()) -> None:
    """Raise if a secret can be read in what is about to be written.

    Raises:
        SecretFound: One can; names kind and place, never the value. Nothing was written.
    """
    found = findings(text, values, allow)
    if not found:
        return
    first = found[0]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    raise SecretFound(
        f"{name}: {first.kind} at {first.place}{more}; nothing was written",
        next_step="Make it a field of the credentials, so that redaction knows it; "
        f'if it is no secret, write [tool.cellwire] allow = ["{first.digest}"] in pyproject.toml.',
    )


def findings(text: str, values: Sequence[str], allow: Collection[str] = ()) -> list[Finding]:
    """Give every secret that can be read in a file's text.

    Args:
        text: A cassette, a notebook, or any other text.
        values: Known secret values; those shorter than four characters are not sought.
        allow: Digests of values that are no secrets.
    """
    sought = _Values(values)
    tree = _tree(text)
    if tree is None:
        lines = {f"line {n}": line for n, line in enumerate(text.splitlines(), 1)}
        return _unique(_in_lines(text, lines, sought), allow)
    comments = "\n".join(line for line in text.splitlines() if line.lstrip().startswith("#"))
    return _unique([*_in_text(comments, "comment", sought), *_walk(tree, "", sought)], allow)


def _tree(text: str) -> Any:
    """Parse a cassette or notebook; None for any other text."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return None
    if "interactions:" not in text:
        return None
    try:
        tree = yaml.load(text, Loader=_LOADER)  # noqa: S506 - it is the safe loader
    except yaml.YAMLError:
        return None
    return tree if isinstance(tree, dict) and "interactions" in tree else None


def _in_lines(text: str, lines: Mapping[str, str], values: _Values) -> Iterator[Finding]:
    for place, line in lines.items():
        yield from _in_text(line, place, values)
    if not any(True for line in lines.values() for _ in _in_text(line, "", values)):
        yield from _in_text(text, "text", values)  # what is wrapped over several lines


def _walk(tree: Any, place: str, values: _Values, name: str = "") -> Iterator[Finding]:
    """Visit every key and leaf of parsed data."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            step = f"{place}.{key}" if place else str(key)
            if isinstance(key, str) and len(key) >= _SHORTEST and name == "headers":
                yield from _in_text(key, f"{place} (a name)", values)
            yield from _walk(value, step, values, str(key))
    elif isinstance(tree, list | tuple):
        if tree and all(isinstance(item, str) for item in tree) and name in ("source", "text"):
            yield from _leaf("".join(tree), place, values, name)  # a notebook's lines
            return
        for number, item in enumerate(tree):
            yield from _walk(item, f"{place}[{number}]", values, name)
    elif tree is not None and not isinstance(tree, bool):
        yield from _leaf(tree, place, values, name)


def _leaf(leaf: Any, place: str, values: _Values, name: str) -> Iterator[Finding]:
    place = place.replace(".body.string", ".body")
    if isinstance(leaf, bytes):
        yield from _in_bytes(leaf, place, values)
        return
    text = str(leaf)
    yield from _named(name, text, place)
    yield from _in_text(text, place, values)
    yield from _members(text, place, name)


def _named(name: str, text: str, place: str) -> Iterator[Finding]:
    """Judge a value by the name of its field."""
    low = name.lower()
    if low in ("authorization", "proxy-authorization"):
        text = text.partition(" ")[2] or text
    if low in ("cookie", "set-cookie"):
        pairs = text.split(";") if low == "cookie" else text.split(";")[:1]
        for cookie in pairs:
            key, _, value = cookie.strip().partition("=")
            if shapes.random_looking(value):
                yield Finding(f"cookie {key}", place, _digest(value))
    elif kind := shapes.named(name, text):
        yield Finding(kind, place, _digest(text))


def _members(text: str, place: str, name: str) -> Iterator[Finding]:
    """Judge what stands inside a body or URL by name: JSON members, form fields, the query."""
    if text[:1] in ("{", "["):
        try:
            yield from _fields(json.loads(text), place)
        except (ValueError, RecursionError):
            return
    elif name in ("body", "string") and "=" in text and "\n" not in text[:200]:
        for key, value in parse_qsl(text):
            yield from _named(key, value, f"{place}.{key}")
    if "=" in text:
        for key, value in _QUERY.findall(text):
            yield from _named(unquote_plus(key), unquote_plus(value), f"{place}?{key}")


def _fields(data: Any, place: str) -> Iterator[Finding]:
    if isinstance(data, dict):
        for key, value in data.items():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str):
                    yield from _named(key, item, f"{place}.{key}")
            yield from _fields(value, f"{place}.{key}")
    elif isinstance(data, list):
        for number, item in enumerate(data):
            yield from _fields(item, f"{place}[{number}]")


def _in_text(text: str, place: str, values: _Values) -> Iterator[Finding]:
    found = values.seen.get(text)
    if found is None:
        found = values.seen[text] = tuple(_plainly("\0\n".join(layers(text)), values))
    for kind, digest in found:
        yield Finding(kind, place, digest)


def _in_bytes(data: bytes, place: str, values: _Values) -> Iterator[Finding]:
    for value in values.sought:
        if value.encode("utf-8", "surrogateescape") in data:
            yield Finding("known value", place, _digest(value))
    if inner := unpacked(data):
        yield from _in_bytes(inner, place, values)
    yield from _in_text(data.decode("utf-8", "replace"), place, values)


def _plainly(text: str, values: _Values) -> Iterator[tuple[str, str]]:
    for value in values.sought:
        if value in text or (" " in value and _spaced(value, text)):
            yield "known value", _digest(value)
    for kind, value in shapes.shaped(text):
        yield kind, _digest(value)


def _spaced(value: str, text: str) -> bool:
    """Find a value whose spaces are `+` here, as in forms."""
    return "+" in text and value.replace("+", " ") in text.replace("+", " ")


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()[:12]


def _unique(
    found: Collection[Finding] | Iterator[Finding], allow: Collection[str]
) -> list[Finding]:
    return [f for f in dict.fromkeys(found) if f.digest not in allow]
