"""What secrets look like: the formats providers publish, and names of fields that hold some.

For the leak gate alone. Redaction reads none of this, so neither can hide the other's mistake.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Shape:
    """One published format: a literal that must stand in the text, then the pattern."""

    kind: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(kind: str, marks: str, pattern: str) -> Shape:
    return Shape(kind, tuple(marks.split()), re.compile(r"(?<![A-Za-z0-9_])" + pattern))


_JWT = r"eyJ[\w-]{10,}\.eyJ[\w-]{6,}\.[\w-]{10,}"
SHAPES = (
    _shape("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{30,}"),
    _shape("GitHub token", "github_pat_", r"github_pat_\w{30,}"),
    _shape("GitLab token", "glpat-", r"glpat-[\w-]{18,}"),
    _shape("Stripe key", "sk_ rk_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}"),
    _shape("webhook signing secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{20,}"),
    _shape("Slack token", "xox", r"xox[abeoprs]-[\w-]{10,}"),
    _shape("AWS access key", "AKIA ASIA", r"A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _shape("Google API key", "AIza", r"AIza[\w-]{35}"),
    _shape("Google access token", "ya29.", r"ya29\.[\w-]{20,}"),
    _shape("Google client secret", "GOCSPX-", r"GOCSPX-[\w-]{20,}"),
    _shape("JSON web token", "eyJ", _JWT),
    _shape("npm token", "npm_", r"npm_[A-Za-z0-9]{30,}"),
    _shape("package index token", "pypi-", r"pypi-[\w-]{50,}"),
    _shape("Hugging Face token", "hf_", r"hf_[A-Za-z]{30,}"),
    _shape("Anthropic key", "sk-ant-", r"sk-ant-[\w-]{20,}"),
    _shape("OpenAI key", "sk-", r"sk-(?:proj-)?(?!ant-)[A-Za-z0-9]{32,}"),
    _shape("SendGrid key", "SG.", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    _shape("Shopify token", "shpat_ shpss_ shpca_", r"shp(?:at|ss|ca)_[a-fA-F0-9]{28,}"),
    _shape("DigitalOcean token", "do", r"do[opr]_v1_[a-f0-9]{40,}"),
    _shape("Telegram bot token", ":AA", r"\d{8,10}:AA[\w-]{32,}"),
    _shape("Review Board token", "rbp_", r"rbp_[A-Za-z0-9]{30,}"),
    _shape("private key", "-----BEGIN", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
)
_MARKS = [(mark, shape) for shape in SHAPES for mark in shape.marks]
_PROOF = re.compile(
    r"(?i)\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s+((?![{<$])[^\s\"',]{8,})"
)
_LOGIN = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]+:([^\s/@\"'<>]+)@")
STAND_IN = re.compile(r"cw-\w+(?:-\d+)?")

_SURE = frozenset(
    [
        "access_token",
        "refresh_token",
        "id_token",
        "session_token",
        "auth_token",
        "api_token",
        "client_secret",
        "client_assertion",
        "code_verifier",
        "password",
        "passwd",
        "passphrase",
        "api_key",
        "apikey",
        "secret_key",
        "private_key",
        "signing_secret",
        "webhook_secret",
        "authorization",
        "proxy_authorization",
        "csrf_token",
        "csrftoken",
        "auth_key",
    ]
)
_LIKELY = re.compile(r"token|secret|passw|credential|api_?key|cookie|session_?key")
_HARMLESS = re.compile(
    r"page|cursor|next|prev|sync|continu|type|expir|endpoint|ur[il]|public|count"
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SHORTEST_RANDOM = 20
_BITS = 3.3  # Shannon bits a character; words have fewer, random hex about 3.6


def shaped(text: str) -> Iterator[tuple[str, str]]:
    """Give (kind, value) of everything in `text` that has a published format."""
    for shape in [shape for mark, shape in _MARKS if mark in text]:
        for match in shape.pattern.finditer(text):
            yield shape.kind, match[0]
    if "uthorization" in text or "UTHORIZATION" in text:
        yield from (("credential in a header", m[1]) for m in _PROOF.finditer(text) if _real(m[1]))
    if "://" in text and "@" in text:
        yield from (("password in a URL", m[1]) for m in _LOGIN.finditer(text) if _real(m[1]))


def named(name: str, value: str) -> str | None:
    """Give the kind of secret a field holds, judged by its name and value; None if none."""
    bare = value.strip()
    if not _real(bare):
        return None
    grade = _grade(name)
    if grade == "sure":
        return f"{name} field"
    if grade == "likely" and random_looking(bare):
        return f"random value in {name}"
    return None


def random_looking(value: str) -> bool:
    """Tell whether a value is long and even enough to be a key; a UUID is not."""
    if len(value) < _SHORTEST_RANDOM or re.search(r"\s", value) or _UUID.fullmatch(value):
        return False
    if STAND_IN.search(value):
        return False
    counts = Counter(value)
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return bits >= _BITS and bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value))


def _real(value: str) -> bool:
    """Tell a value from a stand-in, a template, a mask or a mere word for nothing."""
    if not value or STAND_IN.fullmatch(value) or set(value) <= set("*.xX•-"):
        return False
    return value.lower() not in ("null", "none", "true", "false", "string") and not (
        value[0] in "{<$%" and value[-1] in "}>%"
    )


@lru_cache(maxsize=4096)
def _grade(name: str) -> str:
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    plain = re.sub(r"[^a-z0-9]+", "_", plain).strip("_").removeprefix("x_")
    if plain in _SURE or plain.endswith(
        ("_password", "_client_secret", "_access_token", "_api_key")
    ):
        return "sure"
    return "likely" if _LIKELY.search(plain) and not _HARMLESS.search(plain) else ""
