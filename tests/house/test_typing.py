"""The types help: right use passes, wrong use is flagged where it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
API = ROOT / "tests" / "typing" / "api.py"


def mypy(path: Path, cache: Path) -> str:
    options = ["--strict", "--no-error-summary", "--show-error-codes", f"--cache-dir={cache}"]
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert not ran.stderr, ran.stderr
    return ran.stdout


def test_typed_use_of_the_whole_surface_passes():
    assert mypy(API, ROOT / ".mypy_cache") == ""


WRONG = {
    'cw.Integration("x", base_ulr="https://x.example")': "call-arg",
    'cw.Integration("x")': "call-arg",
    "GitHub().issue('1')": "arg-type",
    "GitHub().issues().first(2)[0].titel": "attr-defined",
    "github.cassette('x', record_mode='sometimes')": "arg-type",
    "cw.auth.OAuth2(scopes=['repo'])": "call-arg",
    "cw.Conector": "attr-defined",
    "cw.auth.Berer()": "attr-defined",
}


def test_wrong_use_is_flagged(tmp_path):
    wrong = tmp_path / "wrong_use.py"
    start = len(API.read_text("utf-8").splitlines()) + 1
    wrong.write_text(API.read_text("utf-8") + "\n" + "\n".join(WRONG) + "\n")
    found = mypy(wrong, ROOT / ".mypy_cache")
    for line, code in enumerate(WRONG.values(), start=start + 1):
        assert any(f":{line}:" in said and f"[{code}]" in said for said in found.splitlines()), (
            found
        )
