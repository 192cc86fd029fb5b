"""Searches in a folder find parts of header fields and of texts, the same by reading messages and by the index."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.events import Bus
from mailtrap.query import Query, parse
from mailtrap.query.tree import And, Exact, Node, Not, Or, Size, Words
from mailtrap.settings import Settings
from mailtrap.store import open_store
from mailtrap.store.base import Selection, Store
from mailtrap.store.folder import Placement
from mailtrap.store.sqlite import SqliteStore
from mailtrap.store.substrings import Needle
from tests.store.making import PATIENCE, StandingClock, keep, submission

MAIL = (
    b"""From: "Doe, Jane" <jane.doe@Example.test>
To: Bob <bob@b.test>, carol@c.test
Cc: dave@d.test
Subject: Your order  4711 has shipped
Message-ID: <abc.123@mailer.example.test>
X-Extra: first value; second

The quick brown fox jumps over the lazy dog. Reference ZX81-42.
""",
    b"""From: =?utf-8?q?J=C3=BCrgen?= <j@x.test>
To: bob@b.test
Bcc: hidden@h.test
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=
X-Extra: thirdvalue
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Stra=C3=9Fenbahn und =E6=9D=B1=E4=BA=AC=E9=83=BD
""",
    b"""From: robot@r.test
Subject:
Cc: =?utf-8?q?Gute_K=C3=B6che?= Berlin: (x) ann@a.test, hans(der)@(Koch)a.test;
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html

<p>Hyper<b>text</b> foxtrot</p>
--b
Content-Type: text/plain; charset=us-ascii
Content-Disposition: attachment; filename=notes.txt
Content-Transfer-Encoding: base64

VGhlIGJhc2U2NCB0ZXh0
--b--
""",
)

FIELDS: list[tuple[str, str, str, set[int]]] = [
    ("subject", "ORDER", "", {1}),
    ("subject", "rder  47", "", {1}),
    ("subject", "rder 47", "", set()),
    ("subject", "grusse", "", {2}),
    ("subject", "grüsse aus", "", {2}),
    ("subject", "RÜSSE AUS KOL", "", {2}),
    ("subject", "", "", {1, 2, 3}),
    ("subject", " ", "", {1, 2}),
    ("from", "doe, jane", "", {1}),
    ("from", "Jane <jane.doe@example", "", {1}),
    ("from", "jurgen", "", {2}),
    ("from", ".test", "", {1, 2, 3}),
    ("to", "carol@C", "", {1}),
    ("to", "test>, carol", "", {1}),
    ("to", "bob@b.test", "", {1, 2}),
    ("to", 'b.test","', "", set()),
    ("to", "", "", {1, 2}),
    ("cc", "dave", "", {1}),
    ("cc", "", "", {1, 3}),
    # Names of groups, and the comments that are names in an envelope (RFC 9051 §7.5.2), but no others.
    ("cc", "koche ber", "", {3}),
    ("cc", "berlin", "", {3}),
    ("cc", "koch <hans@", "", {3}),
    ("cc", "der", "", set()),
    ("cc", "te ko", "", {3}),
    ("cc", "berlin:", "", {3}),
    ("cc", "berlin: ann", "", set()),
    ("header", "berlin:", "Cc", {3}),
    ("to", "berlin", "", set()),
    ("bcc", "hidden", "", {2}),
    ("bcc", "blind", "", set()),
    ("header", "value", "X-Extra", {1, 2}),
    ("header", "Value; sec", "x-extra", {1}),
    ("header", "hird", "x-extra", {2}),
    ("header", "first value", "X-EXTRA", {1}),
    ("header", "", "X-Extra", {1, 2}),
    ("header", "order", "Subject", {1}),
    # Of a list of mailboxes what stands there, and not only what names a mailbox.
    ("header", '"doe, jane" <', "From", {1}),
    ("header", "", "To", {1, 2}),
    ("header", "<abc.123@mailer.example.test>", "Message-ID", {1}),
    ("header", "123@mailer", "message-id", {1}),
    ("header", "quoted-printable", "Content-Transfer-Encoding", {2}),
    ("header", "order", "X-Extra", set()),
    ("header", '"', "X-Extra", set()),
]

TEXTS: list[tuple[str, set[int], set[int]]] = [
    # What is looked for, in the body, in everything.
    ("fox", {1, 3}, {1, 3}),
    ("QUICK BROWN", {1}, {1}),
    ("uick bro", {1}, {1}),
    ("uick brow f", set(), set()),
    ("brown fox jum", {1}, {1}),
    ("oxtro", {3}, {3}),
    ("order", set(), {1}),
    ("rde", set(), {1}),
    ("strassenbahn", {2}, {2}),
    ("RAßENB", {2}, {2}),
    ("東京", {2}, {2}),
    ("京東", set(), set()),
    ("zx81-4", {1}, {1}),
    ("x81-42.", {1}, {1}),
    ("nowhere", set(), set()),
    ("", {1, 2, 3}, {1, 2, 3}),
    ("jane.doe@example.test", set(), {1}),
    ("grüße", set(), {2}),
]

ONLY_READ: list[tuple[str, set[int]]] = [
    # What the index does not know.
    ("Subject: Your", {1}),
    ("base64 text", {3}),
    ("hyper<b>text", {3}),
    ("hypertext", {3}),
    (". Ref", {1}),
    ("; second", {1}),
    ("<p>", {3}),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(Settings(database=str(tmp_path / "mail.db"), synchronous="normal"), Bus(), StandingClock())
    yield store
    store.close()


@pytest.fixture
def folder(store: Store) -> int:
    folder = store.folders.create("ann", "INBOX").result(PATIENCE).id
    ids = keep(store, *[submission(octets.replace(b"\n", b"\r\n")) for octets in MAIL])
    keep(store, submission(MAIL[0]))  # stands nowhere
    store.folders.place(folder, [Placement(id_) for id_ in ids]).result(PATIENCE)
    return folder


@pytest.fixture(params=("read", "indexed", "checked"))
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How text is searched: messages are read, or found in the index, or what is found there is read to be certain."""
    if request.param != "read":
        monkeypatch.setattr("mailtrap.store.matching.FEW", 0 if request.param == "indexed" else 2)
    return str(request.param)


