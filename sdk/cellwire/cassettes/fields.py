"""Where a message holds secrets, by the names of its fields; for redaction alone.

The leak gate reads none of this: it has a list and a reader of its own.

A text is rewritten by a `swap`: called with each secret value found, decoded, with its kind and
with where it stood; what it gives is put in the value's place. A swap that gives the value back
changes nothing, so learning and replacing are one scan.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote, unquote_plus

from cellwire.auth import Place
from cellwire.cassettes.names import (
    OAUTH,
    OAUTH_SIGNS,
    PROOFS,
    REDIRECT_SIGNS,
    ROOTS,
    STAND_IN,
    class_of,
    looks_random,
    rule_of,
    word,
)

# value, kind, where ("request header Authorization") -> what to write instead
Swap: TypeAlias = Callable[[str, str, str], str]

_PAIR = re.compile(r"(^|[?&#;\s\"'])([\w.\-\[\]%]{2,80})=([^&#\s\"'<>\\;]+)")
_JSON = re.compile(
    r'(\\{0,8}")([\w.\- ]{2,64})\1(\s*:\s*)(?:\1((?:[^"\\]|\\.)*?)\1|(\[[^\[\]{}]*\])|(-?\d+)(?=\s*[,}]))'
)
_NAME = re.compile(r'"([\w.\- ]{2,64})\\*"\s*:')
_ITEM = re.compile(r'(\\{0,8}")((?:[^"\\]|\\.)*?)\1')
_USERINFO = re.compile(r"(://[^/\s:@\"'<>]*):([^/\s@\"'<>]+)@")
_PART = re.compile(
    r'(\bname="([^"\r\n]{1,80})"[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n)(.*?)(?=\r?\n--)', re.DOTALL
)


@dataclass(frozen=True)
class Fields:
    """Rewrites the secret fields of one message.

    Args:
        places: Where the auth kind writes.
        swap: Gives what to write instead of a value.
        side: "request" or "response", for the account of what was removed.
        oauth: Whether the message is a token request or the answer to one.
    """

    places: frozenset[Place]
    swap: Swap
    side: str
    oauth: bool = False

    def _declared(self, where: str, name: str) -> bool:
        return any(p.where == where and p.name.lower() == name.lower() for p in self.places)

    def _kind(self, where: str, name: str, value: str, *, oauth: bool) -> str | None:
        if not value or STAND_IN.fullmatch(value):
            return None
        if self.places and self._declared(where, name):
            return word(name)
        found = class_of(name)
        sure = found == "always" or word(name) in PROOFS or (oauth and word(name) in OAUTH)
        return word(name) if sure or (found and looks_random(value)) else None

    def _may_hold(self, name: str) -> bool:
        if class_of(name) or word(name) in PROOFS or (self.oauth and word(name) in OAUTH):
            return True
        return bool(self.places) and self._declared("body", name)

    def uri(self, text: str) -> str:
        """Rewrite a URL's password and query."""
        if "@" in text:
            text = _USERINFO.sub(self._userinfo, text)
        return self._pairs(text, "query") if "=" in text else text

    def _userinfo(self, match: re.Match[str]) -> str:
        value = unquote(match[2])
        new = (
            value if STAND_IN.fullmatch(value) else self.swap(value, "password", f"{self.side} URL")
        )
        return match[0] if new == value else f"{match[1]}:{new}@"

    def body(self, text: str) -> str:
        """Rewrite form fields, multipart parts, JSON members at any depth, and URLs."""
        low = text.lower()
        wanted = self.oauth or any(root in low for root in ROOTS) or "state=" in low
        if not wanted and not any(place.where == "body" for place in self.places):
            return text
        if low.startswith("--") and "name=" in low:
            return _PART.sub(self._part, text)
        if '"' in text and any(map(self._may_hold, set(_NAME.findall(text)))):
            text = _JSON.sub(self._member, text)
        if "=" not in text:
            return text
        return self._pairs(_USERINFO.sub(self._userinfo, text), "body")

    def _pairs(self, text: str, label: str) -> str:
        names = {word(match[2]) for match in _PAIR.finditer(text)}
        oauth = self.oauth or any(sign <= names for sign in OAUTH_SIGNS)
        redirect = any(sign <= names for sign in REDIRECT_SIGNS)

        def pair(match: re.Match[str]) -> str:
            name = unquote_plus(match[2]).rpartition("[")[2].rstrip("]")
            value = unquote_plus(match[3])
            sure = oauth or (redirect and looks_random(value))
            kind = self._kind("query", name, value, oauth=sure)
            kind = kind or self._kind("body", name, value, oauth=sure)
            if kind is None:
                return match[0]
            new = self.swap(value, kind, f"{self.side} {label} {name}")
            return match[0] if new == value else f"{match[1]}{match[2]}={new}"

        return _PAIR.sub(pair, text)

    def _member(self, match: re.Match[str]) -> str:
        quoted, name, colon, string, items, number = match.groups()
        if items is not None:
            return f"{quoted}{name}{quoted}{colon}" + _ITEM.sub(
                lambda item: item[1] + self._text(name, item[2]) + item[1], items
            )
        if number is not None:
            new = self._text(name, number) if class_of(name) == "always" else number
            return (
                match[0] if new == number else f"{quoted}{name}{quoted}{colon}{quoted}{new}{quoted}"
            )
        new = self._text(name, string)
        if new == string and '\\"' in string:  # JSON within JSON
            new = _JSON.sub(self._member, string)
        return f"{quoted}{name}{quoted}{colon}{quoted}{new}{quoted}"

    def _text(self, name: str, raw: str) -> str:
        value = _unescaped(raw)
        if word(name) in PROOFS:  # an echo of our own request
            return self._proof(raw, f"{self.side} body {name}")
        kind = self._kind("body", name, value, oauth=self.oauth)
        if kind is None:
            return raw
        new = self.swap(value, kind, f"{self.side} body {name}")
        return raw if new == value else new

    def _part(self, match: re.Match[str]) -> str:
        kind = self._kind("body", match[2], match[3], oauth=self.oauth)
        if kind is None:
            return match[0]
        return match[1] + self.swap(match[3], kind, f"{self.side} body {match[2]}")

    def header(self, name: str, value: str) -> str:
        """Rewrite one header's value; a scheme word, cookie names and attributes stay."""
        rule = rule_of(name)
        if not rule and not self.places and "=" not in value and "@" not in value:
            return value
        return self._header(rule, name, value)

    def _header(self, rule: str, name: str, value: str) -> str:
        label = f"{self.side} header {name}"
        if rule == "proof":
            return self._proof(value, label)
        if rule == "cookie":
            return "; ".join([self._cookie(part, label) for part in value.split("; ")])
        if rule == "set-cookie":
            first, semicolon, rest = value.partition(";")
            return self._cookie(first, label) + semicolon + rest
        secret = rule == "always" or (rule == "suspect" and looks_random(value))
        if value and (secret or (self.places and self._declared("header", name))):
            return value if STAND_IN.fullmatch(value) else self.swap(value, word(name), label)
        return self.uri(value)

    def _proof(self, value: str, label: str) -> str:
        scheme, space, rest = value.partition(" ")
        if not space:
            scheme, rest = "", value
        if not rest or STAND_IN.fullmatch(rest):
            return value
        kind = {"bearer": "access_token", "token": "token"}.get(scheme.lower(), word(scheme))
        return scheme + space + self.swap(rest, kind or "authorization", label)

    def _cookie(self, part: str, label: str) -> str:
        name, equals, value = part.partition("=")
        bare = value.strip('"')
        if not bare or STAND_IN.fullmatch(bare):
            return part
        new = self.swap(bare, "cookie", label)
        return part if new == bare else name + equals + new


def _unescaped(raw: str) -> str:
    if "\\" not in raw:
        return raw
    try:
        return str(json.loads(f'"{raw}"'))
    except ValueError:
        return raw
