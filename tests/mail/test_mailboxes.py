"""Address lists as they are found in the wild."""

from __future__ import annotations

import pytest

from mailtrap.mail.mailboxes import MAX_MAILBOXES, read_mailboxes


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
        ("a(x)@(y)b(z).test", [("x", "a@b.test")]),
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


def test_a_long_list_is_cut() -> None:
    assert len(read_mailboxes(", ".join(["a@b.test"] * 5000))) == MAX_MAILBOXES
    assert len(read_mailboxes("(c) " + ", ".join(["a@b.test"] * 5000))) == MAX_MAILBOXES
