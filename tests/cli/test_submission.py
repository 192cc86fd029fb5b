"""Submission against servers that refuse, hang up, or are something else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from mailtrap.cli import program
from mailtrap.cli.submission import NoServer, Refused, Route, Submission


@contextmanager
def scripted(*replies: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server for one connection: greets with the first reply, answers a line with each next one, then hangs up."""
    heard: list[bytes] = []

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rwb") as wire:
            for number, reply in enumerate(replies):
                if number:
                    heard.append(wire.readline().rstrip(b"\r\n"))
                wire.write(reply)
                wire.flush()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            yield server.getsockname()[1], heard
        finally:
            thread.join(10)


def send_to(port: int, sender: str = "a@b") -> None:
    with Submission(Route("127.0.0.1", port)) as submission:
        submission.send(b"x\r\n", sender, ["c@d"])


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        ([b"421 4.3.2 busy\r\n"], "421 4.3.2 busy"),
        ([b"220 x\r\n", b"250 x\r\n", b"421 4.3.2 sender\r\n"], "MAIL FROM:<a@b>: 421 4.3.2 sender"),
        ([b"220 x\r\n", b"250 x\r\n", b"250 ok\r\n", b"550 5.1.1 nobody\r\n", b"250 reset\r\n"], "RCPT TO:<c@d>: 550"),
        ([b"220 x\r\n", b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"451 4.3.0 no\r\n"], "DATA: 451 4.3.0 no"),
    ],
)
def test_a_refusal_names_the_step_and_the_reply(replies: list[bytes], said: str) -> None:
    with scripted(*replies) as (port, _), pytest.raises(Refused) as caught:
        send_to(port)
    assert said in str(caught.value)
    assert caught.value.is_transient == ("550" not in said)


@pytest.mark.parametrize(
    "replies",
    [
        [b""],
        [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
        [b"220 x\r\n"],
        [b"220 x\r\n", b"250 x\r\n"],
        [b"220 x\r\n", b"250 x\r\n", b"250 ok\r\n"],
    ],
)
def test_a_server_that_hangs_up_or_is_none_is_said_to_be_missing(replies: list[bytes]) -> None:
    with scripted(*replies) as (port, _), pytest.raises((NoServer, Refused), match=r"127\.0\.0\.1|connection"):
        send_to(port)


def test_a_server_that_hangs_up_midway_is_told_apart_from_none() -> None:
    with scripted(b"220 x\r\n", b"250 x\r\n", b"250 ok\r\n") as (port, _):
        result = CliRunner().invoke(program, ["send", "--sample", "--smtp", f"127.0.0.1:{port}"])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"mailtrap: the SMTP server at 127.0.0.1:{port} hung up before its reply: ")
    assert "`mailtrap sessions`" in result.stderr


def test_a_server_without_starttls_is_not_sent_to_in_the_clear() -> None:
    with scripted(b"220 x\r\n", b"250 x\r\n", b"221 bye\r\n") as (port, heard):
        result = CliRunner().invoke(program, ["send", "--sample", "--starttls", "--smtp", f"127.0.0.1:{port}"])
    assert result.exit_code == 1
    assert "STARTTLS" in result.stderr
    assert not [line for line in heard if line.startswith(b"MAIL")]


def test_a_server_without_tls_is_told_apart_from_none() -> None:
    with scripted(b"220 x\r\n") as (port, _):
        result = CliRunner().invoke(program, ["send", "--sample", "--tls", "--smtp", f"127.0.0.1:{port}"])
    assert result.exit_code == 3
    assert result.stderr.startswith(f"mailtrap: TLS with 127.0.0.1:{port} failed: ")
    assert "say --starttls" in result.stderr


def test_content_without_a_final_crlf_gets_one_where_data_is_all_there_is() -> None:
    replies = [b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"", b"250 2.0.0 kept\r\n", b"221 bye\r\n"]
    with scripted(b"220 x\r\n", *replies) as (port, heard), Submission(Route("127.0.0.1", port)) as submission:
        assert submission.send(b".no end", "", ["c@d"]) == "250 2.0.0 kept"
    assert heard == [b"ehlo localhost", b"MAIL FROM:<>", b"RCPT TO:<c@d>", b"DATA", b"..no end", b".", b"quit"]


def test_an_address_cannot_bring_commands_along() -> None:
    replies = [b"220 x\r\n", b"250 x\r\n", b"250 reset\r\n", b"221 bye\r\n"]
    with scripted(*replies) as (port, heard), pytest.raises(Refused, match="line break"):
        send_to(port, "a@b>\r\nRCPT TO:<evil@x")
    assert not [line for line in heard if b"evil" in line]
