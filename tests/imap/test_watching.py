"""Whatever happens to a folder that is open, in whatever order that is heard of: its snapshot is what stands in it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from mailtrap.accounts import Account
from mailtrap.imap import hierarchy, watching
from mailtrap.imap.watching import Live
from mailtrap.net.waking import Sleeper
from mailtrap.query import Query
from mailtrap.store.base import Selection
from mailtrap.store.folder import Alteration
from tests.imap.played import LONG, Played, Stage

ANN = Account("ann")


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage(contents=())
    hierarchy.furnish(stage.store.folders, ANN)
    yield stage
    stage.close()


def opened(stage: Stage) -> Live:
    folder = hierarchy.find(stage.store.folders, ANN, hierarchy.INBOX)
    assert folder is not None
    return stage.watch.open(ANN, folder)


def agrees(stage: Stage, live: Live) -> None:
    folder = stage.store.folders.get(live.id)
    newest = live.newest
    assert folder is not None
    assert list(newest.items) == stage.store.folders.items(live.id)
    assert newest.uids == [item.uid for item in newest.items]
    assert (newest.uid_next, newest.modseq) == (folder.uid_next, folder.modseq)


class Doings:
    """What may happen, each by a method; `messages` are those there may be."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self.stage = stage
        self.chance = chance
        self.live = opened(stage)
        self.sleeper = Sleeper(lambda wake, wakes: wake(wakes), lambda: None)
        self.messages: list[int] = []

    def mail(self) -> None:
        for _ in range(self.chance.randint(1, 3)):
            self.messages.append(
                self.stage.capture(b"Subject: one\r\n\r\n", inbox=self.chance.choice(("ann", "ben ann")))
            )

    def mail_of_others(self) -> None:
        self.stage.capture(b"Subject: theirs\r\n\r\n", inbox="ben")

    def flag(self) -> None:
        uids = self.live.newest.uids
        flags = self.chance.sample(("\\Seen", "\\Flagged", "red"), 2)
        self.stage.store.folders.flag(self.live.id, uids[-2:], Alteration.ADD, flags).result(LONG)

    def note(self) -> None:
        self.stage.store.mark(Selection(Query.EVERYTHING, tuple(self.messages[-1:])), add_tags=["blue"]).result(LONG)

    def take_out(self) -> None:
        self.stage.store.folders.take_out(self.live.id, self.live.newest.uids[:1]).result(LONG)

    def delete(self) -> None:
        self.stage.store.delete(Selection(Query.EVERYTHING, tuple(self.messages[-1:]))).result(LONG)

    def wait(self) -> None:
        self.stage.watch.wait(self.live, self.sleeper)

    def leave(self) -> None:
        self.live.leave(self.sleeper)

    def close(self) -> None:
        self.leave()
        self.stage.watch.close(self.live)
        self.live = opened(self.stage)

    def look(self) -> None:
        self.live.refresh()


@pytest.mark.parametrize("seed", range(12))
def test_a_snapshot_is_what_stands_in_the_folder(stage: Stage, seed: int) -> None:
    chance = random.Random(seed)
    doings = Doings(stage, chance)
    what: list[Any] = [getattr(doings, name) for name in dir(Doings) if not name.startswith("_")]
    for _ in range(40):
        chance.choice([doings.mail, *what])()
        if chance.random() < 0.5:
            doings.live.refresh(certainly=True)
            agrees(stage, doings.live)
    doings.live.refresh(certainly=True)
    agrees(stage, doings.live)


def test_what_is_gathered_need_not_be_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        stage.capture(b"Subject: one\r\n\r\n", inbox="ann")
    monkeypatch.setattr(stage.store.folders, "news", None)
    live = opened(stage)
    assert live.newest.uids == [1, 2, 3]
    stage.capture(b"Subject: one\r\n\r\n", inbox="ann")
    live.refresh(certainly=True)
    monkeypatch.undo()
    agrees(stage, live)


def test_what_comes_while_nobody_looks_is_not_remembered_for_ever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "KEPT_ITEMS", 4)
    doings = Doings(stage, random.Random(1))
    doings.wait()
    doings.leave()
    doings.live.refresh(certainly=True)
    for expected in (True, False):
        for _ in range(4):
            stage.capture(b"Subject: one\r\n\r\n", inbox="ann")
        assert (doings.live._came is not None) is expected
    doings.live.refresh(certainly=True)
    agrees(stage, doings.live)


def test_a_big_inbox_is_opened_for_who_has_logged_in(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.capture(b"Subject: one\r\n\r\n", inbox="ann")
    played = Played(stage)
    played.send(b"a LOGIN ann any\r\n")
    assert stage.watch._ahead is None
    monkeypatch.setattr(watching, "MANY", 1)
    for _ in range(2):
        played = Played(stage)
        played.send(b"a LOGIN ann any\r\n")
        assert stage.watch._ahead is not None
        stage.watch._ahead.submit(lambda: None).result(LONG)
        [live] = stage.watch._lives.values()
        assert (live.users, live.newest.uids) == (0, [1])
    stage.capture(b"Subject: two\r\n\r\n", inbox="ann")
    assert b"* 2 EXISTS" in played.send(b"b SELECT INBOX\r\n")
    stage.watch.stop()
    stage.watch.expect(ANN)
