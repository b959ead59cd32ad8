"""The call that proves a connection and names its account."""

from __future__ import annotations

import threading
from collections.abc import Callable

from cellwire.errors import ConnectError, Error


class Proof:
    """Makes the declared check call.

    The call itself asks the connection for its credential, which is not connected yet: on the
    thread of the proof it is given at once.

    Args:
        prove: Makes the call; gives the account's name, if it knows.
    """

    def __init__(self, prove: Callable[[], str | None] | None) -> None:
        self._prove = prove
        self._thread: int | None = None

    @property
    def declared(self) -> bool:
        """Whether there is a check."""
        return self._prove is not None

    @property
    def under_way(self) -> bool:
        """Whether the present thread is making the call."""
        return self._thread == threading.get_ident()

    def give(self, account: str | None) -> str | None:
        """Make the call; without a check, the account stays as it was.

        Raises:
            ConnectError: The service refused or cannot be reached; its code names the error.
        """
        if self._prove is None:
            return account
        self._thread = threading.get_ident()
        try:
            return self._prove()
        except ConnectError:
            raise
        except Error as error:
            code, step = type(error).__name__, error.next_step
            raise ConnectError(error.message, code=code, next_step=step) from None
        finally:
            self._thread = None
