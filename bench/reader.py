"""A lean IMAP client, so that what is measured is the server; it understands of an answer only where it ends."""

from __future__ import annotations

import re
import select
import socket
import time
from types import TracebackType

_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")


class Reader:
    """One connection. What is answered is read and thrown away, but for its size and its last lines."""

    def __init__(self, port: int, user: str) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=600)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.sock.makefile("rb", 1 << 20)
        self._tag = 0
        self._file.readline()
        self.ask(f"LOGIN {user} secret")

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Without a word."""
        self._file.close()
        self.sock.close()

    def ask(self, command: str) -> list[bytes]:
        """The lines of the answer, without literals."""
        self._tag += 1
        tag = b"t%d " % self._tag
        self.sock.sendall(tag + command.encode() + b"\r\n")
        lines: list[bytes] = []
        while True:
            line = self._file.readline()
            if not line:
                raise ConnectionError(f"closed at {command}")
            if literal := _LITERAL.search(line):
                self._file.read(int(literal[1]))
                continue
            if line.startswith(tag):
                if not line.startswith(tag + b"OK"):
                    raise SystemExit(f"{command} was answered {line!r}")
                return lines
            lines.append(line)

    def timed(self, command: str) -> float:
        """Seconds from the command to the end of its answer."""
        begun = time.perf_counter()
        self.ask(command)
        return time.perf_counter() - begun

    def idle(self) -> None:
        """Say IDLE, and wait until the server waits too."""
        self.sock.sendall(b"i IDLE\r\n")
        while not (line := self._file.readline()).startswith(b"+"):
            if not line or line.startswith(b"i "):
                raise SystemExit(f"IDLE was answered {line!r}")

    def forget(self) -> None:
        """Throw away what has been told and not been read."""
        while select.select([self.sock], [], [], 0)[0]:
            if not self.sock.recv(65536):
                raise ConnectionError("closed while it was idle")


def woken(readers: list[Reader], since: float, patience: float = 60.0) -> list[float]:
    """Seconds after `since` at which each of those who idle was told something, in that order; not more than come."""
    waiting = {reader.sock.fileno(): reader for reader in readers}
    poll = select.poll()
    for number in waiting:
        poll.register(number, select.POLLIN)
    took = []
    while waiting and time.perf_counter() - since < patience:
        for number, _ in poll.poll(1000):
            took.append(time.perf_counter() - since)
            poll.unregister(number)
            waiting.pop(number).sock.recv(65536)
    return took
