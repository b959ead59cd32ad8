"""What a text can be decoded to, layer by layer; for the leak gate alone."""

from __future__ import annotations

import binascii
import html
import re
import zlib
from base64 import b64decode
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

_SHORTEST = 4
_DEPTH = 5
_MOST = 16 * 1024 * 1024
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])')
_CODED = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_WRAPPED = re.compile(r"(?:[A-Za-z0-9+/]{40,76}\r?\n){1,}[A-Za-z0-9+/=]{2,76}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){4,}")
_FRAME = re.compile(r"(?:\A|\r?\n)data: ?([^\r\n]*)")


def layers(text: str) -> Iterator[str]:
    """Give a text and everything it can be decoded to, again and again."""
    seen, front = {text}, [text]
    yield text
    for _ in range(_DEPTH):
        fresh = {inner for outer in front for inner in _decodings(outer)} - seen
        if not fresh:
            return
        yield from fresh
        seen |= fresh
        front = list(fresh)


def _decodings(text: str) -> Iterator[str]:
    if "%" in text:
        yield unquote(text)
        yield unquote_plus(text)
    if "\\" in text:
        yield _ESCAPE.sub(_unescaped, text)
    if "&" in text:
        yield html.unescape(text)
    if "data:" in text and len(frames := _FRAME.findall(text)) > 1:
        yield "".join(frames)
        yield "\n".join(frames)
    for wrapped in _WRAPPED.findall(text):
        yield re.sub(r"\s", "", wrapped)
    yield "\n".join(run for data in _binaries(text) for run in _readable(data))


def _binaries(text: str) -> Iterator[bytes]:
    """Give what runs of base64, base64url and hex decode to, at every offset."""
    for match in _CODED.finditer(text):
        run = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        for skip in range(4):
            body = run[skip:]
            body = body[: len(body) - (len(body) % 4 == 1)]
            try:
                yield b64decode(body + "=" * (-len(body) % 4))
            except binascii.Error:
                continue
    for match in _HEX.finditer(text):
        yield bytes.fromhex(match[0])
        yield bytes.fromhex(match[0][1:-1])


def _readable(data: bytes) -> Iterator[str]:
    """Give the text in some bytes: of what is no text, its printable runs."""
    if inner := unpacked(data):
        data = inner
    text = data.decode("utf-8", "replace")
    yield from (
        run
        for run in re.split("[\\x00-\\x08\\x0e-\\x1f\\x7f\ufffd]+", text)
        if len(run) >= _SHORTEST
    )


def unpacked(data: bytes) -> bytes:
    """Give what gzip or zlib data holds; nothing if it is neither."""
    wbits = 31 if data[:2] == b"\x1f\x8b" else 15 if data[:1] == b"x" else 0
    try:
        return zlib.decompressobj(wbits).decompress(data, _MOST) if wbits else b""
    except zlib.error:
        return b""


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] == "u":
        return chr(int(code[1:], 16))
    return {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(code, code)
