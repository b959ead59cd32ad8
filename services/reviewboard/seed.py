"""What every fresh Review Board holds: two people and five published review requests."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from services.reviewboard.api import Account, call, post


class Request(NamedTuple):
    """One review request, in the words of its author."""

    summary: str
    description: str
    branch: str
    testing_done: str


REVIEWER = "grace"

REQUESTS = (
    Request(
        "Cache the tide tables",
        "The tables change once a year; reading them for every request was the slowest part.",
        "main",
        "The answer for a busy harbour fell from 180 ms to 12 ms.",
    ),
    Request(
        "Say which harbour was not found",
        "A wrong harbour code gave an empty page. It is now an error that repeats the code.",
        "main",
        "New test with an unknown code.",
    ),
    Request(
        "Round water levels to centimetres",
        "Millimetres promised a precision that the gauges do not have.",
        "main",
        "Compared a week of levels by eye.",
    ),
    Request(
        "Read gauge messages with a comma as decimal mark",
        "Two gauges write 1,27 where the others write 1.27.",
        "release-2",
        "Added both spellings to the samples.",
    ),
    Request(
        "Drop the old map page",
        "Nobody has opened it since the new one was linked from the start page.",
        "release-2",
        "Looked for remaining links to it.",
    ),
)


def seed(url: str, admin: Account, ada: Account, reviewer: Account) -> None:
    """Create the people and publish the review requests through the web API."""
    for account, first, last in ((ada, "Ada", "Reed"), (reviewer, "Grace", "Moor")):
        person = {
            "username": account.username,
            "password": account.password,
            "email": f"{account.username}@example.com",
            "first_name": first,
            "last_name": last,
        }
        post(url, "users/", person, admin)
    for request in REQUESTS:
        created = post(url, "review-requests/", {}, ada)["review_request"]["id"]
        draft = request._asdict() | {"target_people": REVIEWER, "public": "1"}
        call("PUT", url, f"review-requests/{created}/draft/", draft, ada)


def settle(database: Path) -> None:
    """Give the review requests fixed times, an hour apart, and forget the seeding's sessions."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for number in range(1, len(REQUESTS) + 1):
            when = f"2026-03-02 {8 + number:02}:00:00"
            connection.execute(
                "UPDATE reviews_reviewrequest SET time_added = ?, last_updated = ? WHERE id = ?",
                (when, when, number),
            )
        connection.execute("DELETE FROM django_session")
