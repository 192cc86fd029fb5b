"""One HTTP connection and the exchanges on it: h11's grammar on one side, a WSGI application on the other."""

from __future__ import annotations

import logging
import socket
import ssl
import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

import h11
from werkzeug.exceptions import BadRequest, RequestTimeout
from werkzeug.http import http_date

from mailtrap.web import errors
from mailtrap.web.gates import secured

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

#: Request line and header section together, in octets; what Apache and nginx take as well.
MAX_HEAD = 32 * 1024

#: How long a read or write of one piece may take, in seconds.
PATIENCE = 20.0

#: Octets a second a client must send of its body on average, after the first `PATIENCE` seconds.
MIN_RATE = 500

#: How long we keep reading what a client still sends after we have answered, so that it gets to see the answer.
LINGER = 2.0

_PIECE = 65536

#: Set in the environ by whoever takes the socket over (a WebSocket): nothing more is written here.
UPGRADED = "mailtrap.upgraded"


class Connection:
    """A socket with h11's view of it. `deadline` is for whoever waits for the next request."""

    def __init__(self, sock: socket.socket, peer: tuple[str, int], scheme: str) -> None:
        self.sock = sock
        self.peer = peer
        self.scheme = scheme
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        self.deadline = 0.0
        self.has_begun = False
        self.is_handshaken = scheme == "http"
        self.environ: WSGIEnvironment = {}

    @property
    def is_upgraded(self) -> bool:
        """Whether this is a WebSocket by now."""
        return UPGRADED in self.environ

    def next_request(self) -> h11.Request | None:
        """The next request if its header section has arrived; h11.RemoteProtocolError, or EOFError at the end."""
        event = self.http.next_event()
        if isinstance(event, h11.Request):
            self.has_begun = False
            return event
        if isinstance(event, h11.ConnectionClosed):
            raise EOFError
        return None

    def receive(self) -> h11.Request | None:
        """Read once and return the next request if its header section has arrived. Raises what reading raises."""
        octets = self.sock.recv(_PIECE)
        while isinstance(self.sock, ssl.SSLSocket) and (more := self.sock.pending()):
            octets += self.sock.recv(more)
        self.http.receive_data(octets)
        return self.next_request()

    def close(self) -> None:
        """Close at once. Harmless when repeated."""
        self.sock.close()

    def abort(self) -> None:
        """End the conversation from another thread; whoever is blocked on the socket notices."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            self.sock.close()

    def linger(self) -> None:
        """Close so that a client that is still sending can read our answer first (RFC 9112 §9.6)."""
        end = monotonic() + LINGER
        try:
            self.sock.shutdown(socket.SHUT_WR)
            while (left := end - monotonic()) > 0:
                self.sock.settimeout(left)
                if not self.sock.recv(_PIECE):
                    break
        except OSError:
            pass
        self.close()

    def refuse(self, status: int, message: str) -> None:
        """Answer what never became a request, without waiting for anyone."""
        body = errors.document(errors.problem(status, message))
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
        try:
            octets = _head(self.http, status, secured(headers, ""))
            self.sock.send(octets + body)
        except (OSError, h11.LocalProtocolError):
            pass


def objection(error: h11.RemoteProtocolError) -> str:
    """What is wrong with a request, without its octets, which h11 tells as Python writes them."""
    return str(error).partition(": b")[0]


class _Body:
    """The request body as `wsgi.input`: read when asked for, never more than a piece ahead."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rest = b""
        self._begun = monotonic()
        self._received = 0
        self.is_done = False

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` octets, everything if negative."""
        pieces: list[bytes] = []
        while size != 0 and (piece := self._rest or self._next()):
            taken = piece if size < 0 else piece[:size]
            self._rest = piece[len(taken) :]
            pieces.append(taken)
            size -= len(taken) if size > 0 else 0
        return b"".join(pieces)

    def settle(self) -> bool:
        """Whether all of it has been read, looking no further than what has arrived."""
        if not self.is_done and not self._rest and self._connection.http.their_state is h11.SEND_BODY:
            self.is_done = isinstance(self._connection.http.next_event(), h11.EndOfMessage)
        return self.is_done

    def _next(self) -> bytes:
        http = self._connection.http
        while not self.is_done:
            try:
                event = http.next_event()
            except h11.RemoteProtocolError as error:
                self.is_done = True
                raise BadRequest(objection(error)) from None
            if event is h11.NEED_DATA:
                self._receive()
            elif isinstance(event, h11.Data):
                return bytes(event.data)
            else:
                self.is_done = True
        return b""

    def _receive(self) -> None:
        connection = self._connection
        if connection.http.they_are_waiting_for_100_continue:
            connection.sock.sendall(connection.http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
        taken = monotonic() - self._begun
        if taken > PATIENCE and self._received < MIN_RATE * taken:
            raise RequestTimeout
        try:
            octets = connection.sock.recv(_PIECE)
        except TimeoutError:
            raise RequestTimeout from None
        except OSError:
            octets = b""
        if not octets:
            raise BadRequest("The client went away")
        self._received += len(octets)
        connection.http.receive_data(octets)


def exchange(connection: Connection, request: h11.Request, app: WSGIApplication, port: int) -> bool:
    """Carry out one request. Returns whether the connection can take another; if not, it is closed (or taken over)."""
    body = _Body(connection)
    if not any(name in (b"content-length", b"transfer-encoding") for name, _ in request.headers):
        body.settle()
    try:
        connection.environ = _environ(connection, request, body, port)
        _respond(connection, request, app, body)
    except (OSError, h11.LocalProtocolError) as error:
        log.debug("%s: %s", connection.peer, error)
        if not connection.is_upgraded:
            connection.close()
        return False
    if connection.is_upgraded:
        return False
    http = connection.http
    if http.our_state is h11.DONE and http.their_state is h11.DONE:
        http.start_next_cycle()
        connection.environ = {}
        return True
    connection.linger()
    return False


def _environ(connection: Connection, request: h11.Request, body: _Body, port: int) -> WSGIEnvironment:
    target = request.target
    path, _, query = target.partition(b"?")
    host = None
    if not target.startswith(b"/"):
        # Absolute form (RFC 9112 §3.2.2): its authority counts, whatever Host says.
        split = urlsplit(target.decode("latin-1"))
        path, query, host = split.path.encode("latin-1"), split.query.encode("latin-1"), split.netloc
    environ: WSGIEnvironment = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": connection.scheme,
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        # flask-sock looks for the socket under this name.
        "werkzeug.socket": connection.sock,
        "REQUEST_METHOD": request.method.decode("ascii"),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "REMOTE_ADDR": connection.peer[0],
        "REMOTE_PORT": connection.peer[1],
        "SERVER_NAME": "localhost",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{request.http_version.decode('ascii')}",
    }
    for name, value in request.headers:
        if b"_" in name:
            continue  # `X_Y` and `X-Y` would be one variable, and a proxy checks only one of them
        key = name.decode("ascii").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    if host is not None:
        environ["HTTP_HOST"] = host
    return environ


def _respond(connection: Connection, request: h11.Request, app: WSGIApplication, body: _Body) -> None:
    begun: list[tuple[int, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        begun[:] = [(int(status[:3]), headers)]
        return lambda octets: None

    pieces: Iterable[bytes] = ()
    try:
        pieces = app(connection.environ, start_response)
        if not connection.is_upgraded:
            _write(connection, request, begun, pieces, body)
    except (OSError, h11.LocalProtocolError):
        raise
    except Exception:
        # Nothing sensible can be said once the answer has begun; an answer cut short is noticed by its length.
        log.exception("%s %r broke off", request.method.decode("ascii"), connection.environ.get("PATH_INFO"))
        connection.abort()
        raise ConnectionAbortedError from None
    finally:
        if close := getattr(pieces, "close", None):
            close()


def _write(
    connection: Connection,
    request: h11.Request,
    begun: list[tuple[int, list[tuple[str, str]]]],
    pieces: Iterable[bytes],
    body: _Body,
) -> None:
    http, sock = connection.http, connection.sock
    pending = b""
    for piece in pieces:
        if http.our_state is h11.SEND_RESPONSE:
            pending = _head(http, *begun[0], unread=not body.settle())
        if request.method != b"HEAD" and piece:
            pending += http.send(h11.Data(data=piece)) or b""
        if len(pending) >= _PIECE:
            sock.sendall(pending)
            pending = b""
    if http.our_state is h11.SEND_RESPONSE:
        pending = _head(http, *begun[0], unread=not body.settle())
    pending += http.send(h11.EndOfMessage()) or b""
    sock.sendall(pending)


def _head(http: h11.Connection, status: int, headers: list[tuple[str, str]], unread: bool = False) -> bytes:
    lines = [*headers, ("Date", http_date()), ("Server", "mailtrap")]
    if unread:
        lines.append(("Connection", "close"))
    response = h11.Response(
        status_code=status,
        headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines],
        reason=HTTPStatus(status).phrase.encode("ascii"),
    )
    return http.send(response) or b""
