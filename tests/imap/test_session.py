"""What conversations do not show: injected commands, failures, patience, bounds, who may log in, what is recorded."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from mailtrap.errors import StorageFull, Unavailable
from mailtrap.imap.appending import HELD
from mailtrap.inboxes import Inbox
from mailtrap.net.sasl import hash_password
from mailtrap.query import Query, parse
from mailtrap.settings import Settings
from mailtrap.store.base import Selection
from mailtrap.store.folder import Folders
from tests.imap.played import Played, Stage

Begin = Callable[..., Played]


@pytest.fixture
def begin() -> Iterator[Begin]:
    with contextlib.ExitStack() as stack:

        def start(stage: Stage | None = None, *, tls_first: bool = False, many: int = 1, **settings: Any) -> Played:
            if stage is None:
                stage = stack.enter_context(contextlib.closing(Stage(Settings(**settings))))
            played = Played(stage, tls_first=tls_first, many=many)
            stack.callback(played.session.over)
            return played

        yield start


def log_in(played: Played, user: str = "default") -> None:
    assert b"OK" in played.send(f'login LOGIN "{user}" x\r\n'.encode()).splitlines()[-1]


def plain(user: str, password: str, acting_as: str = "") -> bytes:
    return b"a AUTHENTICATE PLAIN " + base64.b64encode(f"{acting_as}\0{user}\0{password}".encode()) + b"\r\n"


def is_taking(played: Played) -> bool:
    """Whether a message is on its way in."""
    return played.session.in_transaction


def has_ended(played: Played) -> bool:
    """Whether the connection is closed."""
    return played.closed


# TLS.


def test_what_came_along_with_starttls_is_never_performed(begin: Begin) -> None:
    played = begin()
    played.take()
    said = played.send(b"a STARTTLS\r\nb LOGIN default x\r\nc CREATE injected\r\n")
    assert said == b"a OK Begin TLS\r\n"
    assert played.session.account is None
    assert any("thrown away" in line for line in played.lines)
    assert played.send(b"d NOOP\r\n") == b"d OK Done\r\n"


def test_a_handshake_that_fails_ends_the_session(begin: Begin) -> None:
    played = begin()
    played.handshake = ConnectionError("no")
    played.send(b"a STARTTLS\r\n")
    assert has_ended(played)
    assert played.session.transcript.outcome == "error"


def test_over_tls_the_handshake_comes_before_the_greeting(begin: Begin) -> None:
    played = begin(tls_first=True)
    greeting = played.take()
    assert greeting.startswith(b"* OK [CAPABILITY ")
    assert b"STARTTLS" not in greeting
    assert played.session.transcript.tls is not None


def test_tls_on_the_plain_port_is_told_apart(begin: Begin) -> None:
    played = begin()
    played.take()
    assert played.send(b"\x16\x03\x01\x02\x00\x01").startswith(b"* BYE TLS begins with STARTTLS")
    assert has_ended(played)


# Who may log in.


def test_a_wrong_password_is_refused_and_counts(begin: Begin, tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"ana:{hash_password('right')}\n")
    played = begin(auth_file=str(file), max_errors=3)
    played.take()
    assert played.send(b"a LOGIN ana wrong\r\n").startswith(b"a NO [AUTHENTICATIONFAILED]")
    assert played.send(plain("ana", "wrong")).startswith(b"a NO [AUTHENTICATIONFAILED]")
    assert played.send(plain("ana", "right", "ben")).startswith(b"a NO [AUTHENTICATIONFAILED]")
    assert played.send(b"b LOGIN ana wrong\r\n").startswith(b"* BYE Too many errors")
    assert has_ended(played)
    again = begin(played.stage)
    again.take()
    assert again.send(b"a LOGIN ana {5+}\r\nright\r\n").startswith(b"a OK")


@pytest.mark.parametrize("name", [b"{0+}\r\n", b'""', b"{4+}\r\na\r\nb", b"{3+}\r\na\x1bb"])
def test_a_name_has_characters_but_none_that_control(begin: Begin, name: bytes) -> None:
    played = begin()
    played.take()
    assert played.send(b"a LOGIN " + name + b" x\r\n").startswith(b"a BAD A user name is needed")
    assert played.session.transcript.login is None


def test_bearer_tokens_are_told_why_before_they_are_refused(begin: Begin) -> None:
    played = begin(api_token="secret")
    played.take()
    token = base64.b64encode(b"n,a=ana,\x01auth=Bearer wrong\x01\x01")
    said = played.send(b"a AUTHENTICATE OAUTHBEARER " + token + b"\r\n")
    assert b"invalid_token" in base64.b64decode(said[2:])
    assert played.send(b"AQ==\r\n").startswith(b"a NO [AUTHENTICATIONFAILED]")
    good = base64.b64encode(b"user=ana\x01auth=Bearer secret\x01\x01")
    assert played.send(b"b AUTHENTICATE XOAUTH2 " + good + b"\r\n").startswith(b"b OK")


def test_the_token_of_an_inbox_opens_it_alone(begin: Begin) -> None:
    played = begin(api_token="secret")
    _, token = played.stage.sandbox.inboxes.add(Inbox("shop"), token=True)
    assert b" NO " in played.send(plain("default", token))
    assert b"a OK" in played.send(plain("shop", token))


def test_accounts_see_their_own_mail_and_folders(begin: Begin) -> None:
    stage = begin().stage
    stage.capture(b"Subject: to ana\r\n\r\n", to="Ana@example.test", inbox="other")
    ana, default = begin(stage), begin(stage)
    log_in(ana, "ana@Example.test")
    log_in(default)
    assert b"(MESSAGES 1)" in ana.send(b"a STATUS INBOX (MESSAGES)\r\n")
    assert b"(MESSAGES 3)" in default.send(b"a STATUS INBOX (MESSAGES)\r\n")
    ana.send(b"b CREATE hers\r\n")
    assert b"hers" in ana.send(b'c LIST "" *\r\n')
    assert b"hers" not in default.send(b'c LIST "" *\r\n')


# What is recorded.


def test_secrets_and_content_are_not_recorded(begin: Begin) -> None:
    played = begin()
    played.send(b"a LOGIN default {6}\r\n")
    played.send(b"hush-1\r\n")
    played.send(b"b APPEND INBOX {12}\r\n")
    played.send(b"in confidence\r\n"[:12] + b"\r\n")
    other = begin(played.stage)
    other.send(plain("default", "hush-2"))
    third = begin(played.stage)
    third.send(b"a AUTHENTICATE PLAIN\r\n")
    third.send(base64.b64encode(b"\0default\0hush-3") + b"\r\n")
    fourth = begin(played.stage)
    fourth.send(b'a LOGIN "default" "hush-4"\r\n')
    recorded = "\n".join([*played.lines, *other.lines, *third.lines, *fourth.lines])
    assert "hush" not in recorded
    assert "confiden" not in recorded
    assert base64.b64encode(b"\0default\0hush-2").decode() not in recorded
    assert "- A message of 12 octets" in played.lines
    assert "C b APPEND INBOX {12}" in [line.strip() for line in played.lines]
    assert recorded.count("OK [CAPABILITY") == 8
    assert all(one.session.transcript.login for one in (played, other, third, fourth))


def test_what_a_client_calls_itself_is_kept_as_one_line(begin: Begin) -> None:
    played = begin()
    played.send(b'a ID ("name" {7+}\r\nEvil\r\nX "version" "1")\r\n')
    assert played.session.transcript.helo == "Evil  X"


# Messages that come this way.


def test_an_appended_message_is_one_like_others(begin: Begin) -> None:
    played = begin()
    log_in(played, "shop")
    played.send(b"a CREATE Sent\r\n")
    content = b"From: Ana <ana@a.test>\r\nTo: ben@b.test, cy@c.test\r\nSubject: by hand\r\n\r\nGr\xfc\xdfe\n\0.\r\n"
    said = played.send(b'b APPEND Sent (\\Seen $Label1) "01-Feb-2024 03:04:05 +0100" {%d}\r\n' % len(content))
    assert said.startswith(b"+ ")
    assert re.match(rb"b OK \[APPENDUID \d+ 1\] ", played.send(content + b"\r\n"))
    [id_] = played.session.transcript.messages
    message = played.stage.store.get(id_)
    assert message is not None
    assert b"".join(played.stage.store.octets(id_)) == content
    assert message.envelope.reverse_path == "ana@a.test"
    assert message.envelope.addresses == ("ben@b.test", "cy@c.test")
    assert (message.arrival.listener, message.arrival.protocol, message.inbox) == ("imap", "IMAP", "shop")
    assert message.arrival.login is not None
    assert message.arrival.login.user == "shop"
    assert message.arrival.session == played.session.transcript.session
    assert message.seen
    assert message.tags == ("$Label1",)
    assert b"(MESSAGES 0)" in played.send(b"c STATUS INBOX (MESSAGES)\r\n")
    assert b"(MESSAGES 1)" in played.send(b"d STATUS All (MESSAGES)\r\n")
    played.send(b"e SELECT Sent\r\n")
    assert b'INTERNALDATE " 1-Feb-2024 02:04:05 +0000"' in played.send(b"f FETCH 1 INTERNALDATE\r\n")


def test_an_appended_message_of_an_address_is_addressed_to_it(begin: Begin) -> None:
    played = begin()
    log_in(played, "eve@e.test")
    played.send(b"a APPEND INBOX {8+}\r\nTo: x@y\n\r\n")
    [id_] = played.session.transcript.messages
    message = played.stage.store.get(id_)
    assert message is not None
    assert message.envelope.addresses == ("eve@e.test",)
    assert message.envelope.reverse_path == ""
    assert b"(MESSAGES 1)" in played.send(b"b STATUS All (MESSAGES)\r\n")


def test_binary_parts_of_a_literal8_can_be_fetched_by_all(begin: Begin) -> None:
    played = begin()
    log_in(played)
    played.send(b"n CREATE Box\r\n")
    head = b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: "
    for prefix in (b"~", b""):
        content = head + b"binary\r\n\r\n\x89PNG\r\n" + (b"\0" if prefix else b"")
        assert b"OK [APPENDUID" in played.send(b"a APPEND Box %b{%d+}\r\n%b\r\n" % (prefix, len(content), content))
        message = played.stage.store.get(played.session.transcript.messages[-1])
        assert message is not None
        assert message.defects == (("binary-in-base64",) if prefix else ())
        played.send(b"b SELECT Box\r\n")
        told = played.send(b"c FETCH * (BODYSTRUCTURE BODY.PEEK[1] BINARY.PEEK[1])\r\n")
        if prefix:
            assert b'"base64" 12 ' in told
            assert b"BODY[1] {12}\r\niVBORw0KAA==" in told
            assert b"BINARY[1] ~{7}\r\n\x89PNG\r\n\0" in told
        else:
            assert b'"binary" 6 ' in told
            assert b"BODY[1] {6}\r\n\x89PNG\r\n" in told


def test_a_large_message_goes_to_the_store_as_it_comes(begin: Begin) -> None:
    played = begin()
    log_in(played)
    content = b"Subject: large\r\n\r\n" + bytes(range(256)) * (2 * HELD // 256)
    played.send(b"a APPEND INBOX {%d}\r\n" % len(content))
    assert is_taking(played)
    played.send(content, 100_000)
    assert is_taking(played)
    assert b"OK [APPENDUID" in played.send(b"\r\n")
    assert not is_taking(played)
    [id_] = played.session.transcript.messages
    assert b"".join(played.stage.store.octets(id_)) == content
    assert played.stage.store.catch_up(60)
    assert [message.id for message in played.stage.store.page(parse("subject:large"), limit=9).messages] == [id_]


def test_a_message_that_breaks_off_is_not_kept(begin: Begin) -> None:
    played = begin()
    log_in(played)
    played.send(b"a APPEND INBOX {%d}\r\n" % (4 * HELD))
    played.send(b"x" * 2 * HELD)
    played.lost()
    assert played.session.transcript.outcome == "aborted"
    assert played.stage.store.counters().captured == 3


def test_several_messages_are_kept_together_or_not_at_all(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    played = begin()
    log_in(played)
    capture, calls = played.stage.sandbox.capture, []

    def failing(*arguments: Any, **named: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            arguments[3](StorageFull("The disk is full"))
        else:
            capture(*arguments, **named)

    monkeypatch.setattr(played.stage.sandbox, "capture", failing)
    said = played.send(b"a APPEND INBOX {3+}\r\none {3+}\r\ntwo\r\n")
    assert said.startswith(b"a NO [OVERQUOTA] The disk is full")
    played.stage.store.mark(Selection(Query.EVERYTHING), seen=True).result(60)  # after what was asked for before
    assert b"(MESSAGES 3)" in played.send(b"b STATUS All (MESSAGES)\r\n")


def test_a_message_of_no_octets_takes_back_the_whole_append(begin: Begin) -> None:
    played = begin()
    log_in(played)
    assert played.send(b"a APPEND INBOX {3+}\r\none {0+}\r\n\r\n").startswith(b"a NO A message has")
    assert played.send(b"b APPEND INBOX {0}\r\n").startswith(b"+ ")
    assert played.send(b"\r\n").startswith(b"b NO ")
    assert played.stage.store.counters().captured == 3


# Failures of ours.


def test_a_store_that_cannot_be_read_is_no_wrong_password(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    played = begin()
    played.take()

    def closed(_: object, account: str) -> None:
        raise Unavailable("The store is closed")

    with monkeypatch.context() as patched:
        patched.setattr(type(played.stage.store.folders), "of", closed)
        assert played.send(b"a LOGIN default x\r\n").startswith(b"a NO [UNAVAILABLE]")
    log_in(played)


def test_what_the_store_refuses_is_told_in_its_words(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    played = begin()
    log_in(played)

    def create(_: Folders, *arguments: Any, **named: Any) -> Future[None]:
        future: Future[None] = Future()
        future.set_exception(StorageFull("The disk is\r\nfull"))
        return future

    monkeypatch.setattr(type(played.stage.store.folders), "create", create)
    assert played.send(b"a CREATE x\r\n") == b"a NO [OVERQUOTA] The disk is  full\r\n"


def test_our_own_mistakes_are_not_shown(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    played = begin()
    log_in(played)

    def broken(_: Folders, account: str) -> None:
        raise KeyError("internal matters")

    monkeypatch.setattr(type(played.stage.store.folders), "of", broken)
    assert played.send(b'a LIST "" *\r\n') == b"a NO [SERVERBUG] An error of our own\r\n"


# Bounds and patience.


def test_too_many_bad_commands_end_the_session(begin: Begin) -> None:
    played = begin(max_errors=2)
    played.take()
    assert played.send(b"a X\r\nb X\r\n").count(b" BAD ") == 2
    assert played.send(b"c X\r\nd NOOP\r\n") == b"* BYE Too many errors; closing\r\n"
    assert has_ended(played)


def test_who_is_one_too_many_is_told(begin: Begin) -> None:
    assert begin(max_connections=1, many=2).take().startswith(b"* BYE [UNAVAILABLE] Too many connections")


@pytest.mark.parametrize(
    "octets",
    [b"a LOGIN {4294967295}\r\n", b"a LOGIN {99999999+}\r\n", b"a APPEND x {9999999999+}\r\n", b"x" * 3_000_000],
    ids=["synchronising", "not", "APPEND", "no line end"],
)
def test_what_is_too_much_is_refused_or_closed(begin: Begin, octets: bytes) -> None:
    played = begin()
    played.take()
    said = played.send(octets, 65_536)
    assert b" BAD " in said or said.startswith(b"* BYE ")
    assert b"\r\n+" not in b"\r\n" + said


def test_no_message_comes_before_login(begin: Begin) -> None:
    played = begin()
    played.take()
    played.send(b"a APPEND INBOX {3}\r\n")
    assert not is_taking(played)
    assert played.send(b"xyz\r\n") == b"a BAD Log in first\r\n"
    assert b"BAD" in played.send(b"b APPEND INBOX {1000000}\r\n")


def test_who_says_nothing_is_closed_sooner_before_login_than_after(begin: Begin) -> None:
    played = begin(idle_timeout=10.0, reader_timeout=1000.0)
    other = begin(played.stage)
    log_in(other)
    played.take()
    played.stage.time += 11
    played.perform(played.session.tick())
    other.perform(other.session.tick())
    assert played.take().startswith(b"* BYE [UNAVAILABLE] Nothing heard")
    assert has_ended(played)
    assert not has_ended(other)
    played.stage.time += 1000
    other.perform(other.session.tick())
    assert has_ended(other)
    assert other.session.transcript.outcome == "timeout"


def test_a_command_in_drops_is_not_waited_for(begin: Begin) -> None:
    played = begin(idle_timeout=10.0, reader_timeout=10.0, min_data_rate=100)
    log_in(played)
    played.send(b"a APPEND INBOX {1000000}\r\n")
    for _ in range(9):
        played.stage.time += 1
        played.send(b"x" * 1000)
        played.perform(played.session.tick())
    assert not has_ended(played)
    for _ in range(200):
        played.stage.time += 1
        played.send(b"x")
        played.perform(played.session.tick())
        if has_ended(played):
            break
    assert played.take().endswith(b"Nothing heard for too long; closing\r\n")
    assert played.session.transcript.outcome == "timeout"


def test_a_server_that_stops_says_so_but_not_within_a_message(begin: Begin) -> None:
    played = begin()
    log_in(played)
    played.send(b"a APPEND INBOX {5}\r\n")
    played.perform(played.session.shutdown())
    assert not has_ended(played)
    assert b"a OK [APPENDUID" in played.send(b"hello\r\n")
    assert has_ended(played)
    assert played.session.transcript.outcome == "shutdown"


def test_a_listing_waits_for_who_does_not_read(begin: Begin) -> None:
    played = begin()
    log_in(played)
    for n in range(300):
        played.send(b"c CREATE folder-%d\r\n" % n)
    played.hold = True
    assert played.send(b'a LIST "" *\r\n').count(b"* LIST") == 200
    assert played.session.blocked
    played.hold = False
    played.perform(played.session.resume(None))
    assert played.take().count(b"* LIST") == 103
