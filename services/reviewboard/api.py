"""The few calls that seed Review Board and register an application, over its own web API."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from services.processes import ServiceError


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    username: str
    password: str


def post(url: str, path: str, form: Mapping[str, str], account: Account) -> dict[str, Any]:
    """The answer to a POST of these form fields."""
    return call("POST", url, path, form, account)


def call(
    method: str, url: str, path: str, form: Mapping[str, str], account: Account
) -> dict[str, Any]:
    """The answer to one call, signed in with Basic authentication."""
    # http.client, unlike urllib, knows no proxies: loopback must be reached directly.
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, f"/api/{path}", urlencode(form), _headers(account))
        answer = connection.getresponse()
        body = answer.read().decode()
    finally:
        connection.close()
    if answer.status not in (http.HTTPStatus.OK, http.HTTPStatus.CREATED):
        raise ServiceError(f"{method} /api/{path} answered {answer.status}: {body[:300]}")
    return dict(json.loads(body))


def _headers(account: Account) -> dict[str, str]:
    pair = f"{account.username}:{account.password}".encode()
    return {
        "Authorization": "Basic " + base64.b64encode(pair).decode(),
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
    }
