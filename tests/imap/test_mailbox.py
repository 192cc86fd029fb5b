"""Folders that several sessions have open: who is told what and when, mod-sequences, coming back to a folder."""

from __future__ import annotations

import contextlib
import gc
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from mailtrap.imap.appending import Batch
from mailtrap.imap.watching import Watch
from mailtrap.net.actions import Action, Drain, Work
from mailtrap.query import Query
from mailtrap.store.base import Selection
from mailtrap.store.sqlite import SqliteStore
from tests.imap.played import LONG, Played, Stage

GONE = "NO [EXPUNGEISSUED] Somebody else has deleted some of them"


@pytest.fixture
def stage() -> Iterator[Stage]:
    with contextlib.closing(Stage()) as made:
        yield made


def opened(stage: Stage, *words: str, folder: str = "INBOX") -> Played:
    played = Played(stage)
    played.send(b"a LOGIN default any\r\n")
    if words:
        played.send(f"b ENABLE {' '.join(words)}\r\n".encode())
    played.send(f"c SELECT {folder}\r\n".encode())
    return played


def say(played: Played, text: str) -> list[str]:
    return played.send(text.encode() + b"\r\n").decode().split("\r\n")[:-1]


def fact(lines: list[str], name: str) -> int:
    [found] = re.findall(rf"\[{name} (\d+)\]", "\n".join(lines))
    return int(found)


def called(stage: Stage, subject: str) -> int:
    [id_] = [
        message.id
        for message in stage.store.page(Query.EVERYTHING, limit=9).messages
        if message.heading.subject == subject
    ]
    return id_


def test_keywords_that_differ_in_case_are_one(stage: Stage) -> None:
    played = opened(stage)
    say(played, "d STORE 1 +FLAGS (Later)")
    assert say(played, "e STORE 2 FLAGS (LATER)") == ["* 2 FETCH (FLAGS (Later))", "e OK Flags are set"]
    assert say(played, "f STORE 2 -FLAGS (later)") == ["* 2 FETCH (FLAGS ())", "f OK Flags are set"]


@pytest.mark.parametrize("asked", ["STATUS All (HIGHESTMODSEQ)", 'LIST "" All RETURN (STATUS (HIGHESTMODSEQ))'])
def test_who_asks_how_far_another_folder_is_hears_of_this_one(stage: Stage, asked: str) -> None:
    played = opened(stage)
    assert fact(say(played, f"d {asked}"), "HIGHESTMODSEQ") > 1
    assert "MODSEQ" in say(played, "e FETCH 1 FLAGS")[0]


# Several at once.


def test_expunge_is_told_by_no_command_that_uses_numbers(stage: Stage) -> None:
    one, other = opened(stage), opened(stage)
    say(other, "x STORE 1 +FLAGS.SILENT (\\Deleted)")
    say(other, "x EXPUNGE")
    assert say(one, "d FETCH 2:3 UID") == ["* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)", "d OK Fetched"]
    assert say(one, "e STORE 3 +FLAGS (\\Draft)") == ["* 3 FETCH (FLAGS (\\Draft))", "e OK Flags are set"]
    assert say(one, "f SEARCH ALL") == ["* SEARCH 2 3", "f OK Done"]
    assert say(one, "g SORT (ARRIVAL) UTF-8 ALL") == ["* SORT 2 3", "g OK Done"]
    assert say(one, "h FETCH 1:2 UID") == [
        "* 2 FETCH (UID 2)",
        "h OK [EXPUNGEISSUED] Somebody else has deleted some of them",
    ]
    for verb, word in (("STORE 1 +FLAGS (x)", "OK"), ("COPY 1:2 INBOX", "NO")):
        assert say(one, f"i {verb}")[-1].startswith(f"i {word} [EXPUNGEISSUED] ")
    # COPY by number says it, too: from there on the numbers are others.
    assert say(one, "j UID FETCH 1:2 FLAGS") == ["* 1 FETCH (UID 2 FLAGS ())", "j OK Fetched"]


