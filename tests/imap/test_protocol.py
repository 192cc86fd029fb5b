"""What each command may say, what it becomes, and what is answered to one that cannot be understood."""

from __future__ import annotations

from datetime import date

import pytest

from mailtrap.imap import protocol
from mailtrap.imap.commands import (
    And,
    Append,
    Appended,
    Authenticate,
    Changed,
    Command,
    CommandError,
    Containing,
    Copy,
    Create,
    Criterion,
    Dated,
    Enable,
    Everything,
    Expunge,
    Fetch,
    Flagged,
    Id,
    Identified,
    List,
    Literal,
    Login,
    Mailbox,
    Not,
    Numbered,
    Or,
    Qresync,
    Quota,
    Rename,
    Search,
    Section,
    Select,
    SequenceSet,
    Sized,
    Sort,
    Status,
    Store,
    Thread,
    Within,
)
from mailtrap.store.folder import Alteration
from tests.imap.grammar import Wire, arguments, command


def numbers(*ranges: tuple[int, int]) -> SequenceSet:
    return SequenceSet(ranges)


ONE = numbers((1, 1))


@pytest.mark.parametrize(
    "verb",
    ["NOOP", "CAPABILITY", "LOGOUT", "STARTTLS", "IDLE", "NAMESPACE", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE"],
)
def test_some_commands_have_no_arguments(verb: str) -> None:
    assert command(b"A.1 " + verb.lower().encode()) == Command("A.1", verb)
    with pytest.raises(CommandError, match="has no arguments"):
        command(b"A.1 " + verb.encode() + b" ")


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"LOGIN bob secret", Login("bob", b"secret")),
        (b'login "b\\"o\\\\b" {3+}\r\n\xff\r\n', Login('b"o\\b', b"\xff\r\n")),
        ('LOGIN "jürgen" "pass{3}"'.encode(), Login("jürgen", b"pass{3}")),
        (b'LOGIN NIL ""', Login("NIL", b"")),
        (b"AUTHENTICATE plain", Authenticate("PLAIN")),
        (b"AUTHENTICATE PLAIN =", Authenticate("PLAIN", b"=")),
        (b"AUTHENTICATE XOAUTH2 dXNlcg==", Authenticate("XOAUTH2", b"dXNlcg==")),
        (b"ID NIL", Id()),
        (b"ID ()", Id()),
        (b'ID ("name" "x" "version" NIL)', Id((("name", "x"), ("version", None)))),
        (b"ENABLE condstore UTF8=ACCEPT CONDSTORE", Enable(("CONDSTORE", "UTF8=ACCEPT"))),
        (b"DELETE a]b", Mailbox("a]b")),
        (b'SUBSCRIBE ""', Mailbox("")),
        (b"UNSUBSCRIBE R&-D", Mailbox("R&D")),
        (b"GETQUOTAROOT {3+}\r\nx y", Mailbox("x y")),
        (b"CREATE &ZeVnLIqe-", Create("日本語")),
        (b"CREATE NIL", Create("NIL")),
        (b"CREATE Sent (USE (\\Sent \\sent \\Archive))", Create("Sent", ("\\Sent", "\\Archive"))),
        (b"CREATE Sent (use ())", Create("Sent")),
        (b"RENAME a {1+}\r\nb", Rename("a", "b")),
        (b'GETQUOTA ""', Quota("")),
        (b'SETQUOTA "" (STORAGE 512 message 3)', Quota("", (("STORAGE", 512), ("MESSAGE", 3)))),
        (b'SETQUOTA "" ()', Quota("")),
        (b"SELECT inbox", Select("inbox")),
        (b"EXAMINE x (CONDSTORE)", Select("x", condstore=True)),
        (b"SELECT x (QRESYNC (7 8))", Select("x", qresync=Qresync(7, 8))),
        (
            b"SELECT x (qresync (7 8 1:3,9 (1,2 5:6)) CONDSTORE)",
            Select("x", True, Qresync(7, 8, numbers((1, 3), (9, 9)), numbers((1, 1), (2, 2)), numbers((5, 6)))),
        ),
        (b"SELECT x (QRESYNC (7 8 (1 5)))", Select("x", qresync=Qresync(7, 8, None, ONE, numbers((5, 5))))),
        (b"STATUS x (messages SIZE Messages)", Status("x", ("MESSAGES", "SIZE"))),
    ],
)
def test_commands_outside_of_a_folder(octets: bytes, value: object) -> None:
    assert arguments(octets) == value


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b'LIST "" %', List("", ("%",))),
        (b'LIST "" ""', List("", ("",))),
        (b"LSUB x {2+}\r\n*\\", List("x", ("*\\",))),
        (b'LIST "" "&AOQ-*"', List("", ("ä*",))),
        # A pattern is no name: what is no modified UTF-7 is as it stands.
        (b'LIST "" &*', List("", ("&*",))),
        (b'LIST () "" (a "b%")', List("", ("a", "b%"), extended=True)),
        (
            b'LIST (subscribed RECURSIVEMATCH) "" * RETURN (CHILDREN STATUS (UNSEEN DELETED))',
            List(
                "",
                ("*",),
                frozenset(("SUBSCRIBED", "RECURSIVEMATCH")),
                frozenset(("CHILDREN", "STATUS")),
                ("UNSEEN", "DELETED"),
                True,
            ),
        ),
        (b'LIST (SPECIAL-USE) "" * return ()', List("", ("*",), frozenset(("SPECIAL-USE",)), extended=True)),
    ],
)
def test_lists(octets: bytes, value: object) -> None:
    assert arguments(octets) == value