def find(store: Store, folder: int, node: Node) -> set[int]:
    return store.folders.matching(folder, Query(node))


@pytest.mark.parametrize(("field", "value", "name", "expected"), FIELDS)
def test_strings_in_header_fields(
    store: Store, folder: int, field: str, value: str, name: str, expected: set[int]
) -> None:
    assert find(store, folder, Words(field, value, name=name)) == expected


@pytest.mark.parametrize(("value", "expected"), [("koche ber", {3}), ("berl", {3}), ("te ko", set()), ("koch <", {3})])
def test_groups_are_found_in_a_large_folder(
    store: Store, folder: int, monkeypatch: pytest.MonkeyPatch, value: str, expected: set[int]
) -> None:
    monkeypatch.setattr("mailtrap.store.matching.SCANNED", 0)
    assert find(store, folder, Words("cc", value)) == expected


@pytest.mark.parametrize(("value", "body", "everything"), TEXTS)
def test_strings_in_texts(
    store: Store, folder: int, way: str, value: str, body: set[int], everything: set[int]
) -> None:
    assert find(store, folder, Words("body", value)) == body
    assert find(store, folder, Words("", value)) == everything


@pytest.mark.parametrize(("value", "expected"), ONLY_READ)
def test_what_only_reading_finds(store: Store, folder: int, value: str, expected: set[int]) -> None:
    assert find(store, folder, Words("", value)) == expected


@pytest.mark.parametrize(("value", "expected"), [("<", {1, 2, 3}), ("</", {3}), (";", {1, 2, 3}), ("&", set())])
def test_signs_alone_are_found_in_a_folder_of_any_size(
    store: Store, folder: int, monkeypatch: pytest.MonkeyPatch, value: str, expected: set[int]
) -> None:
    few = find(store, folder, Words("", value))
    monkeypatch.setattr("mailtrap.store.matching.FEW", 0)
    monkeypatch.setattr("mailtrap.store.matching.READ_AT_ONCE", 2)
    assert find(store, folder, Words("", value)) == few
    assert few == expected


def test_the_envelope_is_not_part_of_the_text(store: Store, folder: int, way: str) -> None:
    assert find(store, folder, Words("", "blind@b.test")) == set()


def test_terms_can_be_combined_and_others_mean_what_they_always_do(store: Store, folder: int) -> None:
    fox, order = Words("", "ox"), Words("subject", "rder")
    assert find(store, folder, And((fox, order))) == {1}
    assert find(store, folder, Or((order, Words("from", "robot")))) == {1, 3}
    assert find(store, folder, Not(order)) == {2, 3}
    assert find(store, folder, And((Not(order), Size("larger", 1), Exact("inbox", "default")))) == {2, 3}
    assert store.folders.matching(folder, parse("has:html")) == {3}
    assert store.folders.matching(folder, Query.EVERYTHING) == {1, 2, 3}


def test_a_message_that_stands_twice_is_found_twice(store: Store, folder: int, way: str) -> None:
    [item] = store.folders.items(folder, uids=[(1, 1)])
    store.folders.place(folder, [Placement(item.message)]).result(PATIENCE)
    assert find(store, folder, Words("", "brown")) == {1, 4}
    assert find(store, folder, Words("subject", "order")) == {1, 4}
    assert find(store, folder, Words("header", "value", name="x-extra")) == {1, 2, 4}


