"""A small real OAuth 2.0 authorization server on 127.0.0.1, whose person always consents.

It checks PKCE, the redirect URI and the client; rotates refresh tokens, and revokes the whole
family when a used one comes again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

CLIENT_ID = "an id:with colon"
CLIENT_SECRET = "not-a-real-secret/+% of tests"


@dataclass
class AuthorizationServer:
    url: str = ""
    deny: bool = False
    iss: str | None = None
    lifetime: Any = 3600
    rotate: bool = True
    delay: float = 0.0
    broken: int = 0
    grants: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refreshes: dict[str, int] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    access: dict[str, int] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.Lock)
    _families: int = 0

    def authorize(self, query: dict[str, str]) -> str:
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        back = {"state": query["state"]}
        if self.iss:
            back["iss"] = self.iss
        if self.deny:
            back |= {"error": "access_denied", "error_description": "<b>No</b>"}
        else:
            code = back["code"] = secrets.token_urlsafe(16)
            self.codes[code] = query
        return query["redirect_uri"] + "?" + urlencode(back)

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        with self._lock:
            self.grants.append(form.get("grant_type", ""))
        time.sleep(self.delay)
        with self._lock:
            if self.broken:
                return self.broken, {}
            if not _proven(form, authorization):
                return 401, {"error": "invalid_client"}
            if form["grant_type"] == "authorization_code":
                return self._exchange(form)
            return self._refresh(form["refresh_token"])

    def _exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form["code"], None)
        if asked is None or not _fits(form["code_verifier"], asked["code_challenge"]):
            return 400, {"error": "invalid_grant"}
        if asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_request", "error_description": "Mismatching redirect"}
        self._families += 1
        return 200, self._issue(self._families, asked.get("scope", ""))

    def _refresh(self, token: str) -> tuple[int, dict[str, Any]]:
        if token in self.used:
            family = self.used[token]
            self.refreshes = {t: f for t, f in self.refreshes.items() if f != family}
            self.access = {t: f for t, f in self.access.items() if f != family}
        if token not in self.refreshes:
            return 400, {"error": "invalid_grant", "error_description": f"unknown {token}"}
        family = self.refreshes[token]
        if not self.rotate:
            answer = self._issue(family, "read")
            self.refreshes.pop(answer.pop("refresh_token"))
            return 200, answer
        self.used[token] = self.refreshes.pop(token)
        return 200, self._issue(family, "read")

    def _issue(self, family: int, scope: str) -> dict[str, Any]:
        access, refresh = (f"{kind}-" + secrets.token_urlsafe(16) for kind in ("at", "rt"))
        self.access[access], self.refreshes[refresh] = family, family
        answer = {"access_token": access, "refresh_token": refresh, "token_type": "Bearer"}
        if scope:
            answer["scope"] = scope
        if self.lifetime is not None:
            answer["expires_in"] = self.lifetime
        return answer


def _fits(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge


def _proven(form: dict[str, str], authorization: str) -> bool:
    if authorization.startswith("Basic "):
        pair = base64.b64decode(authorization[6:]).decode().split(":")
        return [unquote_plus(part) for part in pair] == [CLIENT_ID, CLIENT_SECRET]
    return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)


@contextmanager
def serving() -> Iterator[AuthorizationServer]:
    server = AuthorizationServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/me":
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                known = token in server.access
                return self._json(200 if known else 401, {"login": "ada"} if known else {})
            self.send_response(302)
            self.send_header("Location", server.authorize(dict(parse_qsl(parts.query))))
            self.end_headers()
            return None

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(parse_qsl(body))
            if self.path == "/revoke":
                server.revoked.append(form["token"])
                return self._json(200, {})
            return self._json(*server.token(form, self.headers.get("Authorization", "")))

        def _json(self, status: int, value: dict[str, Any]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(value).encode())

        def log_message(self, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
