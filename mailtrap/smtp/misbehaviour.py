"""Does at each step of a session what a rule says instead of what the session would (see faults/rule.py), sans-IO."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from mailtrap.faults import wire
from mailtrap.faults.occasion import Answer, Occasion
from mailtrap.faults.rule import Effect, Ehlo, Said, Step
from mailtrap.faults.trouble import Trouble, before_reply
from mailtrap.mail.reply import Reply
from mailtrap.net.actions import Delay, Dribble
from mailtrap.smtp.account import Account
from mailtrap.smtp.dialogue import Dialogue
from mailtrap.smtp.reception import Reception

#: Steps whose answers are noted at once: no transaction follows from a refusal there.
_ATTEMPTS = frozenset((Step.CONNECT, Step.GREETING, Step.EHLO, Step.STARTTLS, Step.AUTH, Step.MAIL))
#: Steps of a transaction before its content: what belongs to the content waits for it.
_EARLIER = frozenset((Step.MAIL, Step.RCPT, Step.DATA))
_NO_TLS = Said(454, "4.7.0", "TLS not available due to temporary reason")
_TOO_EARLY = Said(554, "5.5.0", "You talk before it is your turn")


class Misbehaviour(Trouble):
    """Of one session. The session comes here only where a rule may answer.

    `tls`, `ehlo`, `discards`, `in_data` and `at_end` are what was ordered for later; whoever performs it takes it.
    """

    def __init__(self, dialogue: Dialogue, account: Account, reception: Reception) -> None:
        super().__init__(dialogue, dialogue.sandbox.faults)
        self.ehlo: Ehlo | None = None
        self.discards = False
        self.in_data: Answer | None = None
        self.at_end: Answer | None = None
        #: What has answered only if so many octets of content come.
        self._awaited: tuple[Answer, Occasion] | None = None
        self._dialogue = dialogue
        self._account = account
        self._reception = reception

    def meet(self, occasion: Occasion, yes: Callable[[], None], no: Callable[[], None] | None = None) -> None:
        """Go on with `yes` unless a rule answers; with `no` (say what must be said, whatever it is) if it refuses."""
        answer = self.ask(occasion)
        if answer is None:
            yes()
            return
        if occasion.step is Step.IN_DATA:
            # It speaks when so many octets have come; they may never come.
            self.in_data = answer
            self._awaited = answer, occasion
            yes()
            return
        self._account.spoke(occasion.step, answer.fault.id)
        self.slow_down(answer)
        self.wait(answer, before_reply, partial(self._go_on, answer, occasion, yes, no))

    def forget(self) -> None:
        """The transaction is over."""
        self.in_data = self.at_end = None
        if self._awaited is not None:
            self._book.take_back(*self._awaited)
            self._awaited = None

    def _go_on(
        self,
        answer: Answer,
        occasion: Occasion,
        yes: Callable[[], None],
        no: Callable[[], None] | None,
        result: Any,
    ) -> None:
        """The delay, if there was one, is over."""
        effect, step = answer.effect, occasion.step
        self.cut_short(answer)
        if effect.early_talker:
            self._trap(answer, yes)
        elif effect.disconnect == "before-reply" or (
            effect.disconnect in ("mid-data", "after-store") and step not in _EARLIER
        ):
            self._break_off(answer, occasion)
        elif effect.stall and effect.reply is None:
            self._stall(answer, occasion)
        else:
            effect = self._order(answer, step)
            said = effect.reply
            if said is None or said.code // 100 == (3 if step is Step.DATA else 2):
                if said is not None or effect.malformed or effect.disconnect == "after-reply" or effect.stall:
                    self._dialogue.speaker = partial(self._speak, answer, occasion)
                yes()
            elif self._is_mute(step):
                # Without TLS there are no words on this port: they are said after the handshake.
                self._dialogue.speaker = partial(self._refuse, answer, said, occasion)
                yes()
            elif no is not None:
                self._dialogue.speaker = partial(self._refuse, answer, said, occasion)
                no()
            else:
                self._refuse(answer, said, occasion, None)

    def _order(self, answer: Answer, step: Step) -> Effect:
        """Lay down what concerns a later moment; returns what is left for this one."""
        effect = answer.effect
        if effect.ehlo is not None and step is Step.EHLO:
            self.note(answer, "The answer to EHLO is altered")
            self.ehlo = effect.ehlo
        if effect.tls == "refuse" and not self._is_mute(step):
            return Effect(reply=effect.reply or _NO_TLS)
        if effect.tls:
            self.note(answer, f"The TLS handshake goes wrong: {effect.tls}")
            self.tls = effect.tls
        elif self._is_mute(step) and step is Step.STARTTLS and effect.reply is not None:
            self.tls = "refuse"
            return Effect()
        if step in _EARLIER:
            if effect.disconnect == "mid-data":
                self.in_data = _later(answer)
            if effect.disconnect == "after-store" or (effect.discard and step is not Step.RCPT):
                self.at_end = _later(answer)
            if effect.discard and step is Step.RCPT:
                self.note(answer, "Nothing will be kept for this recipient")
                self.discards = True
        return effect

    def _is_mute(self, step: Step) -> bool:
        """Whether nothing can be said yet because TLS comes first."""
        dialogue = self._dialogue
        return dialogue.tls_first and dialogue.transcript.tls is None and step in (Step.CONNECT, Step.STARTTLS)

    # Performing.

    def _refuse(self, answer: Answer, said: Said, occasion: Occasion, unsaid: Reply | None) -> None:
        step, code = occasion.step, said.code
        if step in _ATTEMPTS:
            self._account.attempted(step, code, occasion.sender)
        if step in _EARLIER:
            self._account.refused(step, said, occasion.sender, occasion.recipient)
        if step in (Step.CONNECT, Step.GREETING):
            self._dialogue.unwelcome = True
        self._speak(answer, occasion, unsaid)
        self._account.denied(occasion, said, answer.fault.id)

    def _speak(self, answer: Answer, occasion: Occasion, meant: Reply | None) -> None:
        """Say what the rule says, or `meant` in the way it wants."""
        effect, step = answer.effect, occasion.step
        code = self.say(answer, meant)
        if effect.stall:
            self._stall(answer, occasion, code)
        elif effect.disconnect == "after-reply" or code == 421:
            self._account.broke(step, code)
            self.break_off(answer, reset=effect.reset)
            if code < 400:
                self._account.denied(occasion, None, answer.fault.id)

    def say(self, answer: Answer, meant: Reply | None) -> int:
        """Say what the rule says, else what was meant, malformed if it wants that. Returns the code."""
        dialogue, effect = self._dialogue, answer.effect
        said, enhanced = self._said(effect), dialogue.policy.enhanced
        if said is not None:
            octets, code = wire.spoken(said, enhanced), said.code
        elif meant is not None:
            octets, code = meant.octets(enhanced), meant.code
        else:
            raise RuntimeError("there is nothing to say")
        dialogue.spoken = dialogue.spoken or code
        fault = answer.fault.id if said is not None or effect.malformed else None
        if effect.malformed:
            garbled = wire.malformed(effect.malformed, octets)
            dialogue.transcript.add(dialogue.now, "S", garbled.shown, fault)
            dialogue.act(Dribble(garbled.pieces, garbled.pause))
        else:
            dialogue.utter(octets, fault)
        return code

    def _said(self, effect: Effect) -> Said | None:
        if effect.early_talker:
            return effect.reply or _TOO_EARLY
        if effect.tls == "refuse":
            return effect.reply or _NO_TLS
        return effect.reply

    def _trap(self, answer: Answer, yes: Callable[[], None]) -> None:
        """The greeting comes in two parts; who speaks between them is no mail server (RFC 5321 §3.1)."""
        dialogue = self._dialogue
        greeting = dialogue.policy.greeting
        dialogue.utter(b"220-" + greeting.octets()[4:], answer.fault.id)
        dialogue.block(Delay(answer.effect.early_talker), partial(self._caught, answer, yes))

    def _caught(self, answer: Answer, yes: Callable[[], None], result: Any) -> None:
        if not self._dialogue.has_input:
            yes()
            return
        code = self.say(answer, None)
        self._account.struck(Step.GREETING, self._said(answer.effect))
        self._account.attempted(Step.GREETING, code)
        self.break_off(answer, reset=answer.effect.reset)

    def _break_off(self, answer: Answer, occasion: Occasion) -> None:
        self._unanswered(occasion)
        self.break_off(answer, reset=answer.effect.reset)
        self._account.denied(occasion, None, answer.fault.id)

    def _stall(self, answer: Answer, occasion: Occasion, code: int = 0) -> None:
        if code:
            self._account.broke(occasion.step, code)
        else:
            self._unanswered(occasion)
            self._account.denied(occasion, None, answer.fault.id)
        self.stall(answer)

    def _unanswered(self, occasion: Occasion) -> None:
        """There will be no reply to this, and none to anything after it."""
        if occasion.step in _ATTEMPTS:
            self._account.attempted(occasion.step, 0, occasion.sender)
        else:
            self._account.broke(occasion.step, 0, occasion.recipient)

    # After the content.

    def conclude(
        self, answer: Answer, step: Step, meant: Reply, then: Callable[[int], None], end: Callable[[int], None]
    ) -> None:
        """Reply to content that has been dealt with; goes on with `then`, or with `end` before it closes or stalls.

        Both are given the code that was said, 0 for none.
        """
        self._account.spoke(step, answer.fault.id)
        self.slow_down(answer)
        self.wait(answer, before_reply, partial(self._conclude, answer, meant, then, end))

    def _conclude(
        self, answer: Answer, meant: Reply, then: Callable[[int], None], end: Callable[[int], None], result: Any
    ) -> None:
        effect, gone = answer.effect, self._dialogue.gone
        self.cut_short(answer)
        silent = (effect.stall and effect.reply is None) or effect.disconnect not in ("", "after-reply")
        code = 0 if silent else self.say(answer, meant)
        if effect.stall:
            end(code)
            self.stall(answer)
        elif effect.disconnect or code == 421:
            end(code)
            self.break_off(answer, reset=effect.reset)
        else:
            # Who did not wait for the reply has not heard it.
            then(0 if gone and effect.delay else code)

    # Inside the content.

    def strike(self, answer: Answer) -> None:
        """So many octets of content have come: now."""
        self._awaited = None
        self._account.spoke(Step.IN_DATA, answer.fault.id)
        self.slow_down(answer)
        self.wait(answer, lambda seconds: f"Content is not read for {seconds:g} s", partial(self._struck, answer))

    def _struck(self, answer: Answer, result: Any) -> None:
        effect, dialogue = answer.effect, self._dialogue
        self.cut_short(answer)
        self._reception.pardon()
        code = 0
        if effect.reply is not None:
            code = self.say(answer, None)
            self._reception.swallow(code)
        if code >= 400 or (not code and (effect.stall or effect.disconnect)):
            self._account.struck(Step.IN_DATA, effect.reply)
        if effect.stall:
            self._account.broke(Step.IN_DATA, code)
            self.stall(answer)
        elif effect.disconnect or code == 421:
            self._account.broke(Step.IN_DATA, code)
            self.note(answer, f"After {effect.after} octets of content")
            self.break_off(answer, reset=effect.reset)
        elif code:
            dialogue.transcript.note(dialogue.now, "The rest of the content is not looked at", answer.fault.id)


def _later(answer: Answer) -> Answer:
    """What is left of it for the content: the words and the wait were those of the step itself."""
    rest = replace(answer.effect, reply=None, malformed="", delay=0.0, throttle=0)
    return replace(answer, effect=rest)
