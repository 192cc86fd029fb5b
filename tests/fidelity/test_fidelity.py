"""Whatever is sent comes back from `/raw` and by POP3 with the same SHA-256, whatever a parser would think of it."""

from __future__ import annotations

import hashlib
import json
import socket
import time
import urllib.request
from collections.abc import Iterator

import pytest

from bench.client import stuffed
from mailtrap.server import Server
from mailtrap.settings import Settings
from tests.fidelity.material import CONTENT, with_last_end


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("state")
    server = Server(Settings(smtp_port=0, smtps_port=0, web_port=0, state_dir=str(folder)))
    server.start()
    yield server
    server.stop()


def get(server: Server, path: str) -> bytes:
    with urllib.request.urlopen(f"http://{server.about.addresses['web']}{path}", timeout=30) as answer:
        octets: bytes = answer.read()
        return octets


def retrieved(server: Server) -> bytes:
    """The newest message by POP3, un-stuffed."""
    host, _, port = server.about.addresses["pop3"].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as sock, sock.makefile("rb") as reader:
        sock.sendall(b"USER default\r\nPASS x\r\nSTAT\r\n")
        for _ in range(3):
            assert reader.readline().startswith(b"+OK")
        sock.sendall(b"RETR %b\r\n" % reader.readline().split()[1])
        assert reader.readline().startswith(b"+OK")
        lines = []
        while (line := reader.readline()) != b".\r\n":
            assert line.endswith(b"\n"), "closed before the end"
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)


def ways() -> Iterator[tuple[str, str]]:
    """What can be sent by DATA, which ends with a line; and everything by BDAT."""
    for name, make in CONTENT.items():
        octets = make()
        if octets.endswith(b"\r\n") or not octets:
            yield name, "DATA"
        yield name, "BDAT"


@pytest.mark.parametrize(("name", "way"), list(ways()))
def test_what_was_sent_is_what_comes_back(name: str, way: str, server: Server) -> None:
    octets = CONTENT[name]()
    host, _, port = server.about.addresses["smtp"].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as sock:
        reader = sock.makefile("rb")
        reader.readline()
        sock.sendall(b"HELO odd.test\r\nMAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.test>\r\n")
        assert [reader.readline()[:3] for _ in range(3)] == [b"250"] * 3
        if way == "DATA":
            sock.sendall(b"DATA\r\n")
            assert reader.readline()[:3] == b"354"
            begun = time.perf_counter()
            sock.sendall(stuffed(octets))
        else:
            begun = time.perf_counter()
            sock.sendall(b"BDAT %d\r\n" % (len(octets) // 2) + octets[: len(octets) // 2])
            assert reader.readline()[:3] == b"250"
            sock.sendall(b"BDAT %d LAST\r\n" % (len(octets) - len(octets) // 2) + octets[len(octets) // 2 :])
        said = reader.readline()
        took = time.perf_counter() - begun
    assert said[:3] == b"250"
    assert took < 5.0  # a tenth of a second on an idle machine
    newest = json.loads(get(server, "/api/messages?limit=1"))["messages"][0]
    raw = get(server, f"/api/messages/{newest['id']}/raw")
    assert hashlib.sha256(raw).hexdigest() == hashlib.sha256(octets).hexdigest() == newest["sha256"]
    assert newest["size"] == len(octets)
    assert hashlib.sha256(retrieved(server)).hexdigest() == hashlib.sha256(with_last_end(octets)).hexdigest()
    shown = json.loads(get(server, f"/api/messages/{newest['id']}"))
    assert shown["sha256"] == newest["sha256"]
