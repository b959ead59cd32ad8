"""A person's desk beside a real service: an open workspace, its connect links, what must not leak."""

from __future__ import annotations

import os
import secrets
import sqlite3
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from services import person
from services.reviewboard import Board
from services.reviewboard.api import Account, post
from tests.live.project import ROOT, cell_of_lesson

from cellwire.integration import Integration
from cellwire.oauth.spec import Token
from cellwire.screens.silent import Silent
from cellwire.stores.memory import Memory
from cellwire.vault import Tokens
from cellwire.workspace import Workspace


class Clickable(Silent):
    """Somebody is here: what is shown is kept, and links wait to be followed."""

    interactive = True

    def __init__(self) -> None:
        super().__init__()
        self.views: list[Any] = []

    def show(self, view: Any) -> None:
        self.views.append(view)


class Diary(Memory):
    """Remembers every refresh token that was ever stored, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.refresh_tokens: list[str] = []

    def put(self, key: str, values: Mapping[str, str]) -> None:
        super().put(key, values)
        stored = values.get("oauth.refresh_token", "")
        if stored and stored not in self.refresh_tokens:
            self.refresh_tokens.append(stored)


@dataclass(frozen=True)
class Desk:
    """One open workspace, with the lesson's integration declared in it."""

    folder: Path
    workspace: Workspace
    board: Board
    store: Any
    names: dict[str, Any] = field(repr=False)

    @property
    def reviewboard(self) -> Integration:
        """The lesson's integration."""
        found: Integration = self.names["reviewboard"]
        return found

    @property
    def tokens(self) -> Tokens:
        """Where the token is stored."""
        return self.workspace.vault.tokens("reviewboard", "default")

    @property
    def token(self) -> Token:
        """The stored token."""
        stored = self.tokens.load()
        assert stored is not None, "nothing was stored"
        return stored

    def cassette(self, name: str) -> Path:
        """Where a cassette is."""
        return self.folder / "cassettes" / "reviewboard" / f"{name}.yaml"

    def run(self, source: str) -> None:
        """Execute a cell here."""
        exec(compile(source, "<cell>", "exec", dont_inherit=True), self.names)

    def follow(self, connection: Any, *, approve: bool = True) -> person.Page:
        """Follow a connection's link, sign in, and approve or cancel; the page at the end."""
        board = self.board
        return person.connect(connection.link, board.username, board.password, approve=approve)

    def connect(self) -> Any:
        """Sign in, to its end; the connection."""
        connection = self.reviewboard.connect()
        page = self.follow(connection)
        assert page.status == 200, page.text
        return connection.wait(60)


def newcomer(board: Board) -> Board:
    """The same server for somebody who just registered: nobody else has used up their calls."""
    admin = Account(board.admin_username, board.admin_password)
    account = Account(f"visitor-{secrets.token_hex(4)}", secrets.token_urlsafe(18))
    form = {"username": account.username, "password": account.password}
    post(board.url, "users/", form | {"email": f"{account.username}@example.com"}, admin)
    return replace(board, username=account.username, password=account.password)


def declare(workspace: Workspace, folder: Path, board: Board, store: Any) -> Desk:
    """Declare the lesson's integration in a workspace that is in use."""
    desk = Desk(folder, workspace, board, store, {"__name__": "lesson"})
    desk.run(cell_of_lesson("define"))
    return desk


def _column(board: Board, query: str, *values: str) -> list[Any]:
    runs = ROOT / ".services" / "reviewboard" / "runs"
    database = runs / f"{os.getpid()}-{board.port}" / "rb.db"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return [row[0] for row in connection.execute(query, values)]


def sessions_of(board: Board) -> list[str]:
    """Every value of the cookie `rbsessionid` that the server holds, from its own database."""
    return _column(board, "SELECT session_key FROM django_session")


def refresh_tokens_of(board: Board) -> list[str]:
    """Every refresh token that the server ever gave this person, from its own database."""
    query = """SELECT token FROM oauth2_provider_refreshtoken AS it
               JOIN auth_user ON auth_user.id = it.user_id
               WHERE username = ? ORDER BY it.id"""
    return _column(board, query, board.username)


def spellings(secret: str) -> Iterator[str]:
    """A secret as it is, percent-encoded, and inside base64 at each of three places."""
    yield secret
    yield quote(secret, safe="")
    yield "".join(f"%{byte:02X}" for byte in secret.encode())
    yield "".join(f"%{byte:02x}" for byte in secret.encode())
    for before in range(3):
        raw = b"\0" * before + secret.encode()
        whole = len(raw) // 3 * 3
        for encode in (b64encode, urlsafe_b64encode):
            # Characters that neighbours would share are left off.
            yield encode(raw[:whole]).decode()[4 if before else 0 :]


def traces(folder: Path, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Which files below a folder hold which secret, in whatever spelling."""
    needles = [(name, text.encode()) for name, it in values.items() for text in spellings(it)]
    assert all(len(text) > 8 for _, text in needles), "too short to be looked for"
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    held = [(file, file.read_bytes()) for file in files]
    return sorted({(str(f), name) for f, data in held for name, text in needles if text in data})
