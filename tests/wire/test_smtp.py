"""SMTP over real sockets with the standard library's client, TLS, and clients that misbehave."""

from __future__ import annotations

import contextlib
import os
import re
import smtplib
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailtrap.errors import SettingsError
from mailtrap.mail.arrival import Login
from mailtrap.net.sasl import hash_password
from mailtrap.net.tls import ca_file
from mailtrap.settings import Settings
from mailtrap.smtp.listener import doors
from tests.smtp.stand_ins import ENVELOPE, OPENING, MemoryStore, codes, sandbox
from tests.wire.conftest import Serving

Serve = Callable[..., Serving]

CONTENT = b"From: a@b.test\r\nSubject: hi\r\n\r\n.dots\r\n..\r\nbody\r\n"
BIG = b"Subject: big\r\n\r\n" + (b".stuffed line\r\n" + b"y" * 70 + b"\r\n") * 30_000


def connect(serving: Serving, security: str) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=str(ca_file(serving.settings)))
    if security == "tls":
        return smtplib.SMTP_SSL("localhost", serving.smtps[1], context=context, timeout=10)
    client = smtplib.SMTP("localhost", serving.smtp[1], timeout=10)
    if security == "starttls":
        client.starttls(context=context)
    return client


def say(address: tuple[str, int], octets: bytes, half_close: bool = True) -> bytes:
    """Send it all at once, then read to the end."""
    with socket.create_connection(address, timeout=10) as sock:
        sock.sendall(octets)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        said = b""
        while piece := sock.recv(65536):
            said += piece
        return said


@pytest.mark.parametrize("mechanism", ["none", "plain", "login", "cram_md5", "xoauth2", "oauthbearer"])
@pytest.mark.parametrize("security", ["plain", "starttls", "tls"])
def test_smtplib_delivers(serve: Serve, security: str, mechanism: str) -> None:
    serving = serve()
    with connect(serving, security) as client:
        client.ehlo_or_helo_if_needed()
        client.user, client.password = "user@example.test", "secret"
        if mechanism == "xoauth2":
            client.auth("XOAUTH2", lambda _=None: "user=user@example.test\x01auth=Bearer token\x01\x01")
        elif mechanism == "oauthbearer":
            client.auth("OAUTHBEARER", lambda _=None: "n,a=user@example.test,\x01auth=Bearer token\x01\x01")
        elif mechanism != "none":
            client.auth(mechanism.upper().replace("_", "-"), getattr(client, f"auth_{mechanism}"))
        assert client.sendmail("a@b.test", ["c@d.test", "e@f.test"], CONTENT, ["BODY=8BITMIME"]) == {}
        assert client.sendmail("", ["c@d.test"], BIG) == {}
    serving.store.wait(lambda: bool(serving.store.recorded))
    small, big = serving.store.kept
    assert serving.store.content(0) == CONTENT
    assert serving.store.content(1) == BIG
    assert small.envelope.addresses == ("c@d.test", "e@f.test")
    assert big.envelope.reverse_path == ""
    assert (small.arrival.tls is not None) is (security != "plain")
    expected = None if mechanism == "none" else Login(mechanism.upper().replace("_", "-"), "user@example.test")
    assert small.arrival.login == expected
    assert small.arrival.listener == ("smtps" if security == "tls" else "smtp")
    transcript = serving.store.recorded[0]
    assert (transcript.outcome, transcript.messages) == ("quit", [1, 2])


def test_credentials_of_a_file_are_checked_off_the_loop(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"# who may\n\nann:{hash_password('secret')}\n")
    serving = serve(auth="required", auth_file=str(file))
    with connect(serving, "starttls") as client:
        with pytest.raises(smtplib.SMTPAuthenticationError, match="535"):
            client.login("ann", "wrong")
        client.login("ann", "secret")
        client.sendmail("a@b.test", ["c@d.test"], CONTENT)
    assert serving.store.kept[0].arrival.login == Login("PLAIN", "ann")


