import socket

import pytest

from cellwire.settings import Settings
from cellwire.stores.file import File


def test_all_is_well(cellwire, project):
    said = cellwire("doctor")
    assert said.status == 0, said.out
    assert "ipykernel" in said.out
    assert "record mode  decided for each block (default)" in said.out


def test_the_source_of_the_record_mode_is_told(cellwire, monkeypatch):
    monkeypatch.setenv("CI", "1")
    assert "record mode  none (CI)" in cellwire("doctor").out


def test_a_vault_that_cannot_be_read(cellwire, project, monkeypatch):
    File.open(Settings.load()).put("a/b/c", {"token": "fake"})
    monkeypatch.setenv("CELLWIRE_KEY", "A" * 43 + "=")
    said = cellwire("doctor")
    assert said.status == 1
    assert "! vault" in said.out


def test_a_taken_port(cellwire, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        monkeypatch.setenv("CELLWIRE_REDIRECT_PORT", port)
        said = cellwire("doctor")
    assert said.status == 1
    assert f"{port} is taken" in said.out
    monkeypatch.setenv("CELLWIRE_REDIRECT_PORT", port)
    assert f"{port} is free" in cellwire("doctor").out


def test_what_a_crash_left(cellwire, project):
    left = project / ".cellwire" / "partial" / "acme" / "list.yaml"
    left.parent.mkdir(parents=True)
    left.write_text("interactions: []\n")
    said = cellwire("doctor")
    assert said.status == 1
    assert "acme/list, left by a crash" in said.out
    assert "cellwire record acme/list" in said.out


@pytest.mark.parametrize("found", ["7.0.0", "7.0.1"])
def test_a_kernel_that_loses_messages_is_refused(cellwire, monkeypatch, found):
    from cellwire.cli import doctor

    real = doctor.version
    monkeypatch.setattr(doctor, "version", lambda p: found if p == "ipykernel" else real(p))
    said = cellwire("doctor")
    assert said.status == 1
    assert "pip install 'ipykernel!=7.0.0,!=7.0.1'" in said.out


def test_a_wrong_setting(cellwire, monkeypatch):
    monkeypatch.setenv("CELLWIRE_RECEIVER_PORT", "many")
    said = cellwire("doctor")
    assert said.status == 1
    assert "'many' is no port" in said.out
