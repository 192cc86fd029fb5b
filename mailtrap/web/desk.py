"""The API for whoever is in this process: what tests ask most is answered without HTTP, gates and Flask.

Those take longer to import than a test takes, and as long again for each request as many an answer. The operations
are the same, and so is what they answer and how they fail.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import unquote

from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.web import errors
from mailtrap.web.about import About
from mailtrap.web.answer import Answer
from mailtrap.web.contents import Contents
from mailtrap.web.operation import Body, Given, carrier, operations

log = logging.getLogger(__name__)


class _Route(NamedTuple):
    """`pieces` of a path, variables in braces."""

    pieces: tuple[str, ...]
    carry_out: Callable[[dict[str, str], Given, Body], Any]

    def variables(self, pieces: tuple[str, ...]) -> dict[str, str] | None:
        """What stands for them in a path, None if that is another one."""
        found = {}
        for mine, given in zip(self.pieces, pieces, strict=True):
            if mine[0] == "{":
                found[mine[1:-1]] = given
            elif mine != given:
                return None
        return found


class Desk:
    """For any number of threads. Whoever asks may see everything."""

    def __init__(self, sandbox: Sandbox, settings: Settings, about: About) -> None:
        self._sandbox = sandbox
        self._settings = settings
        self._about = about
        self._lock = threading.Lock()
        self._routes: dict[str, dict[tuple[str, int], list[_Route]]] = {}

    def answer(self, method: str, path: str, given: Mapping[str, str], body: bytes, media: str) -> Answer | None:
        """What the API answers; None where that is for the application to say, as of any path that is nobody's."""
        pieces = tuple(unquote(path).split("/")[1:])
        if len(pieces) < 2 or pieces[0] != "api" or not all(pieces):
            return None

        within = "/".join(pieces[1:3])
        for route in self._of(within if within in _RESOURCES else pieces[1]).get((method, len(pieces)), ()):
            variables = route.variables(pieces)
            if variables is None or not _is_number(variables.get("id", "1")):
                continue
            parameters = [(name, [value]) for name, value in given.items()]
            try:
                found = route.carry_out(variables, parameters, lambda: (body, media))
            except Exception as error:
                return _failure(error, method, path)
            assert isinstance(found, Answer), "what Flask is needed for is left to the application"
            return found
        return None

    def _of(self, resource: str) -> dict[tuple[str, int], list[_Route]]:
        with self._lock:
            routes = self._routes.get(resource)
            if routes is None:
                routes = self._routes[resource] = {}
                make = _RESOURCES.get(resource)
                for declared, function in operations(make(self)) if make else ():
                    found = tuple(declared.path.split("/")[1:])
                    if found[0] == "api" and "/".join(found[1:]).startswith(resource) and not declared.takes:
                        routes.setdefault((declared.method, len(found)), []).append(
                            _Route(found, carrier(declared, function))
                        )
            return routes

    # Each is imported when it is first asked.

    @cached_property
    def _messages(self) -> object:
        from mailtrap.web.messages import Messages

        return Messages(self._sandbox, self._settings, Contents(self._sandbox.store))

    @cached_property
    def _waiters(self) -> object:
        from mailtrap.web.waiting import Waiters

        return Waiters(self._sandbox, self._settings)

    @cached_property
    def _refusals(self) -> object:
        from mailtrap.web.refusals import RefusalWaiters

        return RefusalWaiters(self._sandbox)

    @cached_property
    def _system(self) -> object:
        from mailtrap.web.system import System

        return System(self._sandbox, self._settings, self._about)

    @cached_property
    def _inboxes(self) -> object:
        from mailtrap.web.inboxes import Inboxes

        return Inboxes(self._sandbox)

    @cached_property
    def _faults(self) -> object:
        from mailtrap.web.faults import Faults

        return Faults(self._sandbox)

    @cached_property
    def _deliveries(self) -> object:
        from mailtrap.web.deliveries import Deliveries

        return Deliveries(self._sandbox)


#: Who answers for what begins with `/api/` and this.
_RESOURCES: dict[str, Callable[[Desk], object]] = {
    "messages": lambda desk: desk._messages,
    "wait": lambda desk: desk._waiters,
    "wait/refused": lambda desk: desk._refusals,
    "assert": lambda desk: desk._waiters,
    "sessions": lambda desk: desk._system,
    "info": lambda desk: desk._system,
    "inboxes": lambda desk: desk._inboxes,
    "faults": lambda desk: desk._faults,
    "deliveries": lambda desk: desk._deliveries,
    "clock": lambda desk: desk._deliveries,
}


def _is_number(id: str) -> bool:
    return id.isascii() and id.isdecimal()


def _failure(error: Exception, method: str, path: str) -> Answer:
    said = errors.explain(error)
    if said is None:
        log.error("%s %s failed", method, ascii(path), exc_info=error)
        said = errors.ours(error)
    return Answer([errors.document(said)], status=said.status)
