"""`/api/live`: tells everyone who listens what happened, without ever waiting for anyone.

flask-sock does the handshake, answers pings and closes; each connection's own thread sits in it. Notices are framed
once for all and handed to the sockets by one thread. A listener that cannot take them gets a `resume` instead.
"""

from __future__ import annotations

import binascii
import selectors
import ssl
import threading
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from socket import SHUT_RDWR, socket
from time import monotonic, sleep
from typing import Any

from flask import Blueprint, Flask, g, request
from flask_sock import Sock

from mailtrap.events import Bus, Event
from mailtrap.web import scope
from mailtrap.web.errors import Refused
from mailtrap.web.exchange import UPGRADED
from mailtrap.web.shapes import Announcement, announcement
from mailtrap.web.wire import encode

#: Notices of this much time, in seconds, are sent together.
TICK = 0.02

#: Octets that may wait for one listener before it is told to fetch the list again instead.
ROOM = 256 * 1024

#: What a listener may send at most, in octets; it has nothing to say.
LONGEST_MESSAGE = 4096

PING_INTERVAL = 25

_RETRY = 0.05
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Channel:
    """A socket shared by flask-sock, which reads and pings, and by the Hub, which sends notices.

    Whatever is sent goes through one buffer, whole frames in order, and never blocks (RFC 6455 §5.4 forbids
    frames within frames). `before_read` runs before each read.
    """

    def __init__(self, sock: socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        # An SSL object may not be used by two threads at once, so reading needs the lock as well.
        self._lock = threading.Lock()
        self._pending = bytearray()
        self.before_read: Callable[[], object] = lambda: None

    @property
    def backlog(self) -> int:
        """Octets not yet taken by the other side."""
        return len(self._pending)

    def fileno(self) -> int:
        """For flask-sock's selector."""
        return self._sock.fileno()

    def recv(self, size: int) -> bytes:
        """At least one octet, or none at the end. Blocks."""
        self.before_read()
        while True:
            with self._lock:
                try:
                    # A whole TLS record at once: what stayed inside the SSL object would wake no selector.
                    return self._sock.recv(max(size, 16384))
                except _WOULD_BLOCK:
                    pass
            with selectors.DefaultSelector() as selector:
                selector.register(self._sock, selectors.EVENT_READ)
                selector.select(PING_INTERVAL)

    def send(self, octets: bytes) -> int:
        """Take whole frames; they leave as fast as the other side reads."""
        with self._lock:
            self._pending += octets
            self._flush()
        return len(octets)

    def flush(self) -> None:
        """Try again to send what is pending."""
        with self._lock:
            self._flush()

    def close(self) -> None:
        """Close. Harmless when repeated."""
        with self._lock:
            self._pending.clear()
            with suppress(OSError):
                self._sock.shutdown(SHUT_RDWR)
            self._sock.close()

    def _flush(self) -> None:
        try:
            while self._pending:
                with memoryview(self._pending) as view:
                    sent = self._sock.send(view[:65536])
                del self._pending[:sent]
        except _WOULD_BLOCK:
            pass
        except OSError:
            self._pending.clear()  # it is gone; its own thread finds out by reading


@dataclass(slots=True, eq=False)
class _Listener:
    """`position` is the `seq` of the last event this one was told of; `lags` while it waits for a resume.

    `only` is the inbox that it may see, empty where that is all of them.
    """

    channel: Channel
    inbox: str
    position: int
    only: str = ""
    lags: bool = False

    def wants(self, event: Event) -> bool:
        return not self.inbox or event.concerns(self.inbox)


class Hub:
    """Everyone who listens: at most `limit`, told of everything that `bus` announces."""

    def __init__(self, bus: Bus, limit: int) -> None:
        self._bus = bus
        self._limit = limit
        self._changed = threading.Condition()
        self._places = 0
        self._listeners: list[_Listener] = []
        self._heard: list[Event] = []
        self._joined = False
        self._running = False
        bus.subscribe(self._hear)

    def count(self) -> int:
        """How many listen now."""
        return self._places

    def reserve(self) -> bool:
        """Take one of the places; False if there is none left. Give it back with `release`."""
        with self._changed:
            if self._places >= self._limit:
                return False
            self._places += 1
            return True

    def release(self) -> None:
        """Give a place back."""
        with self._changed:
            self._places -= 1

    def join(self, channel: Channel, inbox: str, after: int | None, only: str = "") -> _Listener:
        """Greet a listener and tell it everything after `after` (default: from now on) and from then on."""
        now = self._bus.seq
        known = after is None or self._bus.since(after) is not None
        position = after if after is not None and known else now
        channel.send(frame(Announcement(position, "hello")))
        if not known:
            channel.send(frame(Announcement(position, "resume")))
        listener = _Listener(channel, inbox, position, only)
        with self._changed:
            self._listeners.append(listener)
            self._joined = True
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="live", daemon=True).start()
            self._changed.notify()
        return listener

    def leave(self, listener: _Listener) -> None:
        """Forget a listener. The thread goes with the last one."""
        with self._changed:
            self._listeners.remove(listener)
            self._changed.notify()

    def _hear(self, events: list[Event]) -> None:
        # On the publisher's thread, with the bus locked: hand over and be gone.
        if self._running:
            with self._changed:
                self._heard.extend(events)
                self._changed.notify()

    def _run(self) -> None:
        told = 0.0
        while True:
            with self._changed:
                stalled = any(one.lags or one.channel.backlog for one in self._listeners)
                if self._listeners and not (self._heard or self._joined):
                    self._changed.wait(_RETRY if stalled else None)
                if not self._listeners:
                    self._running = False
                    self._heard.clear()
                    return
            if (early := told + TICK - monotonic()) > 0:
                sleep(early)
            told = monotonic()
            with self._changed:
                heard, self._heard = self._heard, []
                joined, self._joined = self._joined, False
                listeners = list(self._listeners)
            self._tell(listeners, heard, joined)

    def _tell(self, listeners: list[_Listener], heard: Sequence[Event], joined: bool) -> None:
        if joined:
            for listener in listeners:
                self._catch_up(listener)
        frames: dict[tuple[str, str], bytes] = {}
        for listener in listeners:
            if listener.lags:
                self._resume(listener)
            elif listener.channel.backlog > ROOM:
                listener.lags = True
            elif heard and listener.position < heard[0].seq:
                key = listener.inbox, listener.only
                if key not in frames:
                    frames[key] = _frames(listener, heard)
                listener.channel.send(frames[key])
                listener.position = heard[-1].seq
            elif heard:
                self._pass_on(listener, [event for event in heard if event.seq > listener.position])
            if listener.channel.backlog:
                listener.channel.flush()

    def _catch_up(self, listener: _Listener) -> None:
        events = self._bus.since(listener.position)
        if events is None:
            listener.lags = True
        else:
            self._pass_on(listener, events)

    def _resume(self, listener: _Listener) -> None:
        if listener.channel.backlog:
            return
        listener.position = self._bus.seq
        listener.channel.send(frame(Announcement(listener.position, "resume")))
        listener.lags = False

    def _pass_on(self, listener: _Listener, events: Sequence[Event]) -> None:
        if events:
            listener.channel.send(_frames(listener, events))
            listener.position = events[-1].seq


