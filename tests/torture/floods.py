"""Floods: endless lines, slow clients, recipients by the hundred thousand, many large messages at once.

python -m tests.torture.floods
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from mailtrap.smtp.reception import GRACE
from tests.torture.serving import Sender, Serving, message

MEGABYTE = 1024 * 1024
#: What may be sent at most, and by how many MB memory may grow beyond that.
LIMIT, BEYOND = 10, 32

ENVELOPE = (b"EHLO flood.test\r\n", b"MAIL FROM:<a@example.test>\r\n", b"RCPT TO:<b@example.test>\r\n")
#: What is said before the flood, each line after the reply to the one before.
SMTP_OPENINGS = {
    "DATA": (*ENVELOPE, b"DATA\r\n"),
    "command": ENVELOPE[:1],
    "AUTH continuation": (ENVELOPE[0], b"AUTH LOGIN\r\n"),
    "BDAT chunk": ENVELOPE,
}
HTTP = b" HTTP/1.1\r\nHost: localhost\r\n"
HTTP_OPENINGS = {
    "HTTP body": b"POST /api/messages" + HTTP + b"Content-Type: message/rfc822\r\nContent-Length: %d\r\n\r\n",
    "HTTP body in chunks": b"POST /api/messages"
    + HTTP
    + b"Content-Type: message/rfc822\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n",
    "HTTP header": b"GET /api/info" + HTTP + b"X-Filler: ",
    "HTTP request line": b"GET /",
}
UPGRADE = (
    b"GET /api/live" + HTTP + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
#: Status 1009 in a close frame (RFC 6455 §7.4.1).
TOO_BIG = (1009).to_bytes(2, "big")


def endless_lines(total: int = 1024 * MEGABYTE) -> list[str]:
    """A gigabyte without line end wherever a line, a chunk, a body or a frame is expected: refused, not held."""
    found = []
    with _serving("--max-message-size", f"{LIMIT}MB", "--max-body", f"{LIMIT}MB") as server:
        for name, opening in SMTP_OPENINGS.items():
            last = b"BDAT %d LAST\r\n" % total if name == "BDAT chunk" else b""
            found.append(_flood(server, name, server.smtp, opening, last, total, (b"4", b"5")))
        for name, request in HTTP_OPENINGS.items():
            last = request % total if b"%" in request else request
            found.append(_flood(server, name, server.web, (), last, total, (b"HTTP/1.1 4",)))
        frame = b"\x81\xff" + total.to_bytes(8, "big") + b"\0\0\0\0"
        found.append(_flood(server, "WebSocket frame", server.web, (UPGRADE,), frame, total, (TOO_BIG,)))
        assert server.alive
        _small(server)
    return found


def slow_clients(
    count: int = 500, patience: float = 15.0, every: float = 10.0, grace: float = GRACE, within: float = 50.0
) -> list[str]:
    """Clients that say an octet every ten seconds, in a command, in DATA, before TLS: others do not notice; they go.

    Without `grace`, the seconds over which the rate of DATA is measured, none of them is in DATA.
    """
    flags = ("--idle-timeout", f"{patience}s", "--tls-timeout", f"{patience}s", "--min-data-rate", "500")
    with _serving(*flags) as server:
        before = _files(server)
        alone = Times([_small(server) for _ in range(200)])
        socks = []
        for number in range(count):
            sock = socket.create_connection(("127.0.0.1", server.smtps if number % 3 == 2 else server.smtp))
            if number % 3 != 2:
                sock.recv(200)
            if number % 3 == 1 and grace:
                sock.sendall(b"".join((*ENVELOPE, b"DATA\r\n")))
            socks.append(sock)
        beside = Times([_small(server) for _ in range(20)])
        begun, said, most = time.monotonic(), 0.0, _files(server)
        # They are given as long as the rate of content is measured over, and what they may be silent for, twice.
        deadline = begun + 2 * (grace + patience) + 5
        while _files(server) > before + 20 and time.monotonic() < deadline:
            if time.monotonic() - said > every:
                said = time.monotonic()
                for number, sock in enumerate(socks):
                    with contextlib.suppress(OSError):
                        sock.send(b"\x16" if number % 3 == 2 else b"E")
            beside.took.append(_small(server))
            time.sleep(0.02)
        gone = time.monotonic() - begun
        left = _files(server) - before
        for sock in socks:
            sock.close()
        assert most > before + count * 0.9, f"only {most - before} were let in"
        assert left <= 20, f"{left} sockets not freed after {gone:.0f} s"
        assert beside.p99 < within, f"{beside} beside them, {alone} alone"
        return [f"{count} slow clients: {alone} alone, {beside} beside them; all gone after {gone:.0f} s"]


def recipients(count: int = 100_000, allowed: int = 1000) -> list[str]:
    """A client that names recipients without end: 452 from the limit on, and the message goes to those before."""
    with _serving("--max-errors", "0", "--max-recipients", str(allowed)) as server:
        before = server.peak(anew=True)
        with socket.create_connection(("127.0.0.1", server.smtp), timeout=60) as sock:
            reader = sock.makefile("rb")
            _say(sock, reader, *ENVELOPE[:2])
            codes: list[bytes] = []
            for start in range(0, count, 500):
                sock.sendall(b"".join(b"RCPT TO:<person%d@example.test>\r\n" % n for n in range(start, start + 500)))
                codes += [_reply(reader)[:9] for _ in range(500)]
            assert codes[:allowed] == [b"250 2.1.5"] * allowed
            assert codes[allowed:] == [b"452 4.5.3"] * (count - allowed)
            _say(sock, reader, b"DATA\r\n", b"Subject: many\r\n\r\n.\r\n")
        grown = max(0.0, server.peak() - before)
        assert grown < BEYOND, f"memory +{grown:.0f} MB"
        (kept,) = server.json("/api/messages")["messages"]
        assert len(kept["envelope"]["to"]) == allowed
        return [f"{count} RCPT: 250 for {allowed}, then 452 4.5.3; memory +{grown:.0f} MB"]


def large_at_once(count: int = 20, size: int = 48, within: float = 50.0) -> list[str]:
    """Many large messages at once, small ones beside them: these are answered within so many ms (p99)."""
    return [_large(kind, count, size, within) for kind in ("plain", "base64")]


def _large(kind: str, count: int, size: int, within: float) -> str:
    with _serving() as server:
        command = [sys.executable, "-m", "tests.torture.bulk", str(server.smtp), str(count), str(size), kind]
        bulk = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert bulk.stdin is not None
        assert bulk.stdout is not None
        bulk.stdout.readline()
        before, begun, small = server.peak(anew=True), time.perf_counter(), Times()
        bulk.stdin.write("go\n")
        bulk.stdin.flush()
        while bulk.poll() is None:
            small.took.append(_small(server))
            time.sleep(0.01)
        took = time.perf_counter() - begun
        bulk.communicate()
        kept = server.json("/api/info")["counts"]["messages"] - len(small.took)
        assert (bulk.returncode, kept) == (0, count), f"{kept} of {count} kept"
        assert small.p99 < within, f"small ones beside {kind}: {small}"
        grown = max(0.0, server.peak() - before)
        return f"{count} × {size} MB {kind} in {took:.1f} s, +{grown:.0f} MB; small ones: {small}"


@dataclass
class Times:
    """Seconds that things took."""

    took: list[float] = field(default_factory=list)

    @property
    def p99(self) -> float:
        """In ms."""
        return sorted(self.took)[len(self.took) * 99 // 100] * 1e3

    def __str__(self) -> str:
        return f"p50 {sorted(self.took)[len(self.took) // 2] * 1e3:.1f} ms, p99 {self.p99:.1f} ms ({len(self.took)})"


def _flood(
    server: Serving,
    name: str,
    port: int,
    opening: tuple[bytes, ...],
    last: bytes,
    total: int,
    refusals: tuple[bytes, ...],
) -> str:
    """Say the opening, then send `total` octets without a line end; insists on a refusal and on bounded memory."""
    before = server.peak(anew=True)
    said, sent = b"", 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        reader = sock.makefile("rb")
        if port == server.smtp:
            _say(sock, reader, *opening)
        else:
            for octets in opening:
                sock.sendall(octets)
                while reader.readline() not in (b"\r\n", b""):
                    pass
        piece = b"x" * (256 * 1024)
        # It hangs up on us, as it should, though not before it has given us two seconds to read why.
        with contextlib.suppress(OSError):
            sock.sendall(last)
            while sent < total:
                sock.sendall(piece)
                sent += len(piece)
        sock.settimeout(30)
        with contextlib.suppress(ConnectionError):
            said = reader.read(300) if refusals == (TOO_BIG,) else reader.readline()
    grown = max(0.0, server.peak() - before)
    _small(server)
    assert said.startswith(refusals) or TOO_BIG in said, f"{name}: {said!r}"
    assert grown < LIMIT + BEYOND, f"{name}: memory +{grown:.0f} MB"
    words = "closed with 1009" if TOO_BIG in said else said.decode().strip()
    return f"{name}: {words!r} after {sent // MEGABYTE} MB, memory +{grown:.0f} MB"


@contextmanager
def _serving(*flags: str) -> Iterator[Serving]:
    with TemporaryDirectory(prefix="flood-") as folder:
        server = Serving(Path(folder, "mail.db"), *flags)
        try:
            yield server
            assert server.stop() == 0
        finally:
            server.kill()


def _small(server: Serving) -> float:
    """Send a small message on a connection of its own; the seconds that took."""
    begun = time.perf_counter()
    sender = Sender(server.smtp)
    code, reply = sender.send(SMALL)
    sender.close()
    assert code == 250, reply
    return time.perf_counter() - begun


SMALL = message("small", 200)


def _say(sock: socket.socket, reader: object, *lines: bytes) -> None:
    greeted = _reply(reader) if lines[0].startswith(b"EHLO") else b""
    assert not greeted or greeted.startswith(b"220")
    for line in lines:
        sock.sendall(line)
        said = _reply(reader)
        assert said[:1] in b"23", said


def _reply(reader: object) -> bytes:
    while True:
        line: bytes = reader.readline()  # type: ignore[attr-defined]
        if line[3:4] != b"-":
            return line


def _files(server: Serving) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


ALL: tuple[Callable[[], list[str]], ...] = (endless_lines, slow_clients, recipients, large_at_once)

if __name__ == "__main__":
    for flood in ALL:
        print("\n".join(flood()), flush=True)
