"""The product against a real Review Board: sign-in, renewal, recordings, deliveries, a killed kernel."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from cryptography.fernet import Fernet
from devtools import playground
from devtools.board import Ports, notebook_variables
from devtools.recording import LINK, record
from services import person, reviewboard
from services.processes import LOOPBACK, Child, free_port, start
from services.reviewboard import Board
from tests.live.desk import (
    Clickable,
    Desk,
    Diary,
    declare,
    newcomer,
    refresh_tokens_of,
    sessions_of,
    spellings,
    traces,
)
from tests.live.project import ROOT, Project, cell_of_lesson
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import yamlserializer

from cellwire.errors import ConnectError, NotConnected
from cellwire.known import Known
from cellwire.oauth.spec import Token
from cellwire.settings import Settings
from cellwire.stores.file import File
from cellwire.vault import Vault
from cellwire.webhooks.signatures import TEST_KEY
from cellwire.workspace import Workspace

pytestmark = pytest.mark.live

OpenDesk = Callable[..., Desk]
AT_THE_TOKEN_ENDPOINT = re.compile(r"POST http\S+/oauth2/token/")
WHO = "/session/"


@pytest.fixture
def open_desk(tmp_path: Path, board, variables) -> Iterator[OpenDesk]:
    """Desks in one temporary project; each replaces the former, as a new process would."""
    folder, store, stack = tmp_path / "project", Diary(), ExitStack()
    folder.mkdir()
    visitor = newcomer(board)

    def open_one(*, keep_in: Any = None, **environ: str | None) -> Desk:
        stack.close()
        given = {**variables, "CELLWIRE_DATA_DIR": str(tmp_path / "data"), **environ}
        (folder / "pyproject.toml").write_text('[project]\nname = "at-the-desk"\n')
        settings = Settings.load({k: v for k, v in given.items() if v is not None}, folder)
        kept = keep_in or store
        workspace = Workspace(settings, store=kept, screen=Clickable())
        stack.enter_context(Workspace.use(workspace))
        return declare(workspace, folder, visitor, kept)

    with stack:
        yield open_one


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """A desk at which nobody has signed in."""
    return open_desk()


def secrets_of(board: Board, token: Token, cookies: list[str]) -> dict[str, str]:
    """Everything that must stand nowhere, by name."""
    found = {
        "access token": token.access_token,
        "refresh token": token.refresh_token or "",
        "client secret": board.client_secret,
        "signing secret": board.signing_secret,
        "password": board.password,
    }
    return found | {f"session cookie {n}": it for n, it in enumerate(cookies)}


def secrets_at(desk: Desk) -> dict[str, str]:
    """The same, of a desk."""
    return secrets_of(desk.board, desk.token, sessions_of(desk.board))


@pytest.mark.parametrize("number", range(10))
def test_a_planted_secret_is_found_in_every_spelling(tmp_path, number):
    value = "fake-secret-value/of+a test"
    planted = list(spellings(value))
    assert len(planted) == 10
    file = tmp_path / "deep" / "file.yaml"
    file.parent.mkdir()
    file.write_text(f"a: '{planted[number]}'\n")
    assert traces(tmp_path, {"it": value})
    for before in ("", "a:", "abc:"):
        pair = b64encode(f"{before}{value}:more".encode()).decode()
        file.write_text(f"Authorization: Basic {pair}\n")
        assert traces(tmp_path, {"it": value})


# Sign-in


def test_a_person_connects_and_calls_are_proven_as_them(desk):
    connection = desk.connect()
    assert (connection.state, connection.account) == ("connected", desk.board.username)
    assert "review_request:write" in connection.scopes
    who = desk.reviewboard.client().get(WHO)["session"]
    assert who["authenticated"] is True
    assert who["links"]["user"]["title"] == desk.board.username


def test_neither_a_repr_nor_a_log_holds_a_secret(desk, caplog):
    for name in ("", "httpx", "httpcore", "cellwire", "uvicorn"):
        caplog.set_level(logging.DEBUG, logger=name)
    connection = desk.connect()
    client = desk.reviewboard.client()
    answer = client.get(WHO)
    shown = (desk.token, connection, client, answer, desk.workspace, desk.reviewboard)
    credentials = desk.reviewboard.credentials()
    text = "\n".join([repr(it) for it in (*shown, credentials, vars(connection), vars(client))])
    said = "\n".join(f"{r.getMessage()} {r.args!r} {r.exc_text}" for r in caplog.records)
    assert "httpcore" in {r.name.partition(".")[0] for r in caplog.records}
    for name, secret in secrets_at(desk).items():
        assert secret not in text, f"a repr holds the {name}"
        assert secret not in said, f"a log holds the {name}"


def test_a_denied_consent_is_an_error_that_says_what_to_do_and_stores_nothing(desk):
    connection = desk.reviewboard.connect()
    page = desk.follow(connection, approve=False)
    with pytest.raises(ConnectError) as caught:
        connection.wait(30)
    assert caught.value.code == "access_denied"
    assert "approve" in caught.value.next_step
    assert connection.state == "error"
    assert desk.store.names() == []
    assert "consent was denied" in page.text


def test_after_a_denied_consent_the_same_link_still_connects(desk):
    connection = desk.reviewboard.connect()
    desk.follow(connection, approve=False)
    assert desk.follow(connection).status == 200
    assert connection.wait(30).account == desk.board.username


def test_a_wrong_client_secret_is_named(open_desk):
    wrong = "fake-client-secret-that-is-wrong"
    desk = open_desk(REVIEWBOARD_CLIENT_SECRET=wrong)
    connection = desk.reviewboard.connect()
    page = desk.follow(connection)
    with pytest.raises(ConnectError) as caught:
        connection.wait(30)
    assert caught.value.code == "invalid_client"
    assert "wrong client secret" in str(caught.value)
    assert "wrong client secret" in page.text
    assert wrong not in str(caught.value) + page.html
    assert desk.tokens.load() is None


def test_without_anybody_who_follows_the_link_the_wait_ends_and_says_what_to_do(open_desk):
    desk = open_desk(REVIEWBOARD_URL=f"http://{LOOPBACK}:{free_port()}")
    connection = desk.reviewboard.connect()
    with pytest.raises(OSError, match="refused"):
        desk.follow(connection)
    with pytest.raises(NotConnected) as caught:
        connection.wait(0.2)
    assert "Click the link" in caught.value.next_step
    assert desk.store.names() == []


def test_a_token_endpoint_that_is_down_is_an_error_that_names_it(desk):
    down = f"{LOOPBACK}:{free_port()}"
    definition = cell_of_lesson("define")
    desk.run(definition.replace("{url}/oauth2/token/", f"http://{down}/oauth2/token/"))
    connection = desk.reviewboard.connect()
    page = desk.follow(connection)
    with pytest.raises(ConnectError) as caught:
        connection.wait(30)
    assert caught.value.code == "unreachable"
    assert down in str(caught.value)
    assert down in page.text
    assert connection.state == "error"
    assert desk.store.names() == []


def test_a_service_that_is_down_at_renewal_costs_nobody_their_sign_in(desk, open_desk):
    desk.connect()
    expire(desk)
    before, down = desk.token, f"{LOOPBACK}:{free_port()}"
    desk = open_desk(REVIEWBOARD_URL=f"http://{down}")
    with pytest.raises(ConnectError) as caught:
        desk.reviewboard.client().get(WHO)
    assert caught.value.code == "unreachable"
    assert down in str(caught.value)
    assert desk.token == before
    assert open_desk().reviewboard.client().get(WHO)["session"]["authenticated"] is True


def test_a_definition_that_changes_while_a_sign_in_waits_frees_its_port(desk):
    definition = cell_of_lesson("define")
    waiting = desk.reviewboard.connect()
    desk.run(definition.replace('"review:read", ', ""))
    connection = desk.reviewboard.connect()
    assert desk.follow(connection).status == 200
    assert "review:read" not in connection.wait(30).scopes
    assert waiting.link is None


# Renewal


def expire(desk: Desk) -> None:
    """Let the stored token have ended a minute ago."""
    desk.tokens.save(replace(desk.token, expires_at=datetime.now(UTC) - timedelta(minutes=1)))


def posts(caplog) -> int:
    """How often the token endpoint was asked."""
    return sum(bool(AT_THE_TOKEN_ENDPOINT.search(r.getMessage())) for r in caplog.records)


def test_ten_threads_with_an_ended_token_renew_it_once(desk, open_desk, caplog):
    desk.connect()
    expire(desk)
    before = desk.token
    desk = open_desk()
    caplog.set_level(logging.INFO, logger="httpx")
    caplog.clear()
    client, together = desk.reviewboard.client(), threading.Barrier(10)

    def call(_: int) -> bool:
        together.wait(30)
        return bool(client.get(WHO)["session"]["authenticated"])

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(call, range(10))) == [True] * 10
    assert posts(caplog) == 1
    assert desk.store.refresh_tokens == [before.refresh_token, desk.token.refresh_token]
    assert refresh_tokens_of(desk.board) == desk.store.refresh_tokens
    assert desk.token.access_token != before.access_token
    assert not desk.token.due(datetime.now(UTC))


TOGETHER = """
import sys, threading, time
from pathlib import Path
exec(compile(Path("define.py").read_text(), "define.py", "exec"))
api, failed = reviewboard.client(), []
def call():
    try:
        api.get("/session/")
    except BaseException as error:
        failed.append(repr(error))
