"""OAuth 2.0 without I/O: requests are built, callbacks and token answers are parsed.

The only file that names authlib, and its RFC primitives alone: its HTTP clients turn a denied
consent into a client-credentials grant and accept a forged `iss` (docs/decisions.md).
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from cellwire.errors import ConnectError
from cellwire.oauth.spec import Ask, Client, Grant, Message, Server, Token

_LONGEST = 200
_WORDS = {
    "access_denied": ("consent was denied", "Try again and approve, or ask for fewer scopes."),
    "invalid_scope": (
        "the service does not know a scope",
        "Correct scopes=[...] of cw.auth.OAuth2.",
    ),
    "invalid_client": (
        "wrong client id or wrong client secret",
        "Compare both with what the service shows for your application, then connect(again=True).",
    ),
    "invalid_grant": (
        "the sign-in is used up, revoked or expired",
        "Sign in again: connect(again=True).",
    ),
    "unauthorized_client": (
        "the application may not use this grant",
        "Allow the authorization code grant in the service's settings of your application.",
    ),
    "redirect_uri_mismatch": (
        "the redirect URI is not the registered one",
        "Register {redirect_uri}, or set redirect_port= to the registered port.",
    ),
    "server_error": ("the service failed", "Try again in a while."),
    "temporarily_unavailable": ("the service is overloaded", "Try again in a while."),
}
_OTHER = ("the service refused", "Read its documentation on this error, then connect(again=True).")


def authorization_request(ask: Ask, *, state: str, code_verifier: str) -> str:
    """Build the URL at which the person consents (RFC 6749, section 4.1.1; RFC 7636, S256)."""
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    url: str = prepare_grant_uri(
        ask.server.authorization_endpoint,
        ask.client.client_id,
        "code",
        redirect_uri=ask.redirect_uri,
        scope=" ".join(ask.scopes) or None,
        state=state,
        code_challenge=create_s256_code_challenge(code_verifier),
        code_challenge_method="S256",
        **ask.params,
    )
    return url


def parse_callback(ask: Ask, params: Mapping[str, str], *, code_verifier: str) -> Grant:
    """Read what the person's browser brought back (RFC 6749, section 4.1.2; RFC 9207).

    The state was compared before: this is the answer to a request of ours.

    Raises:
        ConnectError: The service or the person said no, the issuer is not ours, or the code is
            missing. It never leads to another grant.
    """
    _check_issuer(ask.server, params.get("iss"))
    if "error" in params:
        raise refusal(params["error"], params.get("error_description", ""), ask.redirect_uri)
    if not (code := params.get("code")):
        raise ConnectError(
            "the callback holds neither a code nor an error",
            code="invalid_callback",
            next_step="Try again; if it stays, check authorization_endpoint.",
        )
    return Grant(code, code_verifier)


def _check_issuer(server: Server, issuer: str | None) -> None:
    if server.issuer is None:
        return
    if issuer is None or not compare_digest(issuer.encode(), server.issuer.encode()):
        raise ConnectError(
            "the callback names another issuer (iss) than the one that was asked",
            code="issuer_mismatch",
            next_step="Do not go on; check whose page asked for your consent.",
        )


def token_request(ask: Ask, grant: Grant) -> Message:
    """Build the exchange of a code (RFC 6749, section 4.1.3; RFC 7636, section 4.5)."""
    form = {
        "grant_type": "authorization_code",
        "code": grant.code,
        "redirect_uri": ask.redirect_uri,
        "code_verifier": grant.code_verifier,
    }
    return _message(ask.server.token_endpoint, ask.client, form)


def refresh_request(server: Server, client: Client, token: Token) -> Message:
    """Build a renewal (RFC 6749, section 6)."""
    form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token or ""}
    return _message(server.token_endpoint, client, form)


def revocation_request(server: Server, client: Client, token: Token) -> Message | None:
    """Build a revocation (RFC 7009, section 2.1), or None where the server has none."""
    if server.revocation_endpoint is None:
        return None
    hint = "refresh_token" if token.refresh_token else "access_token"
    form = {"token": token.refresh_token or token.access_token, "token_type_hint": hint}
    return _message(server.revocation_endpoint, client, form)


def _message(url: str, client: Client, form: dict[str, str]) -> Message:
    headers = {"Accept": "application/json"}
    method, secret = client.token_endpoint_auth_method, client.client_secret or ""
    if method == "client_secret_basic":
        # Each half is form-urlencoded before base64 (RFC 6749, section 2.3.1); authlib does not.
        pair = f"{quote_plus(client.client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode('ascii')}"
    else:
        form["client_id"] = client.client_id
    if method == "client_secret_post":
        form["client_secret"] = secret
    return Message(url, headers, form)


def parse_token_answer(  # noqa: PLR0913 - each is one fact about the answer
    status: int,
    content_type: str,
    body: bytes,
    *,
    now: datetime,
    asked_scopes: Iterable[str] = (),
    redirect_uri: str = "",
) -> Token:
    """Read the token endpoint's answer (RFC 6749, sections 5.1 and 5.2).

    Args:
        status: HTTP status.
        content_type: Some services answer in form encoding, whatever is asked of them.
        body: Bytes.
        now: When it arrived.
        asked_scopes: Granted as asked, if the answer does not say (section 5.1).
        redirect_uri: For the message, should it be the one that was refused.

    Raises:
        ConnectError: It holds an error, or no bearer token.
    """
    answer = _fields(content_type, body)
    if "error" in answer:
        raise refusal(
            str(answer["error"]), str(answer.get("error_description") or ""), redirect_uri
        )
    access = answer.get("access_token")
    if not isinstance(access, str) or not access or status >= 400:  # noqa: PLR2004 - HTTP's border
        raise _no_token(status)
    kind = str(answer.get("token_type") or "bearer")
    if kind.lower() != "bearer":
        raise ConnectError(
            f"the service gave a token of type {_plain(kind)}",
            code="unsupported_token_type",
            next_step="cellwire uses bearer tokens (RFC 6750); ask the service for one.",
        )
    lifetime = _seconds(answer.get("expires_in"))
    return Token(
        access,
        refresh if isinstance(refresh := answer.get("refresh_token"), str) and refresh else None,
        now + timedelta(seconds=lifetime) if lifetime is not None else None,
        lifetime,
        str(answer.get("scope") or " ".join(asked_scopes)),
    )


def _no_token(status: int) -> ConnectError:
    if status >= 500:  # noqa: PLR2004 - HTTP's own border
        return ConnectError(
            f"the token endpoint failed (status {status})",
            code="server_error",
            next_step=_WORDS["server_error"][1],
        )
    return ConnectError(
        f"the token endpoint gave no token (status {status})",
        code="invalid_answer",
        next_step="Check token_endpoint, then connect(again=True).",
    )


def _fields(content_type: str, body: bytes) -> Mapping[str, Any]:
    text = body.decode("utf-8", "replace")
    if content_type.partition(";")[0].strip() == "application/x-www-form-urlencoded":
        return dict(parse_qsl(text))
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(value: Any) -> float | None:
    """Read `expires_in`: a number (RFC 6749), or a string, as some services send it."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    century = 100 * 365 * 86400
    return seconds if math.isfinite(seconds) and 0 <= seconds < century else None


def refusal(code: str, description: str, redirect_uri: str = "") -> ConnectError:
    """Make an error of an OAuth error code; what the service said is shortened and made plain."""
    if "redirect" in description.lower() and code in ("invalid_request", "invalid_grant"):
        code = "redirect_uri_mismatch"
    reason, next_step = _WORDS.get(code, _OTHER)
    code = re.sub(r"[^\w.-]", "?", code)[:60]
    said = f": {_plain(description)}" if description else ""
    return ConnectError(
        f"{reason} ({code}){said}",
        code=code,
        next_step=next_step.replace("{redirect_uri}", redirect_uri or "the redirect URI"),
    )


def _plain(text: str) -> str:
    """Shorten foreign text to one line without control characters; pages escape it."""
    line = " ".join(re.sub(r"[^\x20-\x7e\xa0-\U0010ffff]", " ", text).split())
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "..."
