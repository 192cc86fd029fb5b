"""Replies on the wire."""

from __future__ import annotations

import pytest

from mailtrap.mail.reply import EnhancedStatus, Reply, reply
from mailtrap.smtp import replies


def test_a_reply_has_code_status_and_text() -> None:
    assert reply(550, "5.1.1", "No such mailbox").octets() == b"550 5.1.1 No such mailbox\r\n"
    assert reply(550, "5.1.1", "No such mailbox").octets(enhanced=False) == b"550 No such mailbox\r\n"


def test_every_line_of_a_long_reply_carries_code_and_status() -> None:
    assert reply(250, "2.0.0", "a\nb\nc").octets() == b"250-2.0.0 a\r\n250-2.0.0 b\r\n250 2.0.0 c\r\n"
    assert reply(250, "", "a\nb").octets() == b"250-a\r\n250 b\r\n"


def test_nothing_in_a_text_can_break_out_of_the_reply() -> None:
    assert reply(250, "", "a\r250 b\ud800").octets() == b"250 a 250 b\\ud800\r\n"


def test_a_status_must_agree_with_its_code() -> None:
    with pytest.raises(ValueError, match="class"):
        Reply(421, EnhancedStatus(5, 7, 0), "x")
    with pytest.raises(ValueError, match="no reply code"):
        Reply(99, None, "x")


def test_a_reply_knows_whether_trying_again_makes_sense() -> None:
    assert reply(451, "4.3.0", "x").is_transient
    assert not reply(451, "4.3.0", "x").is_permanent
    assert reply(550, "5.1.1", "x").is_permanent


def test_equal_replies_are_equal_whatever_was_written() -> None:
    one, other = reply(250, "2.0.0", "OK"), reply(250, "2.0.0", "OK")
    one.octets()
    assert one == other


def test_the_limits_say_different_things() -> None:
    texts = [value.text for value in vars(replies).values() if isinstance(value, Reply) and value.code == 421]
    assert len(texts) == len(set(texts)) > 8