threads = [threading.Thread(target=call) for _ in range(3)]
Path(sys.argv[1]).touch()
while not Path("go").exists():
    time.sleep(0.005)
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit("; ".join(failed) or 0)
"""


def test_three_processes_with_an_ended_token_renew_it_once(open_desk, environ, variables, tmp_path):
    desk = open_desk(keep_in=File(tmp_path / "data"))
    desk.connect()
    expire(desk)
    before = desk.token
    (desk.folder / "define.py").write_text(cell_of_lesson("define"))
    env = environ | variables | {"CELLWIRE_DATA_DIR": str(tmp_path / "data")}
    names = [f"ready-{number}" for number in range(3)]
    children = [
        start(
            [sys.executable, "-c", TOGETHER, name],
            log=tmp_path / f"{name}.log",
            env=env,
            cwd=desk.folder,
        )
        for name in names
    ]
    try:
        for name, child in zip(names, children, strict=True):
            until((desk.folder / name).exists, child)
        (desk.folder / "go").touch()
        assert [(child.wait(60), child.log.read_text()) for child in children] == [(0, "")] * 3
    finally:
        for child in children:
            child.stop()
    assert refresh_tokens_of(desk.board) == [before.refresh_token, desk.token.refresh_token]


def renewed_elsewhere(desk: Desk) -> tuple[str, str]:
    """Refresh the stored token as another program would: the service refuses the old one now."""
    board, token = desk.board, desk.token
    form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token}
    answer = httpx.post(
        f"{board.url}/oauth2/token/", data=form, auth=(board.client_id, board.client_secret)
    )
    answer.raise_for_status()
    return answer.json()["access_token"], answer.json()["refresh_token"]


def test_a_rejected_token_is_renewed_once_and_the_call_succeeds(desk, caplog):
    desk.connect()
    client = desk.reviewboard.client()
    _, refresh = renewed_elsewhere(desk)
    rejected = replace(desk.token, refresh_token=refresh)
    desk.tokens.save(rejected)
    caplog.set_level(logging.INFO, logger="httpx")
    caplog.clear()
    assert client.get(WHO)["session"]["authenticated"] is True
    assert posts(caplog) == 1
    assert desk.token.refresh_token not in (None, refresh)
    said = [r.getMessage() for r in caplog.records if "/api/session/" in r.getMessage()]
    assert [re.search(r"HTTP/1.1 (\d+)", line)[1] for line in said] == ["401", "200"]


def test_a_token_that_another_process_renewed_is_taken_over_without_asking(desk, caplog):
    desk.connect()
    client = desk.reviewboard.client()
    access, refresh = renewed_elsewhere(desk)
    desk.tokens.save(replace(desk.token, access_token=access, refresh_token=refresh))
    caplog.set_level(logging.INFO, logger="httpx")
    caplog.clear()
    assert client.get(WHO)["session"]["authenticated"] is True
    assert posts(caplog) == 0


def test_a_used_up_refresh_token_says_sign_in_again(desk):
    desk.connect()
    client = desk.reviewboard.client()
    renewed_elsewhere(desk)
    with pytest.raises(ConnectError) as caught:
        client.get(WHO)
    assert "sign in again" in str(caught.value).lower()
    assert desk.reviewboard.connect().link is not None


# Recordings


def test_a_block_recorded_twice_differs_in_its_first_line_only(desk, open_desk):
    def record(at: Desk) -> str:
        api = at.reviewboard.client()
        with at.reviewboard.cassette("reading", record_mode="rewrite"):
            api.get(WHO)
            list(
                api.paginate(
                    "/review-requests/",
                    params={"max-results": 2, "only-fields": "id", "status": "all"},
                    at="review_requests",
                )
            )
        return at.cassette("reading").read_text("utf-8")

    desk.connect()
    first = record(desk)
    clock = f"{desk.board.url}/static/nothing"
    before = httpx.get(clock).headers["date"]
    while httpx.get(clock).headers["date"] == before:
        time.sleep(0.05)  # else both would hold the same second
    second = record(open_desk())
    assert first != second
    assert first.partition("\n")[2] == second.partition("\n")[2]
    assert first.startswith("# cellwire 1; recorded ")
    assert traces(desk.folder, secrets_at(desk)) == []


# Deliveries


def sign(secret: str, body: bytes) -> str:
    """What Review Board writes into X-Hub-Signature."""
    return "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


def publish_and_welcome(desk: Desk) -> Any:
    """The lesson's block on webhooks; the event."""
    rb = desk.names["rb"]
    with desk.reviewboard.cassette("published"):
        rb.publish("Teach the parser about tabs", "It stumbles over them.", to="grace")
        return desk.reviewboard.receive("review_request_published", timeout=60)


