"""Nobody is there: scripts, CI, services."""

from __future__ import annotations

from typing import ClassVar, NoReturn

from cellwire.errors import NotConnected
from cellwire.screens import Form, Screen, Submit, View, Watched


class Silent(Screen):
    """Shows nothing and asks nobody."""

    name: ClassVar[str] = "silent"
    interactive: ClassVar[bool] = False

    def ask(self, form: Form, submit: Submit) -> NoReturn:  # noqa: ARG002 - nobody to fill it in
        """Name the environment variables.

        Raises:
            NotConnected: Always.
        """
        names = [form.variables.get(f.name, f.name) for f in form.fields if f.required]
        raise NotConnected(
            f"{form.title} is not connected, and nobody can be asked here",
            code="missing",
            next_step=f"Set {', '.join(names)} in the environment.",
        )

    def show(self, view: View) -> None:
        """Show nothing."""

    def connection(self, watched: Watched) -> None:
        """Show nothing."""
