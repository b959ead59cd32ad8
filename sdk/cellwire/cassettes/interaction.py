"""One request and its response, as plain data; bodies are decoded bytes.

A webhook delivery is an interaction too: the request is what the service sent to us, addressed
to `http://receiver.test/hooks/<integration>`, the response our acknowledgement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

# Repeated names are kept, in order, as HTTP has them (RFC 9110, section 5.2).
HeaderList: TypeAlias = tuple[tuple[str, str], ...]

RECEIVER = "http://receiver.test"


@dataclass(frozen=True, slots=True)
class Interaction:
    """One exchange of messages.

    Attributes:
        method: HTTP method, upper case.
        uri: Absolute URL.
        request_headers: Names as sent.
        request_body: Bytes as sent.
        status: Status code.
        reason: Reason phrase.
        response_headers: Without content-encoding and transfer-encoding: the body is decoded.
        response_body: Decoded bytes.
    """

    method: str
    uri: str
    status: int
    reason: str = ""
    request_headers: HeaderList = field(default=(), repr=False)
    request_body: bytes = field(default=b"", repr=False)
    response_headers: HeaderList = field(default=(), repr=False)
    response_body: bytes = field(default=b"", repr=False)

    @property
    def inbound(self) -> bool:
        """Whether the service called us: a delivery."""
        return self.uri.startswith(RECEIVER + "/")
