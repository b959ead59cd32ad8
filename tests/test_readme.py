"""The README's examples run: the first one live against a stand-in for GitHub, then played."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.loopback import Reply, serving

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
REPOSITORY = {"full_name": "python/cpython"}


def _run(block: str, scope: dict[str, object], url: str) -> dict[str, object]:
    exec(block.replace("https://api.github.com", url), scope)
    return scope


def test_the_first_example_is_ten_lines_or_less():
    assert len(BLOCKS[0].strip().splitlines()) <= 10


def test_the_first_example_records_and_the_second_plays_it(
    open_workspace, capsys: pytest.CaptureFixture[str]
):
    with serving(lambda _: Reply(body=REPOSITORY)) as service:
        open_workspace()
        _run(BLOCKS[0], {"__name__": "example"}, service.url)
        assert capsys.readouterr().out.strip() == "python/cpython ['GET /repos/python/cpython']"
        asked = len(service.asked)
        open_workspace("none")
        scope = _run(BLOCKS[0].partition("with ")[0], {"__name__": "example"}, service.url)
        _run(BLOCKS[1], scope, service.url)["test_the_repository_is_named"]()
        assert len(service.asked) == asked == 1


def test_the_third_example_defines_an_integration(workspace):
    block = BLOCKS[2].partition("board.connect()")[0]
    scope = _run("import cellwire as cw\n" + block, {"__name__": "example"}, "")
    assert repr(scope["board"]) == "Integration board"
