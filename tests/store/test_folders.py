"""What every store must do for those who read by IMAP, and what the SQLite store does so that it lasts."""

from __future__ import annotations

import queue
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mailtrap.errors import Conflict, Invalid, NotFound, Unavailable
from mailtrap.events import Bus, Kind
from mailtrap.mail.envelope import Recipient
from mailtrap.query import Query, parse
from mailtrap.settings import TEMPORARY, Settings
from mailtrap.store import maintenance, naming, open_store, placing
from mailtrap.store.base import Selection, Store
from mailtrap.store.folder import Alteration, Came, Changed, Folder, Folders, Item, Placement, Totals
from mailtrap.store.sqlite import SqliteStore
from mailtrap.store.transaction import Transaction
from tests.store.contract import Make
from tests.store.making import PATIENCE, Answers, Heard, StandingClock, keep, octets, submission

ROOT = Path(__file__).parents[2]
EVERYTHING = Query.EVERYTHING
ADD, REMOVE, REPLACE = Alteration.ADD, Alteration.REMOVE, Alteration.REPLACE


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def make(tmp_path: Path, bus: Bus, clock: StandingClock) -> Iterator[Make]:
    opened: list[Store] = []

    def open_one(**settings: Any) -> Store:
        settings.setdefault("database", str(tmp_path / "mail.db"))
        store = open_store(Settings(synchronous="normal", **settings), bus, clock)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(make: Make) -> Store:
    return make()


@pytest.fixture
def folders(store: Store) -> Folders:
    return store.folders


def new(folders: Folders, name: str, account: str = "ann", **more: Any) -> int:
    return folders.create(account, name, **{"inbox": account, **more}).result(PATIENCE).id


def gather(folders: Folders, folder: int, query: str = "inbox:ann") -> int:
    return folders.gather(folder, parse(query)).result(PATIENCE)


def place(folders: Folders, folder: int, *messages: int) -> list[int]:
    return folders.place(folder, [Placement(id_) for id_ in messages]).result(PATIENCE)


def standing(folders: Folders, folder: int) -> list[tuple[int, int]]:
    return [(item.uid, item.message) for item in folders.items(folder)]


def flagged(folders: Folders, folder: int) -> dict[int, str]:
    return {item.uid: " ".join(item.flags) for item in folders.items(folder)}


def here(folders: Folders, folder: int) -> Folder:
    found = folders.get(folder)
    assert found is not None
    return found


def mail(count: int, inbox: str = "ann", **changes: Any) -> list[Any]:
    return [submission(octets(f"s{n}"), inbox=inbox, **changes) for n in range(count)]


def test_what_comes_is_gathered_once_in_the_order_of_capture(store: Store, folders: Folders) -> None:
    inbox = new(folders, "INBOX")
    ids = keep(store, *mail(3), *mail(1, "ben"), *mail(1, "ben ann"))
    assert gather(folders, inbox) == 4
    assert standing(folders, inbox) == [(1, ids[0]), (2, ids[1]), (3, ids[2]), (4, ids[4])]
    assert gather(folders, inbox) == 0
    more = keep(store, *mail(1))
    assert gather(folders, inbox) == 1
    assert standing(folders, inbox)[-1] == (5, more[0])
    assert here(folders, inbox).uid_next == 6


def test_what_append_put_somewhere_is_gathered_only_by_all(store: Store, folders: Folders) -> None:
    inbox, everything, work = new(folders, "INBOX"), new(folders, "All", use="\\All"), new(folders, "Work")
    arrival = submission().arrival
    put, came = keep(store, *mail(1, arrival=replace(arrival, listener="imap")), *mail(1))
    place(folders, work, put)
    assert (gather(folders, inbox), gather(folders, everything)) == (1, 2)
    assert standing(folders, inbox) == [(1, came)]
    assert standing(folders, everything) == [(1, put), (2, came)]
    assert standing(folders, work) == [(1, put)]


def test_what_stands_there_already_is_not_gathered_again(store: Store, folders: Folders) -> None:
    everything = new(folders, "All", use="\\All")
    first, second = keep(store, *mail(2))
    place(folders, everything, second)
    assert gather(folders, everything) == 1
    assert standing(folders, everything) == [(1, second), (2, first)]


def test_a_query_that_needs_the_index_is_answered_as_far_as_that_goes(store: Store, folders: Folders) -> None:
    bounces = new(folders, "Bounces", view=True)
    keep(store, *mail(2), submission(octets("other"), inbox="ann"))
    assert store.catch_up(PATIENCE)
    assert gather(folders, bounces, "subject:s1") == 1
    keep(store, submission(octets("s1"), inbox="ann"))
    assert store.catch_up(PATIENCE)
    assert gather(folders, bounces, "subject:s1") == 1
    assert [uid for uid, _ in standing(folders, bounces)] == [1, 2]


