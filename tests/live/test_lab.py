"""What a person sees who connects by clicking: real JupyterLab, real Chromium, a real service."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect
from tests.live.project import Project, cell_of_lesson, files_with, number_of
from tests.live.sheet import RUNNING, approve, fill_in, follow, log_in, sheet_of, shoot, sign_in

pytestmark = pytest.mark.live

CONNECT = "reviewboard.connect()"
CONNECTED = "reviewboard: connected"
WHO = 'reviewboard.client().get("/session/")["session"]["links"]["user"]["title"]'
IN_A_BLOCK = f'with reviewboard.cassette("whoami"):\n    who = {WHO}'
HELD_UP = f"""
import pathlib, time
who = {WHO}
while not pathlib.Path("go-on").exists():
    time.sleep(0.02)
who
"""
WIDGETS = "import ipywidgets, json\nprint(json.dumps(ipywidgets.Widget.get_manager_state()))"

# What a sign-in passes through and what a page on the way is called; none may be saved.
TRACES = re.compile(
    r"state=|code=|access_token|refresh_token|client_secret=|/start/|/form/|widget-view|\bIPY_MODEL_"
)


def forgetting(*names: str) -> str:
    """A cell that takes variables away."""
    return f"import os\nfor name in {names!r}:\n    os.environ.pop(name, None)"


def saying(name: str, value: str) -> str:
    """A cell that sets a variable."""
    return f"import os\nos.environ[{name!r}] = {value!r}"


@dataclass(frozen=True)
class Lesson:
    """The lesson after somebody ran it, cell by cell, in JupyterLab, and saved it."""

    project: Project
    path: Path
    frames: bytes

    def cell(self, name: str):
        return nbformat.read(self.path, as_version=4).cells[number_of(self.path, name)]


@pytest.fixture(scope="module")
def lesson(chrome, lab, lab_project, board) -> Lesson:
    project = lab_project("lesson")
    path = project.lesson()
    cells = nbformat.read(path, as_version=4).cells
    code = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
    connect = number_of(path, "connect")
    with sheet_of(
        chrome, lab, path, viewport={"width": 1120, "height": 720}, device_scale_factor=1.25
    ) as sheet:
        sheet.run(*[number for number in code if number <= connect])
        tab = follow(sheet.output(connect).get_by_role("link", name="Connect"))
        shoot(tab, "sign-in")
        sign_in(tab, board)
        shoot(tab, "consent")
        approve(tab)
        expect(tab.locator("h1")).to_have_text("Connected to reviewboard")
        shoot(tab, "sign-in-done")
        expect(sheet.output(connect)).to_contain_text(CONNECTED)
        tab.close()
        sheet.run(*[number for number in code if number > connect])
        sheet.save()
        sheet.tidy(number_of(path, "s2"))
        shoot(sheet.page, "notebook")
        inbox = number_of(path, "inbox")
        sheet.run(inbox)  # it lists now what arrived
        expect(sheet.output(inbox)).to_contain_text("done")
        shoot(sheet.cell(inbox), "inbox")
        return Lesson(project, path, b"".join(sheet.frames))


@pytest.fixture
def trial(lab_project, open_sheet):
    """A short notebook of the lesson's definition and further cells, opened."""

    def make(name: str, *cells: str):
        project = lab_project(name)
        path = project.notebook(cell_of_lesson("define"), *cells)
        return project, path, open_sheet(path)

    return make


def test_the_lesson_runs_to_its_end_in_jupyterlab(lesson):
    outputs = [
        o for c in nbformat.read(lesson.path, as_version=4).cells for o in c.get("outputs", ())
    ]
    assert [o for o in outputs if o.output_type == "error"] == []
    assert (
        "'<- review_request_published'"
        in lesson.cell("webhook-shown").outputs[0]["data"]["text/plain"]
    )


def test_its_connect_cell_is_saved_as_one_stable_line(lesson):
    (output,) = lesson.cell("connect").outputs
    assert output["data"]["text/plain"] == CONNECTED
    assert set(output["data"]) == {"text/plain", "text/html"}


