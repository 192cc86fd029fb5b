"""What FETCH answers, out of a store: batches, slices, what is remembered, what is gone."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from mailtrap.clock import Clock
from mailtrap.errors import NotFound
from mailtrap.events import Bus
from mailtrap.imap.commands import Fetch, Section, SequenceSet
from mailtrap.imap.fetching import Responses, Wanted, fetch_responses
from mailtrap.imap.sources import AT_ONCE, HEAD, REMEMBERED, Library, Remembered
from mailtrap.net.slices import PIECE, Budget
from mailtrap.query import Query
from mailtrap.settings import Settings
from mailtrap.store.base import Selection
from mailtrap.store.folder import Alteration
from mailtrap.store.sqlite import SqliteStore
from tests.imap.written import fetched
from tests.store.making import PATIENCE, keep, keep_spooled, octets, submission

ALL = SequenceSet(((1, 0),))
EVERYTHING = Query.EVERYTHING


class Counting:
    """A store that counts what is read of it."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.folders = store.folders
        self.batches: list[int] = []
        self.streams: list[tuple[int, int]] = []

    def contents(self, ids: Sequence[int], most: int) -> dict[int, bytes | int]:
        self.batches.append(len(ids))
        return self.store.contents(ids, most)

    def octets(self, id: int, start: int = 0) -> Iterator[bytes]:
        self.streams.append((id, start))
        return self.store.octets(id, start)


