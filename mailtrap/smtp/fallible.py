"""A dialogue whose every step may go wrong on purpose: it knows the facts, and asks the rules before it says yes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mailtrap.faults.conditions import in_question
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Step
from mailtrap.mail.reply import Reply
from mailtrap.sandbox import Sandbox
from mailtrap.smtp.account import Account
from mailtrap.smtp.dialogue import Dialogue
from mailtrap.smtp.intake import Intake
from mailtrap.smtp.midway import Midway
from mailtrap.smtp.misbehaviour import Misbehaviour
from mailtrap.smtp.policy import Policy
from mailtrap.smtp.reception import Reception
from mailtrap.smtp.transaction import Transaction


class Fallible(Dialogue):
    """What a session knows about its client, and `unless`, through which it says yes.

    A subclass has `submit` for content that is complete.
    """

    __slots__ = (
        "_midway", "account", "greeted", "offered", "quit_sent", "reception", "transaction", "transactions", "trouble",
    )  # fmt: skip

    def __init__(
        self,
        sandbox: Sandbox,
        policy: Policy,
        listener: str,
        peer: str,
        monotonic: Callable[[], float],
        tls_first: bool = False,
    ) -> None:
        super().__init__(sandbox, policy, listener, peer, monotonic, tls_first)
        self.greeted = ""
        self.quit_sent = False
        self.transaction: Transaction | None = None
        self.transactions = 0
        #: What is offered where no rule alters it.
        self.offered = policy
        self.reception = Reception(self, self.submit)
        self.account = Account(self, lambda: self.greeted, self.occasion)
        self.trouble = Misbehaviour(self, self.account, self.reception)
        self._midway: Midway | None = None

    def submit(self, intake: Intake) -> None:
        """Content has come whole."""
        raise NotImplementedError

    @property
    def in_transaction(self) -> bool:
        """Whether there has been a MAIL whose content has not been answered."""
        return self.transaction is not None

    def end(self, outcome: str, note: str = "") -> None:
        """Note how the session ended: well, where QUIT was said although nobody answered it."""
        super().end("quit" if outcome == "closed" and self.quit_sent else outcome, note)

    def refuse(self, answer: Reply, *, noted: bool = False) -> None:
        """Answer a command that was refused; `noted` says that who waits for refusals is told by somebody else."""
        ours, heard = self.speaker is None and not noted, self.transcript.heard
        super().refuse(answer)
        if ours and not self.closed:
            self.account.declined(answer, heard)

    def hang_up(self, answer: Reply, outcome: str) -> None:
        """Say a last word, then close. Who was only silent for too long was not refused."""
        heard = self.transcript.heard
        super().hang_up(answer, outcome)
        if outcome == "refused":
            self.account.declined(answer, heard)

    def turn_away(self, refusal: Reply) -> None:
        """Close before TLS; who waits for refusals is told of one without a reply."""
        super().turn_away(refusal)
        self.account.denied(self.occasion(Step.CONNECT), None)

    def over(self) -> None:
        """The connection is gone, and everything that came in whole is dealt with."""
        step = Step.IN_DATA if self.reception.begun else Step.RCPT
        if self.transaction is not None and not self.transaction.recipients:
            step = Step.MAIL
        self.account.closed(self.transaction, step.value, self.quit_sent or self.trouble.abandoned)
        if self.trouble.asked:
            self.trouble.forget()
            self.sandbox.faults.ended(self.transcript.session)

    def unless(self, step: Step, yes: Callable[[], None], no: Callable[[], None] | None = None, **facts: Any) -> None:
        """Say yes, unless a rule answers at this step; see `Misbehaviour.meet`."""
        transaction = self.transaction
        telling = facts.get("recipient") or ("" if transaction is None else transaction.telling)
        if self.sandbox.faults.may_answer(step, telling):
            self.trouble.meet(self.occasion(step, **facts), yes, no)
        else:
            yes()

    def occasion(self, step: Step, named: str = "", **facts: Any) -> Occasion:
        """The facts as they stand; `facts` are those that are to be true if the answer is yes.

        Its inbox is where mail would go: known by the login, or once there is a recipient; `named` is X-Mail-Inbox.
        """
        transcript, transaction = self.transcript, self.transaction
        occasion = Occasion(
            step,
            self.now,
            listener=transcript.listener,
            peer=self.peer,
            helo=transcript.helo,
            greeting=self.greeted,
            tls=transcript.tls,
            login=transcript.login,
            session=transcript.session,
            transaction=self.transactions,
            host=self.offered.hostname,
        )
        if transaction is not None:
            occasion.sender = transaction.reverse_path
            occasion.parameters = transaction.parameters
            occasion.recipients = tuple([one.address for one in transaction.recipients])
        for name, value in facts.items():
            setattr(occasion, name, value)
        occasion.inbox = self.sandbox.inboxes.expect(occasion, in_question(occasion), named)
        return occasion

    def watch_content(self) -> None:
        """Content comes: something may go wrong in the midst of it."""
        answer = self.trouble.in_data
        if answer is not None:
            if self._midway is None:
                self._midway = Midway(self, answer.effect.after, partial(self.trouble.strike, answer))
            self._midway.watch()

    def end_transaction(self) -> None:
        """There is none any more; what was taken in has been handed on or forgotten."""
        self.transaction = self._midway = None
        self.trouble.forget()
        self.reception.release()
