import sys

import pytest
from coverage import CoverageData
from tests.support.notebooks import code, printed, result, shown, write

NOTE = """
from pathlib import Path
import os
from cellwire.evidence import note
LEDGER = Path(os.environ["CELLWIRE_LEDGER"])
"""
MISS = """
note(LEDGER, "miss", cassette="acme/list", request="GET /v1/contacts?limit=3",
     nearest="nearest: GET /v1/contacts (query: limit=2)", hint="cellwire record acme/list")
"""


def close(unused: list[str], played: int = 1) -> str:
    return (
        f'note(LEDGER, "close", cassette="acme/list", played={played}, recorded=2, unused={unused})'
    )


def test_a_good_notebook_passes(run_nbval, pytester):
    write(
        pytester.path / "good.ipynb",
        code("x = 1\nx", result("1")),
        code("print('hello')", printed("hello\n")),
        code("import os\nos.system('echo from a child')", printed("from a child\n"), result("0")),
        code("object()", result("<object at 0x7f0000000000>")),
        code("await __import__('asyncio').sleep(0, 2)", result("2")),
    )
    run_nbval().assert_outcomes(passed=6)


def test_an_output_that_differs_fails_and_later_cells_still_run(run_nbval, pytester):
    write(pytester.path / "nb.ipynb", code("1", result("2")), code("2", result("2")))
    ran = run_nbval()
    ran.assert_outcomes(failed=1, passed=1, skipped=1)
    ran.stdout.fnmatch_lines(["*Cell outputs differ*"])


def test_cells_behind_a_crash_are_skipped(run_nbval, pytester):
    write(pytester.path / "nb.ipynb", code("1/0"), code("1", result("1")))
    ran = run_nbval()
    ran.assert_outcomes(failed=1, skipped=2)
    ran.stdout.fnmatch_lines(["*ZeroDivisionError*", "SKIPPED*Cell 0 of nb.ipynb failed before"])


@pytest.mark.parametrize("magic", ["%%nosuch\nx = 1", "%nosuch"])
def test_a_magic_that_is_not_known_fails(run_nbval, pytester, magic):
    write(pytester.path / "nb.ipynb", code(magic))
    ran = run_nbval("--nbval-lax")
    ran.assert_outcomes(failed=1, skipped=1)
    ran.stdout.fnmatch_lines(["*this magic is not known, so the cell did not run*"])


def test_a_miss_that_a_cell_swallowed_fails_the_cell(run_nbval, pytester):
    write(pytester.path / "acme.ipynb", code(NOTE), code(MISS), code("1", result("1")))
    ran = run_nbval()
    ran.assert_outcomes(passed=2, failed=1, skipped=1)
    ran.stdout.fnmatch_lines(
        [
            "Cell 1 of acme.ipynb asked for something that is not recorded:",
            "  GET /v1/contacts?limit=3",
            "    cassette 'acme/list': nearest: GET /v1/contacts (query: limit=2)",
            "    record it with: cellwire record acme/list",
        ]
    )


@pytest.mark.parametrize("policy", ["fail", "warn", "ignore"])
def test_answers_that_nothing_asked_for(run_nbval, pytester, policy):
    write(pytester.path / "nb.ipynb", code(NOTE), code(close(["GET /v1/never"])))
    ran = run_nbval(f"--cellwire-unused={policy}", "-W", "default")
    ran.assert_outcomes(
        passed=2 + (policy != "fail"), failed=policy == "fail", warnings=policy == "warn"
    )
    if policy != "ignore":
        ran.stdout.fnmatch_lines(
            ["*recorded answers that nothing asked for:", "*acme/list: GET /v1/never"]
        )


def test_unused_answers_say_nothing_when_a_cell_failed(run_nbval, pytester):
    write(
        pytester.path / "nb.ipynb",
        code(NOTE),
        code(close(["GET /v1/never"])),
        code("1", result("2")),
    )
    run_nbval().assert_outcomes(passed=2, failed=1, skipped=1)


