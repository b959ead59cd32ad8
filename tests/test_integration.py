"""An integration at work against a real server on loopback: recorded, then played without it."""

import contextlib
import gc
import re
from collections import Counter

import pytest
from pydantic import BaseModel
from tests.support.loopback import Reply, serving

import cellwire as cw
from cellwire import evidence
from cellwire.clock import Pinned
from cellwire.errors import ConnectionFailed, DefinitionError, ForeignHost, RecordingError

TOKEN = "fake-token-0123456789"


class Server(cw.Credentials):
    url: str


class Thing(BaseModel):
    id: int


def _define(**more):
    given = {
        "base_url": "{url}/api",
        "auth": cw.auth.Bearer(),
        "credentials": Server,
        "pagination": cw.pagination.NextUrl(at="next"),
    }
    return cw.Integration("thing", **{**given, **more})


def _answer(asked):
    if asked.path.startswith("/api/things?page=2"):
        return Reply(body={"items": [{"id": 3}]})
    if asked.path.startswith("/api/things"):
        return Reply(
            body={
                "items": [{"id": 1}, {"id": 2}],
                "next": f"http://{asked.headers['host']}/api/things?page=2",
            }
        )
    if asked.path == "/api/echo":
        return Reply(body={"sent": asked.headers["authorization"]})
    if asked.path.startswith("/api/missing"):
        return Reply(
            404, {"error": {"message": f"no such thing for {TOKEN}"}}, {"X-Request-Id": "r-1"}
        )
    return Reply(body={"path": asked.path})


@pytest.fixture
def server():
    with serving(_answer) as running:
        yield running


def _connected(open_workspace, server, **more):
    return open_workspace(THING_TOKEN=TOKEN, THING_URL=server.url + "/", **more)


def _things(thing):
    with thing.cassette("things") as seen:
        found = thing.client().paginate("/things", at="items", into=Thing)
        ids = [one.id for one in found]
    return ids, seen.sent


def test_what_was_recorded_plays_without_server_and_credential(open_workspace, server, tmp_path):
    _connected(open_workspace, server)
    live = _things(_define())
    assert live == ([1, 2, 3], ["GET /api/things", "GET /api/things?page=2"])
    text = (tmp_path / "cassettes/thing/things.yaml").read_text()
    assert "https://thing.test/api/things?page=2" in text
    assert TOKEN not in text
    assert server.url not in text
    asked = len(server.asked)

    open_workspace("none")
    assert _things(_define()) == live
    assert len(server.asked) == asked


def test_a_connected_block_plays_what_it_recorded_until_it_changes(open_workspace, server):
    _connected(open_workspace, server)
    thing = _define()
    _things(thing)
    asked = len(server.asked)
    _things(thing)
    assert len(server.asked) == asked
    with thing.cassette("things"):
        thing.client().get("/other")
    assert server.asked[-1].path == "/api/other"


def test_without_a_connection_a_changed_block_explains_its_miss(open_workspace, server):
    _connected(open_workspace, server)
    _things(_define())
    open_workspace()
    thing = _define()
    with pytest.raises(cw.NotRecorded) as caught, thing.cassette("things"):
        thing.client().get("/things", params={"page": 3})
    message = str(caught.value)
    assert "GET /api/things?page=3" in message
    assert "page" in message
    assert "cellwire record thing/things" in message


def test_a_block_that_raises_leaves_the_old_file(open_workspace, server, tmp_path):
    _connected(open_workspace, server)
    thing = _define()
    _things(thing)
    path = tmp_path / "cassettes/thing/things.yaml"
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), thing.cassette("things"):
        thing.client().get("/other")
        _ = 1 / 0
    assert path.read_bytes() == before


def test_no_argument_loosens_the_lock(open_workspace, server):
    _connected(open_workspace, server)
    _things(_define())
    asked = len(server.asked)
    _connected(open_workspace, server, mode="none")
    thing = _define()
    with thing.cassette("things", record_mode="all"):
        thing.client().get("/things")
    assert len(server.asked) == asked


def test_a_call_outside_any_block_is_refused_under_the_lock(open_workspace, server):
    _connected(open_workspace, server, mode="none")
    with pytest.raises(cw.NotRecorded, match="outside any cassette"):
        _define().client().get("/things")
    assert server.asked == []


def test_a_call_outside_any_block_without_connection_says_how_to_connect(open_workspace):
    open_workspace()
    with pytest.raises(cw.NotConnected, match=r"thing\.connect\(\)"):
        _define().client().get("/things")


