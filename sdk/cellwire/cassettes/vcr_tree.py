"""vcrpy's tree of one interaction, and back: what its YAML and its JSON have in common."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import Any

from cellwire.cassettes.interaction import HeaderList, Interaction

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def tree_of(i: Interaction) -> dict[str, Any]:
    """Give an interaction under vcrpy's keys, in vcrpy's order."""
    return {
        "request": {
            "body": _written(i.request_body),
            "headers": lists_of(i.request_headers),
            "method": i.method,
            "uri": i.uri,
        },
        "response": {
            "body": {"string": _written(i.response_body)},
            "headers": lists_of(i.response_headers),
            "status": {"code": i.status, "message": i.reason},
        },
    }


def _written(body: bytes) -> str | bytes:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    return body if _CONTROLS.search(text) else text


def lists_of(headers: HeaderList) -> dict[str, list[str]]:
    """Give headers as vcrpy keeps them: each name with all its values."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found


def interaction_of(tree: Any) -> Interaction:
    """Read an interaction under vcrpy's keys, also as earlier versions kept httpx.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: It has not that shape.
    """
    request, response = tree["request"], tree["response"]
    headers = _pairs(response.get("headers"))
    old = "status_code" in response  # as vcrpy kept httpx before version 6
    body = response.get("content") if old else (response.get("body") or {}).get("string")
    status = {"code": response["status_code"]} if old else response["status"]
    headers, content = _plain(headers, _bytes(body))
    return Interaction(
        method=str(request["method"]).upper(),
        uri=str(request["uri"]),
        request_headers=_pairs(request.get("headers")),
        request_body=_bytes(request.get("body")),
        status=int(status["code"]),
        reason=status.get("message") or "",
        response_headers=headers,
        response_body=content,
    )


def _bytes(value: Any) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list) and all(isinstance(part, bytes | str) for part in value):
        return b"".join(map(_bytes, value))
    raise TypeError(f"a body is neither text nor binary but a {type(value).__name__}")


def _pairs(headers: Any) -> HeaderList:
    found: list[tuple[str, str]] = []
    for name, values in (headers or {}).items():
        for value in values if isinstance(values, list) else [values]:
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            found.append((str(name), "" if text is None else str(text)))
    return tuple(found)


def _plain(headers: HeaderList, body: bytes) -> tuple[HeaderList, bytes]:
    """Decode a compressed body; a header that claims more than the body does is dropped too."""
    coding = next((v.lower() for n, v in headers if n.lower() == "content-encoding"), "")
    if coding in ("br", "zstd"):
        return headers, body
    gone = ("content-encoding", "transfer-encoding")
    kept = tuple((n, v) for n, v in headers if n.lower() not in gone)
    if coding in ("gzip", "x-gzip") and body[:2] == b"\x1f\x8b":
        return kept, gzip.decompress(body)
    if coding == "deflate" and body:
        return kept, _inflated(body)
    return kept, body


def _inflated(body: bytes) -> bytes:
    for wbits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            return zlib.decompress(body, wbits)
        except (zlib.error, EOFError, OSError):
            continue
    return body
