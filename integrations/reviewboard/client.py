"""Review Board: the calls, typed."""

from __future__ import annotations

from integrations.reviewboard.config import reviewboard
from pydantic import BaseModel

import cellwire as cw


class ReviewRequest(BaseModel):
    """One request to review a change."""

    id: int
    summary: str
    status: str | None


class ReviewBoard(cw.Client, integration=reviewboard):
    """Reviews of one server."""

    def review_requests(self, *, per_page: int = 25) -> cw.Pages[ReviewRequest]:
        """Give every review request that is open, newest first."""
        params = {"max-results": per_page, "only-fields": "id,summary,status", "only-links": ""}
        return self.paginate(
            "/review-requests/", params=params, at="review_requests", into=ReviewRequest
        )

    def review_request(self, number: int) -> ReviewRequest:
        """Give one review request."""
        params = {"only-fields": "id,summary,status", "only-links": ""}
        return self.get(
            f"/review-requests/{number}/", params=params, at="review_request", into=ReviewRequest
        )

    def publish(self, summary: str, description: str, *, to: str) -> ReviewRequest:
        """Open a review request and publish it to a reviewer."""
        draft = self.post("/review-requests/", at="review_request", into=ReviewRequest)
        fields = {
            "summary": summary,
            "description": description,
            "target_people": to,
            "public": "1",
        }
        self.put(f"/review-requests/{draft.id}/draft/", data=fields)
        return self.review_request(draft.id)

    def comment(self, number: int, text: str) -> None:
        """Answer a review request with a published review."""
        self.post(f"/review-requests/{number}/reviews/", data={"body_top": text, "public": "1"})
