"""A sandbox with its web application for tests, and a WebSocket client that shows what is on the wire."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask

from mailtrap.clock import Clock
from mailtrap.events import Bus
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.store import open_store
from mailtrap.web import About
from mailtrap.web.application import create_app
from mailtrap.web.server import WebServer

PLAIN = b"From: Ann <ann@a.test>\r\nTo: bob@b.test\r\nSubject: Hello\r\n\r\nHi Bob\r\n"

#: A picture, a page in disguise and a hostile file name.
MIXED = (
    b"From: ann@a.test\r\nTo: bob@b.test\r\nSubject: Mixed\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Gr\xc3\xbc\xc3\x9fe <a href='https://x.test/'>x</a></p>\r\n"
    b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment; filename="dot.png"\r\n\r\niVBORw0KGgoAAAANSUhEUg==\r\n'
    b"--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment;\r\n"
    b" filename*=utf-8''..%2f..%2fetc%0d%0aSet-Cookie%3a%20a=b.html\r\n\r\n<script>alert(1)</script>\r\n"
    b"--b--\r\n"
)


@contextmanager
def running_sandbox(**settings: Any) -> Iterator[tuple[Sandbox, Settings, Flask]]:
    """A sandbox on a temporary database with its application."""
    chosen = Settings(web_port=0, **settings)
    clock, bus = Clock(), Bus()
    store = open_store(chosen, bus, clock)
    sandbox = Sandbox(store, bus, clock)
    try:
        yield sandbox, chosen, create_app(sandbox, chosen, About(started_at=clock.now()))
    finally:
        store.close()


@contextmanager
def running_server(**settings: Any) -> Iterator[tuple[Sandbox, tuple[str, int]]]:
    """The same, listening."""
    with running_sandbox(**settings) as (sandbox, chosen, app):
        server = WebServer(app, chosen)
        address = server.start()
        try:
            yield sandbox, address
        finally:
            server.stop()


def capture(sandbox: Sandbox, octets: bytes = PLAIN, recipients: tuple[str, ...] = ("bob@b.test",), **more: Any) -> int:
    """Keep a message; returns its id once it is committed."""
    answers: list[int | Exception] = []
    answered = threading.Event()

    def done(answer: int | Exception) -> None:
        answers.append(answer)
        answered.set()

    envelope = Envelope("ann@a.test", tuple(Recipient(address) for address in recipients))
    sandbox.capture(envelope, octets, Arrival(sandbox.clock.now(), "smtp", protocol="ESMTP"), done, **more)
    assert answered.wait(10)
    assert isinstance(answers[0], int), answers[0]
    return answers[0]


def talk(address: tuple[str, int], octets: bytes, timeout: float = 10.0) -> bytes:
    """Send raw octets and return everything that comes back until the server closes."""
    with socket.create_connection(address, timeout) as sock:
        sock.sendall(octets)
        received = b""
        try:
            while piece := sock.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
        return received


class LiveClient:
    """A WebSocket client. `status` is the answer to the handshake, 101 if it was accepted."""

    def __init__(
        self, address: tuple[str, int], path: str = "/api/live", tls: ssl.SSLContext | None = None, **headers: str
    ) -> None:
        self.sock = socket.create_connection(address, 10)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost")
        sent = {
            "Host": f"127.0.0.1:{address[1]}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        self.sock.sendall(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1"))
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            piece = self.sock.recv(65536)
            assert piece, "closed without an answer"
            self._buffer += piece
        self.head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        self.status = int(self.head.split()[1])

    def __enter__(self) -> LiveClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def frame(self) -> tuple[int, bytes]:
        """The next frame: first octet (FIN and opcode) and payload. Raises EOFError at the end."""
        first, length = self._take(2)
        assert not length & 0x80, "a server must not mask"
        if length == 126:
            (length,) = struct.unpack(">H", self._take(2))
        return first, self._take(length)

    def notice(self) -> dict[str, Any]:
        """The next text frame's JSON; control frames are passed over."""
        while True:
            first, payload = self.frame()
            if first == 0x81:
                return json.loads(payload)
            if first == 0x88:
                raise EOFError

    def notices(self, kind: str, count: int) -> list[dict[str, Any]]:
        """Read until `count` notices of this kind have come; returns those."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            if (notice := self.notice())["kind"] == kind:
                found.append(notice)
        return found

    def send(self, opcode: int, payload: bytes, fin: bool = True) -> None:
        """Send one frame, masked with zeros."""
        size = len(payload)
        head = bytes((opcode | (0x80 if fin else 0),))
        if size < 126:
            head += bytes((0x80 | size,))
        elif size < 65536:
            head += bytes((0x80 | 126,)) + size.to_bytes(2, "big")
        else:
            head += bytes((0x80 | 127,)) + size.to_bytes(8, "big")
        self.sock.sendall(head + bytes(4) + payload)

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            piece = self.sock.recv(65536)
            if not piece:
                raise EOFError
            self._buffer += piece
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken
