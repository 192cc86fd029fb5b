"""The door out: which addresses it opens to, and that nobody can hold it open."""

from __future__ import annotations

import ast
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import mailtrap
from mailtrap.errors import Invalid, Unavailable
from mailtrap.net.outbound import MOST_ANSWER, Outbound, read_address, why_never
from mailtrap.net.tls import ca_file, server_context
from mailtrap.settings import Settings
from tests.delivery.receiving import receiving


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server for one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):  # the other side may go away
                serve(connection)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with socket.create_connection(listener.getsockname()):
                pass
            thread.join()


def resolving(*addresses: str) -> Callable[[str, int], list[tuple[object, ...]]]:
    def resolve(host: str, port: int) -> list[tuple[object, ...]]:
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in addresses
        ]

    return resolve


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "192.0.0.192",
        "224.0.0.1",
        "ff02::1",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "::ffff:0.0.0.0",
        "255.255.255.255",
        "240.0.0.1",
    ],
)
def test_nothing_is_ever_sent_to_such_an_address(address: str) -> None:
    assert why_never(address)
    outbound = Outbound(["app.test"], resolve=resolving(address))
    for trusted in (True, False):
        with pytest.raises(Invalid, match=r"app\.test is"):
            outbound.request("GET", "http://app.test/", trusted=trusted)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "fd12::1", "203.0.113.9"])
def test_applications_may_live_anywhere_else(address: str) -> None:
    assert why_never(address) == ""


def test_one_bad_address_among_good_ones_closes_the_door() -> None:
    with receiving() as receiver:
        outbound = Outbound(resolve=resolving("127.0.0.1", "169.254.169.254"))
        with pytest.raises(Invalid):
            outbound.request("GET", f"http://app.test:{receiver.port}/", trusted=True)
        assert receiver.received == []


def test_a_name_is_resolved_once_and_the_address_that_was_looked_at_is_the_one_called() -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[tuple[object, ...]]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    with receiving() as receiver:
        answer = Outbound(resolve=resolve).request(
            "GET", f"http://app.test:{receiver.port}/a?b=c d".replace(" ", "+"), trusted=True
        )
        assert answer.status == 204
        (received,) = receiver.wait(1)
    assert asked == ["app.test"]
    assert received.path == "/a?b=c+d"
    assert received.headers["host"] == f"app.test:{receiver.port}"


def test_what_no_user_named_is_visited_only_where_the_setting_says_so() -> None:
    with receiving() as receiver:
        outbound = Outbound(["localhost", "127.0.0.1", "[::1]"])
        assert outbound.request("GET", f"http://127.0.0.1:{receiver.port}/").status == 204
        assert outbound.may_visit("http://LOCALHOST./x")
        assert outbound.may_visit("https://[::1]:8443/")
        for url in (
            f"http://app.test:{receiver.port}/",
            "http://127.0.0.1.nip.test/",
            "http://127.0.0.1@evil.test/",
            "http://evil.test\\@127.0.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "http:///nowhere",
        ):
            assert not outbound.may_visit(url), url
            with pytest.raises(Invalid):
                outbound.request("GET", url)
        assert len(receiver.received) == 1


def test_redirects_are_followed_only_if_asked_and_only_to_where_one_may_go() -> None:
    with receiving() as aim:
        with receiving(lambda _: 302, aim.url) as first:
            outbound = Outbound(["127.0.0.1"])
            assert outbound.request("GET", first.url).status == 302
            assert aim.received == []
            assert outbound.request("GET", first.url, follow=1).status == 204
            assert len(aim.received) == 1
            strict = Outbound()
            with pytest.raises(Invalid, match="may not be visited"):
                strict.request("GET", first.url, trusted=True, follow=1)
        inside = receiving(lambda _: 302, "http://169.254.169.254/latest/meta-data/")
        with inside as first, pytest.raises(Invalid):
            Outbound(["127.0.0.1", "169.254.169.254"]).request("GET", first.url, follow=3)


def test_an_endless_answer_is_cut() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(bytes(65536))

    with listening(serve) as port:
        answer = Outbound().request("GET", f"http://127.0.0.1:{port}/", trusted=True)
    assert (answer.status, len(answer.body)) == (200, MOST_ANSWER)