def test_recording_without_a_connection_says_so_and_writes_nothing(open_workspace, tmp_path):
    open_workspace("all")
    with (
        pytest.raises(cw.NotConnected, match="recording needs a connection"),
        _define().cassette("x"),
    ):
        pass
    assert not (tmp_path / "cassettes").exists()


def test_an_unknown_record_mode_is_named_with_the_words_there_are(workspace):
    with pytest.raises(cw.errors.SettingsError, match="new_episodes"):
        _define().cassette("x", record_mode="always")


def test_another_block_in_a_block_is_refused(open_workspace, server):
    _connected(open_workspace, server)
    thing = _define()
    with thing.cassette("one"), pytest.raises(RecordingError, match="thing/one"):
        thing.cassette("two").__enter__()


def test_a_broken_cassette_is_named_and_kept(open_workspace, server, tmp_path):
    path = tmp_path / "cassettes/thing/things.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("version: 1\ninteractions: [oh\n")
    open_workspace("none")
    with pytest.raises(RecordingError, match=r"things\.yaml") as caught:
        _things(_define())
    assert "cellwire record thing/things" in str(caught.value)
    assert path.read_text().startswith("version: 1")


def test_the_badge_reads_the_same_recorded_and_played(open_workspace, server):
    first = _connected(open_workspace, server)
    _things(_define())
    second = open_workspace("none")
    _things(_define())
    assert [v.text for v in first.screen.views] == [v.text for v in second.screen.views]
    assert "secrets removed" in first.screen.views[-1].html
    assert "played" in second.screen.views[-1].html


def test_an_answers_text_reads_the_same_live_and_played(open_workspace, server):
    def shown(thing):
        with thing.cassette("echo"):
            return repr(thing.client().get("/things"))

    _connected(open_workspace, server)
    live = shown(_define())
    open_workspace("none")
    assert shown(_define()) == live


def test_a_minted_secret_in_an_answer_is_not_written(open_workspace, server, tmp_path):
    _connected(open_workspace, server)
    thing = _define()
    with thing.cassette("echo"):
        assert thing.client().get("/echo")["sent"] == f"Bearer {TOKEN}"
    assert TOKEN not in (tmp_path / "cassettes/thing/echo.yaml").read_text()


def test_an_error_carries_method_address_status_message_and_id_but_no_secret(
    open_workspace, server
):
    _connected(open_workspace, server)
    with pytest.raises(cw.errors.NotFound) as caught:
        _define().client().get("/missing", params={"k": TOKEN})
    error = caught.value
    assert (error.method, error.status_code, error.request_id) == ("GET", 404, "r-1")
    assert error.url == "https://thing.test/api/missing?k=cw-token"
    assert error.service_message == "no such thing for cw-token"
    assert TOKEN not in str(error)


def test_looking_around_gives_the_failed_answer(open_workspace, server):
    _connected(open_workspace, server)
    answer = _define().client().get("/missing", raise_for_status=False)
    assert answer.status_code == 404


def test_the_credential_is_not_sent_to_a_host_that_is_not_ours(open_workspace, server):
    _connected(open_workspace, server)
    with serving(_answer) as foreign, pytest.raises(ForeignHost, match="hosts="):
        _define().client().get(foreign.url + "/steal")
    assert foreign.asked == []


def test_the_credential_does_not_travel_along_a_redirect(open_workspace):
    with serving(lambda _: Reply(body={"ok": True})) as foreign:
        away = Reply(302, {}, {"Location": foreign.url + "/there"})
        with serving(lambda _: away) as server:
            _connected(open_workspace, server)
            assert _define().client().get("/here")["ok"] is True
        assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
        assert "authorization" not in foreign.asked[0].headers


def test_a_service_that_is_down_is_a_clear_error(open_workspace, server):
    with serving(_answer) as gone:
        pass
    _connected(open_workspace, gone)
    with pytest.raises(ConnectionFailed, match="no answer"):
        _define().client(max_retries=0).get("/things")


def test_a_429_is_waited_for_live_and_not_in_replay(open_workspace):
    answers = iter([Reply(429, {}, {"Retry-After": "7"}), Reply(body={"ok": True})])
    clock = Pinned(cw.now())
    with serving(lambda _: next(answers)) as server:
        _connected(open_workspace, server, clock=clock)
        thing = _define()
        with thing.cassette("patience"):
            assert thing.client().get("/things")["ok"] is True
    assert 7 <= clock.slept[0] < 8
    replay = Pinned(cw.now())
    open_workspace("none", clock=replay)
    thing = _define()
    with thing.cassette("patience") as seen:
        assert thing.client().get("/things")["ok"] is True
    assert seen.sent == ["GET /api/things"] * 2
    assert replay.slept == []


def test_a_miss_is_noted_even_if_it_is_swallowed(open_workspace, server, tmp_path):
    _connected(open_workspace, server)
    _things(_define())
    open_workspace("none")
    thing = _define()
    with thing.cassette("things"), contextlib.suppress(Exception):
        thing.client().get("/nowhere")
    assert "miss" in [event["event"] for event in evidence.read(tmp_path / "ledger")]


def test_time_stands_still_in_a_block_and_plays_as_recorded(open_workspace, server):
    def asked_at(thing):
        with thing.cassette("since"):
            thing.client().get("/things", params={"since": cw.now().isoformat()})
            return cw.now()

    _connected(open_workspace, server)
    recorded = asked_at(_define())
    open_workspace("none")
    assert asked_at(_define()) == recorded


def test_running_the_definition_again_updates_the_same_object(workspace):
    first = _define(description="one")
    client = first.client()
    second = _define(description="two")
    assert second is first
    assert first.description == "two"
    assert client._calls.definition.description == "two"


def test_two_modules_may_not_define_one_name(workspace):
    _define()
    with pytest.raises(DefinitionError, match="two modules define 'thing'"):
        exec(
            "import cellwire as cw\ncw.Integration('thing', base_url='https://a.test')",
            {"__name__": "elsewhere", "__file__": "elsewhere.py"},
        )


def test_live_clients_follow_when_their_class_is_run_again(workspace):
    thing = _define()

    def run(word):
        class Things(cw.Client, integration=thing):
            def word(self):
                return word

        return Things

    old = run("old")()
    run("new")
    assert old.word() == "new"


def test_a_client_class_that_names_no_integration_is_refused(workspace):
    class Lost(cw.Client):
        pass

    with pytest.raises(DefinitionError, match="integration="):
        Lost()


def test_the_integrations_line_is_stable_and_its_card_names_no_secret(open_workspace, server):
    _connected(open_workspace, server)
    thing = _define(description="Things")
    thing.client().get("/things")
    assert repr(thing) == "Integration thing: Things"
    card = thing._repr_html_()
    assert "connected" in card
    assert TOKEN not in card


def test_credentials_are_filled_live_and_stand_ins_in_replay(open_workspace, server):
    _connected(open_workspace, server)
    assert _define().credentials().token.get_secret_value() == TOKEN
    assert TOKEN not in repr(_define().credentials())
    open_workspace("none")
    assert _define().credentials().token.get_secret_value() == "cw-token-1"


def test_the_auth_kind_works_with_plain_httpx(open_workspace, server):
    import httpx

    _connected(open_workspace, server)
    auth = _define().httpx_auth()
    with serving(_answer) as foreign, httpx.Client(auth=auth) as client:
        assert client.get(server.url + "/api/echo").json()["sent"] == f"Bearer {TOKEN}"
        client.get(foreign.url + "/x")
    assert "authorization" not in foreign.asked[0].headers


def test_a_session_cookie_of_the_service_is_not_sent_back(open_workspace):
    with serving(lambda _: Reply(headers={"Set-Cookie": "sid=fake-session; Path=/"})) as server:
        _connected(open_workspace, server)
        api = _define().client()
        api.get("/things")
        api.get("/things")
    assert "cookie" not in server.asked[1].headers


def test_two_integrations_on_one_server_each_record_their_own_address(open_workspace, server):
    def both():
        for name in ("first", "second"):
            one = cw.Integration(name, base_url="{url}/api", credentials=Server)
            with one.cassette("things"):
                yield one.client().get("/things")["items"]

    open_workspace(FIRST_URL=server.url, SECOND_URL=server.url)
    live = list(both())
    open_workspace("none")
    assert list(both()) == live


def test_a_subdomain_that_is_a_word_leaves_the_word_alone(open_workspace, tmp_path):
    with serving(lambda _: Reply(body={"note": "acme and acmeville"})) as server:
        open_workspace(SHOPS_SHOP="acme", SHOPS_URL=server.url)
        shops = _shops()
        with shops.cassette("note"):
            assert shops.client().get("/note")["note"] == "acme and acmeville"
    open_workspace("none")
    shops = _shops()
    with shops.cassette("note"):
        assert shops.client().get("/note")["note"] == "acme and acmeville"
    assert "https://shops.test/shop/note" in (tmp_path / "cassettes/shops/note.yaml").read_text()


def _shops():
    class Shop(Server):
        shop: str

    return cw.Integration("shops", base_url="{url}/{shop}", credentials=Shop)


def test_another_connection_than_the_default_records_too(open_workspace, server, tmp_path):
    open_workspace(THING_WORK_TOKEN=TOKEN, THING_WORK_URL=server.url)
    thing = _define()
    client = thing.client("work")
    with thing.cassette("things"):
        client.get("/things")
    assert (tmp_path / "cassettes/thing/things.yaml").exists()


def test_a_password_in_the_address_is_refused(open_workspace):
    login = "ada:fake"
    open_workspace(THING_TOKEN=TOKEN, THING_URL=f"http://{login}@127.0.0.1:9")
    with pytest.raises(DefinitionError, match="user name or password"):
        _define().client().get("/things")


def test_correcting_an_endpoint_makes_the_connection_anew(workspace):
    def define(token_endpoint):
        auth = cw.auth.OAuth2(
            authorization_endpoint="https://a.test/a", token_endpoint=token_endpoint
        )
        return cw.Integration("board", base_url="https://a.test", auth=auth)

    before = define("https://wrong.test/t").calls.connection()
    assert define("https://right.test/t").calls.connection() is not before


def test_the_order_of_repeats_holds_when_a_part_is_ignored(open_workspace):
    numbers = iter(range(1, 9))
    with serving(lambda _: Reply(body={"n": next(numbers)})) as server:
        _connected(open_workspace, server)
        live = _numbers(_define(), 1, 2, 3)
    open_workspace("none")
    assert _numbers(_define(), 2, 77, 78) == live == [1, 2, 3]


def _numbers(thing, *stamps):
    with thing.cassette("numbers", ignore=["query.ts"]):
        return [thing.client().get("/n", params={"ts": ts})["n"] for ts in stamps]


def test_while_a_sign_in_waits_what_is_recorded_plays(open_workspace, server):
    _connected(open_workspace, server)
    _things(_define())
    open_workspace()
    thing = _define()
    thing.calls.connection()._machine.move("waiting", link="http://127.0.0.1:9/form/x")
    with pytest.raises(cw.NotRecorded), thing.cassette("things"):
        thing.client().get("/changed")


def test_a_token_in_place_of_a_field_name_is_refused_and_not_repeated():
    with pytest.raises(DefinitionError) as caught:
        cw.auth.Bearer(field=TOKEN.upper())
    assert TOKEN not in str(caught.value).lower()
    with pytest.raises(TypeError):
        cw.auth.Bearer(TOKEN)


def test_an_unknown_setting_of_a_client_is_named(workspace):
    with pytest.raises(DefinitionError, match="max_retries"):
        _define().client(retries=3)


def test_git_ignores_what_is_under_way(open_workspace, server, tmp_path):
    _connected(open_workspace, server)
    _things(_define())
    assert (tmp_path / ".cellwire/.gitignore").read_text() == "*\n"


LOOKS_SECRET = {"api_key": "fake-Aa1Bb2Cc3Dd4Ee5Ff6Gg7"}


def test_the_gate_names_a_digest_and_an_allowed_one_may_pass(open_workspace, tmp_path, monkeypatch):
    from cellwire.cassettes.redaction import Redaction

    # Redaction would remove it; the gate has to stand alone.
    monkeypatch.setattr(Redaction, "apply", lambda self, kept: (list(kept), Counter()))
    with serving(lambda _: Reply(body=LOOKS_SECRET)) as server:
        open_workspace()
        shop = cw.Integration("shop", base_url=server.url)
        with pytest.raises(cw.errors.SecretFound) as caught, shop.cassette("key"):
            shop.client().get("/key")
        digest = re.search(r'allow = \["(\w+)"\]', str(caught.value))[1]
        assert LOOKS_SECRET["api_key"] not in str(caught.value)
        assert not list(tmp_path.rglob("key.yaml"))
        made = open_workspace()
        object.__setattr__(made.settings, "allow", (digest,))
        shop = cw.Integration("shop", base_url=server.url)
        with shop.cassette("key"):
            shop.client().get("/key")
    assert list(tmp_path.rglob("key.yaml"))


def test_nothing_is_left_open(open_workspace, server):
    _connected(open_workspace, server)
    _things(_define())
    gc.collect()
