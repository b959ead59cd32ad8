"""Which names of fields and headers say that a secret stands there; for redaction and views.

The leak gate reads none of this: it has a list of its own.
"""

from __future__ import annotations

import re
from functools import lru_cache

STAND_IN = re.compile(r"cw-[A-Za-z0-9_]+(?:-\d+)?")

_ALWAYS = re.compile(
    r"(?:.*_)?(?:access_token|refresh_token|id_token|session_token|auth_token|oauth_token|api_token"
    r"|device_code|client_secret|client_assertion|token_secret|code_verifier|assertion|password"
    r"|passwd|passphrase|api_?key|apikey|secret_key|access_key|private_key|signing_secret"
    r"|webhook_secret|hmac_secret|csrf_?token|csrfmiddlewaretoken|xsrf_?token|sessionid|auth_key)"
)
# Only in OAuth's own messages: ordinary APIs mean something else by them.
OAUTH = frozenset(
    ["code", "state", "token", "secret", "user_code", "session_state", "subject_token", "nonce"]
)
OAUTH_SIGNS = ({"grant_type"}, {"response_type"})
# A redirect back from consent, or an API that filters by state and code: the value tells.
REDIRECT_SIGNS = ({"code", "state"}, {"error", "state"})
PROOFS = ("authorization", "proxy_authorization")
# Secret if the value looks it.
_SUSPECT = re.compile(r".*(?:token|secret|passw|credential|api_?key|cookie|session_?key).*")
_CURSOR = re.compile(
    r".*(?:page|cursor|next|prev|sync|continu|public|type|expir|endpoint|url|count).*"
)
_HEADER = re.compile(
    r"(?:x_)?(?:.*_)?(?:(?:api|auth|access|private|secret)_?key|token|secret|password)"
)

# Every secret name holds one of these, so a text without any need not be read further.
ROOTS = (
    *("token", "secret", "pass", "key", "verifier", "assertion", "device", "session"),
    *("credential", "cookie", "auth"),
)


@lru_cache(maxsize=2048)
def word(name: str) -> str:
    """Give a name in one spelling: `accessToken`, `X-Access-Token` and `access-token` are one."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", snake.lower()).strip("_").removeprefix("x_")


@lru_cache(maxsize=2048)
def class_of(name: str) -> str:
    """Give "always", "suspect" (secret if its value looks it) or nothing."""
    plain = word(name)
    if _ALWAYS.fullmatch(plain):
        return "always"
    if _SUSPECT.fullmatch(plain) and not _CURSOR.fullmatch(plain):
        return "suspect"
    return ""


def looks_random(value: str) -> bool:
    """Tell whether a value could be a secret: long enough, unbroken, and mixed or very long."""
    if len(value) < 12 or re.search(r"\s", value) or len(set(value)) < 6:  # noqa: PLR2004
        return False
    mixed = re.search(r"\d", value) is not None and re.search(r"[A-Za-z]", value) is not None
    return mixed or len(value) >= 24  # noqa: PLR2004


@lru_cache(maxsize=1024)
def rule_of(name: str) -> str:
    """Give how a header is read: "proof", "cookie", "set-cookie", or as `class_of` says."""
    low, plain = name.lower(), word(name)
    if plain in PROOFS:
        return "proof"
    if low in ("cookie", "set-cookie"):
        return low
    return "always" if _HEADER.fullmatch(plain) else class_of(name)


@lru_cache(maxsize=2048)
def hides(name: str) -> bool:
    """Whether a view hides the value of a field of that name, whatever it is."""
    return class_of(name) != "" or word(name) in ("secret", "token")
