"""What a client and we say to each other by IMAP: the session of one connection, sans-IO (RFC 9051 §3)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from mailtrap.accounts import Account, Accounts
from mailtrap.errors import Conflict, Invalid, MailtrapError, NotFound, StorageFull
from mailtrap.faults.rule import Step
from mailtrap.imap import appending, login, protocol, responses, verbs
from mailtrap.imap.appending import Parcel
from mailtrap.imap.assembly import Assembled, Assembly, Continue, Refused
from mailtrap.imap.commands import Append, Command, CommandError
from mailtrap.imap.fallible import Trouble
from mailtrap.imap.policy import Policy
from mailtrap.mail.transcript import Transcript
from mailtrap.net.actions import Action, Ask, Work, promised
from mailtrap.net.frame import Frame
from mailtrap.sandbox import Sandbox

if TYPE_CHECKING:
    from mailtrap.imap.watching import Watch
    from mailtrap.net.waking import Sleeper


class State(Enum):
    """Where a session stands (RFC 9051 §3)."""

    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"


class Opened(Protocol):
    """The folder that a session has open, as far as the session itself has to do with it."""

    @property
    def id(self) -> int:
        """Which folder it is."""

    def behind(self, command: Command) -> bool:
        """Whether something may have happened that the client must hear of before this command ends."""

    def catch_up(self) -> None:
        """Find out what has happened. On a worker thread."""

    def told(self, command: Command) -> bytes:
        """What the client has to know before it gets the tagged response to this command: whole untagged responses.

        The session says it; what was told is forgotten. EXPUNGE is not told while sequence numbers are in use
        (RFC 9051 §7.5.1).
        """

    def leave(self) -> None:
        """The session has it open no more, for whatever reason (the connection is gone, LOGOUT, another SELECT)."""


class Session(Frame[bytes]):
    """One client's connection."""

    words = responses.WORDS

    def __init__(
        self,
        sandbox: Sandbox,
        accounts: Accounts,
        policy: Policy,
        watch: Watch,
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
        #: Knows the folders that sessions have open.
        self.watch = watch
        #: Who has logged in.
        self.account: Account | None = None
        #: The folder that is open; see `open`.
        self.opened_folder: Opened | None = None
        #: What ENABLE has switched on, in upper case: `CONDSTORE`, `QRESYNC`, `IMAP4REV2`, `UTF8=ACCEPT`.
        self.enabled: set[str] = set()
        #: To be woken from any thread, which has `on_wake` called in the session's own time.
        self.sleeper: Sleeper | None = None
        self.on_wake: Callable[[], None] = _nobody
        self.trouble = Trouble(self, policy)
        self.assembly = Assembly(lambda: Parcel(sandbox.spool))
        #: When the command began that is not whole yet, and what had come by then.
        self._begun: tuple[float, int] | None = None

    @property
    def state(self) -> State:
        """Where the session stands."""
        if self.account is None:
            return State.NOT_AUTHENTICATED
        return State.AUTHENTICATED if self.opened_folder is None else State.SELECTED

    @property
    def utf8(self) -> bool:
        """Whether names and strings are UTF-8 both ways."""
        return not self.enabled.isdisjoint(("UTF8=ACCEPT", "IMAP4REV2"))

    @property
    def capabilities(self) -> str:
        """What is offered as things stand."""
        return self.policy.capabilities(self.transcript.tls is not None, self.account is not None)

    # What the frame and the pump ask for.

    def written(self, answer: bytes) -> bytes:
        """A response is octets already."""
        return answer

    def welcome(self) -> None:
        """The client may stay, unless a rule says otherwise: greet it, or first shake hands."""
        self.trouble.unless(Step.IMAP_CONNECT, self._admit)

    def _admit(self) -> None:
        if self.tls_first:
            self.trouble.unless(Step.IMAP_STARTTLS, partial(login.shake_hands, self))
        else:
            self.greet()

    def greet(self) -> None:
        """Say who we are and what we can (RFC 9051 §7.1.4), unless a rule says otherwise."""
        self.trouble.greet(Step.IMAP_GREETING, self._say_greeting)

    def _say_greeting(self) -> None:
        self.trouble.tell()
        self.untagged(f"OK [CAPABILITY {self.capabilities}] {self.policy.hostname} IMAP mailtrap".encode())

    def shown(self, line: bytes) -> bytes:
        """A line that was too long, where commands are not read: it may be a secret."""
        return b"***"

    @property
    def in_transaction(self) -> bool:
        """Whether a message is on its way in."""
        return bool(self.assembly.sinks)

    @property
    def holding(self) -> bool:
        """Whether the pump should stop reading for now."""
        return super().holding or any([parcel.congested for parcel in self._parcels])

    @property
    def _parcels(self) -> list[Parcel]:
        return [sink for sink in self.assembly.sinks if isinstance(sink, Parcel)]

    def patience(self, now: float) -> bytes | None:
        """Why the session has taken too long. A command with much in it may take longer, one in drops may not."""
        reason = super().patience(now)
        if reason is None and self._begun is not None and self.idle_after and not self.throttled:
            since, before = self._begun
            rate = self.limits.min_data_rate or 1
            if now - since > self.idle_after + (self.transcript.octets_in - before) / rate:
                return self.words.idle
        return reason

    def woken(self) -> list[Action]:
        """Something has happened that `sleeper` was to be woken for."""
        if not self.closed and not self.blocked:
            self.on_wake()
        return self.take()

    def over(self) -> None:
        """The connection is gone, and nothing will be said or heard any more."""
        self.open(None)
        self.assembly.abandon()
        self.trouble.over()

    # Reading.

    def read_command(self) -> bool:
        """Read octets up to the end of a command, or to where the client waits, and go on from there."""
        if not self.assembly.under_way and self.begins_with(b"\x16\x03"):
            self.hang_up(responses.NOT_TLS, "refused")
            return False
        self._at, event = self.assembly.take(self._buffer, self._at)
        if event is None:
            if self._begun is None and self.assembly.under_way:
                self._begun = self._monotonic(), self.transcript.octets_in
            return False
        if isinstance(event, Continue):
            self.pour(responses.continuation())
            return True
        self._begun = None
        if isinstance(event, Refused):
            self._refuse(event)
        else:
            self._understand(event)
        return True

    def command(self, line: bytes) -> None:
        """Perform a command that is one line."""
        self._understand(Assembled(line))

    def _refuse(self, event: Refused) -> None:
        self.transcript.add(self.now, "C", protocol.masked(event.shown) + b"... (refused)")
        if event.fatal:
            self.hang_up(responses.tagged("", "BYE", f"{event.text}; closing", event.code), "refused")
        else:
            self.refuse(responses.tagged(event.tag, "NO" if event.no else "BAD", event.text, event.code))

    def _understand(self, event: Assembled) -> None:
        self.transcript.add(self.now, "C", protocol.masked(event.text))
        for literal in event.literals:
            if literal.sink is not None:
                self.transcript.note(self.now, f"A message of {literal.size} octets")
        try:
            command = protocol.read(event.text, event.literals, self.utf8)
        except CommandError as error:
            for literal in event.literals:
                if literal.sink is not None:
                    literal.sink.discard()
            if protocol.is_http(event.text):
                # A web page can make a browser post to this port; nothing of what follows may be taken for commands.
                self.hang_up(responses.NOT_HTTP, "refused")
            else:
                self.refuse(responses.tagged(error.tag, "NO" if error.refused else "BAD", str(error), error.code))
        else:
            self._perform(command)

    def _perform(self, command: Command) -> None:
        perform = _TABLES[self.state].get(command.verb) if self.policy.knows(command.verb) else None
        if perform is not None:
            self.trouble.perform(perform, command)
            return
        if isinstance(command.arguments, Append):
            appending.discard(command.arguments)
        if not self.policy.knows(command.verb) or command.verb not in _KNOWN:
            self.bad(command, "Command not recognised")
        elif self.account is None:
            self.bad(command, "Log in first")
        elif command.verb in verbs.NOT_AUTHENTICATED:
            self.bad(command, "Logged in already")
        else:
            self.bad(command, "Open a folder first")

    # What commands use.

    def untagged(self, text: bytes) -> None:
        """Say `* text`."""
        self.utter(responses.untagged(text))

    def ok(self, command: Command, text: str, code: str = "") -> None:
        """End a command well, after what the client has to know of the open folder."""
        if self.account is not None:
            # Who tries out what we understand is no attacker; before a login every error counts.
            self.forgive()
        self._end(command, responses.tagged(command.tag, "OK", text, code))

    def no(self, command: Command, text: str, code: str = "") -> None:
        """End a command that failed for no fault of its form (not counted as an error of the client)."""
        self._end(command, responses.tagged(command.tag, "NO", text, code))

    def bad(self, command: Command, text: str, code: str = "") -> None:
        """End a command that cannot be understood or is not for this state; too many of them end the session."""
        self.refuse(responses.tagged(command.tag, "BAD", text, code))

    def fail(self, command: Command, error: Exception) -> None:
        """End a command because of this."""
        if not isinstance(error, MailtrapError):
            self.no(command, "An error of our own", "SERVERBUG")
            return
        code = next((code for kind, code in _CODES if isinstance(error, kind)), "UNAVAILABLE")
        self.no(command, responses.plain(str(error)), code)

    def work(
        self,
        command: Command,
        task: Callable[[], Any],
        then: Callable[[Any], None],
        otherwise: Callable[[Exception], None] | None = None,
    ) -> None:
        """Have `task` done on a worker thread, then `then` with its result.

        What it raises ends the command with NO, unless it is given to `otherwise`.
        """
        self.block(Work(partial(_tried, task)), partial(self._worked, command, then, otherwise))

    def change(
        self,
        command: Command,
        change: Callable[[], Future[Any]],
        then: Callable[[Any], None],
        otherwise: Callable[[Exception], None] | None = None,
    ) -> None:
        """The same for what the store's writer does; `change` only asks for it."""
        self.ask(command, promised(change), then, otherwise)

    def ask(
        self,
        command: Command,
        question: Ask,
        then: Callable[[Any], None],
        otherwise: Callable[[Exception], None] | None = None,
    ) -> None:
        """The same for what somebody else answers."""
        self.block(question, partial(self._worked, command, then, otherwise))

    def lacks(self, command: Command, error: Exception | None = None) -> None:
        """End a command that was to put something into a folder that is not there, or not any more.

        Any name can be that of a folder, also one that is only a level now (RFC 9051 §6.3.12, §6.4.7).
        """
        if error is None or isinstance(error, NotFound):
            self.no(command, "There is no such folder", "TRYCREATE")
        else:
            self.fail(command, error)

    def open(self, folder: Opened | None) -> None:
        """Have another folder open, or none."""
        before, self.opened_folder = self.opened_folder, folder
        if before is not None:
            before.leave()

    def _worked(
        self,
        command: Command,
        then: Callable[[Any], None],
        otherwise: Callable[[Exception], None] | None,
        result: Any,
    ) -> None:
        if not isinstance(result, Exception):
            then(result)
        elif otherwise is not None:
            otherwise(result)
        else:
            self.fail(command, result)

    def _end(self, command: Command, response: bytes) -> None:
        """What has happened in the open folder comes before the response (RFC 9051 §7)."""
        folder = self.opened_folder
        if folder is not None and folder.behind(command):
            self.block(Work(folder.catch_up), partial(self._tell, command, response))
        else:
            self._tell(command, response)

    def _tell(self, command: Command, response: bytes, _: Any = None) -> None:
        if self.opened_folder is not None:
            told = self.opened_folder.told(command)
            if told:
                self.utter(told)
        self.say(response)


def _tried(task: Callable[[], Any]) -> Any:
    """What may well happen is no failure of ours, and not logged as one."""
    try:
        return task()
    except MailtrapError as error:
        return error


def _nobody() -> None:
    pass


#: Which response code goes with which failure.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (Conflict, "ALREADYEXISTS"),
    (NotFound, "NONEXISTENT"),
    (Invalid, "CANNOT"),
    (StorageFull, "OVERQUOTA"),
)

_TABLES = {
    State.NOT_AUTHENTICATED: verbs.NOT_AUTHENTICATED,
    State.AUTHENTICATED: verbs.AUTHENTICATED,
    State.SELECTED: verbs.SELECTED,
}
_KNOWN = frozenset().union(*_TABLES.values())
