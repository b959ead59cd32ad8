"""The demo's run folder, laid out like a project of its own."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from services.processes import ServiceError

NOTEBOOK = Path("notebooks") / "reviewboard.ipynb"
TEST = Path("tests") / "test_reviewboard.py"
CASSETTES = Path("cassettes")
CODE = Path("integrations")

PROJECT = """\
[project]
name = "reviewboard-demo"
version = "0"

[tool.pytest.ini_options]
addopts = "--nbval -p no:cacheprovider"
pythonpath = ["."]
"""


@dataclass(frozen=True)
class Counts:
    """How the tests of one run ended."""

    passed: int
    failed: int
    skipped: int
    notebook_cells: int
    """How many of the passed ones are cells of the notebook."""

    def __str__(self) -> str:
        parts = f"{self.passed - self.notebook_cells} pytest, {self.notebook_cells} notebook cells"
        others = ((self.failed, "failed"), (self.skipped, "skipped"))
        return f"{self.passed} ({parts})" + "".join(f", {n} {word}" for n, word in others if n)


def lay_out(root: Path, run: Path, *, recordings: bool) -> None:
    """A fresh run folder, with the recordings that ship with the repository or with none."""
    shutil.rmtree(run, ignore_errors=True)
    for file in (NOTEBOOK, TEST):
        if not (root / file).is_file():
            raise ServiceError(f"{file} is missing", advice="run this in a whole clone")
        (run / file).parent.mkdir(parents=True)
        shutil.copy2(root / file, run / file)
    if (root / CODE).is_dir():
        shutil.copytree(root / CODE, run / CODE)
    (run / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    if recordings:
        shutil.copytree(root / CASSETTES, run / CASSETTES)
    else:
        (run / CASSETTES).mkdir()


def keep(root: Path, run: Path) -> list[Path]:
    """Copy the run's notebook and cassettes over the repository's; what was written."""
    made = sorted(file.relative_to(run) for file in (run / CASSETTES).rglob("*.yaml"))
    for file in (NOTEBOOK, *made):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(run / file, root / file)
    return [NOTEBOOK, *made]


def count_interactions(run: Path) -> tuple[int, int]:
    """How many cassettes there are, and how many interactions they hold."""
    files = list((run / CASSETTES).rglob("*.yaml"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    return len(files), sum(len(re.findall(r"^\s*- request:", text, re.MULTILINE)) for text in texts)


def read_counts(report: Path) -> Counts:
    """The figures of a JUnit report that pytest wrote."""
    cases = list(ET.parse(report).getroot().iter("testcase"))
    ended = {case: {child.tag for child in case} for case in cases}
    bad = [case for case in cases if ended[case] & {"failure", "error"}]
    skipped = [case for case in cases if "skipped" in ended[case] and case not in bad]
    good = [case for case in cases if case not in bad and case not in skipped]
    cells = [case for case in good if ".ipynb" in f"{case.get('classname')}{case.get('name')}"]
    return Counts(len(good), len(bad), len(skipped), len(cells))
