"""Threads: by subject, by references, and what hostile references come to."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.imap import program, threads
from tests.imap.grammar import command
from tests.imap.test_searching import NOW, Folder


def message(
    own: str = "", references: str = "", subject: str = "", day: int = 1, came: int = 1
) -> tuple[str, int, int, str]:
    """A message with its id and those it refers to, sent and come on days of January 1970."""
    lines = [f"Date: {day} Jan 1970 00:00:00 +0000"]
    if own:
        lines.append(f"Message-ID: <{own}@x>")
    if references:
        lines.append("References: " + " ".join([f"<{one}@x>" for one in references.split()]))
    if subject:
        lines.append(f"Subject: {subject}")
    return "", 1, came, "".join([f"{line}\r\n" for line in lines]) + "\r\n"


def threaded(algorithm: str, *messages: tuple[str, int, int, str], program: str = "ALL", uid: bool = False) -> str:
    octets = f"t {'UID ' if uid else ''}THREAD {algorithm} UTF-8 {program}"
    said = threads.answer(Folder(*messages).view, command(octets.encode()), NOW).said.decode()
    assert said.startswith("* THREAD")
    assert said.endswith("\r\n")
    return said[8:-2].lstrip(" ")


def test_by_subject() -> None:
    found = threaded(
        "ORDEREDSUBJECT",
        message(subject="b", day=5),
        message(subject="Re: a", day=2),
        message(subject="a", day=3),
        message(subject="[l] A", day=1),
        message(subject="Fwd: b", day=6),
        message(day=4),
    )
    assert found == "(4 (2)(3))(6)(1 5)"


def test_nothing_has_no_threads() -> None:
    for algorithm in program.ALGORITHMS:
        assert threaded(algorithm, message(), program="NEW") == ""
        assert threaded(algorithm, message(), message(day=2), uid=True) in ("(10)(20)", "(10 20)")


@pytest.mark.parametrize("algorithm", ["REFERENCES", "REFS"])
def test_by_references(algorithm: str) -> None:
    found = threaded(
        algorithm,
        message("a"),
        message("b", "a", day=2),
        message("c", "a b", day=3),
        message("d", "a", day=4),
        message("e", "d", day=6),
        message("f", "d", day=5),
    )
    assert found == "(1 (2 3)(4 (6)(5)))"


@pytest.mark.parametrize("algorithm", ["REFERENCES", "REFS"])
def test_a_message_that_is_missing_holds_its_answers_together(algorithm: str) -> None:
    assert threaded(algorithm, message("a", "m"), message("b", "m", day=2)) == "((1)(2))"
    # One child takes its place, and so do all below another message.
    assert threaded(algorithm, message("a", "m n")) == "(1)"
    assert threaded(algorithm, message("a"), message("b", "a m", day=2), message("c", "a m", day=3)) == "(1 (2)(3))"
    assert threaded(algorithm, message("a", "m n"), message("b", "m o", day=2)) == "((1)(2))"


def test_threads_of_one_subject_are_one() -> None:
    one = message("a", subject="x", day=2)
    other = message("b", subject="x", day=1)
    reply = message("c", subject="Re: x", day=3)
    assert threaded("REFERENCES", one, other) == "((2)(1))"
    assert threaded("REFERENCES", one, reply) == "(1 2)"
    assert threaded("REFERENCES", reply, one) == "(2 1)"
    assert threaded("REFERENCES", one, other, reply) == "((2)(1)(3))"
    assert threaded("REFERENCES", message("d", "m", "x", 4), message("e", "m", "x", 5), one) == "((3)(1)(2))"
    assert threaded("REFERENCES", *[message(f"{n}", f"m{n // 2}", "x", n + 1) for n in range(4)]) == "((1)(2)(3)(4))"
    assert threaded("REFERENCES", message("a"), message("b", day=2)) == "(1)(2)"  # no subject is none they share
    assert threaded("REFS", one, other, reply) == "(2)(1)(3)"


def test_threads_are_in_the_order_of_their_first_message() -> None:
    messages = (message("a", day=3), message("b", day=2), message("c", "b", day=9, came=1))
    assert threaded("REFERENCES", *messages) == "(2 3)(1)"


def test_with_refs_they_are_in_the_order_of_their_last_message() -> None:
    messages = (message("a", day=1), message("b", day=2), message("c", "a", day=3), message("d", day=3))
    assert threaded("REFS", *messages) == "(2)(1 3)(4)"


@pytest.mark.parametrize("algorithm", ["REFERENCES", "REFS"])
def test_references_in_a_circle_do_no_harm(algorithm: str) -> None:
    assert threaded(algorithm, message("a", "a")) == "(1)"
    # It names itself last, so it answers nothing, whatever it has named before.
    assert threaded(algorithm, message("a", "b a"), message("b", day=2)) == "(1)(2)"
    assert threaded(algorithm, message("a", "b"), message("b", "a", day=2)) == "(2 1)"
    assert threaded(algorithm, message("a", "c"), message("b", "a", day=2), message("c", "b", day=3)) == "(3 1 2)"


def test_an_id_that_two_messages_have_is_that_of_the_first() -> None:
    assert threaded("REFS", message("a"), message("a", day=2), message("b", "a", day=3)) == "(2)(1 3)"


def test_what_a_message_says_of_itself_counts_more_than_what_others_say_of_it() -> None:
    assert threaded("REFS", message("c", "b a", day=3), message("a", day=1), message("b", day=2)) == "(3)(2 1)"


def test_very_long_threads_are_written() -> None:
    chain = [message("0"), *[message(f"{n}", f"{n - 1}") for n in range(1, 3000)]]
    assert threaded("REFS", *chain) == f"({' '.join(map(str, range(1, 3001)))})"
    assert threaded("REFERENCES", *reversed(chain)).startswith("(3000 2999 2998 ")
    # Each of these has two answers: parentheses within parentheses.
    comb = [message("0")]
    for n in range(1, 1500):
        comb += [message(f"{n}", f"{n - 1}"), message(f"leaf{n}", f"{n - 1}")]
    assert threaded("REFS", *comb).count("(") == 2999


IDS = st.sampled_from("abcdef")


@given(
    st.lists(
        st.tuples(IDS | st.just(""), st.lists(IDS, max_size=4).map(" ".join), st.sampled_from(["", "x", "Re: x", "y"]),
                  st.integers(1, 9), st.integers(1, 9)).map(lambda said: message(*said)),
        max_size=8,
    ),
    st.sampled_from(program.ALGORITHMS),
)  # fmt: skip
def test_every_message_is_in_one_thread(messages: list[tuple[str, int, int, str]], algorithm: str) -> None:
    found = threaded(algorithm, *messages)
    assert sorted(map(int, re.findall(r"\d+", found))) == list(range(1, len(messages) + 1))
    # It is what RFC 5256 §5 calls a thread-data.
    while (simpler := re.sub(r"\((?:\d+(?: \d+)*(?: N{2,})?|N{2,})\)", "N", found)) != found:
        found = simpler
    assert re.fullmatch("N*", found)
