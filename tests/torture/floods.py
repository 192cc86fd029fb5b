"""Floods: endless lines, slow clients, recipients by the hundred thousand, many large messages at once."""

from __future__ import annotations

import contextlib
import json
import os
import smtplib
import socket
import threading
import time
from collections.abc import Callable

from bench.processes import Running, ours

MEGABYTE = 1024 * 1024


def endless(server: Running, opening: list[bytes], total: int) -> tuple[str, float]:
    """Send `total` octets without a line end after `opening`; the last reply and by how many MB memory grew at most."""
    before = server.rss()
    most = before
    said = b""
    with socket.create_connection(("127.0.0.1", server.smtp), timeout=60) as sock:
        reader = sock.makefile("rb")
        reader.readline()
        for line in opening:
            sock.sendall(line)
            said = _reply(reader)
        piece, sent = b"x" * (256 * 1024), 0
        try:
            while sent < total:
                sock.sendall(piece)
                sent += len(piece)
                if sent % (8 * MEGABYTE) == 0:
                    most = max(most, server.rss())
            sock.sendall(b"\r\n.\r\n")
            sock.settimeout(20)
            said = _reply(reader)
        except OSError as error:
            try:
                said = _reply(reader) or f"closed ({type(error).__name__})".encode()
            except OSError:
                said = f"closed after {sent // MEGABYTE} MB ({type(error).__name__})".encode()
    return said.decode().strip(), max(most, server.rss()) - before


EHLO = [b"EHLO flood.test\r\n"]
ENVELOPE = [*EHLO, b"MAIL FROM:<a@example.test>\r\n", b"RCPT TO:<b@example.test>\r\n"]
OPENINGS = {
    "command": EHLO,
    "DATA": [*ENVELOPE, b"DATA\r\n"],
    "AUTH continuation": [*EHLO, b"AUTH LOGIN\r\n"],
    "BDAT chunk": [*ENVELOPE],
}


def endless_lines(total: int = 1024 * MEGABYTE) -> list[str]:
    """Shows 7: a gigabyte without CRLF wherever a line or a chunk is expected."""
    lines = []
    for name, opening in OPENINGS.items():
        with ours("--max-message-size", "10MB") as server:
            if name == "BDAT chunk":
                said, grown = _bdat(server, total)
            else:
                said, grown = endless(server, opening, total)
            lines.append(f"{name}: {said!r}, memory +{grown:.0f} MB {_answers(server)}")
    with ours("--max-body", "10MB") as server:
        before = server.rss()
        said = _http(server, total)
        lines.append(f"HTTP body: {said!r}, memory +{server.rss() - before:.0f} MB {_answers(server)}")
        before = server.rss()
        said = _websocket(server, total)
        lines.append(f"WebSocket frame: {said!r}, memory +{server.rss() - before:.0f} MB {_answers(server)}")
    return lines


