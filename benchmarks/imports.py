"""import_ratio: what cellwire costs a program that defines one integration, over its libraries.

Numerator: `from cellwire import Integration` and one Integration with a two-field schema.
Denominator: `import httpx; from pydantic import BaseModel, SecretStr` and that schema.
Both are a fresh interpreter each, CPU time, no network.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import cpu, ratio

OURS = """
from cellwire import Credentials, Integration
from pydantic import SecretStr

class Account(Credentials):
    user: str
    token: SecretStr

Integration("acme", base_url="https://api.acme.test", credentials=Account)
"""
LIBRARIES = """
import httpx
from pydantic import BaseModel, SecretStr

class Account(BaseModel):
    user: str
    token: SecretStr
"""
PAIRS = 15


def figures() -> Iterator[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory() as folder:

        def run(code: str) -> float:
            return cpu([sys.executable, "-c", code], Path(folder))

        yield "import_ratio", ratio(lambda: run(OURS), lambda: run(LIBRARIES), PAIRS), "ratio"
