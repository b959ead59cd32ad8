import httpx
import pytest
from pydantic import BaseModel, TypeAdapter

from cellwire.client.answer import PREVIEW_LINES, Origin, Response
from cellwire.client.client import convert
from cellwire.errors import CallError


def _response(body=None, *, played=False, redact=str, **more):
    request = httpx.Request("GET", "https://api.test/things?a=1")
    raw = httpx.Response(200, request=request, **(more or {"json": body}))
    return Response(raw, Origin(played=played, seconds=0.0421, redact=redact))


def test_the_text_is_one_line_and_the_beginning_of_the_body():
    assert repr(_response({"id": 1})) == '200 GET /things?a=1\n{\n  "id": 1\n}'


def test_a_long_body_is_cut_and_says_so():
    lines = repr(_response({"ids": list(range(100))})).splitlines()
    assert len(lines) == 1 + PREVIEW_LINES + 1
    assert lines[-1].startswith("… ")


def test_the_text_does_not_say_whether_it_was_played():
    assert repr(_response([1])) == repr(_response([1], played=True))


def test_the_html_says_whether_it_was_played_and_folds_the_tree():
    assert "42 ms" in _response([1])._repr_html_()
    html = _response([{"a": {"b": 1}}], played=True)._repr_html_()
    assert "played" in html
    assert html.count("<details") == 3


def test_html_of_a_hostile_answer_is_escaped():
    html = _response({"<script>": "<img src=x onerror=alert(1)>"})._repr_html_()
    assert "<script>" not in html
    assert "<img" not in html


@pytest.mark.parametrize("name", ["access_token", "clientSecret", "accessToken", "Password"])
def test_fields_that_hold_secrets_by_their_name_are_never_shown(name):
    answer = _response({"deep": [{name: "fake-secret-value"}]})
    assert "fake-secret-value" not in repr(answer) + answer._repr_html_()
    assert answer["deep"][0][name] == "fake-secret-value"


def test_known_secrets_are_not_shown():
    answer = _response({"note": "hush"}, redact=lambda text: text.replace("hush", "cw-token"))
    assert "hush" not in repr(answer) + answer._repr_html_()


def test_a_body_that_is_no_json_says_what_it_is():
    answer = _response(text="<html>", headers={"content-type": "text/html"})
    with pytest.raises(CallError, match="text/html, 6 bytes"):
        answer.json()


def test_links_are_read_from_the_link_header():
    answer = _response(headers={"link": '</things?page=2>; rel="next"'}, text="[]")
    assert answer.links == {"next": "/things?page=2"}


class Thing(BaseModel):
    id: int


def test_a_part_is_validated_into_a_model_a_list_or_an_adapter():
    assert convert(Thing, {"id": 1}, "GET /x") == Thing(id=1)
    assert convert(list[Thing], [{"id": 1}], "GET /x") == [Thing(id=1)]
    assert convert(TypeAdapter(int), "7", "GET /x") == 7


def test_an_answer_that_does_not_fit_names_the_field_and_not_the_value():
    with pytest.raises(CallError, match="GET /x: the answer does not fit Thing: id") as caught:
        convert(Thing, {"id": "fake-secret-value"}, "GET /x")
    assert "fake-secret-value" not in str(caught.value)
