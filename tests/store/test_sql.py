"""SQL and memory must choose the same messages, whatever is asked and whatever is kept."""

from __future__ import annotations

import json
import os
import sqlite3
import string
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from mailtrap.errors import QueryError
from mailtrap.mail.arrival import Arrival, Login, Tls
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.mail.message import Heading, Mailbox, Message, State, Understanding
from mailtrap.mail.words import COLUMNS, search_columns
from mailtrap.query import Query, Searchable, parse
from mailtrap.query.parse import DEEPEST
from mailtrap.query.terms import FLAGS
from mailtrap.query.tree import And, Everything, Exact, Flag, Glob, Node, Not, Number, Or, Present, Size, Time, Words
from mailtrap.store.sql import compile

Draw = Callable[[st.SearchStrategy[Any]], Any]

NOW = 1_767_225_600_000_000

TABLES = """
CREATE TABLE message(id INTEGER PRIMARY KEY AUTOINCREMENT, inbox TEXT, received_at INTEGER, size INTEGER, sha256 BLOB,
  subject TEXT, sender TEXT, to_ TEXT, cc TEXT, bcc TEXT, reply_to TEXT, message_id TEXT, date TEXT, reverse_path TEXT,
  rcpt TEXT, esmtp TEXT, listener TEXT, peer TEXT, helo TEXT, protocol TEXT, tls TEXT, login TEXT, session INTEGER,
  content INTEGER, codec TEXT, state TEXT, seen INTEGER, tags TEXT, snippet TEXT, attachments INTEGER, defects TEXT);
CREATE TABLE detail(id INTEGER PRIMARY KEY, header TEXT, filenames TEXT, kinds TEXT);
CREATE VIRTUAL TABLE search USING fts5(subject, sender, to_, cc, bcc, rcpt, body, filename, header,
  content='', tokenize='ascii', detail='full');
"""