def test_what_was_played_is_counted(run_nbval, pytester):
    write(pytester.path / "a.ipynb", code(NOTE), code(close([], 5)))
    write(pytester.path / "b.ipynb", code(NOTE), code(close([], 7)))
    ran = run_nbval("--cellwire-report")
    ran.stdout.fnmatch_lines(
        ["cellwire: none, 1 cassette, 12 answers played", "  acme/list: 12 played, 0 recorded"]
    )


def test_the_kernel_is_alike_everywhere_and_holds_no_secret(run_nbval, pytester, monkeypatch):
    for name in (
        "ACME_TOKEN",
        "acme_client_secret",
        "DB_PASSWORD",
        "API_KEY",
        "GCP_CREDENTIALS_FILE",
    ):
        monkeypatch.setenv(name, "not-a-real-secret")
    monkeypatch.setenv("ACME_URL", "kept")
    source = """
import os
names = ("ACME_TOKEN", "acme_client_secret", "DB_PASSWORD", "API_KEY", "GCP_CREDENTIALS_FILE")
assert not any(name in os.environ for name in names)
assert os.environ["CELLWIRE_RECORD_MODE"] == "none"
[os.environ[n] for n in ("ACME_URL", "PYTHONHASHSEED", "TZ", "COLUMNS")]
"""
    write(pytester.path / "nb.ipynb", code(source, result("['kept', '0', 'UTC', '80']")))
    run_nbval().assert_outcomes(passed=2)


def test_a_wrong_setting_is_an_error_of_the_notebook(run_nbval, pytester, monkeypatch):
    monkeypatch.setenv("CELLWIRE_RECORD_MODE", "sometimes")
    write(pytester.path / "nb.ipynb", code("1", result("1")))
    ran = run_nbval()
    ran.assert_outcomes(errors=2)
    ran.stdout.fnmatch_lines(
        ["*SettingsError: CELLWIRE_RECORD_MODE: 'sometimes' is no record mode*"]
    )


def test_nbval_markers_hold(run_nbval, pytester):
    write(
        pytester.path / "nb.ipynb",
        code("# NBVAL_IGNORE_OUTPUT\n1", result("2")),
        code("# NBVAL_SKIP\n1/0"),
        code("# NBVAL_RAISES_EXCEPTION\nx = 1/0"),
        code("1/0", tags=["raises-exception"]),
        code("1", result("1")),
    )
    ran = run_nbval("--nbval-lax")
    ran.assert_outcomes(passed=5, skipped=1)


def test_a_cell_that_takes_too_long_fails(run_nbval, pytester):
    write(pytester.path / "nb.ipynb", code("import time\ntime.sleep(30)"), code("1"))
    ran = run_nbval("--nbval-cell-timeout=1")
    ran.assert_outcomes(failed=1, skipped=2)
    ran.stdout.fnmatch_lines(["*timed out*"])


def test_a_kernel_that_dies_fails_its_cell(run_nbval, pytester):
    write(pytester.path / "nb.ipynb", code("import os\nos._exit(3)"), code("1"))
    run_nbval().assert_outcomes(failed=1, skipped=2)


def test_random_order_keeps_the_cells_in_theirs(pytester, run_nbval):
    cells = [code(f"x{n} = {f'x{n - 1} + 1' if n else 0}\nx{n}", result(str(n))) for n in range(8)]
    write(pytester.path / "nb.ipynb", *cells)
    pytester.makepyfile("def test_one(): pass\ndef test_two(): pass")
    run_nbval("--randomly-seed=4").assert_outcomes(passed=11)


def test_xdist_keeps_a_notebook_in_one_process(run_nbval, pytester):
    for name in ("a", "b"):
        cells = [code(f"x = {n} if {n} == 0 else x + 1\nx", result(str(n))) for n in range(6)]
        write(pytester.path / f"{name}.ipynb", code(NOTE), code(close([], 3)), *cells)
    ran = run_nbval("-n2")
    ran.assert_outcomes(passed=18)
    ran.stdout.fnmatch_lines(["cellwire: none, 1 cassette, 6 answers played"])


