"""cellwire: write integrations with web APIs in a notebook; keep them as offline tests.

Names are imported at first use, so that `import cellwire` costs next to nothing: the pytest
plugin and the Jupyter extension run this file for people who do not use cellwire.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cellwire import auth as auth
    from cellwire import errors as errors
    from cellwire._version import __version__ as __version__
    from cellwire.cassettes.cassette import Cassette as Cassette
    from cellwire.client import pagination as pagination
    from cellwire.client.answer import Response as Response
    from cellwire.client.client import Client as Client
    from cellwire.client.pages import Pages as Pages
    from cellwire.credentials import Credentials as Credentials
    from cellwire.errors import ApiError as ApiError
    from cellwire.errors import NotConnected as NotConnected
    from cellwire.errors import NotRecorded as NotRecorded
    from cellwire.integration import Integration as Integration
    from cellwire.oauth.connection import Connection as Connection
    from cellwire.webhooks import signatures as signatures
    from cellwire.webhooks.delivery import Delivery as Delivery
    from cellwire.webhooks.delivery import Event as Event
    from cellwire.workspace import now as now

_HOMES = {
    "ApiError": "cellwire.errors",
    "Cassette": "cellwire.cassettes.cassette",
    "Client": "cellwire.client.client",
    "Connection": "cellwire.oauth.connection",
    "Credentials": "cellwire.credentials",
    "Delivery": "cellwire.webhooks.delivery",
    "Event": "cellwire.webhooks.delivery",
    "Integration": "cellwire.integration",
    "NotConnected": "cellwire.errors",
    "NotRecorded": "cellwire.errors",
    "Pages": "cellwire.client.pages",
    "Response": "cellwire.client.answer",
    "__version__": "cellwire._version",
    "now": "cellwire.workspace",
}
_MODULES = {
    "auth": "cellwire.auth",
    "errors": "cellwire.errors",
    "pagination": "cellwire.client.pagination",
    "signatures": "cellwire.webhooks.signatures",
}

__all__ = [
    "ApiError",
    "Cassette",
    "Client",
    "Connection",
    "Credentials",
    "Delivery",
    "Event",
    "Integration",
    "NotConnected",
    "NotRecorded",
    "Pages",
    "Response",
    "__version__",
    "auth",
    "errors",
    "now",
    "pagination",
    "signatures",
]


if not TYPE_CHECKING:  # or every misspelt name would be Any to a type checker

    def __getattr__(name: str) -> Any:
        """Import a public name at its first use."""
        if name in _MODULES:
            value: Any = import_module(_MODULES[name])
        elif name in _HOMES:
            value = getattr(import_module(_HOMES[name]), name)
        else:
            raise AttributeError(f"module 'cellwire' has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