def with_the_lesson(desk: Desk) -> Desk:
    """The same desk, with the lesson's client and handler."""
    for cell in ("client", "handler"):
        desk.run(cell_of_lesson(cell))
    return desk


@pytest.fixture
def published(desk) -> tuple[Desk, Any]:
    """A desk where a real delivery was received, handled and recorded."""
    with_the_lesson(desk).connect()
    desk.reviewboard.inbox()
    return desk, publish_and_welcome(desk).delivery


def test_a_real_delivery_is_taken_as_it_came_and_refused_with_one_byte_changed(
    published, open_desk
):
    desk, delivery = published
    real = delivery.headers["x-hub-signature"]
    assert real == sign(desk.board.signing_secret, delivery.body)
    desk = open_desk()
    inbox = desk.reviewboard.inbox()
    headers = {name: delivery.headers[name] for name in ("content-type", "x-reviewboard-event")}
    headers["x-hub-signature"] = real
    changed = delivery.body.replace(b"tabs", b"tab5", 1)
    assert len(changed) == len(delivery.body)
    assert changed != delivery.body
    assert httpx.post(inbox.url, content=changed, headers=headers).status_code == 401
    assert httpx.post(inbox.url, content=delivery.body, headers=headers).status_code == 200
    forged = headers | {"x-hub-signature": sign(TEST_KEY, delivery.body)}
    assert httpx.post(inbox.url, content=delivery.body, headers=forged).status_code == 401
    verdicts = [row.verdict for row in desk.reviewboard.inbox().rows]
    assert verdicts == ["refused", "verified", "refused"]


