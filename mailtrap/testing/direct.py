"""Requests to a sandbox in this process, answered on the caller's thread with no HTTP in between.

What tests ask most needs no Flask either; for the rest there is the application.
"""

from __future__ import annotations

import os
import sys
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from mailtrap.client.endpoint import Endpoint
from mailtrap.client.steps import Request, Response, Transport

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mailtrap.testing.wiring import Site
    from mailtrap.web import Entrance


class Direct:
    """For any number of threads. A process made by fork, which has none of the sandbox's threads, asks by `others`."""

    def __init__(self, site: Site, web: Entrance, others: Transport) -> None:
        self._at = Endpoint(site.url, site.token or None)
        self._web = web
        self._others = others
        self._process = os.getpid()

    def ask(self, request: Request) -> Response:
        """One request. Raises Unreachable once the sandbox has stopped."""
        if not self._web.is_open or self._process != os.getpid():
            return self._others.ask(request)
        desk = self._web.desk()
        answer = desk.answer(request.method, request.path, request.asked, request.body or b"", request.type)
        if answer is None:
            return self._apply(request)
        return self._told(answer.status, b"".join(answer.pieces))

    def _apply(self, request: Request) -> Response:
        status = ""

        def start_response(said: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status
            status = said

        pieces = self._web.application()(self._environ(request), start_response)
        try:
            octets = b"".join(pieces)
        finally:
            if close := getattr(pieces, "close", None):
                close()
        return self._told(int(status[:3]), octets)

    def _told(self, status: int, octets: bytes) -> Response:
        return Response(status, HTTPStatus(status).phrase, octets, self._at.url)

    def _environ(self, request: Request) -> WSGIEnvironment:
        """As `mailtrap.web.exchange` makes it of what comes by HTTP (PEP 3333)."""
        path, _, query = self._at.target(request).partition("?")
        body = request.body or b""
        environ: WSGIEnvironment = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if self._at.is_tls else "http",
            "wsgi.input": BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REMOTE_ADDR": "127.0.0.1",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": str(self._at.port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": self._at.authority,
            "CONTENT_LENGTH": str(len(body)),
        }
        for name, value in self._at.headers(request).items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        return environ
