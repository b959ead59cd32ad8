"""Connecting by clicking, in real JupyterLab and Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.live.project import number_of
from tests.live.sheet import approve, follow, sign_in

pytestmark = pytest.mark.live

CONNECTED = "reviewboard: connected"


def test_first(open_sheet, lab_project, board):
    project = lab_project("lesson")
    path = project.lesson()
    sheet = open_sheet(path)
    define, connect = number_of(path, "define"), number_of(path, "connect")
    sheet.run(define, connect)
    out = sheet.output(connect)
    link = out.locator("a", has_text="Connect")
    expect(link).to_be_visible()
    sheet.shoot("lesson-not-connected")
    tab = follow(sheet, link)
    sign_in(tab, board)
    tab.screenshot(path="/tmp/consent.png")
    expect(out).to_contain_text("Finish in the other tab")
    sheet.shoot("lesson-waiting", sheet.cell(connect))
    approve(tab)
    tab.screenshot(path="/tmp/done.png")
    expect(out).to_contain_text(CONNECTED)
    sheet.shoot("lesson-connected")
    print(sheet.outputs(connect))
