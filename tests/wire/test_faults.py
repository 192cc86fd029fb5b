"""Faults over real sockets: what a client sees of delays, stalls, throttles, resets and broken TLS."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from mailtrap.faults.rule import Effect, Fault, Said, Step
from mailtrap.net.tls import ca_file
from tests.smtp.stand_ins import ENVELOPE, OPENING, Rules, codes
from tests.strict_tls import CUT_OFF, strict_client
from tests.wire.conftest import Serving
from tests.wire.test_smtp import rss

Serve = Callable[..., Serving]

CONTENT = b"Subject: hi\r\n\r\nbody\r\n"
LONG = 60.0


@pytest.fixture
def faulty(serve: Serve) -> Callable[..., Serving]:
    def start(*rules: Fault, **changes: Any) -> Serving:
        serving = serve(**changes)
        serving.sandbox.faults = Rules(*rules)  # type: ignore[assignment]
        return serving

    return start


class Client:
    """A socket and the lines it reads."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.sock = socket.create_connection(address, timeout=LONG)
        self.replies = self.sock.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.replies.close()
        self.sock.close()

    def send(self, octets: bytes) -> None:
        self.sock.sendall(octets)

    def reply(self) -> bytes:
        """One reply, all its lines."""
        said = b""
        while True:
            line = self.replies.readline()
            assert line, f"closed after {said!r}"
            said += line
            if line[3:4] != b"-":
                return said

    def ask(self, octets: bytes) -> bytes:
        self.send(octets)
        return self.reply()

    def greet(self) -> Client:
        self.reply()
        self.ask(OPENING)
        return self

    def vanish(self) -> None:
        """Close with a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.replies.close()
        self.sock.close()


def recorded(serving: Serving, count: int = 1) -> Any:
    serving.store.wait(lambda: len(serving.store.recorded) >= count, LONG)
    return serving.store.recorded[count - 1]


def test_a_delay_holds_up_one_session_and_no_other(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.RCPT, Effect(delay=1.0), when="c@d.test"))
    with Client(serving.smtp) as slow, Client(serving.smtp) as quick:
        slow.greet()
        quick.greet()
        begun = time.monotonic()
        slow.send(ENVELOPE)
        assert slow.reply().startswith(b"250")
        assert quick.ask(b"MAIL FROM:<a@b.test>\r\n").startswith(b"250")
        assert quick.ask(b"RCPT TO:<other@d.test>\r\n").startswith(b"250")
        assert time.monotonic() - begun < 1.0
        assert slow.reply().startswith(b"250")
        assert time.monotonic() - begun >= 1.0


def test_stalled_sessions_leave_others_answered_and_cost_no_threads(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.DATA, Effect(stall=True), first=50))
    threads = threading.active_count()
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            client = stack.enter_context(Client(serving.smtp)).greet()
            client.send(ENVELOPE + b"DATA\r\n")
            assert codes(client.reply() + client.reply()) == [250, 250]
        assert threading.active_count() == threads
        with smtplib.SMTP(*serving.smtp, timeout=LONG) as other:
            for _ in range(20):
                other.sendmail("a@b.test", ["c@d.test"], CONTENT)
    assert len(serving.store.kept) == 20
    serving.store.wait(lambda: len(serving.store.recorded) == 51, LONG)


@pytest.mark.parametrize("end", ["close", "reset", "half-close"])
@pytest.mark.parametrize("effect", [Effect(stall=True), Effect(delay=3600.0)], ids=["stall", "delay"])
def test_waiting_ends_when_the_client_goes(faulty: Callable[..., Serving], effect: Effect, end: str) -> None:
    serving = faulty(Fault(Step.MAIL, effect))
    with Client(serving.smtp) as client:
        client.greet()
        client.send(b"MAIL FROM:<a@b.test>\r\n")
        if end == "half-close":
            client.sock.shutdown(socket.SHUT_WR)
        elif end == "reset":
            client.vanish()
    assert recorded(serving).outcome in ("aborted", "closed")


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux tells what a socket that is not read has seen")
def test_a_client_that_goes_is_noticed_where_nothing_is_read(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.IN_DATA, Effect(reply=Said(550, "5.7.1", "Enough"), after=10, stall=True)))
    with Client(serving.smtp) as client:
        client.greet()
        client.send(ENVELOPE + b"DATA\r\n")
        assert codes(client.reply() + client.reply() + client.reply()) == [250, 250, 354]
        client.send(b"x" * 100_000)
        assert client.reply() == b"550 5.7.1 Enough\r\n"
        client.vanish()
    assert recorded(serving).outcome == "aborted"


def test_stalled_content_stops_the_client_and_takes_no_memory(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.IN_DATA, Effect(stall=True, after=10)))
    with Client(serving.smtp) as client:
        client.greet()
        client.send(ENVELOPE + b"DATA\r\n")
        assert codes(client.reply() + client.reply() + client.reply()) == [250, 250, 354]
        before = rss()
        client.sock.settimeout(0.5)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 64 * 1024 * 1024:
                sent += client.sock.send(bytes(65536))
        after = rss()
        assert after - before < 16 * 1024 * 1024


@pytest.mark.parametrize("effect", [Effect(stall=True), Effect(delay=3600.0)], ids=["stall", "delay"])
def test_waiting_ends_when_the_server_stops(faulty: Callable[..., Serving], effect: Effect) -> None:
    serving = faulty(Fault(Step.END_OF_DATA, effect))
    with Client(serving.smtp) as client:
        client.greet()
        client.send(ENVELOPE + b"DATA\r\n" + CONTENT + b".\r\n")
        assert codes(client.reply() + client.reply() + client.reply()) == [250, 250, 354]
        serving.store.wait(lambda: len(serving.store.kept) == 1, LONG)
        begun = time.monotonic()
        serving.server.stop(30.0)
        assert time.monotonic() - begun < 20
        said = client.replies.read()
    assert codes(said) == [421] if effect.stall else [250, 421]


def test_a_stalled_session_ends_with_the_session_timeout(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.MAIL, Effect(stall=True)), session_timeout=0.3)
    with Client(serving.smtp) as client:
        client.greet()
        assert client.ask(b"MAIL FROM:<a@b.test>\r\n").startswith(b"421 4.4.7")
    assert recorded(serving).outcome == "timeout"


@pytest.mark.parametrize("security", ["plain", "tls"])
def test_throttled_both_ways(faulty: Callable[..., Serving], security: str) -> None:
    serving = faulty(Fault(Step.DATA, Effect(throttle=2000)))
    client = (
        smtplib.SMTP(*serving.smtp, timeout=LONG)
        if security == "plain"
        else smtplib.SMTP_SSL("localhost", serving.smtps[1], timeout=LONG, context=trusting(serving))
    )
    body = CONTENT + b"x" * 2950 + b"\r\n"
    with client:
        begun = time.monotonic()
        client.sendmail("a@b.test", ["c@d.test"], body)
        took = time.monotonic() - begun
        # The content, and the replies to DATA and to its end: about 3,100 octets.
        assert 1.4 < took < LONG / 2
        begun = time.monotonic()
        client.docmd("HELP")
        assert time.monotonic() - begun >= 0.05
    assert serving.store.content() == body


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_throttled_from_the_first_octet_tls_begins_all_the_same(faulty: Callable[..., Serving], security: str) -> None:
    serving = faulty(Fault(Step.CONNECT, Effect(throttle=5000)))
    begun = time.monotonic()
    if security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL("localhost", serving.smtps[1], timeout=LONG, context=trusting(serving))
    else:
        client = smtplib.SMTP("localhost", serving.smtp[1], timeout=LONG)
        client.starttls(context=trusting(serving))
    with client:
        client.sendmail("a@b.test", ["c@d.test"], CONTENT + b"x" * 4000)
    assert time.monotonic() - begun >= 0.8
    assert serving.store.content().startswith(CONTENT)
    assert serving.store.kept[0].arrival.tls is not None


def test_a_throttled_client_that_says_no_more_is_still_dealt_with(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.MAIL, Effect(throttle=1000)))
    with Client(serving.smtp) as client:
        client.send(OPENING + ENVELOPE + b"BDAT 600 LAST\r\n" + b"x" * 600 + b"QUIT\r\n")
        client.sock.shutdown(socket.SHUT_WR)
        assert codes(client.replies.read()) == [220, 250, 250, 250, 250, 221]
    assert serving.store.content() == b"x" * 600
    assert recorded(serving).outcome == "quit"


def test_a_throttled_client_that_vanishes_is_forgotten(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.DATA, Effect(throttle=100)))
    with Client(serving.smtp) as client:
        client.greet()
        client.send(ENVELOPE + b"DATA\r\n" + b"x" * 3000)
        client.reply()
        client.vanish()
    assert recorded(serving).outcome == "aborted"
    assert serving.store.kept == []


@pytest.mark.parametrize("disconnect", ["before-reply", "after-reply"])
def test_a_reset_is_a_reset(faulty: Callable[..., Serving], disconnect: Any) -> None:
    serving = faulty(Fault(Step.RCPT, Effect(disconnect=disconnect, reset=True)))
    with socket.create_connection(serving.smtp, timeout=LONG) as sock:
        said = b""
        sock.sendall(OPENING + ENVELOPE)
        with pytest.raises(ConnectionResetError):
            while piece := sock.recv(4096):
                said += piece
    assert codes(said) == [220, 250, 250] + [250] * (disconnect == "after-reply")
    assert recorded(serving).outcome == "fault"


@pytest.mark.parametrize("disconnect", ["before-reply", "after-reply"])
def test_a_reset_is_a_reset_under_tls(faulty: Callable[..., Serving], disconnect: Any) -> None:
    """With TLS done in memory: OpenSSL makes an end of file of every end that it does not expect."""
    serving = faulty(Fault(Step.RCPT, Effect(disconnect=disconnect, reset=True)))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting(serving).wrap_bio(incoming, outgoing, server_hostname="localhost")
    said, shaken = b"", False
    with socket.create_connection(serving.smtps, timeout=LONG) as sock, pytest.raises(ConnectionResetError):
        while True:
            try:
                if not shaken:
                    tls.do_handshake()
                    shaken = True
                    tls.write(OPENING + ENVELOPE)
                said += tls.read(4096)
            except ssl.SSLWantReadError:
                # Sending nothing would meet the reset before what came earlier has been read.
                if outgoing.pending:
                    sock.sendall(outgoing.read())
                piece = sock.recv(4096)
                assert piece, f"closed, not reset, after {said!r}"
                incoming.write(piece)
    assert codes(said) == [220, 250, 250] + [250] * (disconnect == "after-reply")


def test_reset_in_the_midst_of_the_content(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.IN_DATA, Effect(disconnect="mid-data", after=1000, reset=True)))
    with Client(serving.smtp) as client:
        client.greet()
        client.send(ENVELOPE + b"DATA\r\n")
        assert codes(client.reply() + client.reply() + client.reply()) == [250, 250, 354]
        client.send(b"x" * 999)
        client.send(b"x" * 5000)
        with pytest.raises(ConnectionResetError):
            client.sock.recv(100)
    assert serving.store.kept == []


def test_closed_in_the_midst_of_the_content_without_a_reset(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.IN_DATA, Effect(disconnect="mid-data", after=1000)))
    with Client(serving.smtp) as client:
        client.greet()
        client.send(ENVELOPE + b"DATA\r\n" + b"x" * 50_000)
        assert codes(client.replies.read()) == [250, 250, 354]


def test_kept_and_hung_up_makes_smtplib_try_again(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.END_OF_DATA, Effect(disconnect="after-store"), first=1))
    with pytest.raises(smtplib.SMTPServerDisconnected), smtplib.SMTP(*serving.smtp, timeout=LONG) as client:
        client.sendmail("a@b.test", ["c@d.test"], CONTENT)
    with smtplib.SMTP(*serving.smtp, timeout=LONG) as client:
        client.sendmail("a@b.test", ["c@d.test"], CONTENT)
    assert len(serving.store.kept) == 2


def test_smtplib_names_the_one_recipient_that_was_refused(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.RCPT, Effect(reply=Said(550, "5.1.1", "No such mailbox")), when="two@d.test"))
    with smtplib.SMTP(*serving.smtp, timeout=LONG) as client:
        refused = client.sendmail("a@b.test", ["one@d.test", "two@d.test", "three@d.test"], CONTENT)
    assert refused == {"two@d.test": (550, b"5.1.1 No such mailbox")}
    assert serving.store.kept[0].envelope.addresses == ("one@d.test", "three@d.test")


def test_a_client_that_talks_too_early_is_refused(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.GREETING, Effect(early_talker=0.3)))
    with Client(serving.smtp) as early:
        early.send(OPENING)
        said = early.replies.read()
    assert said.splitlines() == [b"220-localhost ESMTP mailtrap", b"554 5.5.0 You talk before it is your turn"]
    with smtplib.SMTP(*serving.smtp, timeout=LONG) as patient:
        assert patient.ehlo()[0] == 250


def test_a_reply_without_end_goes_on_until_the_client_leaves(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.MAIL, Effect(malformed="endless")))
    with Client(serving.smtp) as client:
        client.greet()
        client.send(b"MAIL FROM:<a@b.test>\r\n")
        assert [client.replies.readline() for _ in range(8)] == [b"250-2.1.0 Sender OK\r\n"] * 8
    assert recorded(serving).outcome == "aborted"


def test_a_reply_in_pieces_arrives_in_pieces_and_whole(faulty: Callable[..., Serving]) -> None:
    serving = faulty(Fault(Step.QUIT, Effect(malformed="split")))
    with Client(serving.smtp) as client:
        client.greet()
        client.send(b"QUIT\r\n")
        pieces = []
        while piece := client.sock.recv(4096):
            pieces.append(piece)
    assert b"".join(pieces) == b"221 2.0.0 Bye\r\n"
    assert len(pieces) > 1


# TLS.

ERRORS = {
    "expired": "certificate verify failed: certificate has expired",
    "not-yet-valid": "certificate verify failed: certificate is not yet valid",
    "wrong-host": "certificate verify failed: Hostname mismatch",
    "unknown-ca": "certificate verify failed: unable to get local issuer certificate",
    "self-signed": "certificate verify failed: self-signed certificate (",
    "old-version": "alert protocol version",
    "garbage": "wrong version number",
    "abort": CUT_OFF,
    "refuse": "alert handshake failure",
}


def trusting(serving: Serving) -> ssl.SSLContext:
    return strict_client(str(ca_file(serving.settings)))


@pytest.mark.parametrize("trouble", ERRORS)
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_client_sees_the_error_that_was_asked_for(
    faulty: Callable[..., Serving], security: str, trouble: Any
) -> None:
    serving = faulty(Fault(Step.STARTTLS, Effect(tls=trouble)))
    if security == "starttls" and trouble == "refuse":
        with (
            smtplib.SMTP("localhost", serving.smtp[1], timeout=LONG) as client,
            pytest.raises(smtplib.SMTPResponseException, match="454"),
        ):
            client.starttls(context=trusting(serving))
        return
    with pytest.raises(ssl.SSLError) as error:
        if security == "tls":
            smtplib.SMTP_SSL("localhost", serving.smtps[1], context=trusting(serving), timeout=LONG)
        else:
            client = smtplib.SMTP("localhost", serving.smtp[1], timeout=LONG)
            try:
                client.starttls(context=trusting(serving))
            finally:
                client.close()
    assert ERRORS[trouble] in str(error.value)
    assert any(line.fault == 1 for line in recorded(serving).lines())


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("trouble", ["expired", "old-version"])
def test_a_client_that_does_not_check_gets_through(faulty: Callable[..., Serving], security: str, trouble: Any) -> None:
    serving = faulty(Fault(Step.STARTTLS, Effect(tls=trouble)))
    lax = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    lax.check_hostname, lax.verify_mode = False, ssl.CERT_NONE
    if trouble == "old-version":
        with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
            lax.minimum_version = ssl.TLSVersion.TLSv1
        lax.set_ciphers("DEFAULT:@SECLEVEL=0")
    if security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL("localhost", serving.smtps[1], context=lax, timeout=LONG)
    else:
        client = smtplib.SMTP("localhost", serving.smtp[1], timeout=LONG)
        client.starttls(context=lax)
    with client:
        client.sendmail("a@b.test", ["c@d.test"], CONTENT)
    tls = serving.store.kept[0].arrival.tls
    assert tls is not None
    assert tls.version == ("TLSv1.1" if trouble == "old-version" else "TLSv1.3")


def test_ehlo_in_one_segment_with_the_end_of_the_handshake_is_heard(serve: Serve) -> None:
    serving = serve()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting(serving).wrap_bio(incoming, outgoing, server_hostname="localhost")
    said = b""
    with Client(serving.smtp) as client:
        client.greet()
        client.ask(b"STARTTLS\r\n")
        shaken = False
        while b"250 AUTH" not in said:
            try:
                if not shaken:
                    tls.do_handshake()
                    shaken = True
                    tls.write(OPENING)
                said += tls.read(4096)
            except ssl.SSLWantReadError:
                client.send(outgoing.read())
                incoming.write(client.sock.recv(4096))
    assert recorded(serving).outcome == "closed"


@pytest.mark.parametrize("trouble", ["abort", "garbage", "expired"])
def test_a_client_that_never_begins_the_handshake_does_not_stay(faulty: Callable[..., Serving], trouble: Any) -> None:
    serving = faulty(Fault(Step.STARTTLS, Effect(tls=trouble)), tls_timeout=0.3)
    with Client(serving.smtps) as client:
        client.replies.read()
    assert recorded(serving).outcome == "fault"
