"""Atomic, private writes and locks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cellwire import files
from cellwire.errors import Error


def test_the_data_folder_is_the_set_one_or_the_users(tmp_path: Path) -> None:
    assert files.user_data_dir(tmp_path / "x") == tmp_path / "x"
    assert not (tmp_path / "x").exists()
    assert files.user_data_dir().name == "cellwire"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_private_file_and_its_folder_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    files.write_atomic(path, b"data")
    assert path.read_bytes() == b"data"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_shared_file_is_readable(tmp_path: Path) -> None:
    files.write_atomic(tmp_path / "file", b"data", files.SHARED)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write_atomic(path, b"old")
    with pytest.raises(TypeError):
        files.write_atomic(path, "text")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_one_thread_may_take_a_lock_again(tmp_path: Path) -> None:
    with files.lock(tmp_path / "x.lock", 1), files.lock(tmp_path / "x.lock", 1):
        pass


def test_a_lock_keeps_threads_apart(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(5):
            with files.lock(tmp_path / "x.lock"):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_lock_held_by_another_process_is_an_error_that_says_so(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from cellwire.files import lock\n"
        "with lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.readline()"
    )
    path = tmp_path / "x.lock"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdin
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Error, match="another process"), files.lock(path, 0.1):
            pass
        other.stdin.write("\n")
        other.stdin.flush()
        with files.lock(path, 20):
            pass
