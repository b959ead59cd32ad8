"""Files are kinds: in a contract's folder each file is one kind, found by its name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from pathlib import Path

import pytest

from cellwire.errors import DefinitionError
from cellwire.kinds import Kinds

CONTRACTS = {
    "auth": "Auth",
    "client.pagination": "Pagination",
    "webhooks.signatures": "Signature",
    "webhooks.engines": "Engine",
    "cassettes.formats": "Format",
    "stores": "Store",
    "oauth.flows": "Flow",
    "screens": "Screen",
    "cli": "Verb",
}
ORDER = (Path(__file__).parents[2] / "docs" / "order.txt").read_text("utf-8")
FILES = [
    (folder, info.name)
    for folder in CONTRACTS
    for info in pkgutil.iter_modules(importlib.import_module(f"cellwire.{folder}").__path__)
]


def contract(folder: str) -> type:
    return getattr(importlib.import_module(f"cellwire.{folder}"), CONTRACTS[folder])


def test_every_contract_of_the_order_is_looked_at():
    marked = {
        line.rstrip("/") for line in ORDER.splitlines() if line.endswith("/") and line[0] != "#"
    }
    assert marked == set(CONTRACTS)


@pytest.mark.parametrize(("folder", "stem"), FILES)
def test_a_file_holds_one_kind_of_its_name(folder, stem):
    module = importlib.import_module(f"cellwire.{folder}.{stem}")
    kinds = [
        name
        for name, value in inspect.getmembers(module, inspect.isclass)
        if value.__module__.startswith(module.__name__) and issubclass(value, contract(folder))
    ]
    assert [kind.lower() for kind in kinds] == [stem.replace("_", "")]


@pytest.mark.parametrize(("folder", "stem"), FILES)
def test_a_kind_carries_its_name(folder, stem):
    found = Kinds(f"cellwire.{folder}", contract(folder)).load(stem)
    assert found.name == stem


@pytest.mark.parametrize("folder", CONTRACTS)
def test_a_contract_holds_no_kind(folder):
    module = importlib.import_module(f"cellwire.{folder}")
    own = [
        value
        for _, value in inspect.getmembers(module, inspect.isclass)
        if value.__module__ == module.__name__ and issubclass(value, contract(folder))
    ]
    assert own == [contract(folder)]


def test_a_new_file_is_a_new_kind(tmp_path, monkeypatch):
    (tmp_path / "hello.py").write_text(
        "from cellwire.cli import Verb\n"
        "class Hello(Verb):\n"
        "    name, help, examples = 'hello', 'say hello', ''\n"
        "    def run(self, given):\n"
        "        print('hello')\n"
        "        return 0\n"
    )
    import cellwire.cli

    monkeypatch.setattr(cellwire.cli, "__path__", [*cellwire.cli.__path__, str(tmp_path)])
    try:
        assert cellwire.cli.main(["hello"]) == 0
    finally:
        sys.modules.pop("cellwire.cli.hello", None)


def test_a_name_without_a_file_says_which_there_are():
    with pytest.raises(
        DefinitionError, match=r"no kind called 'telepathy'\n.*basic, bearer, oauth2"
    ):
        Kinds("cellwire.auth", contract("auth")).load("telepathy")
