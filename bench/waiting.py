"""Waiting: how soon after its 250 a message is told of, whether any is missed, and what 300 who wait cost the mail."""

from __future__ import annotations

import http.client
import json
import smtplib
import statistics
import subprocess
import sys
import time
from contextlib import closing

from bench.processes import Running, ours

WAITERS, WAKES, ROUNDS, MESSAGES = 300, 10_000, 5, 6_000


def run(waiters: int = WAITERS, wakes: int = WAKES) -> list[tuple[str, str]]:
    """Everything; `wakes` iterations of each order of sending and waiting."""
    with ours() as server:
        latencies, missed = turns(server, wakes)
        latencies.sort()
        places = (("p50", wakes // 2), ("p99", wakes * 99 // 100), ("worst", wakes - 1))
        rows = [
            ("wakes missed", f"{missed} of {2 * wakes}"),
            (
                "woken after the 250",
                ", ".join([f"{name} {latencies[at] * 1e3:.1f} ms" for name, at in places]),
            ),
        ]
    with ours("--max-waiters", str(waiters + 10)) as server:
        rows += crowd(server, waiters)
    return rows


def turns(server: Running, wakes: int) -> tuple[list[float], int]:
    """Send, then wait; and wait, then send: how long after the 250 the latter knew, and how many never did."""
    missed = 0
    latencies: list[float] = []
    with (
        closing(http.client.HTTPConnection("127.0.0.1", server.web or 0, timeout=60)) as web,
        smtplib.SMTP("127.0.0.1", server.smtp) as mail,
    ):
        for number in range(wakes):
            send(mail, f"first{number}")
            missed += ask(web, f"subject:first{number}") != 200
        for number in range(wakes):
            web.request("GET", f"/api/wait?timeout=10&query=subject:second{number}")
            if number % 3:
                time.sleep(0.0005 * (number % 7))  # at every stage of the wait's beginning
            send(mail, f"second{number}")
            kept = time.perf_counter()
            answer = web.getresponse()
            answer.read()
            latencies.append(time.perf_counter() - kept)
            missed += answer.status != 200
    return latencies, missed


def crowd(server: Running, waiters: int) -> list[tuple[str, str]]:
    """Ingest with and without so many who wait, in turn; what they burn while nothing comes; that all are woken."""
    ingest(server)
    alone: list[float] = []
    beside: list[float] = []
    idle = 0.0
    for turn in range(ROUNDS):
        alone.append(ingest(server))
        with Crowd(server, waiters, f"crowd{turn}") as crowd_:
            before = server.cpu()
            time.sleep(3)
            idle = max(idle, (server.cpu() - before) / 3)
            beside.append(ingest(server))
            woken = crowd_.wake()
    ratio = statistics.median(beside) / statistics.median(alone)
    return [
        (
            f"ingest beside {waiters} who wait",
            f"{statistics.median(beside):.0f} a second, {statistics.median(alone):.0f} without: {ratio - 1:+.1%}",
        ),
        ("processor they take while nothing comes", f"{idle:.1%}"),
        ("woken in the end", f"{woken} of {waiters}"),
    ]


class Crowd:
    """So many requests that wait, each for a recipient of its own; `subject` is one that no message has had."""

    def __init__(self, server: Running, waiters: int, subject: str) -> None:
        self._server = server
        self._subject = subject
        self._connections = [
            http.client.HTTPConnection("127.0.0.1", server.web or 0, timeout=120) for _ in range(waiters)
        ]

    def __enter__(self) -> Crowd:
        for number, connection in enumerate(self._connections):
            query = f"rcpt:waiter{number}@crowd.test+subject:{self._subject}"
            connection.request("GET", f"/api/wait?timeout=110&query={query}")
        while self._server.get("/api/info")["waiting"] < len(self._connections):
            time.sleep(0.05)
        return self

    def wake(self) -> int:
        """Send each its message; how many know."""
        with smtplib.SMTP("127.0.0.1", self._server.smtp) as mail:
            for number in range(len(self._connections)):
                send(mail, self._subject, f"waiter{number}@crowd.test")
        answers = [connection.getresponse() for connection in self._connections]
        return sum([answer.status == 200 and len(json.loads(answer.read())["messages"]) == 1 for answer in answers])

    def __exit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.close()
        self._server.settle()


def ingest(server: Running, messages: int = MESSAGES) -> float:
    """Messages a second, over ten connections."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.client", str(server.smtp), str(messages), "10", "1", "0"],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    server.settle()
    return float(json.loads(told)["rate"])


def ask(web: http.client.HTTPConnection, query: str) -> int:
    """Wait for a message; the status."""
    web.request("GET", f"/api/wait?timeout=10&query={query}")
    answer = web.getresponse()
    answer.read()
    return answer.status


def send(mail: smtplib.SMTP, subject: str, to: str = "ben@example.test") -> None:
    """One message; returns when its 250 is here."""
    mail.sendmail("ana@example.test", [to], f"From: ana@example.test\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nHi\r\n")


if __name__ == "__main__":
    for what, value in run(*map(int, sys.argv[1:])):
        print(f"{what}: {value}")
