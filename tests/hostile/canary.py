"""Listening sockets that must never be connected to, one for each hostile input, so that every hit has a name."""

from __future__ import annotations

import selectors
import socket
import threading

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 1\r\n"
    b"Connection: close\r\n\r\n."
)


class Canary:
    """`port(name)` gives a port; `hits` is what happened there: `(name, "connect")`, `(name, "GET /path HTTP/1.1")`."""

    def __init__(self) -> None:
        self.hits: list[tuple[str, str]] = []
        self._changed = threading.Condition()
        self._selector = selectors.DefaultSelector()
        self._ports: dict[str, int] = {}
        self._wake, waker = socket.socketpair()
        self._waker = waker
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def port(self, name: str) -> int:
        if name not in self._ports:
            listener = socket.create_server(("127.0.0.1", 0), backlog=16)
            listener.setblocking(False)
            self._ports[name] = listener.getsockname()[1]
            self._selector.register(listener, selectors.EVENT_READ, (name, True))
            self._waker.send(b".")
        return self._ports[name]

    def wait_for(self, names: set[str], timeout: float) -> set[str]:
        """Until every one of `names` was connected to, or `timeout` seconds; returns which were."""
        with self._changed:
            self._changed.wait_for(lambda: names <= {name for name, _ in self.hits}, timeout)
            return names & {name for name, _ in self.hits}

    def take(self) -> list[tuple[str, str]]:
        """The hits so far, which are then forgotten."""
        with self._changed:
            hits, self.hits = self.hits, []
            return hits

    def close(self) -> None:
        self._waker.send(b"q")
        self._thread.join(30)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._waker.close()
        self._selector.close()

    def _note(self, name: str, what: str) -> None:
        with self._changed:
            self.hits.append((name, what))
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    if b"q" in self._wake.recv(64):
                        return
                    continue
                name, listening = key.data
                if listening:
                    connection, _ = key.fileobj.accept()  # type: ignore[union-attr]
                    connection.setblocking(False)
                    self._selector.register(connection, selectors.EVENT_READ, (name, False))
                    self._note(name, "connect")
                else:
                    self._answer(key.fileobj, name)  # type: ignore[arg-type]

    def _answer(self, connection: socket.socket, name: str) -> None:
        try:
            head = connection.recv(65536)
            if head:
                self._note(name, "TLS" if head[0] == 0x16 else head.split(b"\r\n", 1)[0][:200].decode("latin-1"))
                connection.send(ANSWER)
        except OSError:
            pass
        self._selector.unregister(connection)
        connection.close()
