import asyncio
import os
import sys

import nbformat
import pytest
from tests.support.notebooks import code, write

from cellwire.testing.cells import Kernel, KernelFailed, isolated


@pytest.fixture
def kernel(tmp_path):
    made = []

    def start(*cells, **options):
        notebook = nbformat.read(write(tmp_path / "nb.ipynb", *cells), as_version=4)
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        made.append(Kernel(notebook, tmp_path, environ=environ, **options))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.stop()


def test_it_runs_where_an_event_loop_runs_already(kernel):
    # Playwright's sync API leaves one running in the thread of the tests.
    async def inside():
        running = kernel(code("1 + 1"))
        ran = running.run(0)
        running.settle(0.05)
        said = running.redacted("nothing secret")
        running.stop()
        return ran, said

    ran, said = asyncio.run(inside())
    assert ran.outputs[0]["data"]["text/plain"] == "2"
    assert said == "nothing secret"


def test_a_notebook_given_is_not_changed(kernel, tmp_path):
    running = kernel(code("'new'"), code("raise LookupError('why')"))
    assert running.run(0).outputs[0]["data"]["text/plain"] == "'new'"
    failed = running.run(1)
    assert failed.alive
    assert "LookupError: why" in failed.error
    assert "\x1b" not in failed.error
    assert nbformat.read(tmp_path / "nb.ipynb", as_version=4).cells[0].outputs == []


def test_a_failing_start_stops_the_kernel(tmp_path):
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CELLWIRE_RECORD_MODE": "x"}
    kernel = Kernel(nbformat.v4.new_notebook(), tmp_path, environ=environ)
    with pytest.raises(KernelFailed, match="SettingsError: CELLWIRE_RECORD_MODE: 'x'"):
        kernel.start()


def test_what_is_known_to_be_secret_is_redacted_in_the_kernel(kernel):
    teach = "from cellwire.workspace import Workspace\n"
    teach += "Workspace.current().known.teach('fake-secret-value-1', 'token')"
    running = kernel(code(teach))
    running.run(0)
    assert running.redacted("it's fake-secret-value-1!") == "it's cw-token!"


def test_the_environment_is_isolated_and_keeps_secrets_only_when_asked(tmp_path):
    environ = {"A_TOKEN": "x", "PATH": "p", "PYTEST_CURRENT_TEST": "y", "TZ": "Europe/Vienna"}
    fixed = {"PYTHONHASHSEED": "0", "TZ": "UTC", "COLUMNS": "80", "IPYTHONDIR": str(tmp_path)}
    assert isolated(environ, tmp_path) == {"PATH": "p", **fixed}
    assert isolated(environ, tmp_path, secrets=True) == {"A_TOKEN": "x", "PATH": "p", **fixed}
