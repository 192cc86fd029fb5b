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
#: Many short turns tell more than a few long ones: what else the machine does comes and goes over seconds.
SHAPES = (Shape("10 kept connections", 1_500, 10, True), Shape("a connection per message", 800, 10, False))
PAIRS, CROWDS = 24, 8
CROWD = Shape("100 kept connections", 6_000, 100, True)

#: What one turn came to: messages a second, and microseconds of processor time a message, its index included.
Turn = tuple[float, float]
Pair = tuple[Turn, Turn]

#: One of each usual kind, none of which the bench's mail meets.
WHENS = (
    ("rcpt", "rcpt:nobody%d@elsewhere.test"),
    ("mail", "from:stranger%d@elsewhere.test"),
    ("rcpt", "domain:elsewhere%d.test"),
    ("end-of-data", 'subject:"never said %d"'),
    ("attempt", "rcpt:nobody%d@elsewhere.test"),
)


def run(pairs: int = PAIRS, crowds: int = CROWDS) -> list[tuple[str, str]]:
    """Medians of many turns, with and without, side by side in the same run."""
    rows = []
    with TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder, "faults.toml")
        file.write_text(rules(), "utf-8")
        with ours() as plain, ours("--faults", str(file)) as ruled:
            for shape in SHAPES:
                turns = _compare(shape, plain, ruled, pairs)
                rows.append((f"{shape.name}, {RULES} rules that do not match", _told(turns)))
    quiet, beside = [], []
    with ours() as server:
        # In turns: what the machine does besides, and the database as it grows, concern both.
        for _ in range(crowds):
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


def _compare(shape: Shape, plain: Running, ruled: Running, count: int) -> list[Pair]:
    """Turns in pairs, every other pair the other way round."""
    pairs = []
    for server in (plain, ruled):
        _turn(shape, server)
    for number in range(count):
        if number % 2:
            with_, without = _turn(shape, ruled), _turn(shape, plain)
        else:
            without, with_ = _turn(shape, plain), _turn(shape, ruled)
        pairs.append((without, with_))
    return pairs


def _turn(shape: Shape, server: Running) -> Turn:
    result = measure(shape, server, shape.count)
    return result.rate, result.cpu


def _told(pairs: list[Pair]) -> str:
    without, with_ = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
    ratios = [ruled / plain for (plain, _), (ruled, _) in pairs]
    low, middle, high = statistics.quantiles(ratios)
    cpu = statistics.median(ruled / plain for (_, plain), (_, ruled) in pairs)
    ratio = f"{middle:.2f}× (half of {len(pairs)} pairs {low:.2f} to {high:.2f}), {cpu:.2f}× the CPU"
    return f"{with_:.0f} messages/s, {without:.0f} without: {ratio}"


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
