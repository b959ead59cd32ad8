"""Signature schemes: how a delivery proves itself. This file is the contract and its primitives.

Headers are given with lower-cased names; the body is always the raw bytes that arrived.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from cellwire.errors import DefinitionError
from cellwire.kinds import class_of

if TYPE_CHECKING:
    from cellwire.webhooks.signatures.hmac import HMAC as HMAC

TEST_KEY = "cellwire-published-test-key"
"""Signs captured deliveries: published, so a receiver refuses it unless it is testing."""

UNKNOWN = "unknown"
"""Type of a delivery in which the declared place holds none."""

Encoding: TypeAlias = Literal["hex", "base64"]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_PLACE = re.compile(r"\{([^{}]*)\}")
_HOW = "Use {header:X-Event}, {json:path.to.value} or {sha256}, with any text around them."


class Signature(ABC):
    """One way for a delivery to prove itself, and where it says what it is.

    Args:
        event_type: Template of the event type.
        delivery_id: Template of the id that stays equal when the provider sends again; where a
            delivery has none, the SHA-256 of its body is taken.

    Raises:
        DefinitionError: A template cannot be read; says what to write.
    """

    name: ClassVar[str]

    def __init__(self, *, event_type: str, delivery_id: str) -> None:
        self._event_type = Template(event_type, "event_type")
        self._delivery_id = Template(delivery_id, "delivery_id")
        if not self._delivery_id.places:
            raise DefinitionError(
                f"delivery_id={delivery_id!r} is the same for every delivery", next_step=_HOW
            )

    @property
    @abstractmethod
    def signature_headers(self) -> frozenset[str]:
        """Lower-cased names of the headers that hold a signature."""

    @abstractmethod
    def verify(self, headers: Mapping[str, str], body: bytes, keys: Sequence[str]) -> None:
        """Check the raw bytes against every key, in constant time.

        Raises:
            InvalidSignature: No key fits, there is no key, or the headers are malformed; says
                which, never what was signed.
        """

    @abstractmethod
    def sign(self, headers: Mapping[str, str], body: bytes, key: str) -> dict[str, str]:
        """Give the headers that make the delivery verify with `key`."""

    def event_type(self, headers: Mapping[str, str], body: bytes) -> str:
        """Read the event type, or give "unknown"."""
        return self._event_type.fill(headers, body) or UNKNOWN

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Read the delivery's id, or give the SHA-256 of its body."""
        return self._delivery_id.fill(headers, body) or hashlib.sha256(body).hexdigest()

    def announce(self, event_type: str) -> dict[str, str]:
        """Give the headers by which a delivery says its type; none if its body says it."""
        return self._event_type.reverse(event_type)


class Template:
    """Text with places to fill from a delivery: `{header:Name}`, `{json:a.b.0}`, `{sha256}`.

    Attributes:
        places: What stands in braces, in order.
    """

    def __init__(self, text: str, argument: str) -> None:
        self.text = text
        self.places = tuple(_PLACE.findall(text))
        if not text or set(_PLACE.sub("", text)) & set("{}"):
            raise DefinitionError(f"{argument}={text!r} is no template", next_step=_HOW)
        for place in self.places:
            _check(place, argument)

    def fill(self, headers: Mapping[str, str], body: bytes) -> str | None:
        """Fill every place; None if one of them is missing in the delivery."""
        values = [_value(place, headers, body) for place in self.places]
        if None in values:
            return None
        found = iter(values)
        return _PLACE.sub(lambda _: str(next(found)), self.text)

    def reverse(self, value: str) -> dict[str, str]:
        """Give the header that fills this template to `value`, if one header is all of it."""
        whole = re.fullmatch(r"\{header:([^{}]*)\}", self.text)
        return {whole[1]: value} if whole else {}


def _check(place: str, argument: str) -> None:
    kind, _, name = place.partition(":")
    fine = {
        "header": bool(_TOKEN.fullmatch(name)),
        "json": all(name.split(".")),
        "sha256": place == "sha256",
    }
    if not fine.get(kind):
        raise DefinitionError(f"{argument}: {{{place}}} says no place", next_step=_HOW)


def _value(place: str, headers: Mapping[str, str], body: bytes) -> str | None:
    kind, _, name = place.partition(":")
    if kind == "header":
        return headers.get(name.lower()) or None
    if kind == "json":
        return _at(body, name.split("."))
    return hashlib.sha256(body).hexdigest()


def _at(body: bytes, path: Sequence[str]) -> str | None:
    try:
        value = json.loads(body)
        for step in path:
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    return str(value) if isinstance(value, (str, int)) else None


def encode(raw: bytes, encoding: Encoding) -> str:
    """Write a signature as text."""
    if encoding == "hex":
        return raw.hex()
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def decode(text: str, encoding: Encoding) -> bytes:
    """Read a signature from text, strictly: `base64.b64decode` would skip over junk.

    Raises:
        ValueError: The text is not wholly of that encoding.
    """
    if encoding == "hex":
        return binascii.unhexlify(text.encode("ascii"))
    return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)


if not TYPE_CHECKING:  # or every misspelt name would be Any to a type checker

    def __getattr__(name: str) -> Any:
        """Give a kind at its first use: `cellwire.signatures.HMAC`."""
        if not name.startswith("_") and (kind := class_of(__name__, name)):
            return kind
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
