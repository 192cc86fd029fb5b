"""Every failure of the application, told in the one shape: to programs as JSON, to people as a page."""

from __future__ import annotations

import logging

import msgspec
from flask import Flask, Response, current_app, render_template, request
from jinja2 import TemplateNotFound
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from mailtrap.web import errors
from mailtrap.web.errors import Problem, Refused, problem

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Make `app` answer every exception in the one shape."""
    app.register_error_handler(Exception, _answer)


def _answer(error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.response is not None:
        return error.response  # type: ignore[return-value]  # a redirect, or an answer that is complete
    said, headers = _explain(error)
    if errors.wants_page(request.path, request.headers.get("Accept", "")):
        try:
            shown = render_template("error.html", error=_for_people(said))
            response = Response(shown, said.status, mimetype="text/html")
        except TemplateNotFound:
            response = Response(errors.page(said), said.status, mimetype="text/html")
    else:
        response = Response(errors.document(said), said.status, mimetype="application/json")
    response.headers.update(headers)
    return response


def _for_people(said: Problem) -> Problem:
    """Without the words that only help a program."""
    if said.hint != errors.HINTS.get(said.status):
        return said
    message = "There is no such page" if said.status == 404 else said.message
    return msgspec.structs.replace(said, message=message, hint="")


def _nothing_there() -> Problem:
    """No path is like this one, or one would be if what stands for an id were a number."""
    pieces = request.path.split("/")
    paths = current_app.url_map.bind("")
    # In front of an id stand /api and what it is an id of.
    for place in range(3, min(len(pieces), 6)):
        with_number = "/".join([*pieces[:place], "1", *pieces[place + 1 :]])
        if paths.test(with_number, request.method):
            base = "/".join(pieces[:place])
            return problem(404, f"{pieces[place][:40]!r} is no id: ids are numbers", f"GET {base} lists what there is")
    return problem(404, "There is nothing at this address")


def _explain(error: Exception) -> tuple[Problem, dict[str, str]]:
    if said := errors.explain(error):
        return said, error.headers if isinstance(error, Refused) else {}
    if isinstance(error, RequestEntityTooLarge):
        return problem(413, "The request body is too large", "see the setting max-body"), {}
    if isinstance(error, HTTPException):
        status = error.code or 500
        headers = dict(error.get_headers())
        headers.pop("Content-Type", None)
        return (_nothing_there() if status == 404 else problem(status)), headers
    log.error("%s %s failed", request.method, ascii(request.path), exc_info=error)
    return errors.ours(error), {}