def test_a_half_closed_connection_gets_every_answer(serve: Serve) -> None:
    serving = serve()
    said = say(serving.smtp, OPENING + ENVELOPE + b"DATA\r\nx\r\n.\r\nQUIT\r\n")
    assert codes(said) == [220, 250, 250, 250, 354, 250, 221]
    assert codes(say(serving.smtp, OPENING + ENVELOPE + b"DATA\r\ny\r\n.\r\n")) == [220, 250, 250, 250, 354, 250]
    assert [serving.store.content(0), serving.store.content(1)] == [b"x\r\n", b"y\r\n"]


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
def test_a_client_that_goes_right_after_the_final_dot_is_not_cheated(serve: Serve, reset: bool) -> None:
    serving = serve()
    serving.store.gate.clear()
    with socket.create_connection(serving.smtp, timeout=10) as sock, sock.makefile("rb") as replies:
        for command in (b"", OPENING, *ENVELOPE.splitlines(keepends=True), b"DATA\r\n"):
            sock.sendall(command)
            while replies.readline()[3:4] == b"-":
                pass
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(CONTENT + b".\r\n")
            # The server has it once the store has been asked: only then does a reset not race with the octets.
            serving.store.wait(lambda: serving.store.asked == 1)
        else:
            sock.sendall(CONTENT + b".\r\n")
    serving.store.gate.set()
    serving.store.wait(lambda: bool(serving.store.recorded))
    assert len(serving.store.kept) == 1
    assert serving.store.recorded[0].messages == [1]


def test_a_whole_session_in_one_segment_is_kept_although_the_client_is_gone(serve: Serve) -> None:
    serving = serve()
    serving.store.gate.clear()
    with socket.create_connection(serving.smtp, timeout=10) as sock:
        sock.sendall(OPENING + (ENVELOPE + b"DATA\r\nx\r\n.\r\n") * 3 + b"QUIT\r\n")
    serving.store.gate.set()
    serving.store.wait(lambda: bool(serving.store.recorded))
    assert len(serving.store.kept) == 3


def test_commands_injected_before_the_handshake_are_not_performed(serve: Serve) -> None:
    serving = serve()
    context = ssl.create_default_context(cafile=str(ca_file(serving.settings)))
    with socket.create_connection(serving.smtp, timeout=10) as sock, sock.makefile("rb", buffering=0) as replies:
        replies.readline()
        sock.sendall(b"HELO x\r\n")
        replies.readline()
        sock.sendall(b"STARTTLS\r\n" + ENVELOPE + b"DATA\r\ninjected\r\n.\r\n")
        assert replies.readline().startswith(b"220")
        with context.wrap_socket(sock, server_hostname="localhost") as protected:
            protected.sendall(b"MAIL FROM:<a@b.test>\r\n")
            assert protected.recv(1000).startswith(b"503 ")
            protected.sendall(b"EHLO x\r\nQUIT\r\n")
            assert b"STARTTLS" not in protected.recv(4000)
    serving.store.wait(lambda: bool(serving.store.recorded))
    assert serving.store.kept == []


def test_a_handshake_that_fails_is_a_session_too(serve: Serve) -> None:
    serving = serve()
    with socket.create_connection(serving.smtps, timeout=10) as sock:
        sock.sendall(b"EHLO this is no TLS\r\n" * 20)
        with contextlib.suppress(ConnectionResetError):
            while sock.recv(1000):
                pass
    serving.store.wait(lambda: bool(serving.store.recorded))
    transcript = serving.store.recorded[0]
    assert (transcript.listener, transcript.outcome) == ("smtps", "error")
    assert "TLS handshake failed" in transcript.lines()[-1].text


def test_a_handshake_that_never_comes_is_given_up(serve: Serve) -> None:
    serving = serve(tls_timeout=0.2)
    with socket.create_connection(serving.smtps, timeout=10) as sock, contextlib.suppress(ConnectionResetError):
        assert sock.recv(1000) == b""
    serving.store.wait(lambda: bool(serving.store.recorded))
    assert serving.store.recorded[0].outcome == "error"


def test_a_client_without_our_ca_finds_the_certificate_wanting(serve: Serve) -> None:
    serving = serve()
    with pytest.raises(ssl.SSLCertVerificationError):
        smtplib.SMTP_SSL("localhost", serving.smtps[1], context=ssl.create_default_context(), timeout=10)
    serving.store.wait(lambda: bool(serving.store.recorded))


def test_a_slow_client_is_told_why_it_is_closed(serve: Serve) -> None:
    serving = serve(idle_timeout=0.2)
    said = say(serving.smtp, b"EHLO x\r\nNOO", half_close=False)
    assert said.splitlines()[-1].startswith(b"421 4.4.2 ")
    serving.store.wait(lambda: bool(serving.store.recorded))
    assert serving.store.recorded[0].outcome == "timeout"


