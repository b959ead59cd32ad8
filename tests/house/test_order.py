"""The import order of docs/order.txt: a module imports only what stands above it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sdk" / "cellwire"
LINES = [
    line.strip()
    for line in (ROOT / "docs" / "order.txt").read_text("utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
PLACE = {line.rstrip("/"): n for n, line in enumerate(LINES)}
CONTRACTS = {line.rstrip("/") for line in LINES if line.endswith("/")}


def name_of(path: Path) -> str:
    """`auth/basic.py` is `auth.basic`, `auth/__init__.py` is `auth`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def contract_of(module: str) -> str | None:
    folder = module.rpartition(".")[0]
    return folder if folder in CONTRACTS and module not in PLACE else None


def place(module: str) -> int:
    return PLACE[contract_of(module) or module]


def is_plain_package(module: str) -> bool:
    """A folder whose `__init__` holds a docstring and nothing else has no place."""
    path = MODULES[module]
    return path.name == "__init__.py" and len(ast.parse(path.read_text("utf-8")).body) <= 1


PLACED = [m for m in MODULES if m and not (m not in PLACE and is_plain_package(m))]


def imports(module: str) -> Iterator[str]:
    """Every module of ours it imports, wherever the import stands."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    typing_only = set(own_kinds_for_typing(tree)) if module in CONTRACTS else set()
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (found for name in names if (found := known(name)) is not None)


def known(name: str) -> str | None:
    """`cellwire.errors.Error` is `errors`; what is not ours is None."""
    parts = name.split(".")
    if parts[0] != "cellwire":
        return None
    for end in range(len(parts), 0, -1):
        found = ".".join(parts[1:end])
        if found in MODULES:
            return found
    raise AssertionError(f"{name} is not a module of the package")


def own_kinds_for_typing(tree: ast.Module) -> Iterator[ast.AST]:
    """A contract may name its kinds under TYPE_CHECKING, so that they complete."""
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from node.body


@pytest.mark.parametrize("module", PLACED)
def test_a_module_has_a_place(module):
    assert module in PLACE or contract_of(module), f"docs/order.txt does not list {module}"


@pytest.mark.parametrize("module", PLACED)
def test_a_module_imports_only_what_stands_above_it(module):
    for other in imports(module):
        if other == "":
            assert imported_names(module) <= {"evidence", "_http", "__version__"}, (
                f"{module} imports the package's own front"
            )
            continue
        if contract_of(module) and other == contract_of(module):
            continue
        assert place(other) < place(module), f"{module} imports {other}, which stands below it"


def imported_names(module: str) -> set[str]:
    """What is imported by `from cellwire import ...`: modules only, never the lazy names."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    return {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "cellwire"
        for alias in node.names
        if alias.name not in MODULES
    }


def test_every_line_of_the_order_is_a_module():
    rooms = {line.rstrip("/") for line in LINES}
    assert rooms <= set(MODULES), f"no such module: {sorted(rooms - set(MODULES))}"


def test_the_order_lists_nothing_twice():
    assert len(PLACE) == len(LINES)