class Shelf:
    """A folder with messages, and what FETCH says of it."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.counting = Counting(store)
        self.library = Library(self.counting)  # type: ignore[arg-type]
        self.folder = store.folders.create("ann", "INBOX").result(PATIENCE).id

    def add(self, *contents: bytes) -> None:
        spooled = [keep_spooled(self.store, one) for one in contents if len(one) > 2 * 1024 * 1024]
        keep(self.store, *[submission(one) for one in contents if len(one) <= 2 * 1024 * 1024])
        assert len(spooled) <= 1
        self.store.folders.gather(self.folder, EVERYTHING).result(PATIENCE)

    @property
    def wanted(self) -> list[Wanted]:
        return [Wanted(number, item) for number, item in enumerate(self.store.folders.items(self.folder), 1)]

    def responses(self, *attributes: str | Section, wanted: list[Wanted] | None = None, **options: Any) -> Responses:
        changed_since = options.pop("changed_since", None)
        fetch = Fetch(ALL, attributes, changed_since)
        wanted = self.wanted if wanted is None else wanted
        return fetch_responses(self.library, self.folder, fetch, wanted, **options)

    def fetch(self, *attributes: str | Section, **options: Any) -> list[dict[str, Any]]:
        told = fetched(b"".join(self.responses(*attributes, **options)))
        assert [number for number, _ in told] == sorted(number for number, _ in told)
        return [values for _, values in told]

    def delete(self, *ids: int) -> None:
        self.store.delete(Selection(EVERYTHING, ids)).result(PATIENCE)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    store = SqliteStore(Settings(database=str(tmp_path / "mail.db")), Bus(), Clock())
    yield Shelf(store)
    store.close()


def big(size: int = 3 * 1024 * 1024, seed: int = 1) -> bytes:
    data = base64.encodebytes(random.Random(seed).randbytes(size * 3 // 4)).replace(b"\n", b"\r\n")
    return (
        b"Subject: big\r\nFrom: a@b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nshort\r\n--b\r\n"
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + data + b"\r\n--b--\r\n"
    )


def test_what_belongs_to_the_item_is_told_without_reading(shelf: Shelf) -> None:
    shelf.add(octets("one"), octets("two"))
    shelf.store.folders.flag(shelf.folder, [2], Alteration.ADD, ["\\Flagged", "$Work"]).result(PATIENCE)
    one, two = shelf.fetch("FLAGS", "UID", "MODSEQ", "EMAILID", "THREADID")
    assert (one["FLAGS"], two["FLAGS"]) == ([], ["$Work", "\\Flagged"])
    assert (one["UID"], two["UID"]) == (1, 2)
    assert one["MODSEQ"] < two["MODSEQ"]
    assert one["EMAILID"] != two["EMAILID"]
    assert one["THREADID"] is None
    assert shelf.counting.batches == []
    assert b"".join(shelf.responses("UID", "FLAGS")) == (
        b"* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 FLAGS ($Work \\Flagged))\r\n"
    )


def test_dates_and_sizes_are_those_of_the_folder(shelf: Shelf) -> None:
    shelf.add(octets("one"))
    [one] = shelf.fetch("INTERNALDATE", "RFC822.SIZE")
    assert one == {"INTERNALDATE": b"15-Jan-2027 08:00:00 +0000", "RFC822.SIZE": len(octets("one"))}
    assert shelf.counting.batches == []


def test_uid_is_told_after_uid_and_modseq_beside_flags_to_those_who_know_it(shelf: Shelf) -> None:
    shelf.add(octets("one"))
    assert list(shelf.fetch("FLAGS", uid=True)[0]) == ["UID", "FLAGS"]
    assert list(shelf.fetch("FLAGS", "UID", uid=True)[0]) == ["FLAGS", "UID"]
    assert list(shelf.fetch("FLAGS", modseq=True)[0]) == ["FLAGS", "MODSEQ"]
    assert list(shelf.fetch("UID", modseq=True)[0]) == ["UID"]
    assert list(shelf.fetch("UID", changed_since=1)[0]) == ["UID", "MODSEQ"]
    assert list(shelf.fetch("MODSEQ", "FLAGS", modseq=True)[0]) == ["MODSEQ", "FLAGS"]


def test_flags_that_asking_has_changed_are_told_unasked(shelf: Shelf) -> None:
    shelf.add(octets("one"), octets("two"))
    one, two = shelf.wanted
    wanted = [Wanted(one.number, one.item, True), two]
    section = Section(text="TEXT")
    assert [list(told) for told in shelf.fetch(section, wanted=wanted)] == [["BODY[TEXT]", "FLAGS"], ["BODY[TEXT]"]]
    assert list(shelf.fetch(section, wanted=wanted, modseq=True)[0]) == ["BODY[TEXT]", "FLAGS", "MODSEQ"]
    assert list(shelf.fetch("FLAGS", section, wanted=wanted)[0]) == ["FLAGS", "BODY[TEXT]"]
    assert list(shelf.fetch("UID", wanted=wanted)[0]) == ["UID", "FLAGS"]


def test_many_small_messages_are_read_together_and_come_as_they_were_sent(shelf: Shelf) -> None:
    luck = random.Random(5)
    contents = [luck.randbytes(luck.randint(0, 3000)) for _ in range(600)]
    shelf.add(*contents)
    told = shelf.fetch(Section(peek=True), "RFC822.SIZE")
    assert [one["BODY[]"] for one in told] == contents
    assert [one["RFC822.SIZE"] for one in told] == [len(one) for one in contents]
    assert len(shelf.counting.batches) < 12
    assert shelf.counting.streams == []
    pieces = [len(piece) for piece in shelf.responses(Section(peek=True))]
    assert min(pieces[:-1]) >= PIECE
    assert max(pieces) < PIECE + 5000


def test_nul_is_told_as_it_was_sent_and_announced_by_binary_alone(shelf: Shelf) -> None:
    shelf.add(b"A: b\r\n\r\n\0\n")
    assert b"".join(shelf.responses(Section(text="TEXT"))) == b"* 1 FETCH (BODY[TEXT] {2}\r\n\0\n)\r\n"
    assert b"".join(shelf.responses(Section((1,), name="BINARY"))) == b"* 1 FETCH (BINARY[1] ~{2}\r\n\0\n)\r\n"
    assert b"".join(shelf.responses(Section((1,), name="BINARY", partial=(1, 5)))) == (
        b"* 1 FETCH (BINARY[1]<1> {1}\r\n\n)\r\n"
    )


def test_labels_partials_and_what_is_not_there(shelf: Shelf) -> None:
    shelf.add(b"From: a\r\nTo: b\r\n\r\nhello")
    fields = (b"to", b"Subject")
    said = b"".join(
        shelf.responses(
            Section(partial=(0, 7)),
            Section(partial=(17, 100)),
            Section(partial=(22, 1)),
            Section(partial=(23, 1)),
            Section(partial=(1 << 62, 1 << 62)),
            Section((1,)),
            Section((2,)),
            Section((2,), "MIME", partial=(0, 1)),
            Section(text="HEADER.FIELDS", fields=fields),
            Section(text="HEADER.FIELDS", fields=fields, partial=(1, 3)),
            Section(text="HEADER.FIELDS.NOT", fields=fields),
            Section((1,), name="BINARY.SIZE"),
            Section((2,), name="BINARY.SIZE"),
            Section((2,), name="BINARY"),
            Section(text="HEADER", peek=True, name="RFC822.HEADER"),
        )
    )
    assert said == (
        b"* 1 FETCH (BODY[]<0> {7}\r\nFrom: a BODY[]<17> {6}\r\n\nhello BODY[]<22> {1}\r\no "
        b'BODY[]<23> "" '
        b'BODY[]<4611686018427387904> "" BODY[1] {5}\r\nhello BODY[2] NIL BODY[2.MIME]<0> NIL '
        b"BODY[HEADER.FIELDS (TO SUBJECT)] {9}\r\nTo: b\r\n\r\n BODY[HEADER.FIELDS (TO SUBJECT)]<1> {3}\r\no:  "
        b"BODY[HEADER.FIELDS.NOT (TO SUBJECT)] {11}\r\nFrom: a\r\n\r\n BINARY.SIZE[1] 5 BINARY.SIZE[2] 0 "
        b"BINARY[2] NIL RFC822.HEADER {18}\r\nFrom: a\r\nTo: b\r\n\r\n)\r\n"
    )


def test_a_large_message_comes_in_slices_as_it_was_sent(shelf: Shelf) -> None:
    content = big()
    shelf.add(octets("before"), content, octets("after"))
    told = {one["RFC822.SIZE"]: one["BODY[]"] for one in shelf.fetch("RFC822.SIZE", Section())}
    assert told == {len(one): one for one in (octets("before"), content, octets("after"))}
    assert len(shelf.counting.streams) == 1
    assert max(len(piece) for piece in shelf.responses(Section())) < 3 * PIECE


@pytest.mark.parametrize("size", [AT_ONCE - 100, AT_ONCE * 2, 3 * 1024 * 1024])
def test_large_and_small_messages_are_told_of_alike(shelf: Shelf, size: int) -> None:
    content = big(size)
    shelf.add(content)
    start, end = content.index(b"--b\r\nContent-Type"), content.index(b"\r\n--b--")
    data = content[content.index(b"base64\r\n\r\n") + 10 : end]
    head = content[: content.index(b"--b")]
    [told] = shelf.fetch(
        "ENVELOPE",
        "BODYSTRUCTURE",
        Section(text="HEADER"),
        Section(text="TEXT", partial=(0, 20)),
        Section((1,)),
        Section((2,)),
        Section((2,), "MIME"),
        Section((2,), partial=(1000, 100_000)),
        Section((2,), name="BINARY"),
        Section((2,), name="BINARY", partial=(7, 99_000)),
        Section((2,), name="BINARY.SIZE"),
        Section(text="HEADER.FIELDS", fields=(b"subject",)),
        Section(partial=(start, 3)),
        Section(partial=(len(content) - 7, 100)),
    )
    decoded = base64.b64decode(data)
    assert told["ENVELOPE"][1] == b"big"
    assert told["BODYSTRUCTURE"][1][6] == len(data)
    assert told["BODY[HEADER]"] == head
    assert told["BODY[TEXT]<0>"] == content[len(head) :][:20]
    assert told["BODY[1]"] == b"short"
    assert told["BODY[2]"] == data
    assert told["BODY[2]<1000>"] == data[1000:101_000]
    assert told["BINARY[2]"] == decoded
    assert told["BINARY[2]<7>"] == decoded[7:99_007]
    assert told["BINARY.SIZE[2]"] == len(decoded)
    assert told["BODY[HEADER.FIELDS (SUBJECT)]"] == b"Subject: big\r\n\r\n"
    assert told[f"BODY[]<{start}>"] == b"--b"
    assert told[f"BODY[]<{len(content) - 7}>"] == content[-7:]


def test_of_a_large_message_only_the_beginning_is_read_for_its_header(shelf: Shelf) -> None:
    content = b"Subject: big\r\nFrom: a@b\r\n\r\n" + b"x" * (4 * HEAD)
    shelf.add(content)
    read: list[int] = []
    stream = shelf.counting.octets

    def octets(id: int, start: int = 0) -> Iterator[bytes]:
        for piece in stream(id, start):
            read.append(len(piece))
            yield piece

    shelf.counting.octets = octets  # type: ignore[method-assign]
    [told] = shelf.fetch("ENVELOPE", Section(text="HEADER"), Section(text="HEADER.FIELDS", fields=(b"from",)))
    assert told["ENVELOPE"][1] == b"big"
    assert told["BODY[HEADER]"] == content[: content.index(b"x")]
    assert sum(read) <= 2 * HEAD


def test_who_reads_a_part_bit_by_bit_does_not_have_it_looked_for_each_time(shelf: Shelf) -> None:
    content = big(6 * HEAD)
    shelf.add(content)
    begin = content.index(b"base64\r\n\r\n") + 10
    for first in range(0, 300_000, 100_000):
        [told] = shelf.fetch(Section((2,), partial=(first, 1000)))
        assert told[f"BODY[2]<{first}>"] == content[begin + first : begin + first + 1000]
    assert [start for _, start in shelf.counting.streams] == [0, begin + 100_000, begin + 200_000]


def test_a_message_whose_header_does_not_end_where_it_is_looked_for_is_read_whole(shelf: Shelf) -> None:
    content = b"Subject: big\r\n" + b"X: " + b"y" * (2 * HEAD) + b"\r\n\r\nbody"
    shelf.add(content)
    [told] = shelf.fetch(Section(text="TEXT"), Section(text="HEADER"))
    assert told["BODY[TEXT]"] == b"body"
    assert told["BODY[HEADER]"] == content[:-4]


def test_what_was_rendered_once_is_not_read_again(shelf: Shelf) -> None:
    shelf.add(octets("one"), octets("two"))
    first = shelf.fetch("ENVELOPE", "BODY", "BODYSTRUCTURE")
    assert shelf.counting.batches == [2]
    assert shelf.fetch("BODYSTRUCTURE", "ENVELOPE", "BODY") == first
    assert shelf.counting.batches == [2]
    shelf.fetch("ENVELOPE", utf8=True)
    assert shelf.counting.batches == [2, 2]


def test_what_is_remembered_is_bounded_and_the_last_used_stays() -> None:
    remembered = Remembered(10_000)
    for number in range(100):
        remembered.put(number, bytes(300))
        assert remembered.get(0) == bytes(300)
    assert remembered.total <= 10_000
    assert remembered.get(1) is None
    assert remembered.get(99) is not None
    remembered.put("large", bytes(5_000))
    assert remembered.get("large") is None
    remembered.put(0, bytes(1))
    assert remembered.get(0) == bytes(300)
    assert REMEMBERED < 64 * 1024 * 1024


def test_messages_that_are_gone_are_left_out_and_counted(shelf: Shelf) -> None:
    contents = [octets(str(number)) for number in range(4)]
    shelf.add(*contents)
    wanted = shelf.wanted
    shelf.delete(wanted[1].item.message)
    responses = shelf.responses(Section(), wanted=wanted)
    assert [number for number, _ in fetched(b"".join(responses))] == [1, 3, 4]
    assert (responses.told, responses.gone) == (3, 1)
    # Between the look at the folder and the reading of the messages.
    facts = shelf.store.folders.facts(shelf.folder)
    shelf.delete(wanted[2].item.message)
    shelf.counting.folders = type("Folders", (), {"facts": lambda *_: facts})()
    responses = shelf.responses("UID", Section(), wanted=wanted)
    assert [number for number, _ in fetched(b"".join(responses))] == [1, 4]
    assert (responses.told, responses.gone) == (2, 2)


def test_a_large_message_that_is_deleted_while_it_is_read_breaks_off(shelf: Shelf) -> None:
    shelf.add(big())
    responses = shelf.responses(Section())
    begun = b"".join(islice(responses, 3))
    shelf.delete(shelf.wanted[0].item.message)
    with pytest.raises(NotFound):
        list(responses)
    assert begun.startswith(b"* 1 FETCH (BODY[] {")


def test_what_cannot_be_decoded_is_left_out_and_counted(shelf: Shelf) -> None:
    shelf.add(b"Content-Transfer-Encoding: x-secret\r\n\r\nbody", octets("two"))
    responses = shelf.responses("UID", Section((1,), name="BINARY"), Section((1,), name="BINARY.SIZE"))
    told = fetched(b"".join(responses))
    assert [list(values) for _, values in told] == [["UID"], ["UID", "BINARY[1]", "BINARY.SIZE[1]"]]
    assert responses.undecoded == 2
    responses = shelf.responses(Section((1,), name="BINARY"))
    assert [number for number, _ in fetched(b"".join(responses))] == [2]
    assert responses.told == 1


def test_slow_readers_of_large_messages_keep_next_to_nothing(shelf: Shelf) -> None:
    shelf.add(big(2 * 1024 * 1024 + 9))
    budget = Budget(1024 * 1024)
    shelf.library = Library(shelf.counting, budget)  # type: ignore[arg-type]
    readers = [shelf.responses(Section((2,), name="BINARY"), Section((2,)), Section()) for _ in range(3)]
    said = [bytearray() for _ in readers]
    going = list(range(3))
    while going:
        for number in list(going):
            piece = next(readers[number], b"")
            said[number] += piece
            if not piece:
                going.remove(number)
        assert budget.total <= 2 * 1024 * 1024
    assert said[0] == said[1] == said[2]
    [(_, told)] = fetched(bytes(said[0]))
    assert list(told) == ["BINARY[2]", "BODY[2]", "BODY[]"]


def test_many_large_sections_at_once_are_made_one_after_the_other(shelf: Shelf) -> None:
    content = b"x" * (AT_ONCE - 10)
    shelf.add(content)
    made = 0
    for piece in shelf.responses(*[Section(partial=(first, 1 << 20)) for first in range(200)]):
        made += len(piece)
        assert len(piece) < AT_ONCE + 2 * PIECE
    assert made > 190 * len(content)