@pytest.mark.parametrize(
    ("settings", "connections"),
    [({"max_connections": 2}, 2), ({"max_connections_per_peer": 3}, 3)],
    ids=["in all", "of one address"],
)
def test_one_connection_too_many_is_refused_and_room_is_made_again(
    serve: Serve, settings: dict[str, Any], connections: int
) -> None:
    serving = serve(**settings)
    clients = [smtplib.SMTP(*serving.smtp, timeout=10) for _ in range(connections)]
    assert say(serving.smtp, b"", half_close=False).startswith(b"421 4.7.0 ")
    with socket.create_connection(serving.smtps, timeout=10) as sock:
        assert sock.recv(100) == b""
    serving.store.wait(lambda: len(serving.store.recorded) == 2)
    assert {transcript.outcome for transcript in serving.store.recorded} == {"refused"}
    clients.pop().quit()
    serving.store.wait(lambda: len(serving.store.recorded) == 3)
    clients.append(smtplib.SMTP(*serving.smtp, timeout=10))
    for client in clients:
        client.quit()


def rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.parametrize("start", [b"", ENVELOPE + b"DATA\r\n", b"AUTH LOGIN\r\n", ENVELOPE + b"BDAT 900000000\r\n"])
def test_an_endless_line_does_not_grow_memory(serve: Serve, start: bytes) -> None:
    serving = serve(max_message_size=1024 * 1024)
    before = rss()
    piece = b"x" * 65536
    with socket.create_connection(serving.smtp, timeout=10) as sock:
        sock.sendall(OPENING + start)
        with contextlib.suppress(OSError):
            for _ in range(64 * 1024 * 1024 // len(piece)):
                sock.sendall(piece)
        with contextlib.suppress(OSError):
            while sock.recv(65536):
                pass
    assert rss() - before < 16 * 1024 * 1024
    serving.store.wait(lambda: bool(serving.store.recorded))
    assert serving.store.recorded[0].outcome == "refused"
    assert re.search(r"421 4\.[357]\.", serving.store.recorded[0].lines()[-1].text)


def test_replies_that_are_not_read_stop_the_reading_of_commands(serve: Serve) -> None:
    serving = serve(max_junk=0)
    with socket.create_connection(serving.smtp, timeout=0.5) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        before = rss()
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 64 * 1024 * 1024:
                sent += sock.send(b"HELP\r\n" * 1000)
        assert rss() - before < 32 * 1024 * 1024
        with smtplib.SMTP(*serving.smtp, timeout=10) as other:
            other.sendmail("a@b.test", ["c@d.test"], CONTENT)


@pytest.mark.parametrize("security", ["plain", "starttls"])
def test_many_big_messages_at_once_leave_room_for_small_ones(serve: Serve, security: str) -> None:
    serving = serve()
    big = [BIG + b"%d\r\n" % number for number in range(6)]

    def send(content: bytes) -> None:
        with connect(serving, security) as client:
            client.sendmail("big@b.test", ["c@d.test"], content)

    threads = [threading.Thread(target=send, args=(content,)) for content in big]
    for thread in threads:
        thread.start()
    with connect(serving, security) as client:
        while any(thread.is_alive() for thread in threads):
            client.sendmail("small@b.test", ["c@d.test"], CONTENT)
    for thread in threads:
        thread.join()
    kept = range(len(serving.store.kept))
    contents = [serving.store.content(n) for n in kept if serving.store.kept[n].envelope.reverse_path == "big@b.test"]
    assert sorted(contents) == big
    assert all(serving.store.content(n) == CONTENT for n in kept if serving.store.content(n) not in big)


def test_input_waits_while_the_store_does_and_is_answered_then(serve: Serve) -> None:
    serving = serve(max_junk=0)
    serving.store.gate.clear()
    said: list[bytes] = []
    octets = OPENING + ENVELOPE + b"DATA\r\nx\r\n.\r\n" + b"NOOP\r\n" * 200_000 + b"QUIT\r\n"
    client = threading.Thread(target=lambda: said.append(say(serving.smtp, octets)))
    client.start()
    serving.store.wait(lambda: serving.store.asked == 1)
    serving.store.gate.set()
    client.join(30)
    assert codes(said[0]) == [220, 250, 250, 250, 354, 250] + [250] * 200_000 + [221]


def test_a_sender_waits_while_the_store_lags_behind(serve: Serve) -> None:
    serving = serve()
    serving.store.backlog = 100 * 1024 * 1024
    client = threading.Thread(target=lambda: say(serving.smtp, OPENING + ENVELOPE + b"DATA\r\n" + BIG * 10 + b".\r\n"))
    client.start()
    serving.store.wait(lambda: bool(serving.store.spools))
    with smtplib.SMTP(*serving.smtp, timeout=10) as other:
        other.sendmail("a@b.test", ["c@d.test"], CONTENT)
    assert len(serving.store.spools[0].octets) < len(BIG) * 5
    serving.store.spools[0].backlog = 0
    client.join(30)
    assert len(serving.store.kept) == 2
    assert serving.store.content() == (BIG * 10).replace(b"\r\n.", b"\r\n")


def test_stopping_finishes_what_is_under_way(serve: Serve) -> None:
    serving = serve()
    serving.store.gate.clear()
    idle = socket.create_connection(serving.smtp, timeout=10)
    busy = socket.create_connection(serving.smtp, timeout=10)
    with idle, busy, busy.makefile("rb") as replies:
        assert idle.recv(100).startswith(b"220")
        busy.sendall(OPENING + ENVELOPE + b"DATA\r\nx\r\n.\r\n")
        while not replies.readline().startswith(b"354"):
            pass
        stopping = threading.Thread(target=serving.server.stop, args=(10,))
        stopping.start()
        assert idle.recv(100).startswith(b"421 4.3.2")
        serving.store.gate.set()
        assert replies.readline().startswith(b"250 2.0.0 OK, kept as message 1")
        assert replies.readline().startswith(b"421 4.3.2")
        stopping.join(10)
        assert not stopping.is_alive()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(serving.smtp, timeout=10)
    assert sorted(transcript.outcome for transcript in serving.store.recorded) == ["shutdown", "shutdown"]


def test_stopping_cuts_who_takes_too_long(serve: Serve) -> None:
    serving = serve()
    with socket.create_connection(serving.smtp, timeout=10) as sock, sock.makefile("rb") as replies:
        sock.sendall(OPENING + ENVELOPE + b"DATA\r\nunfinished")
        while not replies.readline().startswith(b"354"):
            pass
        serving.server.stop(0.1)
        with contextlib.suppress(ConnectionResetError):
            assert replies.read() == b""
    assert serving.store.recorded[0].outcome == "shutdown"
    assert serving.store.kept == []


def test_localhost_is_both_loopback_addresses(serve: Serve) -> None:
    serving = serve(host="localhost")
    port = serving.smtp[1]
    assert smtplib.SMTP("127.0.0.1", port, timeout=10).quit()[0] == 221
    if socket.has_ipv6:
        with contextlib.closing(socket.create_connection(("::1", port), timeout=10)) as sock:
            assert sock.recv(100).startswith(b"220")
        serving.store.wait(lambda: len(serving.store.recorded) == 2)
        assert serving.store.recorded[1].peer.startswith("[::1]:")


def test_a_port_that_is_taken_is_told_before_anything_runs(serve: Serve) -> None:
    serving = serve()
    store = MemoryStore()
    settings = Settings(smtp_port=serving.smtp[1], smtps_port=0, state_dir=serving.settings.state_dir)
    with pytest.raises(SettingsError, match="cannot listen"):
        doors(sandbox(store), settings).start()
    store.close()


def test_a_bug_in_a_session_is_logged_and_shown_to_nobody(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    serving = serve()
    monkeypatch.setattr("mailtrap.smtp.protocol.read_rcpt", lambda argument: 1 / 0)
    said = say(serving.smtp, OPENING + ENVELOPE, half_close=False)
    assert said.splitlines()[-1].startswith(b"421 4.3.0 ")
    assert b"division" not in said
    assert "ZeroDivisionError" in caplog.text
    serving.store.wait(lambda: bool(serving.store.recorded))
    assert serving.store.recorded[0].outcome == "error"


SCARCE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
from tests.wire.conftest import Serving
from mailtrap.settings import Settings
serving = Serving(Settings(smtp_port=0, smtps_port=0, state_dir=sys.argv[1]))
print(serving.smtp[1], flush=True)
sys.stdin.read()
serving.stop()
"""


def test_running_out_of_files_is_survived(state_dir: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCARCE, str(state_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        address = ("127.0.0.1", int(process.stdout.readline()))
        with smtplib.SMTP(*address, timeout=10) as first:
            crowd = [socket.create_connection(address, timeout=10) for _ in range(100)]
            first.sendmail("a@b.test", ["c@d.test"], CONTENT)
            for sock in crowd:
                sock.close()
        deadline = time.monotonic() + 20
        while True:
            try:
                smtplib.SMTP(*address, timeout=10).quit()
                break
            except (OSError, smtplib.SMTPException):
                assert time.monotonic() < deadline, "it never recovered"
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0
