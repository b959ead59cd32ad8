"""A notebook open in JupyterLab, and the pages a person meets on the way to a sign-in."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect
from services.reviewboard import Board
from tests.live.project import ROOT

DEADLINE = 60_000.0  # milliseconds, for a machine with something else to do
SCREENSHOTS = ROOT / "artifacts" / "screenshots"

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
}
"""
PANEL = "const panel = window.jupyterapp.shell.currentWidget;"


class Sheet:
    """A notebook in a browser."""

    def __init__(self, page: Page, lab: str, token: str, path: Path) -> None:
        self.page, self.path = page, path
        self._lab, self._token = lab, token
        self._started: set[str] = set()

    def open(self) -> None:
        """Open it, and wait until its kernel is idle."""
        self.page.goto(f"{self._lab}/lab?token={self._token}&reset")
        self.page.wait_for_function("window.jupyterapp !== undefined", timeout=DEADLINE)
        self._ask(READY, self.path.as_posix())
        kernel = self._ask(f"() => {{ {PANEL} return panel.sessionContext.session.kernel.id; }}")
        self._started.add(kernel)

    def end_kernel(self) -> None:
        """End the kernels this notebook started."""
        while self._started:
            self._call("DELETE", f"/api/kernels/{self._started.pop()}")

    def _call(self, method: str, path: str) -> None:
        headers = {"Authorization": f"token {self._token}"}
        request = urllib.request.Request(self._lab + path, headers=headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60):
            pass

    def start(self, number: int) -> None:
        """Begin to run a cell; not waited for."""
        self._ask(
            f"number => {{ {PANEL} panel.content.activeCellIndex = number;"
            "panel.content.deselectAll();"
            "void window.jupyterapp.commands.execute('notebook:run-cell'); }",
            number,
        )

    def run(self, *numbers: int) -> None:
        """Run cells to their ends."""
        for number in numbers:
            self.start(number)
            self.settled(number)

    def settled(self, number: int) -> None:
        """Wait until a cell has ended."""
        expect(self.prompt(number)).to_have_text(DONE, timeout=DEADLINE)

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
        found = self._ask(
            f"number => {{ {PANEL} return JSON.stringify("
            "panel.content.widgets[number].model.sharedModel.toJSON().outputs); }",
            number,
        )
        return list(json.loads(found))

    def save(self) -> None:
        """Save it, as Ctrl-S does."""
        self._ask("() => window.jupyterapp.commands.execute('docmanager:save')")

    def widgets(self) -> str:
        """The state of every widget the page knows, as the browser would save it."""
        return str(
            self._ask(
                f"async () => {{ {PANEL} const found = [];"
                "for (const [, area] of Object.entries(panel.content.widgets))"
                "  found.push(area.node.outerHTML);"
                "return found.join(''); }"
            )
        )

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme, and wait until it shows."""
        self._ask(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        expect(self.page.locator(f'body[data-jp-theme-name="{name}"]')).to_be_attached()

    def shoot(self, name: str, part: Locator | None = None) -> Path:
        """Keep a picture, of the page or of a part of it, among the artifacts."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        (part or self.page).screenshot(path=path)
        return path

    def _ask(self, script: str, *given: Any) -> Any:
        return self.page.evaluate(script, *given)


import re  # noqa: E402

DONE = re.compile(r"\[\d+\]:")


def follow(sheet: Sheet, link: Locator) -> Page:
    """The tab that a click on a link opens."""
    with sheet.page.context.expect_page(timeout=DEADLINE) as opened:
        link.click()
    return opened.value


def sign_in(tab: Page, board: Board) -> None:
    """Fill in Review Board's sign-in form; leads to the consent page."""
    tab.locator("input[name=username]").fill(board.username)
    tab.locator("input[name=password]").fill(board.password)
    tab.locator("input[name=password]").press("Enter")
    tab.locator("[name=allow]").wait_for()


def approve(tab: Page) -> None:
    """Press Authorize, and read that it is done."""
    tab.locator("[name=allow]").click()
    expect(tab.locator("h1")).to_contain_text("Connected to")
