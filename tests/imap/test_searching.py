"""Which messages match a program, by which numbers they are told, and what is saved."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.imap import searching, summary
from mailtrap.imap.commands import Key, Search
from mailtrap.imap.searching import Answer, View
from mailtrap.imap.summary import Summary
from mailtrap.query import Query
from mailtrap.query.tree import Words
from mailtrap.store.folder import Item
from tests.imap.grammar import arguments, command

DAY = 86_400_000_000
NOW = 100 * DAY


class Folder:
    """Some messages: uids 10, 20, 30, … with what is said of each; notes what is asked of the store."""

    def __init__(self, *messages: tuple[str, int, int, str]) -> None:
        """Of each its flags, size, internal date in days, and header section."""
        self.items = [
            Item(10 * n, 100 + n, tuple(flags.split()), modseq=n * 7) for n, (flags, *_) in enumerate(messages, 1)
        ]
        self.known = {
            item.uid: (size, day * DAY, item.message)
            for item, (_, size, day, _) in zip(self.items, messages, strict=True)
        }
        self.heads = {item.message: said.encode() for item, (*_, said) in zip(self.items, messages, strict=True)}
        self.asked: list[object] = []
        self.gone: list[int] = []
        self.saved: Collection[int] = ()

    @property
    def view(self) -> View:
        uids = sorted([*[item.uid for item in self.items], *self.gone])
        return View(uids, self.items, self.saved, self.facts, self.matching, self.summaries)

    def facts(self, uids: Collection[int] | None) -> dict[int, tuple[int, int, int]]:
        self.asked.append(uids)
        return {uid: facts for uid, facts in self.known.items() if uids is None or uid in uids}

    def matching(self, query: Query) -> set[int]:
        self.asked.append(query.root)
        words = query.root
        assert isinstance(words, Words)
        return {item.uid for item in self.items if words.value.encode() in self.heads[item.message]} | {999}

    def summaries(self, messages: Collection[int]) -> dict[int, Summary]:
        self.asked.append(list(messages))
        return {message: summary.read(self.heads[message]) for message in messages}


@pytest.fixture
def folder() -> Folder:
    return Folder(
        ("\\Seen", 100, 10, "Date: Mon, 2 Feb 2026 23:30:00 -0800\r\nSubject: one\r\n\r\n"),
        ("\\Seen \\Flagged work", 200, 20, "Date: 3 Feb 2026 00:10 +0900\r\nSubject: two\r\n\r\n"),
        ("", 300, 30, "Subject: three\r\n\r\n"),
        ("\\Deleted Work", 400, 40, "Date: nonsense\r\nSubject: four one\r\n\r\n"),
        ("\\Draft", 500, 99, "Date: Wed, 4 Feb 2026 12:00:00 GMT\r\nSubject: five\r\n\r\n"),
    )


def found(folder: Folder, program: str) -> list[int]:
    """The sequence numbers of what matches."""
    search = arguments(f"SEARCH {program}".encode())
    assert isinstance(search, Search)
    return folder.view.spoken(searching.find(folder.view, search.key, NOW), uid=False)


@pytest.mark.parametrize(
    ("program", "numbers"),
    [
        ("ALL", [1, 2, 3, 4, 5]),
        ("OLD", [1, 2, 3, 4, 5]),
        ("NEW", []),
        ("SEEN", [1, 2]),
        ("UNSEEN", [3, 4, 5]),
        ("SEEN NOT FLAGGED", [1]),
        ("OR DRAFT DELETED", [4, 5]),
        ("OR DRAFT OR DELETED FLAGGED", [2, 4, 5]),
        ("NOT OR DRAFT OR DELETED FLAGGED", [1, 3]),
        ("NOT (SEEN FLAGGED)", [1, 3, 4, 5]),
        ("KEYWORD WORK", [2, 4]),
        ("UNKEYWORD work", [1, 3, 5]),
        ("KEYWORD unheard-of", []),
        ("2", [2]),
        ("4:2", [2, 3, 4]),
        ("*", [5]),
        ("4:*", [4, 5]),
        ("9:*", [5]),
        ("9", []),
        ("1,3 NOT 3", [1]),
        ("UID 20", [2]),
        ("UID 15:35", [2, 3]),
        ("UID 1000:*", [5]),
        ("UID *:1000", [5]),
        ("UID 1000", []),
        ("LARGER 300", [4, 5]),
        ("SMALLER 300", [1, 2]),
        ("NOT LARGER 300 NOT SMALLER 300", [3]),
        ("LARGER 9223372036854775807", []),
        ("BEFORE 31-Jan-1970", [1, 2]),
        ("ON 31-Jan-1970", [3]),
        ("SINCE 31-Jan-1970", [3, 4, 5]),
        ("SINCE 1-Jan-0001 BEFORE 31-Dec-9999", [1, 2, 3, 4, 5]),
        ("ON 31-Dec-9999", []),
        # The day as it stands in the field; without one there is none.
        ("SENTON 2-Feb-2026", [1]),
        ("SENTSINCE 3-Feb-2026", [2, 5]),
        ("SENTBEFORE 4-Feb-2026", [1, 2]),
        ("NOT SENTBEFORE 4-Feb-2026", [3, 4, 5]),
        ("YOUNGER 86400", [5]),
        ("YOUNGER 86399", []),
        ("OLDER 86400", [1, 2, 3, 4, 5]),
        ("OLDER 86401", [1, 2, 3, 4]),
        ("MODSEQ 14", [2, 3, 4, 5]),
        ("MODSEQ 15 NOT MODSEQ 35", [3, 4]),
        ("EMAILID M102", [2]),
        ("EMAILID m102", []),
        ("THREADID T1", []),
        ("SUBJECT one", [1, 4]),
        ("SUBJECT one NOT SUBJECT four", [1]),
        ("TEXT nothing", []),
    ],
)
def test_what_matches(folder: Folder, program: str, numbers: list[int]) -> None:
    assert found(folder, program) == numbers


def test_what_was_found_before(folder: Folder) -> None:
    assert found(folder, "$") == []
    folder.saved = {20, 40, 999}
    assert found(folder, "$") == [2, 4]
    assert found(folder, "NOT UID $") == [1, 3, 5]


def test_texts_are_looked_for_as_they_were_given(folder: Folder) -> None:
    found(folder, 'SUBJECT "a b" TEXT x BODY y HEADER X-Y z FROM q')
    assert folder.asked == [Words("subject", "a b")]  # nothing is left to be looked at
    folder.asked.clear()
    found(folder, "OR OR OR TEXT x BODY y HEADER X-Y z FROM q")
    assert folder.asked == [Words("", "x"), Words("body", "y"), Words("header", "z", name="X-Y"), Words("from", "q")]


def test_what_is_slow_to_know_is_asked_only_of_what_is_left(folder: Folder) -> None:
    assert found(folder, "SENTSINCE 1-Jan-2020 SUBJECT one LARGER 50 UID 10:20") == [1]
    assert folder.asked == [[10, 20], Words("subject", "one"), [101]]
    folder.asked.clear()
    assert found(folder, "SENTSINCE 1-Jan-2020 LARGER 50 SUBJECT one") == [1]
    assert folder.asked[0] is None
    folder.asked.clear()
    assert found(folder, "LARGER 1000 SUBJECT one") == []
    assert folder.asked == [None]
    folder.asked.clear()
    assert found(folder, "OR (SUBJECT one SEEN) (SUBJECT one DELETED)") == [1, 4]
    assert folder.asked == [Words("subject", "one")]


def test_what_has_gone_keeps_its_number_and_is_not_found(folder: Folder) -> None:
    folder.gone = [25]
    assert found(folder, "ALL") == [1, 2, 4, 5, 6]
    assert found(folder, "3:4") == [4]
    assert found(folder, "UID 25") == []
    del folder.known[30]  # the store is ahead of what the session knows
    assert found(folder, "LARGER 1") == [1, 2, 5, 6]


def test_an_empty_folder_has_nothing() -> None:
    for program in ("ALL", "*", "1:*", "UID *", "1", "$", "LARGER 1", "NOT SEEN"):
        assert found(Folder(), program) == []


# Answers.


def answered(folder: Folder, octets: str, extended: bool = False) -> Answer:
    return searching.answer(folder.view, command(f"t1 {octets}".encode()), NOW, extended)


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        ("SEARCH SEEN", "SEARCH 1 2"),
        ("UID SEARCH SEEN", "SEARCH 10 20"),
        ("SEARCH NEW", "SEARCH"),
        ("SEARCH MODSEQ 20 UNSEEN", "SEARCH 3 4 5 (MODSEQ 35)"),
        ("SEARCH NOT MODSEQ 20", "SEARCH 1 2 (MODSEQ 14)"),
        ("SEARCH MODSEQ 200", "SEARCH"),
        ("SEARCH RETURN () UNSEEN", 'ESEARCH (TAG "t1") ALL 3:5'),
        ("UID SEARCH RETURN (ALL) OR 1 4", 'ESEARCH (TAG "t1") UID ALL 10,40'),
        ("SEARCH RETURN (MIN MAX COUNT ALL) 2:5", 'ESEARCH (TAG "t1") MIN 2 MAX 5 ALL 2:5 COUNT 4'),
        ("SEARCH RETURN (MIN MAX COUNT ALL) NEW", 'ESEARCH (TAG "t1") COUNT 0'),
        ("UID SEARCH RETURN (MIN) NEW", 'ESEARCH (TAG "t1") UID'),
        ("UID SEARCH RETURN (MAX) SEEN", 'ESEARCH (TAG "t1") UID MAX 20'),
        ("SEARCH RETURN (MIN) MODSEQ 8", 'ESEARCH (TAG "t1") MIN 2 MODSEQ 14'),
        ("SEARCH RETURN (MAX) MODSEQ 8 SEEN", 'ESEARCH (TAG "t1") MAX 2 MODSEQ 14'),
        ("SEARCH RETURN (MIN MAX) 2:3 MODSEQ 8", 'ESEARCH (TAG "t1") MIN 2 MAX 3 MODSEQ 21'),
        ("SEARCH RETURN (MIN COUNT) MODSEQ 8", 'ESEARCH (TAG "t1") MIN 2 COUNT 4 MODSEQ 35'),
        ("SEARCH RETURN (COUNT) MODSEQ 80", 'ESEARCH (TAG "t1") COUNT 0'),
    ],
)
def test_answers(folder: Folder, octets: str, said: str) -> None:
    assert answered(folder, octets) == Answer(f"* {said}\r\n".encode())


def test_rev2_has_only_the_new_answer(folder: Folder) -> None:
    assert answered(folder, "UID SEARCH SEEN", extended=True).said == b'* ESEARCH (TAG "t1") UID ALL 10,20\r\n'
    assert answered(folder, "SEARCH NEW", extended=True).said == b'* ESEARCH (TAG "t1")\r\n'


@pytest.mark.parametrize(
    ("returns", "said", "saved"),
    [
        ("SAVE", "", (20, 30, 40)),
        ("SAVE MIN", "MIN 2", (20,)),
        ("SAVE MAX", "MAX 4", (40,)),
        ("SAVE MIN MAX", "MIN 2 MAX 4", (20, 40)),
        ("SAVE MIN COUNT", "MIN 2 COUNT 3", (20, 30, 40)),
        ("SAVE ALL", "ALL 2:4", (20, 30, 40)),
        ("SAVE MAX ALL", "MAX 4 ALL 2:4", (20, 30, 40)),
    ],
)
def test_what_is_saved(folder: Folder, returns: str, said: str, saved: tuple[int, ...]) -> None:
    wanted = f'* ESEARCH (TAG "t1") {said}\r\n'.encode() if said else b""
    assert answered(folder, f"SEARCH RETURN ({returns}) 2:4") == Answer(wanted, saved)


def test_nothing_found_is_saved_too(folder: Folder) -> None:
    assert answered(folder, "SEARCH RETURN (SAVE MIN) NEW") == Answer(b'* ESEARCH (TAG "t1")\r\n', ())


# However keys stand in each other, the sets are those that logic says.

KEYS = st.recursive(
    st.sampled_from(["SEEN", "2:4", "UID 30:*", "LARGER 250", "SUBJECT one", "SENTSINCE 3-Feb-2026", "ALL", "NEW"]),
    lambda inner: st.one_of(
        inner.map(lambda key: f"NOT {key}"),
        st.tuples(inner, inner).map(lambda keys: f"OR {keys[0]} {keys[1]}"),
        st.lists(inner, min_size=1, max_size=3).map(lambda keys: f"({' '.join(keys)})"),
    ),
    max_leaves=8,
)
EXAMPLES = (
    ("\\Seen", 100, 10, "Date: 3 Feb 2026 00:10 +0900\r\nSubject: one\r\n\r\n"),
    ("", 300, 10, "Subject: one\r\n\r\n"),
    ("\\Seen", 300, 10, "Date: 3 Feb 2026 00:10 +0900\r\n\r\n"),
    ("", 200, 10, "Date: 2 Feb 2026 00:10 +0900\r\nSubject: one\r\n\r\n"),
    ("", 300, 10, "Date: 3 Feb 2026 00:10 +0900\r\nSubject: one\r\n\r\n"),
)


@given(KEYS)
def test_logic(program: str) -> None:
    folder = Folder(*EXAMPLES)

    def holds(key: Key, number: int) -> bool:
        match type(key).__name__:
            case "Not":
                return not holds(key.key, number)  # type: ignore[union-attr]
            case "And":
                return all(holds(one, number) for one in key.keys)  # type: ignore[union-attr]
            case "Or":
                return any(holds(one, number) for one in key.keys)  # type: ignore[union-attr]
        return number in folder.view.spoken(searching.find(folder.view, key, NOW), uid=False)

    search = arguments(f"SEARCH {program}".encode())
    assert isinstance(search, Search)
    assert found(folder, program) == [number for number in range(1, 6) if holds(search.key, number)]
