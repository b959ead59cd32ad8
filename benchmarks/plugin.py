"""plugin_ratio: what having cellwire installed costs a pytest run that does not use it.

Numerator: pytest on 50 trivial tests with cellwire installed. Denominator: the same where it is
not. "Not installed" is a site-packages of symbolic links to all of this environment's but
cellwire's own (package, metadata, editable link); both sides use such a folder, so that only
those links differ. CPU time.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import cpu, ratio

TESTS = 50
PAIRS = 15
OURS = ("cellwire", "_cellwire", "__editable__.cellwire")
START = """
import site, sys
site.addsitedir(sys.argv[1])
import pytest
from importlib.metadata import entry_points
assert bool(entry_points(group="pytest11", name="cellwire")) == (sys.argv[2] == "with")
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:randomly", sys.argv[3]]))
"""


def figures() -> Iterator[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tests = folder / "tests"
        tests.mkdir()
        (tests / "pytest.ini").write_text("[pytest]\n")
        body = "\n".join(f"def test_{n}():\n    assert {n} + 1 == {n + 1}\n" for n in range(TESTS))
        (tests / "test_trivial.py").write_text(body)

        def run(word: str) -> float:
            site = _site(folder / word, with_us=word == "with")
            # -S: this environment's own site-packages stay out.
            command = [sys.executable, "-S", "-c", START, str(site), word, str(tests)]
            environ = {n: v for n, v in os.environ.items() if n != "PYTHONPATH"}
            return cpu(command, tests, environ)

        yield "plugin_ratio", ratio(lambda: run("with"), lambda: run("without"), PAIRS), "ratio"


def _site(folder: Path, *, with_us: bool) -> Path:
    if not folder.exists():
        folder.mkdir()
        for entry in Path(sysconfig.get_path("purelib")).iterdir():
            if with_us or not entry.name.lower().startswith(OURS):
                (folder / entry.name).symlink_to(entry)
    return folder
