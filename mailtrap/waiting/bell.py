"""Wakes one thread that waits, which costs no processor time; and notices when whoever it waits for has hung up."""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress
from time import monotonic

#: The other side has closed its half; where the system does not tell, only a broken connection is noticed.
_HUNG_UP = getattr(select, "POLLRDHUP", 0)


class Bell:
    """Rung by any thread, heard by one; close it when nobody will ring any more."""

    def __init__(self) -> None:
        self._ends: tuple[socket.socket, socket.socket] | None = None
        if hasattr(os, "eventfd"):
            self._heard = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self._ends = socket.socketpair()
            self._ends[0].setblocking(False)
            self._heard = self._ends[0].fileno()

    def ring(self) -> None:
        """Wake whoever waits, or will wait."""
        with suppress(OSError):
            if self._ends is None:
                os.eventfd_write(self._heard, 1)
            else:
                self._ends[1].send(b"x")

    def hush(self) -> None:
        """Forget that it was rung."""
        with suppress(BlockingIOError):
            if self._ends is None:
                os.eventfd_read(self._heard)
            else:
                self._ends[0].recv(4096)

    def wait(self, until: float, gone: int | None = None) -> bool:
        """Until it is rung (True), or `time.monotonic` is `until`, or the connection `gone` has ended (False)."""
        if not hasattr(select, "poll"):
            return bool(select.select([self._heard], [], [], max(0.0, until - monotonic()))[0])
        poll = select.poll()
        poll.register(self._heard, select.POLLIN)
        if gone is not None:
            poll.register(gone, _HUNG_UP)
        while True:
            left = until - monotonic()
            # Rounded up: a poll that ends before its time would only begin again.
            events = poll.poll(max(0, int(left * 1000) + 1) if left > 0 else 0)
            if events or left <= 0:
                return any(fd == self._heard for fd, _ in events)

    def close(self) -> None:
        """Give back what it took."""
        if self._ends is None:
            os.close(self._heard)
        else:
            for end in self._ends:
                end.close()
