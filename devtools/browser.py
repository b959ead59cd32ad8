"""A Chromium for the tests that need a real browser, found by running it."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress

from services.processes import ServiceError

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/usr/bin/chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)

ADVICE = (
    "install it, on Debian or Ubuntu with: "
    "apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core; "
    "or name one that is installed: CHROMIUM=/path/to/chromium"
)


def find() -> str:
    """The command of a Chromium that starts."""
    named = os.environ.get("CHROMIUM")
    for name in (named,) if named else NAMES:
        with suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run([name, "--version"], capture_output=True, timeout=60, check=False)
            if done.returncode == 0:
                return name
    raise ServiceError("the live tests need Chromium, and none starts here", advice=ADVICE)
