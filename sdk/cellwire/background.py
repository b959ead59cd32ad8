"""The one background thread with one event loop, and helpers beside it; stopped at exit.

Listeners, the webhook receiver and checkpoints live here, never on a kernel's own loop: that
loop stands still while a cell runs (measured: a callback there waited 7.5 s for a 7 s cell, on a
thread 0.1 s).
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


class Every:
    """A repeated call; `cancel()` ends it."""

    def __init__(self, future: Future[None]) -> None:
        self._future = future

    def cancel(self) -> None:
        """End it; a call that is under way runs to its end."""
        self._future.cancel()


class Background:
    """Runs coroutines on a thread of its own, and functions each on one of theirs.

    All are daemon threads: a sign-in that nobody finishes must not keep a process from ending.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, steps: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop."""
        import asyncio  # late: it is a tenth of the price of `import cellwire`

        return asyncio.run_coroutine_threadsafe(steps, self._started())

    def submit(self, function: Callable[..., T], *args: Any) -> Future[T]:
        """Start a function on a thread of its own."""
        future: Future[T] = Future()
        self._spawn(self._settle, future, function, args)
        return future

    def every(self, seconds: float, function: Callable[[], object]) -> Every:
        """Call a function again and again, off the loop, until cancelled."""
        import asyncio

        async def beat() -> None:
            while True:
                await asyncio.sleep(seconds)
                await asyncio.wrap_future(self.submit(function))

        return Every(self.run(beat()))

    def stop(self) -> None:
        """Stop the loop; safe to call twice."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop and thread:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout=5)

    def _started(self) -> asyncio.AbstractEventLoop:
        import asyncio

        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = self._spawn(self._spin, self._loop)
                atexit.register(self.stop)
            return self._loop

    @staticmethod
    def _spawn(function: Callable[..., object], *args: Any) -> threading.Thread:
        thread = threading.Thread(target=function, args=args, name="cellwire", daemon=True)
        thread.start()
        return thread

    @staticmethod
    def _settle(future: Future[T], function: Callable[..., T], args: tuple[Any, ...]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = function(*args)
        except BaseException as error:  # noqa: BLE001 - whoever waits on the future gets it
            future.set_exception(error)
        else:
            future.set_result(result)

    @staticmethod
    def _spin(loop: asyncio.AbstractEventLoop) -> None:
        import asyncio

        asyncio.set_event_loop(loop)
        loop.run_forever()
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        loop.close()
