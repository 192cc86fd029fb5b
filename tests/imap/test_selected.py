"""What a client knows of the folder it has open, held against a client that keeps its own account."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.imap.recent import Unheard
from mailtrap.imap.selected import Beyond, Selected, Snapshot, spelt
from mailtrap.store.folder import Item
from tests.imap.played import heard
from tests.torture.imap_model import numbers


@dataclass
class Folder:
    """Where the newest snapshot comes from. Somebody has heard of everything that there will be."""

    newest: Snapshot
    unheard: Unheard = field(default_factory=lambda: heard(10**9))

    def change(self, add: int = 0, gone: Iterable[int] = (), flags: Iterable[tuple[int, tuple[str, ...]]] = ()) -> None:
        before, modseq = self.newest, self.newest.modseq + 1
        fresh = [item._replace(flags=new, modseq=modseq) for uid, new in flags if (item := before.get(uid))]
        fresh += [Item(before.uid_next + n, 1000 + before.uid_next + n, (), modseq) for n in range(add)]
        self.newest = before.next(fresh, gone, before.uid_next + add, modseq)


def folder(*uids: int) -> Folder:
    return Folder(Snapshot([Item(uid, 1000 + uid, (), 1) for uid in uids], 0, 1))


def test_what_came_changed_and_went_is_told_once() -> None:
    there = folder(1, 3, 5)
    selected = Selected(there, set())
    there.change(add=1, gone=[1], flags=[(5, ("\\Seen",))])
    assert selected.notices() == b"* 1 EXPUNGE\r\n* 3 EXISTS\r\n* 2 FETCH (FLAGS (\\Seen))\r\n"
    assert selected.notices() == b""
    assert [selected.uid(number) for number in (1, 2, 3)] == [3, 5, 6]


def test_what_has_gone_keeps_its_number_until_it_may_be_told() -> None:
    there = folder(1, 3, 5, 7)
    selected = Selected(there, set())
    there.change(gone=[3, 5], add=1, flags=[(7, ("\\Draft",))])
    assert selected.notices(expunge=False) == b"* 5 EXISTS\r\n* 4 FETCH (FLAGS (\\Draft))\r\n"
    assert [selected.uid(number) for number in range(1, 6)] == [1, 3, 5, 7, 8]
    assert [item.uid for item in selected.items(selected.by_number([(1, 5)]))] == [1, 7, 8]
    assert selected.by_uid([(1, 100)]) == [1, 7, 8]
    assert selected.knows(3)
    assert selected.notices() == b"* 2 EXPUNGE\r\n* 2 EXPUNGE\r\n"
    assert selected.by_number([(1, 3)]) == [1, 7, 8]
    assert not selected.knows(3)


def test_who_knows_of_mod_sequences_hears_them_and_of_uids_that_have_vanished() -> None:
    there = folder(1, 2, 3, 9)
    selected = Selected(there, {"QRESYNC"})
    there.change(gone=[1, 2, 9], flags=[(3, ("x",))])
    assert selected.notices() == (
        b"* FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen x)\r\n"
        b"* OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen x \\*)] They last\r\n"
        b"* VANISHED 1:2,9\r\n* 1 FETCH (UID 3 FLAGS (x) MODSEQ (2))\r\n"
    )


def test_a_keyword_is_announced_once() -> None:
    there = folder(1)
    selected = Selected(there, set())
    there.change(flags=[(1, ("later",))])
    assert b"* FLAGS (" in selected.notices()
    there.change(flags=[(1, ("\\Seen", "later"))])
    assert selected.notices() == b"* 1 FETCH (FLAGS (\\Seen later))\r\n"


def test_what_a_client_knows_already_is_no_news_but_what_others_made_of_it_is() -> None:
    there = folder(1, 2)
    selected = Selected(there, set())
    there.change(flags=[(1, ("\\Seen",)), (2, ("\\Seen",))])
    selected.learnt(selected.items([1, 2]))
    assert selected.notices() == b""
    there.change(flags=[(2, ())])
    assert selected.notices() == b"* 2 FETCH (FLAGS ())\r\n"
    ours = Item(1, 1001, ("\\Draft",), there.newest.modseq + 1)
    selected.learnt([ours])
    there.change(add=1)
    there.newest = there.newest.next([ours], [], there.newest.uid_next, there.newest.modseq)
    assert selected.notices() == b"* 3 EXISTS\r\n"
    assert selected.notices() == b""


def test_of_a_message_that_came_and_went_nothing_is_said() -> None:
    there = folder(1)
    selected = Selected(there, set())
    there.change(add=1)
    there.change(gone=[2])
    assert selected.notices() == b""
    there.change(add=1)
    assert selected.notices() == b"* 2 EXISTS\r\n"
    assert selected.uid(2) == 3


@pytest.mark.parametrize("ranges", [[(4, 4)], [(1, 4)], [(0, 0)]])
def test_a_number_that_is_none_is_refused(ranges: list[tuple[int, int]]) -> None:
    with pytest.raises(Beyond, match="the folder has 3"):
        Selected(folder(5, 6, 7), set()).by_number(ranges)


def test_snapshots_that_read_too_much_are_none_the_worse() -> None:
    # A change that was made while the folder was read is seen now, and once more the next time.
    there = folder(1, 2)
    selected = Selected(there, set())
    early = Item(2, 1002, ("\\Seen",), 9)
    there.newest = there.newest.next([early], [], 3, 2)
    assert selected.notices() == b"* 2 FETCH (FLAGS (\\Seen))\r\n"
    again = there.newest.next([early], [], 3, 9)
    there.newest = again
    assert selected.notices() == b""
    assert again.next([early], [], 3, 9) is again
    # One that has gone since it was read is no message any more.
    there.newest = again.next([Item(3, 1003, (), 10)], [3], 4, 10)
    assert selected.notices() == b""


def test_many_share_what_is_said() -> None:
    there = folder(*range(1, 1001))
    several = [Selected(there, set()) for _ in range(3)]
    there.change(flags=[(uid, ("\\Seen",)) for uid in range(1, 1001)])
    first, second, third = [selected.notices() for selected in several]
    assert first.count(b"FETCH") == 1000
    assert first is second is third


steps = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sets(st.integers(1, 12), max_size=4),
        st.dictionaries(st.integers(1, 12), st.sampled_from([(), ("\\Seen",), ("\\Draft", "x")]), max_size=4),
        st.sampled_from(["", "numbers", "tell", "learn"]),
    ),
    max_size=12,
)


@given(steps, st.sampled_from([frozenset(), frozenset({"CONDSTORE"}), frozenset({"CONDSTORE", "QRESYNC"})]))
def test_a_client_that_believes_what_it_hears_knows_what_is_there(
    steps: list[tuple[int, set[int], dict[int, tuple[str, ...]], str]], enabled: frozenset[str]
) -> None:
    there = folder(1, 2, 4)
    selected = Selected(there, enabled)
    uids: list[int] = [1, 2, 4]
    flags = dict.fromkeys(uids, "")

    def hear(said: bytes, expunge: bool) -> None:
        for line in said.decode().splitlines():
            if found := re.fullmatch(r"\* (\d+) EXISTS", line):
                assert int(found[1]) > len(uids)
                uids.extend([selected.uid(number) for number in range(len(uids) + 1, int(found[1]) + 1)])
                flags.update({uid: " ".join(item.flags) for uid in uids if uid not in flags and (item := known(uid))})
            elif found := re.fullmatch(r"\* (\d+) EXPUNGE", line):
                assert expunge
                flags.pop(uids.pop(int(found[1]) - 1))
            elif found := re.fullmatch(r"\* VANISHED (\S+)", line):
                assert expunge
                for uid in numbers(found[1].encode()):
                    uids.remove(uid)
                    flags.pop(uid)
            elif found := re.match(r"\* (\d+) FETCH \(.*FLAGS \(([^)]*)\)", line):
                flags[uids[int(found[1]) - 1]] = found[2]
            else:
                assert line.startswith(("* FLAGS (", "* OK [PERMANENTFLAGS"))
        assert uids == [selected.uid(number) for number in range(1, len(selected) + 1)]
        assert [selected.number(uid) for uid in uids] == list(range(1, len(selected) + 1))

    def known(uid: int) -> Item | None:
        return there.newest.get(uid)

    for add, gone, changed, then in steps:
        there.change(add, gone, changed.items())
        if then == "learn":
            some = selected.items(selected.by_uid([(1, 6)]))
            selected.learnt(some)
            flags.update({item.uid: " ".join(item.flags) for item in some})
        elif then:
            hear(selected.notices(then == "tell"), then == "tell")
    hear(selected.notices(), True)
    assert uids == there.newest.uids
    assert flags == {item.uid: " ".join(item.flags) for item in there.newest.items}


def test_sets_are_spelt_short() -> None:
    assert spelt([1, 2, 3, 5, 7, 8]) == "1:3,5,7:8"
    assert spelt([]) == ""