def test_names_are_utf8_once_that_is_enabled() -> None:
    assert arguments('DELETE "ä&-b"'.encode(), utf8=True) == Mailbox("ä&-b")
    assert arguments("DELETE {2+}\r\nä".encode(), utf8=True) == Mailbox("ä")
    for octets in ('DELETE "ä"', "DELETE {2+}\r\nä"):
        with pytest.raises(CommandError, match="above 127"):
            arguments(octets.encode())
    with pytest.raises(CommandError, match="not UTF-8"):
        arguments(b'DELETE "\xe4"', utf8=True)


@pytest.mark.parametrize("name", [b"&", b"a&b", b"&AOQ", b"&AGE-", b"&AOQ-&AOQ-", b"&AOR-", b"&2AA-", b"&A/Q-"])
def test_a_name_is_written_in_one_way_only(name: bytes) -> None:
    with pytest.raises(CommandError, match="modified UTF-7"):
        arguments(b'SELECT "' + name + b'"')


@pytest.mark.parametrize(
    "octets", [b"DELETE {3+}\r\na\r\n", b"DELETE &AAo-", b"DELETE " + b"x" * 1001, b'DELETE "\x01"']
)
def test_a_name_is_one_line(octets: bytes) -> None:
    with pytest.raises(CommandError, match="name of a folder"):
        arguments(octets)


