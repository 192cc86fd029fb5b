"""Beside Dovecot, where that is installed: the same order, the same threads and the same parts for any messages."""

from __future__ import annotations

import contextlib
import imaplib
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailtrap.imap import envelope, program, sorting, structure, threads
from mailtrap.imap.sections import Message
from tests.imap.grammar import command
from tests.imap.mimes import ADDRESSES, Mimes
from tests.imap.test_searching import NOW, Folder
from tests.imap.written import fetched, read

DOVECOT = Path("/usr/lib/dovecot/imap")
NOBODY = 65534

pytestmark = pytest.mark.skipif(not DOVECOT.exists(), reason="needs dovecot-imapd")

SUBJECTS = (
    "a",
    "Re: a",
    "[x] a",
    "b",
    "Fwd: b",
    "b (fwd)",
    "[fwd: b]",
    "",
    "=?utf-8?q?=C3=84?=",
    "Ä",
    "Zebra",
    "_",
    "re[2]: c",
)
AUTHORS = (
    "Anna <anna@x.test>", '"Zed, A" <zed@y.test>', "bob@z.test", "=?utf-8?q?=C3=89mile?= <emile@x.test>",
    "undisclosed:;", "team: a@b.test, c@d.test;", "<q@r.test>", '"" <quoted@x.test>', "(comment) c@d.test",
)  # fmt: skip


@pytest.fixture
def dovecot(monkeypatch: pytest.MonkeyPatch) -> Iterator[imaplib.IMAP4]:
    """A session that is logged in already, on an empty mailbox."""
    place = Path(tempfile.mkdtemp())
    mine = os.getuid() or NOBODY
    (place / "dovecot.conf").write_text(
        f"mail_uid = {mine}\nmail_gid = {os.getgid() or NOBODY}\nmail_location = maildir:{place}/mail\n"
        f"base_dir = {place}/run\nlog_path = {place}/log\nssl = no\nprotocols = imap\n"
        "namespace inbox {\n  inbox = yes\n}\n"
    )
    place.chmod(0o777)
    monkeypatch.setenv("USER", "nobody")
    monkeypatch.setenv("HOME", str(place))
    client = imaplib.IMAP4_stream(f"exec {DOVECOT} -c {place}/dovecot.conf 2>/dev/null")
    yield client
    with contextlib.suppress(imaplib.IMAP4.error, OSError):
        client.logout()
    shutil.rmtree(place, ignore_errors=True)


def header_section(chance: random.Random, own: int, others: int) -> str:
    """One that says this and that; ids and references cross as they like."""
    lines = [f"Message-ID: <{chance.randint(0, others) if chance.random() < 0.2 else own}@x.test>"]
    if chance.random() < 0.6:
        named = [f"<{chance.randint(0, others + 1)}@x.test>" for _ in range(chance.randint(1, 3))]
        lines.append(f"{chance.choice(('References', 'References', 'In-Reply-To'))}: {' '.join(named)}")
    lines.append(f"Subject: {chance.choice(SUBJECTS)}")
    zone = chance.choice(("+0000", "-0800", "GMT", "EST"))
    lines.append(f"Date: {chance.randint(1, 28)} Feb 2026 {chance.randint(0, 23):02}:00:{own:02} {zone}")
    lines += [f"{name}: {chance.choice(AUTHORS)}" for name in ("From", "To", "Cc") if chance.random() < 0.9]
    chance.shuffle(lines)
    return "".join([f"{line}\r\n" for line in lines]) + "\r\n"


QUESTIONS = [
    *[f"SORT ({reverse}{key}) UTF-8 ALL" for key in program.SORT_KEYS for reverse in ("", "REVERSE ")],
    *[f"THREAD {algorithm} UTF-8 {key}" for algorithm in program.ALGORITHMS for key in ("ALL", "2:4")],
]


@pytest.mark.parametrize("seed", range(20))
def test_orders_and_threads_are_those_of_dovecot(seed: int, dovecot: imaplib.IMAP4) -> None:
    chance = random.Random(seed)
    messages = []
    count = chance.randint(1, 9)
    for own in range(count):
        day, size = chance.randint(1, 28), chance.randint(1, 50)
        said = header_section(chance, own, count)
        dovecot.append("INBOX", "", f'"{day:02}-Jan-1970 00:00:00 +0000"', said.encode() + b"x" * size)
        # Internal dates from 1970 on are days here.
        messages.append(("", len(said.encode()) + size, day, said))
    dovecot.select("INBOX")
    view = Folder(*messages).view
    for question in QUESTIONS:
        asked = command(f"t {question}".encode())
        ours = (sorting if asked.verb == "SORT" else threads).answer(view, asked, NOW).said.decode()
        verb, _, rest = question.partition(" ")
        [theirs] = (dovecot.sort if verb == "SORT" else dovecot.thread)(*rest.rsplit(" ", 2))[1]
        assert ours.removeprefix(f"* {verb}").strip() == (theirs or b"").decode(), (question, messages)


