"""What is tried: every kind of protection with every kind of login, and what must have arrived."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECURITY = ("plain", "starttls", "tls")
LOGINS = ("none", "PLAIN", "LOGIN", "CRAM-MD5")
USER, PASSWORD = "app", "s3cret"


@dataclass(frozen=True, slots=True)
class Case:
    """One way to talk to the sandbox."""

    client: str
    security: str
    login: str

    @property
    def token(self) -> str:
        """A word found in no other case's message; it is the recipient's domain, so that relays can route by it."""
        return f"{self.client}-{self.security}-{self.login}".lower()

    @property
    def recipient(self) -> str:
        """Where the case's message goes."""
        return f"someone@{self.token}.test"


def cases(client: str) -> list[Case]:
    """All combinations for one client."""
    return [Case(client, security, login) for security, login in itertools.product(SECURITY, LOGINS)]


def message(case: Case) -> bytes:
    """A message with 8-bit text and lines that begin with dots, CRLF-ended."""
    return (
        f"From: App <app@example.test>\r\nTo: {case.recipient}\r\nSubject: {case.token}\r\n"
        f"Message-ID: <{case.token}@example.test>\r\nDate: Tue, 24 Nov 2026 06:30:00 +0000\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
        "\r\n.leading dot\r\n..two dots\r\nGrüße aus 東京\r\n"
    ).encode()


@dataclass(slots=True)
class Target:
    """A running sandbox as clients see it."""

    process: subprocess.Popen[bytes]
    smtp: int
    smtps: int
    web: int
    ca: str
    folder: Path
    #: By listener: smtp, smtps, pop3, pop3s, imap, imaps, web.
    ports: dict[str, int] = field(default_factory=dict)
    notes: dict[str, set[str]] = field(default_factory=dict)

    def port(self, case: Case) -> int:
        """Where a case's client connects."""
        return self.smtps if case.security == "tls" else self.smtp

    def get(self, path: str) -> Any:
        """A JSON answer."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}{path}", timeout=30) as answer:
            return json.load(answer)

    def raw(self, id_: str) -> bytes:
        """Exact octets."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/api/messages/{id_}/raw", timeout=30) as answer:
            octets: bytes = answer.read()
            return octets

    def arrived(self, case: Case) -> dict[str, Any] | None:
        """The message of a case, whole, or None."""
        query = urllib.parse.quote(f"rcpt={case.recipient}")
        found = self.get(f"/api/messages?query={query}")["messages"]
        return self.get(f"/api/messages/{found[0]['id']}") if found else None

    def stop(self) -> None:
        """End the sandbox."""
        self.process.terminate()
        self.process.wait(20)


def start(folder: Path) -> Target:
    """A sandbox on free ports with a certificate of its own."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "mailtrap", "serve", "--ready-file", str(ready), "--state-dir", str(folder)]
    process = subprocess.Popen(
        [*command, "--smtp-port", "0", "--smtps-port", "0", "--web-port", "0", "--max-connections", "500"],
        stdout=subprocess.DEVNULL,
    )
    while not ready.exists():
        if process.poll() is not None:
            raise RuntimeError("the sandbox did not start")
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    told = json.loads(ready.read_text())
    ports = {name: port for name, port in told.items() if isinstance(port, int) and name != "pid"}
    return Target(process, told["smtp"], told["smtps"], told["web"], str(folder / "ca.pem"), folder, ports)


def verdict(target: Target, case: Case, extensions: frozenset[str]) -> str:
    """Empty if the message of `case` arrived as it should; else what is wrong with it.

    What the client used of `extensions` is added to `target.notes`.
    """
    got = target.arrived(case)
    if got is None:
        return "nothing arrived"
    arrival = got["arrival"]
    if (arrival["tls"] is not None) != (case.security != "plain"):
        return f"protection was {arrival['tls']}"
    login = arrival["login"]
    if case.login == "none" and login:
        return f"logged in as {login}"
    if case.login != "none" and (not login or login["user"] != USER or login["mechanism"] != case.login):
        return f"login was {login}"
    body = target.raw(got["id"]).partition(b"\r\n\r\n")[2]
    if b"base64" not in target.raw(got["id"]).lower() and b"quoted-printable" not in target.raw(got["id"]).lower():
        wanted = message(case).partition(b"\r\n\r\n")[2]
        if body.rstrip() != wanted.rstrip():
            return f"content was {body!r}"
    used = target.notes.setdefault(case.client, set())
    dialogue = target.get(f"/api/sessions/{got['session']}")["lines"]
    said = " ".join(line["text"].upper() for line in dialogue if line["side"] == "C")
    marks = {"8BITMIME": "BODY=8BITMIME", "SIZE": " SIZE=", "DSN": "NOTIFY=", "SMTPUTF8": " SMTPUTF8", "BDAT": "BDAT "}
    used.update(name for name, mark in marks.items() if mark in said)
    commands = [line["at"] for line in dialogue if line["side"] == "C"]
    # Commands that came in one piece were sent without waiting for replies (RFC 2920).
    used.update({"PIPELINING"} if len(set(commands)) < len(commands) else ())
    missing = extensions - used
    return f"did not use {', '.join(sorted(missing))}" if missing else ""
