"""Address lists as they are found in the wild."""

from __future__ import annotations

import pytest

from mailtrap.imap.envelope import read_addresses
from mailtrap.mail.mailboxes import MAX_MAILBOXES, read_groups, read_mailboxes


@pytest.mark.parametrize(
    ("text", "mailboxes"),
    [
        ("a@b.test", [("", "a@b.test")]),
        ("<a@b.test>", [("", "a@b.test")]),
        ("Ann <a@b.test>", [("Ann", "a@b.test")]),
        ("Ann B. Cee <a@b.test>", [("Ann B. Cee", "a@b.test")]),
        ('"Cee, Ann" <a@b.test>, d@e.test', [("Cee, Ann", "a@b.test"), ("", "d@e.test")]),
        ('"Ann \\"A\\" Cee" <a@b.test>', [('Ann "A" Cee', "a@b.test")]),
        ("a@b.test (Ann)", [("Ann", "a@b.test")]),
        ("Ann (the (nested) one) <a@b.test>", [("Ann", "a@b.test")]),
        ("Ann (the) Bee <a@b.test>", [("Ann Bee", "a@b.test")]),
        ("a(x)@(y)b(z).test", [("z", "a@b.test")]),
        ("Pete <pete(his account)@silly.test(his host)>", [("Pete", "pete@silly.test")]),
        ("undisclosed-recipients:;", []),
        ("Team: a@b.test, Bob <b@b.test>;, c@d.test", [("", "a@b.test"), ("Bob", "b@b.test"), ("", "c@d.test")]),
        ("<@relay.test,@two.test:a@b.test>", [("", "a@b.test")]),
        ('"a b"@c.test', [("", '"a b"@c.test')]),
        ('<"a>b"@c.test>', [("", '"a>b"@c.test')]),
        ("Ann <a@b.test", [("Ann", "a@b.test")]),
        ("Ann a@b.test", [("Ann", "a@b.test")]),
        ("a@[IPv6:::1]", [("", "a@[IPv6:::1]")]),
        ("root", [("", "root")]),
        ("Mail System", [("Mail System", "")]),
        ("<>", [("", "")]),
        ("a@b.test; c@d.test", [("", "a@b.test"), ("", "c@d.test")]),
        (", ,", []),
        ("", []),
        ("<", [("", "")]),
        ('"', []),
        ("=?utf-8?q?J=C3=BCrgen?= <j@b.test>", [("Jürgen", "j@b.test")]),
        ('"=?utf-8?b?SsO8cmdlbg==?=" <j@b.test>', [("Jürgen", "j@b.test")]),
        ("Jürgen <jürgen@bücher.test>", [("Jürgen", "jürgen@bücher.test")]),
        ("a@b@c.test", [("", "a@b@c.test")]),
        ("Ann\r\n <a@b.test>", [("Ann", "a@b.test")]),
    ],
)
def test_mailboxes_are_read(text: str, mailboxes: list[tuple[str, str]]) -> None:
    assert [(mailbox.name, mailbox.address) for mailbox in read_mailboxes(text)] == mailboxes


@pytest.mark.parametrize(
    "text",
    [
        "ann@a.test (Ann)",
        "ann@a.test (Ann) (at home)",
        "(of) ann (in) <ann@a.test> (who)",
        "ann(x)@(y)a(z).test",
        "(x) ann@a.test, bob@b.test (Bob), (y) <c@c.test>",
        "Friends (all): (x) ann@a.test, Bob <bob@b.test>; (z) dan@d.test",
        "undisclosed-recipients:;",
    ],
)
def test_an_envelope_of_imap_has_the_same_names(text: str) -> None:
    addresses = read_addresses(text.encode())
    named = [
        ((one.name or b"").decode(), f"{(one.mailbox or b'').decode()}@{one.host.decode()}")
        for one in addresses
        if one.host is not None
    ]
    assert [(mailbox.name, mailbox.address) for mailbox in read_mailboxes(text)] == named
    assert read_groups(text) == [one.mailbox.decode() for one in addresses if one.mailbox and one.host is None]


def test_a_long_list_is_cut() -> None:
    assert len(read_mailboxes(", ".join(["a@b.test"] * 5000))) == MAX_MAILBOXES
    assert len(read_mailboxes("(c) " + ", ".join(["a@b.test"] * 5000))) == MAX_MAILBOXES
