"""Reading 20 000 messages by IMAP, beside GreenMail: turn by turn, in one run, with one client for both."""

from __future__ import annotations

import smtplib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from bench.processes import Running, greenmail, greenmail_here, ours
from bench.reader import Reader, woken

COUNT, IDLE, ROUNDS = 20_000, 200, 5
USER = "b@example.test"
FIELDS = "BODY.PEEK[HEADER.FIELDS (Date From To Cc Subject Message-ID)]"
_WORDS = ("invoice", "password", "monday", "shipped", "weekly")
#: What is asked, and how, in a round; each round asks for other messages.
ASKED: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("SELECT", lambda _: "SELECT INBOX"),
    ("FETCH 1:* (FLAGS)", lambda _: "FETCH 1:* (FLAGS)"),
    ("header fields, flags and sizes of 1 000", lambda n: f"FETCH {_some(n)} (UID FLAGS RFC822.SIZE {FIELDS})"),
    ("ENVELOPE of 1 000", lambda n: f"FETCH {_some(n)} (ENVELOPE)"),
    ("BODYSTRUCTURE of 1 000", lambda n: f"FETCH {_some(n)} (BODYSTRUCTURE)"),
    ("SEARCH SUBJECT", lambda n: f'SEARCH SUBJECT "{_WORDS[n % len(_WORDS)]}"'),
    ("SEARCH TEXT", lambda n: f'SEARCH TEXT "{_WORDS[n % len(_WORDS)]}"'),
    ("SEARCH TEXT, nothing found", lambda n: f'SEARCH TEXT "zyzzyva{n}"'),
    ("SEARCH UNSEEN SINCE", lambda _: "SEARCH UNSEEN SINCE 1-Jan-2020"),
    ("BODY[] of 1 000", lambda n: f"FETCH {_some(n)} (BODY.PEEK[])"),
)
WAKES, UNMEASURED = 20, 2
#: Seconds that a mail program, which asks for more than INBOX, takes from LOGIN to SELECT; the least of them.
PAUSE = 0.2
#: A server that has taken so many seconds for one question is asked it no more.
ENOUGH = 10.0


def run(count: int = COUNT) -> list[str]:
    """The lines of a table: what was asked, how long ours took, how long GreenMail, and the ratio."""
    with ExitStack() as stack:
        servers = [stack.enter_context(ours())]
        if greenmail_here():
            servers.append(stack.enter_context(greenmail()))
        took = [*_ask_all(servers, count), *_wakes(servers)]
        memory = [server.rss() for server in servers]
    took = [*_first_looks(count, len(memory)), *took]
    rows = [
        f"| IMAP, {count} messages in one folder, ms | ours | GreenMail | ratio |",
        "| --- | ---: | ---: | ---: |",
        *map(str, took),
        f"| memory in the end, MB | {' | '.join(f'{one:.0f}' for one in memory)} |{' |' * (3 - len(memory))}",
    ]
    if len(servers) < 2:
        rows.append("\nGreenMail is not on this machine: `make bench` has Maven fetch it, where there is Java.")
    return rows


def _some(number: int) -> str:
    """A thousand messages, others in each round."""
    return f"{number * 1000 + 1}:{number * 1000 + 1000}"


class Row(NamedTuple):
    """What was asked, and the seconds of each server."""

    what: str
    seconds: list[float]

    def __str__(self) -> str:
        mine, *others = self.seconds
        beside = [f"{one * 1e3:.1f} | **{one / mine:.1f}×**" for one in others] or [" | "]
        return f"| {self.what} | {mine * 1e3:.1f} | {beside[0]} |"


def _fill(server: Running, count: int) -> None:
    words = (server.smtp, count, 4, 1, 0)
    subprocess.run([sys.executable, "-m", "bench.client", *map(str, words)], stdout=subprocess.DEVNULL, check=True)
    server.settle()


def _first_looks(count: int, many: int) -> list[Row]:
    """How long the first takes who opens the folder after they came, in a server that does it for the first time."""
    rows = []
    for what, pause in (
        ("LOGIN and the first SELECT at once", 0.0),
        (f"the first SELECT, {PAUSE} s after LOGIN", PAUSE),
    ):
        took = []
        for start in (ours, greenmail)[:many]:
            with start() as server:
                _fill(server, count)
                begun = time.perf_counter()
                with Reader(server.imap, USER) as reader:
                    if pause:
                        time.sleep(pause)
                        begun = time.perf_counter()
                    reader.ask("SELECT INBOX")
                    took.append(time.perf_counter() - begun)
        rows.append(Row(what, took))
    return rows


def _ask_all(servers: list[Running], count: int) -> list[Row]:
    """Medians of what is asked, the servers in turn."""
    for server in servers:
        _fill(server, count)
    readers = [Reader(server.imap, USER) for server in servers]
    for reader in readers:
        reader.ask("SELECT INBOX")
    rows: list[Row] = []
    for what, command in ASKED:
        took: list[list[float]] = [[] for _ in readers]
        for number in range(UNMEASURED + ROUNDS):
            for reader, seconds in zip(readers, took, strict=True):
                if sum(seconds) < ENOUGH:
                    seconds.append(reader.timed(command(number)))
        rows.append(Row(what, [statistics.median(seconds[UNMEASURED:] or seconds[-1:]) for seconds in took]))
        print(rows[-1], flush=True)
    for reader in readers:
        reader.close()
    return rows


def _wakes(servers: list[Running]) -> list[Row]:
    """How long after its last line is sent those who idle know of a message: half of them, typically; all, at worst."""
    told: list[list[list[float]]] = []
    for server in servers:
        # One after the other: a server that is busy while its clients idle would slow down the other one.
        with _Waiting(server) as waiting:
            told.append([_wake(waiting.mail, waiting.readers, number) for number in range(WAKES)])
    return [
        Row(
            f"IDLE: half of {IDLE} know, median of {WAKES}",
            [statistics.median([each[IDLE // 2] for each in seconds]) for seconds in told],
        ),
        Row(f"IDLE: all of {IDLE} know, worst", [max([each[-1] for each in seconds]) for seconds in told]),
    ]


class _Waiting(ExitStack):
    """Readers that idle, and a connection that brings them mail."""

    def __init__(self, server: Running) -> None:
        super().__init__()
        self.readers = [self.enter_context(Reader(server.imap, USER)) for _ in range(IDLE)]
        for reader in self.readers:
            reader.ask("SELECT INBOX")
            reader.idle()
        self.mail = self.enter_context(smtplib.SMTP("127.0.0.1", server.smtp))
        self.mail.helo()


def _wake(mail: smtplib.SMTP, readers: list[Reader], number: int) -> list[float]:
    time.sleep(0.2)  # what there is to say of the message before is said by then
    for reader in readers:
        reader.forget()
    mail.mail("a@example.test")
    mail.rcpt(USER)
    mail.docmd("DATA")
    begun = time.perf_counter()
    mail.send(f"Subject: wake {number}\r\n\r\nHi\r\n.\r\n")
    told = woken(readers, begun)
    if len(told) < len(readers) or mail.getreply()[0] != 250:
        raise SystemExit(f"only {len(told)} of {len(readers)} who idle were told")
    return told


if __name__ == "__main__":
    print("\n".join(run(*map(int, sys.argv[1:]))))
