"""Receiving: four shapes of load, ours beside stock aiosmtpd, turn by turn."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass

from bench.processes import Running, ours, stock


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to send: how many messages, over how many connections at once, kept or one a message, which corpus."""

    name: str
    count: int
    connections: int
    kept: bool
    attachments: bool = False


SHAPES = (
    Shape("10 kept connections", 10_000, 10, True),
    Shape("a connection per message", 4_000, 10, False),
    Shape("one client in sequence", 3_000, 1, True),
    Shape("280 KB attachments", 600, 4, True, True),
)


@dataclass(slots=True)
class Result:
    """Messages a second, µs of CPU a message (indexing included), seconds until the index had caught up."""

    rate: float
    cpu: float
    p99: float
    index: float


def run(shape: Shape, server: Running, count: int) -> Result:
    """One measurement against a running server."""
    before = server.cpu()
    words = (server.smtp, count, shape.connections, int(shape.kept), int(shape.attachments))
    out = subprocess.run(
        [sys.executable, "-m", "bench.client", *map(str, words)], stdout=subprocess.PIPE, check=True
    ).stdout
    told = json.loads(out)
    index = server.settle()
    return Result(told["rate"], (server.cpu() - before) / count * 1e6, told["p99"] * 1e3, index)


def compare(shape: Shape, rounds: int = 5) -> tuple[Result, Result]:
    """Medians of `rounds` turns each, ours and stock alternating in the same run."""
    mine: list[Result] = []
    theirs: list[Result] = []
    with ours() as a, stock() as b:
        for server in (a, b):
            run(shape, server, max(shape.count // 10, 20))
        for _ in range(rounds):
            theirs.append(run(shape, b, shape.count))
            mine.append(run(shape, a, shape.count))
    return _median(mine), _median(theirs)


def _median(results: list[Result]) -> Result:
    return Result(*(statistics.median(getattr(r, name) for r in results) for name in ("rate", "cpu", "p99", "index")))
