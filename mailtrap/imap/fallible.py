"""Where rules may answer in an IMAP session, and how what they say is written (RFC 9051 §7.1)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mailtrap.faults.answers import Spoken
from mailtrap.faults.mishaps import Mishaps
from mailtrap.faults.rule import Step
from mailtrap.imap import appending, responses
from mailtrap.imap.commands import Append, Command
from mailtrap.imap.policy import Policy

if TYPE_CHECKING:
    from mailtrap.imap.session import Session
    from mailtrap.imap.verbs import Perform

#: Command → its own step. LOGIN and AUTHENTICATE come to theirs when it is known who it is.
_STEPS = {
    "CAPABILITY": Step.IMAP_CAPABILITY,
    "STARTTLS": Step.IMAP_STARTTLS,
    "LIST": Step.IMAP_LIST,
    "LSUB": Step.IMAP_LIST,
    "STATUS": Step.IMAP_STATUS,
    "SELECT": Step.IMAP_SELECT,
    "EXAMINE": Step.IMAP_SELECT,
    "FETCH": Step.IMAP_FETCH,
    "SEARCH": Step.IMAP_SEARCH,
    "SORT": Step.IMAP_SEARCH,
    "THREAD": Step.IMAP_SEARCH,
    "STORE": Step.IMAP_STORE,
    "COPY": Step.IMAP_COPY,
    "MOVE": Step.IMAP_COPY,
    "EXPUNGE": Step.IMAP_EXPUNGE,
    "APPEND": Step.IMAP_APPEND,
    "IDLE": Step.IMAP_IDLE,
    "LOGOUT": Step.IMAP_LOGOUT,
}


class Trouble(Mishaps):
    """Of one session. `command` is the one that is being performed."""

    def __init__(self, session: Session, policy: Policy) -> None:
        sandbox = session.sandbox
        super().__init__(session, sandbox.faults, sandbox.inboxes, policy.hostname, self._written)
        self.command: Command | None = None
        self._session = session
        self._offered = policy

    def perform(self, perform: Perform, command: Command) -> None:
        """Perform a command, unless a rule answers."""
        self.command = command
        go_on = partial(perform, self._session, command)
        if not self._book.steps:
            go_on()
            return
        step, no = _STEPS.get(command.verb), partial(_discard, command)
        if step is not None:
            go_on = partial(self.unless, step, go_on, no=no)
        self.unless(Step.IMAP_COMMAND, go_on, no=no)

    def tell(self) -> None:
        """Capabilities are told unasked, by the greeting and after a login: rules hide them there, too."""
        if Step.IMAP_CAPABILITY not in self._book.steps:
            return
        occasion = self._occasion(Step.IMAP_CAPABILITY)
        answer = self.ask(occasion)
        if answer is not None and answer.effect.capabilities is not None:
            self._order(answer, answer.effect.capabilities)
            self.alter()
        elif answer is not None:
            # It has something else to say to the command.
            self._book.take_back(answer, occasion)

    def alter(self) -> None:
        """CAPABILITY is answered now: what a rule has hidden is not honoured from here on."""
        altered, self.capabilities = self.capabilities, None
        session = self._session
        session.policy = self._offered if altered is None else self._offered.altered(altered.hide, altered.add)

    def _written(self, said: Spoken) -> bytes:
        """BYE and greetings answer no command."""
        tag = self.command.tag if self.command is not None and said.word != "BYE" else ""
        return responses.tagged(tag, said.word, said.text)


def _discard(command: Command) -> None:
    """What came with a command that is not performed."""
    if isinstance(command.arguments, Append):
        appending.discard(command.arguments)
