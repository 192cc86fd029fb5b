"""A real sandbox whose web server notes every request, and a server without any protection beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any

import flask
from werkzeug.serving import WSGIRequestHandler, make_server

from mailtrap.clock import Clock
from mailtrap.events import Bus
from mailtrap.mail.arrival import Arrival, Login
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.store import open_store
from mailtrap.web import About
from mailtrap.web.application import create_app
from mailtrap.web.server import WebServer


@dataclass
class Site:
    """`requests` holds `(method, path and query)` of everything asked for, `statuses` what was answered."""

    base: str
    sandbox: Sandbox
    requests: list[tuple[str, str]] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def own(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.base.rpartition(":")[2])

    def deliver(self, octets: bytes, helo: str = "client.test", user: str = "", tags: tuple[str, ...] = ()) -> int:
        """Capture one message; returns its id once it is kept."""
        kept = threading.Event()
        result: list[int | Exception] = []

        def done(outcome: int | Exception) -> None:
            result.append(outcome)
            kept.set()

        self.sandbox.capture(
            Envelope("a@hostile.test", (Recipient("b@hostile.test"),)),
            octets,
            Arrival(self.sandbox.clock.now(), "smtp", "127.0.0.1:1", helo, "ESMTP", None, Login("PLAIN", user)),
            done,
            tags=tags,
        )
        assert kept.wait(10)
        assert isinstance(result[0], int), result[0]
        return result[0]


@contextmanager
def sandbox_site() -> Iterator[Site]:
    settings = Settings(host="127.0.0.1", web_port=0, smtp_port=0, smtps_port=0)
    bus, clock = Bus(), Clock()
    store = open_store(settings, bus, clock)
    sandbox = Sandbox(store, bus, clock)
    app = create_app(sandbox, settings, About())
    site = Site("", sandbox)

    @app.get("/host")
    def host() -> str:
        """A page of ours with one preview for each `id` in the query, framed as the reader does."""
        remote = flask.request.args.get("remote", "0")
        frames = "".join(
            f'<iframe sandbox referrerpolicy="no-referrer" width="900" src="/preview/{int(id)}?remote={remote}">'
            "</iframe>"
            for id in flask.request.args.getlist("id")
        )
        return f"<!doctype html><title>host</title>{frames}"

    def noted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        query = environ.get("QUERY_STRING", "")
        target = environ["PATH_INFO"] + ("?" + query if query else "")
        site.requests.append((environ["REQUEST_METHOD"], target))

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            site.statuses[target] = int(status[:3])
            return start_response(status, headers, exc_info)

        return app.wsgi_app(environ, start)  # type: ignore[arg-type]

    web = WebServer(noted, settings)  # type: ignore[arg-type]
    site.base = "http://{}:{}".format(*web.start())
    try:
        yield site
    finally:
        web.stop()
        store.close()


class Naked:
    """Serves documents by path without a header that protects, and at /frames?PATH&PATH… a page that frames them."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.base = ""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        path = environ["PATH_INFO"]
        body = self.documents.get(path, b"")
        if path == "/frames":
            frames = (
                f'<iframe width="300" height="100" src="{escape(p)}"></iframe>'
                for p in environ["QUERY_STRING"].split("&")
            )
            body = ("<!doctype html><title>host</title>" + "".join(frames)).encode()
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
        return [body]


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@contextmanager
def naked_site() -> Iterator[Naked]:
    naked = Naked()
    server = make_server("127.0.0.1", 0, naked, threaded=True, request_handler=_Quiet)
    naked.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield naked
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()
