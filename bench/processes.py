"""Starts the servers that are compared, and reads what they cost from the operating system."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

GREENMAIL = Path(__file__).parent.parent / ".cache/java/greenmail/greenmail-standalone-2.1.5.jar"
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Running:
    """One server process."""

    process: subprocess.Popen[bytes]
    smtp: int
    web: int | None = None
    imap: int = 0
    ready_after: float = 0.0
    database: Path | None = None

    def cpu(self) -> float:
        """Seconds of processor time used so far, by all threads and by child processes that have ended."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICK

    def rss(self) -> float:
        """Resident memory now, in MB."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def get(self, path: str) -> Any:
        """A JSON answer of the web API."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}{path}", timeout=60) as answer:
            return json.load(answer)

    def settle(self) -> float:
        """Wait until everything received is in the search index; the seconds that took."""
        begun = time.perf_counter()
        while self.web and self.get("/api/info")["counts"]["index_backlog"]:
            time.sleep(0.05)  # asking costs the server, too
        return time.perf_counter() - begun


@contextmanager
def ours(*flags: str, database: bool = True) -> Iterator[Running]:
    """`mailtrap serve` on free ports, with a database on disk that goes afterwards."""
    with TemporaryDirectory(prefix="bench-") as folder:
        file, ready = Path(folder, "mail.db"), Path(folder, "ready.json")
        where = ["--database", str(file)] if database else []
        ports = ["--smtp-port", "0", "--smtps-port", "0", "--web-port", "0"]
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "mailtrap", "serve", *ports, *where, "--ready-file", str(ready), *flags],
            stdout=subprocess.DEVNULL,
        )
        try:
            told = json.loads(_appears(ready, process))
            yield Running(process, told["smtp"], told["web"], told["imap"], time.perf_counter() - begun, file)
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def stock() -> Iterator[Running]:
    """aiosmtpd with a handler that does nothing."""
    with TemporaryDirectory(prefix="bench-") as folder:
        ready = Path(folder, "port")
        process = subprocess.Popen([sys.executable, "-m", "bench.stock", str(ready)])
        try:
            yield Running(process, int(_appears(ready, process)))
        finally:
            process.kill()
            process.wait(10)


def greenmail_here() -> bool:
    """Whether Java is, and what `make bench` fetches."""
    return bool(shutil.which("java")) and GREENMAIL.is_file()


@contextmanager
def greenmail() -> Iterator[Running]:
    """GreenMail on free ports, in memory as it always is; any password will do."""
    smtp, imap = _free(), _free()
    options = [f"-Dgreenmail.{name}.port={port}" for name, port in (("smtp", smtp), ("imap", imap))]
    options += [f"-Dgreenmail.{name}.hostname=127.0.0.1" for name in ("smtp", "imap")]
    options += ["-Dgreenmail.auth.disabled", "-Dgreenmail.startup.timeout=60000"]
    process = subprocess.Popen(
        ["java", "-Xmx6g", *options, "-jar", str(GREENMAIL)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for port in (smtp, imap):
            _listens(port, process)
        yield Running(process, smtp, imap=imap)
    finally:
        process.kill()
        process.wait(10)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None:
                raise SystemExit(f"the server ended with {process.returncode} before it was ready") from None
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server was not ready within 60 s")


def _appears(file: Path, process: subprocess.Popen[bytes]) -> str:
    for _ in range(6000):
        if file.is_file() and (text := file.read_text()):
            return text
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode} before it was ready")
        time.sleep(0.005)
    raise SystemExit("the server was not ready within 30 s")
