"""Runs a whole server on a database that outlives it, and speaks just enough SMTP and HTTP to it."""

from __future__ import annotations

import hashlib
import json
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Serving:
    """`mailtrap serve` as a process of its own; `prefix` is what to run it under, such as strace."""

    def __init__(self, database: Path, *flags: str, prefix: Sequence[str] = ()) -> None:
        ready = database.with_suffix(".ready")
        ready.unlink(missing_ok=True)
        ports = ["--smtp-port", "0", "--smtps-port", "0", "--web-port", "0"]
        command = [sys.executable, "-m", "mailtrap", "serve", *ports, "--database", str(database)]
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [*prefix, *command, "--ready-file", str(ready), *flags],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        told = json.loads(self._appears(ready))
        self.ready_after = time.perf_counter() - begun
        self.smtp, self.smtps, self.web = int(told["smtp"]), int(told["smtps"]), int(told["web"])
        self.pop3, self.imap = int(told["pop3"]), int(told["imap"])

    def _appears(self, file: Path) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if file.is_file() and (text := file.read_text()):
                return text
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended with {self.process.returncode} before it was ready")
            time.sleep(0.005)
        raise SystemExit("the server was not ready within 60 s")

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def peak(self, anew: bool = False) -> float:
        """The most resident memory there has been, in MB; `anew` from now on."""
        process = Path(f"/proc/{self.process.pid}")
        if anew:
            (process / "clear_refs").write_text("5")
        status = (process / "status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1e3

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}{path}", timeout=30) as answer:
            return bytes(answer.read())

    def json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def delete_everything(self) -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{self.web}/api/messages?all=true", method="DELETE")
        with urllib.request.urlopen(request, timeout=60):
            pass

    def everything(self) -> dict[str, str]:
        """sha256 → id of every message; insists that none is there twice."""
        found: dict[str, str] = {}
        path = "/api/messages?limit=200"
        token = ""
        while True:
            page = self.json(path + (f"&before={token}" if token else ""))
            for message in page["messages"]:
                assert message["sha256"] not in found, f"twice: {message['id']} and {found[message['sha256']]}"
                found[message["sha256"]] = message["id"]
            token = page["next"]
            if not token:
                return found


class Sender:
    """One SMTP connection that sends one message after another."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._reader = self._socket.makefile("rb")
        try:
            self.reply()
            self._say(b"EHLO torture.test")
        except OSError:
            self.close()
            raise

    def send(self, content: bytes) -> tuple[int, str]:
        """The reply to the final dot, or the first one that is none of 2yz and 3yz; OSError when the line is dead."""
        reply = self.begin()
        if not reply.startswith("3"):
            self._say(b"RSET")
            return int(reply[:3]), reply
        self.write(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        reply = self.reply()
        return int(reply[:3]), reply

    def begin(self) -> str:
        """Everything up to DATA; the reply to it, or the first one that is none of 2yz and 3yz."""
        reply = ""
        for line in (b"MAIL FROM:<a@example.test>", b"RCPT TO:<b@example.test>", b"DATA"):
            reply = self._say(line)
            if not reply.startswith(("2", "3")):
                break
        return reply

    def write(self, octets: bytes) -> None:
        self._socket.sendall(octets)

    def close(self) -> None:
        self._reader.close()
        self._socket.close()

    def _say(self, line: bytes) -> str:
        self._socket.sendall(line + b"\r\n")
        return self.reply()

    def reply(self) -> str:
        while True:
            line = self._reader.readline()
            if not line:
                raise ConnectionError("the server has hung up")
            if line[3:4] != b"-":
                return line.decode().strip()


def message(name: str, size: int = 4000) -> bytes:
    """A message that no other is equal to; half of it does not compress."""
    noise = random.Random(name).randbytes(size // 2).hex()
    lines = "\r\n".join(noise[start : start + 76] for start in range(0, len(noise), 76))
    head = f"Subject: {name}\r\nFrom: a@example.test\r\nMessage-ID: <{name}@torture.test>\r\n\r\n"
    return (head + lines + "\r\n").encode()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