def test_many_are_gathered_while_mail_comes(store: Store, folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtrap.store.placing.SLICE", 7)
    inbox = new(folders, "INBOX")
    ids = keep(store, *mail(60))
    gathering = folders.gather(inbox, parse("inbox:ann"))
    other = folders.gather(inbox, parse("inbox:ann"))
    ids += keep(store, *mail(20))
    assert (gathering.result(PATIENCE), other.result(PATIENCE)) == (60, 0)
    assert gather(folders, inbox) == 20
    assert standing(folders, inbox) == list(enumerate(ids, 1))


def test_flags_of_the_message_and_of_the_item(store: Store, folders: Folders) -> None:
    one, two = new(folders, "INBOX"), new(folders, "Work")
    (id_,) = keep(store, *mail(1, tags=("Keep", "no atom")))
    place(folders, one, id_)
    place(folders, two, id_)
    altered = folders.flag(one, [1, 9], ADD, ["\\seen", "\\DELETED", "$Work", "KEEP", "\\Recent"]).result(PATIENCE)
    assert [item.flags for item in altered.items] == [("$Work", "Keep", "\\Deleted", "\\Seen")]
    assert altered.modified == []
    assert flagged(folders, two) == {1: "$Work Keep \\Seen"}
    message = store.get(id_)
    assert message is not None
    assert (message.seen, message.tags) == (True, ("Keep", "no atom", "$Work"))
    folders.flag(two, [1], REMOVE, ["\\Seen", "keep", "\\Deleted"]).result(PATIENCE)
    assert (flagged(folders, one), flagged(folders, two)) == ({1: "$Work \\Deleted"}, {1: "$Work"})
    folders.flag(one, [1], REPLACE, ["\\Flagged", "$work", "New"]).result(PATIENCE)
    assert (flagged(folders, one), flagged(folders, two)) == ({1: "$Work New \\Flagged"}, {1: "$Work New"})
    message = store.get(id_)
    assert message is not None
    assert (message.seen, message.tags) == (False, ("no atom", "$Work", "New"))
    assert store.counters().unseen == 1
    assert store.inboxes() == {"ann": (1, 1)}


def test_what_pages_mark_shows_in_every_folder(store: Store, folders: Folders) -> None:
    one, two = new(folders, "INBOX"), new(folders, "Work")
    first, second = keep(store, *mail(2))
    place(folders, one, first, second)
    place(folders, two, second)
    before = here(folders, one).modseq
    store.mark(Selection(EVERYTHING, (second,)), seen=True, add_tags=["a", "b c"]).result(PATIENCE)
    assert (flagged(folders, one), flagged(folders, two)) == ({1: "", 2: "\\Seen a"}, {1: "\\Seen a"})
    assert [item.uid for item in folders.items(one, changed_since=before)] == [2]
    after = here(folders, one).modseq
    assert after > before
    store.mark(Selection(EVERYTHING, (second,)), seen=True).result(PATIENCE)
    assert here(folders, one).modseq == after


def test_a_page_hears_of_flags_that_it_shows(store: Store, folders: Folders, bus: Bus) -> None:
    inbox = new(folders, "INBOX")
    (id_,) = keep(store, *mail(1))
    place(folders, inbox, id_)
    heard = Heard(bus)
    folders.flag(inbox, [1], ADD, ["\\Seen"]).result(PATIENCE)
    heard.wait(lambda events: bool(events))
    assert heard.ids(Kind.CHANGED) == [id_]


def test_only_what_has_not_changed_since_is_flagged(store: Store, folders: Folders) -> None:
    inbox = new(folders, "INBOX")
    place(folders, inbox, *keep(store, *mail(3)))
    since = here(folders, inbox).modseq
    folders.flag(inbox, [2], ADD, ["\\Flagged"]).result(PATIENCE)
    altered = folders.flag(inbox, [1, 2, 3], ADD, ["\\Answered"], unchanged_since=since).result(PATIENCE)
    assert ([item.uid for item in altered.items], altered.modified) == ([1, 3], [2])
    assert flagged(folders, inbox) == {1: "\\Answered", 2: "\\Flagged", 3: "\\Answered"}
    assert {item.modseq > since for item in altered.items} == {True}


@pytest.mark.parametrize("flag", ["", "\\Foo", "two words", "ü", "a]", "a\\b", "x" * 201, "a*", "(", "\r"])
def test_what_is_no_flag_is_refused(store: Store, folders: Folders, flag: str) -> None:
    inbox = new(folders, "INBOX")
    (id_,) = keep(store, *mail(1))
    for future in (folders.flag(inbox, [1], ADD, [flag]), folders.place(inbox, [Placement(id_, (flag,))])):
        with pytest.raises(Invalid, match="no flag"):
            future.result(PATIENCE)


def test_placing_says_what_was_deleted_meanwhile(store: Store, folders: Folders) -> None:
    inbox = new(folders, "INBOX")
    first, second = keep(store, *mail(2))
    store.delete(Selection(EVERYTHING, (first,))).result(PATIENCE)
    placements = [Placement(first), Placement(second, ("\\Seen", "\\Flagged", "kw"), 5), Placement(second)]
    assert folders.place(inbox, placements).result(PATIENCE) == [0, 1, 2]
    assert flagged(folders, inbox) == {1: "\\Flagged \\Seen kw", 2: "\\Seen kw"}
    message = store.get(second)
    assert message is not None
    assert folders.facts(inbox) == {
        1: (message.size, 5, second),
        2: (message.size, message.arrival.at, second),
    }
    assert folders.facts(inbox, [2, 7]).keys() == {2}
    assert folders.totals(inbox) == Totals(2, 0, 0, 2 * message.size)
    assert folders.place(inbox, []).result(PATIENCE) == []


def test_what_is_deleted_or_evicted_vanishes_from_every_folder(make: Make, bus: Bus) -> None:
    store, heard = make(max_messages=4), Heard(bus)
    folders = store.folders
    one, two = new(folders, "INBOX"), new(folders, "Work")
    ids = keep(store, *mail(4))
    place(folders, one, *ids)
    place(folders, two, *reversed(ids))
    before = here(folders, two).modseq
    store.delete(Selection(EVERYTHING, (ids[1], ids[2]))).result(PATIENCE)
    assert (folders.vanished(one, before), folders.vanished(two, before)) == ([2, 3], [2, 3])
    after = here(folders, two).modseq
    assert after > before
    assert folders.vanished(two, after) == []
    keep(store, *mail(3))
    heard.wait(lambda events: any(event.kind is Kind.EVICTED for event in events))
    assert [message for _, message in standing(folders, two)] == [ids[3]]
    assert folders.vanished(two, after) == [4]
    assert folders.vanished(two, before, [(1, 2), (4, 9)]) == [2, 4]


def test_when_all_is_cleared_folders_are_empty_and_say_so(store: Store, folders: Folders) -> None:
    inbox, empty = new(folders, "INBOX"), new(folders, "Empty")
    place(folders, inbox, *keep(store, *mail(5)))
    before, untouched = here(folders, inbox).modseq, here(folders, empty)
    folders.take_out(inbox, [2]).result(PATIENCE)
    store.delete(Selection(EVERYTHING)).result(PATIENCE)
    assert standing(folders, inbox) == []
    assert folders.vanished(inbox, before) == [1, 2, 3, 4, 5]
    assert here(folders, empty) == untouched
    assert place(folders, inbox, *keep(store, *mail(1))) == [6]


def test_taken_out_is_deleted_unless_it_stands_elsewhere(store: Store, folders: Folders) -> None:
    inbox, everything, work = new(folders, "INBOX"), new(folders, "All", use="\\All"), new(folders, "Work")
    kept, gone = keep(store, *mail(2))
    gather(folders, inbox)
    gather(folders, everything)
    place(folders, work, kept)
    assert folders.take_out(inbox, [1, 2, 3]).result(PATIENCE) == [1, 2]
    assert store.get(gone) is None
    assert standing(folders, everything) == [(1, kept)]
    assert folders.take_out(everything, [1]).result(PATIENCE) == [1]
    assert store.get(kept) is None
    assert standing(folders, work) == []
    assert store.counters().messages == 0


def test_copying_takes_what_is_there_by_then(store: Store, folders: Folders) -> None:
    inbox, work = new(folders, "INBOX"), new(folders, "Work")
    keep(store, *mail(3))
    gather(folders, inbox)
    folders.flag(inbox, [1, 3], ADD, ["\\Flagged", "\\Seen", "kw"]).result(PATIENCE)
    folders.flag(inbox, [3], REMOVE, ["\\Flagged", "\\Seen", "KW"])
    assert folders.copy(inbox, [3, 9, 1], work).result(PATIENCE) == [(1, 1), (3, 2)]
    assert [item.flags for item in folders.items(work)] == [("\\Flagged", "\\Seen", "kw"), ()]
    facts = folders.facts(inbox)
    assert folders.facts(work) == {1: facts[1], 2: facts[3]}
    assert folders.copy(inbox, [2, 9], work, whole=True).result(PATIENCE) == []
    assert folders.copy(inbox, [2], work, whole=True).result(PATIENCE) == [(2, 3)]
    assert folders.copy(inbox, [1, 2], inbox).result(PATIENCE) == [(1, 4), (2, 5)]


def test_moving_deletes_nothing_and_is_done_once(
    store: Store, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "SLICE", 2)
    inbox, work, later = new(folders, "INBOX"), new(folders, "Work"), new(folders, "Later")
    keep(store, *mail(5))
    gather(folders, inbox)
    # Two at once: each message goes with one of them.
    both = [folders.copy(inbox, range(1, 6), to, move=True) for to in (work, later)]
    moved = [uid for promise in both for uid, _ in promise.result(PATIENCE)]
    assert sorted(moved) == [1, 2, 3, 4, 5]
    assert sorted([item.message for to in (work, later) for item in folders.items(to)]) == [1, 2, 3, 4, 5]
    assert (folders.items(inbox), folders.vanished(inbox, 0)) == ([], [1, 2, 3, 4, 5])
    assert store.counters().messages == 5
    assert gather(folders, inbox) == 0


def test_what_is_not_marked_any_more_is_not_taken_out(store: Store, folders: Folders) -> None:
    inbox = new(folders, "INBOX")
    keep(store, *mail(3))
    gather(folders, inbox)
    folders.flag(inbox, [1, 2], ADD, ["\\Deleted"]).result(PATIENCE)
    folders.flag(inbox, [2], REMOVE, ["\\Deleted"])
    assert folders.take_out(inbox, [1, 2, 3], marked=True).result(PATIENCE) == [1]
    assert (len(folders.items(inbox)), store.counters().messages) == (2, 2)


def test_what_is_yet_to_be_gathered_is_not_taken_for_homeless(store: Store, folders: Folders) -> None:
    new(folders, "INBOX")
    bounces, work = new(folders, "Bounces", view=True), new(folders, "Work")
    (id_,) = keep(store, *mail(1))
    place(folders, bounces, id_)
    place(folders, work, id_)
    folders.take_out(bounces, [1]).result(PATIENCE)
    folders.take_out(work, [1]).result(PATIENCE)
    assert store.get(id_) is not None


def test_an_account_that_is_an_inbox_takes_out_of_that_one_only(store: Store, folders: Folders) -> None:
    hers, his = new(folders, "INBOX"), new(folders, "INBOX", "ben")
    work = new(folders, "Work")
    both, alone = keep(store, *mail(1, "ann Ben"), *mail(1))
    gather(folders, hers)
    gather(folders, his, "inbox:ben")
    place(folders, work, both)
    folders.take_out(work, [1]).result(PATIENCE)
    folders.take_out(hers, [1, 2]).result(PATIENCE)
    message = store.get(both)
    assert message is not None
    assert message.inboxes == ("Ben",)
    assert store.get(alone) is None
    assert standing(folders, his) == [(1, both)]


def test_taken_out_of_an_inbox_it_vanishes_from_the_folders_of_that_one(store: Store, folders: Folders) -> None:
    hers, his = new(folders, "INBOX"), new(folders, "INBOX", "ben")
    address = new(folders, "INBOX", "ann@a.test", inbox="")
    (both,) = keep(store, *mail(1, "ann ben"))
    for folder in (hers, his, address):
        place(folders, folder, both)
    before = here(folders, hers).modseq
    store.delete(Selection(EVERYTHING, inbox="ANN")).result(PATIENCE)
    assert [standing(folders, folder) for folder in (hers, his, address)] == [[], [(1, both)], [(1, both)]]
    assert folders.vanished(hers, before) == [1]


def test_folders_by_account_and_name(store: Store, folders: Folders) -> None:
    new(folders, "zebra")
    new(folders, "a/b/c")
    made = folders.create("ANN", "inBox").result(PATIENCE)
    new(folders, "other", "ben")
    assert [folder.name for folder in folders.of("Ann")] == ["INBOX", "a", "a/b", "a/b/c", "zebra"]
    assert made in folders.of("ann")
    assert (made.uid_next, made.subscribed, made.view, made.inbox, made.selectable) == (1, True, False, "ann", True)
    assert folders.of("eve") == []
    assert folders.get(10**9) is None
    assert len({folder.uid_validity for folder in folders.of("ann")}) == 5
    with pytest.raises(Conflict, match="already"):
        new(folders, "a/b/")
    with pytest.raises(Conflict):
        new(folders, "Inbox")
    assert new(folders, "ZEBRA")
    assert store.healthy() == ""


@pytest.mark.parametrize(
    "name", ["", "/", "a//b", "/a", "a//", "x" * 501, "a/" * 31 + "a", "a\r\nb", "\0", "\x9b", "a\ud800"]
)
def test_names_that_cannot_be(folders: Folders, name: str) -> None:
    with pytest.raises(Invalid):
        new(folders, name)
    folder = new(folders, "there")
    with pytest.raises(Invalid):
        folders.rename(folder, name).result(PATIENCE)


def test_there_are_not_too_many_folders(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtrap.store.naming.MOST", 3)
    new(folders, "a/b")
    with pytest.raises(Invalid, match="at most 3"):
        new(folders, "c/d")
    new(folders, "a/c")
    with pytest.raises(Invalid, match="at most 3"):
        folders.rename(folders.of("ann")[1].id, "x/y").result(PATIENCE)
    for name in "xyz":
        folders.subscribe("ann", name, True).result(PATIENCE)
    with pytest.raises(Invalid, match="at most 3"):
        folders.subscribe("ann", "w", True).result(PATIENCE)
    folders.subscribe("ann", "x", True).result(PATIENCE)
    monkeypatch.setattr("mailtrap.store.naming.MOST_OF_ALL", 3)
    with pytest.raises(Invalid, match="already"):
        new(folders, "a", "ben")


def test_a_folder_with_others_below_it_stays_as_a_level(store: Store, folders: Folders) -> None:
    below = new(folders, "a/b/c")
    _, level, _ = folders.of("ann")
    (id_,) = keep(store, *mail(1))
    assert place(folders, level.id, id_) == [1]
    folders.remove(level.id).result(PATIENCE)
    assert store.get(id_) is None or gather(folders, below) == 1
    assert [(one.name, one.selectable) for one in folders.of("ann")] == [("a", True), ("a/b", False), ("a/b/c", True)]
    with pytest.raises(NotFound):
        place(folders, level.id, id_)
    with pytest.raises(NotFound):
        folders.remove(level.id).result(PATIENCE)
    again = folders.create("ann", "a/b").result(PATIENCE)
    assert again.selectable
    assert again.uid_validity > level.uid_validity
    assert again.uid_next == 1
    folders.remove(again.id).result(PATIENCE)
    folders.remove(below).result(PATIENCE)
    assert [one.name for one in folders.of("ann")] == ["a"]


def test_removing_a_folder_deletes_what_is_only_in_it(store: Store, folders: Folders) -> None:
    inbox, work, bounces = new(folders, "INBOX"), new(folders, "Work"), new(folders, "Bounces", view=True)
    kept, gone = keep(store, *mail(2))
    gather(folders, inbox)
    place(folders, work, kept, gone)
    place(folders, bounces, kept, gone)
    folders.take_out(inbox, [2]).result(PATIENCE)
    folders.remove(work).result(PATIENCE)
    assert store.get(gone) is None
    assert store.get(kept) is not None
    folders.remove(bounces).result(PATIENCE)
    assert store.get(kept) is not None
    with pytest.raises(Invalid, match="INBOX"):
        folders.remove(inbox).result(PATIENCE)
    assert [one.name for one in folders.of("ann")] == ["INBOX"]
    assert new(folders, "Work") not in (work, bounces)


def test_renaming_takes_what_is_below_along(store: Store, folders: Folders) -> None:
    new(folders, "a/b/c")
    new(folders, "ab")
    b = folders.of("ann")[1]
    place(folders, b.id, *keep(store, *mail(1)))
    before = here(folders, b.id)
    folders.rename(b.id, "x/y").result(PATIENCE)
    assert [one.name for one in folders.of("ann")] == ["a", "ab", "x", "x/y", "x/y/c"]
    assert here(folders, b.id) == replace(before, name="x/y")
    for name in ("x/y", "ab", "x/y/c"):
        with pytest.raises(Conflict):
            folders.rename(b.id, name).result(PATIENCE)
    with pytest.raises(Invalid, match="below itself"):
        folders.rename(b.id, "x/y/z").result(PATIENCE)
    with pytest.raises(NotFound):
        folders.rename(10**6, "other").result(PATIENCE)
    folders.rename(b.id, "X/y").result(PATIENCE)
    assert [one.name for one in folders.of("ann")] == ["X", "X/y", "X/y/c", "a", "ab", "x"]


def test_renaming_inbox_moves_what_is_in_it(store: Store, folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtrap.store.naming.SLICE", 2)
    inbox, _ = new(folders, "INBOX"), new(folders, "INBOX/below")
    ids = keep(store, *mail(5))
    gather(folders, inbox)
    folders.flag(inbox, [3], ADD, ["\\Flagged"]).result(PATIENCE)
    before = here(folders, inbox)
    folders.rename(inbox, "old/mail").result(PATIENCE)
    assert [one.name for one in folders.of("ann")] == ["INBOX", "INBOX/below", "old", "old/mail"]
    moved = folders.of("ann")[-1]
    assert standing(folders, moved.id) == list(enumerate(ids, 1))
    assert flagged(folders, moved.id)[3] == "\\Flagged"
    assert folders.vanished(inbox, before.modseq) == [1, 2, 3, 4, 5]
    assert (here(folders, inbox).uid_validity, here(folders, inbox).uid_next) == (before.uid_validity, 6)
    assert gather(folders, inbox) == 0
    assert store.counters().messages == 5


def test_subscriptions_are_to_names_whatever_becomes_of_folders(folders: Folders) -> None:
    work = new(folders, "Work/now")
    assert folders.subscriptions("ann") == []
    for name in ("Work/now", "nowhere", "inbox"):
        folders.subscribe("ann", name, True).result(PATIENCE)
    assert folders.subscriptions("ANN") == ["INBOX", "Work/now", "nowhere"]
    assert here(folders, work).subscribed
    folders.rename(work, "Done").result(PATIENCE)
    assert folders.subscriptions("ann") == ["INBOX", "Work/now", "nowhere"]
    assert not here(folders, work).subscribed
    folders.rename(work, "Work/now").result(PATIENCE)
    assert here(folders, work).subscribed
    folders.remove(work).result(PATIENCE)
    assert folders.subscriptions("ann") == ["INBOX", "Work/now", "nowhere"]
    folders.subscribe("ann", "Work/now", False).result(PATIENCE)
    folders.subscribe("ann", "Work/now", False).result(PATIENCE)
    assert folders.subscriptions("ann") == ["INBOX", "nowhere"]
    assert folders.subscriptions("ben") == []


def test_items_by_uid_and_by_change(store: Store, folders: Folders) -> None:
    inbox = new(folders, "INBOX")
    place(folders, inbox, *keep(store, *mail(9)))
    since = here(folders, inbox).modseq
    folders.flag(inbox, [2, 7], ADD, ["\\Seen"]).result(PATIENCE)

    def uids(**more: Any) -> list[int]:
        return [item.uid for item in folders.items(inbox, **more)]

    assert uids(uids=[(8, 10**12), (3, 1), (2, 4)]) == [1, 2, 3, 4, 8, 9]
    assert uids(uids=[]) == []
    assert uids(changed_since=since) == [2, 7]
    assert uids(changed_since=since, uids=[(3, 9)]) == [7]
    assert uids(changed_since=10**18) == []
    assert {item.modseq for item in folders.items(inbox, changed_since=since)} == {here(folders, inbox).modseq}


def test_who_asks_about_forgotten_times_is_told_of_all_that_is_not_there(
    store: Store, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtrap.store.standing.MOST_VANISHED", 6)
    monkeypatch.setattr("mailtrap.store.standing.KEPT_VANISHED", 3)
    inbox = new(folders, "INBOX")
    place(folders, inbox, *keep(store, *mail(20)))
    before = here(folders, inbox).modseq
    for uid in range(2, 17, 2):
        folders.take_out(inbox, [uid]).result(PATIENCE)
    assert folders.vanished(inbox, before) == list(range(2, 17, 2))
    assert folders.vanished(inbox, before, [(4, 6), (20, 30)]) == [4, 6]
    assert folders.vanished(inbox, here(folders, inbox).modseq - 1) == [16]
    assert isinstance(store, SqliteStore)
    (kept,) = store._connection.execute("SELECT count(*) FROM vanished").fetchone()
    assert kept <= 6


def test_who_listens_hears_which_folders_changed(store: Store, folders: Folders) -> None:
    heard: list[Changed] = []
    told = threading.Semaphore(0)

    def hear(changed: Changed) -> None:
        heard.append(changed)
        told.release()

    def fail(_: Changed) -> None:
        raise ValueError

    folders.on_change(fail)
    folders.on_change(hear)
    one, two = new(folders, "INBOX"), new(folders, "Work")
    (id_,) = keep(store, *mail(1))
    gather(folders, one)
    modseq = here(folders, one).modseq
    place(folders, two, id_)
    folders.flag(two, [1], ADD, ["\\Flagged"]).result(PATIENCE)
    folders.flag(two, [1], ADD, ["\\Flagged"]).result(PATIENCE)
    store.mark(Selection(EVERYTHING), seen=True).result(PATIENCE)
    folders.rename(two, "Done").result(PATIENCE)
    store.delete(Selection(EVERYTHING)).result(PATIENCE)
    for _ in range(8):
        assert told.acquire(timeout=PATIENCE)
    expected = [{one}, {two}, {one}, {two}, {two}, {one, two}, {two}, {one, two}]
    assert [changed.keys() for changed in heard] == expected
    assert heard[1:3] == [{two: None}, {one: Came([Item(1, id_, (), modseq)], 2, modseq)}]
    folders.forget(hear)
    folders.forget(hear)
    folders.remove(two).result(PATIENCE)
    assert len(heard) == 8


def test_changes_to_what_is_gone_are_refused(folders: Folders, store: Store) -> None:
    folder = new(folders, "Work")
    folders.remove(folder).result(PATIENCE)
    futures: list[Any] = [
        folders.gather(folder, EVERYTHING),
        folders.place(folder, [Placement(1)]),
        folders.flag(folder, [1], ADD, ["\\Seen"]),
        folders.copy(folder, [1], folder),
        folders.take_out(folder, [1]),
        folders.remove(folder),
        folders.rename(folder, "b"),
    ]
    for future in futures:
        with pytest.raises(NotFound, match=f"no folder {folder}"):
            future.result(PATIENCE)
    assert (folders.items(folder), folders.vanished(folder, 0), folders.totals(folder)) == ([], [], Totals(0, 0, 0, 0))
    assert store.healthy() == ""
    store.close()
    with pytest.raises(Unavailable):
        folders.create("ann", "x").result(PATIENCE)


def test_what_append_put_into_one_folder_goes_with_it(store: Store, folders: Folders) -> None:
    new(folders, "INBOX")
    work = new(folders, "Work")
    (put,) = keep(store, *mail(1, arrival=replace(submission().arrival, listener="imaps")))
    place(folders, work, put)
    folders.take_out(work, [1]).result(PATIENCE)
    assert store.get(put) is None


def test_all_that_clients_rely_on_is_there_after_a_restart(make: Make) -> None:
    store = make()
    inbox = new(store.folders, "INBOX")
    ids = keep(store, *mail(4))
    gather(store.folders, inbox)
    store.folders.flag(inbox, [2], ADD, ["\\Flagged", "\\Seen", "kw"]).result(PATIENCE)
    store.folders.take_out(inbox, [3]).result(PATIENCE)
    before, items = store.folders.of("ann"), store.folders.items(inbox)
    store.close()
    folders = make().folders
    assert (folders.of("ann"), folders.items(inbox)) == (before, items)
    assert folders.vanished(inbox, 0) == [3]
    assert gather(folders, inbox) == 0
    assert place(folders, inbox, ids[0]) == [5]
    again = new(folders, "Work")
    folders.remove(again).result(PATIENCE)
    assert new(folders, "Work") > again


def test_a_name_that_is_used_again_has_a_higher_uidvalidity(folders: Folders, clock: StandingClock) -> None:
    given = []
    for advance in (0, 0, 1_000_000, -5_000_000):
        clock.time += advance
        folder = folders.create("ann", "Work", inbox="ann").result(PATIENCE)
        given.append(folder.uid_validity)
        folders.remove(folder.id).result(PATIENCE)
    assert given == sorted(set(given))
    assert all(0 < number < 1 << 32 for number in given)


def test_a_folder_that_takes_the_name_of_a_younger_one_has_new_uids(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, below = new(folders, "Old"), new(folders, "Old/below")
    first = [here(folders, one).uid_validity for one in (old, below)]
    folders.rename(old, "Archive").result(PATIENCE)
    folders.rename(old, "Old").result(PATIENCE)
    assert [here(folders, one).uid_validity for one in (old, below)] == first
    young = folders.create("ann", "Work/below", inbox="ann").result(PATIENCE)
    folders.remove(young.id).result(PATIENCE)
    folders.remove(next(one.id for one in folders.of("ann") if one.name == "Work")).result(PATIENCE)
    folders.rename(old, "Work").result(PATIENCE)
    after = [here(folders, one).uid_validity for one in (old, below)]
    assert min(after) > young.uid_validity
    assert len({*first, *after}) == 4
    # A name that is not remembered may have been that of any that is forgotten.
    monkeypatch.setattr(naming, "MOST_FORMER", 2)
    for name in ("a", "b", "c"):
        folders.remove(new(folders, name)).result(PATIENCE)
    folders.rename(below, "a").result(PATIENCE)
    assert here(folders, below).uid_validity > after[1]
    last = new(folders, "d")
    given = here(folders, last).uid_validity
    folders.rename(last, "e").result(PATIENCE)
    assert here(folders, last).uid_validity == given


_KILLED = """
import os, signal, sys
from mailtrap.clock import Clock
from mailtrap.events import Bus
from mailtrap.query import parse
from mailtrap.settings import TEMPORARY, Settings
from mailtrap.store import maintenance, open_store
from mailtrap.store.folder import Alteration
from tests.store.making import keep, submission

store = open_store(Settings(database=sys.argv[1], synchronous="normal"), Bus(), Clock())
folder = store.folders.create("ann", "INBOX", inbox="ann").result().id
keep(store, *[submission(inbox="ann") for _ in range(50)])
store.folders.gather(folder, parse("inbox:ann")).result()
store.folders.flag(folder, [7], Alteration.ADD, ["\\\\Flagged"]).result()
store.folders.take_out(folder, [9]).result()
found = store.folders.get(folder)
print(folder, found.uid_validity, found.uid_next, found.modseq, flush=True)
keep(store, *[submission(inbox="ann") for _ in range(50)])
store.folders.gather(folder, parse("inbox:ann"))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_uids_outlive_a_kill(make: Make, tmp_path: Path) -> None:
    path = str(tmp_path / "killed.db")
    run = subprocess.run(
        [sys.executable, "-c", _KILLED, path], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    folder, validity, uid_next, modseq = map(int, run.stdout.split())
    store = make(database=path)
    found = here(store.folders, folder)
    assert (found.uid_validity, uid_next) == (validity, 51)
    assert found.modseq >= modseq
    gather(store.folders, folder)
    items = store.folders.items(folder)
    assert [item.uid for item in items] == [uid for uid in range(1, 101) if uid != 9]
    assert [item.message for item in items] == sorted({item.message for item in items})
    assert flagged(store.folders, folder)[7] == "\\Flagged"
    assert store.folders.vanished(folder, 0) == [9]
    store.close()
    assert maintenance.check(Settings(database=path)) == []


def test_a_temporary_database_has_folders_too(make: Make) -> None:
    store = make(database=TEMPORARY)
    inbox = new(store.folders, "INBOX")
    keep(store, *mail(2))
    assert gather(store.folders, inbox) == 2


def test_what_retention_lets_go_by_age_vanishes(make: Make, clock: StandingClock) -> None:
    store = make(max_age=60.0)
    inbox = new(store.folders, "INBOX")
    keep(store, *mail(1, at=clock.time), *mail(1, at=clock.time + 50_000_000))
    gather(store.folders, inbox)
    clock.forward(clock.now() + 70_000_000)
    clock.advanced()
    assert [uid for uid, _ in standing(store.folders, inbox)] == [2]
    assert store.folders.vanished(inbox, 0) == [1]


def test_mail_that_nobody_collects_costs_its_capture_nothing(make: Make) -> None:
    store = make()
    assert isinstance(store, SqliteStore)
    new(store.folders, "INBOX")
    statements: list[str] = []
    store._connection.set_trace_callback(statements.append)
    keep(store, *mail(1))
    store._connection.set_trace_callback(None)
    touched = [one for one in statements if "item" in one or "folder" in one]
    assert touched == []


def test_what_is_far_apart_is_gathered_and_looking_in_vain_written_down(
    store: Store, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtrap.store.gathering.STRIDE", 3)
    monkeypatch.setattr("mailtrap.store.gathering.WRITTEN_AFTER", 10)
    monkeypatch.setattr("mailtrap.store.folders.WRITTEN_AFTER", 10)
    inbox = new(folders, "INBOX")
    keep(store, *mail(7, "ben"))
    first = keep(store, *mail(1))
    keep(store, *mail(9, "ben"))
    second = keep(store, *mail(1))
    keep(store, *mail(5, "ben"))
    assert gather(folders, inbox) == 2
    assert standing(folders, inbox) == [(1, first[0]), (2, second[0])]
    last = keep(store, *mail(12, "ben"))[-1]
    assert gather(folders, inbox) == 0
    assert isinstance(store, SqliteStore)
    assert store._connection.execute("SELECT gathered FROM folder").fetchall() == [(last,)]


def follow(folders: Folders, folder: int, query: str = "inbox:ann") -> int:
    promise = folders.follow(folder, parse(query))
    assert promise is not None
    return promise.result(PATIENCE)


def test_what_is_followed_stands_there_with_the_commit_that_keeps_it(store: Store, folders: Folders) -> None:
    inbox = new(folders, "INBOX")
    before = keep(store, *mail(2))
    heard: queue.SimpleQueue[Changed] = queue.SimpleQueue()
    folders.on_change(heard.put)
    assert follow(folders, inbox) == 2
    assert heard.get(timeout=PATIENCE) == {inbox: Came(folders.items(inbox), 3, here(folders, inbox).modseq)}
    modseq = here(folders, inbox).modseq
    _, ours = keep(store, *mail(1, "ben"), *mail(1, "ben Ann", tags=("red", "two words")))
    assert standing(folders, inbox) == [(1, before[0]), (2, before[1]), (3, ours)]
    news = folders.news(inbox, modseq)
    assert news is not None
    assert [(item.uid, item.message, item.flags) for item in news.items] == [(3, ours, ("red",))]
    assert news.folder.uid_next == 4
    assert news.folder.modseq > modseq
    assert heard.get(timeout=PATIENCE) == {inbox: Came(news.items, 4, news.folder.modseq)}
    assert gather(folders, inbox) == 0
    folders.unfollow(inbox)
    (last,) = keep(store, *mail(1))
    assert len(standing(folders, inbox)) == 3
    assert gather(folders, inbox) == 1
    assert standing(folders, inbox)[-1] == (4, last)


def test_what_came_is_not_all_where_something_else_happened_with_it() -> None:
    connection = sqlite3.connect(":memory:")
    one, two = Came([Item(4, 1, (), 9)], 5, 9), Came([Item(5, 2, (), 9)], 6, 9)
    transaction = Transaction(connection, 0)
    transaction.came(7, one)
    transaction.came(7, two)
    assert transaction.folders == {7: Came([*one.items, *two.items], 6, 9)}
    transaction.altered([7])
    transaction.came(7, two)
    assert transaction.folders == {7: None}
    connection.close()


def test_what_is_followed_can_be_told_by_inbox_recipient_and_listener_alone(store: Store, folders: Folders) -> None:
    assert folders.follow(new(folders, "INBOX"), parse("subject:s1")) is None
    assert folders.follow(new(folders, "All", use="\\All"), Query.EVERYTHING) is None
    assert folders.follow(new(folders, "Bounces"), parse("listener:notice")) is None


@pytest.mark.parametrize("query", ["inbox:ann", "rcpt=c@example.test OR inbox:c", "inbox:ann listener:imap"])
@pytest.mark.parametrize("use", ["", "\\All"])
def test_following_gathering_and_gathering_without_the_index_find_the_same(
    store: Store, folders: Folders, monkeypatch: pytest.MonkeyPatch, query: str, use: str
) -> None:
    assert isinstance(store, SqliteStore)
    followed, gathered, unindexed = [new(folders, name, use=use) for name in ("INBOX", "b", "c")]
    follow(folders, followed, query)
    monkeypatch.setattr(store._indexer, "_may_work", lambda: False)
    made = submission()
    envelopes = [
        replace(made.envelope, recipients=tuple([Recipient(one) for one in some]))
        for some in (["c@example.test"], ["C@EXAMPLE.test", "x@y"], ["xc@example.test"], ["c@example.test.", "c"], [])
    ]
    arrivals = [replace(made.arrival, listener=listener) for listener in ("smtp", "imap", "IMAP", "notice")]
    inboxes = ["ann", "ANN ben", "ben", "an", "c", "ann-c", "Ånn"]
    keep(
        store,
        *[
            replace(made, inbox=inbox, envelope=envelope, arrival=arrival)
            for inbox in inboxes
            for envelope in envelopes
            for arrival in arrivals
        ],
    )
    assert gather(folders, unindexed, query) == len(standing(folders, followed)) > 0
    monkeypatch.undo()
    assert store.catch_up(PATIENCE)
    gather(folders, gathered, query)
    assert standing(folders, gathered) == standing(folders, followed) == standing(folders, unindexed)


def test_mail_is_kept_where_a_folder_that_was_followed_is_gone(store: Store, folders: Folders) -> None:
    assert isinstance(store, SqliteStore)
    work = new(folders, "Work")
    follow(folders, work)
    store._connection.execute("UPDATE folder SET selectable = 0")
    assert len(keep(store, *mail(2))) == 2
    store._connection.execute("UPDATE folder SET selectable = 1")
    assert standing(folders, work) == []
    assert gather(folders, work) == 2


def test_what_was_followed_is_of_one_commit_or_of_none(make: Make, tmp_path: Path) -> None:
    store = make()
    assert isinstance(store, SqliteStore)
    folders, inbox = store.folders, new(store.folders, "INBOX")
    follow(folders, inbox)
    store._connection.execute(
        "CREATE TEMP TRIGGER no BEFORE INSERT ON item WHEN NEW.uid = 3 BEGIN SELECT raise(ABORT, 'no'); END"
    )
    answers = Answers()
    for one in mail(4):
        store.add(one, answers)
    told = [answers.next() for _ in range(4)]
    kept = [answer for answer in told if isinstance(answer, int)]
    assert len(kept) == 2 == store.counters().messages
    store._connection.execute("DROP TRIGGER no")
    kept += keep(store, *mail(1))
    assert standing(folders, inbox) == [(1, kept[0]), (2, kept[1]), (3, kept[2])]


def test_gathering_in_vain_leaves_the_writer_alone(store: Store, folders: Folders) -> None:
    inbox = new(folders, "INBOX")
    keep(store, *mail(3, "ben"))
    before = store.counters()
    assert isinstance(store, SqliteStore)
    generation = store._totals.generation
    for _ in range(5):
        assert gather(folders, inbox) == 0
    assert store._totals.generation == generation
    assert store.counters().messages == before.messages


def test_many_at_once_leave_everything_in_order(make: Make, tmp_path: Path) -> None:
    path = str(tmp_path / "many.db")
    store = make(database=path)
    folders = store.folders
    inbox, everything = new(folders, "INBOX"), new(folders, "All", use="\\All")
    work = new(folders, "Work")
    failed: list[BaseException] = []

    def do(number: int) -> None:
        chance = random.Random(number)
        try:
            for _ in range(40):
                keep(store, *mail(3, chance.choice(["ann", "ben ann", "ben"])))
                gather(folders, chance.choice([inbox, everything]))
                folder = chance.choice([inbox, everything, work])
                items = chance.sample(folders.items(folder), min(3, len(folders.items(folder))))
                uids = [item.uid for item in items]
                folders.flag(folder, uids, chance.choice([ADD, REMOVE, REPLACE]), ["\\Seen", "\\Deleted", "kw"]).result(
                    PATIENCE
                )
                place(folders, work, *[item.message for item in items])
                store.mark(Selection(EVERYTHING, tuple([item.message for item in items])), seen=False).result(PATIENCE)
                if chance.random() < 0.3:
                    folders.take_out(folder, uids, marked=chance.random() < 0.5).result(PATIENCE)
                if chance.random() < 0.3:
                    folders.copy(folder, uids, work, move=True).result(PATIENCE)
                if chance.random() < 0.2:
                    store.delete(Selection(EVERYTHING, tuple([item.message for item in items]), "ann")).result(PATIENCE)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=do, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20 * PATIENCE)
    assert failed == []
    for folder in (inbox, everything, work):
        gone = set(folders.vanished(folder, 0))
        assert gone | {item.uid for item in folders.items(folder)} == set(range(1, here(folders, folder).uid_next))
    store.close()
    assert maintenance.check(Settings(database=path)) == []
