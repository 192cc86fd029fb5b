"""A store of a few messages in memory, and a driver that plays a POP3 session without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from mailtrap.accounts import Accounts
from mailtrap.clock import Clock
from mailtrap.errors import NotFound
from mailtrap.events import Bus
from mailtrap.net.actions import Action, Ask, Close, Drain, Handshake, Send, StartTls, Work
from mailtrap.pop3.policy import Policy
from mailtrap.pop3.session import Session
from mailtrap.query import Query
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.store.base import Record, Selection

CONTENT = (
    b"Subject: one\r\n\r\n.dot\r\nsecond\r\nthird\r\n",
    b"Subject: two\r\n\r\n..\r\n",
    b"Subject: three\r\n\r\nno more\r\n",
)


class Shelf:
    """Messages by their ids. `gone` are those that somebody else has deleted; `failure` is raised by what is asked."""

    def __init__(self, contents: Sequence[bytes] = CONTENT) -> None:
        self.contents = dict(enumerate(contents, 1))
        self.failure: Exception | None = None
        self.selections: list[Selection] = []
        self.read = 0
        self.ledger = SimpleNamespace(find=lambda *_, **__: [Record("identity", 1, b"0123456789abcdef")])
        self._sessions = 0

    def new_session(self) -> int:
        self._sessions += 1
        return self._sessions

    def sizes(self, query: Query) -> list[tuple[int, int]]:
        if self.failure:
            raise self.failure
        return [(id_, len(octets)) for id_, octets in self.contents.items()]

    def catch_up(self, timeout: float = 10.0) -> bool:
        return True

    def octets(self, id: int, start: int = 0) -> Iterator[bytes]:
        if id not in self.contents:
            raise NotFound(f"There is no message {id}")
        return self._pieces(id, start)

    def _pieces(self, id: int, at: int) -> Iterator[bytes]:
        for start in range(at, len(self.contents[id]), 100_000):
            if self.failure:
                raise self.failure
            self.read += 1
            yield self.contents[id][start : start + 100_000]

    def delete(self, selection: Selection) -> Future[list[int]]:
        self.selections.append(selection)
        future: Future[list[int]] = Future()
        if self.failure:
            future.set_exception(self.failure)
        else:
            future.set_result([id_ for id_ in selection.ids or () if self.contents.pop(id_, None) is not None])
        return future


class Played:
    """A session without a socket. With `hold` what waits for the client to read waits for `release`."""

    def __init__(
        self,
        settings: Settings | None = None,
        shelf: Shelf | None = None,
        *,
        tls_first: bool = False,
        many: int = 1,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self.time = 1000.0
        settings = settings or Settings()
        self.shelf = shelf or Shelf()
        self.sandbox = Sandbox(self.shelf, Bus(), Clock())  # type: ignore[arg-type]
        accounts = Accounts(settings, self.shelf, Clock(), self.sandbox.inboxes)  # type: ignore[arg-type]
        policy = Policy.of(settings, accounts.knows_passwords)
        self.session = Session(self.sandbox, accounts, policy, "pop3", "127.0.0.1:9", lambda: self.time, tls_first)
        self.output = b""
        self.closed = False
        self.hold = False
        self.drains = 0
        self.handshake: Handshake | Exception = Handshake("TLSv1.3", "TLS_AES_256_GCM_SHA384")
        prepare()
        self.perform(self.session.opened(many, many))

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                assert not self.closed, "said after closing"
                self.output += action.octets
            elif isinstance(action, Close):
                self.closed = True
            else:
                self.answer(action)

    def answer(self, action: Action) -> None:
        result: Any = None
        if isinstance(action, Drain):
            self.drains += 1
            if self.hold:
                return
        elif isinstance(action, StartTls):
            self.session.forget_input()
            result = self.handshake
        elif isinstance(action, Work):
            try:
                result = action.task()
            except Exception as error:
                result = error
        elif isinstance(action, Ask):
            results: list[Any] = []
            action.question(results.append)
            result = results[0]
        self.perform(self.session.resume(result))

    def send(self, octets: bytes, size: int = 0) -> bytes:
        for start in range(0, len(octets), size or max(len(octets), 1)):
            self.perform(self.session.receive(octets[start : start + (size or len(octets))]))
        return self.take()

    def take(self) -> bytes:
        said, self.output = self.output, b""
        return said

    @property
    def lines(self) -> list[str]:
        return [f"{line.side} {line.text}" for line in self.session.transcript.lines()]
