"""Carries octets between one socket and one sans-IO session, and performs the session's actions."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from mailtrap.net import handshakes, sockets
from mailtrap.net.actions import (
    Action,
    Ask,
    Close,
    Delay,
    Drain,
    Dribble,
    Handshake,
    Machine,
    Reset,
    Send,
    StartTls,
    Throttle,
    Work,
)
from mailtrap.net.hub import Hub
from mailtrap.net.ports import peer_name
from mailtrap.net.slowness import Slowness
from mailtrap.net.tls import SPOILT

log = logging.getLogger(__name__)

#: Seconds in which a client may read our last words, or finish what it is saying, before the connection is cut.
LINGER = 2.0
#: Seconds after which a connection that was closed and still is not gone is cut.
CLOSING = 10.0
#: Octets in one read from which on a connection is in bulk transfer and takes turns with others that are.
BULK = 64 * 1024
#: Seconds between two looks at a store that lags behind.
POLL = 0.02
#: Seconds that what was said before a reset may take to be written.
LAST_WORDS = 0.5


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
        self._held = self._unread = self._no_more = self._deaf = self._stopping = False
        self._cut_at = 0.0
        self._dally: asyncio.TimerHandle | None = None
        self._dallying = self._until_read = False
        self._slow: Slowness | None = None
        self._spoiling = ""
        self._early: bytearray | None = None
        #: Takes what the client says in the session's place.
        self._taker: Callable[[bytes], None] | None = None

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
        sockets.hurry(transport)
        self.peer, name = peer_name(transport.get_extra_info("peername"))
        counts = self.hub.connected(self)
        self._machine = self.open_session(name)
        self._perform(self._call(self._machine.opened, *counts))

    def data_received(self, data: bytes) -> None:
        """The client sent something."""
        machine = self._machine
        if machine is None or self._deaf:
            return
        if self._taker is not None:
            self._taker(data)
            self._hold()
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
        if self._slow is None or not self._slow.busy:
            self._end_input()
        transport = self._transport
        return transport is not None and transport.get_extra_info("ssl_object") is None and not self._deaf

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone. The session goes on until it has dealt with what had come in."""
        if self._transport is None:
            return
        self._transport = None
        self._no_more = True
        self.hub.disconnected(self)
        if self._slow is not None:
            for action in self._slow.stop():
                self._do(action)
        if self._machine is not None:
            self._perform(self._call(self._machine.lost))
        self._stop_dallying()
        self._drained()
        self._finish()

    def pause_writing(self) -> None:
        """The client does not read our replies: then we do not read its commands."""
        self._unread = True
        if self._slow is not None:
            self._slow.choke(True)
        self._hold()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._unread = False
        if self._slow is not None:
            self._slow.choke(False)
        self._drained()
        self._release()

    # What the hub calls.

    def tick(self, now: float) -> None:
        """Some time has passed."""
        if self._cut_at:
            if now > self._cut_at and self._transport is not None:
                self._transport.abort()
        elif self._machine is not None:
            self._perform(self._call(self._machine.tick))
            if self._held and self._dallying and self._transport is not None and sockets.has_gone(self._transport):
                self._no_more = True
                self._end_input()

    def shutdown(self) -> None:
        """The server stops as soon as this session lets it."""
        self._stopping = True
        if self._slow is not None:
            self._slow.hurry()
        if self._machine is not None and not self._cut_at:
            self._perform(self._call(self._machine.shutdown))
            self._stop_dallying()

    def cut(self) -> None:
        """The server stops now."""
        if self._machine is not None:
            self._machine.cut("shutdown")
        self._forget_delay()
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
            if self._slow is not None:
                self._slow.go_on()
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
            if self._slow is not None and isinstance(action, Send | Close | StartTls | Reset | Dribble):
                if isinstance(action, Close):
                    self._cut_at = self.hub.loop.time() + CLOSING + self._slow.seconds_left
                self._slow.perform(action)
            else:
                self._do(action)

    def _do(self, action: Action) -> None:
        transport = self._transport
        if isinstance(action, Send):
            if transport is not None:
                transport.write(action.octets)
        elif isinstance(action, Ask):
            self._ask(action)
        elif isinstance(action, Work):
            self.hub.work(action.task, self.resume)
        elif isinstance(action, StartTls):
            self._start_tls(action.trouble)
        elif isinstance(action, Delay):
            self._delay(action.seconds)
        elif isinstance(action, Throttle | Dribble):
            self._slow_down(action)
        elif isinstance(action, Reset):
            self._reset()
        elif isinstance(action, Drain):
            self._until_read = True  # and looked at when uvloop has tried to write: once this round is over
            self.hub.loop.call_soon(self._drained)
        elif transport is not None:
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
        self._forget_delay()
        if self._slow is not None:
            self._slow.forget_incoming()
        self._cut_at = self.hub.loop.time() + (LINGER if linger else CLOSING)
        if linger and not self._no_more and transport.can_write_eof():
            sockets.say_no_more(transport)
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
        if not self._held or self._transport is None or machine is None or self._deaf or self._early is not None:
            return
        if machine.holding and not machine.blocked:
            # The store lags behind, and nobody will tell us when it has caught up. All who waited for it find out at
            # about the same time: if they did not take turns they would keep the loop busy for all their reads at once.
            self.hub.loop.call_later(POLL, self.hub.take_turns, self._release)
        elif not machine.holding and not self._unread and not (self._slow is not None and self._slow.busy):
            self._held = False
            self._transport.resume_reading()

    def _drained(self) -> None:
        """Go on where the session waits for the client to read, and it has."""
        slow = self._slow is not None and self._slow.busy
        if self._until_read and (self._transport is None or not (self._unread or slow)):
            self._until_read = False
            self.resume(None)

    def _finish(self) -> None:
        machine = self._machine
        if machine is not None and not machine.blocked and self._transport is None:
            self._machine = None
            self.session_over()
            self.hub.finished(self)

    # Slow and broken on purpose.

    def _delay(self, seconds: float | None) -> None:
        self._dallying = True
        if self._no_more or self._stopping:
            self.hub.post(self._resumed, None)
        elif seconds is not None:
            self._dally = self.hub.loop.call_later(seconds, self._resumed, None)

    def _resumed(self, result: Any) -> None:
        if self._dallying:
            self._forget_delay()
            self.resume(result)

    def _stop_dallying(self) -> None:
        """Nobody waits for the end of a delay, or for what would go wrong, any more."""
        if self._dallying:
            self._resumed(None)
        self._spoil()

    def _forget_delay(self) -> None:
        self._dallying = False
        if self._dally is not None:
            self._dally.cancel()
            self._dally = None

    def _end_input(self) -> None:
        """The client will send no more, and the session has all it sent."""
        if self._machine is not None:
            self._perform(self._call(self._machine.eof))
            self._stop_dallying()

    def _slow_down(self, action: Throttle | Dribble) -> None:
        if self._slow is None:
            self._slow = Slowness(self.hub.loop, self._do, self._feed, self._is_ready, self._cleared)
            self._taker = self._slow.receive
        if isinstance(action, Dribble):
            self._slow.perform(action)
            self._hold()
            return
        if action.rate and self._transport is not None:
            sockets.narrow(self._transport)
        self._slow.throttle(action.rate, action.unread)
        if action.unread:
            self._hold()

    def _feed(self, octets: bytes) -> None:
        if self._machine is not None and not self._deaf:
            self._perform(self._call(self._machine.receive, octets))

    def _is_ready(self) -> bool:
        return self._machine is not None and not self._machine.holding

    def _cleared(self) -> None:
        """Everything that was carried slowly has arrived."""
        if self._no_more and self._transport is not None and not self._deaf:
            self._end_input()
        self._drained()
        self._release()

    def _reset(self) -> None:
        transport = self._transport
        if transport is None:
            return
        self._deaf = True
        self._forget_delay()
        self._cut_at = self.hub.loop.time() + LAST_WORDS
        sockets.reset_on_close(transport)
        self._break_off()

    def _break_off(self) -> None:
        transport = self._transport
        if transport is None:
            return
        if transport.get_write_buffer_size() and self.hub.loop.time() < self._cut_at:
            self.hub.loop.call_later(POLL, self._break_off)
        else:
            transport.abort()

    # TLS.

    def _start_tls(self, trouble: str) -> None:
        if self._transport is None:
            self.hub.post(self.resume, ConnectionResetError("the client has gone"))
        elif trouble:
            self._spoiling, self._taker = trouble, self._spoil
            self.hub.loop.call_later(self.hub.tls_timeout or CLOSING, self._spoil)
        else:
            try:
                context = self.hub.tls()
            except Exception as error:
                log.exception("there is no certificate to begin TLS with")
                self.hub.post(self.resume, error)
            else:
                self._begin_tls(context)

    def _spoil(self, octets: bytes = b"") -> None:
        """These are the first words of a client with whom the handshake is to go wrong; none if it said nothing."""
        trouble, self._spoiling = self._spoiling, ""
        if trouble in SPOILT or (trouble and (not octets or self.hub.troubled is None)):
            self._refuse_tls(SPOILT.get(trouble, b"") if octets else b"", f"broken off on purpose: {trouble}")
        elif trouble and self.hub.troubled is not None:
            # Until the certificate is made, what else the client says to it has to wait.
            self._early = bytearray(octets)
            self._taker = self._early.extend
            self.hub.work(partial(handshakes.rehearse, self.hub.troubled, trouble, octets), self._rehearsed)

    def _refuse_tls(self, octets: bytes, reason: str) -> None:
        self._taker = self._slow.receive if self._slow is not None else None
        if self._transport is not None:
            self._transport.write(octets)
            self._close(self._transport, linger=True)
        self.hub.post(self.resume, ConnectionAbortedError(reason))

    def _rehearsed(self, result: tuple[ssl.SSLContext, bytes] | Exception) -> None:
        """The context is made, and it is known whether it can go on from the client's first words."""
        early, self._early = bytes(self._early or b""), None
        if isinstance(result, Exception):
            self._refuse_tls(b"", str(result))
        elif result[1] or self._transport is None:
            self._refuse_tls(result[1], "the handshake failed, as it was meant to")
        else:
            self._taker = self._slow.receive if self._slow is not None else None
            self._begin_tls(result[0], early)

    def _begin_tls(self, context: ssl.SSLContext, early: bytes = b"") -> None:
        transport, machine = self._transport, self._machine
        if transport is None or machine is None:
            return
        # Whatever came before the TLS library took over came in the clear (RFC 3207 §6).
        if self._slow is not None:
            self._slow.forget_incoming()
        machine.forget_input()
        self._held = False
        loop = self.hub.loop
        try:
            handshake = handshakes.begin(loop, transport, self, context, self.hub.tls_timeout, early)
        except Exception as error:
            log.exception("TLS cannot begin")
            self.hub.post(self.resume, error)
        else:
            self._task = loop.create_task(self._handshake(transport, handshake))

    async def _handshake(self, transport: asyncio.Transport, handshake: handshakes.Begun) -> None:
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