def test_whoever_answers_an_octet_at_a_time_is_left() -> None:
    enough = threading.Event()

    def serve(connection: socket.socket) -> None:
        while not enough.wait(0.05):
            connection.sendall(b"H")

    with listening(serve) as port:
        try:
            with pytest.raises(Unavailable):
                Outbound(seconds=0.5).request("GET", f"http://127.0.0.1:{port}/", trusted=True)
        finally:
            enough.set()


@pytest.mark.parametrize(
    "octets",
    [b"", b"junk\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
     b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000 + b"\r\n", b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000],
)  # fmt: skip
def test_what_is_no_http_is_no_answer(octets: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(octets)

    with listening(serve) as port, pytest.raises(Unavailable):
        Outbound().request("GET", f"http://127.0.0.1:{port}/", trusted=True)


def test_an_error_repeats_nothing_that_a_terminal_would_obey() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"\x1b]0;owned\x07\r\n\r\n")

    with listening(serve) as port, pytest.raises(Unavailable) as caught:
        Outbound().request("GET", f"http://127.0.0.1:{port}/", trusted=True)
    assert str(caught.value).isprintable()


def test_credentials_of_the_url_are_sent_and_not_told() -> None:
    with receiving() as receiver:
        url = receiver.url.replace("://", "://us%40er:geheim@")
        assert Outbound().request("POST", url, b"{}", trusted=True).status == 204
        assert receiver.wait(1)[0].headers["authorization"] == "Basic dXNAZXI6Z2VoZWlt"
        receiver.down()
        with pytest.raises(Unavailable) as caught:
            Outbound().request("POST", url, b"{}", trusted=True)
    assert "geheim" not in str(caught.value) + repr(read_address(url, "http"))


def test_certificates_are_checked_and_ours_is_known(tmp_path: Path) -> None:
    settings = Settings(state_dir=str(tmp_path))
    context = server_context(settings)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    with listening(serve) as port:
        outbound = Outbound(certificates=[str(ca_file(settings))])
        assert outbound.request("GET", f"https://localhost:{port}/", trusted=True).status == 201

    def fail(connection: socket.socket) -> None:
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    with listening(fail) as port, pytest.raises(Unavailable, match="certificate"):
        Outbound().request("POST", f"https://localhost:{port}/", b"x", trusted=True)


def test_closing_breaks_off_what_is_under_way() -> None:
    arrived, left = threading.Event(), threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        arrived.set()
        left.wait(60)

    outbound = Outbound(seconds=600)
    failures: list[Exception] = []

    def ask(port: int) -> None:
        try:
            outbound.request("GET", f"http://127.0.0.1:{port}/", trusted=True)
        except Unavailable as error:
            failures.append(error)

    with listening(serve) as port:
        thread = threading.Thread(target=ask, args=(port,))
        thread.start()
        assert arrived.wait(60)
        outbound.close()
        thread.join(60)
        left.set()
    assert len(failures) == 1
    with pytest.raises(Unavailable):
        outbound.request("GET", f"http://127.0.0.1:{port}/", trusted=True)


def test_there_is_no_other_door() -> None:
    """The commands speak to what their user names; nothing that runs in the server connects by itself."""
    root = Path(mailtrap.__file__).parent
    inside = [
        file for file in root.rglob("*.py") if file.relative_to(root).parts[0] not in ("cli", "client", "testing")
    ]
    found = set()
    for file in inside:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names] + [str(node.module)]
            elif isinstance(node, ast.Attribute) and node.attr == "create_connection":
                names = ["create_connection"]
            else:
                continue
            for name in names:
                if name in ("http.client", "urllib.request", "smtplib", "ftplib", "requests", "create_connection"):
                    found.add((str(file.relative_to(root)), name))
    # The relay gives smtplib a connection that came through the door.
    assert found == {("net/outbound.py", "http.client"), ("delivery/relay.py", "smtplib")}


@pytest.mark.parametrize(
    "url", ["http://a b/", "http://a/\r\nX: y", "http://a:99999/", "http://[::1/", "x", "", "http://" + "a" * 9000]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        read_address(url, "http")
