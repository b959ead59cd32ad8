"""Every error cellwire raises, each with the next step.

Error:
├── DefinitionError          a declaration is wrong; says what to write instead
├── SettingsError            an environment variable or [tool.cellwire] entry is wrong
├── CallError                one call did not give an answer to use
│   ├── ConnectionFailed     no answer arrived (refused, cut, timed out)
│   ├── ForeignHost          the call would carry a credential to a host that is not ours
│   ├── ApiError             the service answered 4xx or 5xx; carries the answer
│   │   ├── BadRequest 400, Unauthorized 401, Forbidden 403, NotFound 404, Conflict 409
│   │   ├── RateLimited 429  carries retry_after
│   │   └── ServerError 5xx
│   └── PagingError          paging would not end
├── ConnectError             a connection could not be made or used
│   └── NotConnected         nothing to prove the call with
├── VaultError               credentials at rest cannot be read or written
├── RecordingError           a cassette cannot be read, written or used
│   ├── NotRecorded          a replayed request has no recorded answer
│   └── SecretFound          the leak gate refused a write
└── DeliveryError            a webhook delivery was refused
└── InvalidSignature     the signature does not fit the raw bytes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Answered(Protocol):
    """What an `ApiError` carries: the answer, in the words of `cellwire.Response`."""

    @property
    def status_code(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers."""

    @property
    def text(self) -> str:
        """Decoded body."""

    @property
    def content(self) -> bytes:
        """Body."""

    def json(self) -> Any:
        """Parse the body."""


class Error(Exception):
    """Base of every error cellwire raises.

    Args:
        message: What happened and where, without any secret.
        next_step: What to do about it; shown on a line of its own.
    """

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        self.message = message
        self.next_step = next_step
        super().__init__(f"{message}\n  {next_step}" if next_step else message)

    def _render_traceback_(self) -> list[str]:
        """Show IPython the message alone: the frames are ours, not the reader's."""
        return [f"{type(self).__name__}: {self}"]


class DefinitionError(Error):
    """A declaration is wrong."""


class SettingsError(Error):
    """A setting is wrong."""


class CallError(Error):
    """One call did not give an answer to use."""


class ConnectionFailed(CallError):
    """No answer arrived: refused, cut or timed out."""


class ForeignHost(CallError):
    """The call would carry a credential to a host the integration does not own."""


class ApiError(CallError):
    """The service answered 4xx or 5xx.

    Attributes:
        response: The answer.
        status_code: Its HTTP status (RFC 9110, section 15).
        method: The request's method.
        url: The request's URL, redacted.
        service_message: What the service said, or an empty string.
        request_id: The service's own id of the request, or None.
    """

    def __init__(  # noqa: PLR0913 - each is one fact about the failed call
        self,
        response: Answered,
        *,
        method: str,
        url: str,
        service_message: str = "",
        request_id: str | None = None,
        next_step: str | None = None,
    ) -> None:
        self.response = response
        self.status_code = response.status_code
        self.method = method
        self.url = url
        self.service_message = service_message
        self.request_id = request_id
        line = f"{method} {url} answered {response.status_code}"
        line += f": {service_message}" if service_message else ""
        line += f" (request id {request_id})" if request_id else ""
        super().__init__(line, next_step=next_step)


class BadRequest(ApiError):
    """400: the service did not understand the request."""


class Unauthorized(ApiError):
    """401: the credential was refused."""


class Forbidden(ApiError):
    """403: the credential does not reach this far."""


class NotFound(ApiError):
    """404: there is nothing at this address."""


class Conflict(ApiError):
    """409: the request does not fit the present state."""


class RateLimited(ApiError):
    """429: too many requests (RFC 6585, section 4).

    Attributes:
        retry_after: Seconds the service asked to wait, or None.
    """

    retry_after: float | None = None


class ServerError(ApiError):
    """5xx: the service failed."""


class PagingError(CallError):
    """Paging would not end."""


class ConnectError(Error):
    """A connection could not be made or used.

    Attributes:
        code: The OAuth error code (RFC 6749, sections 4.1.2.1 and 5.2) or a word of ours.
    """

    def __init__(self, message: str, *, code: str = "", next_step: str | None = None) -> None:
        self.code = code
        super().__init__(message, next_step=next_step)


class NotConnected(ConnectError):
    """There is nothing to prove the call with."""


class VaultError(Error):
    """Credentials at rest cannot be read or written."""


class RecordingError(Error):
    """A cassette cannot be read, written or used."""


class NotRecorded(RecordingError):
    """A replayed request has no recorded answer.

    Never a transport error: code that retries must not swallow it.
    """


class SecretFound(RecordingError):
    """The leak gate refused a write; names place and kind, never the value."""


class DeliveryError(Error):
    """A webhook delivery was refused."""


class InvalidSignature(DeliveryError):
    """The signature does not fit the raw bytes."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}


def for_status(status_code: int) -> type[ApiError]:
    """Give the class of error a status raises."""
    fallback = ServerError if status_code >= 500 else ApiError  # noqa: PLR2004 - HTTP's own border
    return _BY_STATUS.get(status_code, fallback)
