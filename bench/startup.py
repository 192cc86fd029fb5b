"""From process start to ready, and memory when idle."""

from __future__ import annotations

import statistics

from bench.processes import ours


def run(times: int = 5) -> list[tuple[str, str]]:
    """Medians of `times` starts with a new database."""
    ready, rss = [], []
    for _ in range(times):
        with ours() as server:
            server.get("/api/messages")
            ready.append(server.ready_after)
            rss.append(server.rss())
    return [
        ("process start to SMTP and web ready", f"{statistics.median(ready):.2f} s"),
        ("memory, idle", f"{statistics.median(rss):.0f} MB"),
    ]
