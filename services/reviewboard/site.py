"""A prepared Review Board site, kept pristine, and a fresh copy of it for every run."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from services.environments import Say, child_environment, run_logged, stamped, write_stamp
from services.processes import LOOPBACK, Child, free_port, start, wait_until_ready
from services.reviewboard import seed
from services.reviewboard.api import Account

HERE = Path(__file__).parent
ADMIN = "admin"
PERSON = "ada"

# A low limit lets a lesson meet a 429 at once; sign-ins are limited to 5 a minute by default,
# which a test suite passes. Only copies get these: the seeding itself would meet them.
LIMITS = """
API_AUTHENTICATED_LIMIT_RATE = '20/10s'
LOGIN_LIMIT_RATE = '600/m'
"""


def pristine_site(python: Path, folder: Path, say: Say) -> Path:
    """The prepared site below `folder`, seeded; made when it is missing."""
    home = folder / "pristine"
    sources = b"".join((HERE / name).read_bytes() for name in ("site.py", "seed.py", "serve.py"))
    stamp = hashlib.sha256(sources + str(home).encode()).hexdigest()
    if not stamped(home, stamp):
        say("creating and seeding a Review Board site")
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(mode=0o700, parents=True)
        _build(python, home)
        write_stamp(home, stamp)
    return home


def accounts(home: Path) -> dict[str, Account]:
    """The people of a site by username, with the passwords that were generated for it."""
    stored = json.loads((home / "accounts.json").read_text(encoding="utf-8"))
    return {username: Account(username, password) for username, password in stored.items()}


def copy_site(home: Path, runs: Path, port: int) -> Path:
    """A fresh copy of the pristine site for one run on this port."""
    _remove_stale(runs)
    copy = runs / f"{os.getpid()}-{port}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(home, copy, symlinks=True, ignore=shutil.ignore_patterns("cache", "logs"))
    copy.chmod(0o700)
    (copy / "site" / "logs").mkdir(exist_ok=True)
    _relocate(copy, home, port)
    return copy


def serve(python: Path, home: Path, port: int, log: Path) -> Child:
    """A running Review Board on this port, which has answered its first request."""
    # A file only this site has: another program on the port cannot pass for it.
    mark = f"started-{secrets.token_hex(8)}.txt"
    (home / "site" / "htdocs" / "static" / mark).touch()
    url = f"http://{LOOPBACK}:{port}"
    command: list[str | Path] = [python, "-I", HERE / "serve.py", home / "site", str(port)]
    child = start(command, log=log, env=child_environment(), cwd=home)
    try:
        wait_until_ready(child, f"{url}/static/{mark}")
        wait_until_ready(child, f"{url}/api/info/")
    except BaseException:
        child.stop()
        raise
    return child


def _build(python: Path, home: Path) -> None:
    people = {name: secrets.token_urlsafe(18) for name in (ADMIN, PERSON, seed.REVIEWER)}
    file = home / "accounts.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(people), encoding="utf-8")
    port = free_port()
    _install_site(python, home, port)
    _edit_settings(home, home, port)
    child = serve(python, home, port, home / "seed.log")
    try:
        known = accounts(home)
        url = f"http://{LOOPBACK}:{port}"
        seed.seed(url, known[ADMIN], known[PERSON], known[seed.REVIEWER])
    finally:
        child.stop()
    seed.settle(home / "rb.db")


def _install_site(python: Path, home: Path, port: int) -> None:
    flags = ["--noinput", "--no-color", "--opt-out-support-data"]
    words = [f"--{name}={value}" for name, value in _site_options(home, port).items()]
    command = [str(python.parent / "rb-site"), "install", *flags, *words, str(home / "site")]
    run_logged(command, home / "site.log")


def _site_options(home: Path, port: int) -> dict[str, object]:
    return {
        "domain-name": f"{LOOPBACK}:{port}",
        "allowed-host": LOOPBACK,
        "site-root": "/",
        "static-url": "static/",
        "media-url": "media/",
        "db-type": "sqlite3",
        "db-name": home / "rb.db",
        "cache-type": "file",
        "cache-info": home / "cache",
        "web-server-type": "apache",
        "web-server-port": port,
        "admin-user": ADMIN,
        "admin-password": accounts(home)[ADMIN].password,
        "admin-email": "admin@example.com",
        "company": "cellwire demo",
    }


def _relocate(copy: Path, home: Path, port: int) -> None:
    settings = copy / "site" / "conf" / "settings_local.py"
    text = settings.read_text(encoding="utf-8").replace(str(home), str(copy))
    settings.write_text(text + LIMITS, encoding="utf-8")
    _edit_settings(copy, home, port)


def _edit_settings(copy: Path, home: Path, port: int) -> None:
    # Links in the API follow the Host header, links in webhook payloads this domain.
    with closing(sqlite3.connect(copy / "rb.db")) as connection, connection:
        connection.execute("UPDATE django_site SET domain = ?", (f"{LOOPBACK}:{port}",))
        query = "SELECT settings FROM siteconfig_siteconfiguration"
        settings = json.loads(connection.execute(query).fetchone()[0].replace(str(home), str(copy)))
        # Avatars would point every page at a host on the internet.
        settings |= {"avatars_enabled": False, "logging_level": "INFO"}
        connection.execute(
            "UPDATE siteconfig_siteconfiguration SET settings = ?", (json.dumps(settings),)
        )


def _remove_stale(runs: Path) -> None:
    runs.mkdir(parents=True, exist_ok=True)
    for run in runs.iterdir():
        pid = run.name.partition("-")[0]
        if pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(run, ignore_errors=True)


def _alive(pid: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
