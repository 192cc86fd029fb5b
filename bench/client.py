"""A lean SMTP client in a process of its own, so that what is measured is the server."""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass

from bench.corpus import big, prepared

COMMANDS = (
    b"EHLO bench.test\r\n",
    b"MAIL FROM:<a@example.test>\r\n",
    b"RCPT TO:<b@example.test>\r\n",
    b"DATA\r\n",
)


@dataclass(slots=True)
class Conversation:
    """One connection: which reply it waits for, and what it says next."""

    sock: socket.socket
    step: int = 0
    buffer: bytes = b""
    started: float = 0.0


def stuffed(octets: bytes) -> bytes:
    """What goes over the wire after the 354 (RFC 5321 §4.5.2)."""
    lead = b"." if octets.startswith(b".") else b""
    return lead + octets.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def load(port: int, wires: list[bytes], count: int, connections: int, kept: bool) -> dict[str, float]:
    """Send `count` messages over `connections` at once, no pipelining; `kept` re-uses each connection."""
    ready = selectors.DefaultSelector()
    sent = done = 0
    latencies: list[float] = []

    def connect() -> None:
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ready.register(sock, selectors.EVENT_READ, Conversation(sock))

    begun = time.perf_counter()
    for _ in range(connections):
        connect()
    while done < count:
        for key, _ in ready.select():
            talk: Conversation = key.data
            talk.buffer += talk.sock.recv(65536)
            if not _complete(talk.buffer):
                continue
            code, talk.buffer = talk.buffer[:3], b""
            if code[:1] not in b"23":
                raise SystemExit(f"unexpected reply {code!r} at step {talk.step}")
            if talk.step == 5:
                done += 1
                latencies.append(time.perf_counter() - talk.started)
                if not kept:
                    talk.sock.sendall(b"QUIT\r\n")
                    talk.step = 6
                    continue
                talk.step = 1
            elif talk.step == 6:
                ready.unregister(talk.sock)
                talk.sock.close()
                if sent < count:
                    connect()
                continue
            if talk.step == 1:
                if sent >= count:
                    continue
                sent += 1
                talk.started = time.perf_counter()
            words = (
                b"EHLO bench.test\r\n",
                b"MAIL FROM:<a@example.test>\r\n",
                b"RCPT TO:<b@example.test>\r\n",
                b"DATA\r\n",
            )
            talk.sock.sendall(words[talk.step] if talk.step < 4 else wires[sent % len(wires)])
            talk.step += 1
    took = time.perf_counter() - begun
    latencies.sort()
    return {"seconds": took, "rate": count / took, "p50": latencies[count // 2], "p99": latencies[count * 99 // 100]}


def _complete(reply: bytes) -> bool:
    return reply.endswith(b"\r\n") and reply[reply.rfind(b"\n", 0, -1) + 1 :][3:4] == b" "


if __name__ == "__main__":
    port_, count_, connections_, kept_, attachments = (int(word) for word in sys.argv[1:6])
    messages = [big()] if attachments else prepared()
    json.dump(load(port_, [stuffed(m) for m in messages], count_, connections_, bool(kept_)), sys.stdout)