def asked(client: imaplib.IMAP4, wanted: str) -> dict[str, Any]:
    """What the only message in the folder is told to be."""
    said = b""
    for part in client.fetch("1", wanted)[1]:
        said += b"".join([part[0], b"\r\n", part[1]]) if isinstance(part, tuple) else part
    [(_, told)] = fetched(b"* 1 FETCH " + said.partition(b" ")[2] + b"\r\n")
    return told


def alone(client: imaplib.IMAP4, octets: bytes) -> None:
    """Have this be the only message."""
    client.append("INBOX", "", "", octets)
    client.select("INBOX")


def plainly(value: Any) -> Any:
    """Without regard to case, nor to whether a text says that it is US-ASCII."""
    if not isinstance(value, list):
        return value.lower() if isinstance(value, bytes) else value
    values = [plainly(one) for one in value]
    if values[:1] == [b"text"]:
        values[2] = None if values[2] == [b"charset", b"us-ascii"] else values[2]
    return values


def sections(told: list[Any], before: str = "") -> Iterator[tuple[str, bool]]:
    """Every part that BODYSTRUCTURE tells of, and whether it has none of its own."""
    if isinstance(told[0], list):
        if before:
            yield before, False
        for number, part in enumerate(told, 1):
            if not isinstance(part, list):
                break
            yield from sections(part, f"{before}.{number}" if before else str(number))
        return
    own = before or "1"
    embeds = [one.lower() for one in told[:2]] == [b"message", b"rfc822"]
    yield own, not embeds
    if embeds:
        yield from sections(told[8], own if isinstance(told[8][0], list) else f"{own}.1")


def ours(message: Message, wanted: str) -> bytes | None:
    """What `BODY[wanted]` is."""
    numbers = [word for word in wanted.split(".") if word.isdigit()]
    part, text = tuple(map(int, numbers)), ".".join(wanted.split(".")[len(numbers) :])
    if text.startswith("HEADER.FIELDS"):
        return message.fields(part, frozenset((b"from", b"cc")), without="NOT" in text)
    span = message.span(part, text)
    return None if span is None else message.octets[span.start : span.end]


@pytest.mark.parametrize("seed", range(60))
def test_parts_are_those_of_dovecot(seed: int, dovecot: imaplib.IMAP4) -> None:
    octets = Mimes(seed).message(seed % 5)
    message = Message(octets)
    alone(dovecot, octets)
    theirs = asked(dovecot, "(ENVELOPE BODYSTRUCTURE)")
    assert plainly(read(envelope.render(message.values()))) == plainly(theirs["ENVELOPE"])
    told = read(structure.render(message.root))
    assert plainly(told) == plainly(theirs["BODYSTRUCTURE"])
    found = dict(sections(told))
    kinds = ("", ".MIME", ".HEADER", ".TEXT", ".HEADER.FIELDS (FROM CC)", ".HEADER.FIELDS.NOT (FROM CC)", ".9")
    wanted = ["HEADER", "TEXT", "HEADER.FIELDS (FROM CC)", *[f"{part}{kind}" for part in found for kind in kinds]]
    for section in wanted:
        # Of what there is not they say that it is empty.
        theirs = asked(dovecot, f"(BODY.PEEK[{section}])")
        assert (ours(message, section) or b"") == theirs[f"BODY[{section}]"], section
    for part in [part for part, is_leaf in found.items() if is_leaf]:
        assert (
            message.decoded(tuple(map(int, part.split(".")))) == asked(dovecot, f"(BINARY.PEEK[{part}])").popitem()[1]
        )


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_are_those_of_dovecot(address: bytes, dovecot: imaplib.IMAP4) -> None:
    alone(dovecot, b"From: " + address + b"\r\n\r\n")
    told = envelope.render([(b"From", address.replace(b"\r\n", b""))])
    assert read(told) == asked(dovecot, "(ENVELOPE)")["ENVELOPE"]
