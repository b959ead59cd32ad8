"""JSON laid out for review, token by token: numbers, escapes and repeated names stay as they are."""

from __future__ import annotations

import json
import re

_LONG_LINE = 80
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def indented(text: str) -> str:
    """Give the same JSON, two spaces a level.

    Raises:
        ValueError: It is no JSON.
    """
    json.loads(text)
    tokens: list[str] = _TOKEN.findall(text)
    out: list[str] = []
    depth = 0
    for number, token in enumerate(tokens):
        if token in "}]":
            depth -= 1
            out.append(token if tokens[number - 1] in "{[" else "\n" + "  " * depth + token)
        elif token in "{[":
            depth += 1
            out.append(token if tokens[number + 1] in "}]" else token + "\n" + "  " * depth)
        elif token == ",":
            out.append(",\n" + "  " * depth)
        else:
            out.append(": " if token == ":" else token)
    return "".join(out)


def indented_body(body: bytes) -> bytes:
    """Give a body laid out if it is JSON on one long line; any other as it is."""
    if len(body) <= _LONG_LINE or body[:1] not in b"{[" or b"\n" in body.strip():
        return body
    try:
        return indented(body.decode()).encode()
    except ValueError:
        return body
