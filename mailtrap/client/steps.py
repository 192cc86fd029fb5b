"""Calls written once for both ways to make them: each yields requests and is sent their answers.

`Verb` turns such a generator into a method that blocks where the object is `Blocking`, and into one to be awaited
where it is `Awaiting`; type checkers see it as either.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Coroutine, Generator, Mapping
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, Protocol, TypeVar, overload

from mailtrap.client import failures
from mailtrap.client.failures import Json

_P = ParamSpec("_P")
_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


class Request(NamedTuple):
    """One HTTP request to a sandbox. `patience` is how many seconds its answer may take beyond the usual."""

    method: str
    path: str
    asked: Mapping[str, str] = {}
    body: bytes | None = None
    type: str = ""
    patience: float = 0.0


class Response(NamedTuple):
    """What it was answered with by the sandbox at `url`."""

    status: int
    reason: str
    octets: bytes
    url: str

    def document(self) -> Json:
        """The JSON object answered. Raises ApiError where the server refused, Unreachable where this is none."""
        return failures.document(self.status, self.reason, self.octets, self.url)

    def content(self) -> bytes:
        """The octets answered. Raises ApiError where the server refused."""
        failures.check(self.status, self.reason, self.octets, self.url)
        return self.octets


Steps = Generator[Request, Response, _T_co]


def ask(
    method: str,
    path: str,
    asked: Mapping[str, object] | None = None,
    *,
    document: object = None,
    body: bytes | None = None,
    type: str = "",
    patience: float = 0.0,
) -> Steps[Response]:
    """One request; what is None among `asked` is left out, `document` is sent as JSON."""
    given = {name: _written(value) for name, value in (asked or {}).items() if value is not None}
    if document is not None:
        body, type = json.dumps(document).encode(), "application/json"
    return (yield Request(method, path, given, body, type, patience))


def _written(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


class Transport(Protocol):
    """A way to put a request to a sandbox and wait for the answer."""

    def ask(self, request: Request) -> Response:
        """Raises Unreachable where there is none."""


class AsyncTransport(Protocol):
    """The same for a running event loop."""

    async def ask(self, request: Request) -> Response:
        """Raises Unreachable where there is none."""


class Blocking:
    """Has verbs that return when they are done."""

    _transport: Transport

    def run(self, steps: Steps[_T]) -> _T:
        """Carry out a call."""
        __tracebackhide__ = True
        try:
            request = next(steps)
            while True:
                request = steps.send(self._transport.ask(request))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # what the generator returns is a _T


class Awaiting:
    """Has verbs that are awaited."""

    _transport: AsyncTransport

    async def run(self, steps: Steps[_T]) -> _T:
        """Carry out a call."""
        __tracebackhide__ = True
        try:
            request = next(steps)
            while True:
                request = steps.send(await self._transport.ask(request))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


class Verb(Generic[_P, _T]):
    """A method written as steps: on a Blocking object it returns its result, on an Awaiting one a coroutine."""

    def __init__(self, steps: Callable[Concatenate[Any, _P], Steps[_T]]) -> None:
        self.steps = steps
        self.__name__ = getattr(steps, "__name__", "")
        self.__doc__ = steps.__doc__

        @functools.wraps(steps)
        def call(instance: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            return instance.run(steps(instance, *args, **kwargs))

        self._method: Any = call

    @overload
    def __get__(self, instance: Blocking, owner: type[Any] | None = None) -> Callable[_P, _T]: ...
    @overload
    def __get__(self, instance: Awaiting, owner: type[Any] | None = None) -> Callable[_P, Coroutine[Any, Any, _T]]: ...
    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Verb[_P, _T]: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        return self if instance is None else self._method.__get__(instance)
