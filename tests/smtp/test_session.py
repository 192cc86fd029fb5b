"""What a session does, played without a socket."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.errors import StorageFull, Unavailable
from mailtrap.mail.arrival import Login, Tls
from mailtrap.mail.limits import Limits
from mailtrap.net.sasl import Credentials, hash_password
from mailtrap.smtp.policy import Policy
from mailtrap.smtp.reception import GRACE
from tests.smtp.stand_ins import ENVELOPE, OPENING, Played, codes

MESSAGE = ENVELOPE + b"DATA\r\nSubject: x\r\n\r\nbody\r\n.\r\n"


def greeted(policy: Policy | None = None, **limits: float) -> Played:
    played = Played(policy, limits=Limits(**limits))  # type: ignore[arg-type]
    played.send(OPENING)
    return played


def stuffed(content: bytes) -> bytes:
    return re.sub(rb"(?:^|(?<=\r\n))\.", b"..", content) + b".\r\n"


def test_the_envelope_is_kept_as_sent() -> None:
    played = greeted()
    played.send(
        b"MAIL FROM:<Ann.O'Hara+tag@Example.TEST> BODY=8BITMIME ret=HDRS ENVID=a+2BbC x-Custom=<y>=z Flag\r\n"
        b"RCPT TO:<c@d.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;C+40D\r\nRCPT TO:<c@d.test>\r\nDATA\r\nx\r\n.\r\n"
    )
    envelope = played.store.kept[0].envelope
    assert envelope.reverse_path == "Ann.O'Hara+tag@Example.TEST"
    assert envelope.parameters == (
        ("BODY", "8BITMIME"),
        ("ret", "HDRS"),
        ("ENVID", "a+2BbC"),
        ("x-Custom", "<y>=z"),
        ("Flag", None),
    )
    assert envelope.addresses == ("c@d.test", "c@d.test")
    assert envelope.recipients[0].parameters == (("NOTIFY", "SUCCESS,DELAY"), ("ORCPT", "rfc822;C+40D"))
    assert envelope.recipients[1].parameters == ()


def test_the_arrival_says_how_it_came() -> None:
    played = Played(tls_first=True)
    played.send(b"EHLO [10.0.0.1]\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\n" + MESSAGE)
    arrival = played.store.kept[0].arrival
    assert (arrival.listener, arrival.peer, arrival.helo, arrival.session) == ("smtp", "127.0.0.1:9", "[10.0.0.1]", 1)
    assert arrival.protocol == "ESMTPSA"
    assert arrival.tls == Tls("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert arrival.login == Login("PLAIN", "user")


@pytest.mark.parametrize(
    ("hello", "parameters", "keyword"),
    [(b"HELO x\r\n", b"", "SMTP"), (b"EHLO x\r\n", b"", "ESMTP"), (b"EHLO x\r\n", b" SMTPUTF8", "UTF8SMTP")],
)
def test_the_protocol_is_named_as_in_a_trace_line(hello: bytes, parameters: bytes, keyword: str) -> None:
    played = Played()
    played.send(hello + MESSAGE.replace(b"<a@b.test>", b"<a@b.test>" + parameters))
    assert played.store.kept[0].arrival.protocol == keyword


@given(
    st.lists(
        st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"\r\n.", b"\r\n..", b"a", b"\0", b"\r\n.\r", b"\xff", b"x" * 40])
    ),
    st.lists(st.integers(1, 50), min_size=1),
    st.booleans(),
)
def test_any_cutting_of_the_octets_gives_the_same_message(pieces: list[bytes], sizes: list[int], chunked: bool) -> None:
    content = b"".join(pieces)
    if not chunked:
        content += b"\r\n"
    wire = OPENING + ENVELOPE
    wire += b"BDAT %d LAST\r\n" % len(content) + content if chunked else b"DATA\r\n" + stuffed(content)
    played = Played()
    played.take()
    said, at, turn = b"", 0, 0
    while at < len(wire):
        size = sizes[turn % len(sizes)]
        said += played.send(wire[at : at + size])
        at, turn = at + size, turn + 1
    assert codes(said) == [250, 250, 250, 250] if chunked else [250, 250, 250, 354, 250]
    assert [played.store.content()] == [content]
    kept = played.store.kept[0]
    assert kept.sha256 == hashlib.sha256(content).digest()
    whole = Played()
    whole.send(wire)
    assert whole.store.kept[0].flags == kept.flags


SMUGGLED = [
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r\n\x00.\r\n", b"\r\n.\x00\r\n",
    b"\n\n.\n\n", b"\r\r.\r\r", b"\r\n..\r\n", b"\r\n.\r\r\n", b"\r\r\n.\n",
]  # fmt: skip


@pytest.mark.parametrize("end", SMUGGLED, ids=repr)
@pytest.mark.parametrize("size", [0, 1, 3])
def test_nothing_but_crlf_dot_crlf_ends_the_content(end: bytes, size: int) -> None:
    played = greeted()
    bait = b"Subject: 1\r\n\r\none" + end + b"MAIL FROM:<evil@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\ntwo\r\n"
    played.send(ENVELOPE + b"DATA\r\n" + bait + b".\r\n", size)
    assert len(played.store.kept) == 1
    assert b"evil" in played.store.content()


@pytest.mark.parametrize(
    ("content", "flags"),
    [
        (b"fine\r\n" * 400, ()),
        (b"a\nb\r\n", ("bare-lf",)),
        (b"a\rb\r\n", ("bare-cr",)),
        (b"a\r\r\nb\r\n", ("bare-cr",)),
        (b"\0\r\n", ("nul",)),
        (b"x" * 998 + b"\r\n", ()),
        (b"x" * 999 + b"\r\n", ("long-line",)),
        (b"short\r\n" * 300 + b"x" * 1000 + b"\r\n" + b"short\r\n" * 300, ("long-line",)),
        ("ü\r\n".encode(), ("8bit-undeclared",)),
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("size", [0, 1, 100])
def test_facts_of_content_that_is_not_held_become_flags(
    content: bytes, flags: tuple[str, ...], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtrap.smtp.intake.HELD", 0)
    played = greeted()
    played.send(ENVELOPE + b"BDAT %d LAST\r\n" % len(content) + content, size)
    assert played.store.kept[0].flags == flags


def test_content_that_is_held_is_looked_at_later_but_for_what_only_the_envelope_tells() -> None:
    played = greeted()
    played.send(ENVELOPE + "DATA\r\nbare\nü\r\n.\r\n".encode())
    assert played.store.kept[0].flags == ("8bit-undeclared",)


def test_declared_8_bit_content_is_not_flagged() -> None:
    played = greeted()
    played.send(ENVELOPE.replace(b"b.test>", b"b.test> body=8bitmime") + "DATA\r\nü\r\n.\r\n".encode())
    assert played.store.kept[0].flags == ()


def test_an_undeclared_utf8_address_is_flagged() -> None:
    played = greeted()
    played.send("MAIL FROM:<ü@b.test>\r\nRCPT TO:<ä@b.test>\r\nDATA\r\nx\r\n.\r\n".encode())
    assert played.store.kept[0].flags == ("utf8-address-undeclared",)


@pytest.mark.parametrize("size", [0, 70_000])
def test_a_big_message_is_spooled_in_pieces(size: int) -> None:
    content = (b".stuffed\r\n" + b"y" * 70 + b"\r\n") * 30_000
    played = greeted()
    assert codes(played.send(ENVELOPE + b"DATA\r\n" + stuffed(content), size)) == [250, 250, 354, 250]
    assert played.store.content() == content
    assert played.store.kept[0].octets is None
    assert played.store.kept[0].size == len(content)


def test_a_big_message_that_does_not_come_whole_is_dropped() -> None:
    played = greeted()
    played.send(ENVELOPE + b"DATA\r\n" + b"x" * 1_000_000)
    played.perform(played.session.lost())
    assert played.store.spools[0].discarded
    assert played.session.transcript.outcome == "aborted"


@pytest.mark.parametrize("limit", [1000, 700_000])
@pytest.mark.parametrize("over", [0, 1])
def test_the_size_limit_is_exact_whatever_dots_were_stuffed(limit: int, over: int) -> None:
    content = (b".\r\n" * limit)[: limit + over - 2] + b"\r\n"
    played = greeted(max_message_size=limit)
    said = played.send(ENVELOPE + b"DATA\r\n" + stuffed(content) + b"NOOP\r\n", 50_000)
    assert codes(said) == [250, 250, 354, 552 if over else 250, 250]
    assert len(played.store.kept) == 1 - over


def test_content_far_beyond_the_limit_closes_the_connection() -> None:
    played = greeted(max_message_size=1_000_000)
    played.send(ENVELOPE + b"DATA\r\n")
    for _ in range(40):
        played.send(b"x" * 60_000)
    assert played.closed
    assert played.session.transcript.outcome == "refused"
    assert max(spool.largest for spool in played.store.spools) < 700_000
    assert played.store.spools[0].discarded


def test_an_endless_chunk_is_not_kept_and_ends_the_connection() -> None:
    played = greeted(max_message_size=1_000_000)
    played.send(ENVELOPE + b"BDAT 999999999999 LAST\r\n")
    for _ in range(40):
        played.send(b"x" * 60_000)
    assert played.closed


@pytest.mark.parametrize("start", [b"", b"AUTH LOGIN\r\n", b"AUTH PLAIN "])
def test_an_endless_line_is_refused_early_and_forgotten(start: bytes) -> None:
    played = greeted()
    said = played.send(start)
    for _ in range(30):
        said += played.send(b"x" * 60_000)
    assert codes(said)[-2:] == [500, 421]
    assert len(played.session._buffer) < 100
    assert played.closed


def test_after_a_line_that_was_too_long_the_session_goes_on() -> None:
    played = greeted()
    assert codes(played.send(b"x" * 5000)) == [500]
    assert codes(played.send(b"y" * 5000 + b"\r\nNOOP\r\n")) == [250]


def test_long_tokens_fit_into_an_auth_command() -> None:
    played = greeted()
    token = base64.b64encode(b"user=a\x01auth=Bearer " + b"t" * 6000 + b"\x01\x01")
    assert codes(played.send(b"AUTH XOAUTH2 " + token + b"\r\n")) == [235]


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (StorageFull("no room on /secret/path"), b"452 4.3.1 No room"),
        (Unavailable("secret"), b"451 4.3.0"),
        (RuntimeError("secret"), b"451 4.3.0"),
    ],
)
def test_a_store_that_fails_is_a_transient_refusal_without_details(failure: Exception, answer: bytes) -> None:
    played = greeted()
    played.store.failure = failure
    said = played.send(MESSAGE + b"NOOP\r\n")
    assert codes(said)[-1] == 250
    assert answer in said
    assert b"secret" not in said


def test_a_spool_that_fails_is_a_transient_refusal_too() -> None:
    played = greeted()

    def fail() -> None:
        raise StorageFull("full")

    played.store.spool = fail  # type: ignore[method-assign, assignment]
    said = played.send(ENVELOPE + b"DATA\r\n" + b"x" * 1_000_000 + b"\r\n.\r\nNOOP\r\n")
    assert codes(said) == [250, 250, 354, 452, 250]


def test_what_is_pipelined_behind_the_content_waits_for_the_store() -> None:
    played = greeted()
    played.hold = True
    assert codes(played.send(MESSAGE + b"NOOP\r\n")) == [250, 250, 354]
    assert played.session.blocked
    assert not played.session.holding
    played.send(b"NOOP\r\n" * 5000)
    assert played.session.holding
    played.release()
    assert codes(played.take())[:3] == [250, 250, 250]


def test_reading_stops_while_the_store_lags_behind() -> None:
    played = greeted()
    played.send(ENVELOPE + b"DATA\r\n" + b"x" * 1_000_000)
    assert not played.session.holding
    played.store.spools[0].backlog = 9 * 1024 * 1024
    assert played.session.holding


def test_a_client_that_hangs_up_after_the_final_dot_is_not_cheated() -> None:
    played = greeted()
    played.hold = True
    played.send(MESSAGE + MESSAGE)
    played.perform(played.session.lost())
    assert played.session.blocked
    played.release()
    assert len(played.store.kept) == 2
    assert not played.session.blocked
    assert played.session.transcript.outcome == "closed"


def test_a_half_closed_connection_gets_its_answers() -> None:
    played = greeted()
    played.hold = True
    played.send(MESSAGE)
    played.perform(played.session.eof())
    assert not played.closed
    played.release()
    assert b"kept as message 1" in played.take()
    assert played.closed


def test_what_follows_starttls_in_the_clear_is_never_performed() -> None:
    played = greeted()
    said = played.send(b"AUTH PLAIN AGEAYg==\r\nSTARTTLS\r\nMAIL FROM:<evil@b.test>\r\n")
    assert codes(said) == [235, 220]
    assert codes(played.send(b"RCPT TO:<c@d.test>\r\nMAIL FROM:<a@b.test>\r\n")) == [503, 503]
    assert played.session.transcript.login is None
    said = played.send(OPENING)
    assert b"STARTTLS" not in said
    assert codes(played.send(b"STARTTLS\r\n")) == [503]
    assert any("thrown away" in line for line in played.lines)


def test_what_comes_in_the_clear_during_the_handshake_is_never_performed() -> None:
    played = greeted()
    played.hold = True
    played.send(b"STARTTLS\r\n")
    played.send(b"EHLO x\r\nMAIL FROM:<evil@b.test>\r\n")
    played.release()
    assert played.take() == b""


def test_a_handshake_that_fails_is_a_session_with_an_error() -> None:
    played = greeted()
    played.handshake = ConnectionResetError("reset")
    played.send(b"STARTTLS\r\n")
    assert played.closed
    assert played.session.transcript.outcome == "error"


def test_secrets_are_masked_in_the_transcript() -> None:
    played = greeted()
    for wire in (
        b"AUTH PLAIN c2VjcmV0\r\n",
        b"auth c2VjcmV0\r\n",
        b"AUTH LOGIN c2VjcmV0\r\nc2VjcmV0\r\n",
        b"AUTH PLAIN " + b"c2VjcmV0" * 3000 + b"\r\n",
        b"  AUTH PLAIN c2VjcmV0\r\n",
        b"AUTH\tPLAIN\tc2VjcmV0\r\n",
        b"AUTHPLAIN c2VjcmV0\r\n",
    ):
        played.send(wire)
    transcript = "\n".join(played.lines)
    assert "c2VjcmV0" not in transcript
    assert "C AUTH PLAIN ***" in transcript
    assert "C ***" in transcript


def test_only_users_of_the_file_may_log_in() -> None:
    credentials = Credentials({"ann": hash_password("secret")})
    played = greeted(Policy(credentials=credentials))
    assert b"CRAM-MD5" not in played.send(OPENING)
    assert codes(played.send(b"AUTH CRAM-MD5\r\n")) == [504]
    assert codes(played.send(b"AUTH PLAIN AGFubgB3cm9uZw==\r\n")) == [535]  # NUL ann NUL wrong
    assert codes(played.send(b"AUTH PLAIN Ym9iAGFubgBzZWNyZXQ=\r\n")) == [535]  # bob NUL ann NUL secret
    refused = played.send(b"AUTH XOAUTH2 dXNlcj1hbm4BYXV0aD1CZWFyZXIgd3JvbmcBAQ==\r\n")
    assert codes(refused) == [334]
    assert codes(played.send(b"\r\n")) == [535]
    assert codes(played.send(b"AUTH PLAIN AGFubgBzZWNyZXQ=\r\n")) == [235]  # NUL ann NUL secret
    assert played.session.transcript.login == Login("PLAIN", "ann")


def test_a_byte_now_and_then_does_not_keep_a_command_alive() -> None:
    played = greeted(idle_timeout=10)
    for _ in range(11):
        played.time += 1
        played.send(b"N")
        played.perform(played.session.tick())
    assert codes(played.take()) == [421]
    assert played.session.transcript.outcome == "timeout"


def test_whole_commands_keep_a_session_alive_until_its_own_end() -> None:
    played = greeted(idle_timeout=10, session_timeout=100)
    for second in range(99):
        played.time += 1
        assert codes(played.send(b"NOOP\r\n")) == [250], second
        played.perform(played.session.tick())
    played.time += 2
    played.perform(played.session.tick())
    assert codes(played.take()) == [421]


@pytest.mark.parametrize(("rate", "lives"), [(600, True), (400, False)])
def test_content_may_be_slow_but_not_too_slow(rate: int, lives: bool) -> None:
    played = greeted(min_data_rate=500)
    played.send(ENVELOPE + b"DATA\r\n")
    for _ in range(int(3 * GRACE)):
        played.time += 1
        played.perform(played.session.receive(b"x" * rate))
        played.perform(played.session.tick())
    assert (codes(played.take()) == []) is lives


def test_stopping_lets_a_transaction_finish() -> None:
    idle, busy = greeted(), greeted()
    busy.send(ENVELOPE)
    idle.perform(idle.session.shutdown())
    busy.perform(busy.session.shutdown())
    assert codes(idle.take()) == [421]
    assert not busy.closed
    assert codes(busy.send(b"DATA\r\nx\r\n.\r\n")) == [354, 250, 421]
    assert busy.session.transcript.outcome == "shutdown"


def test_too_many_connections_are_told_so() -> None:
    for connections, of_peer in ((3, 1), (2, 2)):
        played = Played(limits=Limits(max_connections=2, max_connections_per_peer=1))
        played.take()
        played.perform(played.session.opened(connections, of_peer))
        assert codes(played.take()) == [421]
        assert played.session.transcript.outcome == "refused"


def test_a_tls_client_on_the_plain_port_is_told_so() -> None:
    played = Played()
    played.take()
    assert codes(played.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")) == [421]


def test_the_content_stands_in_the_transcript_as_a_number() -> None:
    played = greeted()
    played.send(MESSAGE)
    assert "C <20 octets of content>" in played.lines
    assert played.session.transcript.messages == [1]
    assert not any("body" in line for line in played.lines)


def test_a_fault_of_our_own_shows_nothing_of_itself() -> None:
    played = greeted()
    said = played.send(b"NOOP\r\n")
    played.perform(played.session.failed())
    said = played.take()
    assert said.startswith(b"421 4.3.0 ")
    assert played.session.transcript.outcome == "error"


@given(st.lists(st.sampled_from([
    b"EHLO x\r\n", b"HELO x\r\n", b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<c@d.test>\r\n", b"DATA\r\n", b".\r\n",
    b"text\r\n",
    b"BDAT 4\r\nabcd", b"BDAT 4 LAST\r\nabcd", b"RSET\r\n", b"NOOP\r\n", b"AUTH LOGIN\r\n", b"YQ==\r\n", b"*\r\n",
    b"STARTTLS\r\n", b"QUIT\r\n", b"\r\n", b"\xff\0\r\n", b"BDAT x\r\n",
]), max_size=40))  # fmt: skip
def test_any_order_of_commands_gets_replies_and_breaks_nothing(commands: list[bytes]) -> None:
    played = Played()
    said = played.take() + played.send(b"".join(commands))
    for line in said.split(b"\r\n")[:-1]:
        assert re.match(rb"[2-5]\d\d[ -]", line)
        status = re.match(rb"(\d)\d\d[ -](\d)\.\d{1,3}\.\d{1,3} ", line)
        assert status is None or status[1] == status[2]
    played.perform(played.session.lost())
    assert not played.session.blocked
    assert played.session.transcript.ended_at is not None
