"""Handlers: the author's functions, found by event type and run for a delivery.

Which handler takes another's place, so that re-running a cell never makes one run twice:

1. The same event type, module and function name: replaced.
2. One module, one event type: only the handlers of one source file stay. A notebook cell is such
   a file, so editing a cell, renaming the handler included, replaces it, and so does handling the
   same event type in a later cell. Handlers in one cell, or in different modules, stand together.
3. A module that is loaded anew: all its earlier handlers go.

The rule asks no front end for a cell's id: JupyterLab sends one, nbval and nbclient do not, and a
notebook has to behave alike in all of them.
"""

from __future__ import annotations

import inspect
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ForwardRef, TypeVar, cast, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from cellwire.background import Background
from cellwire.errors import DefinitionError, DeliveryError
from cellwire.webhooks.delivery import Delivery, Event, State

H = TypeVar("H", bound=Callable[..., object])
Function = Callable[[Event[Any]], object]

logger = logging.getLogger(__name__)


def matches(pattern: str, event_type: str) -> bool:
    """Say whether a pattern (`issues.opened`, `issues.*`, `*`) covers an event type."""
    if pattern.endswith("*"):
        return event_type.startswith(pattern[:-1])
    return pattern == event_type


@dataclass(frozen=True)
class DeliveryResult:
    """What became of one delivery.

    Attributes:
        delivery: The delivery, done, dead or ignored.
        ran: Names of the handlers that were called, in order.
    """

    delivery: Delivery
    ran: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Handler:
    pattern: str
    function: Function
    module: str
    name: str
    source: str
    load: object
    names: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.pattern, self.module, self.name)

    def outlives(self, newer: _Handler) -> bool:
        if self.module != newer.module:
            return True
        same_type = self.pattern == newer.pattern
        return self.load is newer.load and (self.source == newer.source or not same_type)

    def wants(self) -> Any:
        """The type of the data its annotation asks for; Any if it says nothing."""
        first = next(iter(_signature(self.function).parameters.values()))
        annotation = self._resolved(first.annotation)
        if get_origin(annotation) is not Event:
            return Any
        return self._resolved(get_args(annotation)[0])

    def _resolved(self, annotation: Any) -> Any:
        if isinstance(annotation, ForwardRef):
            annotation = annotation.__forward_arg__
        if not isinstance(annotation, str):
            return annotation
        scope = getattr(inspect.unwrap(self.function), "__globals__", {})
        try:
            return eval(annotation, scope, dict(self.names))  # noqa: S307 - the author's own words
        except Exception as error:  # noqa: BLE001 - an annotation is any code
            raise DefinitionError(
                f"the annotation {annotation!r} of the handler {self.name} cannot be resolved: {error}",
                next_step="Define or import what it names before the first delivery arrives.",
            ) from None


class Handlers:
    """The handlers of one integration.

    Args:
        background: Runs `async def` handlers, on the loop the receiver lives on: what blocks
            belongs into a plain `def`, which gets a thread.
    """

    def __init__(self, background: Background) -> None:
        self._background = background
        self._lock = threading.Lock()
        self._handlers: dict[tuple[str, str, str], _Handler] = {}

    def __repr__(self) -> str:
        return f"<Handlers {', '.join(f'{h.pattern}: {h.name}' for h in self._all())}>"

    def on(self, event_type: str) -> Callable[[H], H]:
        """Register the decorated function for an event type, `issues.*` or `*`.

        Raises:
            DefinitionError: The event type or the function cannot be used; says what to write.
        """
        _check_pattern(event_type)

        def register(function: H) -> H:
            _check_function(function)
            caller = inspect.currentframe()
            outer = caller.f_back if caller else None
            self._add(_handler(event_type, function, outer.f_locals if outer else {}))
            return function

        return register

    def dispatch(self, delivery: Delivery) -> DeliveryResult:
        """Run every handler for a delivery, each in turn, and say what became of it.

        A handler that raises does not keep the next from running; the delivery is then dead,
        its payload kept. Never call this on the background loop: it waits for that loop.
        """
        found = self._for(delivery.type)
        failure: BaseException | None = None
        for handler in found:
            try:
                self._call(handler.function, _event(delivery.having("running"), handler.wants()))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it becomes the delivery's failure
                failure = failure or error
                _log(handler, delivery, error)
        state: State = "dead" if failure else "done" if found else "ignored"
        ran = tuple(handler.name for handler in found)
        return DeliveryResult(delivery.having(state, failure), ran)

    def _call(self, function: Function, event: Event[Any]) -> None:
        result = function(event)
        if inspect.iscoroutine(result):
            self._background.run(result).result()

    def _add(self, new: _Handler) -> None:
        with self._lock:
            kept = {key: old for key, old in self._handlers.items() if old.outlives(new)}
            self._handlers = kept | {new.key: new}

    def _all(self) -> list[_Handler]:
        with self._lock:
            return list(self._handlers.values())

    def _for(self, event_type: str) -> list[_Handler]:
        covering = (handler for handler in self._all() if matches(handler.pattern, event_type))
        # One function under two patterns runs once.
        return list({id(handler.function): handler for handler in covering}.values())


