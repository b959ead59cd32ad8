"""vcrpy's YAML: the keys vcrpy 9 and pytest-recording accept, in text that reads well in review.

What vcrpy has no key for (when, where and from which code it was recorded) stands in a comment,
the first line. A cassette without that line is as good.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import yaml

from cellwire.cassettes.formats import Format, Header
from cellwire.cassettes.interaction import HeaderList, Interaction
from cellwire.cassettes.jsontext import indented_body
from cellwire.cassettes.vcr_tree import interaction_of, lists_of, tree_of
from cellwire.errors import RecordingError

_FIRST = re.compile(r"# cellwire 1(?:;|$)")
# What a literal block would change or YAML 1.1 forbids: other line breaks, controls, a BOM.
_NO_BLOCK = re.compile(
    "[^\\t\\n\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd]|[\\u2028\\u2029]"
)

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Load(_Loader):  # type: ignore[misc] # the C loader is untyped
    """A safe loader for which an unquoted date, number or `yes` is the text it looks like."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":null", ":merge"))]
        for first, resolvers in _Loader.yaml_implicit_resolvers.items()
    }


class _Dump(_Dumper):  # type: ignore[misc] # the C dumper is untyped
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's own signature
        return True


def _text(dumper: Any, value: str) -> Any:
    style = None
    if "\n" in value and _fits_block(value):
        style = "|"
    elif _NO_BLOCK.search(value) or "\n" in value:
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dump.add_representer(str, _text)


def _fits_block(text: str) -> bool:
    """Tell whether a literal block gives the text back unchanged."""
    if _NO_BLOCK.search(text) or text[0] in " \n\t" or text.endswith("\n\n"):
        return False
    return not re.search(r"[ \t]$", text, re.MULTILINE)


class VcrYaml(Format):
    """The format of `.yaml` cassettes."""

    name: ClassVar[str] = "vcr_yaml"
    suffix: ClassVar[str] = ".yaml"

    def dump(self, header: Header, interactions: Sequence[Interaction]) -> str:
        """Give the text: one comment line, then vcrpy's keys in vcrpy's order."""
        tree = {"interactions": [tree_of(i) for i in interactions], "version": 1}
        text = yaml.dump(
            tree,
            Dumper=_Dump,
            allow_unicode=True,
            default_flow_style=False,
            sort_keys=False,
            width=1_000_000,
        )
        return f"{_line(header)}\n{text}"

    def load(self, text: str, source: str = "the cassette") -> tuple[Header, list[Interaction]]:
        """Read a cassette of ours, of vcrpy (old httpx shape included), or edited by hand."""
        try:
            with _cyclic_gc_off():
                tree = yaml.load(text, Loader=_Load)  # noqa: S506 - a subclass of the safe loader
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            problem = getattr(error, "problem", None) or "cannot be read as YAML"
            raise _broken(source, line, str(problem)) from None
        if not isinstance(tree, Mapping) or not isinstance(tree.get("interactions"), list):
            raise _broken(source, 1, "there is no list of `interactions`")
        found = []
        for number, each in enumerate(tree["interactions"]):
            try:
                found.append(interaction_of(each))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                what = (
                    f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)
                )
                where = f"interactions[{number}]: {what}"
                raise _broken(source, _line_of(text, number), where) from None
        return self.header(text.partition("\n")[0]), found

    def header(self, first_line: str) -> Header:
        """Read the comment line; any other line says nothing."""
        if not _FIRST.match(first_line):
            return Header()
        facts = {
            word: value
            for part in first_line.split("; ")[1:]
            for word, _, value in [part.strip().rpartition(" ")]
        }
        return Header(
            recorded_at=_time(facts.get("recorded", "")),
            live_at=facts.get("live at", ""),
            block=facts.get("block", ""),
        )

    def settle(self, interaction: Interaction) -> Interaction:
        """Indent JSON that is one long line; deliveries keep their bytes, which were signed."""
        i = replace(
            interaction,
            request_headers=_grouped(interaction.request_headers),
            response_headers=_grouped(interaction.response_headers),
        )
        if i.inbound:
            return i
        request, response = indented_body(i.request_body), indented_body(i.response_body)
        return replace(
            i,
            request_body=request,
            request_headers=_sized(i.request_headers, i.request_body, request),
            response_body=response,
            response_headers=_sized(i.response_headers, i.response_body, response),
        )


def _line(header: Header) -> str:
    parts = ["# cellwire 1"]
    if header.recorded_at:
        parts.append(f"recorded {header.recorded_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    parts += [f"live at {header.live_at}"] if header.live_at else []
    parts += [f"block {header.block}"] if header.block else []
    return "; ".join(parts)


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _grouped(headers: HeaderList) -> HeaderList:
    return tuple((name, value) for name, values in lists_of(headers).items() for value in values)


def _sized(headers: HeaderList, before: bytes, after: bytes) -> HeaderList:
    if len(before) == len(after):
        return headers
    size = str(len(after))
    return tuple((n, size if n.lower() == "content-length" else v) for n, v in headers)


def _line_of(text: str, number: int) -> int:
    """Find the line on which an interaction begins."""
    starts = [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"- \w", line)]
    return starts[number] if number < len(starts) else 1


def _broken(source: str, line: int, problem: str) -> RecordingError:
    return RecordingError(
        f"{source}, line {line}: {problem}",
        next_step="Mend the file, or take it from version control, or record it again.",
    )


@contextmanager
def _cyclic_gc_off() -> Iterator[None]:
    """Load without the cyclic collector: it would walk the growing tree again and again."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()
