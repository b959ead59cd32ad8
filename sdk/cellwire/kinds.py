"""Kinds: what varies is a folder, each variant one file, found by its name.

A file of ours comes first; an entry point of another package (`cellwire.<axis>`) second. Entry
points are scanned only for names we do not have, since the scan reads every installed package.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from cellwire.errors import DefinitionError

T = TypeVar("T")


class Kinds(Generic[T]):
    """Looks up the classes of one axis.

    Args:
        package: Dotted name of the axis' folder, whose `__init__.py` is the contract.
        contract: The class every kind derives from.
    """

    def __init__(self, package: str, contract: type[T]) -> None:
        self.package = package
        self.contract = contract
        self.group = "cellwire." + package.removeprefix("cellwire.")

    def names(self) -> list[str]:
        """List the kinds that ship with cellwire."""
        folder = importlib.import_module(self.package)
        return sorted(info.name for info in pkgutil.iter_modules(folder.__path__))

    def load(self, name: str) -> type[T]:
        """Give the kind called `name`.

        Raises:
            DefinitionError: No file and no installed package has it; says which names there are.
        """
        if name in self.names():
            return self._of_file(name)
        for entry in entry_points(group=self.group, name=name):
            return self._checked(entry.load(), name)
        known = ", ".join(self.names())
        raise DefinitionError(
            f"{self.group} has no kind called {name!r}",
            next_step=f"Use one of: {known}; or install a package that brings it.",
        )

    def _of_file(self, name: str) -> type[T]:
        module = importlib.import_module(f"{self.package}.{name}")
        for _, value in inspect.getmembers(module, inspect.isclass):
            if value.__module__ == module.__name__ and issubclass(value, self.contract):
                return value
        raise DefinitionError(f"{module.__name__} defines no {self.contract.__name__}")

    def _checked(self, value: object, name: str) -> type[T]:
        if isinstance(value, type) and issubclass(value, self.contract):
            return value
        raise DefinitionError(f"the entry point {name!r} of {self.group} is no {self.contract}")


def class_of(package: str, name: str) -> type[Any] | None:
    """Find the class `name` in the file of that name: `OAuth2` in `oauth2.py`.

    Lets a contract's `__init__` give its kinds as attributes (`cellwire.auth.OAuth2`) without
    importing any before it is used.
    """
    folder = importlib.import_module(package)
    for info in pkgutil.iter_modules(folder.__path__):
        if info.name.replace("_", "") == name.lower():
            found: type[Any] | None = getattr(
                importlib.import_module(f"{package}.{info.name}"), name, None
            )
            return found
    return None
