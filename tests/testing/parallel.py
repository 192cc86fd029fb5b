"""How the fixtures hold out: `python -m tests.testing.parallel` runs 200 tests on 8 workers, 20 times over.

Each test sends, waits and asserts. Prints what a session costs, and fails where a test did or where a session has left
something behind: a process, a file, an inbox in a shared sandbox.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
OPTIONS = [
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:smtpd",
    "-p",
    "no:localserver",
    "--durations=0",
    "--durations-min=0",
]
_PHASE = re.compile(r"^([0-9.]+)s (setup|call|teardown) +\S+\[(\d+)\]", re.MULTILINE)


def session(directory: Path, *arguments: str, **environment: str) -> tuple[str, float]:
    """One session's output and seconds. Raises SystemExit where a test fails or anything is left."""
    scratch = directory / "scratch"
    scratch.mkdir(exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAILTRAP_")}
    began = time.monotonic()
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
    return done.stdout, time.monotonic() - began


def phases(output: str) -> tuple[float, float]:
    """Milliseconds of the first set-up, and of a test on average after that."""
    found = [(float(seconds), phase, int(number)) for seconds, phase, number in _PHASE.findall(output)]
    first = max(seconds for seconds, phase, _ in found if phase == "setup")
    tests = len({number for _, _, number in found})
    return first * 1000, (sum(seconds for seconds, _, _ in found) - first) * 1000 / max(tests - 1, 1)


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
        output, _ = session(directory)
        first, average = phases(output)
        print(f"one process: first fixture {first:.0f} ms, then {average:.1f} ms a test of two messages", flush=True)
        for time_ in range(given.times):
            _, seconds = session(directory, "-n", str(given.workers))
            print(f"{time_ + 1}: {given.tests} tests, {given.workers} workers: {seconds:.1f} s", flush=True)
        with InProcess() as running, MailSandbox(running.site) as sandbox:
            for _ in range(given.times):
                session(directory, "-n", str(given.workers), MAILTRAP_URL=running.site.url)
                left = [one["name"] for one in sandbox.inboxes() if one["name"] != "default"]
                if left or sandbox.list(limit=1):
                    raise SystemExit(f"left behind in the shared sandbox: {left}")
        print(f"one sandbox for all workers: {given.times} times the same, nothing left", flush=True)


if __name__ == "__main__":
    main()
