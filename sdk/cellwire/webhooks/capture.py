"""Deliveries into cassettes and out again, and test deliveries.

A captured delivery is redacted like everything else, and only then signed anew with the published
test key: so it verifies offline, and neither the real secret nor a real signature reaches a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from cellwire.cassettes.interaction import RECEIVER, Interaction
from cellwire.errors import DeliveryError, InvalidSignature
from cellwire.webhooks.delivery import Delivery, fold
from cellwire.webhooks.receiver import ACCEPTED, PATH, REFUSED, Answer, Message, Receiver
from cellwire.webhooks.signatures import TEST_KEY, Signature

# Of one hop (RFC 9110, section 7.6.1), of a proxy, or a credential: none says anything in a replay.
_DROPPED = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "forwarded",
        "host",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-real-ip",
    }
)
_PROXY = "x-forwarded-"


def to_interaction(
    delivery: Delivery, signature: Signature, answer: Answer = ACCEPTED
) -> Interaction:
    """Give a delivery as an interaction, without its signature: not yet redacted, so keep it off disk.

    Args:
        delivery: What arrived.
        signature: Whose headers are left out.
        answer: What it was acknowledged with.
    """
    return Interaction(
        method="POST",
        uri=f"{RECEIVER}{PATH}{delivery.integration}",
        request_headers=tuple(
            (name, value)
            for name, value in delivery.headers.items()
            if name not in _DROPPED | signature.signature_headers and not _revealing(name)
        ),
        request_body=delivery.body,
        status=answer.status,
        reason="OK",
        response_headers=(("content-type", "application/json"),),
        response_body=answer.body,
    )


def _revealing(name: str) -> bool:
    """Whether a header names a proxy, or holds a further signature made with the real secret."""
    return name.startswith(_PROXY) or "signature" in name or "hmac" in name


def resign(interaction: Interaction, signature: Signature, key: str = TEST_KEY) -> Interaction:
    """Sign an inbound interaction anew; any other is given back as it is.

    The recorder calls it after redaction: a signature made before would not fit any more.
    """
    if not interaction.inbound:
        return interaction
    kept = tuple(
        (name, value)
        for name, value in interaction.request_headers
        if name.lower() not in signature.signature_headers
    )
    signed = fold(signature.sign(fold(kept), interaction.request_body, key).items())
    return replace(interaction, request_headers=(*kept, *signed.items()))


def from_interaction(
    interaction: Interaction,
    signature: Signature,
    connection: str = "default",
    *,
    received_at: datetime,
) -> Delivery:
    """Give the delivery a cassette holds, once it is verified.

    Raises:
        InvalidSignature: The cassette was changed by hand, or signed with another key.
    """
    headers, body = fold(interaction.request_headers), interaction.request_body
    try:
        signature.verify(headers, body, [TEST_KEY])
    except InvalidSignature as error:
        raise InvalidSignature(
            f"the recorded delivery at {interaction.uri} does not verify: {error.message}",
            next_step="The cassette was changed by hand: record it again.",
        ) from None
    return Delivery(
        id=signature.delivery_id(headers, body),
        type=signature.event_type(headers, body),
        headers=headers,
        body=body,
        received_at=received_at,
        connection=connection,
        integration=interaction.uri.removeprefix(RECEIVER + PATH),
    )


def compose(
    signature: Signature, event_type: str, payload: Mapping[str, Any] | bytes, key: str
) -> tuple[dict[str, str], bytes]:
    """Give headers and body of a signed test delivery.

    Raises:
        DeliveryError: Neither a header nor the payload says that it is of that type.
    """
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = fold({"content-type": "application/json", **signature.announce(event_type)}.items())
    if (said := signature.event_type(headers, body)) != event_type:
        raise DeliveryError(
            f"the payload is of the event type {said!r}, not {event_type!r}",
            next_step="Give a payload that says its own type, as the provider's does.",
        )
    return headers | fold(signature.sign(headers, body, key).items()), body


def deliver(
    receiver: Receiver,
    integration: str,
    headers: Mapping[str, str],
    body: bytes,
    timeout: float = 60,
) -> Delivery:
    """Send a test delivery through the receiver, in this process, and wait for its handlers.

    It is handled even if its id is known, so that running a cell again tests again.

    Raises:
        InvalidSignature: The receiver refused the signature.
        DeliveryError: The receiver gave another answer, or the handlers took too long.
    """
    route = receiver.route(integration)
    if route is None:
        raise DeliveryError(f"the receiver takes no deliveries for {integration!r}")
    delivery_id = route.signature.delivery_id(headers, body)
    receiver.engine.forget(integration, delivery_id)
    answer = receiver.engine.background.run(_post(receiver, integration, headers, body))
    if (status := answer.result(timeout)) == REFUSED.status:
        raise InvalidSignature(
            "the receiver refused the signature of the test delivery",
            next_step="Sign with the connection's signing secret, or the test key when testing.",
        )
    if status != ACCEPTED.status:
        raise DeliveryError(f"the receiver answered the test delivery with {status}")
    return receiver.arrivals.settled(integration, delivery_id, timeout)


async def _post(
    receiver: Receiver, integration: str, headers: Mapping[str, str], body: bytes
) -> int:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": PATH + integration, "headers": raw}
    await receiver(scope, receive, send)
    status: int = sent[0]["status"]
    return status
