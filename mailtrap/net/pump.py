"""Carries octets between one socket and one sans-IO session, and performs the session's actions."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, Protocol, cast

from mailtrap.net.actions import Action, Ask, Close, Handshake, Send, StartTls, Work
from mailtrap.net.hub import Hub
from mailtrap.net.ports import peer_name

log = logging.getLogger(__name__)

#: Seconds in which a client may read our last words, or finish what it is saying, before the connection is cut.
LINGER = 2.0
#: Seconds after which a connection that was closed and still is not gone is cut.
CLOSING = 10.0
#: Octets in one read from which on a connection is in bulk transfer and takes turns with others that are.
BULK = 64 * 1024
#: Seconds between two looks at a store that lags behind.
POLL = 0.02


class Machine(Protocol):
    """A sans-IO session, as `mailtrap.smtp.dialogue.Dialogue` describes it."""

    @property
    def blocked(self) -> bool: ...
    @property
    def holding(self) -> bool: ...
    def opened(self, connections: int, of_peer: int) -> list[Action]: ...
    def receive(self, octets: bytes) -> list[Action]: ...
    def resume(self, result: Any) -> list[Action]: ...
    def eof(self) -> list[Action]: ...
    def lost(self) -> list[Action]: ...
    def tick(self) -> list[Action]: ...
    def shutdown(self) -> list[Action]: ...
    def failed(self) -> list[Action]: ...
    def cut(self, outcome: str) -> None: ...


class Pump(asyncio.Protocol):
    """One connection. Everything runs on the hub's loop; a subclass opens the session and hears of its end."""

    hub: Hub

    def begin(self, hub: Hub) -> None:
        """Belong to a hub: what a constructor would do, had not subclasses constructors of their own."""
        self.hub = hub
        self.peer = ""
        self._machine: Machine | None = None
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._held = False
        self._unread = False
        self._no_more = False
        self._deaf = False
        self._cut_at = 0.0

    def open_session(self, peer: str) -> Machine:
        """The session for this connection; `peer` is `address:port`."""
        raise NotImplementedError

    def session_over(self) -> None:
        """The connection is gone and its session has nothing left to do."""
        raise NotImplementedError

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != getattr(socket, "AF_UNIX", None):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer, name = peer_name(transport.get_extra_info("peername"))
        counts = self.hub.connected(self)
        self._machine = self.open_session(name)
        self._perform(self._call(self._machine.opened, *counts))

    def data_received(self, data: bytes) -> None:
        """The client sent something."""
        machine = self._machine
        if machine is None or self._deaf:
            return
        self._perform(self._call(machine.receive, data))
        if machine.holding:
            self._hold()
        elif len(data) >= BULK and not self._held and not self._deaf and self._transport is not None:
            # Loops read on while there is something to read; with others waiting, once is enough.
            self._held = True
            self._transport.pause_reading()
            self.hub.take_turns(self._release)

    def eof_received(self) -> bool:
        """The client will send no more; true keeps our half open until everything is answered."""
        self._no_more = True
        if self._machine is None or self._deaf:
            return False
        self._perform(self._call(self._machine.eof))
        transport = self._transport
        return transport is not None and transport.get_extra_info("ssl_object") is None and not self._deaf

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone. The session goes on until it has dealt with what had come in."""
        if self._transport is None:
            return
        self._transport = None
        self._no_more = True
        self.hub.disconnected(self)
        if self._machine is not None:
            self._perform(self._call(self._machine.lost))
        self._finish()

    def pause_writing(self) -> None:
        """The client does not read our replies: then we do not read its commands."""
        self._unread = True
        self._hold()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._unread = False
        self._release()

    # What the hub calls.

    def tick(self, now: float) -> None:
        """Some time has passed."""
        if self._cut_at:
            if now > self._cut_at and self._transport is not None:
                self._transport.abort()
        elif self._machine is not None:
            self._perform(self._call(self._machine.tick))

    def shutdown(self) -> None:
        """The server stops as soon as this session lets it."""
        if self._machine is not None and not self._cut_at:
            self._perform(self._call(self._machine.shutdown))

    def cut(self) -> None:
        """The server stops now."""
        if self._machine is not None:
            self._machine.cut("shutdown")
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()
        else:
            self._finish()

    def resume(self, result: Any) -> None:
        """What the session asked for has come to this end."""
        machine = self._machine
        if machine is None or not machine.blocked:
            return
        self._perform(self._call(machine.resume, result))
        if self._transport is None:
            self._finish()
        else:
            self._release()

    # Performing.

    def _call(self, step: Callable[..., list[Action]], *arguments: Any) -> list[Action]:
        try:
            return step(*arguments)
        except Exception:
            log.exception("a session failed")
            return self._machine.failed() if self._machine is not None else [Close()]

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            transport = self._transport
            if isinstance(action, Send):
                if transport is not None:
                    transport.write(action.octets)
            elif isinstance(action, Ask):
                self._ask(action)
            elif isinstance(action, Work):
                self.hub.work(action.task, self.resume)
            elif isinstance(action, StartTls):
                self._start_tls()
            elif isinstance(action, Close) and transport is not None:
                self._close(transport, action.linger)

    def _ask(self, action: Ask) -> None:
        answered = partial(self.hub.post, self.resume)
        try:
            action.question(answered)
        except Exception as error:  # a store may refuse at once
            log.debug("a question was refused", exc_info=True)
            answered(error)

    def _close(self, transport: asyncio.Transport, linger: bool) -> None:
        self._deaf = True
        self._cut_at = self.hub.loop.time() + (LINGER if linger else CLOSING)
        if linger and not self._no_more and transport.can_write_eof():
            transport.write_eof()
            self._held = False
            transport.resume_reading()
        else:
            transport.close()

    def _hold(self) -> None:
        transport = self._transport
        if not self._held and not self._deaf and not self._no_more and transport is not None:
            self._held = True
            transport.pause_reading()
            self._release()

    def _release(self) -> None:
        """Read on, as soon as nothing speaks against it."""
        machine = self._machine
        if not self._held or self._transport is None or machine is None or self._deaf:
            return
        if machine.holding and not machine.blocked:
            # The store lags behind, and nobody will tell us when it has caught up. All who waited for it find out at
            # about the same time: if they did not take turns they would keep the loop busy for all their reads at once.
            self.hub.loop.call_later(POLL, self.hub.take_turns, self._release)
        elif not machine.holding and not self._unread:
            self._held = False
            self._transport.resume_reading()

    def _finish(self) -> None:
        machine = self._machine
        if machine is not None and not machine.blocked and self._transport is None:
            self._machine = None
            self.session_over()
            self.hub.finished(self)

    # TLS.

    def _start_tls(self) -> None:
        transport = self._transport
        if transport is None:
            self.hub.post(self.resume, ConnectionResetError("the client has gone"))
            return
        # Started here and now rather than when a task gets its turn: uvloop begins to read right after
        # `connection_made`, and what the client says from here on is meant for the TLS library.
        try:
            handshake = _Begun(
                self.hub.loop.start_tls(
                    transport,
                    self,
                    self.hub.tls(),
                    server_side=True,
                    ssl_handshake_timeout=self.hub.tls_timeout or None,
                    ssl_shutdown_timeout=LINGER,
                )
            )
        except Exception as error:
            log.exception("TLS cannot begin")
            self.hub.post(self.resume, error)
        else:
            self._task = self.hub.loop.create_task(self._handshake(transport, handshake))

    async def _handshake(self, transport: asyncio.Transport, handshake: _Begun) -> None:
        result: Handshake | Exception
        try:
            protected = await handshake
            if protected is None:
                raise ConnectionResetError("the client has gone")
            session: ssl.SSLObject = protected.get_extra_info("ssl_object")
            cipher = session.cipher()
            result = Handshake(session.version() or "", cipher[0] if cipher else "")
            if self._transport is not None:
                self._transport = protected
        except Exception as error:  # ssl.SSLError, OSError, TimeoutError, and what a broken context raises
            result = error
            transport.abort()
        self._task = None
        self.resume(result)
        if isinstance(result, Exception):
            self.connection_lost(result)


class _Begun:
    """A coroutine whose first step has been taken; awaiting it takes the others."""

    def __init__(self, coroutine: Coroutine[Any, Any, asyncio.Transport | None]) -> None:
        self._coroutine = coroutine
        self._first = coroutine.send(None)

    def __await__(self) -> Generator[Any, Any, asyncio.Transport | None]:
        waited = self._first
        try:
            while True:
                try:
                    result = yield waited
                except BaseException as error:
                    waited = self._coroutine.throw(error)
                else:
                    waited = self._coroutine.send(result)
        except StopIteration as end:
            transport: asyncio.Transport | None = end.value
            return transport
