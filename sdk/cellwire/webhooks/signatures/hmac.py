"""HMAC over the raw body (RFC 2104), in one header: GitHub, Review Board and many more."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import ClassVar, get_args

from cellwire.errors import DefinitionError, InvalidSignature
from cellwire.webhooks.signatures import Encoding, Signature, decode, encode

_DIGESTS = ("sha1", "sha256", "sha384", "sha512")


class HMAC(Signature):
    """A header that holds the HMAC of the raw body, keyed with the UTF-8 bytes of the secret.

    Args:
        header: Name of the header.
        digest: sha1, sha256, sha384 or sha512.
        prefix: Text before the signature, such as `sha256=`.
        encoding: hex or base64.
        event_type: Template of the event type.
        delivery_id: Template of the delivery's id; where a delivery has none, the SHA-256 of
            its body is taken.

    Raises:
        DefinitionError: Something cannot be; says what to write instead.
    """

    name: ClassVar[str] = "hmac"

    def __init__(  # noqa: PLR0913 - each is one fact about the scheme
        self,
        *,
        header: str,
        digest: str = "sha256",
        prefix: str = "",
        encoding: Encoding = "hex",
        event_type: str = "{json:type}",
        delivery_id: str = "{json:id}",
    ) -> None:
        super().__init__(event_type=event_type, delivery_id=delivery_id)
        _one_of("digest", digest, _DIGESTS)
        _one_of("encoding", encoding, get_args(Encoding))
        if not header:
            raise DefinitionError(
                "the signature needs a header", next_step='Write header="X-Hub-Signature-256".'
            )
        self.header, self.digest, self.prefix, self.encoding = header, digest, prefix, encoding

    def __repr__(self) -> str:
        return f"HMAC(header={self.header!r}, digest={self.digest!r}, prefix={self.prefix!r})"

    @property
    def signature_headers(self) -> frozenset[str]:
        """The one header."""
        return frozenset({self.header.lower()})

    def verify(self, headers: Mapping[str, str], body: bytes, keys: Sequence[str]) -> None:
        """Check the raw bytes against every key, in constant time.

        Raises:
            InvalidSignature: No key fits, there is no key, or the header is malformed.
        """
        usable = [key for key in keys if key]
        if not usable:
            raise InvalidSignature("no signing secret is set")
        given = self._given(headers)
        fits = [hmac.compare_digest(self._digest(body, key), given) for key in usable]
        if not any(fits):
            raise InvalidSignature("the signature does not fit the raw bytes")

    def sign(self, headers: Mapping[str, str], body: bytes, key: str) -> dict[str, str]:  # noqa: ARG002 - other schemes sign headers too
        """Give the header that makes the delivery verify with `key`."""
        return {self.header: self.prefix + encode(self._digest(body, key), self.encoding)}

    def _given(self, headers: Mapping[str, str]) -> bytes:
        value = headers.get(self.header.lower())
        if value is None:
            raise InvalidSignature(f"there is no {self.header} header")
        try:
            if value.startswith(self.prefix):
                return decode(value.removeprefix(self.prefix), self.encoding)
        except ValueError:
            pass
        raise InvalidSignature(f"the {self.header} header is malformed")

    def _digest(self, body: bytes, key: str) -> bytes:
        return hmac.digest(key.encode(), body, self.digest)


def _one_of(argument: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise DefinitionError(
            f"{argument}={value!r} is not known", next_step=f"Use one of: {', '.join(known)}."
        )