def keep(connection: sqlite3.Connection, record: Searchable) -> None:
    """Write a message as the store does."""
    message, found = record.message, record.understanding
    heading, envelope, arrival = message.heading, message.envelope, message.arrival

    def mailboxes(listed: tuple[Mailbox, ...]) -> str:
        return json.dumps([[mailbox.name, mailbox.address] for mailbox in listed])

    row = {
        "id": message.id,
        "inbox": " ".join(message.inboxes),
        "received_at": arrival.at,
        "size": message.size,
        "subject": heading.subject,
        "sender": mailboxes(heading.sender),
        "to_": mailboxes(heading.to),
        "cc": mailboxes(heading.cc),
        "bcc": mailboxes(heading.bcc),
        "message_id": heading.message_id,
        "reverse_path": envelope.reverse_path,
        "rcpt": json.dumps(envelope.addresses),
        "listener": arrival.listener,
        "peer": arrival.peer,
        "helo": arrival.helo,
        "protocol": arrival.protocol,
        "tls": f"{arrival.tls.version} {arrival.tls.cipher}" if arrival.tls else None,
        "login": json.dumps([arrival.login.mechanism, arrival.login.user]) if arrival.login else None,
        "session": arrival.session,
        "state": message.state.value,
        "seen": int(message.seen),
        "tags": json.dumps(message.tags),
        "attachments": message.attachments,
        "defects": json.dumps(message.defects),
    }
    names = ", ".join(row)
    connection.execute(f"INSERT INTO message({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
    detail = (message.id, json.dumps(found.header), json.dumps(found.filenames), json.dumps(found.kinds))
    connection.execute("INSERT INTO detail VALUES (?, ?, ?, ?)", detail)
    connection.execute(
        f"INSERT INTO search(rowid, {', '.join(COLUMNS)}) VALUES (?{', ?' * len(COLUMNS)})",
        (message.id, *search_columns(message, found)),
    )


def select(connection: sqlite3.Connection, query: Query) -> list[int]:
    """Run a plan as the store does."""
    plan = compile(query)
    if plan.match is None:
        sql = f"SELECT m.id FROM message m WHERE {plan.where or '1'} ORDER BY m.id DESC"
        return [id_ for (id_,) in connection.execute(sql, plan.parameters)]
    where = f" AND ({plan.where})" if plan.where else ""
    sql = "SELECT s.rowid FROM search s CROSS JOIN message m ON m.id = s.rowid WHERE search MATCH ?"
    found = connection.execute(f"{sql}{where} ORDER BY s.rowid DESC", (plan.match, *plan.parameters))
    return [id_ for (id_,) in found]


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(TABLES)
    yield connection
    connection.close()


# -- What is kept and asked: few pieces, so that they meet ------------------------------------------------------------

PIECES = (
    *("ana", "Ana", "ANA", "an", "ben", "reset", "Reset password", "x.test", "a@x.test", "pass", "NEAR", "AND", "OR"),
    *(
        "Ёлка",
        "елка",
        "é",
        "e\u0301",
        "É",
        "日本語",
        "日本",
        "本",
        "ガ",
        "👍",
        "👍🏽",
        "straße",
        "STRASSE",
        "हिन्दी",
        "İ",
    ),
    *(
        "%",
        "_",
        "*",
        "?",
        "[",
        "]",
        "[a-z]",
        "^",
        ":",
        "-",
        '"',
        "''",
        "\\",
        "(",
        ")",
        "{",
        "+",
        "<",
        ">",
        "=",
        "!",
        "$[1]",
    ),
    *(" ", "\t", "\u3000", "1", "10", "\u0130", "\ue000", "\ufffd", "\u200d", "NEAR(a b, 2)", "subject : a", "a* b*"),
)
values = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
spaced = st.lists(st.sampled_from(PIECES), max_size=4).map(" ".join)
texts = values | spaced | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=6)
with_nul = texts | st.just("ana\0ben")
addresses = st.builds(
    "{}@{}".format,
    st.sampled_from(["ana", "Ana", "b*n", "b?n", "[ana]", "é", "É", "日", "a+b"]),
    st.sampled_from(["x.test", "X.test"]),
) | st.sampled_from(["", "ana", "@", "<>"])
names = st.sampled_from(["X-A", "x-a", "X_A", "Subject", "List-Id", "X", "Ünï", "x a", "*"])
labels = st.sampled_from(["", "default", "Default", "ci-1", "CI-1", "ci*", "ф", "Ф", "[x]", "a b"])
mailboxes = st.lists(st.builds(Mailbox, texts, addresses), max_size=2).map(tuple)
times = st.integers(NOW - 2, NOW + 2)
numbers = st.integers(0, 4)
peers = st.sampled_from(["", "192.0.2.1:25", "[::1]:25", "[fe80::a]:1", "::1", "192.0.2.1", "[x", "a:b:c", "[]:1"])
kinds = st.lists(st.sampled_from(["html", "text", "bounce", "pdf"]), max_size=2, unique=True).map(tuple)


@st.composite
def records(draw: Draw, id_: int) -> Searchable:
    d = draw
    defects = tuple(d(st.lists(st.just("bare-lf"), max_size=1)))
    attachments = d(numbers)
    message = Message(
        id_,
        " ".join(d(st.lists(labels, min_size=1, max_size=3))),
        Envelope(d(addresses), tuple(map(Recipient, d(st.lists(addresses, max_size=3))))),
        Arrival(
            d(times),
            d(st.sampled_from(["smtp", "smtps"])),
            peer=d(peers | texts),
            helo=d(labels | texts),
            protocol=d(st.sampled_from(["", "ESMTP", "UTF8SMTPS", "utf8smtp"])),
            tls=d(st.none() | st.just(Tls("TLSv1.3", "X"))),
            login=d(st.none() | st.builds(Login, st.just("PLAIN"), labels | texts)),
            session=d(st.none() | numbers),
        ),
        Heading(
            d(with_nul),
            d(mailboxes),
            d(mailboxes),
            d(mailboxes),
            d(mailboxes),
            message_id=d(st.sampled_from(["", "<a@b>", "a@b", "<<a>", "<A@[1]>"]) | with_nul),
        ),
        d(numbers),
        "",
        d(st.sampled_from(State)),
        d(st.booleans()),
        tuple(d(st.lists(labels, max_size=2))),
        attachments=attachments,
        defects=defects,
    )
    return Searchable(
        message,
        Understanding(
            id_,
            message.state,
            attachments=attachments,
            body=d(with_nul),
            header=tuple(d(st.lists(st.tuples(names, texts), max_size=3))),
            filenames=tuple(d(st.lists(texts, max_size=2))),
            defects=defects,
            kinds=d(kinds),
        ),
    )


