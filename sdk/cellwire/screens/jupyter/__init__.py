"""A Jupyter notebook: live views beside the code, static lines in what is saved."""

from __future__ import annotations

from typing import ClassVar

from cellwire.screens import Form, Screen, Submit, View, Watched


class Jupyter(Screen):
    """Shows a connection while it changes, then puts one plain line in its place."""

    name: ClassVar[str] = "jupyter"

    def ask(self, form: Form, submit: Submit) -> str:
        """Serve the form on this computer; gives the link to it."""
        from cellwire.screens.jupyter.form import FormDoor

        return FormDoor(form, submit, self.background).link

    def show(self, view: View) -> None:
        """Display it once."""
        from cellwire.screens.jupyter.live import publish

        publish({"text/plain": view.text, "text/html": view.html})

    def connection(self, watched: Watched) -> None:
        """Display it, live until it is connected."""
        from cellwire.screens.jupyter.connect import show

        show(watched)

    def mention(self, watched: Watched) -> None:
        """Display one line, unless this very cell shows the connection already."""
        from cellwire.screens.jupyter.connect import mention

        mention(watched)
