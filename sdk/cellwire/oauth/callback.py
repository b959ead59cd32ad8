"""The doorway: the browser's half of a sign-in, as pages of plain data. It opens no socket.

The link in the notebook leads to the start hop, so that neither `state` nor the authorization URL
ever stands in a notebook. Each click gets a state, a code verifier and a cookie of its own; the
answer counts once, within ten minutes, and only from the browser that clicked.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest

from cellwire.errors import ConnectError
from cellwire.oauth.pages import Page, Visit, notice
from cellwire.oauth.protocol import authorization_request, parse_callback
from cellwire.oauth.spec import Ask, Grant

LIFETIME = 600.0
CALLBACK = "/callback"
_MOST_CLICKS = 50


@dataclass(frozen=True)
class Arrival:
    """A person came back from the service: with a grant, or with the reason why not."""

    grant: Grant | None = None
    error: ConnectError | None = None


@dataclass(frozen=True)
class _Click:
    state: str = field(repr=False)
    code_verifier: str = field(repr=False)
    cookie: str = field(repr=False)
    until: float


class Doorway:
    """Start hop and callback of one sign-in.

    Args:
        ask: What is asked of the service; its redirect URI is the callback of this doorway.
        title: Name of the connection, for people.
        origin: `http://127.0.0.1:<port>` as the browser sees it.
        learn: Learns each state, verifier and code before it is used: `Known.teach`.
        clicked: Told of each click on the link.
        timer: Monotonic seconds.
    """

    def __init__(  # noqa: PLR0913 - each is one fact of the sign-in
        self,
        ask: Ask,
        *,
        title: str,
        origin: str,
        learn: Callable[[str, str], object],
        clicked: Callable[[], object] = lambda: None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask, self._title, self._origin = ask, title, origin
        self._learn, self._clicked, self._timer = learn, clicked, timer
        self._lock = threading.Lock()
        self._clicks: dict[str, _Click] = {}
        # Cookies ignore ports: two sign-ins at once must not share a name.
        self._cookie_name = f"cellwire-{secrets.token_hex(8)}"
        self._nonce = secrets.token_urlsafe(32)
        self._until = timer() + LIFETIME

    @property
    def link(self) -> str:
        """Where the person goes: the start hop."""
        return f"{self._origin}/start/{self._nonce}"

    def answer(self, visit: Visit) -> tuple[Page, Arrival | None]:
        """Answer one request; an arrival comes with the page to show if it went well."""
        if f"http://{visit.host}" != self._origin:
            return notice(
                "Wrong address", "This page is only for the link in your notebook.", 421
            ), None
        if visit.method not in ("GET", "HEAD"):
            return notice("Not allowed", "This page can only be opened.", 405), None
        if visit.path.startswith("/start/"):
            return self.start(visit.path.removeprefix("/start/"), visit.method), None
        if visit.path == CALLBACK and visit.method == "GET":
            return self.arrive(visit.query, visit.cookies)
        return notice("Nothing here", "There is no such page.", 404), None

    def start(self, nonce: str, method: str = "GET") -> Page:
        """Send the browser on to the service, bound by a cookie to what it brings back."""
        if not compare_digest(nonce.encode(), self._nonce.encode()):
            return notice("Nothing here", "There is no such page.", 404)
        if self._timer() >= self._until:
            return self._stale()
        if method == "HEAD":
            return notice(self._title, "The link is good.", 200)
        click = self._new_click()
        url = authorization_request(self._ask, state=click.state, code_verifier=click.code_verifier)
        self._clicked()
        cookie = f"{self._cookie_name}={click.cookie}; HttpOnly; SameSite=Lax; Path=/"
        return notice(self._title, "Going on to the service.", 302).having(
            ("Location", url), ("Set-Cookie", cookie)
        )

    def arrive(
        self, params: Mapping[str, str], cookies: Mapping[str, str]
    ) -> tuple[Page, Arrival | None]:
        """Judge what a browser brought back.

        Nothing but the true answer to a click becomes an arrival: a stranger's request cannot
        end a sign-in.
        """
        click = self._take(params.get("state", ""), cookies.get(self._cookie_name, ""))
        if click is None:
            return self._foreign(), None
        if self._timer() >= click.until:
            return self._stale(), None
        if code := params.get("code"):
            self._learn(code, "authorization_code")
        try:
            grant = parse_callback(self._ask, params, code_verifier=click.code_verifier)
        except ConnectError as error:
            return self.outcome(error), Arrival(error=error)
        return self.outcome(None), Arrival(grant)

    def outcome(self, error: ConnectError | None) -> Page:
        """Give the page that tells the person how it ended."""
        if error is None:
            text = (
                f"Connected to {self._title}. You can close this tab and go back to the notebook."
            )
            return notice(f"Connected to {self._title}", text, 200)
        return notice(
            f"Not connected to {self._title}",
            f"{error.message}.",
            400,
            more=error.next_step or "Close this tab and go back to the notebook.",
        )

    def _new_click(self) -> _Click:
        click = _Click(
            state=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(48),
            cookie=secrets.token_urlsafe(32),
            until=self._timer() + LIFETIME,
        )
        for kind in ("state", "code_verifier", "cookie"):
            self._learn(getattr(click, kind), kind)
        with self._lock:
            while len(self._clicks) >= _MOST_CLICKS:
                del self._clicks[next(iter(self._clicks))]
            self._clicks[click.state] = click
        return click

    def _take(self, state: str, cookie: str) -> _Click | None:
        """Take the click this state belongs to, if this browser made it; it counts once."""
        with self._lock:
            # Every one is compared, in constant time: how long it takes tells nothing.
            fits = [c for c in self._clicks.values() if _same(c.state, state)]
            if not fits or not _same(fits[0].cookie, cookie):
                return None
            return self._clicks.pop(fits[0].state)

    def _foreign(self) -> Page:
        return notice(
            f"Not connected to {self._title}",
            "This answer does not belong to the link you clicked (state mismatch), or it was used "
            "before.",
            400,
            more="Go back to the notebook and click the link again, in this browser.",
        )

    def _stale(self) -> Page:
        return notice(
            f"Not connected to {self._title}",
            "The link has expired: it is good for ten minutes.",
            410,
            more="Go back to the notebook and run connect() again.",
        )


def _same(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())