piles = st.tuples(*[records(id_) for id_ in (1, 2, 3)])

address_fields = st.sampled_from(["from", "to", "cc", "bcc", "rcpt"])
whole_fields = st.sampled_from(
    ["tag", "inbox", "message-id", "reverse-path", "listener", "helo", "login", "peer", "domain"]
)
word_fields = st.sampled_from(["", "subject", "body", "filename"]) | address_fields
header_names = st.sampled_from(["X-A", "x-a", "X_A", "Subject", "X"])
literals = st.sampled_from(["*", "?", "ana", "ANA", "@", "x.test", "b", "[", "]", "^", "é", "[a-z]"])


def held(pile: tuple[Searchable, ...]) -> list[str]:
    """Every text and address of these messages, so that queries hit what is there."""
    found: dict[str, None] = {"ana": None}
    for record in pile:
        message, understanding = record.message, record.understanding
        heading = message.heading
        for mailbox in (*heading.sender, *heading.to, *heading.cc, *heading.bcc):
            found |= dict.fromkeys((mailbox.name, mailbox.address, f"{mailbox.name} <{mailbox.address}>"))
        found |= dict.fromkeys(
            (heading.subject, heading.message_id, understanding.body, *message.inboxes, *message.tags)
        )
        found |= dict.fromkeys((message.envelope.reverse_path, *message.envelope.addresses, message.arrival.helo))
        found |= dict.fromkeys((*record.values("peer"), *record.values("domain")))
        found |= dict.fromkeys((*understanding.filenames, *[value for _, value in understanding.header]))
    return [text for text in found if "\0" not in text]


@st.composite
def wildcarded(draw: Draw, texts: st.SearchStrategy[str]) -> str:
    """A text with one run of it, perhaps empty, made a wildcard, and perhaps another case."""
    text: str = draw(texts)
    first = draw(st.integers(0, len(text)))
    last = draw(st.integers(first, len(text)))
    pattern = text[:first] + draw(st.sampled_from(["*", "?", "?*", ""])) + text[last:]
    return draw(st.sampled_from([pattern, pattern.upper(), pattern + "*"]))  # type: ignore[no-any-return]


@st.composite
def sliced(draw: Draw, texts: st.SearchStrategy[str]) -> str:
    text: str = draw(texts)
    first = draw(st.integers(0, min(2, len(text))))
    return text[first : len(text) - draw(st.integers(0, 2))]


def terms(pool: list[str]) -> st.SearchStrategy[Node]:
    there = st.sampled_from(pool)
    asked = there | there.map(str.swapcase) | sliced(there) | texts
    patterns = wildcarded(there) | st.lists(literals, min_size=1, max_size=4).map("".join)
    return st.one_of(
        st.builds(Words, word_fields, asked, st.booleans()),
        st.builds(Words, st.just("header"), asked, st.booleans(), header_names),
        st.builds(Present, header_names),
        st.builds(Exact, st.just("header"), asked, header_names),
        st.builds(Exact, st.sampled_from(["subject", "filename"]), asked),
        st.builds(Exact, address_fields, asked),
        st.builds(Exact, whole_fields, asked),
        st.builds(Glob, address_fields | whole_fields, patterns),
        st.builds(Number, st.sampled_from(["id", "session"]), numbers),
        st.builds(Size, st.sampled_from(["larger", "smaller"]), numbers),
        st.builds(Time, st.sampled_from(["before", "after"]), times),
        st.sampled_from([Flag(name, flag) for name, flags in FLAGS.items() for flag in flags]),
    )


def joined(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(nodes, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, nodes), st.builds(And, several), st.builds(Or, several))


@st.composite
def cases(draw: Draw, deep: bool) -> tuple[list[Node], tuple[Searchable, ...]]:
    pile = draw(piles)
    nodes = terms(held(pile))
    if deep:
        nodes = joined(joined(nodes) | nodes) | joined(nodes)
    return draw(st.lists(nodes, min_size=8, max_size=8)), pile


def assert_agreement(database: sqlite3.Connection, nodes: list[Node], pile: tuple[Searchable, ...]) -> None:
    database.execute("BEGIN")
    try:
        for record in pile:
            keep(database, record)
        for node in nodes:
            query = Query(node)
            found = select(database, query)
            event(f"{type(node).__name__} finds {'some' if found else 'none'}")
            expected = [record.message.id for record in reversed(pile) if query.matches(record)]
            assert found == expected, (str(query), compile(query))
    finally:
        database.execute("ROLLBACK")


