"""The record of a dialogue."""

from __future__ import annotations

from mailtrap.mail.transcript import HEAD, LINE_KEPT, TAIL, Transcript, printable


def transcript() -> Transcript:
    return Transcript(1, "smtp", "127.0.0.1:9", 1_000_000)


def test_lines_come_back_in_order_with_time_and_side() -> None:
    record = transcript()
    record.add(5, "S", b"250-a\r\n250 b\r\n")
    record.add(6, "C", b"NOOP")
    record.note(7, "TLS handshake")
    assert [(line.at, line.side, line.text) for line in record.lines()] == [
        (5, "S", "250-a\n250 b"),
        (6, "C", "NOOP"),
        (7, "-", "TLS handshake"),
    ]


def test_what_cannot_be_printed_is_escaped() -> None:
    assert printable("grüße 用户".encode()) == "grüße 用户"
    assert printable(b"a\x00\x1b[31m\xff\r") == "a\\x00\\x1b[31m\\xff\\r"
    assert printable("\u202e\u2028".encode()) == "\\u202e\\u2028"


def test_beginning_and_end_of_a_long_dialogue_are_kept() -> None:
    record = transcript()
    for number in range(10_000):
        record.add(number, "C", b"NOOP %d" % number)
    lines = record.lines()
    assert [line.text for line in lines[:2]] == ["NOOP 0", "NOOP 1"]
    assert lines[HEAD].side == "-"
    assert lines[HEAD].text == f"{10_000 - HEAD - TAIL} lines not kept"
    assert lines[-1].text == "NOOP 9999"
    assert len(lines) == HEAD + TAIL + 1


def test_nothing_is_said_to_be_missing_while_all_is_there() -> None:
    record = transcript()
    for number in range(HEAD + TAIL):
        record.add(number, "C", b"NOOP")
    assert len(record.lines()) == HEAD + TAIL


def test_long_lines_do_not_fill_memory() -> None:
    record = transcript()
    for number in range(2000):
        record.add(number, "C", b"x" * 100_000)
    lines = record.lines()
    assert len(lines[0].text) == LINE_KEPT
    assert sum(len(line.text) for line in lines) < 200_000
