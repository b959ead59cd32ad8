import itertools
import linecache
import sys

import pytest

from cellwire.cassettes.block import block_hash
from cellwire.cassettes.cassette import decide

_NUMBER = itertools.count()


class Block:
    def __enter__(self):
        self.hash = block_hash(sys._getframe(1))
        return self

    def __exit__(self, *exc):
        return None


def _run(source):
    """Run source as a notebook cell is run: its text registered with linecache."""
    name = f"<cell {next(_NUMBER)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    scope = {"Block": Block}
    exec(compile(source, name, "exec"), scope)
    return scope["b"].hash


def test_formatting_and_comments_do_not_change_the_hash():
    plain = _run("with Block() as b:\n    x = [1, 2]\n")
    assert plain == _run("with Block() as b:\n\n    # why\n    x = [1,\n         2]\n")
    assert len(plain) == 8


def test_another_statement_changes_the_hash():
    assert _run("with Block() as b:\n    x = 1\n") != _run("with Block() as b:\n    x = 2\n")


def test_code_around_the_block_does_not_count():
    assert _run("with Block() as b:\n    x = 1\n") == _run(
        "y = 5\nif y:\n    with Block() as b:\n        x = 1\nz = 3\n"
    )


def test_an_inner_block_has_its_own_hash():
    source = "with Block() as a:\n    with Block() as b:\n        x = 1\n"
    assert _run(source) == _run("with Block() as b:\n    x = 1\n")


def test_a_header_over_several_lines_is_found():
    assert _run("with (\n    Block() as b,\n):\n    x = 1\n") == _run(
        "with Block() as b:\n    x = 1\n"
    )


def test_without_a_source_there_is_no_hash():
    scope = {"Block": Block}
    exec("with Block() as b: pass", scope)
    assert scope["b"].hash == ""


@pytest.mark.parametrize(
    ("mode", "exists", "changed", "connected", "action"),
    [
        # The table of the docs: connected, no word said.
        (None, False, False, True, "record"),
        (None, True, True, True, "record"),
        (None, True, False, True, "play"),
        # Not connected: play, so that a miss can explain.
        (None, False, False, False, "play"),
        (None, True, True, False, "play"),
        # vcrpy's words.
        ("none", False, True, True, "play"),
        ("once", False, False, True, "record"),
        ("once", True, True, True, "play"),
        ("new_episodes", True, True, True, "record"),
        ("all", True, False, True, "record"),
        ("rewrite", True, False, True, "record"),
    ],
)
def test_a_block_records_or_plays_by_the_table(mode, exists, changed, connected, action):
    assert decide(mode, exists=exists, changed=changed, connected=connected) == action
