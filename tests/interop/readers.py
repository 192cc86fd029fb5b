"""Every reader, over every kind of protection: brings home what was sent, and a second time only what is new."""

from __future__ import annotations

import email
import itertools
import re
import shutil
import smtplib
import sys
import time
from base64 import encodebytes
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.client import stuffed
from tests.interop import libraries, programs, runtimes
from tests.interop.cases import Target, start
from tests.interop.collecting import SECURITY, Collect, Post

PAGE = Path(__file__).parents[2] / "docs" / "imap.md"
MARK, END = "<!-- readers -->", "<!-- end -->"
#: Seconds until the sandbox has written down how a dialogue ended.
PATIENCE = 30.0


def octets(sent: bytes) -> bytes:
    """For clients that keep what they get as it is."""
    return sent


def lines(sent: bytes) -> bytes:
    """For clients that end lines as the system does."""
    return sent.replace(b"\r\n", b"\n")


def parsed(sent: bytes) -> bytes:
    """For clients that show a message as Python's email package makes it."""
    return email.message_from_bytes(sent).as_bytes()


def left_stuffed(sent: bytes) -> bytes:
    """For a client that leaves in the dots that stand before dots (RFC 1939 §3), and loses the last line's end."""
    return sent.replace(b"\r\n.", b"\r\n..").removesuffix(b"\r\n")


@dataclass(frozen=True, slots=True)
class Reader:
    """A client and a protocol. `keeps`: what it makes of the octets that were sent; `adds`: its own header fields.

    `remembers`: it knows what it has had, and then transfers nothing.
    """

    client: str
    protocol: str
    collect: Collect
    keeps: Callable[[bytes], bytes]
    here: Callable[[], bool] = lambda: True
    cannot: frozenset[str] = frozenset()
    adds: frozenset[bytes] = frozenset()
    remembers: bool = False

    @property
    def name(self) -> str:
        """Names it in tables and tests."""
        return f"{self.client} {self.protocol}"

    @property
    def security(self) -> list[str]:
        """What kinds of protection it can do."""
        return [one for one in SECURITY if one not in self.cannot]


def _installed(program: str) -> Callable[[], bool]:
    return lambda: shutil.which(program) is not None


_NO_STARTTLS = frozenset({"starttls"})
#: Header fields that a client adds.
_GETMAIL = frozenset({b"return-path", b"x-getmail-retrieved-from-mailbox"})
_MUTT = frozenset({b"content-length", b"lines"})
READERS = (
    Reader("poplib", "pop3", libraries.poplib_, octets),
    Reader("imaplib", "imap", libraries.imaplib_, octets),
    Reader("IMAPClient", "imap", libraries.imapclient_, octets),
    Reader("imap-tools", "imap", libraries.imap_tools_, parsed),
    Reader("aioimaplib", "imap", libraries.aioimaplib_, octets, cannot=_NO_STARTTLS),
    *(
        Reader("getmail6", protocol, programs.getmail, lines, _installed("getmail"), _NO_STARTTLS, _GETMAIL, True)
        for protocol in ("pop3", "imap")
    ),
    *(
        Reader("fetchmail", protocol, programs.fetchmail, lines, _installed("fetchmail"), remembers=True)
        for protocol in ("pop3", "imap")
    ),
    Reader("mpop", "pop3", programs.mpop, lines, _installed("mpop"), remembers=True),
    Reader("mbsync", "imap", programs.mbsync, lines, _installed("mbsync"), adds=frozenset({b"x-tuid"}), remembers=True),
    Reader("offlineimap", "imap", programs.offlineimap, lines, _installed("offlineimap"), remembers=True),
    *(Reader("curl", protocol, programs.curl, octets, _installed("curl")) for protocol in ("pop3", "imap")),
    *(
        Reader(
            "mutt", protocol, programs.mutt, lines, _installed("mutt"), adds=frozenset({b"content-length", b"lines"})
        )
        for protocol in ("pop3", "imap")
    ),
    Reader("imapflow", "imap", runtimes.imapflow, octets, lambda: runtimes.node_has("imapflow")),
    Reader("node-pop3", "pop3", runtimes.node_pop3, left_stuffed, lambda: runtimes.node_has("node-pop3"), _NO_STARTTLS),
    *(
        Reader("Angus Mail", protocol, runtimes.angus, octets, lambda: runtimes.java_has("jakarta.mail"))
        for protocol in ("pop3", "imap")
    ),
)


