"""How the fixtures hold out: `python -m tests.testing.parallel` runs 200 tests on 8 workers, 20 times over.

Each test sends, waits and asserts. Prints what a session costs, and fails where a test did or where a session has left
something behind: a process, a file, an inbox in a shared sandbox. With more workers than processors a test takes as
much longer as there are workers to a processor.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from mailtrap.testing.boxes import MailSandbox
from mailtrap.testing.inprocess import InProcess

TESTS = """
import smtplib
import time
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_send_wait_assert(inbox, number):
    with smtplib.SMTP(inbox.host, inbox.port) as client:
        client.login(inbox.user, inbox.password)
        for recipient in ("ana@example.test", "bob@example.test"):
            client.sendmail("app@example.test", [recipient], b"Subject: The same\\r\\n\\r\\nNumber %d.\\r\\n" % number)
    messages = inbox.wait_many(2, "subject:same", timeout=60)
    assert [message.text.strip() for message in messages] == [f"Number {{number}}."] * 2
    assert inbox.wait("rcpt:bob@example.test").recipients == ["bob@example.test"]
    assert len(inbox.list()) == 2
"""
#: pytest tells people of hundredths of seconds; these are exact.
CONFTEST = """
import json
import pathlib

TAKEN = []

def pytest_runtest_logreport(report):
    worker = getattr(report, "node", None)
    TAKEN.append((worker.gateway.id if worker else "", report.nodeid, report.when, report.duration))

def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        pathlib.Path("taken.json").write_text(json.dumps(TAKEN))
"""
OPTIONS = ["-q", "-p", "no:cacheprovider", "-p", "no:smtpd", "-p", "no:localserver"]


class Cost(NamedTuple):
    """Milliseconds: of the first set-up in each process, of its first test after that, and of a test later on; and
    seconds of all of it, by the clock and of processors, which do not grow where the machine has other things to do."""

    first: float
    first_test: float
    test: float
    seconds: float
    processor: float

    def __str__(self) -> str:
        return (
            f"first fixture {self.first:.0f} ms, first test {self.first_test:.0f} ms, then {self.test:.1f} ms a test; "
            f"{self.seconds:.1f} s in all, {self.processor:.1f} s of processor time"
        )


def session(directory: Path, *arguments: str, **environment: str) -> Cost:
    """What one session costs. Raises SystemExit where a test fails or anything is left."""
    scratch = directory / "scratch"
    scratch.mkdir(exist_ok=True)
    # Compiled as what is installed is: else a start would be measured that compiles everything anew.
    left_out = ("MAILTRAP_", "PYTHONDONTWRITEBYTECODE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    began, used = time.monotonic(), _processor()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, *arguments, "test_parallel.py"],
        cwd=directory,
        env={**clean, "TMPDIR": str(scratch), "HOME": str(scratch / "home"), **environment},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    # pytest keeps its own temporary files.
    if left := [path for path in scratch.iterdir() if not path.name.startswith("pytest-of-")]:
        raise SystemExit(f"left behind: {left}")
    return cost(directory, time.monotonic() - began, _processor() - used)


def _processor() -> float:
    """Seconds of processor time that processes we waited for have taken, and those they waited for."""
    times = os.times()
    return times.children_user + times.children_system


def cost(directory: Path, seconds: float, processor: float) -> Cost:
    """From what its processes have written down."""
    workers: dict[str, dict[str, dict[str, float]]] = {}
    for worker, test, phase, took in json.loads((directory / "taken.json").read_text("utf-8")):
        workers.setdefault(worker, {}).setdefault(test, {})[phase] = took * 1000
    tests = [list(done.values()) for done in workers.values()]
    return Cost(
        mean([done[0]["setup"] for done in tests]),
        mean([done[0]["call"] + done[0]["teardown"] for done in tests]),
        mean([sum(phases.values()) for done in tests for phases in done[1:-1]]),
        seconds,
        processor,
    )


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=200)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--times", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        (directory / "test_parallel.py").write_text(TESTS.format(count=given.tests), "utf-8")
        (directory / "conftest.py").write_text(CONFTEST, "utf-8")
        print(f"{given.tests} tests of two messages in one process: {session(directory)}", flush=True)
        for time_ in range(given.times):
            print(f"{time_ + 1}: {given.workers} workers: {session(directory, '-n', str(given.workers))}", flush=True)
        with InProcess() as running, MailSandbox(running.site) as sandbox:
            for _ in range(given.times):
                session(directory, "-n", str(given.workers), MAILTRAP_URL=running.site.url)
                left = [one["name"] for one in sandbox.inboxes() if one["name"] != "default"]
                if left or sandbox.list(limit=1):
                    raise SystemExit(f"left behind in the shared sandbox: {left}")
        print(f"one sandbox for all workers: {given.times} times the same, nothing left", flush=True)


if __name__ == "__main__":
    main()
