"""Known values and secret places, replaced by numbered stand-ins through every layer.

Two passes over the whole recording: the first learns what stands in secret places, the second
replaces. A token minted in the last answer is thus also removed from the first request.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from cellwire.auth import Place
from cellwire.cassettes.fields import Fields, Swap
from cellwire.cassettes.interaction import HeaderList, Interaction
from cellwire.cassettes.layers import inflated, text_of, through
from cellwire.cassettes.names import looks_random
from cellwire.known import Known
from cellwire.secret import Secret

_JWT = re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{4,}\.[\w-]{8,}")
_PACKED = re.compile(r"H4sI(?:[A-Za-z0-9+/_-]|%2[BbFf]|\\+/){16,}(?:=|%3[Dd]){0,2}")
_DATE = re.compile(r"[\d:TZ.+-]+")
_TOKEN_PATH = re.compile(
    r"/(?:o?auth\w*/)?(?:access_?)?(?:token|revoke|introspect)[\w.-]*/?(?:\?|$)"
)
_SEPARATOR = "\0\n\0"


class Redaction:
    """Takes out every secret of a recording.

    Args:
        known: Every value known so far; what is learned on the way is taught to it.
        places: Where the auth kind writes.
        facts: What to write for where the service stands: real URL to stand-in. Two integrations
            may stand on one server, and each writes its own.
    """

    def __init__(
        self,
        known: Known,
        places: frozenset[Place] = frozenset(),
        facts: Mapping[str, str] | None = None,
    ) -> None:
        self.known = known
        self.places = places
        self._facts = {} if facts is None else facts

    def apply(self, interactions: Sequence[Interaction]) -> tuple[list[Interaction], Counter[str]]:
        """Give the interactions without secrets, and how many values were removed where.

        Stand-ins are `cw-<kind>-<n>`, numbered in order of first appearance, equal for equal
        values; of letters, digits, hyphen and underscore alone, so every encoding leaves them be.
        """
        spots = [self._learn_from(interaction) for interaction in interactions]
        run = _Run(self.known, self.places, self._facts)
        return list(map(run.redact, interactions, spots)), run.removed

    def redact_request(self, uri: str, body: bytes) -> tuple[str, bytes]:
        """Give URL and body of one request with unnumbered stand-ins, for match keys and messages.

        Args:
            uri: Absolute URL.
            body: Bytes as sent.
        """
        swap: Swap = lambda value, kind, _: f"cw-{self.known.kind_of(value) or kind}"  # noqa: E731
        fields = Fields(self.places, swap, "request", oauth=_is_token_request(uri, body))
        uri = self.known.redact(fields.uri(uri))
        if not body:
            return uri, body
        return uri, through(body, lambda text: self.known.redact(fields.body(text)))

    def _learn_from(self, interaction: Interaction) -> list[str]:
        """Learn what stands in secret places; give which attributes have any."""
        spots: list[str] = []
        met: list[str] = []

        def learn(value: str, kind: str, where: str) -> str:
            met.append(where)
            return self._learn(value, kind, where)

        for name, edit in _edits(interaction, self.places, learn).items():
            met.clear()
            edit(getattr(interaction, name))
            if met:
                spots.append(name)
        self._learn_tokens(interaction)
        return spots

    def _learn(self, value: str, kind: str, where: str) -> str:
        if kind == "basic" and where.endswith("uthorization"):
            self._learn_basic(value)
        elif kind in ("cookie", "state", "code", "nonce"):
            if looks_random(value) and not _DATE.fullmatch(value):
                self.known.teach(value, kind)
        elif looks_random(value) or len(value) >= 8:  # noqa: PLR2004 - shorter ones are words
            self.known.teach(value, kind)
        return value

    def _learn_basic(self, value: str) -> None:
        try:
            pair = b64decode(value).decode()
        except (binascii.Error, UnicodeDecodeError):
            return
        password = pair.partition(":")[2]
        # A client id and secret are form-encoded first (RFC 6749, section 2.3.1).
        for each in {password, unquote_plus(password)}:
            self._learn(each, "password", "")

    def _learn_tokens(self, interaction: Interaction) -> None:
        for body in (interaction.request_body, interaction.response_body):
            if b"eyJ" in body:
                for token in _JWT.findall(text_of(body)):
                    self.known.teach(token, "jwt")


class _Run:
    """One cassette's numbering and account."""

    def __init__(self, known: Known, places: frozenset[Place], facts: Mapping[str, str]) -> None:
        self._known, self._places, self._facts = known, places, facts
        self._names: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()

    def redact(self, interaction: Interaction, spots: Sequence[str]) -> Interaction:
        redacted = interaction
        if spots:
            edits = _edits(interaction, self._places, self._swap)
            redacted = replace(interaction, **{n: edits[n](getattr(interaction, n)) for n in spots})
        texts = _joined(redacted)
        if self._known.present(texts) or _has_layers(redacted, texts):
            redacted = _edited(redacted, self._forms)
        return redacted if redacted is interaction else _measured(redacted, interaction)

    def _swap(self, value: str, kind: str, where: str) -> str:
        self.removed[where] += 1
        return self._stand_in(value, self._known.kind_of(value) or kind)

    def _stand_in(self, value: str, kind: str) -> str:
        if value not in self._names:
            self._numbers[kind] += 1
            self._names[value] = f"cw-{kind}-{self._numbers[kind]}"
        return self._names[value]

    def _forms(self, text: str, where: str) -> str:
        """Replace every form of every known value in one field."""
        if "H4sI" in text:
            text = _PACKED.sub(lambda m: self._unpacked(m[0], where), text)
        present = self._known.present(text)
        secrets = [s for s in present if s.stand_in is None]
        # Numbered as they stand in the text, replaced the longest first.
        for secret in sorted(secrets, key=lambda s: s.position(text)):
            self._stand_in(secret.value, secret.kind)
        for secret in present:
            text = self._replaced(text, secret, where)
        return text

    def _replaced(self, text: str, secret: Secret, where: str) -> str:
        if secret.stand_in is not None:
            return secret.replace(text, self._facts.get(secret.value, secret.stand_in))
        if secret.position(text) < 0:  # it was part of a longer one
            return text
        self.removed[where] += 1
        return secret.replace(text, self._names[secret.value])

    def _unpacked(self, run: str, where: str) -> str:
        """Look into base64 of gzip."""
        url = re.search("[-_]", run) is not None
        plain = unquote(run).replace("\\", "").rstrip("=").replace("-", "+").replace("_", "/")
        try:
            data = b64decode(plain + "=" * (-len(plain) % 4))
        except binascii.Error:
            return run
        fresh = through(data, lambda text: self._forms(text, where))
        if fresh == data:
            return run
        coded = b64encode(fresh).decode("ascii")
        if "%" in run:
            return quote(coded, safe="")
        return coded.replace("+", "-").replace("/", "_") if url else coded


