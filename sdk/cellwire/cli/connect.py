"""`cellwire connect`: sign in from a terminal."""

from __future__ import annotations

import argparse
from typing import ClassVar

from cellwire.cli import FINE, Verb
from cellwire.errors import NotConnected, SettingsError
from cellwire.settings import Settings


class Connect(Verb):
    """Connects one account, with the same flows as in a notebook."""

    name: ClassVar[str] = "connect"
    help: ClassVar[str] = "connect an account from a terminal"
    examples: ClassVar[str] = """\
  cellwire connect notebooks/github.ipynb     the integration that a notebook declares
  cellwire connect github                     one of integrations/, or found by its name
  cellwire connect github work                another account, called "work"
  cellwire connect github --again             sign in anew"""

    @classmethod
    def arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Declare integration and account."""
        parser.add_argument(
            "name", metavar="NAME", help="integration, or the path that declares it"
        )
        parser.add_argument("account", nargs="?", default="default", metavar="ACCOUNT")
        parser.add_argument("--again", action="store_true", help="although it is connected")

    def run(self, given: argparse.Namespace) -> int:
        """Connect, and wait for the person."""
        from cellwire.screens.terminal import Terminal
        from cellwire.testing.declared import declared
        from cellwire.workspace import Workspace

        settings = Settings.load()
        if settings.locked:
            raise SettingsError(
                f"record mode is none ({settings.record_mode_source}): connections are stand-ins",
                next_step="Allow real ones: CELLWIRE_RECORD_MODE=once cellwire connect ...",
            )
        with Workspace.use(Workspace(settings, screen=Terminal())):
            integration = declared(given.name, settings)
            try:
                integration.connect(given.account, again=given.again).wait()
            except EOFError:
                raise NotConnected(
                    f"{integration.name}: nobody is here to answer",
                    next_step="Run it in a terminal, or set the variables it asks for.",
                ) from None
        return FINE
