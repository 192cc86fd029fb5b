"""What a client did where something went wrong: deeds for the history, refusals for whoever is told of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailtrap.delivery.told import Told
from mailtrap.events import Kind
from mailtrap.faults.aftermath import Answered, Deed
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Said, Step
from mailtrap.mail.address import AddressError
from mailtrap.mail.message import Heading
from mailtrap.mail.reply import Reply
from mailtrap.smtp import protocol
from mailtrap.smtp.dialogue import Dialogue
from mailtrap.smtp.intake import Intake
from mailtrap.smtp.transaction import Transaction
from mailtrap.waiting.refusal import COMMAND, refusal

#: Verbs → the step that they belong to.
_STEPS = {
    b"EHLO": Step.EHLO,
    b"HELO": Step.EHLO,
    b"LHLO": Step.EHLO,
    b"STARTTLS": Step.STARTTLS,
    b"AUTH": Step.AUTH,
    b"MAIL": Step.MAIL,
    b"RCPT": Step.RCPT,
    b"DATA": Step.DATA,
    b"BDAT": Step.DATA,
    b"RSET": Step.RSET,
    b"QUIT": Step.QUIT,
}
#: Responses in the course of AUTH, as the transcript has them.
_RESPONSES = (b"*", b"***")


class Account:
    """Of one session. Where nothing goes wrong it costs a look whether the history watches the sender."""

    def __init__(self, dialogue: Dialogue, greeting: Callable[[], str], facts: Callable[..., Occasion]) -> None:
        self._dialogue = dialogue
        self._greeting = greeting
        self._facts = facts
        self._faults: list[int] = []
        self._refused: list[Answered] = []
        self._step = ""
        self._broken: tuple[str, int] | None = None
        #: What DATA got, where it was refused: nothing comes of the transaction unless the client asks again.
        self._barred: Said | None = None
        self._noted = False

    def spoke(self, step: Step, fault: int) -> None:
        """A fault answers here."""
        self._faults.append(fault)
        self._step = step.value
        self._dialogue.spoken = 0

    def broke(self, step: Step, code: int, recipient: str = "") -> None:
        """The session is closed at this step, with this reply or (0) with none; `recipient` was in question there."""
        self._broken = step.value, code
        if recipient and step is Step.RCPT:
            self._refused.append(Answered(recipient, code))

    def refused(self, step: Step, said: Said, sender: str, recipient: str, intake: Intake | None = None) -> None:
        """A command of a transaction was refused; `intake` has the content where that was known."""
        if recipient and step is Step.RCPT:
            self._refused.append(Answered(recipient, said.code, said.status))
        elif step is Step.DATA:
            self._barred = said
        dialogue = self._dialogue
        heading = intake.heading if intake is not None else None
        dialogue.sandbox.tell(
            Told(
                kind=Kind.REFUSED.value,
                at=dialogue.now,
                recipient=recipient,
                sender=sender,
                subject=heading.subject if heading else "",
                message_id=heading.message_id if heading else "",
                code=said.code,
                status=said.status,
                text=said.text,
                host=dialogue.policy.hostname,
                session=dialogue.transcript.session,
                inbox=self._inbox(recipient, heading),
            )
        )

    def denied(
        self,
        occasion: Occasion,
        said: Said | None,
        fault: int | None = None,
        *,
        intake: Intake | None = None,
        message: int = 0,
    ) -> None:
        """The client has been told so, or (None) will be told nothing more: who waits for that may look now."""
        heading = intake.heading if intake is not None else None
        found = refusal(occasion, said, fault, heading=heading, message=message)
        self._dialogue.sandbox.refusals.note(found)

    def struck(self, step: Step, said: Said | None = None) -> None:
        """The same by the rule that spoke last, where nothing in particular was asked for at this step."""
        self.denied(self._facts(step), said, self._faults[-1] if self._faults else None)

    def declined(self, answer: Reply, heard: bytes) -> None:
        """No rule but the sandbox itself refused what the client had said last."""
        verb, argument = protocol.split_command(heard)
        step = Step.AUTH if heard in _RESPONSES else _STEPS.get(verb, Step.QUIT if heard else Step.CONNECT)
        told: dict[str, str] = {}
        try:
            if step is Step.MAIL:
                told["sender"] = protocol.read_mail(argument)[0]
            elif step is Step.RCPT:
                told["recipient"] = protocol.read_rcpt(argument)[0]
        except (AddressError, protocol.CommandError):
            pass  # it may be just this that is refused
        said = Said(answer.code, str(answer.status or ""), answer.text)
        known = verb in _STEPS or heard in _RESPONSES or not heard
        found = refusal(self._facts(step, **told), said, step="" if known else COMMAND)
        self._dialogue.sandbox.refusals.note(found)

    def _inbox(self, recipient: str, heading: Heading | None) -> str:
        """Where the mail would have gone."""
        dialogue = self._dialogue
        addresses = (recipient,) if recipient else ()
        return dialogue.sandbox.inboxes.expect(dialogue.transcript, addresses, heading.inbox if heading else "")

    def attempted(self, step: Step, code: int, sender: str = "") -> None:
        """A command that begins nothing was refused, or not answered (0)."""
        self._note(step.value, code, sender, (), 0, "", "")

    def granted(self) -> None:
        """The client is logged in: that is worth a deed where something has failed in this session."""
        if self._noted:
            self.attempted(Step.AUTH, 235)

    def over(
        self,
        transaction: Transaction,
        step: str,
        code: int,
        answered: Callable[[], Sequence[Answered]] | None = None,
        message: int = 0,
        intake: Intake | None = None,
    ) -> None:
        """A transaction is over. `answered` are the last replies to those who were accepted, 250 if not given."""
        if not self.is_odd(transaction.reverse_path):
            return
        if answered:
            told = answered()
        elif self._barred is not None and not self._broken:
            step, code = Step.DATA.value, self._barred.code
            told = [Answered(one.address, code, self._barred.status) for one in transaction.recipients]
        else:
            told = [Answered(one.address, 250, "2.1.5") for one in transaction.recipients]
        heading = intake.heading if intake is not None else None
        self._note(
            step,
            code,
            transaction.reverse_path,
            (*self._refused, *told),
            message,
            heading.message_id if heading else "",
            intake.sha256 if intake is not None else "",
        )

    def closed(self, transaction: Transaction | None, step: str, quit_sent: bool) -> None:
        """The connection is gone; `step` is where an open transaction stood."""
        dialogue = self._dialogue
        step, code = self._broken or (step, 0)
        if transaction is not None:
            # What was said before the connection ended does not count: the transaction was not at its end.
            self.over(transaction, step, code if code >= 400 else 0)
        elif self._faults:
            # The first thing that was said then.
            self._note(self._step, dialogue.spoken, "", (), 0, "", "")
        if self._noted:
            dialogue.sandbox.history.ended(dialogue.transcript.session, dialogue.transcript.outcome, quit_sent)

    def is_odd(self, sender: str) -> bool:
        """Whether a transaction of this sender is worth a deed."""
        if self._faults or self._refused or self._noted or self._broken:
            return True
        return self._dialogue.sandbox.history.watches(sender, self._dialogue.peer)

    def _note(
        self,
        step: str,
        code: int,
        sender: str,
        answered: Sequence[Answered],
        message: int,
        message_id: str,
        sha256: str,
    ) -> None:
        dialogue, transcript = self._dialogue, self._dialogue.transcript
        deed = Deed(
            session=transcript.session,
            at=dialogue.now,
            step=step,
            code=code,
            sender=sender,
            answered=tuple(answered),
            message=message,
            message_id=message_id,
            sha256=sha256,
            faults=tuple(dict.fromkeys(self._faults)),
            greeting=self._greeting(),
            tls=transcript.tls is not None,
            login=transcript.login is not None,
            peer=dialogue.peer,
        )
        self._faults.clear()
        self._refused.clear()
        self._broken = self._barred = None
        self._noted = True
        dialogue.sandbox.history.note(deed)
