"""Thousands of messages of every kind come back by every way as they were sent, under ids that outlive every end.

smtplib sends them, poplib and imaplib collect them; in between the server is told to stop, and killed.

python -m tests.torture collected, or python -m tests.torture.collected [messages]
"""

from __future__ import annotations

import http.client
import imaplib
import json
import poplib
import random
import re
import smtplib
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tests.fidelity.material import material, with_last_end
from tests.imap.written import fetched
from tests.torture.serving import Serving, sha256

#: Seconds that a client waits for an answer.
LONG = 300.0
#: Messages of one FETCH; parts of one message that are fetched one by one.
AT_ONCE = 100
PARTS = 30
#: Messages that are deleted by each protocol.
DELETED = 25

_BARE_DOT = re.compile(rb"(?<!\r)\n\.")


class Ids(NamedTuple):
    """What the messages are known by: POP3's unique ids; IMAP's UIDVALIDITY and uids."""

    pop3: list[str]
    validity: bytes
    imap: list[int]


class Sender(smtplib.SMTP):
    """Sends octets that are no mail as well."""

    def deliver(self, octets: bytes) -> None:
        """By DATA what it leaves as it is, by BDAT in two pieces what it would change."""
        assert self.mail("a@example.test")[0] == self.rcpt("b@example.test")[0] == 250
        if octets.endswith(b"\r\n") and not _BARE_DOT.search(octets):
            code, said = self.data(octets)
        else:
            half = len(octets) // 2
            self.send(b"BDAT %d\r\n" % half + octets[:half])
            assert self.getreply()[0] == 250
            self.send(b"BDAT %d LAST\r\n" % (len(octets) - half) + octets[half:])
            code, said = self.getreply()
        assert code == 250, said


class Pop3(poplib.POP3):
    """Reads lines as they come: `retr` takes their ends off, whichever they are."""

    def octets(self, number: int) -> bytes:
        """What RETR gives, un-stuffed."""
        self._shortcmd(f"RETR {number}")  # type: ignore[attr-defined]
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            assert line.endswith(b"\n"), "closed before the end"
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)


