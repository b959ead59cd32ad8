"""vcrpy's YAML: what we write, stock vcrpy and pytest-recording read; what they write, we read."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from vcr.serialize import deserialize, serialize
from vcr.serializers import yamlserializer

from cellwire.cassettes.formats import Header, format_of
from cellwire.cassettes.formats.vcr_yaml import VcrYaml
from cellwire.cassettes.interaction import RECEIVER, Interaction
from cellwire.errors import RecordingError

HEADER = Header(datetime(2026, 11, 24, 15, 4, 5, tzinfo=UTC), "https://board.test", "3fa2c1d0")
FORMAT = VcrYaml()
AWKWARD = [
    "\r",
    "\n",
    "\x85",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\x00",
    " ",
    "\t",
    "é",
    "😀",
    "'",
    '"',
    "#",
    ": ",
    "- ",
]
texts = st.lists(st.one_of(st.sampled_from(AWKWARD), st.text(max_size=8)), max_size=12).map("".join)
bodies = st.one_of(st.binary(max_size=60), texts.map(lambda t: t.encode("utf-8", "replace")))


def _interaction(body, request_body=b""):
    return Interaction(
        "POST",
        "https://board.test/api/x?a=b",
        201,
        "Created",
        (("Accept", "*/*"),),
        request_body,
        (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Content-Type", "text/plain")),
        body,
    )


@given(body=bodies, request=bodies)
@settings(max_examples=300, deadline=None)
def test_every_body_comes_back_byte_for_byte_also_through_vcrpy(body, request):
    text = FORMAT.dump(HEADER, [_interaction(body, request)])
    header, [loaded] = FORMAT.load(text)
    assert (header, loaded) == (HEADER, _interaction(body, request))
    [asked], [answered] = deserialize(text, yamlserializer)
    assert answered["body"]["string"] == body
    assert (asked.body or b"") == request
    assert answered["headers"]["Set-Cookie"] == ["a=1", "b=2"]


@given(value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20))
@settings(max_examples=100, deadline=None)
def test_every_header_value_comes_back(value):
    one = Interaction("GET", "https://x.test/", 200, response_headers=(("X-A", value),))
    assert FORMAT.load(FORMAT.dump(Header(), [one]))[1] == [one]


def test_only_keys_that_vcrpy_writes_are_written():
    tree = yaml.safe_load(FORMAT.dump(HEADER, [_interaction(b"x")]))
    assert set(tree) == {"interactions", "version"}
    [one] = tree["interactions"]
    assert set(one) == {"request", "response"}
    assert set(one["request"]) == {"body", "headers", "method", "uri"}
    assert set(one["response"]) == {"body", "headers", "status"}


def test_when_where_and_from_which_code_stands_in_the_first_line():
    first = FORMAT.dump(HEADER, []).splitlines()[0]
    assert first == (
        "# cellwire 1; recorded 2026-11-24T15:04:05Z; live at https://board.test; block 3fa2c1d0"
    )
    assert FORMAT.header(first) == HEADER
    assert FORMAT.header("interactions:") == Header()


def test_long_json_is_indented_into_a_block_and_its_numbers_stay():
    body = (
        b'{"price":0.10,"big":12345678901234567890.0,"e":"\\u00e9\\/","list":[],"a":{"a":1},"a":{"a":2},"pad":"'
        + b"x" * 60
        + b'"}'
    )
    one = _interaction(body)
    headers = (*one.response_headers, ("Content-Length", str(len(body))))
    settled = FORMAT.settle(
        Interaction("GET", one.uri, 200, response_headers=headers, response_body=body)
    )
    text = FORMAT.dump(Header(), [settled])
    assert "        {\n" in text
    assert '          "price": 0.10,\n' in text
    assert b'"big": 12345678901234567890.0' in settled.response_body
    assert settled.response_body.replace(b"\n", b"").replace(b" ", b"") == body
    assert ("Content-Length", str(len(settled.response_body))) in settled.response_headers


def test_a_delivery_keeps_the_bytes_that_were_signed():
    body = b'{"event":"opened","pad":"' + b"x" * 90 + b'"}'
    one = Interaction("POST", f"{RECEIVER}/hooks/hub", 202, request_body=body)
    assert FORMAT.settle(one).request_body == body


@pytest.mark.parametrize("body", [b"{not json" + b"x" * 90, b'{"a": 1}', b"", b"plain " * 20])
def test_what_is_no_long_json_stays_as_it_is(body):
    assert FORMAT.settle(_interaction(body)).response_body == body


def test_a_recording_of_stock_vcrpy_is_read():
    requests, responses = deserialize(
        FORMAT.dump(HEADER, [_interaction(b"a\nb", b"q")]), yamlserializer
    )
    theirs = serialize({"requests": requests, "responses": responses}, yamlserializer)
    [one] = FORMAT.load(theirs)[1]
    mine = _interaction(b"a\nb", b"q")
    assert sorted(one.response_headers) == sorted(mine.response_headers)  # vcrpy sorts names
    assert replace(one, response_headers=mine.response_headers) == mine


def test_old_httpx_recordings_string_headers_and_claimed_compression_are_read():
    text = """
interactions:
- request: {body: null, headers: {accept: '*/*'}, method: get, uri: https://x.test/}
  response: {content: hello, http_version: HTTP/1.1, status_code: 200, headers: {content-encoding: gzip, date: 2026-11-24}}
version: 1
"""
    [one] = FORMAT.load(text)[1]
    assert (one.method, one.status, one.response_body) == ("GET", 200, b"hello")
    assert one.request_headers == (("accept", "*/*"),)
    assert one.response_headers == (("date", "2026-11-24"),)


def test_compressed_bodies_are_decoded_when_read():
    import gzip

    packed = _interaction(gzip.compress(b"plain text"))
    headers = (("content-encoding", "gzip"), ("x", "y"))
    text = FORMAT.dump(
        Header(),
        [
            Interaction(
                "GET", packed.uri, 200, response_headers=headers, response_body=packed.response_body
            )
        ],
    )
    [one] = FORMAT.load(text)[1]
    assert (one.response_body, one.response_headers) == (b"plain text", (("x", "y"),))


GOOD = FORMAT.dump(HEADER, [_interaction(b"one"), _interaction(b"two")])


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (GOOD.replace("  response:\n", "  response\n", 1), "line"),
        (GOOD.replace("version: 1", "version: [1"), "line"),
        (GOOD.replace("    method: POST\n", "", 1), "line 3: interactions[0]: `method` is missing"),
        ("interactions: 12\n", "there is no list of `interactions`"),
        ("", "there is no list of `interactions`"),
        (GOOD.replace("string: two", "string: {a: b}"), "interactions[1]"),
        (GOOD.replace("code: 201", "code: many", 1), "interactions[0]"),
        ("!!python/object/apply:os.system ['true']", "line 1"),
    ],
)
def test_a_broken_file_is_an_error_that_names_file_and_line(broken, says):
    with pytest.raises(RecordingError) as raised:
        FORMAT.load(broken, "hub/list.yaml")
    assert "hub/list.yaml, line " in str(raised.value)
    assert says in str(raised.value)
    assert raised.value.next_step


def test_a_format_is_found_by_its_suffix(tmp_path):
    assert isinstance(format_of(tmp_path / "a.yaml"), VcrYaml)
    with pytest.raises(RecordingError, match=r"'\.txt'"):
        format_of(tmp_path / "a.txt")
