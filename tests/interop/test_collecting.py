"""Every client that collects mail gets it whole, whatever the protection, and the second time only what is new."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailtrap.server import Server
from mailtrap.settings import Settings
from tests.interop.collecting import CLIENTS, SECURITY, Post, is_here

BODY = ".leading dot\r\n..two dots\r\n.\r\nGrüße aus 東京\r\n" + "x" * 900 + "\r\n"


def message(number: int) -> bytes:
    return (
        f"From: App <app@example.test>\r\nTo: me@example.test\r\nSubject: number {number}\r\n"
        f"Message-ID: <{number}@example.test>\r\nDate: Tue, 24 Nov 2026 06:30:00 +0000\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + BODY
    ).encode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(Settings(smtp_port=0, smtps_port=0, web_port=0, state_dir=str(tmp_path / "state")))
    server.start()
    yield server
    server.stop()


def send(server: Server, *numbers: int) -> None:
    host, _, port = server.about.addresses["smtp"].rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=60) as client:
        for number in numbers:
            client.sendmail("app@example.test", ["me@example.test"], message(number), mail_options=["BODY=8BITMIME"])


def bodies(contents: list[bytes]) -> list[bytes]:
    """Line endings are the client's own, and so is what it adds to the header."""
    return [content.replace(b"\r\n", b"\n").partition(b"\n\n")[2].rstrip(b"\n") for content in contents]


def subjects(contents: list[bytes]) -> list[str]:
    lines = [line for content in contents for line in content.splitlines() if line.startswith(b"Subject: ")]
    return sorted(line.decode().removeprefix("Subject: number ") for line in lines)


#: All but the one that there is not: getmail6 knows no STLS.
CASES = [
    (client, security) for client in CLIENTS for security in SECURITY if (client, security) != ("getmail6", "stls")
]


@pytest.mark.parametrize(("client", "security"), CASES)
def test_a_client_collects_everything_once(client: str, security: str, server: Server, tmp_path: Path) -> None:
    if not is_here(client):
        pytest.skip(f"{client} is not on this machine")
    folder = tmp_path / "client"
    folder.mkdir(mode=0o700)
    ports = {name: int(where.rpartition(":")[2]) for name, where in server.about.addresses.items()}
    post = Post(ports["pop3"], ports["pop3s"], server.about.ca_file, "me@example.test", folder)
    collect = CLIENTS[client][0]
    send(server, 1, 2, 3)
    assert subjects(collect(post, security)) == ["1", "2", "3"]
    send(server, 4)
    contents = collect(post, security)
    assert subjects(contents) == ["1", "2", "3", "4"]
    assert bodies(contents) == [BODY.replace("\r\n", "\n").rstrip("\n").encode()] * 4
    sessions = [one for one in server.sandbox.sessions(limit=50) if one.listener.startswith("pop3") and one.login]
    assert {one.outcome for one in sessions} == {"quit"}
    assert {one.tls is not None for one in sessions} == {security != "plain"}
    # The second time only what is new was fetched, by clients that remember.
    fetched = [line.text for line in (server.sandbox.session(sessions[0].id) or sessions[0]).lines if line.side == "C"]
    if client != "poplib":
        verbs = [text.split()[0].upper() for text in fetched]
        assert verbs.count("RETR") + verbs.count("TOP") == 1
