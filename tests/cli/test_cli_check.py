import json

import pytest
from tests.support.notebooks import code, printed, write

from cellwire.settings import Settings
from cellwire.stores.file import File

# Put together here, so that the repository's own check does not find them.
GITHUB = "ghp_" + "R8x2Wq7Lz4Vn9Tb3Kc6Yd1Mf5Hg0Js8Pa2Qe"
VALUE = "a-fake-" + "vault-value-91c3"


def test_nothing_found(cellwire, project):
    write(project / "notebooks" / "nb.ipynb", code("print('hello')", printed("hello\n")))
    said = cellwire("check")
    assert (said.status, said.out) == (0, "nothing secret found\n")


@pytest.mark.parametrize("where", ["source", "output"])
def test_what_has_the_shape_of_a_secret_is_found_in_a_notebook(cellwire, project, where):
    cell = code(f"token = '{GITHUB}'") if where == "source" else code("x", printed(f"{GITHUB}\n"))
    write(project / "notebooks" / "nb.ipynb", code("1"), cell)
    said = cellwire("check")
    assert said.status == 1
    assert "notebooks/nb.ipynb: cell 2." in said.out
    assert GITHUB not in said.out


@pytest.mark.parametrize("folder", ["cassettes", "integrations", "tests"])
def test_a_value_of_the_vault_is_found_anywhere_in_any_encoding(cellwire, project, folder):
    from base64 import b64encode

    File.open(Settings.load()).put("a-project/acme/default", {"client_secret": VALUE, "url": "x"})
    (project / folder).mkdir()
    (project / folder / "file.py").write_text(f"x = '{b64encode(VALUE.encode()).decode()}'\n")
    said = cellwire("check")
    assert said.status == 1
    assert f"{folder}/file.py: line 1" in said.out
    assert "known value" in said.out
    assert VALUE not in said.out


def test_a_value_of_the_environment_is_found(cellwire, project, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", VALUE)
    (project / "tests").mkdir()
    (project / "tests" / "test_x.py").write_text(f"x = '{VALUE}'\n")
    assert cellwire("check", "tests").status == 1


def test_widget_state_is_found(cellwire, project):
    path = write(project / "notebooks" / "nb.ipynb", code("1"))
    notebook = json.loads(path.read_text())
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    path.write_text(json.dumps(notebook))
    said = cellwire("check")
    assert said.status == 1
    assert "metadata.widgets: widget state" in said.out


def test_a_digest_allows_what_is_no_secret(cellwire, project):
    (project / "tests").mkdir()
    (project / "tests" / "test_x.py").write_text(f"x = '{GITHUB}'\n")
    digest = cellwire("check").out.partition("digest ")[2].partition(")")[0]
    assert cellwire("check", "--allow", digest).status == 0


def test_a_path_that_is_not_there(cellwire):
    said = cellwire("check", "gone")
    assert said.status == 1
    assert "gone does not exist" in said.err


def test_a_broken_notebook_is_looked_through_all_the_same(cellwire, project):
    (project / "notebooks" / "nb.ipynb").write_text('{"cells": [ "' + GITHUB)
    assert cellwire("check").status == 1
