"""The OpenAPI 3.1 document, derived from the operations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from mailtrap import __version__
from mailtrap.web.errors import Failure
from mailtrap.web.operation import Operation

#: What may happen to any request, besides what an operation declares.
_ALWAYS = (400, 401, 403, 408, 413, 421, 431, 500)

_REF = "#/components/schemas/{name}"

_TAGS = {
    "Messages": "What was captured. `query` takes the same language everywhere.",
    "Inboxes": "Piles of messages, one for a test or a person each, with rules and tokens of their own.",
    "Tests": "Wait for mail without polling, and assert what it is like.",
    "Faults": "Failures, exactly as told: ordered rules, and scenarios that have a name.",
    "Deliveries": "What became of messages after their 250, simulated, in virtual time.",
    "Webhooks": "Which applications are told of events, and what they have not taken yet.",
    "Sessions": "SMTP dialogues, also of clients that were refused or broke off.",
    "Server": "State, events, health and metrics.",
}


def describe(operations: Sequence[Operation], base_path: str) -> dict[str, Any]:
    """The whole document as plain values."""
    shapes = _structs(operations)
    schemas, components = msgspec.json.schema_components(shapes, ref_template=_REF)
    references = dict(zip(shapes, schemas, strict=True))
    for operation in operations:
        components |= _of_query(operation)[1]
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mailtrap",
            "version": __version__,
            "description": "What the mail sandbox has captured. Changes reach everyone who listens on `WS /api/live`.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base_path or "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "security": [{}, {"basic": []}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _structs(operations: Iterable[Operation]) -> list[type[msgspec.Struct]]:
    found: dict[type[msgspec.Struct], None] = {Failure: None}
    for operation in operations:
        shapes = (operation.body, operation.response, *operation.told.values())
        found.update((shape, None) for shape in shapes if shape)
    return list(found)


def _operation(operation: Operation, references: dict[type[msgspec.Struct], Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [operation.tag],
        "responses": _responses(operation, references),
    }
    if parameters := [*_variables(operation.path), *_query(operation)]:
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": references[operation.body]}},
        }
    elif operation.takes:
        binary = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
        content = dict.fromkeys((operation.takes, "application/octet-stream"), binary)
        described["requestBody"] = {"required": True, "content": content}
    return described


def _variables(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": _VARIABLES[name][0]},
            "description": _VARIABLES[name][1],
        }
        for name in re.findall(r"\{(\w+)\}", path)
    ]


_VARIABLES = {
    "id": ("^[0-9]{1,18}$", "An id, as lists give it"),
    "name": ("^[a-z0-9-]{1,80}$", "A name, as lists give it"),
    "part": (r"^[0-9]{1,4}(\.[0-9]{1,4})*$", "A part's `path`, as the message gives it"),
}


def _query(operation: Operation) -> list[dict[str, Any]]:
    schema, _ = _of_query(operation)
    if operation.needs_query:
        return [_selection(schema)]
    parameters = []
    for name, given in schema.get("properties", {}).items():
        value = _without_null(given)
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": value}
        if text := value.pop("description", ""):
            parameter["description"] = text
        parameters.append(parameter)
    return parameters


def _of_query(operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of an operation's parameters together, and those that it refers to by name."""
    if operation.query is None:
        return {}, {}
    _, named = msgspec.json.schema_components([operation.query], ref_template=_REF)
    return named.pop(operation.query.__name__), named


def _selection(schema: dict[str, Any]) -> dict[str, Any]:
    """All parameters as one exploded object: the only way for OpenAPI to say that one of them must be there."""
    properties = {name: _without_null(given) for name, given in schema["properties"].items()}
    return {
        "name": "selection",
        "in": "query",
        "required": True,
        "style": "form",
        "explode": True,
        "description": schema.get("description", ""),
        "schema": {
            "type": "object",
            "properties": properties,
            "minProperties": 1,
            "additionalProperties": False,
        },
    }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is absent is not null: `anyOf [x, null]` becomes `x`."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) != 1:
        return dict(schema)
    return {**{key: value for key, value in schema.items() if key not in ("anyOf", "default")}, **options[0]}


def _responses(operation: Operation, references: dict[type[msgspec.Struct], Any]) -> dict[str, Any]:
    if operation.response:
        content: dict[str, Any] = {operation.media: {"schema": references[operation.response]}}
    elif operation.media.startswith("text/"):
        content = {operation.media: {"schema": {"type": "string"}}}
    else:
        kinds = dict.fromkeys((operation.media, *operation.also))
        content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    described = {str(operation.status): {"description": "Done", "content": content}}
    failure = {"application/json": {"schema": references[Failure]}}
    body = (415,) if operation.method not in ("GET", "HEAD") else ()
    for status in sorted({*_ALWAYS, *body, *operation.errors}):
        told = operation.told.get(status)
        said = {"application/json": {"schema": references[told]}} if told else failure
        described[str(status)] = {"description": HTTPStatus(status).phrase, "content": said}
    return described
