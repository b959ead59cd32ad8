"""Typed use of the whole surface; tests/house/test_typing.py has mypy read it."""

from __future__ import annotations

from datetime import datetime
from typing import assert_type

from pydantic import BaseModel, SecretStr

import cellwire as cw


class Server(cw.Credentials):
    url: str
    pin: SecretStr


github = cw.Integration(
    "github",
    description="Issues of one repository",
    base_url="{url}/api",
    credentials=Server,
    auth=cw.auth.OAuth2(
        authorization_endpoint="{url}/authorize", token_endpoint="{url}/token", scopes=["repo"]
    ),
    headers={"Accept": "application/json"},
    hosts=["uploads.example.org"],
    pagination=cw.pagination.NextUrl(at="links.next.href"),
    webhooks=cw.signatures.HMAC(header="X-Hub-Signature-256"),
    check="/user#login",
)


class Issue(BaseModel):
    number: int
    title: str


class IssueEvent(BaseModel):
    action: str
    issue: Issue


class GitHub(cw.Client, integration=github):
    def issues(self, *, per_page: int = 100) -> cw.Pages[Issue]:
        return self.paginate("/issues", params={"per_page": per_page}, into=Issue)

    def issue(self, number: int) -> Issue:
        return self.get(f"/issues/{number}", into=Issue)

    def open_issue(self, title: str) -> Issue:
        return self.post("/issues", json={"title": title}, at="issue", into=Issue)


@github.on("issues.opened")
def triage(event: cw.Event[IssueEvent]) -> None:
    assert_type(event.data, IssueEvent)
    assert_type(event.data.issue.number, int)
    assert_type(event.delivery, cw.Delivery)


def work() -> None:
    github.connect("work")
    gh = GitHub("work")
    with github.cassette("issues") as seen:
        assert_type(seen, cw.Cassette)
        first = gh.issues().first(3)
    assert_type(first, list[Issue])
    assert_type(seen.sent, list[str])
    assert_type(seen.recorded_at, datetime)
    for issue in gh.issues():
        assert_type(issue, Issue)
    assert_type(gh.open_issue("It is broken").title, str)

    api = github.client(timeout=5.0, max_retries=0)
    assert_type(api, cw.Client)
    answer = api.get("/user", raise_for_status=False)
    assert_type(answer, cw.Response)
    assert_type(answer.status_code, int)
    assert_type(api.get("/numbers", into=list[int]), list[int])

    try:
        api.delete("/issues/1")
    except cw.errors.RateLimited as error:
        assert_type(error.retry_after, float | None)
    except cw.ApiError as error:
        assert_type(error.status_code, int)
    except (cw.NotConnected, cw.NotRecorded) as error:
        assert_type(error.next_step, str | None)

    assert_type(cw.now(), datetime)
