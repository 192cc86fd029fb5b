"""The web server: one thread waits for whole requests, a bounded number of others answer them.

A connection costs a thread only while its request is being answered, so clients that dribble their header section
or keep a connection open in silence cost a socket each and nothing else.
"""

from __future__ import annotations

import logging
import queue
import selectors
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

import h11

from mailtrap.net import ports
from mailtrap.settings import Settings
from mailtrap.web.entrance import listen
from mailtrap.web.exchange import PATIENCE, Connection, exchange, objection

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)

#: How long a request line and header section may take once begun (TLS handshake included), in seconds.
HEAD_TIME = 15.0

#: How long a connection may stay open without a request, in seconds.
IDLE_TIME = 60.0

#: How long answers in progress may take to finish once we are told to stop, in seconds.
GRACE = 1.0

#: A worker with nothing to do for this long goes, and with it whatever it held (its database connection).
_WORKER_IDLE = 10.0

#: How long a worker waits for the next request on a connection before it hands the connection back, in seconds.
_LOITER = 0.02


class WebServer:
    """Serves `app` on the settings' host and web-port, over TLS if given a context."""

    def __init__(self, app: WSGIApplication, settings: Settings, tls: ssl.SSLContext | None = None) -> None:
        self._app = app
        self._settings = settings
        self._tls = tls
        self._workers = _Workers(settings.max_web_threads)
        self._most = 2 * settings.max_web_threads + 512
        self._port = 0
        self._listeners: list[socket.socket] = []
        self._waiting: dict[Connection, None] = {}
        self._answering: set[Connection] = set()
        self._returned: deque[Connection] = deque()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def start(self, listeners: list[socket.socket] | None = None) -> tuple[str, int]:
        """Listen, if need be; returns where. Raises SettingsError where the port is taken."""
        self._listeners = listeners or listen(self._settings)
        host, self._port = ports.address(self._listeners)
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._wake_up)
        for listener in self._listeners:
            self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._thread.start()
        return host, self._port

    def stop(self) -> None:
        """Stop listening, let answers in progress finish for a moment, close everything. Repeating it is harmless."""
        if self._stopping or not self._thread.ident:
            return
        self._stopping = True
        self._waker.send(b"x")
        self._thread.join()
        for connection in list(self._answering):
            if connection.is_upgraded:
                connection.abort()
        self._workers.settle(GRACE)
        for connection in list(self._answering):
            connection.abort()
        self._workers.dismiss()
        self._waker.close()
        self._woken.close()

    def _run(self) -> None:
        swept = monotonic()
        while not self._stopping:
            for key, _ in self._selector.select(1.0 if self._waiting else None):
                key.data(key.fileobj)
            while self._returned:
                self._wait_for(self._returned.popleft())
            if (now := monotonic()) - swept >= 1.0:
                swept = now
                self._sweep(now)
        for listener in self._listeners:
            listener.close()
        for connection in list(self._waiting):
            self._drop(connection)
        self._selector.close()

    def _wake_up(self, _: object) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, peer = listener.accept()
        except OSError as error:
            # Out of file descriptors, most likely: make room at the expense of whoever has been silent longest.
            log.warning("cannot accept a connection: %s", error)
            self._evict()
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls:
            sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        connection = Connection(sock, peer[:2], "https" if self._tls else "http")
        if len(self._waiting) + len(self._answering) >= self._most:
            self._evict()
        self._wait_for(connection)

    def _evict(self) -> None:
        if connection := next(iter(self._waiting), None):
            self._drop(connection)

    def _wait_for(self, connection: Connection) -> None:
        """Wait for (the rest of) the next header section on this connection."""
        if self._stopping:
            connection.close()
            return
        connection.sock.setblocking(False)
        connection.deadline = monotonic() + (HEAD_TIME if connection.has_begun or self._tls else IDLE_TIME)
        self._waiting[connection] = None
        self._selector.register(connection.sock, selectors.EVENT_READ, lambda _: self._read(connection))
        if isinstance(connection.sock, ssl.SSLSocket) and connection.is_handshaken and connection.sock.pending():
            self._read(connection)  # what the SSL object holds already wakes no selector

    def _read(self, connection: Connection) -> None:
        try:
            if not connection.is_handshaken:
                self._shake_hands(connection)
                return
            if not connection.has_begun:
                connection.has_begun = True
                connection.deadline = monotonic() + HEAD_TIME
            request = connection.receive()
        except (ssl.SSLWantReadError, BlockingIOError):
            return
        except h11.RemoteProtocolError as error:
            connection.refuse(error.error_status_hint, objection(error))
            self._drop(connection)
            return
        except (OSError, EOFError):
            self._drop(connection)
            return
        if request:
            self._forget(connection)
            self._dispatch(connection, request)

    def _shake_hands(self, connection: Connection) -> None:
        assert isinstance(connection.sock, ssl.SSLSocket)
        try:
            connection.sock.do_handshake()
        except ssl.SSLWantWriteError:
            return  # our part of a handshake always fits into the send buffer; the client's next octets wake us
        connection.is_handshaken = True

    def _dispatch(self, connection: Connection, request: h11.Request) -> None:
        self._answering.add(connection)
        if not self._workers.take(lambda: self._answer(connection, request)):
            self._answering.discard(connection)
            connection.refuse(503, "Too many requests at once")
            connection.close()

    def _answer(self, connection: Connection, request: h11.Request | None) -> None:
        """Runs on a worker: answer requests for as long as they follow closely."""
        try:
            connection.sock.settimeout(PATIENCE)
            while request and exchange(connection, request, self._app, self._port):
                request = connection.next_request() or self._loiter(connection)
            if request is None and not self._stopping:
                self._returned.append(connection)
                self._waker.send(b"x")
                return
        except h11.RemoteProtocolError as error:
            connection.refuse(error.error_status_hint, objection(error))
        except (OSError, EOFError):
            pass
        finally:
            self._answering.discard(connection)
        connection.close()

    def _loiter(self, connection: Connection) -> h11.Request | None:
        """The next request, if it comes at once: that saves a busy client two changes of thread a request."""
        if self._stopping or self._workers.are_scarce:
            return None
        connection.sock.settimeout(_LOITER)
        try:
            return connection.receive()
        except (TimeoutError, ssl.SSLWantReadError):
            return None
        finally:
            connection.sock.settimeout(PATIENCE)

    def _sweep(self, now: float) -> None:
        for connection in [late for late in self._waiting if late.deadline < now]:
            if connection.has_begun and connection.is_handshaken:
                connection.refuse(408, "The request took too long to arrive")
            self._drop(connection)

    def _forget(self, connection: Connection) -> None:
        del self._waiting[connection]
        self._selector.unregister(connection.sock)

    def _drop(self, connection: Connection) -> None:
        self._forget(connection)
        connection.close()


class _Workers:
    """Up to `most` threads, started when needed, gone when idle."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._threads = 0
        self._busy = 0

    @property
    def are_scarce(self) -> bool:
        """Whether more than half of the threads there may be are at work."""
        return self._busy * 2 > self._most

    def take(self, job: Callable[[], None]) -> bool:
        """Have it done soon; False where every thread is at work and there may be no more."""
        with self._changed:
            if self._busy >= self._most:
                return False
            self._busy += 1
            if self._busy > self._threads:
                self._threads += 1
                threading.Thread(target=self._work, name="web worker", daemon=True).start()
        self._jobs.put(job)
        return True

    def settle(self, timeout: float) -> None:
        """Wait until nothing is being done."""
        with self._changed:
            self._changed.wait_for(lambda: self._busy == 0, timeout)

    def dismiss(self) -> None:
        """Let every thread go once it has done what it does."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=_WORKER_IDLE)
            except queue.Empty:
                with self._changed:
                    # A job may have been promised to us since; as many threads as there are jobs must stay.
                    if self._threads > self._busy:
                        self._threads -= 1
                        return
                continue
            if job is None:
                return
            try:
                job()
            except Exception:
                log.exception("a request broke off")
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()