def test_copy_is_of_all_or_of_none(stage: Stage) -> None:
    one, other = opened(stage), opened(stage)
    say(other, "x UID STORE 1 +FLAGS.SILENT (\\Deleted)")
    say(other, "x EXPUNGE")
    assert say(one, "d COPY 1:2 INBOX") == [
        "* 1 EXPUNGE",
        "d NO [EXPUNGEISSUED] Somebody else has deleted some of them",
    ]
    assert say(one, "e UID FETCH 1:* UID")[-2:] == ["* 2 FETCH (UID 3)", "e OK Fetched"]


class Meanwhile:
    """Has something happen between what a session finds out and what it then has the store change."""

    def __init__(self, of: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.happens: list[tuple[Played, str]] = []
        change = getattr(of, name)

        def changed(*arguments: Any, **more: Any) -> Any:
            while self.happens:
                say(*self.happens.pop())
            return change(*arguments, **more)

        monkeypatch.setattr(of, name, changed)


def test_a_copy_does_not_bring_back_what_somebody_took_away(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = opened(stage), opened(stage)
    say(one, "d CREATE box")
    say(one, "d STORE 1:2 FLAGS (\\Seen \\Flagged kw)")
    meanwhile = Meanwhile(stage.store.folders, "copy", monkeypatch)
    meanwhile.happens.append((other, "x STORE 1 -FLAGS (\\Seen \\Flagged kw)"))
    assert say(one, "e UID COPY 1:2 box")[-1].startswith("e OK [COPYUID ")
    assert say(one, "f FETCH 1:2 FLAGS")[:2] == ["* 1 FETCH (FLAGS ())", "* 2 FETCH (FLAGS (\\Flagged \\Seen kw))"]
    assert say(opened(stage, folder="box"), "g FETCH 1:2 FLAGS")[:2] == [
        "* 1 FETCH (FLAGS ())",
        "* 2 FETCH (FLAGS (\\Flagged \\Seen kw))",
    ]


def test_a_message_that_two_move_goes_with_one_of_them(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = opened(stage), opened(stage)
    say(one, "d CREATE a")
    say(one, "d CREATE b")
    Meanwhile(stage.store.folders, "copy", monkeypatch).happens.append((other, "x MOVE 1 b"))
    assert say(one, "e MOVE 1:2 a") == ["* 1 EXPUNGE", f"e {GONE}"]
    Meanwhile(stage.store.folders, "copy", monkeypatch).happens.append((other, "x UID MOVE 2 b"))
    said = say(one, "f UID MOVE 2:3 a")
    assert said[0].endswith(" 3 1] Moved")
    assert said[1:] == ["* 1 EXPUNGE", "* 1 EXPUNGE", "f OK Moved"]
    assert "MESSAGES 1" in say(one, "g STATUS a (MESSAGES)")[0]
    assert "MESSAGES 2" in say(one, "g STATUS b (MESSAGES)")[0]


@pytest.mark.parametrize("verb", ["COPY 1 box", "UID MOVE 1:2 box", "APPEND box {5+}\r\nA: b\n"])
def test_who_puts_something_where_no_folder_is_any_more_may_make_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    no_such = "e NO [TRYCREATE] There is no such folder"
    one, other = opened(stage), opened(stage)
    say(one, "d CREATE box/below")
    change = (Batch, "keep") if verb.startswith("APPEND") else (stage.store.folders, "copy")
    Meanwhile(*change, monkeypatch).happens.append((other, "x DELETE box"))
    assert say(one, f"e {verb}") == [no_such]
    # It is only a level now, and may be made a folder again.
    assert say(one, f"e {verb}") == [no_such]
    assert len(stage.store.page(Query.EVERYTHING, limit=9).messages) == 3
    say(one, "f CREATE box")
    assert say(one, f"g {verb}")[-1].startswith("g OK ")


def test_what_stood_in_a_folder_that_is_gone_is_not_copied(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = opened(stage), opened(stage)
    say(one, "d CREATE box")
    say(one, "d COPY 1:2 box")
    say(one, "d SELECT box")
    Meanwhile(stage.store.folders, "copy", monkeypatch).happens.append((other, "x DELETE box"))
    assert say(one, "e UID MOVE 1:* INBOX") == ["* 1 EXPUNGE", "* 1 EXPUNGE", f"e {GONE}"]


def test_a_folder_that_somebody_removes_meanwhile_can_be_left(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = opened(stage), opened(stage)
    say(one, "d CREATE box")
    say(one, "d COPY 1 box")
    say(one, "d SELECT box")
    say(one, "d STORE 1 +FLAGS.SILENT (\\Deleted)")
    Meanwhile(stage.store.folders, "take_out", monkeypatch).happens.append((other, "x DELETE box"))
    assert say(one, "e CLOSE") == ["e OK No folder is open"]
    assert say(one, "f NOOP") == ["f OK Done"]


@pytest.mark.parametrize("verb", ["EXPUNGE", "UID EXPUNGE 1:2", "CLOSE"])
def test_what_somebody_rescues_in_time_is_not_expunged(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    one, other = opened(stage), opened(stage)
    say(one, "d STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    Meanwhile(stage.store.folders, "take_out", monkeypatch).happens.append((other, "x STORE 2 -FLAGS (\\Deleted)"))
    assert say(one, f"e {verb}")[-1].startswith("e OK ")
    assert say(other, "f UID SEARCH ALL")[0] == "* SEARCH 2 3"


def test_changes_of_others_are_told_and_one_s_own_only_where_wanted(stage: Stage) -> None:
    one, other = opened(stage), opened(stage)
    assert say(one, "d STORE 1 +FLAGS.SILENT (\\Flagged)") == ["d OK Flags are set"]
    assert say(other, "x NOOP") == ["* 1 FETCH (FLAGS (\\Flagged))", "x OK Nothing done"]
    say(other, "x STORE 1 +FLAGS.SILENT (\\Draft)")
    # What it asked for and what somebody else did at the same time.
    assert say(one, "e STORE 1 +FLAGS.SILENT (\\Seen)") == [
        "* 1 FETCH (FLAGS (\\Draft \\Flagged \\Seen))",
        "e OK Flags are set",
    ]
    assert say(one, "f NOOP") == ["f OK Nothing done"]


def test_what_a_page_does_is_told_by_the_next_command(stage: Stage) -> None:
    one = opened(stage)
    id_ = called(stage, "two")
    stage.store.mark(Selection(Query.EVERYTHING, (id_,)), seen=True, add_tags=["later", "no atom"]).result(LONG)
    assert say(one, "d NOOP")[-2:] == ["* 2 FETCH (FLAGS (\\Seen later))", "d OK Nothing done"]
    stage.store.delete(Selection(Query.EVERYTHING, (id_,))).result(LONG)
    assert say(one, "e CHECK") == ["* 2 EXPUNGE", "e OK Nothing done"]
    stage.capture(b"Subject: four\r\n\r\n")
    assert say(one, "f NOOP") == ["* 3 EXISTS", "f OK Nothing done"]


def test_what_imap_does_is_seen_by_pages(stage: Stage) -> None:
    one = opened(stage)
    say(one, "d STORE 1 +FLAGS (\\Seen later)")
    say(one, "e FETCH 2 BODY[]")
    say(one, "f STORE 3 +FLAGS (\\Deleted)")
    say(one, "g EXPUNGE")
    found = {message.heading.subject: message for message in stage.store.page(Query.EVERYTHING, limit=9).messages}
    assert {subject: (message.seen, message.tags) for subject, message in found.items()} == {
        "one": (True, ("later",)),
        "two": (True, ()),
    }


def test_a_folder_that_somebody_removed_is_empty(stage: Stage) -> None:
    one, other = opened(stage), opened(stage)
    say(other, "x CREATE Gone")
    say(other, "x COPY 1:2 Gone")
    say(one, "d SELECT Gone")
    say(other, "x DELETE Gone")
    assert say(one, "e NOOP") == ["* 1 EXPUNGE", "* 1 EXPUNGE", "e OK Nothing done"]
    assert say(one, "f SEARCH ALL") == ["* SEARCH", "f OK Done"]
    assert say(one, "g UID STORE 1 +FLAGS (x)")[-1].startswith(("g NO", "g OK"))


# Waiting.


def test_who_waits_hears_what_happens_and_nothing_twice(stage: Stage) -> None:
    one, other = opened(stage), opened(stage)
    assert say(one, "d IDLE") == ["+ Idling"]
    stage.capture(b"Subject: four\r\n\r\n")
    assert one.wake() == b"* 4 EXISTS\r\n"
    say(other, "x STORE 1 +FLAGS.SILENT (\\Deleted)")
    assert one.wake() == b"* 1 FETCH (FLAGS (\\Deleted))\r\n"
    say(other, "x EXPUNGE")
    assert one.wake() == b"* 1 EXPUNGE\r\n"
    assert say(one, "DONE") == ["d OK Idle no more"]
    stage.capture(b"Subject: five\r\n\r\n")
    assert say(one, "e NOOP") == ["* 4 EXISTS", "e OK Nothing done"]
    assert one.perform(one.session.woken()) is None
    assert one.take() == b""


def test_who_waits_hears_at_once_what_happened_before(stage: Stage) -> None:
    one, other = opened(stage), opened(stage)
    say(other, "x STORE 1 +FLAGS.SILENT (\\Deleted)")
    assert say(one, "d IDLE") == ["+ Idling", "* 1 FETCH (FLAGS (\\Deleted))"]


def test_who_waits_and_does_not_read_is_told_the_sum_of_it_later(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtrap.imap.mailbox.UNREAD", 0)
    one, other = opened(stage), opened(stage)
    say(one, "d IDLE")
    one.hold = True
    stage.capture(b"Subject: four\r\n\r\n")
    assert one.wake() == b"* 4 EXISTS\r\n"
    for number in range(1, 5):
        say(other, f"x STORE {min(number, 3)} +FLAGS (f{number})")
    one.perform(one.session.woken())
    assert one.take() == b""
    one.hold = False
    one.perform(one.session.resume(None))
    said = one.take().decode()
    assert said.count("FETCH") == 3
    assert said.endswith("FLAGS (f3 f4))\r\n")


def test_mail_for_an_address_is_told_of_before_the_index_knows_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(stage.store, SqliteStore)
    monkeypatch.setattr(stage.store._indexer, "_may_work", lambda: False)
    one, other = Played(stage), Played(stage)
    for played in (one, other):
        say(played, "a LOGIN bob@b.test any")
        say(played, "b SELECT INBOX")
    say(one, "d IDLE")
    stage.capture(b"Subject: four\r\n\r\n", to="BOB@b.test")
    assert one.wake() == b"* 4 EXISTS\r\n"
    assert say(other, "c NOOP") == ["* 4 EXISTS", "c OK Nothing done"]
    assert "UID 4" in say(other, "d FETCH 4 (UID)")[0]


def test_what_comes_while_nobody_waits_any_more_is_found_the_next_time(stage: Stage) -> None:
    one = opened(stage)
    for number in range(4, 8, 2):
        say(one, "d IDLE")
        stage.capture(b"Subject: at once\r\n\r\n")
        assert one.wake() == b"* %d EXISTS\r\n" % number
        say(one, "DONE")
        say(one, "e CLOSE")
        stage.capture(b"Subject: later\r\n\r\n")
        assert f"* {number + 1} EXISTS" in say(one, "f SELECT INBOX")
    folder = next(one for one in stage.store.folders.of("default") if one.name == "INBOX")
    assert [item.uid for item in stage.store.folders.items(folder.id)] == list(range(1, 8))


def test_mail_of_others_wakes_nobody(stage: Stage) -> None:
    one = opened(stage)
    say(one, "d IDLE")
    stage.capture(b"Subject: theirs\r\n\r\n", inbox="other")
    stage.capture(b"Subject: ours\r\n\r\n")
    assert one.wake() == b"* 4 EXISTS\r\n"
    assert not one.woken.is_set()


def test_an_address_is_told_of_mail_that_the_index_finds(stage: Stage) -> None:
    played = Played(stage)
    say(played, "a LOGIN bob@b.test any")
    assert "* 3 EXISTS" in say(played, "b SELECT INBOX")
    say(played, "c IDLE")
    stage.capture(b"Subject: to bob\r\n\r\n")
    assert played.wake() == b"* 4 EXISTS\r\n"
    say(played, "DONE")
    stage.capture(b"Subject: to bob\r\n\r\n")
    assert say(played, "d NOOP") == ["* 5 EXISTS", "d OK Nothing done"]


def test_for_many_who_wait_mail_is_gathered_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [opened(stage) for _ in range(30)]
    reads: list[Any] = []
    items = type(stage.store.folders).items
    monkeypatch.setattr(
        type(stage.store.folders), "items", lambda self, *a, **k: (reads.append(a), items(self, *a, **k))[1]
    )
    for one in many:
        say(one, "d IDLE")
    stage.capture(b"Subject: four\r\n\r\n")
    assert [one.wake() for one in many] == [b"* 4 EXISTS\r\n"] * 30
    # Once for the mail, perhaps again for the news of it.
    assert len(reads) <= 3


def test_what_comes_for_who_waits_is_known_without_reading_the_folder(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = opened(stage), opened(stage)
    say(one, "d IDLE")
    say(other, "d IDLE")
    reads: list[Any] = []
    news = type(stage.store.folders).news
    monkeypatch.setattr(type(stage.store.folders), "news", lambda self, *a: (reads.append(a), news(self, *a))[1])
    for number in range(4, 8):
        stage.capture(b"Subject: more\r\n\r\n")
        assert [one.wake(), other.wake()] == [b"* %d EXISTS\r\n" % number] * 2
    assert reads == []
    say(other, "DONE")
    say(other, "e STORE 5 +FLAGS.SILENT (\\Flagged)")
    assert one.wake() == b"* 5 FETCH (FLAGS (\\Flagged))\r\n"
    assert reads
    stage.capture(b"Subject: more\r\n\r\n")
    assert one.wake() == b"* 8 EXISTS\r\n"
    say(other, "f NOOP")
    assert say(other, "g UID FETCH 8 (FLAGS)")[0] == "* 8 FETCH (UID 8 FLAGS ())"


def test_folders_that_nobody_has_open_are_let_go_of(stage: Stage) -> None:
    one = opened(stage)
    for number in range(20):
        say(one, f"d CREATE f{number}")
        say(one, f"e SELECT f{number}")
    watch: Watch = stage.watch
    assert len(watch._lives) <= 9
    one.lost()
    # One that is cut in the middle of opening a folder leaves it as well.
    cut = Played(stage)
    say(cut, "a LOGIN default any")
    actions: list[Action] = cut.session.receive(b"b SELECT INBOX\r\n")
    [work] = [action for action in actions if isinstance(action, Work)]
    work.task()
    gc.collect()
    assert all(not live.users for live in watch._lives.values())


# Mod-sequences.


def test_modseq_is_told_once_a_client_knows_of_it(stage: Stage) -> None:
    one, other = opened(stage), opened(stage)
    assert say(one, "d FETCH 1 FLAGS") == ["* 1 FETCH (FLAGS ())", "d OK Fetched"]
    highest, told, _ = say(one, "e FETCH 1 MODSEQ")
    [first] = [int(n) for n in re.findall(r"MODSEQ \((\d+)\)", told)]
    assert fact([highest], "HIGHESTMODSEQ") >= first
    say(other, "x STORE 1 +FLAGS (\\Flagged)")
    [line, _] = say(one, "f NOOP")
    assert int(re.findall(r"FLAGS \(\\Flagged\) MODSEQ \((\d+)\)", line)[0]) > first
    assert "MODSEQ" not in "".join(say(other, "y FETCH 1 FLAGS"))


def test_a_conditional_store_leaves_what_was_changed(stage: Stage) -> None:
    one, other = opened(stage), opened(stage)
    since = fact(say(one, "d SELECT INBOX (CONDSTORE)"), "HIGHESTMODSEQ")
    say(other, "x STORE 2 +FLAGS (\\Draft)")
    said = say(one, f"e STORE 1:3 (UNCHANGEDSINCE {since}) +FLAGS.SILENT (\\Deleted)")
    assert [re.sub(r"MODSEQ \(\d+\)", "MODSEQ", line) for line in said] == [
        "* 1 FETCH (UID 1 MODSEQ)",
        "* 3 FETCH (UID 3 MODSEQ)",
        "* 2 FETCH (FLAGS (\\Draft) MODSEQ)",
        "e OK [MODIFIED 2] Some had been changed",
    ]
    [changed] = [line for line in said if "Draft" in line]
    now = int(re.findall(r"MODSEQ \((\d+)\)", changed)[0])
    said = say(one, f"f UID STORE 2 (UNCHANGEDSINCE {now}) -FLAGS (\\Draft)")
    assert re.fullmatch(r"\* 2 FETCH \(UID 2 FLAGS \(\) MODSEQ \(\d+\)\)", said[0])
    assert say(one, "g SEARCH MODSEQ 1 DELETED")[0].startswith("* SEARCH 1 3 (MODSEQ ")


def test_changed_since_tells_only_of_what_is_newer_and_of_what_has_gone(stage: Stage) -> None:
    one, other = opened(stage, "QRESYNC"), opened(stage)
    since = fact(say(one, "d SELECT INBOX"), "HIGHESTMODSEQ")
    say(other, "x STORE 1 +FLAGS (\\Deleted)")
    say(other, "x STORE 3 +FLAGS (\\Seen)")
    say(other, "x EXPUNGE")
    assert say(one, "e NOOP")[0] == "* VANISHED 1"
    said = say(one, f"f UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since} VANISHED)")
    assert said[0] == "* VANISHED (EARLIER) 1"
    assert re.fullmatch(r"\* 2 FETCH \(UID 3 FLAGS \(\\Seen\) MODSEQ \(\d+\)\)", said[1])
    assert len(said) == 3
    assert len(say(one, f"g FETCH 1:* (UID) (CHANGEDSINCE {since})")) == 2
    assert say(other, "y UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)") == ["y BAD ENABLE QRESYNC before VANISHED"]


def test_reading_marks_as_seen_what_is_asked_for_by_changed_since(stage: Stage) -> None:
    one, other = opened(stage), opened(stage)
    since = fact(say(one, "d SELECT INBOX"), "HIGHESTMODSEQ")
    say(other, "x STORE 2 +FLAGS (\\Draft)")
    said = say(one, f"e FETCH 1:* (BODY[TEXT]) (CHANGEDSINCE {since})")
    assert [line for line in said if "FETCH" in line] == ["* 2 FETCH (BODY[TEXT] {8}"]
    assert "\\Draft \\Seen" in said[3]
    assert say(one, "f FETCH 1:* FLAGS")[0].startswith("* 1 FETCH (FLAGS () MODSEQ")


# Coming back.


def test_who_comes_back_hears_what_has_happened_since(stage: Stage) -> None:
    one, other = opened(stage, "QRESYNC"), opened(stage)
    said = say(one, "d SELECT INBOX")
    validity, since = fact(said, "UIDVALIDITY"), fact(said, "HIGHESTMODSEQ")
    say(one, "e UNSELECT")
    say(other, "x STORE 1 +FLAGS (\\Deleted)")
    say(other, "x EXPUNGE")
    say(other, "x STORE 1 +FLAGS (\\Flagged)")
    stage.capture(b"Subject: four\r\n\r\n")
    said = say(one, f"f SELECT INBOX (QRESYNC ({validity} {since}))")
    assert "* 3 EXISTS" in said
    assert said[-4] == "* VANISHED (EARLIER) 1"
    assert said[-3].startswith("* 1 FETCH (UID 2 FLAGS (\\Flagged) MODSEQ (")
    assert said[-2].startswith("* 3 FETCH (UID 4 FLAGS () MODSEQ (")
    # Only those it says it knows.
    said = say(one, f"g SELECT INBOX (QRESYNC ({validity} {since} 2:3))")
    assert not any("VANISHED" in line for line in said)
    assert [line[:20] for line in said if "FETCH" in line] == ["* 1 FETCH (UID 2 FLA"]
    # It has heard of this one: number 1 is uid 2 now, so none before it has gone since.
    said = say(one, f"h SELECT INBOX (QRESYNC ({validity} {since} 1:4 (1 2)))")
    assert not any("VANISHED" in line for line in said)
    said = say(one, f"i SELECT INBOX (QRESYNC ({validity} {since} 1:4 (1 1)))")
    assert "* VANISHED (EARLIER) 1" in said
    # Another folder of that name: what was known is worth nothing.
    said = say(one, f"j SELECT INBOX (QRESYNC ({validity + 1} {since}))")
    assert not any("VANISHED" in line or "FETCH" in line for line in said)


def test_what_has_gone_is_told_up_to_a_mod_sequence(stage: Stage) -> None:
    one = opened(stage, "QRESYNC")
    say(one, "d STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    said = say(one, "e UID EXPUNGE 1")
    assert said[0] == "* VANISHED 1"
    before = fact(said[1:], "HIGHESTMODSEQ")
    say(one, "f CREATE Kept")
    said = say(one, "g MOVE 2 Kept")
    assert [said[0][:14], said[1]] == ["* OK [COPYUID ", "* VANISHED 3"]
    assert fact(said[2:], "HIGHESTMODSEQ") > before
    assert fact(say(one, "h SELECT INBOX"), "HIGHESTMODSEQ") == fact(said[2:], "HIGHESTMODSEQ")
    assert say(Played(stage), "x SELECT INBOX (QRESYNC (1 1))")[-1].startswith("x BAD")
    plain = opened(stage)
    assert say(plain, "x SELECT INBOX (QRESYNC (1 1))") == ["x BAD ENABLE QRESYNC first"]


# Trouble.


def test_a_message_that_somebody_deletes_while_it_is_read_is_left_out(stage: Stage) -> None:
    one = opened(stage)
    actions = one.session.receive(b"d FETCH 1:2 BODY.PEEK[TEXT]\r\n")
    [work] = [action for action in actions if isinstance(action, Work)]
    id_ = called(stage, "one")
    stage.store.delete(Selection(Query.EVERYTHING, (id_,))).result(LONG)
    one.perform(one.session.resume(work.task()))
    said = one.take().decode()
    assert said.count("FETCH") == 1
    assert "d OK [EXPUNGEISSUED]" in said
    assert "EXPUNGE\r\n" not in said


def test_a_long_answer_waits_for_who_reads_it(stage: Stage) -> None:
    for number in range(4):
        stage.capture(b"Subject: large\r\n\r\n" + b"%d" % number * 400_000)
    one = opened(stage)
    one.hold = True
    assert len(say(one, "d FETCH 4:7 BODY.PEEK[]")) >= 1
    assert one.session.blocked
    assert isinstance(one.session._waits_for, Drain)
    one.hold = False
    one.perform(one.session.resume(None))
    assert one.take().endswith(b"d OK Fetched\r\n")


def test_a_store_that_fails_is_told_of_in_plain_words(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    one = opened(stage)

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("secret of ours")

    monkeypatch.setattr(type(stage.store.folders), "flag", broken)
    said = say(one, "d STORE 1 +FLAGS (x)")
    assert said[-1].startswith("d NO ")
    assert "secret" not in "".join(said)
    monkeypatch.setattr(type(stage.store.folders), "get", broken)
    monkeypatch.setattr(type(stage.store.folders), "items", broken)
    assert say(one, "e NOOP")[-1].startswith("e ")
    assert one.session.closed is False


def test_a_watch_that_stops_ends_its_thread(stage: Stage) -> None:
    one = opened(stage)
    say(one, "d IDLE")
    assert [thread for thread in threading.enumerate() if thread.name == "mailtrap-folders"]
    stage.watch.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "mailtrap-folders"]
    stage.capture(b"Subject: four\r\n\r\n")
    assert say(one, "DONE")[-1].startswith("d OK")
