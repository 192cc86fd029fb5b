"""What senders ask to be told is read as RFC 3461 has it."""

from __future__ import annotations

import msgspec
import pytest

from mailtrap.delivery.asked import delivered_at_once, deliveries, notify, original_recipient, wants_success, xtext
from mailtrap.delivery.queue import decode, encode
from mailtrap.delivery.record import Delivery, Outcome
from mailtrap.mail.envelope import Envelope, Recipient


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", ()),
        ("NEVER", ("NEVER",)),
        ("success,FAILURE,Delay", ("SUCCESS", "FAILURE", "DELAY")),
        ("FAILURE,FAILURE", ("FAILURE",)),
        ("NEVER,SUCCESS", ("NEVER",)),
        ("SOMETIMES,DELAY", ("DELAY",)),
    ],
)
def test_notify(value: str, words: tuple[str, ...]) -> None:
    assert notify(value) == words


@pytest.mark.parametrize(
    ("encoded", "plain"),
    [
        ("QQ314159", "QQ314159"),
        ("a+2Bb+3Dc", "a+b=c"),
        ("a+0D+0AX:+20y", "a+0D+0AX:+20y"),
        ("a+2", "a+2"),
        ("a+zz+", "a+zz+"),
    ],
)
def test_xtext(encoded: str, plain: str) -> None:
    assert xtext(encoded) == plain


@pytest.mark.parametrize(
    ("encoded", "plain"),
    [
        ("rfc822;Bob+2BA@b.test", "rfc822;Bob+A@b.test"),
        ("utf-8;gr\\x{fc}n@b.test", "utf-8;grün@b.test"),
        ("utf-8;a\\x{0A}b\\x{FFFFFF}", "utf-8;a\ufffdb\ufffd"),
        ("bob@b.test", ""),
        (";bob", ""),
        ("rfc822;", ""),
        ("", ""),
    ],
)
def test_orcpt(encoded: str, plain: str) -> None:
    assert original_recipient(encoded) == plain


def test_each_recipient_has_a_delivery_of_its_own() -> None:
    envelope = Envelope(
        "ann@a.test",
        (
            Recipient("bob@b.test", (("NOTIFY", "NEVER"), ("orcpt", "rfc822;b@b.test"))),
            Recipient("bob@b.test"),
            Recipient("e\udcff@b.test", (("NOTIFY", None), ("X", "y"))),
        ),
        (("RET", "whole"), ("ENVID", "x" * 2000)),
    )
    one, two, three = deliveries(9, envelope, 77, "team")
    assert (one.notify, one.original_recipient) == (("NEVER",), "rfc822;b@b.test")
    assert (two.notify, two.original_recipient, three.notify) == ((), "", ())
    assert len({one.id, two.id, three.id}) == 3
    assert {delivery.inbox for delivery in (one, two, three)} == {"team"}
    assert one.id < two.id < three.id < deliveries(10, envelope, 77, "team")[0].id
    assert (one.ret, len(one.envelope_id)) == ("", 500)
    assert three.recipient == "e?@b.test"
    assert decode(encode(three)) == three
    assert one.attempts is not two.attempts


def test_only_success_is_asked_for() -> None:
    assert wants_success((("Notify", "failure,success"),))
    assert not wants_success((("NOTIFY", "FAILURE,DELAY"),))
    assert not wants_success((("ORCPT", "rfc822;SUCCESS@b.test"),))


def test_what_is_empty_is_not_written_down() -> None:
    (one,) = deliveries(1, Envelope("", (Recipient("b@b.test"),)), 5, "default")
    done = delivered_at_once(one)
    assert done.outcome is Outcome.DELIVERED
    assert b"notify" not in msgspec.json.encode(done)
    assert msgspec.json.decode(b'{"message":1,"recipient":"a"}', type=Delivery).attempts == []