def test_a_recorded_delivery_verifies_with_the_published_key_and_holds_no_real_signature(published):
    desk, delivery = published
    text = desk.cassette("published").read_text("utf-8")
    recorded = yaml.safe_load(text)["interactions"]
    (inbound,) = [it["request"] for it in recorded if "/hooks/reviewboard" in it["request"]["uri"]]
    signature = {n.lower(): v for n, v in inbound["headers"].items()}["x-hub-signature"]
    assert signature == [sign(TEST_KEY, inbound["body"].encode())]
    assert delivery.headers["x-hub-signature"].removeprefix("sha1=") not in text
    assert traces(desk.folder, secrets_at(desk)) == []
    assert desk.board.url not in text


def test_a_recorded_delivery_is_handled_when_there_is_no_server(published, open_desk):
    away = {"REVIEWBOARD_CLIENT_SECRET": None, "REVIEWBOARD_SIGNING_SECRET": None}
    alone = open_desk(
        CELLWIRE_RECORD_MODE="none", REVIEWBOARD_URL=None, REVIEWBOARD_CLIENT_ID=None, **away
    )
    event = publish_and_welcome(with_the_lesson(alone))
    assert event.type == "review_request_published"
    assert event.data["review_request"]["summary"] == "Teach the parser about tabs"
    assert event.delivery.state == "done"


