"""The command line. This file is the contract; each verb is one file."""

from __future__ import annotations

import argparse
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from cellwire._version import __version__
from cellwire.errors import ConnectError, Error
from cellwire.kinds import Kinds

FINE, FAILED, USAGE, NOT_CONNECTED, INTERRUPTED = 0, 1, 2, 3, 130

_EPILOG = """\
TARGET is an integration (github), a cassette (github/list_issues) or the path of a notebook or test.

examples:
  cellwire connect notebooks/github.ipynb       sign in, in a terminal
  cellwire record notebooks/github.ipynb        record it all anew, all or nothing
  cellwire record github/list_issues            record one cassette anew
  cellwire test                                 notebooks and tests, offline
  cellwire check                                look for secrets before you commit
  cellwire doctor                               what is missing, and what mends it

exit status: 0 fine; 1 something failed or was found; 2 wrong usage; 3 not connected;
130 interrupted.
"""


class Verb(ABC):
    """One thing the command line does.

    Attributes:
        name: The word to type, and the name of the file.
        help: One line for the list of verbs.
        examples: Shown below the verb's own help.
    """

    name: ClassVar[str]
    help: ClassVar[str]
    examples: ClassVar[str]

    @classmethod
    def arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Declare what follows the verb."""
        del parser

    @abstractmethod
    def run(self, given: argparse.Namespace) -> int:
        """Do it; give the exit status."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit status.

    Args:
        argv: The words behind `cellwire`; those of this process unless given.
    """
    try:
        given = _parser().parse_args(argv)
    except SystemExit as done:
        return int(done.code or FINE)
    try:
        status: int = given.verb().run(given)
    except Error as error:
        print(f"cellwire {given.verb.name}: {error}", file=sys.stderr)
        return NOT_CONNECTED if isinstance(error, ConnectError) else FAILED
    except KeyboardInterrupt:
        print(f"cellwire {given.verb.name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    return status


def _parser() -> argparse.ArgumentParser:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="cellwire",
        description="Write integrations with web APIs in a notebook; keep them as offline tests.",
        epilog=_EPILOG,
        formatter_class=formatter,
    )
    parser.add_argument("--version", action="version", version=f"cellwire {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    kinds = Kinds("cellwire.cli", Verb)  # type: ignore[type-abstract] # the contract itself
    for name in kinds.names():
        verb = kinds.load(name)
        own = verbs.add_parser(
            name,
            help=verb.help,
            description=f"{verb.help[0].upper()}{verb.help[1:]}.",
            epilog=f"examples:\n{verb.examples}",
            formatter_class=formatter,
        )
        verb.arguments(own)
        own.set_defaults(verb=verb)
    return parser
