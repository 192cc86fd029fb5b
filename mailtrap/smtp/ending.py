"""What becomes of content that has come whole: kept or not, then one reply, or (LMTP) one for each recipient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mailtrap.errors import StorageFull
from mailtrap.faults.aftermath import Answered
from mailtrap.faults.occasion import Answer, Occasion
from mailtrap.faults.rule import Said, Step
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.content import understand
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.mail.message import Heading, Message, State
from mailtrap.mail.reply import Reply
from mailtrap.net.actions import Ask, Work
from mailtrap.query import Searchable
from mailtrap.smtp import replies
from mailtrap.smtp.fallible import Fallible
from mailtrap.smtp.intake import Intake
from mailtrap.smtp.transaction import Transaction

#: Bigger content is understood, where rules need that, on a worker thread.
AT_ONCE = 64 * 1024


class Part(Struct, frozen=True):
    """One reply that is due, for these recipients, and what a rule says to that."""

    recipients: tuple[Recipient, ...]
    answer: Answer | None = None

    @property
    def keeps(self) -> bool:
        """Whether the message is kept for them."""
        if self.answer is None:
            return True
        effect = self.answer.effect
        if effect.discard or effect.disconnect in ("before-reply", "mid-data"):
            return False
        return effect.reply is None or effect.reply.code // 100 == 2


class Ending:
    """Of one transaction of a session. With LMTP there is a part for each recipient, else one for all of them."""

    def __init__(self, session: Fallible, transaction: Transaction, intake: Intake, arrival: Arrival) -> None:
        self._session = session
        self._transaction = transaction
        self._intake = intake
        self._arrival = arrival
        self._flags: tuple[str, ...] = ()
        self._per_recipient = session.greeted == "LHLO"
        self._parts: list[Part] = []
        self._codes: list[tuple[Part, int, str]] = []
        self._handed = False
        self._kept: Any = None
        self._content: Searchable | None = None
        self._named = ""

    def begin(self) -> None:
        """The content is complete."""
        transaction, intake, session = self._transaction, self._intake, self._session
        if intake.swallowed:
            # Its reply was said before its end.
            self._end(intake.swallowed)
        elif intake.overflow:
            self._settle(replies.TOO_BIG)
        elif intake.failure is not None:
            self._settle(intake.failure)
        else:
            self._flags = (*transaction.flags, *intake.flags(transaction.eight_bit))
            if session.bare_lf:
                self._flags += ("bare-lf-command",)
                session.bare_lf = False
            answer = session.trouble.at_end
            telling = transaction.telling
            if answer is not None:
                self._parts = [replace(part, answer=answer) for part in self._divided()]
                self._keep()
            elif (telling or session.sandbox.faults.steps) and session.sandbox.faults.may_answer(
                Step.END_OF_DATA, telling
            ):
                self._judge()
            else:
                self._go_through()

    def _divided(self) -> list[Part]:
        recipients = self._transaction.recipients
        return [Part((one,)) for one in recipients] if self._per_recipient else [Part(tuple(recipients))]

    def _kept_plainly(self, result: Any) -> None:
        """What comes of nearly every message: no rule had anything to say."""
        session = self._session
        if type(result) is not int or session.account.is_odd(self._transaction.reverse_path):
            self._settle(result)
            return
        session.forgive_junk()
        session.transcript.messages.append(result)
        session.end_transaction()
        session.say(_kept_as(result))

    def _go_through(self) -> None:
        """No rule has anything to say."""
        if self._per_recipient or self._transaction.discarded:
            self._parts = self._divided()
            self._keep()
        else:
            self._hand_over(self._transaction.envelope, self._kept_plainly)

    # What the rules say.

    def _judge(self) -> None:
        path, recipients = self._transaction.reverse_path, [one.address for one in self._transaction.recipients]
        if self._session.sandbox.faults.rules_out(Step.END_OF_DATA, path, recipients, self._intake.heading):
            self._go_through()
            return
        if self._session.sandbox.faults.divides(Step.END_OF_DATA):
            self._named = self._intake.heading.inbox
        occasion = self._session.occasion(
            Step.END_OF_DATA, self._named, size=self._intake.size, content=self._understood
        )
        if not self._per_recipient and not self._session.sandbox.faults.might_answer(occasion):
            self._go_through()
            return
        self._parts = self._divided()
        if self._intake.size > AT_ONCE:
            self._session.block(Work(partial(self._ask, occasion)), self._judged)
        else:
            self._judged(self._ask(occasion))

    def _ask(self, occasion: Occasion) -> list[Part]:
        parts = []
        for part in self._parts:
            one = self._alone(occasion, part.recipients[0].address) if self._per_recipient else occasion
            parts.append(replace(part, answer=self._session.trouble.ask(one)))
        return parts

    def _alone(self, occasion: Occasion, recipient: str) -> Occasion:
        inbox = self._session.sandbox.inboxes.expect(occasion, (recipient,), self._named)
        return replace(occasion, recipient=recipient, inbox=inbox)

    def _judged(self, result: Any) -> None:
        if isinstance(result, Exception):
            self._settle(result)
            return
        self._parts = result
        self._keep()

    def _understood(self) -> Searchable:
        """The message as a query sees it before it is kept; of a very big one only the beginning is known."""
        if self._content is None:
            intake, flags = self._intake, self._flags
            message = Message(
                0,
                "default",
                self._transaction.envelope,
                self._arrival,
                intake.heading,
                intake.size,
                "",
                State.RECEIVED,
            )
            self._content = Searchable(message, lambda: understand(0, intake.beginning, flags))
        return self._content

    # Keeping.

    def _keep(self) -> None:
        envelope = self._transaction.envelope
        if any([not part.keeps for part in self._parts]):
            kept = {id(recipient) for part in self._parts if part.keeps for recipient in part.recipients}
            envelope = replace(envelope, recipients=tuple([one for one in envelope.recipients if id(one) in kept]))
        if not envelope.recipients:
            self._settle(None)
            return
        self._hand_over(envelope, self._settle)

    def _hand_over(self, envelope: Envelope, then: Callable[[Any], None]) -> None:
        intake, sandbox = self._intake, self._session.sandbox
        self._handed = True
        keep = sandbox.capture_spooled if intake.spooling is not None else sandbox.capture
        content = intake.spooling if intake.spooling is not None else intake.octets()
        self._session.block(Ask(partial(_keep, keep, envelope, content, self._arrival, self._flags, intake.read)), then)

    def _settle(self, result: Any) -> None:
        """The store has answered; only now is it ours (RFC 5321 §4.2.5)."""
        if result is not replies.TOO_BIG:
            self._session.forgive_junk()
        if isinstance(result, int):
            self._session.transcript.messages.append(result)
        self._kept = result
        self._parts = self._parts or self._divided()
        self._answer(0)

    def _answer(self, number: int) -> None:
        """Say the reply of one part, then of those after it."""
        session = self._session
        while number < len(self._parts) and not session.closed:
            part, meant = self._parts[number], self._meant()
            answer = part.answer
            if answer is not None and answer.effect.discard:
                self._session.trouble.note(answer, "Nothing is kept")
            if answer is not None and not isinstance(self._kept, Reply | Exception):
                go_on, end = partial(self._go_on, number), partial(self._break, number)
                self._session.trouble.conclude(answer, Step.END_OF_DATA, meant, go_on, end)
                return
            said = Said(meant.code, str(meant.status), meant.text) if meant.code >= 400 else None
            self._said(part, meant.code, said)
            if meant is replies.TOO_BIG:
                session.refuse(meant, noted=True)
            else:
                session.say(meant)
            if said is not None:
                self._denied(part, said)
            number += 1
        self._end(self._codes[-1][1])

    def _go_on(self, number: int, code: int) -> None:
        part = self._parts[number]
        said = part.answer.effect.reply if part.answer is not None else None
        self._said(part, code, said)
        if code >= 400:
            self._denied(part, said)
        self._answer(number + 1)

    def _break(self, number: int, code: int) -> None:
        """Nothing will be said any more."""
        part = self._parts[number]
        said = part.answer.effect.reply if part.answer is not None else None
        self._said(part, code, said)
        if code >= 400 or not code:
            self._denied(part, said if code else None)
        for other in self._parts[number + 1 :]:
            self._said(other, 0, None)
            self._denied(other, None)
        self._end(code)

    def _meant(self) -> Reply:
        if isinstance(self._kept, int):
            return _kept_as(self._kept)
        if self._kept is None:
            return replies.OK
        if isinstance(self._kept, Reply):
            return self._kept
        return replies.STORAGE_FULL if isinstance(self._kept, StorageFull) else replies.LOCAL_ERROR

    def _said(self, part: Part, code: int, said: Said | None) -> None:
        self._codes.append((part, code, said.status if said is not None else ""))
        if code >= 400 and said is not None:
            for recipient in part.recipients:
                path = self._transaction.reverse_path
                self._session.account.refused(Step.END_OF_DATA, said, path, recipient.address, self._intake)

    def _denied(self, part: Part, said: Said | None) -> None:
        """These recipients were told so, or nothing more."""
        session, named = self._session, self._intake.heading.inbox
        alone = {"recipient": part.recipients[0].address} if self._per_recipient else {}
        session.account.denied(
            session.occasion(Step.END_OF_DATA, named, size=self._intake.size, **alone),
            said,
            part.answer.fault.id if part.answer is not None else None,
            intake=self._intake,
            message=self._kept if isinstance(self._kept, int) else 0,
        )

    def _end(self, code: int) -> None:
        message = self._kept if isinstance(self._kept, int) else 0
        self._session.account.over(
            self._transaction, Step.END_OF_DATA.value, code, partial(self._answered, code), message, self._intake
        )
        if not self._handed:
            self._intake.discard()
        self._session.end_transaction()

    def _answered(self, code: int) -> list[Answered]:
        if not self._codes:
            return [Answered(one.address, code) for one in self._transaction.recipients]
        return [Answered(one.address, said, status) for part, said, status in self._codes for one in part.recipients]


def _kept_as(id: int) -> Reply:
    return Reply(250, replies.OK.status, f"OK, kept as message {id}")


def _keep(
    keep: Callable[..., None],
    envelope: Envelope,
    content: Any,
    arrival: Arrival,
    flags: tuple[str, ...],
    heading: Heading | None,
    done: Callable[[Any], None],
) -> None:
    keep(envelope, content, arrival, done, flags=flags, heading=heading)
