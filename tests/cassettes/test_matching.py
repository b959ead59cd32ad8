"""What makes two requests equal, and how a miss is explained."""

import pytest

from cellwire.auth import Place
from cellwire.cassettes.interaction import Interaction
from cellwire.cassettes.matching import Matching, line, nearest

PLAIN = Matching()


def _key(uri="https://api.test/x", body=b"", method="GET", matching=PLAIN):
    return matching.key(method, uri, body)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://api.test/x?a=1&b=2", "https://api.test/x?b=2&a=1"),
        ("https://api.test", "https://api.test:443/"),
        ("http://api.test:80/x", "http://api.test/x"),
        ("https://API.test/x", "https://api.test/x"),
        ("https://api.test/x#part", "https://api.test/x"),
        ("https://api.test/x?t=cw-token-1", "https://api.test/x?t=cw-token-22"),
        ("https://api.test/x?t=cw-token", "https://api.test/x?t=cw-token-2"),
        ("https://api.test/u/cw-id-1/x", "https://api.test/u/cw-id-9/x"),
    ],
)
def test_urls_that_are_equal(one, other):
    assert _key(one) == _key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://api.test/x?flag=&q=1", "https://api.test/x?q=1"),
        ("https://api.test/x", "http://api.test/x"),
        ("https://api.test/x", "https://api.test:8443/x"),
        ("https://api.test/x", "https://api.test/y"),
        ("https://api.test/x?a=1", "https://api.test/x?a=2"),
        ("https://api.test/x?a=1", "https://api.test/x?a=1&a=1"),
        ("https://one.test/x", "https://two.test/x"),
    ],
)
def test_urls_that_differ(one, other):
    assert _key(one) != _key(other)


def test_json_is_compared_as_data_and_other_bodies_as_they_are():
    assert _key(body=b'{"a": 1, "b": [2]}') == _key(body=b'{\n  "b": [2],\n  "a": 1\n}')
    assert _key(body=b'{"a": 1}') != _key(body=b'{"a": 2}')
    assert _key(body=b"a=1&b=2") != _key(body=b"b=2&a=1")
    assert _key(body=b'{"t": "cw-token-1"}') == _key(body=b'{"t": "cw-token-3"}')
    assert _key(method="POST") != _key(method="PUT")


def test_multipart_bodies_are_equal_whatever_their_boundary():
    body = b'--%s\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--%s--\r\n'
    assert _key(body=body % (b"abc", b"abc")) == _key(body=body % (b"xyz9", b"xyz9"))


def test_ignored_parts_do_not_count():
    matching = Matching(("query.ts", "body.requestId", "body.meta.at"))
    assert _key("https://a.test/?ts=1", matching=matching) == _key(
        "https://a.test/?ts=2", matching=matching
    )
    one = _key(body=b'{"requestId": 1, "meta": {"at": 1, "b": 2}}', matching=matching)
    assert one == _key(body=b'{"requestId": 2, "meta": {"at": 3, "b": 2}}', matching=matching)
    assert one != _key(body=b'{"requestId": 2, "meta": {"at": 3, "b": 4}}', matching=matching)
    form = _key(body=b"a=1&requestId=2", matching=matching)
    assert form == _key(body=b"a=1&requestId=3", matching=matching)


def test_computed_proofs_in_the_query_do_not_count():
    matching = Matching(places=frozenset({Place("query", "sig")}))
    one = _key("https://a.test/?a=1&sig=abc", matching=matching)
    assert one == _key("https://a.test/?a=1&sig=def", matching=matching)


def _nearest(uri, *recorded, body=b"", method="GET"):
    known = [Interaction(m, u, 200, request_body=b) for m, u, b in recorded]
    keys = [(PLAIN.key(i.method, i.uri, i.request_body), i) for i in known]
    return nearest(PLAIN.key(method, uri, body), keys)


@pytest.mark.parametrize(
    ("asked", "recorded", "how"),
    [
        (("GET", "/x?limit=3"), ("GET", "/x?limit=2"), "query: limit=3, recorded limit=2"),
        (("GET", "/x?limit=3"), ("GET", "/x"), "query: limit=3, recorded nothing"),
        (("POST", "/x"), ("GET", "/x"), "method: POST, recorded GET"),
        (("GET", "/a/b/c"), ("GET", "/a/b/d"), "path: /a/b/c, recorded /a/b/d"),
    ],
)
def test_a_miss_is_explained_by_the_difference(asked, recorded, how):
    host = "https://api.test"
    found = _nearest(host + asked[1], (recorded[0], host + recorded[1], b""), method=asked[0])
    assert found[1] == how


def test_a_body_is_explained_by_its_members():
    found = _nearest(
        "https://a.test/x",
        ("GET", "https://a.test/x", b'{"a": {"b": 1}, "c": 3}'),
        body=b'{"a": {"b": 2}, "c": 3}',
    )
    assert found[1] == "body: a.b=2, recorded 1"


def test_the_nearest_is_of_the_same_path_before_the_same_query():
    host = "https://a.test"
    found = _nearest(
        f"{host}/repos/1?page=2",
        ("GET", f"{host}/users?page=2", b""),
        ("GET", f"{host}/repos/1?page=1", b""),
        ("DELETE", f"{host}/repos/1?page=2", b""),
    )
    assert found[0].uri == f"{host}/repos/1?page=1"


def test_nothing_recorded_has_no_nearest():
    assert _nearest("https://a.test/") is None


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (("GET", "https://a.test/user?per_page=2", b""), "GET /user?per_page=2"),
        (
            ("POST", "https://a.test/x", b'{\n "a": 1,\n "b": "\xc3\xa9"}'),
            'POST /x {"a":1,"b":"é"}',
        ),
        (("POST", "https://a.test", b"a=cw-token-3"), "POST / a=cw-token"),
        (("PUT", "https://a.test/f", b"\xff\x00"), "PUT /f <2 bytes>"),
    ],
)
def test_a_request_as_a_line(request_, expected):
    assert line(*request_) == expected
