"""Operations as routes of Flask."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.routing import BaseConverter

from mailtrap.web.answer import Answer
from mailtrap.web.operation import Operation, carrier, operations


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
    carry_out = carrier(declared, function)

    def view(**variables: str) -> Response:
        answer = carry_out(variables, request.args.lists(), _body)
        if not isinstance(answer, Answer):
            response: Response = answer
            return response
        return Response(answer.pieces, answer.status, answer.headers, content_type=answer.media)

    return view


def _body() -> tuple[bytes, str]:
    return request.stream.read(), request.mimetype
