"""An API operation: one declaration from which its route, its validation and its documentation follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from mailtrap import mistakes
from mailtrap.errors import Invalid
from mailtrap.web import scope
from mailtrap.web.answer import JSON, Answer
from mailtrap.web.errors import Refused
from mailtrap.web.wire import encode

_F = TypeVar("_F", bound=Callable[..., Any])


class Operation(Struct, frozen=True):
    """`path` has its variables in braces; each is handed over as a string of that name.

    `query` and `body` are the structs that the URL's query and a JSON body must fit; they are handed over as
    `query` and `body`. `response` is the struct that is answered, or None where the handler makes its own
    response of the type `media` or one of `also`. `takes` is the media type of a body that the handler reads
    itself. With `needs_query` at least one parameter must be given. `errors` are the statuses it may fail with,
    apart from those that every operation may; `told` has a struct for those of them that say more than a Failure.
    """

    method: str
    path: str
    name: str
    summary: str
    description: str
    tag: str
    query: type[msgspec.Struct] | None
    body: type[msgspec.Struct] | None
    response: type[msgspec.Struct] | None
    status: int
    media: str
    takes: str
    errors: tuple[int, ...]
    also: tuple[str, ...]
    needs_query: bool
    told: Mapping[int, type[msgspec.Struct]]


def operation(
    method: str,
    path: str,
    summary: str,
    *,
    tag: str = "Messages",
    query: type[msgspec.Struct] | None = None,
    body: type[msgspec.Struct] | None = None,
    response: type[msgspec.Struct] | None = None,
    status: int = 200,
    media: str = "application/json",
    takes: str = "",
    errors: tuple[int, ...] = (),
    also: tuple[str, ...] = (),
    needs_query: bool = False,
    told: Mapping[int, type[msgspec.Struct]] | None = None,
) -> Callable[[_F], _F]:
    """Declare that the decorated method carries out this operation. Its docstring becomes the description."""

    def declare(function: _F) -> _F:
        text = " ".join((function.__doc__ or "").split())
        name = function.__name__
        function.operation = Operation(  # type: ignore[attr-defined]
            method,
            path,
            name,
            summary,
            text,
            tag,
            query,
            body,
            response,
            status,
            media,
            takes,
            errors,
            also,
            needs_query,
            told or {},
        )
        return function

    return declare


def operations(*resources: object) -> Iterator[tuple[Operation, Callable[..., Any]]]:
    """Every operation that these objects declare, with the bound method that carries it out."""
    for resource in resources:
        for attribute in vars(type(resource)).values():
            if declared := getattr(attribute, "operation", None):
                yield declared, attribute.__get__(resource)


#: The parameters of a request, each with all that is given for it; and the octets and the media type of its body.
Given = Iterable[tuple[str, list[str]]]
Body = Callable[[], tuple[bytes, str]]


def carrier(declared: Operation, function: Callable[..., Any]) -> Callable[[dict[str, str], Given, Body], Any]:
    """What carries the operation out for a request: the variables of its path, its parameters, its body.

    It returns an Answer, or whatever else the function makes itself. Raises what `web.errors` can explain.
    """

    def carry_out(variables: dict[str, str], given: Given, body: Body) -> Any:
        arguments: dict[str, Any] = variables | _query(declared, given)
        if declared.body:
            arguments["body"] = scope.narrow_body(_body(declared.body, *body()))
        result = function(**arguments)
        if isinstance(result, msgspec.Struct):
            return Answer([encode(result)], status=declared.status)
        return result

    return carry_out


def _query(declared: Operation, asked: Given) -> dict[str, Any]:
    known = _fields(declared.query) if declared.query else {}
    values: dict[str, str] = {}
    for name, given in asked:
        if name not in known:
            hint = f"it takes {', '.join(known)}" if known else "it takes none"
            raise Invalid(f"There is no parameter {name[:100]!r}", hint)
        if len(given) > 1:
            raise Invalid(f"The parameter {name} is given {len(given)} times", "give it once")
        values[name] = given[0]
    if not declared.query:
        return {}
    scope.narrow(values, "inbox" in known)
    try:
        query = msgspec.convert(values, declared.query, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(*mistakes.mistake(error, declared.query, values, typed=False)) from None
    for name in values:
        # msgspec takes the word null for None, which stands for a parameter that was not given.
        if getattr(query, known[name]) is None:
            raise Invalid(f"`{name}` cannot be null", "leave the parameter out")
    return {"query": query}


@cache
def _fields(query: type[msgspec.Struct]) -> dict[str, str]:
    """By the names of its parameters those of its attributes."""
    return dict(zip(query.__struct_encode_fields__, query.__struct_fields__, strict=True))


@cache
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    """Made for the first body that comes: that costs as much as many an answer."""
    return msgspec.json.Decoder(shape)


def _body(shape: Any, octets: bytes, media: str) -> Any:
    if not octets:
        raise Invalid("The request has no body", "send a JSON document")
    if media != JSON:
        raise Refused(415, "The request body must be JSON", "set Content-Type: application/json")
    try:
        return _decoder(shape).decode(octets)
    except msgspec.ValidationError as error:
        message, hint = mistakes.in_json(error, shape, octets)
        raise Invalid(message, hint or "/docs/api shows what it takes") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The body is not JSON: {error}") from None
    except RecursionError:
        raise Invalid("The body is nested too deeply") from None
