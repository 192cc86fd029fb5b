"""Reading 100 000 messages: pages, search, open, delete, memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from bench.processes import Running, ours

COUNT = 100_000


def run(count: int = COUNT) -> list[tuple[str, str]]:
    """`(what, how long and how much)` rows, medians of 9 calls over HTTP from one client."""
    rows: list[tuple[str, str]] = []
    with ours("--synchronous", "normal") as server:
        words = (server.smtp, count, 10, 1, 0)
        subprocess.run([sys.executable, "-m", "bench.client", *map(str, words)], stdout=subprocess.DEVNULL, check=True)
        server.settle()
        first = server.get("/api/messages?limit=50")
        some = first["messages"][7]["id"]
        middle = str(int(some) // 2)
        address = first["messages"][7]["envelope"]["to"][0]
        for name, path in (
            ("first page", "/api/messages?limit=50"),
            ("a page in the middle", f"/api/messages?limit=50&before={middle}"),
            ("row 70 000", "/api/messages?limit=50&offset=70000"),
            ("search: a word", "/api/messages?query=invoice"),
            ("search: a phrase", "/api/messages?query=" + urllib.parse.quote('"password reset link"')),
            ("search: an address", "/api/messages?query=" + urllib.parse.quote(f"rcpt:{address}")),
            ("search: Japanese", "/api/messages?query=" + urllib.parse.quote("月曜日")),
            ("search: nothing found", "/api/messages?query=zyzzyva"),
            ("open a message", f"/api/messages/{some}"),
        ):
            took, size = _timed(server, path)
            rows.append((name, f"{took * 1e3:.1f} ms, {size / 1024:.1f} KB"))
        rows.append(("memory", f"{server.rss():.0f} MB"))
        assert server.database
        before = server.database.stat().st_size
        begun = time.perf_counter()
        request = urllib.request.Request(f"http://127.0.0.1:{server.web}/api/messages?all=true", method="DELETE")
        with urllib.request.urlopen(request, timeout=120):
            pass
        took = time.perf_counter() - begun
        after = server.database.stat().st_size
        rows.append(("delete all", f"{took:.2f} s, file {before / 1e6:.0f} → {after / 1e6:.1f} MB"))
    return rows


def _timed(server: Running, path: str, times: int = 9) -> tuple[float, int]:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.web}{path}", timeout=60) as answer:
            size = len(answer.read())
        took.append(time.perf_counter() - begun)
    return statistics.median(took), size
