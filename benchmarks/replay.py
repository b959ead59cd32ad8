"""replay_ratio_100: what a replayed request costs over a mock of the HTTP library itself.

Numerator: a bare `httpx.Client` over our replay transport, 20 known secret values loaded, the
cassette parsed beforehand. Denominator: a bare `httpx.Client` over `httpx.MockTransport` with a
dict from URL to body. Both answer the same 100 distinct GETs with 1 KiB of JSON each, ROUNDS
times over, in this process; CPU time of this process, median of the ratios of alternating pairs.
No server.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

import httpx

from benchmarks.measure import ratio
from cellwire.cassettes.formats import Header
from cellwire.cassettes.formats.vcr_yaml import VcrYaml
from cellwire.cassettes.interaction import Interaction
from cellwire.cassettes.player import Player
from cellwire.cassettes.transport import Slot, SlotTransport
from cellwire.known import Known

COUNT, SECRETS, ROUNDS, PAIRS = 100, 20, 20, 15


def body(number: int) -> bytes:
    """1 KiB of JSON, different for each number."""
    record = {"id": number, "text": ""}
    record["text"] = "x" * (1024 - len(json.dumps(record)))
    return json.dumps(record).encode()


ANSWERS = {f"https://api.acme.test/items/{n}?page={n}": body(n) for n in range(COUNT)}


def figures() -> Iterator[tuple[str, float, str]]:
    known = Known()
    for number in range(SECRETS):
        known.teach(f"fake-secret-{number:02}-0123456789abcdef", "token")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "items.yaml"
        path.write_text(VcrYaml().dump(Header(), [_interaction(*a) for a in ANSWERS.items()]))
        slot = Slot()
        with slot.hold(Player("acme/items", path, known)):
            ours = _timed(SlotTransport(slot))
            theirs = _timed(httpx.MockTransport(_answer))
            yield "replay_ratio_100", ratio(ours, theirs, PAIRS), "ratio"


def _interaction(url: str, content: bytes) -> Interaction:
    headers = (("content-type", "application/json"), ("content-length", str(len(content))))
    return Interaction("GET", url, 200, "OK", response_headers=headers, response_body=content)


def _answer(request: httpx.Request) -> httpx.Response:
    headers = {"content-type": "application/json"}
    return httpx.Response(200, headers=headers, content=ANSWERS[str(request.url)])


def _timed(transport: httpx.BaseTransport) -> Callable[[], float]:
    client = httpx.Client(transport=transport)

    def run() -> float:
        started = process_time()
        for _ in range(ROUNDS):
            for url in ANSWERS:
                assert client.get(url).status_code == 200
        return process_time() - started

    return run
