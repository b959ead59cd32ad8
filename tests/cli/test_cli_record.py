import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from tests.cli.conftest import CALL, DEFINE, TOKEN
from tests.support.notebooks import code, write


def files(project):
    """Everything but what is private, with its content."""
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*")
        # cellwire's own folder stays, empty but for what makes git ignore it.
        if path != project / ".cellwire" / ".gitignore"
        if path.is_file() and path.parts[len(project.parts)] != "data"
    }


def test_a_notebook_is_recorded_and_then_plays_offline(
    cellwire, project, service, notebook, monkeypatch
):
    said = cellwire("record", "notebooks/acme.ipynb", "--json", "summary.json")
    assert said.status == 0, said.err
    assert [line.split()[0:2] for line in said.out.splitlines()[:4]] == [
        ["cell", f"{n}/4"] for n in range(1, 5)
    ]
    assert re.search(r"acme/list +2 +request header Authorization 2", said.out)
    summary = json.loads((project / "summary.json").read_text())
    assert [c["name"] for c in summary["cassettes"]] == ["acme/list", "acme/other"]
    assert summary["cassettes"][0]["interactions"] == 2
    assert summary["cassettes"][0]["removed"] == {"request header Authorization": 2}
    written = files(project)
    assert not any(TOKEN.encode() in content for content in written.values())
    assert not any(service.url.encode() in content for content in written.values())
    assert not any(name.startswith(".cellwire/") for name in written)

    saved = json.loads(notebook.read_text())
    assert [cell["execution_count"] for cell in saved["cells"]] == [1, 2, 3, 4]
    assert "widgets" not in saved["metadata"]
    assert "'GET /things?n=0'" in str(saved["cells"][3]["outputs"])

    before = len(service.asked)
    monkeypatch.delenv("ACME_TOKEN")
    played = cellwire("test")
    assert played.status == 0, played.out
    assert "cellwire: none, 2 cassettes, 3 answers played" in played.out
    assert len(service.asked) == before


def test_recording_twice_changes_nothing_but_when(cellwire, project, service, notebook):
    assert cellwire("record", "notebooks/acme.ipynb").status == 0
    first = files(project)
    assert cellwire("record", "notebooks/acme.ipynb").status == 0
    second = files(project)

    def undated(found):
        return {n: re.sub(rb"recorded 20\S+", b"recorded", content) for n, content in found.items()}

    assert undated(first) == undated(second)


def test_a_failing_cell_changes_nothing_and_shows_no_secret(cellwire, project, service, notebook):
    assert cellwire("record", "notebooks/acme.ipynb").status == 0
    write(
        notebook,
        code(DEFINE),
        code(CALL),
        code(
            f"raise ValueError('no, {TOKEN}')".replace(
                TOKEN, "' + acme.credentials().token.get_secret_value() + '"
            )
        ),
    )
    before = files(project)
    said = cellwire("record", "notebooks/acme.ipynb")
    assert said.status == 1
    assert "cell 3 of acme.ipynb failed; nothing was changed" in said.err
    assert "ValueError: no, cw-token" in said.err
    assert TOKEN not in said.out + said.err
    assert files(project) == before


def test_an_output_that_shows_a_secret_is_refused(cellwire, project, service, notebook):
    write(notebook, code(DEFINE), code(CALL), code("acme.credentials().token.get_secret_value()"))
    before = files(project)
    said = cellwire("record", "notebooks/acme.ipynb")
    assert said.status == 1
    assert "acme.ipynb was not written: known value in cell 3.outputs" in said.err
    assert TOKEN not in said.out + said.err
    assert files(project) == before


def test_one_cassette_is_recorded_and_the_rest_plays(cellwire, project, service, notebook):
    assert cellwire("record", "notebooks/acme.ipynb").status == 0
    asked = len(service.asked)
    before = files(project)
    said = cellwire("record", "acme/other")
    assert said.status == 0, said.err
    assert [a.path for a in service.asked[asked:]] == ["/other"]
    assert files(project)["cassettes/acme/list.yaml"] == before["cassettes/acme/list.yaml"]


