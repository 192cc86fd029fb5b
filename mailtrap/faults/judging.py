"""What RFC 5321 thinks of what a client did after a failure: deeds in, verdict out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec import Struct, field

from mailtrap.faults.deed import Deed, Ending, Verdict
from mailtrap.faults.rule import Step
from mailtrap.mail.arrival import address_of

_SECOND = 1_000_000
#: "The sender MUST delay retrying" (RFC 5321 §4.5.4.1): who is back sooner than this has not waited at all,
AT_ONCE = _SECOND
#: and who is back sooner than this has hardly waited (half an hour would be right).
SOON = 30 * _SECOND
#: Who has not been back for so long will not come: "the give-up time generally needs to be at least 4-5 days".
GIVE_UP = 5 * 86_400 * _SECOND
PATIENT = 4 * 86_400 * _SECOND
#: Names and intervals that one finding mentions at most.
NAMED = 3
INTERVALS = 8
#: Findings of one verdict.
FINDINGS = 50

_WORST_FIRST = ("bad", "doubtful", "open", "good")
#: Outcomes of sessions that the client ended, see the transcript.
_BY_CLIENT = frozenset(("closed", "aborted"))


class _Case(Struct):
    """Recipients of one deed that met the same end; none where the deed did not come as far as to name any."""

    deed: Deed
    code: int
    recipients: frozenset[str]
    tries: list[Deed] = field(default_factory=list)

    @property
    def who(self) -> str:
        if self.recipients:
            return named(self.recipients)
        return "connection" if self.deed.before_mail else f"mail from <{self.deed.sender[:200]}>"

    @property
    def were_too_many(self) -> bool:
        """Whether the rest may follow at once, in another transaction (RFC 5321 §4.5.3.1.10)."""
        statuses = {one.status for one in self.deed.answered if one.code == 452}
        return self.code == 452 and bool(self.deed.accepted) and statuses <= {"", "4.5.3"}

    @property
    def said(self) -> str:
        return str(self.code) if self.code else f"connection lost at {self.deed.step}"


class _Judge:
    """Gathers findings about one session. `deeds` are its own and those that may have followed, in order."""

    def __init__(self, session: int, deeds: Sequence[Deed], ending: Ending | None, now: int) -> None:
        self._session = session
        self._deeds = deeds
        self._own = [deed for deed in deeds if deed.session == session]
        self._ending = ending
        self._now = now
        self._found: list[tuple[str, str]] = []

    def verdict(self) -> Verdict | None:
        failures = [deed for deed in self._own if deed.failed]
        if not failures:
            return None
        # One that tried the same again in the same session is told of once, from where it first failed.
        told: set[int] = set()
        for deed in failures:
            if id(deed) in told:
                continue
            if len(self._found) >= FINDINGS:
                break
            later = self._after(deed)
            if deed.outside:
                said = _end(deed) if deed.code else f"no reply to {deed.step.upper()}"
                self._find("good", f"{said}: nothing depended on it")
            elif deed.before_mail:
                self._session_failed(deed, later)
            else:
                told |= {id(other) for other in self._transaction_failed(deed, later)}
        self._manners()
        found = list(dict.fromkeys(self._found))[: FINDINGS + 2]
        worst = min([judgement for judgement, _ in found], key=_WORST_FIRST.index)
        return Verdict(worst, tuple([text for _, text in found]))

    def _find(self, judgement: str, text: str) -> None:
        self._found.append((judgement, text))

    def _after(self, deed: Deed) -> list[Deed]:
        index = next(i for i, other in enumerate(self._deeds) if other is deed)
        return list(self._deeds[index + 1 :])

    # A transaction.

    def _transaction_failed(self, deed: Deed, later: list[Deed]) -> list[Deed]:
        """Judge what followed on this transaction; returns what it took for another try of it."""
        followed = [other for other in later if _may_follow(deed, other)]
        cases = _cases(deed)
        for case in cases:
            case.tries = _tries(case, followed)
            if deed.message and not case.code:
                self._lost_reply(case)
            elif case.code >= 500:
                self._permanent(case)
            else:
                self._temporary(case)
        if not cases:
            self._find("good", _unharmed(deed))
        elif deed.accepted:
            self._partial(deed, followed)
        return [other for case in cases for other in case.tries]

    def _partial(self, deed: Deed, followed: list[Deed]) -> None:
        """Some recipients had been accepted: they must not get it twice."""
        again = [other for other in followed if deed.is_same(other) and other.accepted]
        twice = [other for other in again if other.accepted & deed.accepted]
        for other in twice[:NAMED]:
            self._find(
                "bad",
                f"message {other.message} is a duplicate of message {deed.message} for "
                f"{named(other.accepted & deed.accepted)}: all recipients were tried again, not only those that failed",
            )
        if again and not twice:
            self._find("good", "only the recipients that failed were tried again")

    def _lost_reply(self, case: _Case) -> None:
        """Kept, but the client was not told: it must try again, and what comes then is a duplicate (RFC 1047)."""
        deed = case.deed
        again = [other for other in case.tries if other.message and deed.is_same(other)]
        for other in again[:NAMED]:
            self._find(
                "doubtful",
                f"message {other.message} is a duplicate of message {deed.message} ({_likeness(deed)}): "
                f"sent again {span(other.at - deed.at)} after its 250 was lost",
            )
        if case.tries and not again:
            last = case.tries[-1]
            self._find(
                "open", f"{case.who}: the 250 was lost, tried again after {span(last.at - deed.at)}: {_end(last)}"
            )
        elif not case.tries:
            self._untried(case, f"the 250 of message {deed.message} was lost")

    def _permanent(self, case: _Case) -> None:
        """5yz: the same again will fail again (RFC 5321 §4.2.1)."""
        deed = case.deed
        sure = [other for other in case.tries if deed.is_same(other)]
        if sure:
            self._find(
                "bad",
                f"{case.who}: sent again after {intervals(deed, sure)} although {case.code} is for good "
                "(RFC 5321 §4.2.1)",
            )
        elif case.tries:
            self._find(
                "doubtful",
                f"{case.who}: tried again after {intervals(deed, case.tries)} although {case.code} is for good, "
                "unless it was another message, which cannot be told",
            )
        else:
            self._find("good", f"{case.who}: {case.code}, not tried again")

    def _temporary(self, case: _Case) -> None:
        """4yz, or the connection was lost: try again, but not at once, and not for ever."""
        if not case.tries:
            self._untried(case, case.said)
            return
        kept = [other for other in case.tries if other.message and 200 <= _code_for(other, case.recipients) < 400]
        last = kept[0] if kept else case.tries[-1]
        place = next(place for place, other in enumerate(case.tries) if other is last) + 1
        self._pace(case, case.tries[:place])
        for other in kept[1 : NAMED + 1]:
            self._find(
                "bad",
                f"message {other.message} is a duplicate of message {kept[0].message} ({_likeness(other)}): "
                f"sent again {span(other.at - kept[0].at)} after it was accepted",
            )
        code = _code_for(last, case.recipients)
        elapsed = last.at - case.deed.at
        if 200 <= code < 400:
            self._find("good", f"{case.who}: accepted {span(elapsed)} after {case.said}, at try {place + 1}")
        elif code >= 500:
            self._find("good", f"{case.who}: refused for good with {code} {span(elapsed)} after {case.said}")
        elif self._now - last.at < GIVE_UP:
            end = str(code) if code else _end(last)
            self._find("open", f"{case.who}: {end} at the last try, {span(self._now - last.at)} ago")
        else:
            self._find(
                "good" if elapsed >= PATIENT else "doubtful",
                f"{case.who}: gave up {span(elapsed)} after {case.said}, at try {place + 1}"
                + ("" if elapsed >= PATIENT else "; four to five days would be right (RFC 5321 §4.5.4.1)"),
            )

    def _pace(self, case: _Case, tries: Sequence[Deed]) -> None:
        times = [case.deed.at, *[other.at for other in tries]]
        waits = [after - before for before, after in pairwise(times)]
        first = waits[0]
        text = f"{case.who}: tried again after {intervals(case.deed, tries)}"
        if case.were_too_many:
            self._find("good", text)
        elif first < AT_ONCE:
            self._find("bad" if case.code else "doubtful", f"{text}: at once, without waiting (RFC 5321 §4.5.4.1)")
        elif first < SOON:
            self._find("doubtful", f"{text}: soon; half an hour would be right (RFC 5321 §4.5.4.1)")
        else:
            self._find("good", text)
        if any([after * 2 < before for before, after in pairwise(waits)]):
            self._find("doubtful", f"{case.who}: waited less from try to try instead of more")

    def _untried(self, case: _Case, said: str) -> None:
        if case.deed.before_mail:
            said = said.removeprefix("connection ")
        elapsed = self._now - case.deed.at
        if elapsed < GIVE_UP:
            self._find("open", f"{case.who}: {said}, not tried again yet, {span(elapsed)} later")
        else:
            self._find("bad", f"{case.who}: {said}, gave up without another try")

    # Before MAIL.

    def _session_failed(self, deed: Deed, later: list[Deed]) -> None:
        here = [other for other in later if other.session == deed.session]
        peer = address_of(deed.peer)
        elsewhere = [other for other in later if other.session != deed.session and address_of(other.peer) == peer]
        following = here[0] if here else (elsewhere[0] if elsewhere else None)
        case = _Case(deed, deed.code, frozenset(), _first_of_each_session(elsewhere))
        if deed.step == Step.STARTTLS and not (deed.tls and 200 <= deed.code < 300):
            self._tls_failed(deed, following)
        elif deed.step == Step.EHLO and (deed.code >= 500 or not deed.code):
            self._ehlo_failed(case, following)
        elif deed.step == Step.AUTH and deed.code >= 500:
            self._login_failed(deed, following)
        elif deed.code >= 500:
            if case.tries:
                self._find("doubtful", f"connected again after {intervals(deed, case.tries)} although {deed.code}")
            else:
                self._find("good", f"{deed.code} at {deed.step}, did not come back")
        elif deed.code >= 400 or not deed.code:
            if deed.step == Step.AUTH and here:
                case.tries = here
            self._temporary(case)
        elif here:
            self._find("good", f"went on after {deed.step}")
        else:
            self._find("good", f"left after {deed.code} at {deed.step}, without sending mail")

    def _ehlo_failed(self, case: _Case, following: Deed | None) -> None:
        deed = case.deed
        if following is None and not deed.code:
            self._untried(case, case.said)
        elif following is None:
            if self._ending is None:
                self._find("open", f"EHLO got {deed.code}, nothing followed yet")
            else:
                self._find("doubtful", f"EHLO got {deed.code}, then gave up; HELO might have done (RFC 5321 §3.2)")
        elif following.greeting == "HELO":
            self._find("good", f"fell back to HELO {span(following.at - deed.at)} after EHLO failed ({case.said})")
        else:
            self._find(
                "good" if not deed.code else "doubtful",
                f"said EHLO again {span(following.at - deed.at)} after it failed ({case.said})",
            )

    def _tls_failed(self, deed: Deed, following: Deed | None) -> None:
        if 200 <= deed.code < 300:
            self._find("doubtful", "went on over TLS although it was wrong on purpose")
        elif following is None or following.step == Step.CONNECT:
            self._find("good", "broke off rather than go on without TLS")
        elif following.tls:
            self._find("good", f"tried again with TLS after {span(following.at - deed.at)}")
        elif following.step == Step.STARTTLS:
            self._find("good", f"tried TLS again after {span(following.at - deed.at)}")
        else:
            self._find(
                "doubtful",
                f"fell back to plain {span(following.at - deed.at)} after TLS failed: whoever can break TLS "
                "can read the mail (RFC 3207 §6)",
            )

    def _login_failed(self, deed: Deed, following: Deed | None) -> None:
        if following is None:
            self._find("good", f"login got {deed.code}, not tried again")
        elif following.step == Step.AUTH and not following.login:
            self._find("doubtful", f"tried to log in again {span(following.at - deed.at)} after {deed.code}")
        elif following.login:
            self._find("good", f"logged in {span(following.at - deed.at)} after {deed.code}")
        else:
            self._find("doubtful", f"went on without a login {span(following.at - deed.at)} after {deed.code}")

    # The whole session.

    def _manners(self) -> None:
        for deed, following in zip(self._own, [*self._own[1:], None], strict=True):
            if deed.code != 421 and not any([one.code == 421 for one in deed.answered]):
                continue
            if following is None:
                self._find("good", "421 respected: nothing more was sent in that session")
            else:
                self._find("bad", f"went on in the same session {span(following.at - deed.at)} after 421")
            break
        heard, ending = _last_heard(self._own[-1]), self._ending
        if ending is not None and ending.outcome in _BY_CLIENT and not ending.quit_sent and heard not in (0, 421):
            self._find("doubtful", f"closed without QUIT after {heard} (RFC 5321 §4.1.1.10)")


def judge(session: int, deeds: Sequence[Deed], ending: Ending | None, now: int) -> Verdict | None:
    """What to think of the client of this session; None where it met no failure.

    `deeds` are those of the session and any that may have followed, in the order in which they came. `now` is virtual
    time. The verdict may change as long as the client may do something: bad news never gets better.
    """
    return _Judge(session, deeds, ending, now).verdict()


def _cases(deed: Deed) -> list[_Case]:
    """Which recipients failed, and how: those that RCPT refused, and the others if the transaction failed."""
    ends: dict[int, set[str]] = {}
    for one in deed.answered:
        code = one.code
        if code < 400:
            if 200 <= deed.code < 400:
                continue
            code = deed.code
        ends.setdefault(code, set()).add(one.recipient.lower())
    if not deed.answered and not 200 <= deed.code < 400:
        ends[deed.code] = set()
    return [_Case(deed, code, frozenset(recipients)) for code, recipients in ends.items()]


def _may_follow(deed: Deed, other: Deed) -> bool:
    if other.before_mail or other.outside or other.sender.lower() != deed.sender.lower():
        return False
    same = deed.is_same(other)
    if same is not None:
        return same
    return not deed.answered or not other.answered or bool(deed.recipients & other.recipients)


def _tries(case: _Case, followed: Iterable[Deed]) -> list[Deed]:
    """What tried these recipients again. Where content cannot tell, whatever follows a success is another message."""
    tries = []
    done = False
    for other in followed:
        if case.recipients and other.answered and not case.recipients & other.recipients:
            continue
        sure = case.deed.is_same(other)
        if done and not sure:
            continue
        tries.append(other)
        done = done or 200 <= _code_for(other, case.recipients) < 400
    return tries


def _code_for(deed: Deed, recipients: frozenset[str]) -> int:
    """How a try ended for these recipients: the worst of it, and 0 where the connection was lost."""
    codes = [one.code for one in deed.answered if one.recipient.lower() in recipients]
    if (deed.code >= 400 or not deed.code) and not (codes and min(codes) >= 400):
        return deed.code
    return max(codes, default=deed.code)


def _last_heard(deed: Deed) -> int:
    """The last reply of a transaction: that to RCPT, where the client left when all recipients had been refused."""
    refusals = [one.code for one in deed.answered]
    if not deed.code and refusals and min(refusals) >= 400 and deed.step in (Step.MAIL, Step.RCPT):
        return refusals[-1]
    return deed.code


def _end(deed: Deed) -> str:
    if not deed.code:
        return f"connection lost at {deed.step}"
    return f"{deed.code} at {deed.step}" if deed.outside else str(deed.code)


def _unharmed(deed: Deed) -> str:
    """What became of a transaction in which a rule spoke and nobody was refused."""
    if deed.message:
        return f"message {deed.message} was accepted all the same"
    if deed.step == Step.END_OF_DATA:
        return f"was told {deed.code} at {deed.step}, though nothing was kept"
    return f"broke the transaction off at {deed.step}"


def _likeness(deed: Deed) -> str:
    return f"same Message-ID {deed.message_id[:200]}" if deed.message_id else "same content"


def _first_of_each_session(deeds: Iterable[Deed]) -> list[Deed]:
    """What began each later session of the peer, up to the first in which all went well."""
    tries: dict[int, Deed] = {}
    for deed in deeds:
        if tries.setdefault(deed.session, deed) is deed and not deed.failed:
            break
    return list(tries.values())


def named(recipients: Iterable[str]) -> str:
    """`ana@x.test, ben@x.test and 5 more`."""
    names = sorted(recipients)
    shown = ", ".join([name[:200] for name in names[:NAMED]])
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown


def intervals(deed: Deed, tries: Sequence[Deed]) -> str:
    """`5.0 s, then 10.0 s`: how long the client waited before each try."""
    times = [deed.at, *[other.at for other in tries[:INTERVALS]]]
    waits = [span(after - before) for before, after in pairwise(times)]
    more = f" and {len(tries) - INTERVALS} more tries" if len(tries) > INTERVALS else ""
    return ", then ".join(waits) + more


def span(microseconds: int) -> str:
    """`0.02 s`, `12.0 s`, `5.0 min`, `3.5 h`, `4.0 days`."""
    seconds = max(0, microseconds) / _SECOND
    if seconds < 1:
        return f"{seconds:.2g} s" if seconds >= 0.001 else "0 s"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.1f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.1f} days"