def _check_pattern(event_type: object) -> None:
    if not isinstance(event_type, str) or not event_type:
        raise DefinitionError(
            "a handler needs the event type it handles",
            next_step='Write @integration.on("issues.opened") above the function.',
        )
    if "*" in event_type[:-1]:
        raise DefinitionError(
            f"{event_type!r} is no event type: a star stands at the end only",
            next_step='Write "issues.opened", "issues.*" or "*".',
        )


def _check_function(function: object) -> None:
    name = getattr(function, "__qualname__", type(function).__name__)
    try:
        _signature(cast(Function, function)).bind(object())
    except (TypeError, ValueError) as error:
        raise DefinitionError(
            f"{name} cannot be a handler: {error}",
            next_step="Write def handler(event: cw.Event[Model]) -> None: with that one argument.",
        ) from None


def _signature(function: Function) -> inspect.Signature:
    if sys.version_info >= (3, 14):
        # Annotations are evaluated at use since PEP 649; what is not yet defined must not fail.
        from annotationlib import Format

        return inspect.signature(function, annotation_format=Format.FORWARDREF)
    return inspect.signature(function)


def _handler(pattern: str, function: Function, names: Mapping[str, Any]) -> _Handler:
    plain = inspect.unwrap(function)
    module = getattr(plain, "__module__", None) or type(plain).__module__
    code = getattr(plain, "__code__", None)
    name = getattr(plain, "__qualname__", type(plain).__qualname__)
    return _Handler(
        pattern=pattern,
        function=function,
        module=module,
        name=name,
        source=code.co_filename if code else "",
        load=getattr(sys.modules.get(module), "__spec__", None),
        # Names of the function around it; a module's own are looked up afresh.
        names=dict(names) if "<locals>" in name else {},
    )


def _event(delivery: Delivery, wants: Any) -> Event[Any]:
    return Event(delivery.type, delivery.id, _data(delivery, wants), delivery)


def _data(delivery: Delivery, wants: Any) -> Any:
    if wants is bytes:
        return delivery.body
    try:
        return delivery.json() if wants is Any else TypeAdapter(wants).validate_json(delivery.body)
    except ValidationError as error:
        wrong = "; ".join(": ".join(filter(None, _place_and_fault(e))) for e in error.errors())
        raise DeliveryError(
            f"the payload of {delivery.type} does not fit {getattr(wants, '__name__', wants)}: {wrong}",
            next_step="Mend the model, run its cell and the handler's again, and redeliver.",
        ) from None
    except (ValueError, RecursionError):
        raise DeliveryError(
            f"the payload of {delivery.type} is no JSON",
            next_step="Write event: cw.Event[bytes] to take it as it came.",
        ) from None


def _place_and_fault(error: Mapping[str, Any]) -> tuple[str, str]:
    return ".".join(map(str, error["loc"])), error["msg"]


def _log(handler: _Handler, delivery: Delivery, error: BaseException) -> None:
    # The message may repeat what the provider sent, so only the inbox shows it.
    logger.warning("%s failed on %s: %s", handler.name, delivery.type, type(error).__name__)