def test_the_saved_lesson_holds_nothing_of_the_sign_in(lesson):
    outputs = json.dumps(
        [c.get("outputs", []) for c in nbformat.read(lesson.path, as_version=4).cells]
    )
    assert TRACES.findall(outputs) == []
    assert "widgets" not in nbformat.read(lesson.path, as_version=4).metadata


def test_no_file_of_the_project_holds_a_secret(lesson, board):
    secrets = lesson.project.secrets(board.client_secret, board.signing_secret, board.password)
    assert files_with(lesson.project.folder, *secrets) == []


def test_no_message_between_kernel_and_browser_holds_a_secret(lesson, board):
    secrets = lesson.project.secrets(board.client_secret, board.signing_secret, board.password)
    assert b"reviewboard: connected" in lesson.frames
    assert [s for s in (*secrets, "state=", "code_challenge") if s.encode() in lesson.frames] == []


def test_no_log_of_jupyterlab_holds_a_secret(lesson, lab, board):
    secrets = lesson.project.secrets(board.client_secret, board.signing_secret, board.password)
    assert files_with(lab.log.parent, *secrets) == []


def test_reopened_without_its_kernel_the_lesson_still_shows_the_connection(lesson, open_sheet):
    sheet = open_sheet(lesson.path)
    expect(sheet.output(number_of(lesson.path, "connect"))).to_contain_text(CONNECTED)
    assert sheet.page.get_by_text("Error displaying widget").count() == 0
    assert sheet.page.get_by_text("Loading widget").count() == 0


def test_the_line_changes_while_a_cell_waits_for_the_connection(trial, board):
    project, _, sheet = trial("busy", CONNECT, HELD_UP)
    sheet.run(0, 1)
    sheet.start(2)
    expect(sheet.prompt(2)).to_have_text(RUNNING)
    tab = follow(sheet.output(1).get_by_role("link", name="Connect"))
    expect(sheet.output(1).get_by_role("link", name="Open again")).to_be_visible()
    expect(sheet.output(1)).to_contain_text("waiting")
    sign_in(tab, board)
    approve(tab)
    expect(sheet.output(1)).to_contain_text(CONNECTED)
    expect(sheet.prompt(2)).to_have_text(RUNNING)
    (project.folder / "notebooks" / "go-on").touch()
    expect(sheet.output(2)).to_contain_text(f"'{board.username}'")


def test_what_is_missing_is_filled_in_on_a_page_of_its_own(trial, board):
    names = ("CLIENT_ID", "CLIENT_SECRET", "SIGNING_SECRET", "URL")
    away = forgetting(*(f"REVIEWBOARD_{name}" for name in names))
    project, _, sheet = trial("form", CONNECT, WIDGETS, away)
    sheet.run(3, 0, 1)
    link = sheet.output(1).get_by_role("link", name="Fill in the form")
    expect(link).to_be_visible()
    shoot(sheet.cell(1), "form-asked-for")
    tab = follow(link)
    shoot(tab, "form")
    fill_in(
        tab,
        {
            "url": board.url,
            "client_id": board.client_id,
            "client_secret": board.client_secret,
            "signing_secret": board.signing_secret,
        },
    )
    sign_in(tab, board)
    sheet.run(2)
    approve(tab)
    expect(sheet.output(1)).to_contain_text(CONNECTED)
    sheet.save()
    secrets = project.secrets(board.client_secret, board.signing_secret, board.password)
    assert files_with(project.folder, *secrets) == []
    sent = b"".join(sheet.frames).decode("utf-8", "replace")
    assert "reviewboard.connect()" in sent
    assert [s for s in secrets if s in sent or s in sheet.page.content()] == []
    assert "state=" not in sent


