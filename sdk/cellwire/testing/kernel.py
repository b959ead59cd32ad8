"""What runs in a kernel before the first cell, whoever runs the notebook.

A runner executes `START` and looks at the reply: a failure there is an error of the notebook, not
of a cell. It costs a notebook that never uses cellwire a few milliseconds.
"""

from __future__ import annotations

from cellwire.settings import Settings
from cellwire.testing.guard import guard_process

START = "__import__('cellwire.testing.kernel').testing.kernel.start()"


def start() -> None:
    """Put the network guard up if the settings say that everything plays.

    Raises:
        SettingsError: A setting is wrong.
    """
    settings = Settings.load()
    if settings.locked:
        guard_process(settings.ledger)
