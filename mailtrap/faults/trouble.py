"""What rules do to any session: time passes, the line is slow, nothing more is said, it breaks off (sans-IO)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mailtrap.faults.book import Book
from mailtrap.faults.occasion import Answer, Occasion
from mailtrap.net.actions import Delay, Throttle
from mailtrap.net.frame import Frame


class Trouble:
    """Of one session; what the session would say or do at a step is for a subclass to know.

    `tls` was ordered for the next handshake; whoever performs that takes it.
    """

    def __init__(self, frame: Frame[Any], book: Book) -> None:
        self.tls = ""
        #: Whether rules were asked, so that they may count this session among those that are open.
        self.asked = False
        #: Whether the client went while it was made to wait: it owes nobody a QUIT.
        self.abandoned = False
        self._frame = frame
        self._book = book

    def ask(self, occasion: Occasion) -> Answer | None:
        """What the rules say."""
        self.asked = True
        return self._book.answer(occasion)

    def note(self, answer: Answer, text: str) -> None:
        """Record what a rule does without a word."""
        self._frame.transcript.note(self._frame.now, text, answer.fault.id)

    def wait(self, answer: Answer, passes: Callable[[float], str], then: Callable[[Any], None]) -> None:
        """Let pass what time the rule wants, then go on; `passes` says what for."""
        delay = answer.effect.delay
        if delay:
            self.note(answer, passes(delay))
            self._frame.block(Delay(delay), then)
        else:
            then(None)

    def cut_short(self, answer: Answer) -> None:
        """Nobody is made to wait who will say no more: mostly there is nobody left."""
        if answer.effect.delay and self._frame.gone:
            self.abandoned = True
            self.note(answer, "The client sends no more: the wait is cut short")

    def slow_down(self, answer: Answer) -> None:
        """Carry no more octets a second than the rule wants."""
        rate, frame = answer.effect.throttle, self._frame
        if rate:
            self.note(answer, f"{rate} octets a second from here on, both ways")
            frame.throttled = True
            # What has come in already goes slowly too, unless it is the last of it.
            frame.act(Throttle(rate, b"" if frame.gone else frame.rest()))

    def break_off(self, answer: Answer, reset: bool) -> None:
        """Close without a word, or with a RST."""
        frame = self._frame
        self.note(answer, "Connection reset" if reset else "Connection closed")
        frame.end("fault")
        frame.close(linger=not reset, reset=reset)

    def stall(self, answer: Answer) -> None:
        """Say nothing more, and read only until there is enough, for as long as the client stays."""
        self.note(answer, "Nothing more is said")
        self._frame.block(Delay(None), self._stalled)

    def _stalled(self, result: Any) -> None:
        frame = self._frame
        if frame.draining:
            frame.hang_up(frame.words.shutting_down, "shutdown")
        else:
            frame.end("aborted" if frame.in_transaction else "closed")
            frame.close()


def before_reply(seconds: float) -> str:
    """What a delay is for, nearly always."""
    return f"{seconds:g} s pass before the reply"
