"""Live notices: 200 open pages while 2 000 messages arrive."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading

from bench.processes import Running, ours

PAGES, MESSAGES = 200, 2_000


def run(pages: int = PAGES, messages: int = MESSAGES) -> list[tuple[str, str]]:
    """Who was told of what, how quick other requests stayed, how many threads it took."""
    from simple_websocket import Client, ConnectionClosed

    with ours("--max-live", str(pages)) as server:
        told: list[set[str]] = [set() for _ in range(pages)]
        complete = threading.Barrier(pages + 1)

        def watch(number: int) -> None:
            try:
                client = Client(f"ws://127.0.0.1:{server.web}/api/live")
                client.receive(timeout=30)
                complete.wait(60)
                while len(told[number]) < messages:
                    frame = client.receive(timeout=60)
                    if frame is None:
                        break
                    notice = json.loads(frame)
                    if notice["kind"] == "captured":
                        told[number].add(notice["id"])
                client.close()
            except ConnectionClosed:
                pass

        watchers = [threading.Thread(target=watch, args=(number,), daemon=True) for number in range(pages)]
        for watcher in watchers:
            watcher.start()
        complete.wait(60)
        threads = _threads(server)
        refused = _one_more(server)
        asking = subprocess.Popen(
            [sys.executable, "-m", "bench.asking", f"http://127.0.0.1:{server.web}/api/messages?limit=50"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        subprocess.run(
            [sys.executable, "-m", "bench.client", str(server.smtp), str(messages), "4", "1", "0"],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        took = json.loads(asking.communicate(timeout=60)[0])
        for watcher in watchers:
            watcher.join(60)
        took.sort()
        return [
            ("pages told of every message", f"{sum(len(ids) == messages for ids in told)} of {pages}"),
            (
                "HTTP meanwhile",
                f"p50 {took[len(took) // 2] * 1e3:.0f} ms, p99 {took[len(took) * 99 // 100] * 1e3:.0f} ms",
            ),
            ("threads of the server", str(threads)),
            (f"page number {pages + 1} is told", refused),
        ]


def _one_more(server: Running) -> str:
    """What a page is told for which there is no room."""
    connection = http.client.HTTPConnection("127.0.0.1", server.web, timeout=60)
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    connection.request("GET", "/api/live", headers=headers)
    answer = connection.getresponse()
    connection.close()
    return f"{answer.status} {answer.reason}"


def _threads(server: Running) -> int:
    with open(f"/proc/{server.process.pid}/status") as status:
        return int(next(line for line in status if line.startswith("Threads:")).split()[1])
