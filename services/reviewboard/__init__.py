"""Review Board 8.1 on loopback: installed, seeded, running, and gone again.

    with running(root, redirect_uri="http://127.0.0.1:8765/callback", hook_url=...) as board:
        board.url, board.client_id, board.client_secret, board.username, board.password

What was measured on the running server (8.1, SQLite, waitress, Python 3.11):

Seed. Every run starts from the same copy: `ada` (user 2, signs in, owns review requests 1 to 5, all
published, no repository), `grace` (user 3, a reviewer to name in `target_people`), `admin` (user
1), OAuth application 1, webhook 1. The next review request is number 6, the first review number 1.

Scopes are spelled with underscores and made from resource names: `root:read user:read session:read
review_request:read review_request:write review_request_draft:read review_request_draft:write
review:read review:write`. An unknown one comes back to the redirect URI as `error=invalid_scope`. A
token without a needed one meets 403, err.code 112 (`auth-oauth2-missing-scope`).

OAuth 2. `/oauth2/authorize/` and `/oauth2/token/`; there is no revocation endpoint and no `iss`.
The client authenticates by Basic or in the body. Tokens last 36000 s and are rotated: a refresh
makes the old access token invalid, and a used refresh token is `invalid_grant` (the new pair lives
on). Wrong client secret or unknown client: 401 `{"error": "invalid_client"}` with `WWW-Authenticate:
Bearer error="invalid_client"`. Wrong verifier or used code: 400 `{"error": "invalid_grant"}`. Other
redirect URI at the token endpoint: 400 `invalid_request`, "Mismatching redirect URI.". Cancel on the
consent page: `?error=access_denied&state=...` at the callback. Unregistered redirect URI or unknown
client at the authorization endpoint: a 400 page of the provider's own, and no redirect.

API. JSON under `application/vnd.reviewboard.org.*+json`, `{"stat": "ok", ...}`, dates in UTC. Every
signed-in answer sets a session cookie, `rbsessionid`. Errors are `{"stat": "fail", "err": {"code",
"msg", "type"}}`: 401 code 103 (not signed in) or 104 (bad token), each with `WWW-Authenticate:
Basic`; 404 code 100; publishing a draft without a reviewer is a 500, code 225. Unknown form fields
are ignored. Anonymous reading is allowed.

Paging. `?max-results=2`: `total_results`, and `links.next.href` (absolute, built from the Host
header, with `start=2` and all other parameters kept) until the last page, which has none; `prev`
from the second page on. `only-fields=id,summary` and `only-links=` (none) or `only-links=self`
shrink the items, from 5.1 kB to 0.8 kB for two, but keep three `*_text_type` fields; the paging
links stay.

Rate limit. 20 calls in 10 s for each person, counted over all of that person's tokens; the 21st
answers 429 with `Retry-After: 4` (whole seconds to the end of the window), `X-RateLimit-Limit: 20`
and err.code 114. Reset or remaining counts are not sent. Anonymous calls have a limit of their own.

Writing. `POST /api/review-requests/` (201, empty draft), `PUT .../6/draft/` with `summary`,
`description`, `target_people=grace`, then `PUT .../6/draft/` with `public=1` (all in one call works
too), `POST .../6/reviews/` with `body_top`, `ship_it`, `public=1` (201).

Webhook. `review_request_published` is delivered while the publishing call is still waiting, once,
without a retry: `POST`, `Content-Type: application/json`, `User-Agent: ReviewBoard-WebHook/8.1`,
`X-ReviewBoard-Event: review_request_published` (its event type), `X-Hub-Signature: sha1=<hex HMAC
of the raw body>`. There is no delivery id and no time. Top-level keys: `event`, `is_new`,
`review_request`, and `change` when it is published again (`is_new` false).
"""

from services.reviewboard.board import Board, prepare, running
from services.reviewboard.environment import CannotInstallError

__all__ = ["Board", "CannotInstallError", "prepare", "running"]