def mail(reader: Reader) -> list[bytes]:
    """What is sent to it: CRLF-ended, and odd as far as the client keeps what is odd."""
    head = "From: App <app@example.test>\r\nTo: me@example.test\r\nDate: Tue, 24 Nov 2026 06:30:00 +0000\r\n"
    mime = "MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    parts = (
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        "Two parts.\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        "Content-Disposition: attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.bin\r\n\r\n"
        + encodebytes(bytes(range(256)) * 60).decode().replace("\n", "\r\n")
        + "--b--\r\n"
    )
    bodies = [
        mime + ".leading dot\r\n..two dots\r\n.\r\nFrom here on\r\n>From there\r\nGrüße aus 東京\r\n",
        parts,
        mime + "x" * 900 + "\r\ntrailing blanks  \r\n\t\r\n\r\n",
        "\r\n",
        mime + "A line of a long message.\r\n" * 8_000,
    ]
    found = [
        (f"Subject: {n} Grüße\r\nMessage-ID: <{n}@a.test>\r\n{head}" + body).encode() for n, body in enumerate(bodies)
    ]
    if reader.keeps is octets and reader.client != "poplib":
        odd = f"Subject: odd\r\nMessage-ID: <odd@a.test>\r\n{head}X-8: gr".encode()
        # POP3 puts a dot before a dot after a bare line feed too, which not all clients take away.
        dot = b"." if reader.protocol == "imap" else b""
        found.append(odd + b"\xfc\xdfe\r\n\r\none\rtwo\nthree\n" + dot + b"\nfour \x00 \xff\xfe\r\n")
    return found


class Office:
    """A sandbox as readers see it."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def post(self, reader: Reader, security: str, folder: Path) -> Post:
        """Where the mail of one cell of the table waits; nobody else has any there."""
        name = reader.protocol + "s" * (security == "tls")
        user = f"{reader.client.replace(' ', '-')}-{reader.protocol}-{security}@readers.test".lower()
        return Post(reader.protocol, security, self.target.ports[name], self.target.ca, user, folder)

    def send(self, post: Post, messages: Iterable[bytes]) -> None:
        """All of them, in order."""
        with smtplib.SMTP("127.0.0.1", self.target.smtp, timeout=60) as client:
            client.ehlo()
            for one in messages:
                client.mail("app@example.test", ["BODY=8BITMIME"])
                client.rcpt(post.user)
                client.docmd("DATA")
                # `client.data` puts a dot before a dot after a bare line feed too.
                client.send(stuffed(one))
                code, reply = client.getreply()
                assert code == 250, reply

    def dialogues(self, post: Post, known: set[str]) -> list[dict[str, Any]]:
        """Those of this cell's client not known yet, with their lines, once they have ended; `known` now has them."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            after = self.target.get("/api/events?after=0")["seq"]
            listed = self.target.get("/api/sessions?limit=100")["sessions"]
            mine = [
                one for one in listed if one["id"] not in known and one["login"] and one["login"]["user"] == post.user
            ]
            if mine and all(one["outcome"] for one in mine):
                known.update(one["id"] for one in mine)
                return [self.target.get(f"/api/sessions/{one['id']}") for one in mine]
            self.target.get(f"/api/events?after={after}")
        raise AssertionError("no dialogue was written down")


#: A command that brings content, or that changes something.
_CONTENT = re.compile(
    r"RETR|TOP \d+ [1-9]|.*\bFETCH .*\b(BODY(\.PEEK)?\[(TEXT)?\]|RFC822(\.TEXT|\.PEEK)?(?![.\w]))", re.I
)
_CHANGE = re.compile(r"(\S+ )?(UID )?(APPEND|STORE|COPY|MOVE|EXPUNGE|CREATE|RENAME|DELETE|DELE)\b", re.IGNORECASE)


def attempt(reader: Reader, security: str, office: Office, folder: Path) -> None:
    """One cell of the table; raises AssertionError where something is not as it should be."""
    folder.mkdir(mode=0o700, parents=True)
    post = office.post(reader, security, folder)
    known: set[str] = set()
    sent = mail(reader)
    office.send(post, sent)
    _compare(reader, sent, reader.collect(post))
    talked = office.dialogues(post, known)
    assert all((one["tls"] is not None) == (security != "plain") for one in talked), "protection is not what was asked"
    broken = [one["outcome"] for one in talked if one["outcome"] not in ("quit", "logout")]
    assert not broken, f"dialogues ended as {broken}"
    if not reader.remembers:
        return
    sent.append(sent[0].replace(b"Subject: 0", b"Subject: new").replace(b"<0@", b"<new@"))
    office.send(post, sent[-1:])
    _compare(reader, sent, reader.collect(post))
    assert len(_said(office.dialogues(post, known), _CONTENT)) == 1, "more than the new message was fetched"
    _compare(reader, sent, reader.collect(post))
    talked = office.dialogues(post, known)
    transferred = _said(talked, _CONTENT) + _said(talked, _CHANGE)
    assert not transferred, f"with nothing new, it said {transferred}"


