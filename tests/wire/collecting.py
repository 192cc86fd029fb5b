"""A sandbox from whose ports mail is collected: started, sent to, given rules; and the lines that its clients read."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import msgspec

from mailtrap.faults.rule import Fault
from mailtrap.faults.scenarios import SCENARIOS
from mailtrap.query import parse
from mailtrap.server import Server
from mailtrap.settings import Settings
from tests.strict_tls import strict_client

LONG = 60.0
SHORT = 0.3

Start = Callable[..., Server]
FREE_PORTS = {f"{name}_port": 0 for name in ("smtp", "smtps", "pop3", "pop3s", "imap", "imaps", "web")}


@contextlib.contextmanager
def starting(state_dir: Path, *listeners: str) -> Iterator[Start]:
    """Starts sandboxes, which must listen so; those of the listeners on the ports of their own, or others if taken."""
    ports = {name: port for name, port in FREE_PORTS.items() if name.removesuffix("_port") not in listeners}
    with contextlib.ExitStack() as stack:

        def run(**changes: Any) -> Server:
            server = Server(Settings(**{**ports, "state_dir": str(state_dir), **changes}))
            addresses = server.start()
            stack.callback(server.stop)
            server.about.addresses = dict(server.about.addresses)
            assert set(listeners) <= addresses.keys()
            return server

        yield run


def where(server: Server, name: str) -> tuple[str, int]:
    host, _, port = server.about.addresses[name].rpartition(":")
    return host, int(port)


def send(server: Server, *octets: bytes, to: tuple[str, ...] = ("bob@b.test",), user: str = "") -> None:
    with smtplib.SMTP(*where(server, "smtp"), timeout=LONG) as client:
        if user:
            client.login(user, "x")
        for one in octets:
            client.sendmail("a@a.test", list(to), one)


def trusting(server: Server) -> ssl.SSLContext:
    return strict_client(server.about.ca_file)


class Ruled:
    """A sandbox, and the rules of one test at a time."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.faults = server.sandbox.faults
        self.addresses = {name: where(server, name) for name in server.about.addresses}

    def rule(self, step: str, effect: dict[str, Any], **often: Any) -> Fault:
        return self.faults.add(msgspec.convert({"step": step, "effect": effect, **often}, Fault))

    def switch_on(self, name: str) -> None:
        for rule in SCENARIOS[name].faults():
            self.faults.add(rule)

    def trusting(self) -> ssl.SSLContext:
        return trusting(self.server)

    def kept(self, query: str) -> int:
        assert self.server.store.catch_up(LONG)
        return self.server.store.page(parse(query), limit=1).total


@contextlib.contextmanager
def sandbox(folder: Path) -> Iterator[Server]:
    """One with a database, all of whose ports are free ones."""
    server = Server(
        Settings(
            **FREE_PORTS,
            database=str(folder / "mail.db"),
            state_dir=str(folder / "state"),
            synchronous="off",
            smtp_hostname="localhost",
        )
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Lines:
    """A socket, and the lines it reads."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.sock = socket.create_connection(address, timeout=LONG)
        self.said = self.sock.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.said.close()
        self.sock.close()

    def line(self) -> bytes:
        line = self.said.readline()
        assert line, "closed"
        return line

    def is_closed(self) -> bool:
        return self.said.read() == b""

    def is_silent(self) -> bool:
        self.sock.settimeout(SHORT)
        try:
            self.sock.recv(1, socket.MSG_PEEK)
            return False
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(LONG)
