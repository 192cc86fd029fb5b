"""An application that webhooks are sent to: it can be down, slow or unwilling."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 60.0


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers with what `answer` says, 204 by default; remembers what it has received, in order."""

    def __init__(self, answer: Callable[[Received], int] | None = None, location: str = "") -> None:
        self.answer = answer or (lambda _: 204)
        self.location = location
        self.received: list[Received] = []
        self._changed = threading.Condition()
        self.port = 0
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def up(self) -> None:
        """Listen, on the same port as before."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def take(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                received = Received(
                    self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body
                )
                status = receiver.answer(received)
                with receiver._changed:
                    receiver.received.append(received)
                    receiver._changed.notify_all()
                self.send_response(status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET = take  # noqa: N815 - as BaseHTTPRequestHandler wants it

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: Any) -> None:
                pass  # a client that went away

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def down(self) -> None:
        """Refuse connections."""
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def wait(self, count: int) -> list[Received]:
        """What has been received, once it is so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, PATIENCE), len(self.received)
            return list(self.received)


@contextmanager
def receiving(answer: Callable[[Received], int] | None = None, location: str = "") -> Iterator[Receiver]:
    receiver = Receiver(answer, location)
    receiver.up()
    try:
        yield receiver
    finally:
        receiver.down()
