"""Rules: what a hundred that do not match cost the mail, and whether sessions that stall are felt by others."""

from __future__ import annotations

import socket
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.ingest import Shape
from bench.ingest import run as measure
from bench.processes import Running, ours

RULES, STALLED = 100, 100
SHAPES = (Shape("10 kept connections", 6_000, 10, True), Shape("a connection per message", 2_500, 10, False))
CROWD = Shape("100 kept connections", 6_000, 100, True)

#: One of each usual kind, none of which the bench's mail meets.
WHENS = (
    ("rcpt", "rcpt:nobody%d@elsewhere.test"),
    ("mail", "from:stranger%d@elsewhere.test"),
    ("rcpt", "domain:elsewhere%d.test"),
    ("end-of-data", 'subject:"never said %d"'),
    ("attempt", "rcpt:nobody%d@elsewhere.test"),
)


def run(rounds: int = 5) -> list[tuple[str, str]]:
    """Medians of `rounds` turns, with and without, alternating in the same run."""
    rows = []
    with TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder, "faults.toml")
        file.write_text(rules(), "utf-8")
        with ours() as plain, ours("--faults", str(file)) as ruled:
            for shape in SHAPES:
                rates = _compare(shape, plain, ruled, rounds)
                rows.append((f"{shape.name}, {RULES} rules that do not match", _told(rates)))
    quiet, beside = [], []
    with ours() as server:
        # In turns: what the machine does besides, and the database as it grows, concern both.
        for _ in range(rounds):
            quiet.append(measure(CROWD, server, CROWD.count).p99)
            stalled = [_stall(server) for _ in range(STALLED)]
            beside.append(measure(CROWD, server, CROWD.count).p99)
            for sock in stalled:
                sock.close()
    told = f"p99 {statistics.median(beside):.1f} ms, {statistics.median(quiet):.1f} ms without them"
    return [*rows, (f"100 connections beside {STALLED} that a rule stalls", told)]


def rules() -> str:
    """A file of rules."""
    tables = []
    for number in range(RULES):
        step, when = WHENS[number % len(WHENS)]
        tables.append(
            f"[[fault]]\nstep = '{step}'\nwhen = '{when % number}'\neffect = {{ reply = {{ code = 451 }} }}\n"
        )
    return "\n".join(tables)


def _compare(shape: Shape, plain: Running, ruled: Running, rounds: int) -> tuple[float, float]:
    without, with_ = [], []
    for server in (plain, ruled):
        measure(shape, server, shape.count // 10)
    for _ in range(rounds):
        without.append(measure(shape, plain, shape.count).rate)
        with_.append(measure(shape, ruled, shape.count).rate)
    return statistics.median(without), statistics.median(with_)


def _told(rates: tuple[float, float]) -> str:
    without, with_ = rates
    return f"{with_:.0f} messages/s, {without:.0f} without: {with_ / without:.2f}×"


def _stall(server: Running) -> socket.socket:
    """A session that waits for the reply to a RCPT that never comes."""
    sock = socket.create_connection(("127.0.0.1", server.smtp), timeout=30)
    with sock.makefile("rb") as replies:
        for words in (b"", b"EHLO bench.test\r\n", b"MAIL FROM:<a@example.test>\r\n"):
            sock.sendall(words)
            while replies.readline()[3:4] == b"-":
                pass
    sock.sendall(b"RCPT TO:<somebody+stall@example.test>\r\n")
    return sock
