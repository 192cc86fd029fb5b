"""Submissions and stores for tests, and ways to wait for what a store says."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from mailtrap.clock import Clock
from mailtrap.events import Bus, Event, Kind
from mailtrap.mail.arrival import Arrival, Login, Tls
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.mail.heading import read_heading
from mailtrap.mail.message import Submission
from mailtrap.store.base import Store

#: Seconds after which a test gives up.
PATIENCE = 20.0


class StandingClock(Clock):
    """Says what time it is when told, or advanced."""

    def __init__(self, now: int = 1_800_000_000_000_000) -> None:
        super().__init__()
        self.time = now

    def now(self) -> int:
        return self.time + self.ahead


def octets(subject: str = "hello", body: str = "some words", **fields: str) -> bytes:
    lines = [f"Subject: {subject}", "From: Ann <ann@a.test>", "To: Bob <bob@b.test>"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return ("\r\n".join([*lines, "", body]) + "\r\n").encode()


def submission(content: bytes | None = None, at: int = 1_800_000_000_000_000, **changes: Any) -> Submission:
    content = octets() if content is None else content
    made = Submission(
        Envelope("ann@a.test", (Recipient("bob@b.test", (("NOTIFY", "NEVER"),)), Recipient("blind@b.test"))),
        Arrival(
            at,
            "smtp",
            "127.0.0.1:999",
            "client.test",
            "ESMTPSA",
            Tls("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
            Login("PLAIN", "ann"),
            session=7,
        ),
        read_heading(content),
        len(content),
        hashlib.sha256(content).digest(),
        content,
    )
    return replace(made, **changes)


class Answers:
    """A `done` for `Store.add`, and what it was called with."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[int | Exception] = queue.SimpleQueue()

    def __call__(self, answer: int | Exception) -> None:
        self._queue.put(answer)

    def next(self) -> int | Exception:
        return self._queue.get(timeout=PATIENCE)


def keep(store: Store, *submissions: Submission) -> list[int]:
    """Add, wait, and insist that all were kept."""
    answers = Answers()
    for one in submissions:
        store.add(one, answers)
    ids = []
    for _ in submissions:
        answer = answers.next()
        assert isinstance(answer, int), answer
        ids.append(answer)
    return ids


def keep_spooled(store: Store, content: bytes, pieces: int = 100_000) -> int:
    """Add a big message through a spool."""
    spool = store.spool()
    for start in range(0, len(content), pieces):
        spool.write(content[start : start + pieces])
    made = submission(content[: 256 * 1024])
    (id_,) = keep(
        store,
        replace(made, size=len(content), sha256=hashlib.sha256(content).digest(), octets=None, spooled=spool.finish()),
    )
    spool.discard()
    return id_


def read(store: Store, id_: int) -> bytes:
    return b"".join(store.octets(id_))


class Heard:
    """What a Bus said, and a way to wait for it."""

    def __init__(self, bus: Bus) -> None:
        self.events: list[Event] = []
        self._condition = threading.Condition()
        bus.subscribe(self._hear)

    def _hear(self, events: list[Event]) -> None:
        with self._condition:
            self.events += events
            self._condition.notify_all()

    def ids(self, *kinds: Kind) -> list[int]:
        with self._condition:
            return [int(event.id) for event in self.events if event.kind in kinds]

    def wait(self, met: Callable[[list[Event]], bool]) -> None:
        with self._condition:
            assert self._condition.wait_for(lambda: met(self.events), PATIENCE), self.events
