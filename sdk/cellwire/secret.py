r"""One value that must not be written or shown, and every form in which it may be found again.

Raw, percent-encoded once or twice (all of it or only what a client thinks unsafe, digits in either
case), JSON-escaped once or twice, with `\/`, as HTML, as hex, and inside base64 or base64url at
any of the three offsets it can have there.
"""

from __future__ import annotations

import binascii
import html
import re
from base64 import b64decode, b64encode
from functools import cached_property
from html.entities import codepoint2name
from typing import Final
from urllib.parse import quote

SHORTEST: Final = 4
BRIEF: Final = 8
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]+")
_RUN = re.compile(r"[A-Za-z0-9+/_-]{4,}={0,2}")
_TO_URL, _FROM_URL = str.maketrans("+/", "-_"), str.maketrans("-_", "+/")


class Secret:
    """One value to replace, and how to find it.

    Attributes:
        value: The value itself; never shown.
        kind: What it is, as in its stand-in: `access_token`.
        stand_in: What stands for a deployment fact that is no secret; None for a secret.
    """

    def __init__(self, value: str, kind: str, stand_in: str | None = None) -> None:
        self.value = value
        self.kind = re.sub(r"[^A-Za-z0-9_]+", "_", kind).strip("_") or "secret"
        self.stand_in = stand_in
        self._needle = max(_PLAIN.findall(value), key=len, default="")
        self._brief = len(value) < BRIEF and stand_in is None
        self._literal = self._needle == value and stand_in is None and not self._brief
        data = _bytes(value)
        self._coded = (data.hex(), data.hex().upper(), *_full_percent(data))
        self._cores = _cores(data)

    def __repr__(self) -> str:
        return f"<Secret {self.kind}>"

    @property
    def marks(self) -> tuple[str, ...]:
        """Give strings of which one stands in any text that holds the value, unless all is %xx."""
        parts = (max(_PLAIN.findall(core), key=len, default="") for core in self._cores)
        return (self._needle, *self._coded[:2], *parts)

    @property
    def percents(self) -> tuple[str, ...]:
        """Give the forms in which every byte is %xx."""
        return self._coded[2:]

    def position(self, text: str) -> int:
        """Give where the value first stands in `text`, in any form; -1 if nowhere."""
        if self._needle in text:
            if self._literal:
                return text.index(self._needle)
            if found := self._loose.search(text):
                return found.start()
        starts = [text.index(form) for form in (*self._coded, *self._cores) if form in text]
        if not starts and "%" in text:
            matches = (pattern.search(text) for pattern in self._escaped_cores)
            starts = [found.start() for found in matches if found]
        return min(starts, default=-1)

    def replace(self, text: str, by: str) -> str:
        """Put `by` in place of the value, encoded as the value was where that matters."""
        if self._needle in text:
            text = self._loose.sub(lambda m: _alike(m[0], by), text)
        for form in self._coded:
            if form in text:
                text = text.replace(form, self._as_coded(form, by))
        if any(core in text for core in self._cores):
            text = _RUN.sub(lambda m: self._inside(m[0], by), text)
        if self.stand_in is None and "%" in text:
            for core in self._escaped_cores:
                text = core.sub(by, text)
        return text

    @cached_property
    def _loose(self) -> re.Pattern[str]:
        """Match the value however each of its characters is escaped."""
        body = "".join(map(_any_form, self.value))
        if self._brief:
            # A PIN of four digits stands in many a number; as a word of its own it is the PIN.
            return re.compile(rf"(?<![A-Za-z0-9]){body}(?![A-Za-z0-9])")
        if self.stand_in is None:
            return re.compile(body)
        # A port or host must end where it ends: 127.0.0.1:8081 is not in 127.0.0.1:80812.
        return re.compile(rf"(?<![\w.]){body}(?!\d)" if self.value[:1].isalnum() else body)

    @cached_property
    def _escaped_cores(self) -> tuple[re.Pattern[str], ...]:
        """Match base64 whose `+` and `/` were percent-encoded."""
        cores = [core for core in self._cores if not _PLAIN.fullmatch(core)]
        return tuple(re.compile("".join(map(_any_form, core))) for core in cores)

    def _as_coded(self, form: str, by: str) -> str:
        if self.stand_in is None:
            return by
        data = by.encode()
        if form.startswith("%"):
            return "".join(f"%{byte:02x}" for byte in data)
        return data.hex()

    def _inside(self, run: str, by: str) -> str:
        """Replace within a base64 run: decoded and encoded anew, or else cut out."""
        if not any(core in run for core in self._cores):
            return run
        for skip in range(4):
            data = _decoded(run[skip:])
            if data and _bytes(self.value) in data:
                fresh = data.replace(_bytes(self.value), by.encode())
                return run[:skip] + _encoded(fresh, like=run)
        if self.stand_in is None:
            for core in self._cores:
                run = run.replace(core, by)
        return run


