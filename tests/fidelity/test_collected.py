"""A corpus has the same SHA-256 from `/raw`, by POP3 and by IMAP; unique ids outlive restarts and kill -9."""

from __future__ import annotations

import hashlib
import imaplib
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.client import stuffed
from bench.corpus import corpus
from tests.fidelity.material import attacks, files, noise, odd, with_last_end
from tests.torture.serving import Serving

LONG = 120.0


@pytest.fixture(scope="module")
def sent() -> list[bytes]:
    return [*corpus(200), *noise(100), *odd(slow=False), *files(), *attacks()]


def digest(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def send(server: Serving, messages: list[bytes]) -> None:
    """By DATA what ends with CRLF, by BDAT what does not and what DATA would change."""
    with socket.create_connection(("127.0.0.1", server.smtp), timeout=LONG) as sock, sock.makefile("rb") as reader:
        sock.sendall(b"HELO odd.test\r\n")
        assert [reader.readline()[:3] for _ in range(2)] == [b"220", b"250"]
        for octets in messages:
            sock.sendall(b"MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.test>\r\n")
            assert [reader.readline()[:3] for _ in range(2)] == [b"250"] * 2
            if octets.endswith(b"\r\n"):
                sock.sendall(b"DATA\r\n")
                assert reader.readline()[:3] == b"354"
                sock.sendall(stuffed(octets))
            else:
                sock.sendall(b"BDAT %d LAST\r\n" % len(octets) + octets)
            assert reader.readline()[:3] == b"250"


def by_raw(server: Serving) -> list[str]:
    """Digests of what the API gives, oldest first."""
    found: list[str] = []
    before = ""
    while True:
        page = server.json(f"/api/messages?limit=200{before}")
        found += [digest(server.get(f"/api/messages/{one['id']}/raw")) for one in page["messages"]]
        if len(page["messages"]) < 200:
            return found[::-1]
        before = f"&before={page['messages'][-1]['id']}"


class Pop3(NamedTuple):
    uids: list[str]
    digests: list[str]


def by_pop3(server: Serving, *deleted: int) -> Pop3:
    """Unique ids, and digests of what RETR gives, un-stuffed; then deletes the messages with these numbers."""
    with socket.create_connection(("127.0.0.1", server.pop3), timeout=LONG) as sock, sock.makefile("rb") as reader:

        def fine(command: bytes) -> None:
            sock.sendall(command)
            assert reader.readline().startswith(b"+OK")

        def several(command: bytes) -> list[bytes]:
            fine(command)
            lines = []
            while (line := reader.readline()) != b".\r\n":
                assert line.endswith(b"\n"), "closed before the end"
                lines.append(line.removeprefix(b"."))
            return lines

        fine(b"")
        fine(b"USER default\r\n")
        fine(b"PASS x\r\n")
        uids = [line.split()[1].decode() for line in several(b"UIDL\r\n")]
        digests = [digest(b"".join(several(b"RETR %d\r\n" % (at + 1)))) for at in range(len(uids))]
        for number in deleted:
            fine(b"DELE %d\r\n" % number)
        fine(b"QUIT\r\n")
        return Pop3(uids, digests)


class Imap(NamedTuple):
    validity: bytes
    uids: list[int]
    digests: list[str]
    flags: list[set[bytes]]


def logged_in(server: Serving, user: str = "default") -> imaplib.IMAP4:
    client = imaplib.IMAP4("127.0.0.1", server.imap, timeout=LONG)
    client.login(user, "x")
    return client


def by_imap(server: Serving, folder: str = "INBOX") -> Imap:
    """What a folder has, without marking it seen."""
    with logged_in(server) as client:
        status, count = client.select(folder, readonly=True)
        assert status == "OK"
        validity = client.response("UIDVALIDITY")[1][0]
        uids, digests, flags = [], [], []
        for first in range(1, int(count[0]) + 1, 100):
            last = min(first + 99, int(count[0]))
            answer = client.fetch(f"{first}:{last}", "(UID FLAGS BODY.PEEK[])")[1]
            # What is empty may be told without a literal; a line with only ")" ends one with a literal.
            whole = [one if isinstance(one, tuple) else (one, b"") for one in answer]
            found = [one for one in whole if one[0] and b"UID" in one[0]]
            for told, octets in found:
                uids.append(int(re.search(rb"UID (\d+)", told)[1]))
                flags.append(set(re.search(rb"FLAGS \((.*?)\)", told)[1].split()) - {b"\\Recent"})
                digests.append(digest(octets))
        return Imap(validity, uids, digests, flags)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "mail.db"


@pytest.fixture
def serve(database: Path) -> Iterator[Callable[[], Serving]]:
    running: list[Serving] = []

    def start() -> Serving:
        running.append(Serving(database))
        return running[-1]

    yield start
    for one in running:
        if one.alive:
            one.stop()


def test_a_corpus_comes_back_by_every_way_as_it_was_sent(serve: Callable[[], Serving], sent: list[bytes]) -> None:
    server = serve()
    assert len(sent) > 400
    send(server, sent)
    wanted = [digest(octets) for octets in sent]
    assert by_raw(server) == wanted
    assert by_pop3(server).digests == [digest(with_last_end(octets)) for octets in sent]
    got = by_imap(server)
    assert got.digests == wanted
    assert got.uids == sorted(set(got.uids))
    assert got.flags == [set()] * len(sent)
    assert by_imap(server, "All").digests == wanted


def test_unique_ids_and_flags_outlive_restarts_and_kills(serve: Callable[[], Serving]) -> None:
    server = serve()
    messages = [b"Subject: %d\r\n\r\nHello\r\n" % number for number in range(40)]
    send(server, messages)
    popped = by_pop3(server)
    with logged_in(server) as client:
        client.select("INBOX")
        client.store("3", "+FLAGS", "(\\Flagged \\Seen)")
        client.store("5:7", "+FLAGS", "(\\Answered keyword)")
        assert client.create("Kept/Here")[0] == "OK"
        assert client.copy("9,11", "Kept/Here")[0] == "OK"
    before = by_imap(server)
    kept = by_imap(server, "Kept/Here")
    assert before.flags[2] == {b"\\Flagged", b"\\Seen"}
    assert before.flags[4] == before.flags[6] == {b"\\Answered", b"keyword"}
    assert kept.digests == [before.digests[8], before.digests[10]]
    server.stop()
    server = serve()
    assert by_pop3(server) == popped
    assert (by_imap(server), by_imap(server, "Kept/Here")) == (before, kept)
    # What was said to be done is done, whenever the process ends.
    client = logged_in(server)
    client.select("INBOX")
    client.store("1", "+FLAGS", "(\\Deleted)")
    client.expunge()
    client.store("1", "+FLAGS", "(\\Draft)")
    server.kill()
    client.shutdown()
    server = serve()
    after = by_imap(server)
    assert (after.validity, after.uids, after.digests) == (before.validity, before.uids[1:], before.digests[1:])
    assert after.flags == [{b"\\Draft"}, *before.flags[2:]]
    assert by_imap(server, "Kept/Here") == kept
    assert by_pop3(server, 39) == (popped.uids[1:], popped.digests[1:])
    server.kill()
    server = serve()
    send(server, [b"Subject: new\r\n\r\nHello\r\n"])
    new = by_imap(server)
    assert new.uids[:-1] == before.uids[1:-1]
    assert new.uids[-1] > before.uids[-1], "a number was given twice"
    again = by_pop3(server).uids
    assert again[:-1] == popped.uids[1:-1]
    assert again[-1] not in popped.uids


@pytest.mark.parametrize("user", ["default", "b@example.test"])
def test_who_asks_after_the_250_sees_the_message(user: str, serve: Callable[[], Serving]) -> None:
    server = serve()
    with logged_in(server, user) as idle, logged_in(server, user) as other:
        assert idle.select("INBOX")[1] == [b"0"]
        for number in range(1, 30):
            send(server, [b"Subject: %d\r\n\r\nHello\r\n" % number])
            idle.noop()
            assert idle.response("EXISTS")[1][-1] == b"%d" % number
            assert other.select("INBOX")[1] == [b"%d" % number]
            assert other.status("INBOX", "(MESSAGES)")[1] == [b"INBOX (MESSAGES %d)" % number]
