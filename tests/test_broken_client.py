"""Breaks the recorded client on purpose: the lesson and its tests must go red, or prove nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("integrations", "cassettes", "notebooks", "tests/test_reviewboard.py")
BREAKS = {
    "it loses the page size": ('"max-results": per_page, ', ""),
    "it comments on the wrong request": (
        'f"/review-requests/{number}/reviews/"',
        'f"/review-requests/1/reviews/"',
    ),
    "it names another field": (
        "    summary: str\n    status: str | None",
        "    title: str\n    status: str | None",
    ),
}


def _copy(folder: Path) -> None:
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    (folder / "pyproject.toml").write_text('[project]\nname = "a-project"\n')


def _break_client(folder: Path, old: str, new: str) -> None:
    path = folder / "integrations/reviewboard/client.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _break_notebook(folder: Path, old: str, new: str) -> None:
    path = folder / "notebooks/reviewboard.ipynb"
    book = json.loads(path.read_text())
    sources = ["".join(cell["source"]) for cell in book["cells"]]
    assert any(old in source for source in sources)
    for cell, source in zip(book["cells"], sources, strict=True):
        cell["source"] = source.replace(old, new)
    path.write_text(json.dumps(book))


def _play(folder: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-rf", "--nbval", "-p", "no:randomly"]
    # A run of its own: its misses are not this run's.
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("CELLWIRE_", "PYTEST_"))}
    environ = {**kept, "PYTHONPATH": str(ROOT / "sdk") + os.pathsep + str(folder)}
    return subprocess.run(
        [*command, "--rootdir", ".", "tests", "notebooks"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environ,
    ).stdout


@pytest.mark.parametrize("name", BREAKS)
def test_the_tests_and_the_notebook_go_red(name: str, tmp_path: Path) -> None:
    _copy(tmp_path)
    _break_client(tmp_path, *BREAKS[name])
    _break_notebook(tmp_path, *BREAKS[name])
    played = _play(tmp_path)
    assert "FAILED tests/test_reviewboard.py::" in played, played
    assert "FAILED notebooks/reviewboard.ipynb::" in played, played


def test_unbroken_they_are_green(tmp_path: Path) -> None:
    _copy(tmp_path)
    played = _play(tmp_path)
    assert "passed" in played
    assert "FAILED" not in played, played