# A killed kernel

KILLED = """
import sys, time
from pathlib import Path
exec(compile(Path("define.py").read_text(), "define.py", "exec"))
api = reviewboard.client()
with reviewboard.cassette("interrupted", record_mode="rewrite"):
    for number in range(1000):
        api.get("/session/")
        print(number, flush=True)
        time.sleep(0.6)  # below the service's limit
"""
CHECKPOINTS = '[project]\nname = "at-the-desk"\n\n[tool.cellwire]\ncheckpoint_seconds = 0.2\n'


def test_a_killed_process_leaves_the_old_recording_and_a_readable_clean_part(
    open_desk, environ, variables, tmp_path
):
    data = tmp_path / "data"
    desk = open_desk(keep_in=File(data))
    desk.connect()
    api = desk.reviewboard.client()
    with desk.reviewboard.cassette("interrupted"):
        api.get(WHO)
    old = desk.cassette("interrupted").read_bytes()
    (desk.folder / "pyproject.toml").write_text(CHECKPOINTS)
    (desk.folder / "define.py").write_text(cell_of_lesson("define"))
    part = desk.folder / ".cellwire" / "partial" / "reviewboard" / "interrupted.yaml"
    child = start(
        [sys.executable, "-c", KILLED],
        log=tmp_path / "killed.log",
        env=environ | variables | {"CELLWIRE_DATA_DIR": str(data)},
        cwd=desk.folder,
    )
    try:
        until(lambda: part.is_file() and part.read_text().count("- request:") >= 3, child)
        os.killpg(child.pid, signal.SIGKILL)
        assert child.wait(30) == -signal.SIGKILL
    finally:
        child.stop()
    assert desk.cassette("interrupted").read_bytes() == old
    requests, answers = FilesystemPersister.load_cassette(part, yamlserializer)
    assert len(requests) == len(answers) >= 3
    assert {request.uri for request in requests} == {"https://reviewboard.test/api/session/"}
    known = secrets_at(desk)
    assert sum("cookie" in name for name in known) >= 4
    assert traces(desk.folder, known) == []
    assert traces(data, known) == []
    assert traces(child.log.parent, known) == []
    with desk.reviewboard.cassette("interrupted", record_mode="rewrite"):
        api.get(WHO)
    assert desk.cassette("interrupted").read_bytes() != old
    assert not part.exists()


def until(condition: Callable[[], bool], child: Child, seconds: float = 60) -> None:
    """Wait for something that a child does; it must not end before."""
    end = time.monotonic() + seconds
    while not condition():
        assert child.poll() is None, child.log and child.log.read_text()
        assert time.monotonic() < end, child.log and child.log.read_text()
        time.sleep(0.02)


# The command line


class AtTerminal:
    """A program in a terminal of its own, and what it has written so far."""

    def __init__(self, command: list[str], folder: Path, env: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=env,
            start_new_session=True,
        )
        os.close(theirs)
        self.text = ""

    def read_until(self, pattern: str, seconds: float = 60) -> re.Match[str] | None:
        """Read until the pattern appears, or the program has ended."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)) and time.monotonic() < end:
            if select.select([self._ours], [], [], 0.2)[0]:
                try:
                    piece = os.read(self._ours, 4096)
                except OSError:  # Linux: the other side has gone
                    piece = b""
                if not piece:
                    break
                self.text += piece.decode()
        return found

    def end(self) -> int:
        """Read to the end; the exit status."""
        self.read_until(r"(?!)")
        return self.process.wait(30)

    def close(self) -> None:
        """End it, if it has not ended."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)
        os.close(self._ours)


