"""Review Board: what it tells us, and what we do about it."""

from __future__ import annotations

from integrations.reviewboard.client import ReviewBoard
from integrations.reviewboard.config import reviewboard
from pydantic import BaseModel

import cellwire as cw


class PublishedRequest(BaseModel):
    """The review request that was published."""

    id: int
    summary: str


class Published(BaseModel):
    """Payload of `review_request_published`."""

    review_request: PublishedRequest


@reviewboard.on("review_request_published")
def welcome(event: cw.Event[Published]) -> None:
    """Say that somebody is looking at it."""
    ReviewBoard(event.delivery.connection).comment(
        event.data.review_request.id, "Thank you, I am on it."
    )
