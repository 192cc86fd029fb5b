"""Which inbox a message goes into, and which inboxes there are."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from mailtrap.clock import Clock
from mailtrap.errors import Invalid
from mailtrap.inboxes import MOST_OF_A_MESSAGE, Directory, Inbox, digest, is_in, tidy
from mailtrap.mail.arrival import Arrival, Login
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.mail.heading import read_heading


def chosen(
    directory: Directory,
    *recipients: str,
    user: str = "",
    named: str = "",
    listener: str = "smtp",
    helo: str = "client.test",
    peer: str = "127.0.0.1:40000",
) -> tuple[str, ...]:
    envelope = Envelope("a@sender.test", tuple(Recipient(one) for one in recipients or ("ben@shop.example",)))
    arrival = Arrival(1, listener, peer, helo, login=Login("PLAIN", user) if user else None)
    field = f"X-Mail-Inbox: {named}\r\n" if named else ""
    heading = read_heading(f"Subject: x\r\n{field}\r\nbody".encode())
    return tuple(directory.place(envelope, arrival, heading).split(" "))


@pytest.fixture
def directory() -> Directory:
    return Directory(Clock())


def with_inboxes(directory: Directory, *inboxes: Inbox) -> Directory:
    for inbox in inboxes:
        directory.add(inbox)
    return directory


def test_without_any_inbox_all_goes_into_the_default_one(directory: Directory) -> None:
    assert chosen(directory, "x+ci-1@shop.test", "x@ci-1.test") == ("default",)
    assert not directory.is_used
    assert [inbox.name for inbox in directory.all()] == ["default"]


def test_a_login_makes_the_inbox_of_its_name(directory: Directory) -> None:
    assert chosen(directory, user="ci-1") == ("ci-1",)
    assert chosen(directory, user="CI-1") == ("ci-1",)
    assert [(inbox.name, inbox.implicit) for inbox in directory.all()[1:]] == [("ci-1", True)]


@pytest.mark.parametrize(
    ("user", "inbox"),
    [
        ("ana@shop.example", "ana@shop.example"),
        ("ana smith", "ana-smith"),
        ("grüße\r\nX: y", "gr-e-X-y"),
        ("x" * 90, "x" * 64),
        ("/", "default"),
        ("default", "default"),
    ],
)
def test_other_characters_of_a_login_become_dashes(directory: Directory, user: str, inbox: str) -> None:
    assert chosen(directory, user=user) == (inbox,)


@pytest.mark.parametrize(
    ("recipient", "inboxes"),
    [
        ("anna+ci-1@shop.example", ("ci-1",)),
        ("anna+CI-1@shop.example", ("ci-1",)),
        ("anna+bounce+ci-1@shop.example", ("ci-1",)),
        ("anna+a+b@shop.example", ("a+b",)),
        ("anything@ci-1.test", ("ci-1",)),
        ("anything@ci-1.mail.test", ("ci-1",)),
        ("anything@two.words.test", ("two.words",)),
        ("anything@ci-1.localhost", ("ci-1",)),
        ("anything@ci-1.example", ("default",)),
        ("ci-1@shop.example", ("default",)),
        ("anna+nobody@shop.example", ("default",)),
        ("x@nobody.test", ("default",)),
        ("Sales@Given.example", ("given",)),
        ("anybody@whole.example", ("given",)),
        ("anna+ci-1@whole.example", ("given",)),
        ("postmaster", ("default",)),
        ("", ("default",)),
    ],
)
def test_recipients_choose_among_the_inboxes_there_are(
    directory: Directory, recipient: str, inboxes: tuple[str, ...]
) -> None:
    with_inboxes(
        directory,
        Inbox("ci-1"),
        Inbox("a+b"),
        Inbox("two.words"),
        Inbox("given", addresses=("sales@given.example", "@whole.example")),
    )
    assert chosen(directory, recipient) == inboxes
    assert len(directory.all()) == 5


def test_several_recipients_put_a_message_into_several_inboxes_each_once(directory: Directory) -> None:
    with_inboxes(directory, Inbox("a"), Inbox("b"))
    assert chosen(directory, "x+b@s.example", "y@a.test", "z+b@s.example", "other@s.example") == ("b", "a")


def test_the_header_names_inboxes_and_makes_them(directory: Directory) -> None:
    assert chosen(directory, named="ci-1, Two words") == ("ci-1", "Two", "words")
    assert chosen(directory, named="CI-1") == ("ci-1",)
    assert len(chosen(directory, named=",".join(f"n{n}" for n in range(500)))) == MOST_OF_A_MESSAGE


@pytest.mark.parametrize(
    ("facts", "inboxes"),
    [
        ({"helo": "ci-7.example.test"}, ("by-helo",)),
        ({"helo": "CI-7.EXAMPLE.TEST"}, ("by-helo",)),
        ({"helo": "ci-7.example.testing"}, ("default",)),
        ({"peer": "192.0.2.77:5000"}, ("by-peer",)),
        ({"peer": "[2001:db8::1]:5000"}, ("by-peer-6",)),
        ({"listener": "smtps", "helo": "ci-7.example.test"}, ("by-listener",)),
        ({"helo": ""}, ("default",)),
    ],
)
def test_clients_choose_last(directory: Directory, facts: dict[str, str], inboxes: tuple[str, ...]) -> None:
    with_inboxes(
        directory,
        Inbox("by-helo", helo="ci-*.example.test"),
        Inbox("by-peer", peer="192.0.2.*"),
        Inbox("by-peer-6", peer="2001:db8::*"),
        Inbox("by-listener", listener="smtps"),
    )
    assert chosen(directory, **facts) == inboxes  # type: ignore[arg-type]


def test_the_first_kind_of_rule_decides(directory: Directory) -> None:
    with_inboxes(directory, Inbox("login"), Inbox("rcpt"), Inbox("helo", helo="client.test"))
    assert chosen(directory, "x@rcpt.test", user="login", named="header") == ("login",)
    assert chosen(directory, "x@rcpt.test", named="header") == ("rcpt",)
    assert chosen(directory, named="header") == ("header",)
    assert chosen(directory) == ("helo",)
    directory.remove("helo")
    assert chosen(directory) == ("default",)


def test_what_to_expect_makes_no_inbox(directory: Directory) -> None:
    facts = Arrival(1, "smtp", login=Login("PLAIN", "new"))
    assert directory.expect(facts) == "new"
    assert directory.expect(Arrival(1, "smtp"), ("x@new.test",), "named other") == "named other"
    assert not directory.is_used


def test_a_removed_inbox_is_no_longer_chosen(directory: Directory) -> None:
    made, token = directory.add(Inbox("gone", addresses=("a@b.example",), helo="x"), token=True)
    assert directory.of_token(token) == made
    assert directory.remove("GONE")
    assert not directory.remove("gone")
    assert directory.of_token(token) is None
    assert chosen(directory, "a@b.example", helo="x") == ("default",)
    assert not directory.is_used


def test_a_token_is_kept_as_a_digest_only(directory: Directory) -> None:
    made, token = directory.add(Inbox("a"), token=True)
    assert made.token == digest(token)
    assert token not in repr(directory.all())
    assert directory.of_token("") is None
    assert directory.of_token(made.token) is None


@pytest.mark.parametrize(
    ("inbox", "said"),
    [
        (Inbox("two words"), "cannot be called"),
        (Inbox("x" * 65), "cannot be called"),
        (Inbox("a", ttl=-1), "ttl"),
        (Inbox("default", ttl=5), "cannot go"),
        (Inbox("a", addresses=("nobody",)), "is no address"),
        (Inbox("a", addresses=("a@b",) * 101), "100 addresses"),
        (Inbox("a", helo="*a*b*c*d*"), "no pattern"),
        (Inbox("a", peer="x\n"), "no pattern"),
    ],
)
def test_what_makes_no_sense_is_refused(directory: Directory, inbox: Inbox, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        directory.add(inbox)
    assert not directory.is_used


def test_one_that_mail_has_made_can_be_given_rules_but_no_other_can_be_made_twice(directory: Directory) -> None:
    directory.open("ci-1")
    made, _ = directory.add(Inbox("CI-1", max_messages=5))
    assert (made.name, made.max_messages, made.implicit) == ("ci-1", 5, False)
    with pytest.raises(Invalid, match="already"):
        directory.add(Inbox("ci-1"))


def test_an_inbox_without_a_name_is_given_one(directory: Directory) -> None:
    names = {directory.add(Inbox(""))[0].name for _ in range(50)}
    assert len(names) == 50
    assert all(tidy(name) == name for name in names)


def test_too_many_push_out_what_only_mail_has_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtrap.inboxes.MOST", 3)
    gone: list[str] = []

    def keep(name: str, inbox: Inbox | None) -> Callable[[], None]:
        if inbox is None:
            gone.append(name)
        return lambda: None

    directory = Directory(Clock(), keep=keep)
    for name in ("one", "two", "three", "four"):
        assert chosen(directory, user=name) == (name,)
    assert gone == ["one"]
    with_inboxes(directory, Inbox("a"), Inbox("b"), Inbox("c"))
    with pytest.raises(Invalid, match="more than"):
        directory.add(Inbox("d"))
    assert chosen(directory, user="five") == ("five",)
    assert [inbox.name for inbox in directory.all()] == ["default", "a", "b", "c"]


def test_many_threads_make_one_inbox_of_a_name() -> None:
    made: list[str] = []
    directory = Directory(Clock())
    directory.on_change(made.append)
    start = threading.Barrier(8)

    def run() -> None:
        start.wait()
        for n in range(200):
            directory.open(f"n{n}")

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == sorted(f"n{n}" for n in range(200))


def test_names_in_a_text() -> None:
    asked = [("A", "a"), ("b", "a B c"), ("a", "ab a-b"), ("a b", "a b c")]
    assert [is_in(name, text) for name, text in asked] == [True, True, False, False]