@pytest.fixture
def terminal(tmp_path, place, environ, variables) -> Iterator[Callable[..., AtTerminal]]:
    """Start `cellwire` in a terminal, in a project with the lesson."""
    project = Project.make(tmp_path / "terminal", tmp_path / "terminal-data")
    project.lesson()
    # A browser that the terminal would open is none of this machine's business.
    env = environ | variables | {"CELLWIRE_DATA_DIR": str(project.data), "BROWSER": "true"}
    with ExitStack() as stack:

        def run(*words: str, **more: str) -> AtTerminal:
            command = [str(place.program("cellwire")), *words]
            made = AtTerminal(command, project.folder, env | more)
            stack.callback(made.close)
            return made

        yield run


CONNECT = ("connect", "notebooks/reviewboard.ipynb")


def test_a_person_signs_in_at_a_terminal_and_a_lost_key_deletes_nothing(terminal, board, tmp_path):
    first = terminal(*CONNECT)
    link = first.read_until(LINK.pattern)
    assert link, first.text
    page = person.connect(link[0], board.username, board.password)
    assert page.status == 200
    assert first.end() == 0, first.text
    assert f"reviewboard: connected as {board.username}" in first.text

    again = terminal(*CONNECT)
    assert again.end() == 0, again.text
    assert "/start/" not in again.text

    vault = tmp_path / "terminal-data" / "vault"
    before = {file.name: file.read_bytes() for file in vault.iterdir()}
    locked_out = terminal(*CONNECT, CELLWIRE_KEY=Fernet.generate_key().decode())
    assert locked_out.end() == 1, locked_out.text
    assert "cannot be opened: CELLWIRE_KEY does not open it" in locked_out.text
    assert "The sealed file is kept" in locked_out.text
    assert "Traceback" not in locked_out.text
    assert {file.name: file.read_bytes() for file in vault.iterdir()} == before

    assert terminal(*CONNECT).end() == 0


def test_a_denied_consent_ends_the_command_with_its_own_status(terminal, board):
    denied = terminal(*CONNECT)
    link = denied.read_until(LINK.pattern)
    assert link, denied.text
    person.connect(link[0], board.username, board.password, approve=False)
    assert denied.end() == 3, denied.text
    assert "consent was denied (access_denied)" in denied.text
    assert "Try again and approve" in denied.text
    assert "Traceback" not in denied.text


READ_ONLY = ("whoami", "review_requests", "missing_review_request")


@pytest.mark.timeout(900)
def test_the_lesson_recorded_twice_reads_the_same_and_then_plays_without_a_server(
    place, environ, ports, tmp_path, monkeypatch
):
    for name in set(os.environ) - set(environ):
        monkeypatch.delenv(name)
    run, texts = tmp_path / "run", []
    playground.lay_out(ROOT, run, recordings=False)
    for turn in range(2):
        own = Ports(free_port(), free_port())
        with reviewboard.running(
            ROOT, redirect_uri=own.redirect_uri, hook_url=own.hook_url
        ) as board:
            data = tmp_path / f"vault-{turn}"
            record(place, run, board, notebook_variables(board, own, data))
            cookies = sessions_of(board)
        recorded = (run / "cassettes" / "reviewboard").glob("*.yaml")
        texts.append({file.stem: file.read_text("utf-8") for file in recorded})
        vault = Vault(File(data), Known(), project="reviewboard-demo")
        token = vault.tokens("reviewboard", "default").load()
        assert token is not None
        assert traces(run, secrets_of(board, token, cookies)) == []
    first, second = texts
    assert set(first) == set(second) > set(READ_ONLY)
    for name in READ_ONLY:
        assert first[name].partition("\n")[2] == second[name].partition("\n")[2], name
    assert not board.is_up
    done = subprocess.run(
        [place.program("cellwire"), "test"],
        cwd=run,
        env=place.variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b\d+ passed", done.stdout)
    assert "failed" not in done.stdout
