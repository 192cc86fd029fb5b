"""Whatever is sent comes back from `/raw` and by POP3 with the same SHA-256, whatever a parser would think of it."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from bench.client import stuffed
from mailtrap.server import Server
from mailtrap.settings import Settings

HEADER = b"From: a@example.test\r\nTo: b@example.test\r\nSubject: odd\r\n"


def nested(depth: int) -> bytes:
    """Multiparts inside each other."""
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return HEADER + opened + b"\r\ninnermost\r\n"


CONTENT: dict[str, Callable[[], bytes]] = {
    "nothing at all": lambda: b"",
    "one empty line": lambda: b"\r\n",
    "no header": lambda: b"\r\njust text\r\n",
    "NUL": lambda: HEADER + b"\r\nbefore\x00after\r\n",
    "bare CR": lambda: HEADER + b"\r\none\rtwo\r\r\nthree\r\n",
    "bare LF": lambda: HEADER + b"\r\none\ntwo\n.\nthree\n\r\n",
    "every octet": lambda: HEADER + b"\r\n" + bytes(range(256)) * 3 + b"\r\n",
    "8-bit header": lambda: HEADER + b"X: gr\xfc\xdfe \xe6\x9d\r\n\r\n\xff\xfe\r\n",
    "leading dots": lambda: b".dot first\r\n" + HEADER + b"\r\n.\r\r\n..\r\n...\r\n.x\r\n",
    "a line of 1 MB": lambda: HEADER + b"\r\n" + b"y" * 1_000_000 + b"\r\n",
    "a header line of 1 MB": lambda: HEADER + b"X: " + b"y" * 1_000_000 + b"\r\n\r\nx\r\n",
    "10 000 parts deep": lambda: nested(10_000),
    "100 000 encoded words": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\r\n" + HEADER + b"\r\nx\r\n",
    "a million header fields": lambda: b"X: y\r\n" * 1_000_000 + b"\r\n",
    "broken MIME": lambda: HEADER + b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n--\r\nContent-Type\r\n",
    "broken base64": lambda: HEADER + b"Content-Transfer-Encoding: base64\r\n\r\n!!!=A=\r\n" + b"A" * 77 + b"\r\n",
    "an address that ends too soon": lambda: b"To: <\r\nFrom: a@[\r\nMessage-ID: <[a@b\r\n\r\nx\r\n",
    "2 000 brackets": lambda: b"To: " + b"(" * 2000 + b"\r\n\r\nx\r\n",
    "an odd charset": lambda: HEADER + b"Content-Type: text/plain; charset=undefined\r\n\r\nx\r\n",
    "newlines only": lambda: b"\r\n" * 500_000,
    "3 MB of base64": lambda: HEADER + b"\r\n" + base64.encodebytes(bytes(2_200_000)).replace(b"\n", b"\r\n"),
    "no line end last": lambda: HEADER + b"\r\nfine\r\n",
}


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


@pytest.mark.parametrize("name", CONTENT)
@pytest.mark.parametrize("way", ["DATA", "BDAT"])
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
    assert hashlib.sha256(retrieved(server)).hexdigest() == newest["sha256"]
    shown = json.loads(get(server, f"/api/messages/{newest['id']}"))
    assert shown["sha256"] == newest["sha256"]