# Messages.


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"FETCH 1:*,3 fast", Fetch(numbers((1, 0), (3, 3)), ("FLAGS", "INTERNALDATE", "RFC822.SIZE"))),
        (b"FETCH 1 ALL", Fetch(ONE, ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"))),
        (b"FETCH 1 FULL", Fetch(ONE, ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"))),
        (b"UID FETCH $ (uid UID modseq)", Fetch(SequenceSet(saved=True), ("UID", "MODSEQ"))),
        (b"FETCH 1 (EMAILID THREADID BODYSTRUCTURE)", Fetch(ONE, ("EMAILID", "THREADID", "BODYSTRUCTURE"))),
        (b"FETCH 1 body", Fetch(ONE, ("BODY",))),
        (b"FETCH 1 body[]", Fetch(ONE, (Section(),))),
        (b"FETCH 1 BODY.PEEK[1.2.mime]<0.9>", Fetch(ONE, (Section((1, 2), "MIME", partial=(0, 9), peek=True),))),
        (b"FETCH 1 BODY[1.2]", Fetch(ONE, (Section((1, 2)),))),
        (b"FETCH 1 BODY[TEXT]<5.4294967296>", Fetch(ONE, (Section(text="TEXT", partial=(5, 4294967296)),))),
        (
            b'FETCH 1 (BODY[HEADER.FIELDS (To "From" {2+}\r\nCc)])',
            Fetch(ONE, (Section(text="HEADER.FIELDS", fields=(b"To", b"From", b"Cc")),)),
        ),
        (
            b"FETCH 1 BODY[3.HEADER.FIELDS.NOT (X-Y)]",
            Fetch(ONE, (Section((3,), "HEADER.FIELDS.NOT", (b"X-Y",)),)),
        ),
        (b"FETCH 1 BINARY.PEEK[1]<1.2>", Fetch(ONE, (Section((1,), partial=(1, 2), peek=True, name="BINARY"),))),
        (b"FETCH 1 (BINARY.SIZE[])", Fetch(ONE, (Section(peek=True, name="BINARY.SIZE"),))),
        (
            b"FETCH 1 (RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)",
            Fetch(
                ONE,
                (
                    Section(name="RFC822"),
                    Section(text="HEADER", peek=True, name="RFC822.HEADER"),
                    Section(text="TEXT", name="RFC822.TEXT"),
                    "RFC822.SIZE",
                ),
            ),
        ),
        (b"FETCH 1 FLAGS (CHANGEDSINCE 12)", Fetch(ONE, ("FLAGS",), 12)),
        (b"UID FETCH 1 (FLAGS) (VANISHED changedsince 9223372036854775807)", Fetch(ONE, ("FLAGS",), 2**63 - 1, True)),
        (b"STORE 1 FLAGS ()", Store(ONE, Alteration.REPLACE, ())),
        (b"STORE 1 +flags.silent (\\SEEN $Junk \\seen)", Store(ONE, Alteration.ADD, ("\\Seen", "$Junk"), True)),
        (b"STORE 1 -FLAGS \\Draft x", Store(ONE, Alteration.REMOVE, ("\\Draft", "x"))),
        (b"STORE 1 (UNCHANGEDSINCE 0) FLAGS (a)", Store(ONE, Alteration.REPLACE, ("a",), unchanged_since=0)),
        (b"COPY 1 x", Copy(ONE, "x")),
        (b"UID MOVE 5:3 x", Copy(numbers((5, 3)), "x")),
        (b"UID EXPUNGE 1", Expunge(ONE)),
    ],
)
def test_commands_on_messages(octets: bytes, value: object) -> None:
    read = command(b"t " + octets)
    assert read.arguments == value
    assert read.uid == octets.startswith(b"UID ")
    assert read.verb == octets.removeprefix(b"UID ").partition(b" ")[0].decode()


def test_append() -> None:
    wire = Wire()
    wire.feed(b'a APPEND x (\\answered k) "01-Feb-2026 12:00:00 -0130" {3+}\r\nabc ~{1+}\r\n\0 UTF8 (~{2+}\r\nde)\r\n')
    [event] = wire.events
    found = protocol.read(event.text, event.literals).arguments  # type: ignore[union-attr]
    first, second, third = wire.sinks
    assert found == Append(
        "x",
        (
            Appended(Literal(3, sink=first), ("\\Answered", "k"), 1_769_952_600_000_000),
            Appended(Literal(1, sink=second, binary=True)),
            Appended(Literal(2, sink=third, binary=True), utf8=True),
        ),
    )
    assert [sink.octets for sink in wire.sinks] == [b"abc", b"\0", b"de"]


# SEARCH, SORT, THREAD.

SEEN, DRAFT = Flagged("\\Seen"), Flagged("\\Draft")
DAY, NEXT = date(2026, 2, 1), date(2026, 2, 2)


@pytest.mark.parametrize(
    ("octets", "key"),
    [
        (b"ALL", Everything()),
        (b"old", Not(Flagged("\\Recent"))),
        (b"NEW", And((Flagged("\\Recent"), Not(SEEN)))),
        (b"RECENT", Flagged("\\Recent")),
        (b"seen UNDRAFT", And((SEEN, Not(DRAFT)))),
        (b"NOT (SEEN DRAFT)", Not(And((SEEN, DRAFT)))),
        (b"(SEEN)", SEEN),
        (b"OR SEEN DRAFT ALL", And((Or((SEEN, DRAFT)), Everything()))),
        (b"OR SEEN or DRAFT ALL", Or((SEEN, DRAFT, Everything()))),
        (b"OR OR SEEN DRAFT ALL", Or((Or((SEEN, DRAFT)), Everything()))),
        (b"1,5:*", Numbered(numbers((1, 1), (5, 0)))),
        (b"$", Numbered(SequenceSet(saved=True))),
        (b"UID $", Numbered(SequenceSet(saved=True), uid=True)),
        (b"* NOT UID 7", And((Numbered(numbers((0, 0))), Not(Numbered(numbers((7, 7)), uid=True))))),
        (b"KEYWORD $x UNKEYWORD y", And((Flagged("$x"), Not(Flagged("y"))))),
        (b"LARGER 0 SMALLER 9", And((Sized(True, 0), Sized(False, 9)))),
        (b'BEFORE 1-Feb-2026 ON "01-feb-2026"', And((Dated(None, DAY), Dated(DAY, NEXT)))),
        (b"SENTSINCE 1-FEB-2026", Dated(DAY, None, sent=True)),
        (b"ON 31-Dec-9999", Dated(date.max, None)),
        (b"OLDER 60 YOUNGER 1", And((Within(True, 60), Within(False, 1)))),
        (b'SUBJECT "a b" TEXT x', And((Containing("subject", "a b"), Containing("", "x")))),
        (b'HEADER X-Y "" BODY {3+}\r\na\r\n', And((Containing("header", "", "X-Y"), Containing("body", "a\r\n")))),
        ('CHARSET utf-8 FROM "jürgen"'.encode(), Containing("from", "jürgen")),
        ('CHARSET "US-ASCII" TO {2+}\r\nü'.encode(), Containing("to", "ü")),
        (b"MODSEQ 0", Changed(0)),
        (b'MODSEQ "/flags/\\\\draft" all 620162338', Changed(620162338)),
        (b"EMAILID M12 THREADID T-1_a", And((Identified("M12"), Identified("T-1_a", thread=True)))),
    ],
)
def test_search_programs(octets: bytes, key: object) -> None:
    assert arguments(b"SEARCH " + octets) == Search(key)  # type: ignore[arg-type]
    assert arguments(b"SEARCH RETURN () " + octets) == Search(key, frozenset(("ALL",)))  # type: ignore[arg-type]
    if not octets.startswith(b"CHARSET"):
        assert arguments(b"SORT (DATE) UTF-8 " + octets) == Sort((Criterion("DATE"),), key)  # type: ignore[arg-type]
        assert arguments(b"thread refs us-ascii " + octets) == Thread("REFS", key)  # type: ignore[arg-type]


def test_what_a_search_is_to_return() -> None:
    assert arguments(b"SEARCH return (min Save) ALL") == Search(Everything(), frozenset(("MIN", "SAVE")))


def test_what_to_sort_by() -> None:
    wanted = (Criterion("SUBJECT"), Criterion("DISPLAYFROM", reverse=True))
    assert arguments(b'SORT (subject reverse displayfrom) "utf-8" ALL') == Sort(wanted, Everything())


def test_an_unknown_charset_is_no_mistake_of_form() -> None:
    # Whether it has SAVE matters to what `$` is after it (RFC 5182 §2.1).
    search = arguments(b"SEARCH RETURN (SAVE) CHARSET KOI8-R TEXT {1+}\r\n\xff")
    assert isinstance(search, Search)
    assert search.unknown_charset
    assert search.returns == {"SAVE"}


@pytest.mark.parametrize("octets", [b"SORT (DATE) X ALL", b'THREAD REFS "Y" ALL'])
def test_an_unknown_charset_is_refused_with_those_there_are(octets: bytes) -> None:
    with pytest.raises(CommandError) as caught:
        arguments(octets)
    assert caught.value.code == "BADCHARSET (US-ASCII UTF-8)"
    assert caught.value.refused


def test_keys_stand_in_each_other_only_so_deep() -> None:
    assert arguments(b"SEARCH " + b"(" * 100 + b"SEEN" + b")" * 100) == Search(SEEN)
    for octets in (b"(" * 101 + b"SEEN" + b")" * 101, b"NOT " * 101 + b"SEEN", b"OR " * 101 + b"SEEN " * 103):
        with pytest.raises(CommandError, match="deep"):
            arguments(b"SEARCH " + octets)


def test_alternatives_in_a_row_are_not_deep() -> None:
    found = arguments(b"SEARCH " + b"OR SEEN " * 500 + b"DRAFT")
    assert found == Search(Or((*[SEEN] * 500, DRAFT)))
    with pytest.raises(CommandError, match="at most"):
        arguments(b"SEARCH " + b"SEEN " * 1001 + b"SEEN")


# What cannot be understood.


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"NOOP ",
        b" NOOP",
        b"NOOP\x00",
        b"NO\xffOP",
        b"(NOOP)",
        b"XYZZY",
        b"UID",
        b"UID NOOP",
        b"UID SELECT x",
        b"UID  FETCH 1 FLAGS",
        b"LOGIN",
        b"LOGIN x",
        b"LOGIN x y z",
        b"LOGIN  x y",
        b'LOGIN "x y',
        b'LOGIN "x\\y" z',
        b"LOGIN \xff x",
        b'LOGIN "\xff" x',
        b"LOGIN {3+}\r\na\0b x",
        b"LOGIN x y ",
        b"AUTHENTICATE",
        b"AUTHENTICATE PLAIN not!base64",
        b"AUTHENTICATE PLAIN a=b",
        b"AUTHENTICATE PLAIN ",
        b"ID",
        b'ID ("a")',
        b'ID ("a" "b" "c")',
        b'ID ("a" b)',
        b"ID (" + b" ".join([b'"a" "b"'] * 31) + b")",
        b'ID ("' + b"a" * 31 + b'" "b")',
        b"ENABLE",
        b"ENABLE (X)",
        b"SELECT",
        b"SELECT *",
        b"SELECT x y",
        b"SELECT x ()",
        b"SELECT x (CONDSTORE CONDSTORE)",
        b"SELECT x (QRESYNC)",
        b"SELECT x (QRESYNC (0 1))",
        b"SELECT x (QRESYNC (1 2 1:*))",
        b"SELECT x (QRESYNC (1 2 $))",
        b"SELECT x (QRESYNC (1 2 1:2 (1 2) 3))",
        b"CREATE x (USE)",
        b"CREATE x (USE (Sent))",
        b"CREATE x (USE (\\Sent) USE (\\All))",
        b"RENAME x",
        b"LIST x",
        b'LIST "" (',
        b'LIST "" ()',
        b'LIST "" * RETURN',
        b'LIST "" * RETURN (NONSENSE)',
        b'LIST "" * RETURN (STATUS)',
        b'LIST "" * RETURN (STATUS ())',
        b'LIST (NONSENSE) "" *',
        b'LIST (RECURSIVEMATCH) "" *',
        b'LIST (RECURSIVEMATCH REMOTE) "" *',
        b'LSUB "" (a)',
        b"STATUS x",
        b"STATUS x ()",
        b"STATUS x MESSAGES",
        b"STATUS x (NONSENSE)",
        b"APPEND x",
        b"APPEND x ()",
        b'APPEND x () "x"',
        b"APPEND x y",
        b"GETQUOTA",
        b"SETQUOTA x",
        b"SETQUOTA x (STORAGE)",
        b"SETQUOTA x (STORAGE 99999999999999999999)",
        b"FETCH 1",
        b"FETCH 1 ",
        b"FETCH 1 ()",
        b"FETCH 1 NONSENSE",
        b"FETCH 1 (FAST)",
        b"FETCH 1 (FLAGS",
        b"FETCH 1 (FLAGS  UID)",
        b"FETCH 1 FLAGS UID",
        b"FETCH 0 FLAGS",
        b"FETCH 01 FLAGS",
        b"FETCH 4294967296 FLAGS",
        b"FETCH 1: FLAGS",
        b"FETCH 1:2:3 FLAGS",
        b"FETCH 1,,2 FLAGS",
        b"FETCH ,1 FLAGS",
        b"FETCH $,1 FLAGS",
        b"FETCH 1 BODY[",
        b"FETCH 1 BODY[0]",
        b"FETCH 1 BODY[1.]",
        b"FETCH 1 BODY[MIME]",
        b"FETCH 1 BODY[1MIME]",
        b"FETCH 1 BODY[HEADER.FIELDS]",
        b"FETCH 1 BODY[HEADER.FIELDS ()]",
        b'FETCH 1 BODY[HEADER.FIELDS ("a b")]',
        b"FETCH 1 BODY[HEADER.FIELDS ({4+}\r\na\r\nb)]",
        b"FETCH 1 BODY[]<0.0>",
        b"FETCH 1 BODY[]<1>",
        b"FETCH 1 BODY[" + b"1." * 100 + b"1]",
        b"FETCH 1 BODY[9999999999]",
        b"FETCH 1 BINARY[HEADER]",
        b"FETCH 1 BINARY",
        b"FETCH 1 BINARY.SIZE[1]<0.1>",
        b"FETCH 1 RFC822.PEEK",
        b"FETCH 1 FLAGS ()",
        b"FETCH 1 FLAGS (NONSENSE)",
        b"FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)",
        b"UID FETCH 1 FLAGS (VANISHED)",
        b"FETCH 1 FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 2)",
        b"FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)",
        b"STORE 1 FLAGS",
        b"STORE 1 FLAGS x(",
        b"STORE 1 FLAGS (\\Recent)",
        b"STORE 1 FLAGS (\\Nonsense)",
        b"STORE 1 FLAGS (\\*)",
        b"STORE 1 *FLAGS x",
        b"STORE 1 FLAGS.LOUD x",
        b"STORE 1 (UNCHANGEDSINCE) FLAGS x",
        b"STORE 1 (CHANGEDSINCE 1) FLAGS x",
        b"COPY 1",
        b"COPY x y",
        b"EXPUNGE 1",
        b"UID EXPUNGE",
        b"SEARCH",
        b"SEARCH ",
        b"SEARCH ALL ",
        b"SEARCH NONSENSE",
        b"SEARCH NOT",
        b"SEARCH OR SEEN",
        b"SEARCH ()",
        b"SEARCH (SEEN",
        b"SEARCH SEEN)",
        b"SEARCH SEEN()",
        b"SEARCH RETURN ALL",
        b"SEARCH RETURN (NONSENSE) ALL",
        b"SEARCH RETURN (MIN)",
        b"SEARCH CHARSET UTF-8",
        b"SEARCH ALL CHARSET UTF-8",
        b"SEARCH SUBJECT",
        b"SEARCH SUBJECT (a)",
        b"SEARCH SUBJECT {1+}\r\n\xff",
        b"SEARCH KEYWORD \\Seen",
        b"SEARCH LARGER -1",
        b"SEARCH LARGER x",
        b"SEARCH OLDER 0",
        b"SEARCH ON 31-Feb-2026",
        b"SEARCH ON 1-Feb-26",
        b"SEARCH ON 1-Xyz-2026",
        b"SEARCH ON 1-Feb-0000",
        b'SEARCH ON "1-Feb-2026',
        b"SEARCH UID",
        b"SEARCH UID x",
        b"SEARCH HEADER x",
        b"SEARCH MODSEQ x",
        b'SEARCH MODSEQ "/flags/x" nonsense 1',
        b"SEARCH EMAILID a.b",
        b"SEARCH EMAILID " + b"a" * 256,
        b"SORT ALL",
        b"SORT () UTF-8 ALL",
        b"SORT (DATE) ALL",
        b"SORT (REVERSE) UTF-8 ALL",
        b"SORT (NONSENSE) UTF-8 ALL",
        b"THREAD NONSENSE UTF-8 ALL",
        b"THREAD REFS UTF-8",
        b"THREAD REFS ALL",
        b"SEARCH CHARSET X NONSENSE",
    ],
)
def test_what_cannot_be_understood_keeps_its_tag(octets: bytes) -> None:
    with pytest.raises(CommandError) as caught:
        command(b"t1 " + octets)
    assert caught.value.tag == "t1"
    text = str(caught.value)
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 200
    assert text[0].isupper() or text[0] == '"'