def _bdat(server: Running, total: int) -> tuple[str, float]:
    before = most = server.rss()
    with socket.create_connection(("127.0.0.1", server.smtp), timeout=60) as sock:
        reader = sock.makefile("rb")
        reader.readline()
        for line in ENVELOPE:
            sock.sendall(line)
            _reply(reader)
        sock.sendall(b"BDAT %d LAST\r\n" % total)
        piece, said = b"x" * (256 * 1024), b""
        try:
            for number in range(total // len(piece)):
                sock.sendall(piece)
                if number % 32 == 0:
                    most = max(most, server.rss())
            said = _reply(reader)
        except OSError:
            try:
                said = _reply(reader)
            except OSError as error:
                said = f"closed ({type(error).__name__})".encode()
    return said.decode().strip(), max(most, server.rss()) - before


def _http(server: Running, total: int) -> str:
    with socket.create_connection(("127.0.0.1", server.web or 0), timeout=60) as sock:
        sock.sendall(
            b"POST /api/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        piece = b"%x\r\n" % (256 * 1024) + b"x" * (256 * 1024) + b"\r\n"
        with contextlib.suppress(OSError):
            for _ in range(total // len(piece)):
                sock.sendall(piece)
        try:
            return sock.recv(4096).partition(b"\r\n")[0].decode()
        except OSError as error:
            return f"closed ({type(error).__name__})"


def _websocket(server: Running, total: int) -> str:
    with socket.create_connection(("127.0.0.1", server.web or 0), timeout=60) as sock:
        sock.sendall(
            b"GET /api/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        first = sock.recv(4096).partition(b"\r\n")[0].decode()
        sock.sendall(b"\x81\xff" + total.to_bytes(8, "big") + b"\0\0\0\0")
        piece, sent = b"x" * (256 * 1024), 0
        try:
            while sent < total:
                sock.sendall(piece)
                sent += len(piece)
        except OSError as error:
            return f"{first}; closed after {sent // MEGABYTE} MB ({type(error).__name__})"
        return f"{first}; took all of it"


def slow_clients(count: int = 500, seconds: float = 20.0) -> list[str]:
    """Shows 7: clients that say an octet every ten seconds, others beside them, sockets freed in the end."""
    with ours("--idle-timeout", "15s", "--min-data-rate", "500") as server:
        alone = _latency(server)
        socks = [socket.create_connection(("127.0.0.1", server.smtp)) for _ in range(count)]
        for sock in socks:
            sock.recv(200)
            sock.sendall(b"E")
        beside = _latency(server)
        deadline = time.monotonic() + seconds + 15
        while _files(server) > 60 and time.monotonic() < deadline:
            for sock in socks:
                with contextlib.suppress(OSError):
                    sock.send(b"E")
            time.sleep(5)
        left = _files(server)
        for sock in socks:
            sock.close()
        return [
            f"{count} slow clients: p99 {alone:.1f} ms alone, {beside:.1f} ms beside them; {left} files open at last"
        ]


def recipients(count: int = 100_000) -> list[str]:
    """Shows 7: a client that names recipients without end."""
    with ours("--max-errors", "0") as server:
        before = server.rss()
        with socket.create_connection(("127.0.0.1", server.smtp), timeout=60) as sock:
            reader = sock.makefile("rb")
            reader.readline()
            for line in ENVELOPE[:2]:
                sock.sendall(line)
                _reply(reader)
            codes: dict[str, int] = {}
            first = ""
            for start in range(0, count, 500):
                sock.sendall(b"".join(b"RCPT TO:<person%d@example.test>\r\n" % n for n in range(start, start + 500)))
                for _ in range(500):
                    said = _reply(reader).decode().strip()
                    codes[said[:9]] = codes.get(said[:9], 0) + 1
                    if said.startswith("4") and not first:
                        first = said
        return [f"{count} RCPT: {codes}, first refusal {first!r}, memory +{server.rss() - before:.0f} MB"]


def large_at_once(count: int = 20, size: int = 48 * MEGABYTE) -> list[str]:
    """Shows 7: many large messages at once, small ones beside them."""
    with ours() as server:
        line = b"Y" * 76 + b"\r\n"
        body = b"Subject: large\r\n\r\n" + os.urandom(1024).hex().encode() + b"\r\n" + line * (size // len(line))

        def send() -> None:
            with smtplib.SMTP("127.0.0.1", server.smtp, timeout=300) as client:
                client.sendmail("a@example.test", ["b@example.test"], body)

        before, most, took = server.rss(), 0.0, []
        threads = [threading.Thread(target=send) for _ in range(count)]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            start = time.perf_counter()
            _small(server)
            took.append(time.perf_counter() - start)
            most = max(most, server.rss())
            time.sleep(0.01)
        took.sort()
        p50, p99 = took[len(took) // 2] * 1e3, took[len(took) * 99 // 100] * 1e3
        kept = server.get("/api/info")["counts"]["messages"] - len(took)
        return [
            f"{count} × {size // MEGABYTE} MB at once: {time.perf_counter() - begun:.1f} s, +{most - before:.0f} MB",
            f"small ones meanwhile: p50 {p50:.0f} ms, p99 {p99:.0f} ms; large ones kept: {kept}",
        ]


def _small(server: Running) -> None:
    with socket.create_connection(("127.0.0.1", server.smtp), timeout=60) as sock:
        reader = sock.makefile("rb")
        reader.readline()
        for line in (*ENVELOPE, b"DATA\r\n", b"Subject: small\r\n\r\nhello\r\n.\r\n"):
            sock.sendall(line)
            said = _reply(reader)
        assert said.startswith(b"250"), said


def _latency(server: Running, times: int = 200) -> float:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        _small(server)
        took.append(time.perf_counter() - begun)
    return sorted(took)[times * 99 // 100] * 1e3


def _answers(server: Running) -> str:
    _small(server)
    return "and still answers"


def _files(server: Running) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def _reply(reader: socket.SocketIO) -> bytes:  # type: ignore[name-defined]
    while True:
        line = bytes(reader.readline())
        if line[3:4] != b"-":
            return line


ALL: tuple[Callable[[], list[str]], ...] = (endless_lines, slow_clients, recipients, large_at_once)

if __name__ == "__main__":
    for flood in ALL:
        print(json.dumps(flood(), indent=1, ensure_ascii=False), flush=True)
