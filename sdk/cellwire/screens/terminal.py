"""A person at a terminal: hidden prompts, a link, a line when it is done."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import ClassVar

from cellwire.credentials import Field
from cellwire.screens import Form, Screen, Submit, View, Watched

_SECONDS = 600.0


class Terminal(Screen):
    """Writes lines and prompts; a secret is never echoed."""

    name: ClassVar[str] = "terminal"

    def ask(self, form: Form, submit: Submit) -> None:
        """Prompt for each field, then submit."""
        _write(f"To connect {form.title}, these are needed (kept in {form.place or 'memory'}):")
        submit({one.name: _prompt(one, form) for one in form.fields})

    def show(self, view: View) -> None:
        """Write its line."""
        _write(view.text)

    def connection(self, watched: Watched) -> None:
        """Write how it stands; while the person has to go somewhere, wait for the return."""
        snapshot = watched.snapshot
        if snapshot.state == "waiting" and snapshot.link:
            _write(f"Open this link to connect {snapshot.title}:\n\n  {snapshot.link}\n")
            _open(snapshot.link)
            _write(snapshot.detail)
            _write("Waiting for you to come back (Ctrl-C stops) ...")
            snapshot = watched.settled(_SECONDS)
        who = f" as {snapshot.account}" if snapshot.account else ""
        _write(snapshot.text + who)


def _prompt(one: Field, form: Form) -> str:
    if one.help:
        _write(f"  {one.help}")
    if one.secret:
        hint = " (hidden; empty keeps the present one)" if one.name in form.kept else " (hidden)"
        return getpass(f"  {one.name}{hint}: ")
    known = form.values.get(one.name) or one.default
    return input(f"  {one.name}{f' [{known}]' if known else ''}: ").strip() or known or ""


def _open(link: str) -> None:
    """Open a browser where one is plausible; a text browser would take the terminal over."""
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    if type(browser) is not webbrowser.GenericBrowser:
        browser.open(link)


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
