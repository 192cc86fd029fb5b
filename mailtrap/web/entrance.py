"""Where the web is entered: listens at once, while what answers is imported and built on a thread."""

from __future__ import annotations

import logging
import selectors
import socket
import ssl
import threading
from contextlib import closing
from typing import TYPE_CHECKING

from mailtrap.net import ports
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.web import assets
from mailtrap.web.about import About

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from mailtrap.web.desk import Desk
    from mailtrap.web.server import WebServer

log = logging.getLogger(__name__)

#: Connections the kernel may hold for us before we accept them.
BACKLOG = 512


class Entrance:
    """The web of one sandbox. Whoever comes before it is built waits: a fifth of a second, or less.

    With `late` it is built for the first who comes, which spares those who never ask.
    """

    def __init__(
        self, sandbox: Sandbox, settings: Settings, about: About, tls: ssl.SSLContext | None = None, late: bool = False
    ) -> None:
        self._sandbox = sandbox
        self._settings = settings
        self._about = about
        self._tls = tls
        self._late = late
        self._listeners: list[socket.socket] = []
        self._app: WSGIApplication | None = None
        self._desk: Desk | None = None
        self._making = threading.Lock()
        self._server: WebServer | None = None
        self._stopping, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._build, name="web builder", daemon=True)

    def start(self) -> tuple[str, int]:
        """Listen; returns where. Raises SettingsError where the port is taken."""
        assets.check()
        self._listeners = listen(self._settings)
        self._thread.start()
        return ports.address(self._listeners)

    def stop(self) -> None:
        """Stop listening, let answers in progress finish for a moment, close everything. Repeating it is harmless."""
        with closing(self._stopped), closing(self._stopping):
            if not self._thread.ident or not self._listeners:
                return
            self._stopping.send(b"x")
            self._thread.join()
        if self._server is not None:
            self._server.stop()
        for listener in self._listeners:
            listener.close()
        self._listeners = []

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return bool(self._listeners)

    def application(self) -> WSGIApplication:
        """What answers, for whoever is in this process."""
        with self._making:
            if self._app is None:
                from mailtrap.web.application import create_app

                self._app = create_app(self._sandbox, self._settings, self._about)
            return self._app

    def desk(self) -> Desk:
        """What answers most of that without the application, for the same."""
        with self._making:
            if self._desk is None:
                from mailtrap.web.desk import Desk

                self._desk = Desk(self._sandbox, self._settings, self._about)
            return self._desk

    def _build(self) -> None:
        if self._late and not self._is_wanted():
            return
        try:
            from mailtrap.web.server import WebServer

            server = WebServer(self.application(), self._settings, self._tls)
            server.start(self._listeners)
        except Exception:
            log.exception("the web could not be built")
            for listener in self._listeners:
                listener.close()
        else:
            self._server = server

    def _is_wanted(self) -> bool:
        """Wait until somebody comes; False if it is stopped before."""
        with selectors.DefaultSelector() as selector:
            for sock in (*self._listeners, self._stopped):
                selector.register(sock, selectors.EVENT_READ)
            return all(key.fileobj is not self._stopped for key, _ in selector.select())


def listen(settings: Settings) -> list[socket.socket]:
    """Listening sockets at the settings' host and web-port. Raises SettingsError where the port is taken."""
    return ports.listen(settings.host, settings.web_port, "--web-port", BACKLOG)