# Each example is three messages and eight queries.
many = settings(
    max_examples=int(os.environ.get("MAILTRAP_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def typed(text: str) -> Node | None:
    try:
        return parse(text, NOW).root
    except QueryError:
        return None


@given(case=cases(deep=False))
@many
def test_sql_and_memory_agree_on_one_term(
    database: sqlite3.Connection, case: tuple[list[Node], tuple[Searchable, ...]]
) -> None:
    assert_agreement(database, *case)


@given(case=cases(deep=True))
@many
def test_sql_and_memory_agree_on_any_query(
    database: sqlite3.Connection, case: tuple[list[Node], tuple[Searchable, ...]]
) -> None:
    assert_agreement(database, *case)


@given(typings=st.lists(values | spaced | st.text(max_size=12), min_size=8, max_size=8), pile=piles)
@many
def test_sql_and_memory_agree_on_whatever_a_person_types(
    database: sqlite3.Connection, typings: list[str], pile: tuple[Searchable, ...]
) -> None:
    assert_agreement(database, list(filter(None, map(typed, typings))), pile)


# -- What each operator finds -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample(database: sqlite3.Connection) -> Iterator[list[Searchable]]:
    pile = [
        Searchable(
            Message(
                1,
                "default",
                Envelope("bounce@shop.test", (Recipient("ben@x.test"), Recipient("Eve@slow.test"))),
                Arrival(NOW, "smtp", "192.0.2.7:25", helo="ci-[7]", login=Login("PLAIN", "app"), session=3),
                Heading(
                    "Reset your password",
                    (Mailbox("Ana Béla", "ana@shop.test"),),
                    (Mailbox("Ben", "Ben@X.test"),),
                    message_id="<k7@shop.test>",
                ),
                20_000,
                "",
                State.INDEXED,
                tags=("Release",),
                attachments=1,
            ),
            Understanding(
                1,
                State.INDEXED,
                body="Open https://shop.test/r?token=ab_12 — 100% sure",
                header=(("X-Job", "nightly 42"), ("X-Other", "day 7"), ("X-Job", "second")),
                filenames=("Terms and conditions.pdf",),
                kinds=("text", "pdf"),
            ),
        ),
        Searchable(
            Message(
                2,
                "Ci-1 Ana default",
                Envelope("", (Recipient("快@例子.test"),)),
                Arrival(NOW + 1_000_000, "smtps", "[2001:db8::7]:25", protocol="UTF8SMTPS", tls=Tls("TLSv1.3", "X")),
                Heading("重置您的密码 👍", (Mailbox("", "mailer@x.test"),), (Mailbox("", "快@例子.test"),)),
                500,
                "",
                State.INDEXED,
                seen=True,
                defects=("bare-lf",),
            ),
            Understanding(2, State.INDEXED, body="日本語のテキスト", kinds=("bounce",), defects=("bare-lf",)),
        ),
    ]
    database.execute("BEGIN")
    for record in pile:
        keep(database, record)
    yield pile
    database.execute("ROLLBACK")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [2, 1]),
        ("password", [1]),
        ("RESET password", [1]),
        ("pass", []),
        ("pass*", [1]),
        ('"your password"', [1]),
        ('"password your"', []),
        ('"reset your pass"*', [1]),
        ("密码", [2]),
        ("码密", []),
        ("テキスト", [2]),
        ("👍", [2]),
        ("bela", [1]),
        ("-password", [2]),
        ("password OR 密码", [2, 1]),
        ("password OR -password", [2, 1]),
        ("(password OR 密码) -k7", [2]),
        ("-(password OR nothing)", [2]),
        ("password -is:seen", [1]),
        ("https://shop.test/r?token=ab_12", [1]),
        ("from:ana", [1]),
        ("from:ana@shop.test", [1]),
        ("from:bounce@shop.test", [1]),
        ('from:"shop.test bounce"', []),
        ("from=ANA@shop.test", [1]),
        ('from="Ana Béla"', [1]),
        ('from="ana Béla <ana@shop.test>"', [1]),
        ("from=ana", []),
        ('from=""', [2]),
        ("from:*@x.test", [2]),
        ("to:ben@x.test", [1]),
        ("to=ben@x.test", [1]),
        ("cc:ben", []),
        ("bcc:eve", [1]),
        ("bcc=eve@slow.test", [1]),
        ("bcc:*@x.test", []),
        ("rcpt:*@slow.test", [1]),
        ("rcpt:*@slow", []),
        ("rcpt:e?e@*", [1]),
        ("rcpt:快@*", [2]),
        ("rcpt:(eve OR 快)", [2, 1]),
        ("subject:password", [1]),
        ('subject="Reset your password"', [1]),
        ('subject="reset your password"', []),
        ("body:100%", [1]),
        ("filename:conditions", [1]),
        ('filename="Terms and conditions.pdf"', [1]),
        ("header:X-Job", [1]),
        ("header:x-job:nightly", [1]),
        ('header:X-Job:"nightly 42"', [1]),
        ("header:X-Job:night*", [1]),
        ("header:X-Job:day", []),
        ('header:X-Job:"42 second"', []),
        ('header:X-Job="nightly 42"', [1]),
        ("header:X-Job=nightly", []),
        ("header:X-None", []),
        ("nightly", [1]),
        ("job", []),
        ("k7", [1]),
        ("has:attachment", [1]),
        ("has:pdf", [1]),
        ("has:defect", [2]),
        ("has:tag", [1]),
        ("has:bcc", [1]),
        ("is:unread", [1]),
        ("is:seen", [2]),
        ("is:bounce", [2]),
        ("is:tls", [2]),
        ("is:authenticated", [1]),
        ("is:utf8", [2]),
        ("tag:release", [1]),
        ("tag:rel*", [1]),
        ("tag:rel", []),
        ("inbox:ci-1", [2]),
        ("inbox:ci-*", [2]),
        ("inbox:ANA", [2]),
        ("inbox:an", []),
        ("inbox:an?", [2]),
        ("inbox:default", [2, 1]),
        ("-inbox:ana", [1]),
        ('inbox="ci-1 ana"', []),
        ("inbox:ci*ana", []),
        ("larger:10KB", [1]),
        ("smaller:500", []),
        ("smaller:501", [2]),
        ("after:2026-01-01", [2, 1]),
        ("before:2026-01-01", []),
        ("after:2026-01-01T00:00:00.000001Z", [2]),
        ("message-id:k7@shop.test", [1]),
        ("message-id:<k7@shop.test>", [1]),
        ("reverse-path:<>", [2]),
        ("reverse-path:*@shop.test", [1]),
        ("id:2", [2]),
        ("session:3", [1]),
        ("-session:3", [2]),
        ("listener:smtps", [2]),
        ("helo:ci-[7]", [1]),
        ("helo:CI-[*", [1]),
        ("helo:*[7]", [1]),
        ("helo:ci-[6-8]*", []),
        ("rcpt:*low.test", [1]),
        ("rcpt:*@slow.te*t", [1]),
        ("rcpt:eve@slow.t?", []),
        ("login:app", [1]),
        ("peer:192.0.2.7", [1]),
        ("peer:192.0.2.*", [1]),
        ("peer=2001:db8::7", [2]),
        ("peer:192.0.2.7:25", []),
        ("domain:slow.test", [1]),
        ("domain:SLOW.test", [1]),
        ("domain:*.test", [2, 1]),
        ("domain:low.test", []),
        ("domain=例子.test", [2]),
        ("-login:app", [2]),
    ],
)
def test_each_operator_finds_what_it_says(
    database: sqlite3.Connection, sample: list[Searchable], text: str, expected: list[int]
) -> None:
    query = parse(text, NOW)
    assert select(database, query) == expected
    assert [record.message.id for record in reversed(sample) if query.matches(record)] == expected


