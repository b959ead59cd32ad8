"""Getting at an integration without running the notebook or script that declares it."""

from __future__ import annotations

import ast
import importlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path

from cellwire.errors import DefinitionError
from cellwire.integration import Integration
from cellwire.settings import Settings
from cellwire.testing.targets import code_of, sources


def declared(target: str, settings: Settings) -> Integration:
    """Give the integration that `target` names.

    A package in `integrations/` is imported. Of a notebook or script only imports, classes and
    the declaration itself are executed: no call is made, nothing is connected.

    Args:
        target: A name (`github`), or the path of a notebook or script.
        settings: Where the project is.

    Raises:
        DefinitionError: There is none of that name, or more than one; lists what was found.
    """
    path = Path(target)
    if not path.exists() and (settings.project / "integrations" / target).is_dir():
        return _of_package(target, settings.project)
    found: dict[str, Integration] = {}
    for source in [path] if path.exists() else sources(target, settings):
        found |= {it.name: it for it in _of_source(source)}
    wanted = list(found.values()) if path.exists() else [found[target]] if target in found else []
    if len(wanted) == 1:
        return wanted[0]
    raise DefinitionError(
        f"{target}: {'several integrations' if wanted else 'no integration'} declared there",
        next_step=f"Found: {', '.join(sorted(found)) or 'none'}. Give the path of the notebook.",
    )


def _of_package(name: str, project: Path) -> Integration:
    sys.path.insert(0, str(project))
    try:
        module = importlib.import_module(f"integrations.{name}")
    except ImportError as error:
        raise DefinitionError(
            f"integrations/{name} cannot be imported: {error}", next_step="Mend it, or reinstall."
        ) from None
    finally:
        sys.path.remove(str(project))
    for value in vars(module).values():
        if isinstance(value, Integration) and value.name == name:
            return value
    raise DefinitionError(
        f"integrations/{name} holds no Integration called {name!r}",
        next_step=f"Export it in its __init__.py: {name} = cw.Integration({name!r}, ...)",
    )


def _of_source(path: Path) -> Iterator[Integration]:
    module = types.ModuleType("__main__")
    module.__file__ = str(path)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        for statement in _declarations(path):
            code = compile(ast.Module([statement], []), str(path), "exec")
            exec(code, vars(module))  # noqa: S102 - the author's own declaration
    except ImportError as error:
        raise DefinitionError(f"{path}: {error}", next_step="Install what it imports.") from None
    finally:
        sys.path.pop(0)
    yield from (value for value in vars(module).values() if isinstance(value, Integration))


def _declarations(path: Path) -> Iterator[ast.stmt]:
    lines = code_of(path).splitlines()
    plain = "\n".join("pass" if line.lstrip()[:1] in ("%", "!") else line for line in lines)
    try:
        statements = ast.parse(plain).body
    except SyntaxError as error:
        raise DefinitionError(f"{path} cannot be read: {error}", next_step="Mend it.") from None
    for statement in statements:
        if (
            isinstance(statement, ast.Import | ast.ImportFrom | ast.ClassDef)
            and not _uses_client(statement)
        ) or (isinstance(statement, ast.Assign) and _declares(statement.value)):
            yield statement


def _declares(value: ast.expr) -> bool:
    """Say whether it is a call of `Integration(...)`, however it was imported."""
    if not isinstance(value, ast.Call):
        return False
    name = value.func.attr if isinstance(value.func, ast.Attribute) else ""
    return "Integration" in (name, value.func.id if isinstance(value.func, ast.Name) else "")


def _uses_client(statement: ast.stmt) -> bool:
    """Say whether it is a client's class: it declares nothing, and may need what was left out."""
    return isinstance(statement, ast.ClassDef) and bool(statement.keywords)
