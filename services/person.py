"""The person's clicks, played over the same pages a browser would show.

`connect` opens a Connect link, follows it to the provider, fills in the sign-in form, presses
Authorize or Cancel on the consent page, and follows the answer back to the callback.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin

APPROVE = "allow"
"""The name of the button that approves, on a consent page of Django OAuth Toolkit."""

PAGES = 8
"""How many pages a person looks at before giving up."""


class PersonError(RuntimeError):
    """The pages did not lead where a person would have gone."""


@dataclass
class Form:
    """A form of a page: where it goes, and what it would send as it stands."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)
    password_field: str = ""


@dataclass(frozen=True)
class Page:
    """A page as it arrived."""

    status: int
    url: str
    html: str

    @property
    def text(self) -> str:
        """What a person reads on it."""
        return _read(self.html).text

    @property
    def forms(self) -> list[Form]:
        """Its forms, in order."""
        return _read(self.html).forms


class _Reader(HTMLParser):
    """Collects the forms and the visible text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._words: list[str] = []
        self._hidden = ""

    @property
    def text(self) -> str:
        return " ".join(self._words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(values.get("action", ""), values.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag in ("input", "button") and self._form is not None:
            _add_control(self._form, tag, values)
        elif tag in ("script", "style"):
            self._hidden = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == self._hidden:
            self._hidden = ""

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._words.extend(data.split())


def _add_control(form: Form, tag: str, values: dict[str, str]) -> None:
    name = values.get("name", "")
    kind = values.get("type", "submit" if tag == "button" else "text").lower()
    if kind == "submit":
        form.buttons[name] = values.get("value", "")
    elif name and (kind not in ("checkbox", "radio") or "checked" in values):
        form.fields[name] = values.get("value", "")
    if kind == "password":
        form.password_field = name


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


class Person:
    """Somebody with a browser, and the cookies in it."""

    def __init__(self, username: str, password: str, *, timeout: float = 60.0) -> None:
        self.username = username
        self._password = password
        self._timeout = timeout
        # Cookies ignore ports, as in a browser, so the two programs on 127.0.0.1 share this jar.
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies),
            urllib.request.ProxyHandler({}),
        )

    def open(self, url: str) -> Page:
        """The page at the end of the redirects, whatever its status."""
        return self._load(urllib.request.Request(url))

    def submit(self, page: Page, form: Form, filled: dict[str, str]) -> Page:
        """The page that the form leads to, once filled in and sent."""
        body = urlencode(form.fields | filled)
        target = urljoin(page.url, form.action)
        if form.method != "post":
            return self.open(f"{target}?{body}")
        return self._load(urllib.request.Request(target, body.encode()))

    def connect(self, link: str, *, approve: bool = True) -> Page:
        """The page at the end of a Connect link: sign in, then approve or cancel."""
        page = self.open(link)
        signed_in = False
        for _ in range(PAGES):
            if form := _login_form(page):
                if signed_in:
                    raise PersonError(f"{self.username} could not sign in: wrong password?")
                signed_in = True
                page = self.submit(page, form, self._credentials(form))
            elif form := _consent_form(page):
                pressed = {APPROVE: form.buttons[APPROVE]} if approve else {}
                page = self.submit(page, form, pressed)
            else:
                return page
        raise PersonError(f"still not back after {PAGES} pages, at {page.url.partition('?')[0]}")

    def _credentials(self, form: Form) -> dict[str, str]:
        names = [name for name in form.fields if "user" in name.lower() or "email" in name.lower()]
        if not names:
            raise PersonError("the sign-in form has no field for a name")
        return {names[0]: self.username, form.password_field: self._password}

    def _load(self, request: urllib.request.Request) -> Page:
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return Page(answer.status, answer.url, answer.read().decode("utf-8", "replace"))
        except urllib.error.HTTPError as error:
            with error:
                return Page(error.code, error.url, error.read().decode("utf-8", "replace"))


def connect(link: str, username: str, password: str, *, approve: bool = True) -> Page:
    """The page a new person ends at after signing in and approving, or cancelling."""
    return Person(username, password).connect(link, approve=approve)


def _login_form(page: Page) -> Form | None:
    return next((form for form in page.forms if form.password_field), None)


def _consent_form(page: Page) -> Form | None:
    return next((form for form in page.forms if APPROVE in form.buttons), None)
