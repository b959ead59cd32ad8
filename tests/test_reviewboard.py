"""The Review Board integration against what was recorded from a real server. Runs offline."""

from __future__ import annotations

import pytest
from integrations.reviewboard import ReviewBoard, ReviewRequest, reviewboard

import cellwire as cw

FIELDS = "only-fields=id%2Csummary%2Cstatus&only-links="


def test_review_requests_come_from_every_page() -> None:
    with reviewboard.cassette("review_requests") as seen:
        pages = ReviewBoard().review_requests(per_page=2)
        requests = list(pages)
    assert [r.id for r in requests] == [5, 4, 3, 2, 1]
    assert pages.response["total_results"] == 5
    assert seen.sent == [
        f"GET /api/review-requests/?max-results=2&{FIELDS}",
        f"GET /api/review-requests/?start=2&max-results=2&{FIELDS}",
        f"GET /api/review-requests/?start=4&max-results=2&{FIELDS}",
    ]


def test_a_review_request_is_typed() -> None:
    with reviewboard.cassette("review_requests"):
        first = ReviewBoard().review_requests(per_page=2).first(1)[0]
    assert isinstance(first, ReviewRequest)
    assert first.model_dump(mode="json") == {
        "id": 5,
        "summary": "Drop the old map page",
        "status": "pending",
    }


def test_a_review_request_that_is_not_there_raises_not_found() -> None:
    with (
        reviewboard.cassette("missing_review_request"),
        pytest.raises(cw.errors.NotFound) as caught,
    ):
        ReviewBoard().review_request(4040)
    assert caught.value.status_code == 404
    assert caught.value.service_message == "Object does not exist"


def test_a_call_beyond_the_limit_is_refused_and_a_patient_client_gets_its_answer() -> None:
    impatient = reviewboard.client(max_retries=0)
    with reviewboard.cassette("too_many_calls") as seen:
        with pytest.raises(cw.errors.RateLimited) as caught:
            for _ in range(40):
                impatient.get("/users/", params={"counts-only": 1})
        count = reviewboard.client().get("/users/", params={"counts-only": 1})["count"]
    assert caught.value.retry_after is not None
    assert count == 3
    assert set(seen.sent) == {"GET /api/users/?counts-only=1"}


def test_a_published_review_request_is_welcomed_with_a_comment() -> None:
    with reviewboard.cassette("publish_and_welcome") as seen:
        ReviewBoard().publish(
            "Teach the parser about tabs", "It stumbles over mixed indentation.", to="grace"
        )
        event = reviewboard.receive("review_request_published")
    assert event.data["review_request"]["summary"] == "Teach the parser about tabs"
    assert seen.sent[-2:] == [
        "<- review_request_published",
        "POST /api/review-requests/6/reviews/ body_top=Thank+you%2C+I+am+on+it.&public=1",
    ]
