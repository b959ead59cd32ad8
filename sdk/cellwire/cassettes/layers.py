"""Bodies as text that can be edited: inside gzip and zlib, and across the frames of a stream."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable
from typing import TypeAlias

Edit: TypeAlias = Callable[[str], str]
_BOMB = 64 * 1024 * 1024


def through(body: bytes, edit: Edit) -> bytes:
    """Edit a body as text, inside gzip or zlib too; a body that is left alone stays as it was."""
    if not body:
        return body
    if inner := inflated(body):
        fresh = through(inner, edit)
        if fresh == inner:
            return body
        return gzip.compress(fresh, mtime=0) if body[:2] == b"\x1f\x8b" else zlib.compress(fresh)
    text = text_of(body)
    edited = edit(text)
    if "data:" in edited and "\ndata:" in edited:
        edited = _across_frames(edited, edit)
    return body if edited == text else edited.encode("utf-8", "surrogateescape")


def _across_frames(text: str, edit: Edit) -> str:
    """Find what is split across the frames of an event stream (`data:` lines)."""
    lines = re.split(r"((?:\A|\r?\n)data: ?)", text)
    payloads = [re.split(r"(\r?\n)", chunk, maxsplit=1) for chunk in lines[2::2]]
    whole = "".join(parts[0] for parts in payloads)
    if edit(whole) == whole:
        return text
    # What was split cannot be cut apart again: the first frame has all of it.
    heads = [edit(whole), *("" for _ in payloads[1:])]
    rest = [head + "".join(parts[1:]) for head, parts in zip(heads, payloads, strict=True)]
    return lines[0] + "".join(a + b for a, b in zip(lines[1::2], rest, strict=True))


def inflated(body: bytes) -> bytes:
    """Give what a gzip or zlib body holds; nothing if it is neither."""
    wbits = 31 if body[:2] == b"\x1f\x8b" else 15 if body[:2] in (b"x\x9c", b"x\xda") else 0
    if not wbits:
        return b""
    try:
        return zlib.decompressobj(wbits).decompress(body, _BOMB)
    except zlib.error:
        return b""


def text_of(body: bytes) -> str:
    """Give a body as text from which the same bytes can be made again."""
    return body.decode("utf-8", "surrogateescape")