# Bounded, so that a long run of backslashes costs no quadratic search: three escapes make seven.
_ANY, _MANY = "{0,8}", "{1,8}"


def _bytes(value: str) -> bytes:
    """Encode a value; what came from bytes that are no UTF-8 goes back to them."""
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def _percent(char: str) -> str:
    """Give the pattern of a character percent-encoded any number of times."""
    return "(?i:" + "".join(f"%(?:25){{0,4}}{byte:02X}" for byte in _bytes(char)) + ")"


_BACKSLASH = rf"(?:\\|{_percent(chr(92))})"
_AMPERSAND = rf"(?:&(?:amp;){{0,4}}|{_percent('&')}(?:amp{_percent(';')}){{0,4}})"
_HASH, _SEMICOLON = rf"(?:#|{_percent('#')})", rf"(?:;|{_percent(';')})"


def _any_form(char: str) -> str:
    """Give the pattern of one character under any of the escapes, and under two of them."""
    if _PLAIN.fullmatch(char):
        return re.escape(char)
    code, units = ord(char), char.encode("utf-16-be", "surrogatepass").hex()
    escaped = "".join(f"{_BACKSLASH}{_MANY}u{units[i : i + 4]}" for i in range(0, len(units), 4))
    names = [f"{_HASH}0{{0,4}}{code}", f"{_HASH}x0{{0,4}}{code:x}"] + (
        ["apos"] if char == "'" else []
    )
    names += [codepoint2name[code]] if code in codepoint2name else []
    marked = f"{_AMPERSAND}(?i:{'|'.join(names)}){_SEMICOLON}"
    if char == "\\":
        return f"(?:{_BACKSLASH}{_MANY}|(?i:{escaped})|{marked})"
    forms = [
        f"(?i:{escaped})",
        f"{_BACKSLASH}{_ANY}(?:{_percent(char)}|{marked}|{re.escape(char)})",
    ]
    forms += {" ": [r"\+", _percent("+")], "\n": [r"\r\n", r"\r?\ndata: ?"]}.get(char, [])
    if letter := {"\n": "n", "\r": "r", "\t": "t"}.get(char):
        forms.append(f"{_BACKSLASH}{_MANY}{letter}")
    return f"(?:{'|'.join(forms)})"


def _alike(found: str, by: str) -> str:
    """Encode `by` as the text it replaces was."""
    if "%25" in found:
        return quote(quote(by, safe=""), safe="")
    if "%" in found:
        coded = quote(by, safe="")
        lower = re.search(r"%[0-9a-f]*[a-f]", found) is not None
        return re.sub("%..", lambda m: m[0].lower(), coded) if lower else coded
    if slashes := re.search(r"\\+(?=/)", found):
        return by.replace("/", slashes[0] + "/")
    return html.escape(by) if "&" in found else by


def _full_percent(data: bytes) -> tuple[str, str]:
    return "".join(f"%{byte:02x}" for byte in data), "".join(f"%{byte:02X}" for byte in data)


def _cores(data: bytes) -> tuple[str, ...]:
    """Give the part of the value's base64 that does not depend on its neighbours, per offset."""
    cores: set[str] = set()
    for offset in range(3):
        coded = b64encode(b"\0" * offset + data).decode("ascii")
        core = coded[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6]
        cores |= {core, core.translate(_TO_URL)} if len(core) >= SHORTEST else set()
    return tuple(cores)


def _decoded(run: str) -> bytes:
    body = run.rstrip("=").translate(_FROM_URL)
    body = body[:-1] if len(body) % 4 == 1 else body
    try:
        return b64decode(body + "=" * (-len(body) % 4))
    except binascii.Error:
        return b""


def _encoded(data: bytes, *, like: str) -> str:
    coded = b64encode(data).decode("ascii")
    coded = coded.translate(_TO_URL) if re.search("[-_]", like) else coded
    return coded if like.endswith("=") else coded.rstrip("=")