# -- No text reaches the SQL, no query is too much for SQLite ---------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'NEAR(a b) "a" NEAR "b"',
        "^a b^ a+b",
        '"a\\" OR b"',
        "'; DROP TABLE message; --",
        "subject:'a' {subject}:a",
        "rcpt:[*]@[a-z] rcpt:*[^x",
        "%_% tag:%*",
        "a NOT b NOT c",
        "NOT NOT NOT a",
    ],
)
def test_nothing_typed_is_syntax_to_sqlite(database: sqlite3.Connection, text: str) -> None:
    try:
        query = parse(text, NOW)
    except QueryError:
        return
    select(database, query)


def delete(database: sqlite3.Connection, query: Query) -> None:
    """A statement with more around the plan than a page has."""
    plan = compile(Query(And((query.root, Flag("is", "seen")))))
    source, match = "message m WHERE", []
    if plan.match:
        source = "search s CROSS JOIN message m ON m.id = s.rowid WHERE search MATCH ? AND"
        match = [plan.match]
    database.execute(
        f"DELETE FROM message WHERE id IN (SELECT m.id FROM {source} ({plan.where}) AND m.id < 0)",
        [*match, *plan.parameters],
    )


NESTINGS = {"&": "({0} {1})", "|": "({0} OR {1})", "-": "-{1}", "n": "({0} -{1})", "2": "(({0} b) OR ({1} -d))"}