@pytest.mark.parametrize(
    "octets", [b"", b" NOOP", b"\0", b"\xff NOOP", b"a+b NOOP", b'"a" NOOP', b"* NOOP", b"a(b NOOP"]
)
def test_without_a_tag_there_is_none(octets: bytes) -> None:
    with pytest.raises(CommandError) as caught:
        command(octets)
    assert caught.value.tag in ("", "a")


@pytest.mark.parametrize("octets", [b"LOGIN bob hunter2\xff", b'LOGIN bob "hunter2', b"AUTHENTICATE PLAIN hunter2!"])
def test_errors_show_no_secrets(octets: bytes) -> None:
    with pytest.raises(CommandError) as caught:
        command(b"t " + octets)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"a NOOP", b"a NOOP"),
        (b"a SEARCH TEXT {3}\r\n SEEN", b"a SEARCH TEXT {3}  SEEN"),
        (b"a LOGIN bob secret", b"a LOGIN ***"),
        (b"a login", b"a login"),
        (b"a LOGIN {3}\r\n {3}\r\n", b"a LOGIN ***"),
        (b"LOGIN bob secret", b"LOGIN ***"),
        (b"a  LOGIN bob secret", b"a  LOGIN ***"),
        (b"a AUTHENTICATE PLAIN AGJvYgBzZWNyZXQ=", b"a AUTHENTICATE PLAIN ***"),
        (b"a AUTHENTICATE plain", b"a AUTHENTICATE plain"),
        (b"a AUTHENTICATE AGJvYgBzZWNyZXQ=", b"a AUTHENTICATE ***"),
        (b"a LOGINX y", b"a LOGINX y"),
    ],
)
def test_secrets_are_masked(text: bytes, shown: bytes) -> None:
    assert protocol.masked(text) == shown