class Run:
    """One server after the other on the same database, what it has confirmed, and what that is known by."""

    def __init__(self, database: Path, messages: Sequence[bytes]) -> None:
        self.messages = messages
        self.confirmed = 0
        #: Digests of what is there, in the order sent.
        self.there: list[str] = []
        self.ids = Ids([], b"", [])
        self.ended = 0
        self._database = database
        self.server = Serving(database)

    # Ends and beginnings.

    def send(self, upto: int, kill_at: int | None = None) -> None:
        """Send what comes next of the messages; with `kill_at` the server is killed once so many are confirmed."""
        reached = threading.Event()
        sender = threading.Thread(target=self._send, args=(upto, kill_at, reached))
        sender.start()
        if kill_at is not None:
            assert reached.wait(LONG)
            self.server.kill()
        sender.join()
        if kill_at is None:
            assert self.confirmed == upto, "the sender has failed"

    def _send(self, upto: int, kill_at: int | None, reached: threading.Event) -> None:
        with suppress(OSError, smtplib.SMTPException), Sender("127.0.0.1", self.server.smtp, timeout=LONG) as sender:
            sender.helo("collected.test")
            while self.confirmed < upto:
                octets = self.messages[self.confirmed]
                sender.deliver(octets)
                self.there.append(sha256(octets))
                self.confirmed += 1
                if self.confirmed == kill_at:
                    reached.set()

    def again(self, how: str) -> None:
        """Have the server end, if it has not, and another one begin. What was confirmed is there, with the same ids."""
        if self.server.alive:
            if how == "kill":
                self.server.kill()
            else:
                assert self.server.stop() == 0
        self.server = Serving(self._database)
        self.ended += 1
        digests = self.by_api()
        if len(digests) > len(self.there):
            # It was on its way when the server was killed: it may be there.
            self.there.append(sha256(self.messages[self.confirmed]))
            self.confirmed += 1
        same(digests, self.there, "after the end, by the API")
        self.know()

    def know(self) -> None:
        """The ids are those there were, and new ones behind them."""
        before, self.ids = self.ids, Ids(self.unique_ids(), *self.uids())
        assert len(self.ids.pop3) == len(set(self.ids.pop3)) == len(self.there)
        assert self.ids.pop3[: len(before.pop3)] == before.pop3, "unique ids have changed"
        assert before.validity in (b"", self.ids.validity), "UIDVALIDITY has changed"
        assert self.ids.imap[: len(before.imap)] == before.imap, "uids have changed"
        assert sorted(set(self.ids.imap)) == self.ids.imap

    def delete(self, places: Sequence[int], protocol: str) -> None:
        """Delete the messages at these places by POP3 or IMAP."""
        if protocol == "pop3":
            with_pop3 = self.pop3()
            for at in places:
                with_pop3.dele(at + 1)
            with_pop3.quit()
        else:
            with self.imap() as client:
                client.select("INBOX")
                client.store(",".join([str(at + 1) for at in places]), "+FLAGS.SILENT", "(\\Deleted)")
                client.expunge()
        gone = set(places)
        self.there = [digest for at, digest in enumerate(self.there) if at not in gone]
        pop3, validity, imap = self.ids
        self.ids = Ids(
            [name for at, name in enumerate(pop3) if at not in gone],
            validity,
            [uid for at, uid in enumerate(imap) if at not in gone],
        )

    # What is there.

    def by_api(self) -> list[str]:
        """The digests that the API tells, oldest first."""
        return [sha for _, sha in self._listed()]

    def _listed(self) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        before = ""
        while True:
            page = self.server.json(f"/api/messages?limit=200{before}")
            found += [(one["id"], one["sha256"]) for one in page["messages"]]
            if not page["next"]:
                return found[::-1]
            before = f"&before={page['next']}"

    def by_raw(self) -> Iterator[str]:
        """Digests of `/raw`, oldest first."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.web, timeout=LONG)
        for id_, _ in self._listed():
            connection.request("GET", f"/api/messages/{id_}/raw")
            yield sha256(connection.getresponse().read())
        connection.close()

    def pop3(self) -> Pop3:
        """A client that is logged in."""
        client = Pop3("127.0.0.1", self.server.pop3, timeout=LONG)
        client.user("default")
        client.pass_("x")
        return client

    def unique_ids(self) -> list[str]:
        """By UIDL."""
        client = self.pop3()
        lines = client.uidl()[1]
        client.quit()
        return [line.split()[1].decode() for line in lines]

    def imap(self) -> imaplib.IMAP4:
        """A client that is logged in."""
        client = imaplib.IMAP4("127.0.0.1", self.server.imap, timeout=LONG)
        client.login("default", "x")
        return client

    def uids(self) -> tuple[bytes, list[int]]:
        """UIDVALIDITY, and the uids."""
        with self.imap() as client:
            client.select("INBOX", readonly=True)
            validity = client.response("UIDVALIDITY")[1][0]
            return validity or b"", [int(uid) for uid in client.uid("SEARCH", "ALL")[1][0].split()]


def same(found: Sequence[str], wanted: Sequence[str], where: str) -> None:
    """Insist that they are, and say which is not."""
    assert len(found) == len(wanted), f"{where}: {len(found)} messages, not {len(wanted)}"
    wrong = [at for at, (one, other) in enumerate(zip(found, wanted, strict=True)) if one != other]
    assert not wrong, f"{where}: {len(wrong)} messages are not as they were sent, the first of them no. {wrong[0] + 1}"


def by_every_way(run: Run) -> int:
    """Compare what comes by HTTP, POP3 and IMAP with what was sent; how many parts BODYSTRUCTURE told of."""
    same(list(run.by_raw()), run.there, "by HTTP")
    of_pop3 = {sha256(octets): sha256(with_last_end(octets)) for octets in run.messages[: run.confirmed]}
    client = run.pop3()
    digests = [sha256(client.octets(at + 1)) for at in range(len(run.there))]
    client.quit()
    same(digests, [of_pop3[digest] for digest in run.there], "by POP3")
    digests = []
    parts = 0
    with run.imap() as reader:
        reader.select("INBOX", readonly=True)
        for first in range(1, len(run.there) + 1, AT_ONCE):
            last = min(first + AT_ONCE - 1, len(run.there))
            wanted = "(UID RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT])"
            for number, told in answered(reader, f"{first}:{last}", wanted):
                octets = told["BODY[]"]
                assert number == len(digests) + 1
                assert told["UID"] == run.ids.imap[number - 1]
                assert told["RFC822.SIZE"] == len(octets)
                assert told["BODY[HEADER]"] + told["BODY[TEXT]"] == octets, f"no. {number} is not its two halves"
                assert len(told["ENVELOPE"]) == 10
                digests.append(sha256(octets))
                parts += as_told(reader, number, told["BODYSTRUCTURE"])
    same(digests, run.there, "by IMAP")
    return parts


def as_told(reader: imaplib.IMAP4, number: int, structure: list[Any]) -> int:
    """Fetch the parts that BODYSTRUCTURE tells of: each is as long as it says. How many there were."""
    told = dict(list(parts_of(structure))[:PARTS])
    wanted = " ".join([f"BODY.PEEK[{section}]" for section in told])
    [(_, found)] = answered(reader, str(number), f"({wanted})")
    for section, octets in told.items():
        length = len(found[f"BODY[{section}]"] or b"")
        assert length == octets, f"part {section} of no. {number} has {length} octets, not {octets}"
    return len(told)


def parts_of(structure: list[Any], before: str = "") -> Iterator[tuple[str, int]]:
    """Sections and the octets they are said to have (RFC 9051 §6.4.5.1)."""
    if isinstance(structure[0], list):
        for number, part in enumerate([part for part in structure if isinstance(part, list)], 1):
            # Behind the subtype stand parameters, disposition and languages.
            if part is structure[number - 1]:
                yield from parts_of(part, f"{before}.{number}" if before else str(number))
        return
    section = before or "1"
    yield section, structure[6]
    if [one.lower() for one in structure[:2]] == [b"message", b"rfc822"]:
        inner = structure[8]
        yield from parts_of(inner, section if isinstance(inner[0], list) else f"{section}.1")


def answered(client: imaplib.IMAP4, numbers: str, wanted: str) -> list[tuple[int, dict[str, Any]]]:
    """FETCH, read by the grammar of responses."""
    status, data = client.fetch(numbers, wanted)
    assert status == "OK", data
    said: list[bytes] = []
    begins = True
    for part in data:
        line = part[0] if isinstance(part, tuple) else part
        if begins:
            number, _, line = line.partition(b" ")
            line = b"* " + number + b" FETCH " + line
        begins = not isinstance(part, tuple)
        said += [line, b"\r\n", *([] if begins else [part[1]])]
    return fetched(b"".join(said))


def main(count: int = 5000) -> list[str]:
    """Lines of what was found; raises AssertionError where a promise is not kept."""
    luck = random.Random(15)
    messages = material(count)
    poplib._MAXLINE = imaplib._MAXLINE = 100_000_000  # type: ignore[attr-defined]
    quarter = len(messages) // 4
    with TemporaryDirectory(prefix="collected-") as folder:
        run = Run(Path(folder, "mail.db"), messages)
        try:
            run.send(quarter)
            run.know()
            run.again("stop")
            run.send(2 * quarter, kill_at=quarter + luck.randint(1, quarter - 1))
            run.again("kill")
            run.send(3 * quarter)
            run.again("kill")
            for protocol in ("pop3", "imap"):
                run.delete(sorted(luck.sample(range(len(run.there)), DELETED)), protocol)
                run.again("kill")
            run.send(len(messages), kill_at=3 * quarter + luck.randint(1, quarter - 1))
            run.again("kill")
            run.send(len(messages))
            run.know()
            parts = by_every_way(run)
            run.again("stop")
            assert run.server.stop() == 0
        finally:
            if run.server.alive:
                run.server.kill()
    octets = sum(map(len, messages)) / 1e6
    return [
        f"{len(messages)} messages, {octets:.0f} MB, {len(set(messages))} of them different; {2 * DELETED} deleted",
        f"by /raw, RETR and BODY[] as sent; {parts} parts as long as BODYSTRUCTURE says",
        f"UIDL, UIDVALIDITY and UID the same after {run.ended} ends of the server, most by kill -9",
    ]


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000), indent=1))