def deepest(kinds: str, inmost: str) -> Iterator[Query]:
    """`(a (b OR (c (d OR …))))` and the like, at every depth that the parser takes."""
    text = inmost
    for level in range(DEEPEST + 1):
        try:
            yield parse(text, NOW)
        except QueryError:
            return
        text = NESTINGS[kinds[level % len(kinds)]].format(string.ascii_lowercase[level % 26], text)


@pytest.mark.parametrize("inmost", ["z", "bcc=x", "(a OR bcc:*x*)"])
@pytest.mark.parametrize("kinds", ["&|", "|&", "n|", "-", "|-&", "|&-", "n&", "2"])
def test_sqlite_takes_queries_as_deep_as_the_parser_does(database: sqlite3.Connection, kinds: str, inmost: str) -> None:
    for query in deepest(kinds, inmost):
        select(database, query)
        delete(database, query)


@pytest.mark.parametrize("leaf", ["a", "is:seen", "bcc=x", "-bcc=x"])
def test_sqlite_takes_queries_that_nest_on_both_sides(database: sqlite3.Connection, leaf: str) -> None:
    text, words = leaf, " OR "
    while True:
        text, words = f"({text}){words}({text})", " " if words == " OR " else " OR "
        try:
            query = parse(text, NOW)
        except QueryError:
            assert len(text) > 1000
            return
        select(database, query)
        delete(database, query)


@pytest.mark.parametrize(
    "text",
    [
        " ".join(["a"] * 200),
        " OR ".join(["a"] * 200),
        " ".join(["-a"] * 200),
        " OR ".join(["-a"] * 200),
        " OR ".join(["is:unread"] * 200),
        " OR ".join(["bcc:*x*y"] * 200),
        "快" * 1365,
        '"' + "a " * 2000 + '"',
        "header:" + "x-" * 60 + ':"' + "a " * 1900 + '"',
        "rcpt:" + "*a" * 2000,
        "rcpt:" + "[" * 4000 + "*a",
        "\ufdfa" * 1365,
    ],
    ids=range(12),
)
def test_sqlite_takes_queries_as_long_as_the_parser_does(database: sqlite3.Connection, text: str) -> None:
    begun = time.perf_counter()
    select(database, parse(text, NOW))
    assert time.perf_counter() - begun < 10


# -- How it is done ----------------------------------------------------------------------------------------------------


def test_text_alone_is_one_expression_for_the_index() -> None:
    plan = compile(parse('ana "reset pass"* (from:x OR to:y) -draft'))
    assert plan.where == ""
    assert plan.parameters == []
    assert plan.match == '("ana" AND "reset pass" * AND (sender : "x" OR to_ : "y")) NOT ("draft")'


def test_everything_asks_for_nothing() -> None:
    plan = compile(parse(""))
    assert (plan.match, plan.where, plan.parameters) == (None, "", [])
    assert compile(Query(Not(Everything()))).where == "NOT 1"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("rcpt:*@slow.test", 'rcpt : "slow test"'),
        ("rcpt:an*@x.test", 'rcpt : "an" * AND rcpt : "x test"'),
        ("rcpt:*ana*", None),
        ('subject="Hello there"', 'subject : "hello there"'),
        ("from=ana@x.test is:unread", 'sender : "ana x test"'),
        ("is:unread", None),
        ("-ana", None),
        ("ana is:unread -ben", '("ana") NOT ("ben")'),
    ],
)
def test_the_index_narrows_what_rows_must_confirm(text: str, match: str | None) -> None:
    assert compile(parse(text)).match == match
