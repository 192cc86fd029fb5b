"""An API operation: one declaration from which its route, its validation and its documentation follow."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, request
from werkzeug.routing import BaseConverter

from mailtrap.errors import Invalid
from mailtrap.faults.choices import choices
from mailtrap.web import scope
from mailtrap.web.errors import Refused
from mailtrap.web.wire import encode

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Operation:
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


def mount(blueprint: Blueprint, *resources: object) -> list[Operation]:
    """Add a route for each operation; returns the operations for whoever documents them."""
    blueprint.record_once(lambda state: state.app.url_map.converters.__setitem__("number", _Number))
    found = list(operations(*resources))
    paths = {declared.path for declared, _ in found}
    for declared, function in found:
        blueprint.add_url_rule(
            _rule(declared.path, paths), declared.name, _view(declared, function), methods=[declared.method]
        )
    return [declared for declared, _ in found]


class _Number(BaseConverter):
    """An id in a path; what is longer or no number is no such path."""

    regex = "[0-9]{1,19}"


def _rule(path: str, paths: set[str]) -> str:
    """Flask's way to write it. Where names stand beside an id (`/faults/{id}`, `/faults/explain`) an id is a number:
    else a wrong method on such a name would be taken for one on an id."""
    base = path.partition("{id}")[0]
    if any([other.startswith(base) and not other.startswith(base + "{") for other in paths if base != path]):
        path = path.replace("{id}", "{number:id}")
    return re.sub(r"\{([\w:]+)\}", r"<\1>", path)


def _view(declared: Operation, function: Callable[..., Any]) -> Callable[..., Response]:
    decode = msgspec.json.Decoder(declared.body).decode if declared.body else None

    def view(**variables: str) -> Response:
        given: dict[str, Any] = variables
        given |= _query(declared)
        if decode:
            given["body"] = scope.narrow_body(_body(decode, declared.body))
        result = function(**given)
        if isinstance(result, Response):
            return result
        return Response(encode(result), declared.status, mimetype="application/json")

    return view


def _query(declared: Operation) -> dict[str, Any]:
    known = _fields(declared.query) if declared.query else {}
    values: dict[str, str] = {}
    for name, given in request.args.lists():
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
        raise Invalid(_said(error), choices(error, declared.query)) from None
    for name in values:
        # msgspec takes the word null for None, which stands for a parameter that was not given.
        if getattr(query, known[name].name) is None:
            raise Invalid(f"{name}: null is no value", "leave the parameter out")
    return {"query": query}


@cache
def _fields(query: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """By the names of its parameters; to find them out costs as much as many an answer."""
    return {field.encode_name: field for field in msgspec.structs.fields(query)}


def _body(decode: Callable[[bytes], Any], shape: Any) -> Any:
    octets = request.stream.read()
    if not octets:
        raise Invalid("The request has no body", "send a JSON document")
    if request.mimetype != "application/json":
        raise Refused(415, "The request body must be JSON", "set Content-Type: application/json")
    try:
        return decode(octets)
    except msgspec.ValidationError as error:
        raise Invalid(_said(error), choices(error, shape) or "/docs/api shows what it takes") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The body is not JSON: {error}") from None
    except RecursionError:
        raise Invalid("The body is nested too deeply") from None


def form(pattern: str, words: str, description: str | None = None) -> msgspec.Meta:
    """The constraint that a string matches `pattern`; `words` tell whoever sent another what was wanted."""
    _FORMS[pattern] = words
    return msgspec.Meta(pattern=pattern, description=description)


#: Patterns and what they are called among people.
_FORMS: dict[str, str] = {}
_MATCHING = re.compile(r"Expected `str` matching regex ('.*')\Z", re.DOTALL)


def _said(error: msgspec.ValidationError) -> str:
    """`limit: Expected …` instead of msgspec's `Expected … - at `$.limit``, and no regular expression."""
    text, _, where = str(error).partition(" - at `$.")
    pattern = _MATCHING.match(text)
    if pattern:
        text = f"Expected {_FORMS.get(literal_eval(pattern[1]), 'another form')}"
    return f"{where.rstrip('`')}: {text}" if where else text