def _said(dialogues: list[dict[str, Any]], what: re.Pattern[str]) -> list[str]:
    said = [line["text"] for one in dialogues for line in one["lines"] if line["side"] == "C"]
    return [text for text in said if what.match(text)]


def _compare(reader: Reader, sent: list[bytes], got: list[bytes]) -> None:
    wanted = sorted(reader.keeps(one) for one in sent)
    found = sorted(_without(one, reader.adds) for one in got)
    assert len(found) == len(wanted), f"{len(found)} messages of {len(wanted)}"
    for one, other in zip(wanted, found, strict=True):
        if one != other:
            at = next(
                (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
            )
            around = slice(max(at - 20, 0), at + 40)
            raise AssertionError(f"octet {at}: {other[around]!r}, sent {one[around]!r}")


def _without(content: bytes, fields: frozenset[bytes]) -> bytes:
    """The content less header fields of one line each."""
    if not fields:
        return content
    header, blank, body = content.partition(b"\n\n")
    left = [line for line in header.split(b"\n") if line.partition(b":")[0].lower() not in fields]
    return b"\n".join(left) + blank + body


def table(results: dict[str, dict[str, str] | None]) -> str:
    """Readers down, protection across; ✓ has all of it, ✗ has not, · the client cannot."""
    rows = [f"{'':18}" + " ".join(f"{security:>9}" for security in SECURITY)]
    for name, outcome in results.items():
        if outcome is None:
            rows.append(f"{name:18} is not on this machine")
            continue
        marks = ["·" if security not in outcome else "✗" if outcome[security] else "✓" for security in SECURITY]
        rows.append(f"{name:18}" + " ".join(f"{mark:>9}" for mark in marks))
    wrong = [
        f"{name}, {security}: {problem}"
        for name, outcome in results.items()
        for security, problem in (outcome or {}).items()
        if problem
    ]
    return "\n".join([*rows, *wrong])


def write(results: dict[str, dict[str, str] | None]) -> None:
    """Put the table into the documentation, if every reader was there."""
    if None in results.values():
        return
    rows = ["| client | | plain | STARTTLS, STLS | TLS |", "| --- | --- | :---: | :---: | :---: |"]
    for reader in READERS:
        outcome = results[reader.name] or {}
        marks = ["does not do it" if one not in outcome else "**no**" if outcome[one] else "yes" for one in SECURITY]
        rows.append(f"| {reader.client} | {reader.protocol.upper()} | {' | '.join(marks)} |")
    before, _, rest = PAGE.read_text("utf-8").partition(MARK)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{MARK}\n" + "\n".join(rows) + f"\n{END}{after}", "utf-8")
    print(f"written to {PAGE}")


def run(office: Office, folder: Path, wanted: Iterable[str] = ()) -> dict[str, dict[str, str] | None]:
    """All readers, or those with a word of `wanted` in their names: what was wrong, by kind of protection."""
    words = [word.lower() for word in wanted]
    results: dict[str, dict[str, str] | None] = {}
    for reader in READERS:
        if words and not any(word in reader.name.lower() for word in words):
            continue
        if not reader.here():
            results[reader.name] = None
            continue
        outcome = results[reader.name] = {}
        for security in reader.security:
            print(f"\r{reader.name}, {security} …\033[K", end="", file=sys.stderr, flush=True)
            try:
                attempt(reader, security, office, folder / f"{reader.name}-{security}".replace(" ", "-"))
                outcome[security] = ""
            except Exception as error:
                outcome[security] = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
    print("\r\033[K", end="", file=sys.stderr, flush=True)
    return results


def main(wanted: list[str]) -> int:
    """`make readers`: the table, and a non-zero exit if anything in it is red."""
    with TemporaryDirectory(prefix="readers-") as folder:
        target = start(Path(folder))
        try:
            results = run(Office(target), Path(folder, "clients"), wanted)
        finally:
            target.stop()
    print(table(results))
    if not wanted:
        write(results)
    return int(any(itertools.chain.from_iterable((outcome or {}).values() for outcome in results.values())))
