"""A second process understands the same as the first, and does without when it must."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from mailtrap.events import Bus
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.mail.heading import read_heading
from mailtrap.mail.message import Message, State
from mailtrap.query import parse
from mailtrap.settings import Settings
from mailtrap.store import indexing, open_store, understanding
from mailtrap.store.understanding import Assistant, Unread, read
from tests.store.making import PATIENCE, StandingClock, keep, submission

LETTER = (
    b"From: \xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd <ivan@example.test>\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?= %d\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xff\x00 text %d\r\n"
)


def unread(number: int, octets: bytes = b"") -> Unread:
    octets = octets or LETTER % (number, number)
    envelope = Envelope("a@b.test", (Recipient("c@d.test", (("NOTIFY", "NEVER"),)),))
    return (
        Message(number, "default", envelope, Arrival(1, "smtp"), read_heading(octets), len(octets), "", State.RECEIVED),
        octets,
    )


@pytest.fixture
def assistant(monkeypatch: pytest.MonkeyPatch) -> Iterator[Assistant]:
    monkeypatch.setattr(understanding, "WARM_UP", -1.0)
    assistant = Assistant()
    yield assistant
    assistant.dismiss()


def test_the_other_process_finds_what_this_one_would(assistant: Assistant) -> None:
    batch = [unread(number) for number in range(1, 50)] + [unread(50, b"\x00\xff" * 1000), unread(51, b"\r\n")]
    assert assistant.is_ready()
    for _ in range(2):
        assistant.give(batch)
        assert assistant.take() == [read(*one) for one in batch]


def test_one_that_is_gone_is_done_without(assistant: Assistant) -> None:
    assert assistant.is_ready()
    process = assistant._process
    assert process is not None
    assistant.give([unread(1)])
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while assistant.take() is not None:  # it may have answered before it was killed
        pass
    assert not assistant.is_ready()
    assistant.give([unread(2)])
    assert assistant.take() is None


@pytest.mark.parametrize("breaks", [False, True])
def test_a_burst_is_indexed_by_both(monkeypatch: pytest.MonkeyPatch, breaks: bool) -> None:
    monkeypatch.setattr(understanding, "WARM_UP", -1.0)
    monkeypatch.setattr(indexing, "MANY", 10)
    monkeypatch.setattr(indexing, "BATCH_MESSAGES", 16)
    given: list[int] = []
    monkeypatch.setattr(
        Assistant, "give", lambda self, batch, give=Assistant.give: given.append(1) or give(self, batch)
    )
    if breaks:
        monkeypatch.setattr(Assistant, "take", lambda self: self._fail())
    store = open_store(Settings(), Bus(), StandingClock())
    try:
        keep(store, *[submission(LETTER % (number, number)) for number in range(300)])
        assert store.catch_up(PATIENCE)
        assert store.page(parse("subject:grüße", 0), limit=10).total == 300
        assert len(given) >= (1 if breaks else 5)
        assert [m.heading.subject for m in store.page(parse("body:299", 0), limit=10).messages] == ["Grüße 299"]
    finally:
        store.close()
