"""The browser's half of a sign-in, as pages of plain data."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from cellwire.oauth.callback import LIFETIME, Doorway
from cellwire.oauth.pages import Page, Visit
from cellwire.oauth.spec import Ask, Client, Server

ORIGIN = "http://127.0.0.1:4321"
HOST = "127.0.0.1:4321"


class Setting:
    def __init__(self, issuer: str | None = None) -> None:
        server = Server("https://as.test/authorize", "https://as.test/token", None, issuer)
        self.ask = Ask(server, Client("an-id"), ORIGIN + "/callback", ("read",))
        self.seconds = 0.0
        self.learned: list[tuple[str, str]] = []
        self.clicks = 0
        self.door = Doorway(
            self.ask,
            title="board",
            origin=ORIGIN,
            learn=lambda value, kind: self.learned.append((value, kind)),
            clicked=self.click,
            timer=lambda: self.seconds,
        )

    def click(self) -> None:
        self.clicks += 1

    def start(self) -> tuple[str, dict[str, str]]:
        """Click; gives the state and the browser's cookies."""
        page = self.door.start(self.door.link.rpartition("/")[2])
        headers = dict(page.headers)
        state = parse_qs(urlsplit(headers["Location"]).query)["state"][0]
        name, _, value = headers["Set-Cookie"].partition(";")[0].partition("=")
        return state, {name: value}

    def visit(self, path: str, **more: object) -> Page:
        return self.door.answer(Visit("GET", HOST, path, **more))[0]


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_each_click_has_its_own_state_challenge_and_cookie(setting: Setting) -> None:
    pages = [setting.door.start(setting.door.link.rpartition("/")[2]) for _ in range(2)]
    first, second = (dict(page.headers) for page in pages)
    one, other = (parse_qs(urlsplit(h["Location"]).query) for h in (first, second))
    assert one["state"] != other["state"]
    assert one["code_challenge"] != other["code_challenge"]
    assert first["Set-Cookie"] != second["Set-Cookie"]
    assert len(one["state"][0]) >= 43
    assert setting.clicks == 2


def test_two_sign_ins_do_not_share_a_cookie_name(setting: Setting) -> None:
    assert set(setting.start()[1]).isdisjoint(Setting().start()[1])


def test_the_true_answer_arrives_once(setting: Setting) -> None:
    state, cookies = setting.start()
    params = {"state": state, "code": "not-a-real-code"}
    page, arrival = setting.door.arrive(params, cookies)
    assert page.status == 200
    assert arrival.grant.code == "not-a-real-code"
    assert "not-a-real-code" not in repr(arrival)
    page, arrival = setting.door.arrive(params, cookies)
    assert (page.status, arrival) == (400, None)
    assert b"state mismatch" in page.body


def test_state_verifier_cookie_and_code_are_learned_before_use(setting: Setting) -> None:
    state, cookies = setting.start()
    setting.door.arrive({"state": state, "code": "not-a-real-code"}, cookies)
    kinds = [kind for _, kind in setting.learned]
    assert kinds == ["state", "code_verifier", "cookie", "authorization_code"]
    assert state in [value for value, _ in setting.learned]


@pytest.mark.parametrize("state", ["", "another", "\u00fc"])
def test_a_wrong_state_does_not_arrive(setting: Setting, state: str) -> None:
    _, cookies = setting.start()
    page, arrival = setting.door.arrive({"state": state, "code": "c"}, cookies)
    assert (page.status, arrival) == (400, None)


def test_another_browser_does_not_arrive_and_does_not_use_the_state_up(setting: Setting) -> None:
    state, cookies = setting.start()
    for others in ({}, dict.fromkeys(cookies, "another")):
        assert setting.door.arrive({"state": state, "code": "c"}, others)[1] is None
    assert setting.door.arrive({"state": state, "code": "c"}, cookies)[1] is not None


def test_a_denial_arrives_as_an_error_never_as_a_grant(setting: Setting) -> None:
    state, cookies = setting.start()
    params = {"state": state, "error": "access_denied", "code": "c"}
    page, arrival = setting.door.arrive(params, cookies)
    assert (arrival.grant, arrival.error.code, page.status) == (None, "access_denied", 400)


def test_a_forged_issuer_arrives_as_an_error() -> None:
    for issuer in ("https://evil.test", None):
        setting = Setting(issuer="https://as.test")
        state, cookies = setting.start()
        params = {"state": state, "code": "c", **({"iss": issuer} if issuer else {})}
        arrival = setting.door.arrive(params, cookies)[1]
        assert arrival.error.code == "issuer_mismatch"
    setting = Setting(issuer="https://as.test")
    state, cookies = setting.start()
    params = {"state": state, "code": "c", "iss": "https://as.test"}
    assert setting.door.arrive(params, cookies)[1].grant is not None


def test_link_and_answer_expire_after_ten_minutes(setting: Setting) -> None:
    state, cookies = setting.start()
    setting.seconds = LIFETIME
    page, arrival = setting.door.arrive({"state": state, "code": "c"}, cookies)
    assert (page.status, arrival) == (410, None)
    assert b"run connect() again" in page.body
    assert setting.door.start(setting.door.link.rpartition("/")[2]).status == 410


def test_an_unknown_nonce_is_not_found_and_leads_nowhere(setting: Setting) -> None:
    page = setting.visit("/start/another")
    assert page.status == 404
    assert "Location" not in dict(page.headers)
    assert setting.visit("/").status == 404


@pytest.mark.parametrize("host", ["evil.test:4321", "localhost:4321", "127.0.0.1", "", HOST + "."])
def test_another_host_is_misdirected(setting: Setting, host: str) -> None:
    path = urlsplit(setting.door.link).path
    page, arrival = setting.door.answer(Visit("GET", host, path))
    assert (page.status, arrival, setting.clicks) == (421, None, 0)


def test_only_opening_is_allowed(setting: Setting) -> None:
    path = urlsplit(setting.door.link).path
    assert setting.door.answer(Visit("POST", HOST, path))[0].status == 405


def test_looking_at_the_link_is_no_click(setting: Setting) -> None:
    page, _ = setting.door.answer(Visit("HEAD", HOST, urlsplit(setting.door.link).path))
    assert (page.status, setting.clicks) == (200, 0)


def test_looking_at_the_callback_uses_nothing_up(setting: Setting) -> None:
    state, cookies = setting.start()
    query = {"state": state, "code": "c"}
    assert setting.door.answer(Visit("HEAD", HOST, "/callback", query, cookies))[1] is None
    assert setting.door.answer(Visit("GET", HOST, "/callback", query, cookies))[1] is not None


def test_what_the_service_says_is_escaped_and_shortened(setting: Setting) -> None:
    state, cookies = setting.start()
    said = "<script>alert(1)</script>" + "x" * 5000
    page, arrival = setting.door.arrive(
        {"state": state, "error": "<i>odd</i>", "error_description": said}, cookies
    )
    assert b"<script>" not in page.body
    assert b"<i>" not in page.body
    assert len(arrival.error.message) < 400


def test_pages_load_nothing_and_are_not_kept(setting: Setting) -> None:
    headers = dict(setting.visit("/").headers)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'nonce-")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_clicks_without_end_do_not_fill_the_memory(setting: Setting) -> None:
    old, cookies = setting.start()
    for _ in range(60):
        setting.start()
    assert setting.door.arrive({"state": old, "code": "c"}, cookies)[1] is None
