"""Does at each step of a session that collects mail what a rule says instead of what the session would (sans-IO)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mailtrap.faults import answers
from mailtrap.faults.answers import Spoken
from mailtrap.faults.book import Book
from mailtrap.faults.occasion import Answer, Occasion
from mailtrap.faults.rule import Ehlo, Step
from mailtrap.faults.trouble import Trouble, before_reply
from mailtrap.inboxes import Directory
from mailtrap.mail.arrival import Login
from mailtrap.net.frame import Frame

_NO_TLS = "TLS is not available now"
#: Where the client cannot be told anything before a handshake that comes first.
_MUTE = frozenset((Step.POP3_CONNECT, Step.POP3_STLS, Step.IMAP_CONNECT, Step.IMAP_STARTTLS))
#: What is left to nobody who was refused here.
_ENTRANCES = frozenset((Step.POP3_CONNECT, Step.POP3_GREETING, Step.IMAP_CONNECT, Step.IMAP_GREETING))


class Mishaps(Trouble):
    """Of one session. Where no rule waits at a step, `unless` costs a look.

    `write` makes octets of what a rule says, as an answer to the command that is being performed. `tls` and
    `capabilities` were ordered for later; whoever performs that takes it.
    """

    def __init__(
        self,
        frame: Frame[Any],
        book: Book,
        inboxes: Directory,
        host: str,
        write: Callable[[Spoken], bytes],
    ) -> None:
        super().__init__(frame, book)
        self.capabilities: Ehlo | None = None
        #: Whether the connection ends in another way than the session would end it.
        self.ends = False
        self._inboxes = inboxes
        self._host = host
        self._write = write
        #: What goes wrong within the next content, and how many octets of it come before.
        self._midway: tuple[Answer, Occasion] | None = None
        self._left = 0
        #: What must wait for words until there is TLS.
        self._unsaid: tuple[Answer, Step] | None = None

    def unless(
        self,
        step: Step,
        yes: Callable[[], None],
        login: Login | None = None,
        message: int = 0,
        no: Callable[[], None] | None = None,
    ) -> None:
        """Go on with `yes` unless a rule answers, or with `no`, which says nothing, once a rule has done that instead.

        `login` is who will have logged in, `message` the one in question.
        """
        if step not in self._book.steps:
            yes()
            return
        occasion = self._occasion(step, login, message)
        answer = self.ask(occasion)
        if answer is None:
            yes()
        elif answer.effect.after or answer.effect.disconnect == "mid-data":
            # It strikes when so many octets have been said.
            self._midway, self._left = (answer, occasion), answer.effect.after
            yes()
            self._frame.afterwards(self._forget)
        else:
            self.slow_down(answer)
            self.wait(answer, before_reply, partial(self._go_on, answer, step, yes, no or _nothing))

    def _occasion(self, step: Step, login: Login | None = None, message: int = 0) -> Occasion:
        transcript = self._frame.transcript
        occasion = Occasion(
            step,
            self._frame.now,
            listener=transcript.listener,
            peer=transcript.peer,
            tls=transcript.tls,
            login=login or transcript.login,
            session=transcript.session,
            message=message,
            host=self._host,
        )
        occasion.inbox = self._inboxes.expect(occasion)
        return occasion

    def _go_on(self, answer: Answer, step: Step, yes: Callable[[], None], no: Callable[[], None], result: Any) -> None:
        """The delay, if there was one, is over."""
        effect = answer.effect
        self.cut_short(answer)
        if effect.disconnect == "before-reply":
            self.break_off(answer, effect.reset)
            no()
        elif effect.stall and not effect.answer:
            self.stall(answer)
            no()
        elif effect.answer or (effect.tls == "refuse" and step not in _ENTRANCES and not self._is_mute(step)):
            self._answer(answer, step, yes, no)
        else:
            self._order(answer, effect.capabilities)
            if effect.disconnect == "after-store":
                self._frame.hushed = True
            self.ends = bool(effect.disconnect)
            yes()
            if self.ends:
                self._frame.afterwards(partial(self.break_off, answer, effect.reset))

    def _order(self, answer: Answer, capabilities: Ehlo | None) -> None:
        """Lay down what concerns a later moment."""
        if answer.effect.tls:
            self.note(answer, f"The TLS handshake goes wrong: {answer.effect.tls}")
            self.tls = answer.effect.tls
        if capabilities is not None:
            self.note(answer, "The list of capabilities is altered")
            self.capabilities = capabilities

    def _is_mute(self, step: Step) -> bool:
        """Whether nothing can be said yet because TLS comes first."""
        frame = self._frame
        return step in _MUTE and frame.tls_first and frame.transcript.tls is None

    def _answer(self, answer: Answer, step: Step, yes: Callable[[], None], no: Callable[[], None]) -> None:
        """Say what the rule says, after the handshake where that comes first."""
        if self._is_mute(step):
            self._unsaid = answer, step
            yes()
            return
        self._say(answer, answers.spoken(answer.effect.answer or _NO_TLS, step), step, no)

    def _say(self, answer: Answer, spoken: answers.Spoken, step: Step, no: Callable[[], None]) -> None:
        self._frame.utter(self._write(spoken), answer.fault.id)
        no()
        if answer.effect.stall:
            self.stall(answer)
        elif answer.effect.disconnect or spoken.word == "BYE" or (spoken.refuses and step in _ENTRANCES):
            self.break_off(answer, answer.effect.reset)

    def greet(self, step: Step, yes: Callable[[], None]) -> None:
        """The first words: those of `yes`, or what a rule says there or could not say before."""
        if self._unsaid is None:
            self.unless(step, yes)
        else:
            (answer, before), self._unsaid = self._unsaid, None
            self._say(answer, answers.belated(answer.effect.answer or _NO_TLS, before, step), step, _nothing)

    def take_tls(self) -> str:
        """What is to be wrong with the handshake that begins now."""
        trouble, self.tls = self.tls, ""
        return trouble

    # Within content.

    def pour(self, octets: bytes, then: Callable[[], None]) -> None:
        """Say octets of content, then go on; or as many of them as a rule lets pass, and then what it says."""
        frame = self._frame
        if self._midway is None or self._left > len(octets):
            self._left -= len(octets)
            frame.pour(octets)
            then()
            return
        frame.pour(octets[: self._left])
        answer, self._midway = self._midway[0], None
        self.note(answer, f"After {answer.effect.after} octets of content")
        self.slow_down(answer)
        rest = octets[self._left :]
        self.wait(answer, lambda seconds: f"{seconds:g} s pass", partial(self._struck, answer, rest, then))

    def _struck(self, answer: Answer, rest: bytes, then: Callable[[], None], result: Any) -> None:
        self.cut_short(answer)
        if answer.effect.disconnect:
            self.break_off(answer, answer.effect.reset)
        elif answer.effect.stall:
            self.stall(answer)
        else:
            self._frame.pour(rest)
            then()

    def _forget(self) -> None:
        """The content has come to its end: what was to strike later has not answered."""
        if self._midway is not None:
            self._book.take_back(*self._midway)
            self._midway = None

    def over(self) -> None:
        """The connection is gone."""
        self._forget()
        if self.asked:
            self._book.ended(self._frame.transcript.session)


def _nothing() -> None:
    pass