def _frames(listener: _Listener, events: Sequence[Event]) -> bytes:
    return b"".join([frame(announcement(event, listener.only)) for event in events if listener.wants(event)])


def frame(told: Announcement) -> bytes:
    """One text frame, final and unmasked as a server's are (RFC 6455 §5.2)."""
    payload = encode(told)
    size = len(payload)
    head = bytes((0x81, size)) if size < 126 else bytes((0x81, 126)) + size.to_bytes(2, "big")
    return head + payload


class _Inline(threading.Thread):
    """flask-sock's reading loop, run by the request's own thread instead of a second one."""

    def start(self) -> None:
        """Nothing: `listen` runs it."""


def routes(hub: Hub) -> Blueprint:
    """The WebSocket `/api/live`. Everything that can be refused is refused before the handshake."""
    blueprint = Blueprint("live", __name__)
    sock = Sock()

    @blueprint.record_once
    def configure(state: Any) -> None:
        app: Flask = state.app
        app.config["SOCK_SERVER_OPTIONS"] = {
            "ping_interval": PING_INTERVAL,
            "max_message_size": LONGEST_MESSAGE,
            "thread_class": _Inline,
        }

    @blueprint.before_request
    def admit() -> None:
        _check_handshake()
        g.inbox, g.after = _wishes()
        if not hub.reserve():
            raise Refused(503, "Too many live connections", "ask /api/events instead", headers={"Retry-After": "30"})
        g.has_place = True
        g.channel = request.environ["werkzeug.socket"] = Channel(request.environ["werkzeug.socket"])
        request.environ[UPGRADED] = True

    @blueprint.teardown_request
    def leave(_: BaseException | None) -> None:
        if g.pop("has_place", False):
            hub.release()

    @sock.route("/api/live", bp=blueprint)  # type: ignore[untyped-decorator]
    def listen(ws: Any) -> None:
        channel: Channel = g.channel
        # What a listener says is dropped unread, so that it cannot pile up.
        channel.before_read = ws.input_buffer.clear
        listener = hub.join(channel, g.inbox, g.after, scope.inbox())
        try:
            ws.thread.run()
        finally:
            hub.leave(listener)
            channel.close()

    return blueprint


def _check_handshake() -> None:
    """Refuse what flask-sock would stumble over, and leave in the environ only what it needs.

    Without `Sec-WebSocket-Extensions` no compression is agreed on: it would cost 300 KB a listener, and frames
    could not be the same octets for all.
    """
    environ = request.environ
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        raise Refused(400, "Only WebSocket version 13 is spoken", headers={"Sec-WebSocket-Version": "13"})
    try:
        nonce = b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), validate=True)
    except (binascii.Error, ValueError):
        nonce = b""
    if len(nonce) != 16:
        raise Refused(400, "Sec-WebSocket-Key is missing or not 16 octets in base64")
    needed = ("HOST", "UPGRADE", "CONNECTION", "SEC_WEBSOCKET_KEY", "SEC_WEBSOCKET_VERSION")
    for name in [name for name in environ if name.startswith("HTTP_") and name[5:] not in needed]:
        del environ[name]


def _wishes() -> tuple[str, int | None]:
    given = request.args
    if unknown := set(given) - {"inbox", "after"}:
        raise Refused(400, f"There is no parameter {min(unknown)[:100]!r}", "it takes inbox, after")
    after = given.get("after")
    if after is not None and not (after.isascii() and after.isdecimal() and len(after) <= 19):
        raise Refused(400, "after: must be a seq", "leave it out to start now")
    wished = {"inbox": given.get("inbox", "")}
    if only := scope.inbox():
        scope.insist(wished["inbox"] or only, only)
        wished["inbox"] = only
    return wished["inbox"], None if after is None else int(after)
