"""Requests that block: kept connections, as many as there are threads that ask at once."""

from __future__ import annotations

import os
import threading
import weakref

from mailtrap.client.api import Client
from mailtrap.client.steps import Request, Response


class Connections:
    """Thread-safe; a process made by fork begins with none."""

    def __init__(self, url: str, token: str | None, ca_file: str | None, timeout: float) -> None:
        self._place = url, token, ca_file, timeout
        self._lock = threading.Lock()
        self._process = os.getpid()
        first = self._make()
        self.url = first.url
        self._idle = [first]
        # Whoever forgets to close it is not told off for sockets that nobody needs any more.
        weakref.finalize(self, _hang_up, self._idle)

    def ask(self, request: Request) -> Response:
        """One request. Raises Unreachable."""
        client = self._take()
        try:
            answer = client.ask(request)
        except BaseException:
            client.close()
            raise
        with self._lock:
            self._idle.append(client)
        return answer

    def close(self) -> None:
        """Hang up. The next request connects again."""
        with self._lock:
            _hang_up(self._idle)

    def _make(self) -> Client:
        url, token, ca_file, timeout = self._place
        return Client(url, token, ca_file=ca_file, timeout=timeout)

    def _take(self) -> Client:
        if self._process != os.getpid():
            # What the parent keeps open is its own: two on one connection would get each other's answers.
            self._lock, self._process = threading.Lock(), os.getpid()
            _hang_up(self._idle)
        with self._lock:
            return self._idle.pop() if self._idle else self._make()


def _hang_up(idle: list[Client]) -> None:
    while idle:
        idle.pop().close()
