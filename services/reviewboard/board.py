"""Review Board, running on loopback with everything a notebook needs to know about it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.environments import Say, locked, quiet
from services.processes import LOOPBACK, Child, free_port, is_listening
from services.reviewboard import site
from services.reviewboard.api import Account, post
from services.reviewboard.environment import install

APPLICATION = "cellwire"


@dataclass(frozen=True)
class Board:
    """A Review Board that answers at `url`, and what was registered in it."""

    url: str
    """Where it answers, without a slash at the end."""
    client_id: str
    client_secret: str = field(repr=False)
    """The OAuth application's: authorization code, confidential."""
    signing_secret: str = field(repr=False)
    """Signs the deliveries of `review_request_published`."""
    username: str
    password: str = field(repr=False)
    """An ordinary person, who has published five review requests."""
    admin_username: str
    admin_password: str = field(repr=False)
    log: Path
    child: Child = field(repr=False)

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self.child.pid

    @property
    def port(self) -> int:
        """The loopback port it listens on."""
        return int(self.url.rpartition(":")[2])

    @property
    def is_up(self) -> bool:
        """Whether it still accepts connections."""
        return is_listening(self.port)

    def stop(self) -> None:
        """End the server; harmless when it has ended."""
        self.child.stop()


def prepare(root: Path, say: Say = quiet) -> None:
    """Install Review Board and prepare its site below `root`; quick when that was done."""
    folder = _folder(root)
    with locked(folder):
        site.pristine_site(install(folder, say), folder, say)


@contextmanager
def running(
    root: Path,
    *,
    redirect_uri: str,
    hook_url: str,
    port: int | None = None,
    say: Say = quiet,
) -> Iterator[Board]:
    """A fresh, seeded Review Board that ends with the block.

    `root` is the project's folder; `port` is taken if it is free and any other otherwise.
    """
    folder = _folder(root)
    with ExitStack() as stack:
        with locked(folder):  # until it listens, so that nobody else is given its port
            python = install(folder, say)
            home = site.pristine_site(python, folder, say)
            number = free_port(port or 0)
            copy = site.copy_site(home, folder / "runs", number)
            stack.callback(shutil.rmtree, copy, ignore_errors=True)
            (folder / "logs").mkdir(exist_ok=True)
            say("starting Review Board")
            child = site.serve(python, copy, number, folder / "logs" / f"{number}.log")
            stack.callback(child.stop)
        yield _register(copy, child, f"http://{LOOPBACK}:{number}", redirect_uri, hook_url)


def _register(copy: Path, child: Child, url: str, redirect_uri: str, hook_url: str) -> Board:
    people = site.accounts(copy)
    admin, person = people[site.ADMIN], people[site.PERSON]
    application = _add_application(url, admin, redirect_uri)
    signing_secret = secrets.token_urlsafe(24)
    _add_webhook(url, admin, hook_url, signing_secret)
    return Board(
        url=url,
        client_id=application["client_id"],
        client_secret=application["client_secret"],
        signing_secret=signing_secret,
        username=person.username,
        password=person.password,
        admin_username=admin.username,
        admin_password=admin.password,
        log=child.log or copy,
        child=child,
    )


def _add_application(url: str, admin: Account, redirect_uri: str) -> dict[str, str]:
    form = {
        "name": APPLICATION,
        "authorization_grant_type": "authorization-code",
        "client_type": "confidential",
        "redirect_uris": redirect_uri,
        "enabled": "1",
    }
    return dict(post(url, "oauth-apps/", form, admin)["oauth_app"])


def _add_webhook(url: str, admin: Account, hook_url: str, secret: str) -> None:
    form = {
        "url": hook_url,
        "events": "review_request_published",
        "encoding": "application/json",
        "enabled": "1",
        "apply_to": "all",
        "secret": secret,
    }
    post(url, "webhooks/", form, admin)


def _folder(root: Path) -> Path:
    return root.resolve() / ".services" / "reviewboard"
