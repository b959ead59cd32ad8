import pytest
from pydantic import SecretStr

import cellwire as cw
from cellwire._http import URL
from cellwire.definition import Definition
from cellwire.errors import DefinitionError


class Server(cw.Credentials):
    url: str
    pin: SecretStr = SecretStr("fake")


def test_fields_are_the_authors_then_the_auth_kinds():
    made = Definition("x", base_url="{url}/api", auth=cw.auth.Basic(), credentials=Server)
    assert [(f.name, f.secret, f.required) for f in made.fields] == [
        ("url", False, True),
        ("pin", True, False),
        ("username", False, True),
        ("password", True, True),
    ]


def test_an_author_may_declare_an_auth_kinds_field_himself():
    class Own(cw.Credentials):
        token: SecretStr

    made = Definition("x", base_url="https://a.test", auth=cw.auth.Bearer(), credentials=Own)
    assert [f.name for f in made.fields] == ["token"]


def test_stand_ins_give_the_server_a_name_and_hide_secrets():
    made = Definition("my_board", base_url="{url}/api", auth=cw.auth.Bearer(), credentials=Server)
    assert made.stand_ins == {
        "url": "https://my-board.test",
        "pin": "cw-pin-1",
        "token": "cw-token-1",
    }


def test_a_closing_slash_of_the_address_does_not_double():
    made = Definition("x", base_url="{url}/api", credentials=Server)
    assert made.resolve("{url}/api", {"url": "http://127.0.0.1:80/"}) == "http://127.0.0.1:80/api"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "My Service", "base_url": "https://a.test"}, "'my_service'"),
        ({"name": "x", "base_url": "a.test/api"}, "absolute http"),
        ({"name": "x", "base_url": "{url}/api"}, "no credential field"),
        (
            {"name": "x", "base_url": "https://a.test", "auth": "bearer"},
            r"auth=cw\.auth\.Bearer\(\)",
        ),
        ({"name": "x", "base_url": "https://a.test", "pagination": "next"}, "pagination="),
        ({"name": "x", "base_url": "https://a.test", "credentials": dict}, r"class Access\(cw"),
    ],
)
def test_a_wrong_declaration_says_what_to_write(arguments, words):
    with pytest.raises(DefinitionError, match=words):
        Definition(**arguments)


def test_a_credential_field_of_an_odd_type_is_refused():
    class Odd(cw.Credentials):
        when: list[str]

    with pytest.raises(DefinitionError, match="'when'"):
        _ = Definition("x", base_url="https://a.test", credentials=Odd)


@pytest.mark.parametrize(
    ("url", "owned"),
    [
        ("https://api.test/x", True),
        ("https://api.test:443/x", True),
        ("http://api.test/x", False),
        ("https://api.test:8443/x", False),
        ("https://evil.test/x", False),
        ("https://api.test.evil.test/x", False),
        ("https://upload.test/x", True),
        ("http://upload.test/x", False),
    ],
)
def test_a_credential_belongs_to_one_origin_and_declared_hosts(url, owned):
    made = Definition("x", base_url="https://api.test", hosts=("upload.test",))
    assert made.owns(URL(url), URL("https://api.test/v1")) is owned
