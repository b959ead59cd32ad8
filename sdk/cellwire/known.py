"""Secret values ever seen, redacted wherever text is shown; and the filter that keeps logs clean."""

from __future__ import annotations

import logging
import re
import threading
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakSet

from cellwire.secret import SHORTEST, Secret

_LONG: Final = 12
_ALPHABET = re.compile(r"[A-Za-z0-9_.~+/-]")
_WORDS = bytes(b if _ALPHABET.fullmatch(chr(b)) else 32 for b in range(256))
# httpcore logs whole header lists: a service may set a cookie that nobody has taught us.
_HEADER = re.compile(
    r"""(\(b'(?:set-cookie|cookie|authorization|proxy-authorization)', )b(['"])(?:\\.|(?!\2).)*\2""",
    re.IGNORECASE,
)
_LOGGERS = (
    "httpx",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


class _Search:
    """Finds which of many values stand in a text.

    Long marks are sought in the text's long words alone: of ordinary JSON that is a small part.
    """

    def __init__(self, secrets: tuple[Secret, ...]) -> None:
        self._secrets = secrets
        self._long: list[tuple[str, Secret]] = []
        self._short: list[tuple[str, Secret]] = []
        for secret in secrets:
            long = min(map(len, secret.marks)) >= _LONG
            (self._long if long else self._short).extend((m, secret) for m in secret.marks)

    def __call__(self, text: str) -> list[Secret]:
        found = {secret for mark, secret in self._short if mark in text}
        if self._long:
            words = text.encode("utf-8", "replace").translate(_WORDS).decode("ascii").split()
            joined = " ".join([word for word in words if len(word) >= _LONG])
            found |= {secret for mark, secret in self._long if mark in joined}
        if "%" in text:
            found |= {s for s in self._secrets if any(form in text for form in s.percents)}
        if not found:
            return []
        return [s for s in self._secrets if s in found and s.position(text) >= 0]


class Known:
    """A thread-safe, grow-only set of the values that must never be written or shown.

    Attributes:
        version: Grows with each new value.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_value: dict[str, Secret] = {}
        self._secrets: tuple[Secret, ...] = ()
        self._search = _Search(())
        self.version = 0

    def __repr__(self) -> str:
        facts = sum(s.stand_in is not None for s in self._secrets)
        return f"<Known {len(self._secrets) - facts} secrets, {facts} stand-ins>"

    def teach(self, value: str, kind: str, *, stand_in: str | None = None) -> None:
        """Add a value.

        Args:
            value: The value; an empty one is ignored, and one shorter than four characters cannot
                be searched for (its place is redacted all the same).
            kind: What it is: `access_token`, `client_secret`.
            stand_in: A literal replacement, for a fact of the deployment that is no secret: the
                real base URL. Of a URL, the authority alone is replaced too (the Host header).
        """
        if not value or value == stand_in or value in self._by_value:
            return
        self._add(Secret(value, kind, stand_in))
        if stand_in and "://" in value and "://" in stand_in:
            real, shown = urlsplit(value).netloc, urlsplit(stand_in).netloc
            if len(real) >= SHORTEST and real != shown:
                self._add(Secret(real, kind, shown))

    def _add(self, secret: Secret) -> None:
        with self._lock:
            if secret.value in self._by_value:
                return
            self._by_value[secret.value] = secret
            searchable = [s for s in self._by_value.values() if len(s.value) >= SHORTEST]
            # The longest first: a value may contain another.
            self._secrets = tuple(sorted(searchable, key=lambda s: -len(s.value)))
            self._search = _Search(self._secrets)
            self.version += 1

    def present(self, text: str) -> list[Secret]:
        """Give what stands in `text` in any form, the longest first; cheap where nothing does."""
        return self._search(text)

    def kind_of(self, value: str) -> str | None:
        """Give the kind of a known secret value."""
        secret = self._by_value.get(value)
        return secret.kind if secret and secret.stand_in is None else None

    def values(self) -> tuple[str, ...]:
        """Give the raw secret values, for the leak gate."""
        with self._lock:
            return tuple(s.value for s in self._by_value.values() if s.stand_in is None)

    def redact(self, text: str) -> str:
        """Give `text` with `cw-<kind>` in place of every value; for logs, errors and URLs."""
        for secret in self.present(text):
            text = secret.replace(text, secret.stand_in or f"cw-{secret.kind}")
        return text

    def guard_logs(self) -> None:
        """Redact what httpx and httpcore log; calling it again changes nothing."""
        _GUARD.knowns.add(self)
        for name in _LOGGERS:
            # A filter on a parent is not asked about its children's records.
            logging.getLogger(name).addFilter(_GUARD)


class _Guard(logging.Filter):
    """One filter for every `Known` that is alive."""

    def __init__(self) -> None:
        super().__init__()
        self.knowns: WeakSet[Known] = WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        for known in tuple(self.knowns):
            message = known.redact(message)
        record.msg, record.args = _HEADER.sub(r"\1b'cw-hidden'", message), ()
        return True


_GUARD: Final = _Guard()