def test_parts_of_words_that_come_later_are_found(store: Store, folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtrap.store.matching.FEW", 0)
    assert find(store, folder, Words("", "ewlyc")) == set()
    for number in range(3):
        placements = [
            Placement(id_) for id_ in keep(store, submission(b"Subject: s\r\n\r\nnewlycoined%d\r\n" % number))
        ]
        (uid,) = store.folders.place(folder, placements).result(PATIENCE)
        assert find(store, folder, Words("", f"lycoined{number}")) == {uid}
    monkeypatch.setattr("mailtrap.store.vocabulary.MOST_RECENT", 0)
    monkeypatch.setattr("mailtrap.store.vocabulary.MOST_WAITING", 10)
    for word in (b"another", b"onemore"):
        placements = [Placement(id_) for id_ in keep(store, submission(b"Subject: s\r\n\r\n%s\r\n" % word))]
        (uid,) = store.folders.place(folder, placements).result(PATIENCE)
        assert find(store, folder, Words("body", word.decode()[2:])) == {uid}
    store.delete(Selection(Query.EVERYTHING)).result(PATIENCE)
    assert find(store, folder, Words("", "lycoined")) == set()
    placements = [Placement(id_) for id_ in keep(store, submission(b"Subject: s\r\n\r\nafterwards\r\n"))]
    (uid,) = store.folders.place(folder, placements).result(PATIENCE)
    assert find(store, folder, Words("body", "terwar")) == {uid}


def test_in_a_store_too_big_for_it_words_are_found_by_their_beginning(
    store: Store, folder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtrap.store.matching.FEW", 0)
    monkeypatch.setattr("mailtrap.store.matching.MOST_MESSAGES", 0)
    assert find(store, folder, Words("", "quic")) == {1}
    assert find(store, folder, Words("", "uick")) == set()


def test_searching_while_mail_comes_finds_all_that_was_there(
    store: Store, folder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtrap.store.matching.FEW", 0)
    done = threading.Event()

    def send() -> None:
        # Not for ever: what is found out of so many is another question.
        for _ in range(200):
            if not done.is_set():
                keep(store, *[submission(b"Subject: more\r\n\r\nbackground\r\n") for _ in range(20)])

    sending = threading.Thread(target=send)
    sending.start()
    try:
        for _ in range(10):
            assert find(store, folder, Words("body", "umps ove")) == {1}
            assert find(store, folder, Words("header", "hird", name="x-extra")) == {2}
    finally:
        done.set()
        sending.join(PATIENCE)


def test_a_big_folder_is_made_ready_for_searches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtrap.store.folders.MANY", 2)
    folder = store.folders.create("ann", "INBOX").result(PATIENCE).id
    ids = keep(store, *[submission() for _ in range(3)])
    store.folders.place(folder, [Placement(id_) for id_ in ids]).result(PATIENCE)
    assert store.catch_up(PATIENCE)
    assert len(store.folders.items(folder)) == 3
    for thread in threading.enumerate():
        if thread.name == "vocabulary":
            thread.join(PATIENCE)
    assert isinstance(store, SqliteStore)
    assert "hello\n" in store._vocabulary._known


text = st.text(st.sampled_from("abAB üÜßeé-.東京😀\t"), max_size=8)


@given(before=text, value=text, after=text)
def test_a_string_is_part_of_whatever_it_was_put_into(before: str, value: str, after: str) -> None:
    assert Needle(value).is_in(before + value + after)
    assert Needle(value.swapcase()).is_in(before + value + after) or "ß" in value


def test_reading_and_index_agree_on_words(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(11)
    syllables = ["ka", "ro", "mi", "ten", "über", "x", "7"]

    def word() -> str:
        return "".join(chance.choices(syllables, k=chance.randint(1, 3)))

    folder = store.folders.create("ann", "INBOX").result(PATIENCE).id
    head = "Subject: {}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n"
    made = [head.format("none", " ".join([word() for _ in range(12)])) for _ in range(60)]
    ids = keep(store, *[submission(one.encode()) for one in made])
    store.folders.place(folder, [Placement(id_) for id_ in ids]).result(PATIENCE)
    for _ in range(60):
        value = " ".join([word() for _ in range(chance.randint(1, 2))])
        value = value[chance.randint(0, 1) :].strip() or "ka"
        monkeypatch.setattr("mailtrap.store.matching.FEW", 64)
        read = find(store, folder, Words("body", value))
        monkeypatch.setattr("mailtrap.store.matching.FEW", 0)
        assert find(store, folder, Words("body", value)) == read, value
