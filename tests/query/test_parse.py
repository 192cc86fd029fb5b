"""What a query says, how it is printed, and what is said about one that cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtrap.errors import QueryError
from mailtrap.query import Query, completions, parse
from mailtrap.query.parse import DEEPEST, LONGEST, MOST_TERMS
from mailtrap.query.quoting import quoted
from mailtrap.query.terms import ALIASES, FIELDS, FLAGS, SYNTAX
from mailtrap.query.times import parse_size, parse_time
from mailtrap.query.tree import And, Exact, Flag, Glob, Node, Not, Number, Or, Present, Size, Time, Words, matches_glob

NOW = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
HOUR = 3_600_000_000
DAY = 24 * HOUR


def words(value: str, field: str = "", prefix: bool = False, name: str = "") -> Words:
    return Words(field, value, prefix, name)


a, b, c, d = map(words, "abcd")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("a b", And((a, b))),
        ("a AND b", And((a, b))),
        ("a\u3000b", And((a, b))),
        ("a OR b c OR d", Or((a, And((b, c)), d))),
        ("(a OR b) c", And((Or((a, b)), c))),
        ("((a) (b (c)))", And((a, b, c))),
        ("-a NOT b", And((Not(a), Not(b)))),
        ("--a", Not(Not(a))),
        ("-(a b)", Not(And((a, b)))),
        ("a(b)c", And((a, b, c))),
        ('"AND" and or', And((words("AND"), words("and"), words("or")))),
        ('"a b"', words("a b")),
        ('"a b"*', words("a b", prefix=True)),
        ("ab*", words("ab", prefix=True)),
        ("ab.*", words("ab.")),
        (r'"say \"a\" \\"', words('say "a" \\')),
        ("10:30", words("10:30")),
        ("https://x.test/?a=b", words("https://x.test/?a=b")),
        ("Subject:a", words("a", "subject")),
        ("subject=a*", Exact("subject", "a*")),
        ('subject=""', Exact("subject", "")),
        ('filename="a b.pdf"', Exact("filename", "a b.pdf")),
        ("from:(a OR b@x)", Or((words("a", "from"), words("b@x", "from")))),
        ("from=(a b)", And((Exact("from", "a"), Exact("from", "b")))),
        ("from:(-a)", Not(words("a", "from"))),
        ("from:ana*", words("ana", "from", prefix=True)),
        ("from:ana@*", Glob("from", "ana@*")),
        ("from:*", Glob("from", "*")),
        ("from:a***b", Glob("from", "a*b")),
        ("from:an?", Glob("from", "an?")),
        ('from:"an?"', words("an?", "from")),
        ("rcpt:*@slow.test", Glob("rcpt", "*@slow.test")),
        ("rcpt=*@slow.test", Exact("rcpt", "*@slow.test")),
        ("domain:slow.test", Exact("domain", "slow.test")),
        ("domain:*.test", Glob("domain", "*.test")),
        ("peer:192.0.2.*", Glob("peer", "192.0.2.*")),
        ("peer:2001:db8::1", Exact("peer", "2001:db8::1")),
        ("header:X-A", Present("X-A")),
        ("header:X-A b", And((Present("X-A"), b))),
        ("header:X-A:b", words("b", "header", name="X-A")),
        ("header:X-A:b*", words("b", "header", True, "X-A")),
        ('header:X-A:"b c"', words("b c", "header", name="X-A")),
        ("header:X-A:(b OR c)", Or((words("b", "header", name="X-A"), words("c", "header", name="X-A")))),
        ("header:X-A=b:c", Exact("header", "b:c", "X-A")),
        ('header:X-A=""', Exact("header", "", "X-A")),
        ("is:(unread OR Tagged)", Or((Flag("is", "unseen"), Flag("is", "tagged")))),
        ("has:attachment", Flag("has", "attachment")),
        ("tag:a", Exact("tag", "a")),
        ("tag=a*", Exact("tag", "a*")),
        ("tag:a*", Glob("tag", "a*")),
        ("inbox:(a OR b)", Or((Exact("inbox", "a"), Exact("inbox", "b")))),
        ("message-id:<a@b>", Exact("message-id", "a@b")),
        ("reverse-path:<>", Exact("reverse-path", "")),
        ("id:12", Number("id", 12)),
        ("session:0", Number("session", 0)),
        ("larger:10KB", Size("larger", 10_240)),
        ("before:2026-01-01", Time("before", NOW)),
        ("after:2h", Time("after", NOW - 2 * HOUR)),
    ],
)
def test_a_query_says(text: str, node: Node) -> None:
    assert parse(text, NOW).root == node


@pytest.mark.parametrize("text", ["", " ", "\t\n\u3000"])
def test_blank_text_is_everything(text: str) -> None:
    assert parse(text) == Query.EVERYTHING
    assert str(Query.EVERYTHING) == ""


def test_a_query_can_be_narrowed_to_an_inbox() -> None:
    assert parse("").within("ci 1") == parse('inbox="ci 1"')
    assert str(parse("a OR b").within("x")) == "inbox=x (a OR b)"
    assert parse("a b").within("x") == parse("inbox=x a b")


@pytest.mark.parametrize(
    ("text", "position", "message", "hint"),
    [
        ("form:ana", 0, "no field `form`", "Did you mean `from:`?"),
        ("a Re: b", 2, "no field `Re`", 'quote it: "Re:"'),
        ("a token=b", 2, "no field `token`", 'quote it: "token="'),
        ('a "b c', 2, "never closed", "closing quote"),
        ('subject:"b', 8, "never closed", "closing quote"),
        ("a (b", 2, "`(` is never closed", "Add `)`"),
        ("(", 0, "`(` is never closed", "Add `)`"),
        ("from:(a", 5, "`(` is never closed", "Add `)`"),
        ("a) b", 1, "`)` closes nothing", "quotes"),
        (" )a", 1, "`)` closes nothing", "quotes"),
        ("a ()", 2, "nothing between the parentheses", "Remove"),
        ("OR a", 0, "`OR` has nothing before it", '"OR"'),
        ("AND a", 0, "`AND` has nothing before it", '"AND"'),
        ("a OR", 2, "`OR` has nothing after it", '"OR"'),
        ("a OR OR b", 2, "`OR` has nothing after it", '"OR"'),
        ("(a OR) b", 3, "`OR` has nothing after it", '"OR"'),
        ("a AND", 2, "`AND` has nothing after it", '"AND"'),
        ("a AND AND b", 2, "`AND` has nothing after it", '"AND"'),
        ("a - b", 2, "`-` has nothing after it", '"-"'),
        ("a NOT", 2, "`NOT` has nothing after it", '"NOT"'),
        ("NOT AND b", 0, "`NOT` has nothing after it", '"NOT"'),
        ("a & b", 2, "no letter or digit", "Leave it out"),
        ("*", 0, "no letter or digit", "Leave it out"),
        ('a ""', 2, "no letter or digit", "Leave it out"),
        ('subject:"!!"', 8, "no letter or digit", "subject="),
        ("subject: a", 8, "`subject:` has no value", "without a space"),
        ("from:( )", 5, "nothing between", "Remove"),
        ("from:(a to:b)", 8, "values of one field, not `to:`", "Close the parenthesis"),
        ("body=a", 4, "`body` takes `:`, not `=`", "body:"),
        ("larger=5", 6, "takes `:`, not `=`", "larger:"),
        ("is=seen", 2, "takes `:`, not `=`", "is:"),
        ("larger:big", 7, "no size", "10KB"),
        ("before:soon", 7, "no time", "2026-01-31"),
        ("before:2026-02-30", 7, "no time", "2026-01-31"),
        ("id:x", 3, "no number", "id:12"),
        ("id:9223372036854775808", 3, "no number", "id:12"),
        ("id:٣", 3, "no number", "id:12"),
        ("is:reed", 3, "does not take `reed`", "Did you mean is:read?"),
        ("has:zzzz", 4, "does not take `zzzz`", "It takes attachment, html"),
        ('tag:"a"*', 7, "means nothing", "quotes"),
        ("header:", 7, "name of a header field", "header:Name"),
        ("header=a", 7, "name of a header field", "header:Name"),
        ("header:X*:a", 7, "name of a header field", "header:Name"),
        ("header:Ünï", 7, "name of a header field", "header:Name"),
        ("header:" + "x" * 129, 7, "name of a header field", "header:Name"),
        ("header:X:", 9, "`header:X:` has no value", "without a space"),
        ("a\0b", 1, "cannot be searched for", "Remove"),
        ("a\ud800", 1, "cannot be searched for", "Remove"),
        ("x" * (LONGEST + 1), LONGEST, "longer than", "Ask for less"),
        ("é" * LONGEST, LONGEST // 2, "longer than", "Ask for less"),
        ("(" * DEEPEST + "(a", DEEPEST, "levels", "flatter"),
        ("-" * DEEPEST + "-a", DEEPEST, "levels", "flatter"),
        ("a " * MOST_TERMS + "b", 2 * MOST_TERMS, "terms", "Ask for less"),
        ("header:" + "x" * 100 + ":(" + "a " * 100 + ")", 0, "written out", "Ask for less"),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, position: int, message: str, hint: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text, NOW)
    error = caught.value
    assert message in str(error)
    assert hint in error.hint
    assert error.position == position
    assert f"(character {position + 1})" in str(error)
    assert error.query == text


def test_relative_times_need_a_now() -> None:
    with pytest.raises(QueryError, match="relative time"):
        parse("after:today")


OPERATORS = ("b", " OR ", " AND ", "NOT ", "from:", "tag:", "header:X-A", "after:2h", "is:read", "larger:1.5KB", "id:3")
VALUES = ("日", "é", "🙂", "*@x.test", "<", ">", '"a b"', "subject=", "message-id:", "reverse-path:<>", "2026-01-01")
PIECES = st.sampled_from('a "():=*-?\\') | st.sampled_from(OPERATORS) | st.sampled_from(VALUES)
texts = st.lists(PIECES, max_size=15).map("".join) | st.text(max_size=30)


@given(text=texts)
@settings(max_examples=600, deadline=None)
def test_any_text_is_read_or_refused_and_what_is_printed_reads_the_same(text: str) -> None:
    try:
        query = parse(text, NOW)
    except QueryError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017
        assert error.hint  # noqa: PT017
        return
    again = parse(str(query))
    assert again == query
    assert str(again) == str(query)


nodes = st.recursive(
    st.one_of(
        st.builds(
            Words, st.sampled_from(["", "from", "body"]), st.text("aé日 \"\\'*()-:", max_size=4).map("x{}".format)
        ),
        st.builds(Exact, st.sampled_from(["subject", "from", "tag"]), st.text("aé日 \"\\'*()-:ORAND", max_size=6)),
        st.builds(Time, st.just("after"), st.integers(-(10**15), 10**17)),
        st.builds(Size, st.just("larger"), st.integers(0, 2**63 - 1)),
        st.builds(Flag, st.just("is"), st.sampled_from(list(FLAGS["is"]))),
        st.just(Present("X-A")),
    ),
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(lambda x, y: And((x, y)), inner, inner)
        | st.builds(lambda x, y: Or((x, y)), inner, inner)
    ),
    max_leaves=6,
)


@given(node=nodes)
@settings(max_examples=500, deadline=None)
def test_every_query_that_can_be_made_can_be_printed_and_read(node: Node) -> None:
    # Lists within lists of the same kind are the one thing that reading flattens.
    query = parse(str(Query(node)))
    assert parse(str(query)) == query
    assert str(query) == str(parse(str(Query(node))))


@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20))
@settings(deadline=None)
def test_any_value_can_be_quoted(value: str) -> None:
    assert parse(f"subject={quoted(value)}").root == Exact("subject", value)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("0", 0),
        ("5000", 5000),
        ("10KB", 10_240),
        ("10k", 10_240),
        ("1.5MB", 1_572_864),
        ("2GiB", 2 << 30),
        ("7b", 7),
        ("", None),
        ("KB", None),
        ("-1", None),
        ("1TB", None),
        ("1e3", None),
        ("١", None),
        ("10Kb", 10_240),
        ("999999999999999GB", None),
    ],
)
def test_sizes(text: str, octets: int | None) -> None:
    assert parse_size(text) == octets


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-01", 0),
        ("2026-01-01T00:00:00Z", 0),
        ("2026-01-01t00:00:00z", 0),
        ("2026-01-01T02:30", 2.5 * HOUR),
        ("2026-01-01T02:30Z", 2.5 * HOUR),
        ("2026-01-01T02:00:00+02:00", 0),
        ("2026-01-01T00:00:00.000001Z", 1),
        ("2025-12-31T23:59:59.9Z", -100_000),
        ("now", 12 * HOUR),
        ("today", 0),
        ("Yesterday", -DAY),
        ("90s", 12 * HOUR - 90_000_000),
        ("30m", 11.5 * HOUR),
        ("2H", 10 * HOUR),
        ("3d", 12 * HOUR - 3 * DAY),
        ("1w", 12 * HOUR - 7 * DAY),
    ],
)
def test_times(text: str, at: float) -> None:
    assert parse_time(text, NOW + 12 * HOUR) == NOW + int(at)


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026", "2026-13-01", "2026-1-1", "20260101", "2026-W01-1", "2026-01-01T25:00:00Z", "2026-01-01 00:00"),
        *(
            "2026-01-01T00:00:00+99:00",
            "0001-01-01T00:00:00+10:00",
            "9999-12-31T23:59:59-10:00",
            "999999999w",
            "2y",
            "tomorrow",
        ),
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert parse_time(text, NOW) is None


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("?", "", False),
        ("?", "日", True),
        ("*@x", "a@x", True),
        ("*@x", "a@xy", False),
        ("a*b*c", "axxbyyc", True),
        ("a*b*c", "axxbyyd", False),
        ("*a*", "bab", True),
        ("a?c", "abc", True),
        ("[a]", "a", False),
        ("[a]", "[a]", True),
        ("*ab", "aab", True),
    ],
)
def test_globs(pattern: str, text: str, matches: bool) -> None:
    assert matches_glob(pattern, text) is matches


def test_a_glob_of_many_stars_is_quick() -> None:
    # A backtracking matcher would take longer than the universe has had.
    assert not matches_glob("a*" * 1000 + "b", "a" * 3000)


def test_completion_offers_fields_then_their_values() -> None:
    assert [text for text, _ in completions("s")] == ["subject:", "smaller:", "session:"]
    assert [text for text, _ in completions("-is:un")] == ["-is:unseen", "-is:unparsed", "-is:unread"]
    assert ("has:attachment", FLAGS["has"]["attachment"]) in completions("has:")
    assert completions("(Fr") == [("(from:", FIELDS["from"].help)]
    assert len(completions("")) == len(FIELDS)
    assert completions("subject:x") == []


@pytest.mark.parametrize("text", [*[field.example for field in FIELDS.values()], *[written for written, _ in SYNTAX]])
def test_every_example_of_the_tables_can_be_read(text: str) -> None:
    assert parse(text, NOW) != Query.EVERYTHING


@pytest.mark.parametrize(
    "text", [f"{name}:{flag}" for name, flags in FLAGS.items() for flag in flags] + [f"is:{alias}" for alias in ALIASES]
)
def test_every_completion_can_be_read(text: str) -> None:
    assert isinstance(parse(text).root, Flag)
    assert text in [offered for offered, _ in completions(text)]


@pytest.mark.parametrize("lead", ["larger:", "before:", "id:", "is:", "peer:/", "field"])
def test_an_error_repeats_no_more_than_one_can_read(lead: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(lead + "a" * 4000 + ":x")
    assert len(str(caught.value)) < 200
    assert len(caught.value.hint) < 300