def test_the_link_is_reached_and_followed_by_keyboard(trial, board):
    _, _, sheet = trial("keyboard", CONNECT, IN_A_BLOCK)
    sheet.run(0, 1)
    link = sheet.output(1).get_by_role("link", name="Connect")
    expect(link).to_be_visible()
    sheet.cell(1).locator(".cm-content").press("Escape")
    for _ in range(30):
        if link.evaluate("it => it === document.activeElement"):
            break
        sheet.page.keyboard.press("Tab")
    expect(link).to_be_focused()
    shoot(sheet.cell(1), "focused")
    with sheet.page.context.expect_page() as opened:
        sheet.page.keyboard.press("Enter")
    sign_in(opened.value, board)
    approve(opened.value)
    expect(sheet.output(1)).to_contain_text(CONNECTED)
    sheet.run(2)
    expect(sheet.output(2)).to_contain_text("secrets removed")
    sheet.run(2)
    expect(sheet.output(2)).to_contain_text("played")


def test_a_denied_consent_is_said_and_may_be_tried_again(trial, board):
    _, _, sheet = trial("denied", CONNECT, 'reviewboard.client().get("/session/")')
    sheet.run(0, 1)
    tab = follow(sheet.output(1).get_by_role("link", name="Connect"))
    sign_in(tab, board)
    tab.get_by_role("button", name="Cancel").click()
    expect(tab.locator("h1")).to_have_text("Not connected to reviewboard")
    shoot(tab, "denied-page")
    expect(sheet.output(1)).to_contain_text("reviewboard: error (access_denied)")
    shoot(sheet.cell(1), "denied")
    sheet.theme("JupyterLab Dark")
    shoot(sheet.page, "denied-dark")
    tab = follow(sheet.output(1).get_by_role("link", name="Retry"))
    expect(sheet.output(1)).to_contain_text("Finish in the other tab")
    expect(sheet.output(1)).not_to_contain_text("denied")
    shoot(sheet.cell(1), "waiting-dark")
    approve(tab)
    expect(sheet.output(1)).to_contain_text(CONNECTED)
    sheet.run(0, 2)
    sheet.page.set_viewport_size({"width": 1200, "height": 1500})
    shoot(sheet.page, "connected-dark")
    sheet.theme("JupyterLab Light")
    shoot(sheet.page, "connected-light")


def test_a_wrong_client_secret_is_named_in_the_notebook_and_in_the_tab(trial, board):
    wrong = "fake-client-secret-that-is-wrong"
    project, _, sheet = trial("wrong", CONNECT, saying("REVIEWBOARD_CLIENT_SECRET", wrong))
    sheet.run(2, 0, 1)
    tab = follow(sheet.output(1).get_by_role("link", name="Connect"))
    sign_in(tab, board)
    approve(tab)
    expect(tab.locator("main")).to_contain_text("wrong client id or wrong client secret")
    expect(sheet.output(1)).to_contain_text("reviewboard: error (invalid_client)")
    shoot(sheet.cell(1), "wrong-secret")
    assert wrong not in b"".join(f for f in sheet.frames if b"environ" not in f).decode(
        "utf-8", "replace"
    )
    assert project.tokens.load() is None


def test_an_unregistered_redirect_uri_is_named_although_the_service_never_returns(
    trial, ports, board
):
    _, _, sheet = trial("mismatch", CONNECT, saying("CELLWIRE_REDIRECT_PORT", "0"))
    sheet.run(2, 0, 1)
    link = sheet.output(1).get_by_role("link", name="Connect")
    origin = link.get_attribute("href").partition("/start/")[0]
    assert origin != ports.redirect_uri.removesuffix("/callback")
    tab = follow(link)
    with tab.expect_response(lambda it: "/authorize/" in it.url) as answered:
        log_in(tab, board)
    assert answered.value.status == 400
    expect(tab.locator("body")).to_contain_text("Mismatching redirect URI")
    shoot(tab, "mismatch-page")
    expect(sheet.output(1)).to_contain_text(f"{origin}/callback")
    shoot(sheet.cell(1), "mismatch")