def test_other_languages_stay_with_nbval(run_nbval, pytester):
    write(pytester.path / "nb.ipynb", code("1"), language="R")
    ran = run_nbval("--collect-only", "-q")
    assert "::cassettes" not in ran.stdout.str()


def test_an_nbval_without_what_we_rely_on_is_named(script):
    ran = script(
        """
import nbval.plugin
del nbval.plugin.IPyNbCell.compare_outputs
import cellwire.testing.nbval
"""
    )
    assert (
        "this nbval has no IPyNbCell.compare_outputs, which cellwire relies on: "
        "install 'nbval>=0.11,<0.13'" in ran.stderr
    )


WIDGET = {"application_vnd.jupyter.widget-view+json": {"model_id": "x", "version_major": 2}}


def test_widgets_redrawn_displays_and_html_are_not_compared(run_nbval, pytester):
    write(
        pytester.path / "nb.ipynb",
        code("import ipywidgets\nipywidgets.Text('new')", result("Text(value='old')", **WIDGET)),
        code("print('a')\nh = display('first', display_id='d')", printed("a\n"), shown("'last'")),
        code("h.update('last')\n1", result("1")),
        code(
            "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('left')",
            printed("left\n"),
        ),
        code(
            "class C:\n    def __repr__(self): return 'c'\n    def _repr_html_(self): return '<b>1</b>'\nC()",
            result("c", text_html="<b>2</b>"),
        ),
        code(
            "out = ipywidgets.Output()\nwith out:\n    print('captured')\nprint('plain')",
            printed("plain\n"),
        ),
    )
    run_nbval().assert_outcomes(passed=7)


CHILDREN = """
import subprocess, sys, os
URL = "{url}"
!curl -sS --max-time 5 {url}
subprocess.run(["curl", "-sS", "--max-time", "5", URL])
os.system("curl -sS --max-time 5 " + URL)
grand = "import subprocess, sys; subprocess.run([sys.executable, '-c', %r])"
connect = "import urllib.request; urllib.request.urlopen('%s')" % URL
subprocess.run([sys.executable, "-c", connect])
subprocess.run([sys.executable, "-c", grand % connect])
child = os.fork()
if not child:
    try:
        exec(connect)
    finally:
        os._exit(1)
os.waitpid(child, 0)
"""
SWALLOWED = """
import urllib.request
try:
    urllib.request.urlopen("{url}")
except Exception:
    pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere children do not start at all")
def test_a_server_left_listening_gets_no_connection(run_nbval, pytester, listening):
    write(
        pytester.path / "nb.ipynb",
        code("# NBVAL_IGNORE_OUTPUT" + CHILDREN.format(url=listening.url)),
        code(SWALLOWED.format(url=listening.url)),
    )
    ran = run_nbval()
    ran.assert_outcomes(failed=2, skipped=1)
    assert listening.connections == []
    ran.stdout.fnmatch_lines(
        [
            "*of nb.ipynb reached for the network outside any cassette:",
            f"  a connection to 127.0.0.1:{listening.port}",
        ]
    )


COVERED = """
def pytest_addoption(parser):
    parser.addoption("--cov", dest="cov_source", action="append")
    parser.addoption("--cov-config", dest="cov_config", default="")
"""


def test_coverage_reaches_into_the_kernel(run_nbval, pytester):
    # pytest-cov's options; what measures is nbval's own code and coverage itself.
    pytester.makeconftest(COVERED)
    (pytester.path / "acme.py").write_text(
        "def used():\n    return 1\n\ndef unused():\n    return 2\n"
    )
    write(pytester.path / "nb.ipynb", code("import acme\nacme.used()", result("1")))
    run_nbval("--cov=acme").assert_outcomes(passed=2)
    (data,) = pytester.path.glob(".coverage*nbval*")
    measured = CoverageData(basename=str(data))
    measured.read()
    (file,) = measured.measured_files()
    assert sorted(measured.lines(file)) == [1, 2, 4]
