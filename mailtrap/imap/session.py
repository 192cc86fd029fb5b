"""What a client and we say to each other by IMAP: the session of one connection, sans-IO (RFC 9051 §3)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from mailtrap.accounts import Account, Accounts
from mailtrap.mail.transcript import Transcript
from mailtrap.net.actions import Ask, Work
from mailtrap.net.frame import Frame
from mailtrap.sandbox import Sandbox

if TYPE_CHECKING:
    from mailtrap.imap.policy import Policy
    from mailtrap.imap.protocol import Command


class State(Enum):
    """Where a session stands (RFC 9051 §3)."""

    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    LOGOUT = "logout"


class Opened(Protocol):
    """The folder that a session has open, as far as the session itself has to do with it."""

    def told(self, command: Command) -> bytes:
        """What the client has to know before it gets the tagged response to this command: whole untagged responses.

        The session says it; what was told is forgotten. EXPUNGE is not told while sequence numbers are in use
        (RFC 9051 §7.5.1).
        """

    def leave(self) -> None:
        """The session has it open no more, for whatever reason (the connection is gone, LOGOUT, another SELECT)."""


#: Performs one command. It says what is untagged and ends with `session.ok`, `no` or `bad`, now or in the `then` of
#: something it has blocked on. Nothing of the store is read but in `session.work`.
Perform = Callable[["Session", "Command"], None]


class Session(Frame[bytes]):
    """One client's connection."""

    def __init__(
        self,
        sandbox: Sandbox,
        accounts: Accounts,
        policy: Policy,
        listener: str,
        peer: str,
        monotonic: Callable[[], float],
        tls_first: bool = False,
    ) -> None:
        clock = sandbox.clock
        transcript = Transcript(sandbox.store.new_session(), listener, peer, clock.now())
        super().__init__(transcript, clock, policy.limits, monotonic, tls_first)
        self.sandbox = sandbox
        self.accounts = accounts
        self.policy = policy
        #: Who has logged in.
        self.account: Account | None = None
        #: The folder that is open; set by SELECT and EXAMINE with `open`.
        self.opened_folder: Opened | None = None
        #: What ENABLE has switched on, in upper case: `CONDSTORE`, `QRESYNC`, `IMAP4REV2`, `UTF8=ACCEPT`.
        self.enabled: set[str] = set()

    @property
    def state(self) -> State:
        """Where the session stands."""
        if self.closed:
            return State.LOGOUT
        if self.account is None:
            return State.NOT_AUTHENTICATED
        return State.AUTHENTICATED if self.opened_folder is None else State.SELECTED

    # What verbs use.

    def untagged(self, text: bytes) -> None:
        """Say `* text`."""
        self.utter(b"* " + text + b"\r\n")

    def ok(self, command: Command, text: str, code: str = "") -> None:
        """End a command well, after what the client has to know of the open folder."""

    def no(self, command: Command, text: str, code: str = "") -> None:
        """End a command that failed for no fault of its form (not counted as an error of the client)."""

    def bad(self, command: Command, text: str, code: str = "") -> None:
        """End a command that cannot be understood or is not for this state; too many of them end the session."""

    def work(self, command: Command, task: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Have `task` done on a worker thread, then `then` with its result; what it raises ends the command with NO."""
        self.block(Work(task), then)

    def ask(self, command: Command, question: Ask, then: Callable[[Any], None]) -> None:
        """The same for what the store answers by itself."""
        self.block(question, then)

    def open(self, folder: Opened | None) -> None:
        """Have another folder open, or none."""
        if self.opened_folder is not None:
            self.opened_folder.leave()
        self.opened_folder = folder
