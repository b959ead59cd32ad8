"""A project of one notebook, and the command line at work in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.loopback import Reply, serving
from tests.support.notebooks import code, write

from cellwire.cli import main

TOKEN = "fake-token-of-a-test-7f3a9c"
DEFINE = """
import cellwire as cw

class Server(cw.Credentials):
    url: str

acme = cw.Integration("acme", base_url="{url}", credentials=Server, auth=cw.auth.Bearer())
"""
CALL = """
api = acme.client()
with acme.cassette("list") as seen:
    got = [api.get("/things", params={"n": n})["n"] for n in range(2)]
with acme.cassette("other"):
    api.get("/other")
"""


@dataclass
class Said:
    status: int
    out: str
    err: str


Cellwire = Callable[..., Said]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a-project"\n')
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("CELLWIRE_") or name == "CI":
            monkeypatch.delenv(name)
    monkeypatch.setenv("CELLWIRE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return tmp_path


@pytest.fixture
def cellwire(project: Path, capfd: pytest.CaptureFixture[str]) -> Cellwire:
    def run(*words: str) -> Said:
        capfd.readouterr()
        status = main(words)
        return Said(status, *capfd.readouterr())

    return run


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A service that answers, and the credentials for it in the environment."""

    def answer(asked: Any) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"error": "who are you"})
        return Reply(body={"n": asked.path, "token_type": "bearer"})

    with serving(answer) as found:
        monkeypatch.setenv("ACME_TOKEN", TOKEN)
        monkeypatch.setenv("ACME_URL", found.url)
        yield found


@pytest.fixture
def notebook(project: Path) -> Path:
    return write(
        project / "notebooks" / "acme.ipynb",
        code(DEFINE),
        code("acme.connect()"),
        code(CALL),
        code("got, seen.sent"),
    )
