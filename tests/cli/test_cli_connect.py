import io
import sys

from tests.cli.conftest import DEFINE, TOKEN
from tests.support.notebooks import code, write


def test_the_integration_of_a_notebook_is_connected_without_running_it(cellwire, project, service):
    write(
        project / "notebooks" / "acme.ipynb",
        code("%matplotlib inline\n" + DEFINE),
        code("class Acme(cw.Client, integration=acme):\n    pass\n"),
        code("acme.connect()\n1/0"),
        code("!rm -rf everything"),
    )
    said = cellwire("connect", "notebooks/acme.ipynb")
    assert said.status == 0, said.err
    assert "acme: connected" in said.out
    assert service.asked == []
    assert cellwire("connect", "acme").status == 0


def test_a_package_of_the_project_is_imported(cellwire, project, service, monkeypatch):
    package = project / "integrations" / "acme"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(DEFINE)
    for name in [n for n in sys.modules if n.split(".")[0] == "integrations"]:
        monkeypatch.delitem(sys.modules, name)
    said = cellwire("connect", "acme")
    assert said.status == 0, said.err
    assert "acme: connected" in said.out


def test_several_integrations_are_listed(cellwire, project):
    again = DEFINE.replace("acme", "other").replace("class Server", "class Other")
    write(project / "notebooks" / "two.ipynb", code(DEFINE), code(again))
    said = cellwire("connect", "notebooks/two.ipynb")
    assert said.status == 1
    assert "several integrations declared there" in said.err
    assert "Found: acme, other" in said.err


def test_a_file_that_declares_none(cellwire, project):
    (project / "plain.py").write_text("x = 1\n")
    said = cellwire("connect", "plain.py")
    assert said.status == 1
    assert "no integration declared there\n  Found: none" in said.err


def test_under_a_lock_it_says_why_not(cellwire, project, monkeypatch):
    (project / "acme.py").write_text(DEFINE)
    monkeypatch.setenv("CI", "true")
    said = cellwire("connect", "acme.py")
    assert said.status == 1
    assert "record mode is none (CI): connections are stand-ins" in said.err


def test_nobody_to_answer_is_not_connected(cellwire, project, monkeypatch):
    (project / "acme.py").write_text(DEFINE)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    said = cellwire("connect", "acme.py")
    assert said.status == 3
    assert TOKEN not in said.err
