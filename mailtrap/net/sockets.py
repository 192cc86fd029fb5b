"""What may be asked of the TCP socket below a transport, whichever loop it belongs to."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

#: Octets that the kernel takes from a client ahead of us once its connection is to be slow.
AHEAD = 4096

_CLOSE, _CLOSE_WAIT = 7, 8  # states of Linux's TCP_INFO


def hurry(transport: asyncio.BaseTransport) -> None:
    """Have small replies sent at once rather than collected (RFC 896)."""
    sock = _socket(transport)
    if sock is not None and sock.family != getattr(socket, "AF_UNIX", None):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def narrow(transport: asyncio.BaseTransport) -> None:
    """Keep the kernel from taking megabytes at once, which the client would believe to have arrived."""
    sock = _socket(transport)
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, AHEAD)


def reset_on_close(transport: asyncio.BaseTransport) -> None:
    """Make closing send a RST and forget what is not sent yet."""
    sock = _socket(transport)
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def say_no_more(transport: asyncio.Transport) -> None:
    """Close our half once everything is written; the other half stays open."""
    try:
        transport.write_eof()
    except OSError:
        # asyncio does it at once, and the client has reset the connection, which the loop has not heard of yet.
        transport.abort()


def has_gone(transport: asyncio.BaseTransport) -> bool:
    """Whether the client has closed its end, where nothing is read and so the loop does not notice.

    Only Linux tells; elsewhere the answer is no.
    """
    sock = _socket(transport)
    if sock is None or not hasattr(socket, "TCP_INFO"):
        return False
    try:
        state = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    except (OSError, ValueError):  # closed already
        return True
    return state in (_CLOSE, _CLOSE_WAIT)


def _socket(transport: asyncio.BaseTransport) -> Any:
    return transport.get_extra_info("socket")
