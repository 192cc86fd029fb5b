"""Begins TLS on a connection that exists, at once, and gives it the octets that came before."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Generator
from typing import Any

#: Seconds that the other side has to agree to the end of TLS.
SHUTDOWN = 2.0


def begin(
    loop: asyncio.AbstractEventLoop,
    transport: asyncio.Transport,
    protocol: asyncio.Protocol,
    context: ssl.SSLContext,
    timeout: float,
    early: bytes = b"",
) -> Begun:
    """Start the handshake, as the server; `early` is what the client has said to it already.

    Here and now rather than when a task gets its turn: uvloop begins to read right after `connection_made`, and what
    the client says from here on is meant for the TLS library.
    """
    begun = Begun(
        loop.start_tls(
            transport,
            protocol,
            context,
            server_side=True,
            ssl_handshake_timeout=timeout or None,
            ssl_shutdown_timeout=SHUTDOWN,
        )
    )
    if early:
        loop.call_soon(_hand_on, transport, early)
    return begun


def rehearse(make: Callable[[str], ssl.SSLContext], trouble: str, octets: bytes) -> tuple[ssl.SSLContext, bytes]:
    """Make a context, and find the alert with which it would answer a client's first words; empty if with none.

    Event loops close without sending the alert of a handshake that failed on their side.
    """
    context = make(trouble)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(octets)
    try:
        context.wrap_bio(incoming, outgoing, server_side=True).do_handshake()
    except ssl.SSLWantReadError:
        return context, b""
    except ssl.SSLError:
        return context, outgoing.read()
    return context, b""


class Begun:
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


def _hand_on(transport: asyncio.Transport, octets: bytes) -> None:
    """Give what came too early to the TLS library, which took the transport over meanwhile."""
    # Of uvloop's it cannot be told by its type that it is a BufferedProtocol.
    protocol: Any = transport.get_protocol()
    while octets:
        room = protocol.get_buffer(len(octets))
        taken = min(len(room), len(octets))
        room[:taken] = octets[:taken]
        protocol.buffer_updated(taken)
        octets = octets[taken:]
