"""The form for a credential: a page of this computer, so no secret ever enters the notebook.

A password widget would not do: its value is a trait, synced over the comm and written into
`metadata.widgets` by whoever stores widget state, and clearing it on submit comes too late. A
prompt through the kernel's input channel shows one field at a time and leaves dots in the saved
output. So the notebook shows a plain link to a page on 127.0.0.1, and the values travel from the
browser to this process alone. The page is guarded as the sign-in is: exact Host, an unguessable
address, a cookie of this form and a token in it, the browser's Origin, ten minutes, once.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from hmac import compare_digest
from html import escape

from cellwire.background import Background
from cellwire.credentials import Field
from cellwire.errors import Error
from cellwire.oauth.callback import LIFETIME
from cellwire.oauth.listener import Listener
from cellwire.oauth.pages import Page, Visit, notice, page
from cellwire.screens import Form, Submit

_TOKEN = "_token"


class FormDoor:
    """Serves one form until it was submitted well, or ten minutes have passed.

    Args:
        form: What to ask.
        submit: Takes the answers; an error it raises is shown above the form.
        background: Runs the listener.
        timer: Monotonic seconds.
    """

    def __init__(
        self,
        form: Form,
        submit: Submit,
        background: Background,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._form, self._submit, self._timer = form, submit, timer
        self._path = f"/form/{secrets.token_urlsafe(32)}"
        self._token, self._cookie = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._cookie_name = f"cellwire-{secrets.token_hex(8)}"
        self._until = timer() + LIFETIME
        self._done = threading.Event()
        self._listener = Listener(background)
        self._listener.serve(self.answer)
        background.submit(self._end)

    @property
    def link(self) -> str:
        """Where the person fills it in."""
        return self._listener.origin + self._path

    def _end(self) -> None:
        """Free the port after use; twice the form's life: who is late meets a page that says so."""
        self._done.wait(2 * LIFETIME)
        self._listener.close()

    def answer(self, visit: Visit) -> Page:
        """Answer one request."""
        if f"http://{visit.host}" != self._listener.origin:
            return notice("Wrong address", "This page is only for the link in your notebook.", 421)
        if not compare_digest(visit.path.encode(), self._path.encode()):
            return notice("Nothing here", "There is no such page.", 404)
        if self._timer() >= self._until:
            return notice(
                "Expired", "This form was good for ten minutes.", 410, more="Run connect() again."
            )
        if visit.method == "POST":
            return self._posted(visit)
        cookie = f"{self._cookie_name}={self._cookie}; HttpOnly; SameSite=Strict; Path=/form"
        return self._drawn(self._form.values).having(("Set-Cookie", cookie))

    def _posted(self, visit: Visit) -> Page:
        held = (visit.cookies.get(self._cookie_name, ""), visit.form.get(_TOKEN, ""))
        ours = (self._cookie, self._token)
        pairs = zip(held, ours, strict=True)
        fits = all(compare_digest(one.encode(), other.encode()) for one, other in pairs)
        if not fits or visit.origin not in (None, self._listener.origin):
            text = "This was not sent from the form in this browser."
            return notice("Not taken", text, 403, more="Go back to the notebook and click again.")
        values = {f.name: visit.form.get(f.name, "").strip() for f in self._form.fields}
        try:
            going_on = self._submit(values)
        except Error as error:
            return self._drawn(self._visible(values), str(error))
        self._done.set()
        return _thanks(self._form.title, going_on)

    def _visible(self, values: Mapping[str, str]) -> dict[str, str]:
        return {f.name: values[f.name] for f in self._form.fields if not f.secret}

    def _drawn(self, values: Mapping[str, str], problem: str = "") -> Page:
        form, title = self._form, f"Connect {self._form.title}"
        rows = "\n".join(
            _row(f, values.get(f.name, ""), kept=f.name in form.kept) for f in form.fields
        )
        alert = f'<p role="alert">{escape(problem)}</p>' if problem else ""
        where = f"<p><small>Kept in {escape(form.place)}.</small></p>" if form.place else ""
        body = (
            f"<h1>{escape(title)}</h1>{where}{alert}\n"
            f'<form method="post" autocomplete="off">'
            f'<input type="hidden" name="{_TOKEN}" value="{self._token}">\n{rows}\n'
            f'<button type="submit">Connect</button></form>'
        )
        # Under no-referrer a browser would send its form with `Origin: null`.
        return page(title, body, 422 if problem else 200, referrer="same-origin")


def _row(one: Field, value: str, *, kept: bool) -> str:
    name = escape(one.name, quote=True)
    kind = "password" if one.secret else "text"
    required = "" if kept or not one.required else " required"
    hint = " ".join(filter(None, (one.help, "Left empty, it stays as it is." if kept else "")))
    shown = "" if one.secret else escape(value or one.default or "", quote=True)
    return (
        f'<label for="{name}">{escape(one.name.replace("_", " "))}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" value="{shown}"{required} '
        f'autocomplete="off" spellcheck="false"><small>{escape(hint)}</small>'
    )


def _thanks(title: str, going_on: str | None) -> Page:
    if going_on is None:
        text = f"Connected to {title}. You can close this tab and go back to the notebook."
        return notice(f"Connected to {title}", text, 200)
    # Not a redirect: form-action would forbid one that leads to another site in the end.
    link = escape(going_on, quote=True)
    body = (
        f'<meta http-equiv="refresh" content="0; url={link}">'
        f'<h1>Saved</h1><p>Going on to {escape(title)} ... <a href="{link}">Go on</a></p>'
    )
    return page(f"Connect {title}", body)
