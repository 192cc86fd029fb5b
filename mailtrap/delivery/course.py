"""The course of one delivery, step by step: routed, tried, deferred, delivered, returned; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct, field

from mailtrap.delivery.record import Attempt, Delivery, Outcome, Pending
from mailtrap.delivery.routes import MOST_HOSTS, OF_A_HOST, default_route, unreached
from mailtrap.delivery.schedule import RetrySchedule
from mailtrap.events import Kind
from mailtrap.faults.occasion import Answer
from mailtrap.faults.rule import Effect, Notice, Said, Step

#: Asks the rules: (step, time, number of the try, host).
Ask = Callable[[Step, int, int, str], Answer | None]

#: Messages that may have to be made: status notices (RFC 3461 §6), and what people and their programs send back.
What = Literal["failure", "delay", "success", "relayed", "complaint", "auto-reply", "read"]

#: Those that are about one recipient only.
PERSONAL: frozenset[What] = frozenset(("complaint", "auto-reply", "read"))

#: Characters of a reply that are kept.
_LONGEST = 2000
_NOTHING = Effect()
_ACCEPTED = Said(250, "2.0.0", "OK")
#: Fields of an effect that follow a delivery → what is then pending.
_AFTERWARDS = {
    "bounce": "bounce",
    "complaint": "complaint",
    "auto_reply": "auto-reply",
    "read": "read",
    "opens": "opens",
    "clicks": "clicks",
}


class Upshot(Struct):
    """What came of one step: events with the reply that decided them, messages to make, links a reader visits.

    `spoke` says whether a rule had something to say; `tries` counts the attempts that were made.
    """

    at: int
    events: list[tuple[Kind, Attempt]] = field(default_factory=list)
    notices: list[tuple[What, Notice | None]] = field(default_factory=list)
    visits: list[Literal["opens", "clicks"]] = field(default_factory=list)
    spoke: bool = False
    tries: int = 0


class Course:
    """Moves a delivery on. What it says depends on nothing but the delivery, the schedule and what `ask` answers."""

    def __init__(self, delivery: Delivery, schedule: RetrySchedule, ask: Ask) -> None:
        self._delivery = delivery
        self._schedule = schedule
        self._ask = ask
        self._upshot = Upshot(0)

    def step(self) -> Upshot:
        """Do what is pending next."""
        delivery = self._delivery
        pending = delivery.pending.pop(0)
        self._upshot = Upshot(pending.at)
        if pending.what == "attempt":
            self._try(pending.at)
        elif pending.what == "answer" and pending.attempt is not None:
            self._answered(pending.at, pending.attempt, pending.effects)
        elif pending.what == "delayed":
            delivery.happened(pending.at, "delayed", delivery.attempts[-1].reply if delivery.attempts else "")
            self._upshot.notices.append(("delay", None))
        elif pending.what == "expire":
            self._expire(pending.at)
        else:
            self._afterwards(pending)
        delivery.expect()
        return self._upshot

    def _try(self, at: int) -> None:
        delivery, upshot = self._delivery, self._upshot
        delivery.tries += 1
        upshot.tries = 1
        answer = self._asked(Step.ROUTE, at, "")
        effect = answer.effect if answer else _NOTHING
        route = effect.route[:MOST_HOSTS] or default_route(delivery.recipient)
        fault = answer.fault.id if answer else 0
        said = _failure(effect, delivery.recipient, route[0])
        if said is None and route != delivery.route:
            delivery.route = route
            delivery.happened(at, "routed", ", ".join(route), fault=fault)
        at += _microseconds(effect.delay)
        if said is not None:
            host = "" if effect.reply is None and effect.unreachable not in OF_A_HOST else route[0]
            self._say(at, _attempt(at, host, said, fault), effect)
            return
        routing = effect
        for host in route:
            answer = self._asked(Step.ATTEMPT, at, host)
            effect = answer.effect if answer else _NOTHING
            fault = answer.fault.id if answer else 0
            at += _microseconds(effect.delay)
            made = _attempt(at, host, _failure(effect, delivery.recipient, host) or _ACCEPTED, fault)
            # The next host is asked where this one could not be reached, or takes nothing now (RFC 5321 §5.1).
            if host == route[-1] or not (made.code == 421 or (not made.code and made.is_transient)):
                break
            delivery.tried(made)
        self._say(at, made, effect, routing)

    def _say(self, at: int, made: Attempt, *effects: Effect) -> None:
        """The answer of the host comes now, or when it is ready."""
        if at > self._upshot.at:
            self._delivery.pending.append(Pending(at, "answer", attempt=made, effects=effects))
        else:
            self._answered(at, made, effects)

    def _answered(self, at: int, made: Attempt, effects: tuple[Effect, ...]) -> None:
        self._delivery.tried(made)
        if made.is_permanent:
            self._bounce(at, made)
        elif made.is_transient:
            self._defer(at, made)
        else:
            self._deliver(at, made, effects)

    def _defer(self, at: int, made: Attempt) -> None:
        delivery, schedule = self._delivery, self._schedule
        again = schedule.again(delivery.tries, at, delivery.accepted_at)
        expires = max(at, schedule.expires(delivery.accepted_at))
        delivery.pending.append(Pending(expires, "expire") if again is None else Pending(again, "attempt"))
        delivery.happened(at, "deferred", made.reply, fault=made.fault)
        if delivery.outcome is not Outcome.DEFERRED:
            delivery.outcome = Outcome.DEFERRED
            tell = delivery.accepted_at + schedule.notice_after
            if schedule.notice_after and tell < expires:
                delivery.pending.append(Pending(max(at, tell), "delayed"))
        self._upshot.events.append((Kind.DEFERRED, made))

    def _bounce(self, at: int, made: Attempt) -> None:
        delivery = self._delivery
        delivery.outcome = Outcome.BOUNCED
        delivery.pending.clear()
        delivery.happened(at, "bounced", made.reply, fault=made.fault)
        self._upshot.events.append((Kind.BOUNCED, made))
        self._upshot.notices.append(("failure", None))

    def _expire(self, at: int) -> None:
        delivery = self._delivery
        last = delivery.attempts[-1] if delivery.attempts else None
        text = "delivery time expired" + (f"; the last answer was: {last.reply}" if last else "")
        reason = Attempt(at, last.host if last else "", 0, "4.4.7", text, last.fault if last else 0)
        delivery.outcome, delivery.reason = Outcome.EXPIRED, reason
        delivery.pending.clear()
        delivery.happened(at, "expired", text, fault=reason.fault)
        self._upshot.events.append((Kind.BOUNCED, reason))
        self._upshot.notices.append(("failure", None))

    def _deliver(self, at: int, made: Attempt, effects: tuple[Effect, ...]) -> None:
        delivery, upshot = self._delivery, self._upshot
        delivery.outcome = Outcome.DELIVERED
        delivery.pending.clear()
        delivery.happened(at, "delivered", made.host, fault=made.fault)
        upshot.events.append((Kind.DELIVERED, made))
        # A host without DSN will not tell the sender of success: we do, as far as we know (RFC 3461 §5.2.2).
        hidden = [word.upper() for effect in effects if effect.ehlo for word in effect.ehlo.hide]
        if "SUCCESS" in delivery.notify:
            upshot.notices.append(("relayed" if "DSN" in hidden else "success", None))
        self._expect_afterwards(at, made, made.fault, effects)
        answer = self._asked(Step.DELIVERED, at, made.host)
        if answer is not None:
            self._expect_afterwards(at, made, answer.fault.id, (answer.effect,))
            said = _failure(answer.effect, delivery.recipient, made.host)
            if said is not None and not 200 <= said.code < 400:
                after = answer.effect.delay
                returned = Notice(after, said.code or 550, said.status, said.text)
                due = at + _microseconds(after)
                delivery.pending.append(Pending(due, "bounce", notice=returned, fault=answer.fault.id))

    def _expect_afterwards(self, at: int, made: Attempt, fault: int, effects: tuple[Effect, ...]) -> None:
        delivery = self._delivery
        for effect in effects:
            if effect.discard:
                delivery.outcome = Outcome.DISCARDED
                delivery.happened(at, "discarded", made.host, fault=fault)
            for name, what in _AFTERWARDS.items():
                notice: Notice | None = getattr(effect, name)
                if notice is not None:
                    due = at + _microseconds(notice.after)
                    delivery.pending.append(Pending(due, what, notice=notice, fault=fault))

    def _afterwards(self, pending: Pending) -> None:
        delivery, upshot, notice = self._delivery, self._upshot, pending.notice or Notice()
        host = delivery.route[0] if delivery.route else default_route(delivery.recipient)[0]
        at, fault = pending.at, pending.fault
        if pending.what == "bounce":
            status = notice.status or f"{notice.code // 100}.0.0"
            text = notice.text or "the message could not be delivered after all"
            reason = Attempt(at, host, notice.code, status, text, fault)
            delivery.outcome, delivery.reason = Outcome.BOUNCED, reason
            delivery.happened(at, "bounced", reason.reply, fault=fault)
            upshot.events.append((Kind.BOUNCED, reason))
            upshot.notices.append(("failure", notice))
        elif pending.what == "complaint":
            delivery.outcome = Outcome.COMPLAINED
            delivery.happened(at, "complained", notice.text, fault=fault)
            upshot.events.append((Kind.COMPLAINED, Attempt(at, host, 0, notice.status, notice.text, fault)))
            upshot.notices.append(("complaint", notice))
        elif pending.what == "auto-reply":
            upshot.notices.append(("auto-reply", notice))
        elif pending.what == "read":
            upshot.notices.append(("read", notice))
        elif pending.what == "opens":
            upshot.visits.append("opens")
        elif pending.what == "clicks":
            upshot.visits.append("clicks")

    def _asked(self, step: Step, at: int, host: str) -> Answer | None:
        answer = self._ask(step, at, self._delivery.tries, host)
        if answer is not None:
            self._upshot.spoke = True
        return answer


def _attempt(at: int, host: str, said: Said, fault: int) -> Attempt:
    return Attempt(at, host, said.code, said.status, said.text[:_LONGEST], fault)


def _failure(effect: Effect, recipient: str, host: str) -> Said | None:
    """What an effect makes of an attempt; None where the message gets through."""
    if effect is _NOTHING:
        return None
    if effect.reply is not None:
        said = effect.reply
        if said.code < 400:
            return None if said.code >= 300 else said
        return Said(said.code, said.status or f"{said.code // 100}.0.0", said.text)
    if effect.unreachable:
        return unreached(effect.unreachable, recipient, host)
    if effect.stall:
        return Said(0, "4.4.2", f"conversation with {host} timed out")
    if effect.disconnect or effect.reset:
        return Said(0, "4.4.2", f"lost connection with {host}")
    if effect.tls:
        return Said(0, "4.7.5", f"TLS with {host} failed: {effect.tls}")
    return None


def _microseconds(seconds: float) -> int:
    return int(seconds * 1_000_000) if seconds else 0
