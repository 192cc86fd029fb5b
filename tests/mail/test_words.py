"""Words: the index and memory must split every text alike."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.mail.message import Heading, Mailbox, Message, State, Understanding
from mailtrap.mail.words import BOUNDARY, COLUMNS, LONGEST, field_word, normalise, search_columns, split, words

#: Letters, digits and whatever splits, joins, combines, folds oddly or stands alone.
AWKWARD = (
    "aZé0_ -.@\0\t\x1f\x7f\x85\xa0\xad\xb2\xbd\xdf\u0130\u0131\u0149\u017f\u0301\u0308\u034f\u0338\u03a3\u03c2\u05b8"
    "\u05d0\u064e\u0639\u0915\u093f\u094d\u0e01\u0e33\u0eb3\u1100\u1161\u11a8\u1e9e\u200b\u200d\u2028\u2122\u20ac"
    "\u2500\u3000\u3042\u3099\u309b\u30ac\u4e2d\uac00\ud800\udfff\ue000\ue12d\uf8ff\uf900\ufb01\ufdfa\ufe0f\ufeff\uff21"
    "\uff76\uff9e\ufffd\ufffe\U0001f44d\U0001f3fd\U0001f1e9\U00020000\U000e0100\U0010ffff=<>\u226e"
)
texts = st.text(st.one_of(st.sampled_from(AWKWARD), st.characters()), max_size=60)


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE VIRTUAL TABLE search USING fts5(body, content='', tokenize='ascii')")
    connection.execute("CREATE VIRTUAL TABLE vocabulary USING fts5vocab(search, instance)")
    yield connection
    connection.close()


def indexed(index: sqlite3.Connection, text: str) -> list[str]:
    index.execute("BEGIN")
    index.execute("INSERT INTO search(rowid, body) VALUES (1, ?)", (text,))
    found = index.execute('SELECT term FROM vocabulary ORDER BY "offset"').fetchall()
    index.execute("ROLLBACK")
    return [term for (term,) in found]


@given(text=texts)
@settings(max_examples=1000, deadline=None)
def test_sqlite_finds_the_same_words_as_we_do(index: sqlite3.Connection, text: str) -> None:
    assert indexed(index, normalise(text)) == words(text)


@given(text=texts)
@settings(max_examples=500, deadline=None)
def test_normalising_twice_changes_no_word(text: str) -> None:
    assert words(normalise(text)) == words(text)
    assert words(" ".join(words(text))) == words(text)


@given(text=texts, padding=st.sampled_from(["", "plain ASCII before it " * 40, "много текста до него " * 9]))
@settings(max_examples=500, deadline=None)
def test_words_do_not_depend_on_how_much_else_is_around(text: str, padding: str) -> None:
    assert words(f"{padding} {text} {padding}") == words(padding) + words(text) + words(padding)


@given(text=texts)
@settings(deadline=None)
def test_no_text_can_hold_our_own_marks(text: str) -> None:
    assert not any("\ue000" <= character <= "\uf8ff" for character in normalise(text))


@given(name=st.text(st.one_of(st.sampled_from(AWKWARD), st.characters()), min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
def test_a_field_name_is_one_word(index: sqlite3.Connection, name: str) -> None:
    assert indexed(index, f"a {field_word(name)} b") == ["a", field_word(name), "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Reset your PASSWORD!", "reset your password"),
        ("ana+tag@x.test", "ana tag x test"),
        ("Ångström Ärger Straße", "angstrom arger strasse"),
        ("Ångström", "angstrom"),
        ("ПРИВЕТ, Ёлка", "привет елка"),
        ("Σίσυφος ΣΊΣΥΦΟΣ", "σισυφοσ σισυφοσ"),
        ("快速狐狸", "快 速 狐 狸"),
        ("日本語のテキスト abc", "日 本 語 の テ キ ス ト abc"),
        ("ｶﾞｷﾞ ＡＢＣ１２３", "ガ キ abc123".replace("キ", "ギ")),
        ("한국어 메일", "한국어 메일"),
        ("\u1112\u1161\u11ab국어", "한국어"),
        ("สวัสดี", "ส ว ั ส ด ี"),
        ("हिन्दी", "हिन्दी"),
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("👍🏽👨‍👩‍👧 ok", "👍 👨 👩 👧 ok"),
        ("co\u00adop\u200b\u200dan", "coop an"),
        ("a\0b\tc", "a b c"),
        ("€5 «x» — “y”…", "5 x y"),
        ("½ x² ™ ﬁn", "1 2 x2 tm fin"),
        ("\ud800a\ufffdb", "a b"),
        ("", ""),
    ],
)
def test_words_are_what_a_person_would_search_for(text: str, expected: str) -> None:
    assert words(text) == expected.split()


def test_only_the_first_mebi_character_counts() -> None:
    text = "a " * (LONGEST // 2) + "beyond"
    assert "beyond" not in words(text)
    assert len(normalise(text)) == LONGEST


def test_normalising_is_fast() -> None:
    # Very generous: a guard against going quadratic, not a benchmark.
    for text, seconds in (
        ("The quick brown fox. " * 143, 2e-3),
        ("Съешь же ещё этих мягких булок. " * 94, 50e-3),
        ("快速的棕色狐狸跳过了懒狗。" * 231, 50e-3),
        ("e\u0301" * 1500, 50e-3),
    ):
        normalise(text)
        best = min(_seconds(text) for _ in range(5))
        assert best < seconds, text[:20]


def _seconds(text: str) -> float:
    begun = time.perf_counter()
    normalise(text)
    return time.perf_counter() - begun


def message(**heading: object) -> Message:
    return Message(
        1,
        "default",
        Envelope("bounce@x.test", (Recipient("Ben@x.test"), Recipient("eve@x.test"))),
        Arrival(0, "smtp"),
        Heading(**{"sender": (Mailbox("Ana B", "ana@x.test"),), "to": (Mailbox("", "ben@X.test"),), **heading}),  # type: ignore[arg-type]
        10,
        "",
        State.INDEXED,
    )


def test_columns_hold_each_field_in_the_order_of_the_table() -> None:
    understanding = Understanding(1, State.INDEXED, body="Bödy", header=(("X-A", "One two"),), filenames=("a b.pdf",))
    columns = dict(zip(COLUMNS, search_columns(message(subject="Hello"), understanding), strict=True))
    assert COLUMNS == ("subject", "sender", "to_", "cc", "bcc", "rcpt", "body", "filename", "header")
    assert columns["subject"] == "hello"
    assert split(columns["sender"]) == ["ana", "b", "ana", "x", "test", BOUNDARY, "bounce", "x", "test"]
    assert split(columns["to_"]) == ["ben", "x", "test"]
    assert columns["cc"] == ""
    assert split(columns["bcc"]) == ["eve", "x", "test"]
    assert split(columns["rcpt"]) == ["ben", "x", "test", BOUNDARY, "eve", "x", "test"]
    assert columns["body"] == "body"
    assert split(columns["filename"]) == ["a", "b", "pdf"]
    tag = field_word("x-a")
    assert split(columns["header"]) == [tag, "one", "two", f"{tag}{BOUNDARY}one", f"{tag}{BOUNDARY}two"]


def test_the_message_id_is_in_the_header_text_once() -> None:
    without = Understanding(1, State.INDEXED)
    within = Understanding(1, State.INDEXED, header=(("Message-Id", "<k7@x.test>"),))
    for understanding in (without, within):
        column = dict(zip(COLUMNS, search_columns(message(message_id="<k7@x.test>"), understanding), strict=True))
        assert split(column["header"]).count("k7") == 1


def test_field_names_have_no_ascii_case_but_punctuation_of_their_own() -> None:
    assert field_word("List-ID") == field_word("list-id")
    assert len({field_word(name) for name in ("a-b", "a_b", "ab", "a.b")}) == 4