def test_recording_works_where_replay_is_locked(cellwire, service, notebook, monkeypatch):
    monkeypatch.setenv("CI", "true")
    assert cellwire("record", "notebooks/acme.ipynb").status == 0


def test_a_test_can_be_recorded(cellwire, project, service):
    test = project / "tests" / "test_acme.py"
    test.parent.mkdir()
    test.write_text(
        f"{DEFINE}\ndef test_list():\n    with acme.cassette('list'):\n"
        "        assert acme.client().get('/things', params={'n': 1})['n'] == '/things?n=1'\n"
    )
    said = cellwire("record", "tests/test_acme.py")
    assert said.status == 0, said.out + said.err
    assert (project / "cassettes" / "acme" / "list.yaml").exists()
    test.write_text(test.read_text().replace("?n=1", "?n=2"))
    before = files(project)["cassettes/acme/list.yaml"]
    said = cellwire("record", "tests/test_acme.py")
    assert said.status == 1
    assert "a test failed while recording; nothing was changed" in said.err
    assert files(project)["cassettes/acme/list.yaml"] == before


def test_a_target_that_nothing_uses(cellwire, project, notebook):
    said = cellwire("record", "github/list_issues")
    assert said.status == 1
    assert "nothing in notebooks/ and tests/" in said.err
    assert cellwire("record", "notebooks/gone.ipynb").err.startswith(
        "cellwire record: notebooks/gone.ipynb does not exist"
    )


def test_a_notebook_that_opens_no_cassette_recorded_nothing(cellwire, project):
    write(project / "notebooks" / "plain.ipynb", code("1"))
    said = cellwire("record", "notebooks/plain.ipynb")
    assert said.status == 1
    assert "nothing was recorded" in said.err


@pytest.mark.parametrize("shown", ["display_data", "update"])
def test_the_link_of_a_sign_in_is_printed_once_on_a_line_of_its_own(cellwire, project, shown):
    source = """
from IPython.display import HTML, display
link = '<a href="http://127.0.0.1:8765/start/a-nonce_1">Connect</a>'
"""
    source += {
        "display_data": "display(HTML(link)); display(HTML(link))",
        "update": "h = display(HTML('wait'), display_id=True); h.update(HTML(link)); h.update(HTML('done'))",
    }[shown]
    write(project / "notebooks" / "plain.ipynb", code(source))
    lines = cellwire("record", "notebooks/plain.ipynb").out.splitlines()
    assert lines.count("sign in: http://127.0.0.1:8765/start/a-nonce_1") == 1


def test_a_display_redrawn_by_a_thread_after_its_cell_is_saved_as_it_ended(
    cellwire, project, service
):
    source = """
import threading
handle = display("waiting", display_id=True)
go = threading.Event()
thread = threading.Thread(target=lambda: (go.wait(), handle.update("connected")))
thread.start()
"""
    path = write(
        project / "notebooks" / "acme.ipynb",
        code(source),
        code("go.set()\nthread.join()"),
        code(DEFINE),
        code(CALL),
    )
    assert cellwire("record", "notebooks/acme.ipynb").status == 0
    saved = json.loads(path.read_text())
    assert saved["cells"][0]["outputs"][0]["data"]["text/plain"] == ["'connected'"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_changes_nothing_and_leaves_no_kernel(project):
    source = "import os, time\nopen('kernel.pid', 'w').write(str(os.getpid()))\ntime.sleep(120)"
    path = write(project / "notebooks" / "slow.ipynb", code("1"), code(source))
    before = files(project)
    command = [sys.executable, "-c", "import sys; from cellwire.cli import main; sys.exit(main())"]
    running = subprocess.Popen(
        [*command, "record", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    pid = project / "notebooks" / "kernel.pid"
    while not (pid.exists() and pid.read_text()):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130, said
    assert said == "cellwire record: interrupted\n"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    pid.unlink()
    assert files(project) == before