def test_http_is_known_when_it_comes() -> None:
    assert protocol.is_http(b"POST / HTTP/1.1")
    assert not protocol.is_http(b"a SELECT HTTP/1.1")


# Values.


def test_sets_are_resolved() -> None:
    assert numbers((5, 3), (0, 4), (1, 1), (2, 2)).resolved(9) == [(1, 9)]
    assert numbers((7, 0)).resolved(3) == [(3, 7)]
    assert numbers((1, 2), (4, 4)).resolved(9) == [(1, 2), (4, 4)]
    assert str(numbers((1, 0), (4, 4), (0, 0))) == "1:*,4,*"
    assert str(SequenceSet(saved=True)) == "$"


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        (b"BODY.PEEK[]", b"BODY[]"),
        (b"BODY[1.2.HEADER]<5.6>", b"BODY[1.2.HEADER]<5>"),
        (b"BODY[HEADER.FIELDS (to {1+}\r\n( cc)]", b'BODY[HEADER.FIELDS (TO "(" CC)]'),
        (b"BINARY.PEEK[1]", b"BINARY[1]"),
        (b"BINARY.SIZE[1]", b"BINARY.SIZE[1]"),
        (b"RFC822.TEXT", b"RFC822.TEXT"),
    ],
)
def test_sections_are_called_what_they_are_in_the_response(asked: bytes, label: bytes) -> None:
    found = arguments(b"FETCH 1 " + asked)
    assert isinstance(found, Fetch)
    [section] = found.attributes
    assert isinstance(section, Section)
    assert section.label == label


def test_only_what_does_not_peek_marks_seen() -> None:
    marks = {}
    for asked in ("BODY[]", "BODY.PEEK[]", "BINARY[1]", "BINARY.SIZE[1]", "RFC822", "RFC822.HEADER", "RFC822.TEXT"):
        found = arguments(f"FETCH 1 {asked}".encode())
        assert isinstance(found, Fetch)
        [section] = found.attributes
        assert isinstance(section, Section)
        marks[asked] = section.marks_seen
    assert [asked for asked, does in marks.items() if does] == ["BODY[]", "BINARY[1]", "RFC822", "RFC822.TEXT"]