def _edits(i: Interaction, places: frozenset[Place], swap: Swap) -> dict[str, Callable[[Any], Any]]:
    """Give what runs `swap` over the secret places of each attribute, in the order they went."""
    oauth = not i.inbound and _is_token_request(i.uri, i.request_body)
    request = Fields(places, swap, "request", oauth=oauth)
    response = Fields(frozenset(), swap, "response", oauth=oauth)
    return {
        "uri": request.uri,
        "request_headers": lambda headers: _headers(headers, request.header),
        "request_body": lambda body: through(body, request.body),
        "response_headers": lambda headers: _headers(headers, response.header),
        "response_body": lambda body: through(body, response.body),
    }


def _edited(i: Interaction, edit: Callable[[str, str], str]) -> Interaction:
    """Run `edit` over every text of an interaction, in the order in which they went."""

    def header(side: str) -> Callable[[str, str], str]:
        return lambda name, value: edit(value, f"{side} header {name}")

    return replace(
        i,
        uri=edit(i.uri, "request URL"),
        request_headers=_headers(i.request_headers, header("request")),
        request_body=through(i.request_body, lambda text: edit(text, "request body")),
        response_headers=_headers(i.response_headers, header("response")),
        response_body=through(i.response_body, lambda text: edit(text, "response body")),
    )


def _headers(headers: HeaderList, edit: Callable[[str, str], str]) -> HeaderList:
    return tuple([(name, edit(name, value)) for name, value in headers])


def _joined(i: Interaction) -> str:
    headers = [value for _, value in (*i.request_headers, *i.response_headers)]
    return _SEPARATOR.join([i.uri, *headers, text_of(i.request_body), text_of(i.response_body)])


def _has_layers(i: Interaction, texts: str) -> bool:
    packed = inflated(i.request_body) or inflated(i.response_body)
    return bool(packed) or "H4sI" in texts or "\ndata:" in texts


def _measured(i: Interaction, before: Interaction) -> Interaction:
    """Mend content-length where a body's length changed."""
    return replace(
        i,
        request_headers=_length(i.request_headers, before.request_body, i.request_body),
        response_headers=_length(i.response_headers, before.response_body, i.response_body),
    )


def _length(headers: HeaderList, before: bytes, after: bytes) -> HeaderList:
    if len(before) == len(after):
        return headers
    length = str(len(after))
    return tuple((n, length if n.lower() == "content-length" else v) for n, v in headers)


def _is_token_request(uri: str, body: bytes) -> bool:
    if not body:
        return False
    return b"grant_type" in body or _TOKEN_PATH.search(uri) is not None
