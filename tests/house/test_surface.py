"""The surface: few names, all importable at a low price, and libraries named in one file each."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cellwire

PACKAGE = Path(__file__).parents[2] / "sdk" / "cellwire"
FILES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).partition(".")[0])
    return found


def test_at_most_twenty_names():
    assert len(cellwire.__all__) <= 20
    assert sorted(cellwire.__all__) == cellwire.__all__


@pytest.mark.parametrize("name", cellwire.__all__)
def test_each_name_can_be_imported(name):
    assert getattr(cellwire, name) is not None
    assert name in dir(cellwire)


def test_each_name_is_declared_for_type_checkers():
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If))
    declared = {a.asname for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert declared == set(cellwire.__all__)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Conector'"):
        cellwire.Conector  # noqa: B018


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("httpx", "_http.py"),
        ("authlib", "oauth/protocol.py"),
        ("nbval", "testing/nbval.py"),
        ("pytest", None),
    ],
)
def test_a_library_is_named_in_its_home_alone(library, home):
    users = {str(p.relative_to(PACKAGE).as_posix()) for p in FILES if library in imported(p)}
    homes = {home} if home else {f"testing/{n}.py" for n in ("items", "nbval", "plugin")}
    assert users == homes


@pytest.mark.parametrize("module", ["cellwire", "cellwire.testing.plugin"])
def test_importing_it_imports_nothing_that_costs(module):
    code = (
        "import pytest, sys; before = set(sys.modules); "
        f"import {module}; print(*sorted(set(sys.modules) - before))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) <= {"cellwire", "cellwire.testing", "cellwire.testing.plugin"}


def test_no_function_is_longer_than_forty_lines():
    long = [
        f"{path.relative_to(PACKAGE)}:{node.name}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and statements_end(node) - body_start(node) > 40
    ]
    assert not long


def body_start(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Where the code begins: signature and docstring say what, not how."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return int(first.end_lineno or 0) if documented else first.lineno - 1


def statements_end(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return int(node.end_lineno or 0)
