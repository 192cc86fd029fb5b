"""What conversations do not show: failures, patience, memory, who may log in, what is recorded."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from mailtrap.errors import Unavailable
from mailtrap.inboxes import Inbox
from mailtrap.net.sasl import hash_password
from mailtrap.net.slices import Budget, Slices
from mailtrap.settings import Settings
from tests.pop3.stand_ins import Played, Shelf

LOGIN = b"USER default\r\nPASS s3cret\r\n"


def plain(user: str, password: str, acting_as: str = "") -> bytes:
    return b"AUTH PLAIN " + base64.b64encode(f"{acting_as}\0{user}\0{password}".encode()) + b"\r\n"


def bearer(user: str, token: str) -> bytes:
    return b"AUTH XOAUTH2 " + base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()) + b"\r\n"


def apop(played: Played, user: str, password: str) -> bytes:
    found = re.search(rb"<.*>", played.take())
    assert found
    digest = hashlib.md5(found[0] + password.encode(), usedforsecurity=False).hexdigest()
    return f"APOP {user} {digest}\r\n".encode()


def test_what_somebody_deleted_meanwhile_is_an_error_and_keeps_its_number() -> None:
    played = Played()
    played.send(LOGIN)
    del played.shelf.contents[2]
    assert played.send(b"RETR 2\r\n").startswith(b"-ERR ")
    assert played.send(b"TOP 2 1\r\n").startswith(b"-ERR ")
    assert played.send(b"LIST 3\r\n") == b"+OK 3 27\r\n"
    assert played.send(b"RETR 3\r\n").startswith(b"+OK 27")
    played.send(b"DELE 2\r\n")
    assert played.send(b"QUIT\r\n") == b"+OK Bye\r\n"


def test_deletes_are_for_quit_alone() -> None:
    played = Played()
    played.send(LOGIN + b"DELE 1\r\nDELE 3\r\n")
    played.perform(played.session.lost())
    assert played.shelf.selections == []
    assert played.session.transcript.outcome == "closed"
    again = Played(shelf=played.shelf)
    again.send(LOGIN + b"DELE 1\r\nDELE 3\r\nQUIT\r\n")
    [selection] = again.shelf.selections
    assert (selection.ids, selection.inbox) == ((1, 3), "default")


def test_a_store_that_cannot_delete_is_told_of() -> None:
    played = Played()
    played.send(LOGIN + b"DELE 1\r\n")
    played.shelf.failure = Unavailable("The disk is full")
    assert played.send(b"QUIT\r\n").startswith(b"-ERR [SYS/TEMP]")
    assert played.closed


def test_a_store_that_cannot_be_read_is_no_wrong_password() -> None:
    played = Played()
    played.take()
    played.shelf.failure = Unavailable("The store is closed")
    assert played.send(LOGIN).splitlines()[-1].startswith(b"-ERR [SYS/TEMP]")
    played.shelf.failure = None
    assert played.send(LOGIN).splitlines()[-1].startswith(b"+OK")


def test_a_message_that_breaks_off_does_not_look_whole() -> None:
    played = Played(shelf=Shelf([b"x" * 78 + b"\r\n" + b"y" * 400_000]))
    played.send(LOGIN)
    played.hold = True
    played.send(b"RETR 1\r\n")
    played.shelf.failure = Unavailable("Broken")
    played.hold = False
    while not played.closed:
        played.perform(played.session.resume(None))
    assert not played.take().endswith(b"\r\n.\r\n")
    assert played.session.transcript.outcome == "error"


def test_who_does_not_read_costs_a_piece_and_is_closed_in_the_end() -> None:
    played = Played(shelf=Shelf([b"x" * 50_000_000]))
    played.send(LOGIN)
    played.hold = True
    assert len(played.send(b"RETR 1\r\nNOOP\r\n")) < 200_000
    assert played.shelf.read <= 2
    assert played.session.blocked
    said = played.drains
    played.perform(played.session.resume(None))
    assert played.drains == said + 1
    assert 0 < len(played.take()) < 200_000
    played.time += 1000
    played.perform(played.session.tick())
    assert not played.closed
    played.time += 1000
    played.perform(played.session.tick())
    assert played.closed
    assert played.take() == b""
    assert played.session.transcript.outcome == "timeout"


@pytest.mark.parametrize("most", [0, 100_000, 10_000_000])
def test_clients_that_read_by_turns_get_what_there_was_on_a_small_budget(most: int) -> None:
    contents = [b"".join([b".%d\r\n" % (number + n) for number in range(60_000)]) for n in range(4)]
    shelf, budget = Shelf(contents), Budget(most)
    several = [Slices(lambda start, n=n: shelf.octets(n, start), budget) for n in (1, 2, 3, 4)]  # type: ignore[misc]
    got = [b""] * 4
    while any(pieces := [next(one, b"") for one in several]):
        got = [before + piece for before, piece in zip(got, pieces, strict=True)]
        assert budget.total <= max(most, 100_000)
    assert got == contents
    assert budget.total == 0
    one = Slices(lambda start: shelf.octets(1, start), budget)
    next(one)
    assert budget.total == 100_000
    del one
    assert budget.total == 0


def test_a_message_is_not_read_on_for_who_has_gone() -> None:
    played = Played(shelf=Shelf([b"x" * 50_000_000]))
    played.send(LOGIN)
    played.hold = True
    played.send(b"RETR 1\r\n")
    played.perform(played.session.lost())
    played.perform(played.session.resume(None))
    assert not played.session.blocked
    assert played.shelf.read <= 2


def test_a_long_listing_waits_for_who_reads_it() -> None:
    played = Played(shelf=Shelf([b"x\r\n"] * 10_000))
    played.send(LOGIN)
    played.hold = True
    assert played.send(b"UIDL\r\n").count(b"\n") == 2001
    played.hold = False
    played.perform(played.session.resume(None))
    assert played.take().splitlines()[-2:] == [b"10000 0123456789abcdef.10000", b"."]


@pytest.mark.parametrize("login", [b"", LOGIN], ids=["before login", "after login"])
def test_silence_ends_a_session(login: bytes) -> None:
    played = Played(Settings(idle_timeout=60.0, reader_timeout=600.0))
    played.send(login)
    played.take()
    played.time += 61
    played.perform(played.session.tick())
    assert played.closed == (not login)
    played.time += 600
    played.perform(played.session.tick())
    assert played.closed
    assert played.session.transcript.outcome == "timeout"


def test_a_line_without_end_is_not_kept() -> None:
    played = Played(Settings(max_line=100))
    played.take()
    assert played.send(b"x" * 200).startswith(b"-ERR Line too long")
    assert played.send(b"y" * 500_000) == b""
    assert played.send(b"z" * 600_000).startswith(b"-ERR A line without end")
    assert played.closed
    whole = Played(Settings(max_line=100))
    whole.take()
    assert whole.send(b"PASS " + b"s3cret" * 40 + b"\r\nCAPA\r\n").startswith(b"-ERR Line too long")
    assert not any("s3cret" in line for line in whole.lines)


@pytest.mark.parametrize("tls_first", [False, True])
def test_one_connection_too_many_is_refused(tls_first: bool) -> None:
    played = Played(Settings(max_connections=3), many=4, tls_first=tls_first)
    assert played.closed
    assert played.take()[:4] == (b"" if tls_first else b"-ERR")
    assert played.session.transcript.outcome == "refused"


def test_a_handshake_that_fails_ends_the_session() -> None:
    played = Played()
    played.handshake = ConnectionResetError("gone")
    played.send(b"STLS\r\n")
    assert played.closed
    assert played.session.transcript.outcome == "error"


def test_no_secret_is_recorded() -> None:
    played = Played()
    played.send(b"AUTH PLAIN\r\n" + base64.b64encode(b"\0ann\0s3cret") + b"\r\n")
    assert played.session.transcript.login is not None
    assert played.session.transcript.login.user == "ann"
    again = Played()
    again.send(LOGIN + b"RETR 1\r\n")
    assert again.session.transcript.login is not None
    for line in [*played.lines, *again.lines]:
        assert "s3cret" not in line
        assert "AGFubgBzM2NyZXQ" not in line
        assert "second" not in line, "content does not belong into the record"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("users") / "users"
    file.write_text(f"ann:{hash_password('s3cret')}\n")
    return str(file)


def test_a_file_says_who_may_log_in(file: str) -> None:
    played = Played(Settings(auth_file=file))
    assert b"<" not in played.take()
    assert played.send(b"APOP ann 0123456789abcdef0123456789abcdef\r\n").startswith(b"-ERR No APOP")
    assert played.send(b"USER ann\r\nPASS wrong\r\n").splitlines()[-1].startswith(b"-ERR [AUTH]")
    assert played.send(plain("ann", "s3cret", "bob")).startswith(b"-ERR [AUTH]")
    assert played.send(bearer("ann", "wrong")).startswith(b"+ ")
    assert played.send(b"\r\n").startswith(b"-ERR [AUTH]")
    assert played.send(plain("ann", "s3cret")).startswith(b"+OK")


def test_the_secrets_of_the_web_are_passwords_where_it_has_some() -> None:
    settings = Settings(api_token="t0ken", web_user="u", web_password="pa ss")
    for password, good in (("t0ken", True), ("pa ss", True), ("other", False)):
        played = Played(settings)
        assert played.send(apop(played, "ann", password)).startswith(b"+OK") == good
        assert Played(settings).send(f"USER ann\r\nPASS {password}\r\n".encode()).splitlines()[-1][:3] == (
            b"+OK" if good else b"-ER"
        )
    assert Played(settings).send(bearer("ann", "t0ken")).splitlines()[-1].startswith(b"+OK")


def test_the_token_of_an_inbox_opens_that_inbox() -> None:
    played = Played(Settings(api_token="t0ken"))
    _, token = played.sandbox.inboxes.add(Inbox("shop"), token=True)
    played.take()
    assert played.send(plain("other", token)).startswith(b"-ERR [AUTH]")
    assert played.send(plain("someone@shop.test", token)).startswith(b"-ERR [AUTH]")
    assert played.send(plain("SHOP", token)).startswith(b"+OK")


def test_apop_is_taken_at_its_word_where_any_password_is() -> None:
    played = Played()
    assert played.send(b"APOP ann 0123456789abcdef0123456789ABCDEF\r\n").splitlines()[-1].startswith(b"+OK Logged in")
    assert played.session.transcript.login is not None
    assert played.session.transcript.login.mechanism == "APOP"


def test_the_server_stops_between_two_commands() -> None:
    played = Played()
    played.take()
    played.perform(played.session.shutdown())
    assert played.take().startswith(b"-ERR [SYS/TEMP]")
    assert played.closed
