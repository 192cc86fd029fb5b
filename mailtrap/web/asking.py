"""Who asks, as far as answers depend on it: the gates write it down, whatever answers on the same thread reads it.

Whoever asks from within the process passes no gates: nothing hides from him, and he does not hang up.
"""

from __future__ import annotations

from contextvars import ContextVar

_inbox: ContextVar[str] = ContextVar("inbox", default="")
_connection: ContextVar[int | None] = ContextVar("connection", default=None)


def admit(inbox: str, connection: int | None) -> None:
    """From here on this thread answers a new request: one that may see this inbox alone (empty: all) and came by this
    socket, if by any."""
    _inbox.set(inbox)
    _connection.set(connection)


def inbox() -> str:
    """The only inbox that the request may see; empty where it may see all."""
    return _inbox.get()


def connection() -> int | None:
    """The socket of whoever asks, to notice when it hangs up."""
    return _connection.get()
