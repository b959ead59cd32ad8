"""A notebook open in JupyterLab, and the pages a person meets on the way to a sign-in."""

from __future__ import annotations

import json
import logging
import re
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Locator, Page, WebSocket, expect
from services.reviewboard import Board
from tests.live.project import ROOT

DEADLINE = 60_000.0  # milliseconds, for a machine that has other things to do
SCREENSHOTS = ROOT / "artifacts" / "screenshots"
VIEWPORT = {"width": 1200, "height": 760}
RAN = re.compile(r"\[\d+\]:")
RUNNING = "[*]:"
expect.set_options(timeout=DEADLINE)

READY = """
async path => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
  await panel.context.ready;
  await panel.sessionContext.ready;
  const kernel = () => panel.sessionContext.session?.kernel;
  while (kernel()?.status !== 'idle') await new Promise(r => setTimeout(r, 50));
  app.shell.collapseLeft();
  app.shell.collapseRight();
  return kernel().id;
}
"""
START = """
number => {
  const panel = window.jupyterapp.shell.currentWidget;
  panel.content.activeCellIndex = number;
  panel.content.deselectAll();
  void window.jupyterapp.commands.execute('notebook:run-cell');
}
"""
OUTPUTS = """
number => JSON.stringify(
  window.jupyterapp.shell.currentWidget.content.widgets[number].model.sharedModel.toJSON().outputs)
"""
TIDY = """
async number => {
  const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
  for (const side of ['left', 'right'])
    await app.commands.execute('application:toggle-side-tabbar', {side});
  await app.commands.execute('statusbar:toggle');
  notebook.activeCellIndex = 0;
  notebook.deselectAll();
  await document.fonts.ready;
  notebook.widgets[number].node.scrollIntoView({block: 'start'});
}
"""


@dataclass(frozen=True)
class Lab:
    """JupyterLab at work in a folder; `data` is the folder of its kernels' vault."""

    url: str
    token: str = field(repr=False)
    folder: Path
    log: Path
    data: Path

    def call(self, method: str, path: str) -> None:
        """Make a call of JupyterLab's own API."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(self.url + path, headers=headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60):
            pass


class Sheet:
    """A notebook in a browser."""

    def __init__(self, page: Page, lab: Lab, path: Path) -> None:
        self.page = page
        self.frames: list[bytes] = []
        page.on("websocket", self._listen)
        page.goto(f"{lab.url}/lab?token={lab.token}&reset")
        page.wait_for_function("window.jupyterapp !== undefined", timeout=DEADLINE)
        self.kernel = page.evaluate(READY, path.relative_to(lab.folder).as_posix())

    def _listen(self, socket: WebSocket) -> None:
        for event in ("framesent", "framereceived"):
            socket.on(
                event, lambda it: self.frames.append(it if isinstance(it, bytes) else it.encode())
            )

    def start(self, number: int) -> None:
        """Begin to run a cell; not waited for."""
        self.page.evaluate(START, number)

    def run(self, *numbers: int) -> None:
        """Run cells to their ends."""
        for number in numbers:
            self.start(number)
            expect(self.prompt(number)).to_have_text(RAN, timeout=DEADLINE)

    def prompt(self, number: int) -> Locator:
        """`[ ]:`, `[*]:` or `[7]:`."""
        return self.cell(number).locator(".jp-InputArea-prompt").first

    def cell(self, number: int) -> Locator:
        """A cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def output(self, number: int) -> Locator:
        """All that a cell shows."""
        return self.cell(number).locator(".jp-Cell-outputWrapper").first

    def outputs(self, number: int) -> list[dict[str, Any]]:
        """What would be saved of a cell's outputs."""
        return list(json.loads(self.page.evaluate(OUTPUTS, number)))

    def save(self) -> None:
        """Save it, as Ctrl-S does."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme, and wait until it shows."""
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        expect(self.page.locator(f'body[data-jp-theme-name="{name}"]')).to_be_attached()
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def tidy(self, number: int) -> None:
        """Put away what is not the notebook, and bring a cell to the top."""
        self.page.evaluate(TIDY, number)


@contextmanager
def sheet_of(chrome: Browser, lab: Lab, path: Path, **view: Any) -> Iterator[Sheet]:
    """A notebook open in a browser without cookies; its kernel and the browser end with the block."""
    context = chrome.new_context(**{"viewport": VIEWPORT, "device_scale_factor": 1, **view})
    try:
        context.set_default_timeout(DEADLINE)
        sheet = Sheet(context.new_page(), lab, path)
        try:
            yield sheet
        finally:
            lab.call("DELETE", f"/api/kernels/{sheet.kernel}")
    finally:
        context.close()


def shoot(part: Page | Locator, name: str) -> None:
    """Keep a picture of a page, or of a part of one, among the artifacts.

    A busy machine's Chromium sometimes says "Unable to capture screenshot"; the pictures are for
    people and prove nothing, so one that cannot be had is said and let go.
    """
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for _ in range(3):
        try:
            part.screenshot(path=SCREENSHOTS / f"{name}.png")
        except Error as error:
            if "Unable to capture" not in str(error):
                raise
        else:
            return
    logging.getLogger(__name__).warning("no picture of %s: Chromium was unable", name)


def follow(link: Locator) -> Page:
    """The tab that a click on a link opens."""
    with link.page.context.expect_page(timeout=DEADLINE) as opened:
        link.click()
    return opened.value


def log_in(tab: Page, board: Board) -> None:
    """Fill in Review Board's sign-in form, and send it."""
    tab.locator("input[name=username]").fill(board.username)
    tab.locator("input[name=password]").fill(board.password)
    tab.locator("input[name=password]").press("Enter")


def sign_in(tab: Page, board: Board) -> None:
    """Fill in the sign-in form; leads to the consent page."""
    log_in(tab, board)
    tab.locator("[name=allow]").wait_for()


def approve(tab: Page) -> None:
    """Press Authorize."""
    tab.locator("[name=allow]").click()


def fill_in(tab: Page, values: Mapping[str, str]) -> None:
    """Fill in the form for a credential, and send it."""
    for name, value in values.items():
        tab.locator(f"input[name={name}]").fill(value)
    tab.get_by_role("button", name="Connect").click()
