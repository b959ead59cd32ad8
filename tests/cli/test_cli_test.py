from tests.support.notebooks import code, result, write


def test_it_runs_notebooks_and_tests_locked(cellwire, project, monkeypatch):
    monkeypatch.setenv("CELLWIRE_RECORD_MODE", "all")
    monkeypatch.setenv("CELLWIRE_RECORD", "*")
    (project / "tests").mkdir()
    (project / "tests" / "test_mode.py").write_text(
        "import os\ndef test_mode():\n    assert os.environ['CELLWIRE_RECORD_MODE'] == 'none'\n"
        "    assert 'CELLWIRE_RECORD' not in os.environ\n"
    )
    write(project / "notebooks" / "nb.ipynb", code("1", result("1")))
    said = cellwire("test")
    assert said.status == 0, said.out
    assert "3 passed" in said.out


def test_what_fails_is_one(cellwire, project):
    write(project / "notebooks" / "nb.ipynb", code("1", result("2")))
    assert cellwire("test", "notebooks/nb.ipynb").status == 1


def test_an_integration_selects_what_uses_it(cellwire, project):
    tests = project / "tests"
    tests.mkdir()
    (tests / "test_a.py").write_text("acme = 0\ndef test_a(): pass\ndef no(): acme.cassette('x')\n")
    (tests / "test_b.py").write_text("def test_b(): assert False\n")
    said = cellwire("test", "acme", "--", "-q")
    assert said.status == 0, said.out
    assert "1 passed" in said.out


def test_a_project_without_either(cellwire, project):
    (project / "notebooks").rmdir()
    said = cellwire("test")
    assert said.status == 1
    assert "neither notebooks/ nor tests/" in said.err
