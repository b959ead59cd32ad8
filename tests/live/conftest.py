"""One Review Board, one JupyterLab and one Chromium for all live tests; each ends with the session."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from devtools import browser as chromium
from devtools.board import Ports, notebook_variables
from devtools.environment import Environment
from playwright.sync_api import Browser, sync_playwright
from services import reviewboard
from services.processes import LOOPBACK, free_port, start, wait_until_ready
from services.reviewboard import Board
from tests.live.project import ROOT, Project
from tests.live.sheet import Lab, Sheet, sheet_of

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
# What this test run says of itself must not reach the kernels of a person who works live.
OURS = ("CI", "PYTEST_", "CELLWIRE_", "COV_", "REVIEWBOARD_")

NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}
WHOLE = {"windowingMode": "none"}


@pytest.fixture(scope="session")
def ports() -> Ports:
    return Ports(free_port(), free_port())


@pytest.fixture(scope="session")
def board(ports: Ports) -> Iterator[Board]:
    with reviewboard.running(ROOT, redirect_uri=ports.redirect_uri, hook_url=ports.hook_url) as it:
        yield it


@pytest.fixture(scope="session")
def place() -> Environment:
    return Environment(ROOT)


@pytest.fixture(scope="session")
def environ(place: Environment) -> dict[str, str]:
    """A person's environment variables."""
    return {k: v for k, v in place.variables().items() if not k.startswith(OURS)}


@pytest.fixture(scope="session")
def variables(board: Board, ports: Ports, tmp_path_factory) -> dict[str, str]:
    """What a person who works with the Review Board has set, their own vault included."""
    return notebook_variables(board, ports, tmp_path_factory.mktemp("vault"))


@pytest.fixture(scope="session")
def lab(place, environ, variables, tmp_path_factory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("lab")
    folder, log = home / "work", home / "lab.log"
    folder.mkdir()
    port, token = free_port(), secrets.token_urlsafe(24)
    words = [
        "lab",
        "--no-browser",
        f"--ServerApp.ip={LOOPBACK}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--allow-root")
    env = environ | variables | _jupyter_folders(home)
    child = start([place.program("jupyter"), *words], log=log, env=env, cwd=folder)
    try:
        wait_until_ready(child, f"http://{LOOPBACK}:{port}/api")
        data = Path(variables["CELLWIRE_DATA_DIR"])
        yield Lab(f"http://{LOOPBACK}:{port}", token, folder, log, data)
    finally:
        child.stop(grace=15)


def _jupyter_folders(home: Path) -> dict[str, str]:
    settings = home / "settings"
    for plugin, value in (
        ("apputils-extension/notification", NO_NEWS),
        ("notebook-extension/tracker", WHOLE),
    ):
        file = settings / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(value))
    return {
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
    }


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    command = chromium.find()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=shutil.which(command) or command,
            args=list(CHROMIUM_FLAGS),
            # Playwright lets every popup through; a person's browser does not.
            ignore_default_args=["--disable-popup-blocking"],
        )
        yield running
        running.close()


OpenSheet = Callable[[Path], Sheet]


@pytest.fixture
def open_sheet(chrome: Browser, lab: Lab) -> Iterator[OpenSheet]:
    """Open notebooks in JupyterLab; browsers and kernels end with the test."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(sheet_of(chrome, lab, path))


@pytest.fixture(scope="session")
def lab_project(lab: Lab) -> Callable[[str], Project]:
    """A project in JupyterLab's folder, by a name of its own: its part of the vault is empty."""
    return lambda name: Project.make(lab.folder / name, lab.data)
