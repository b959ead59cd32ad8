"""Review Board: where it stands and how a request proves itself."""

from __future__ import annotations

from pydantic import Field

import cellwire as cw


class Server(cw.Credentials):
    """What is stored beside the OAuth client and its tokens."""

    url: str = Field(
        description="Where your Review Board answers, such as https://reviews.example.org"
    )


reviewboard = cw.Integration(
    "reviewboard",
    description="List, publish and answer code reviews",
    base_url="{url}/api",
    credentials=Server,
    auth=cw.auth.OAuth2(
        authorization_endpoint="{url}/oauth2/authorize/",
        token_endpoint="{url}/oauth2/token/",
        scopes=[
            "root:read",
            "session:read",
            "user:read",
            "review_request:read",
            "review_request:write",
            "review_request_draft:read",
            "review_request_draft:write",
            "review:read",
            "review:write",
        ],
        redirect_port=8765,
    ),
    headers={"Accept": "application/json"},
    pagination=cw.pagination.NextUrl(at="links.next.href"),
    webhooks=cw.signatures.HMAC(
        header="X-Hub-Signature",
        digest="sha1",
        prefix="sha1=",
        event_type="{header:X-ReviewBoard-Event}",
    ),
    check="/session/#session.links.user.title",
)
