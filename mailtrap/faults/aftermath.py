"""What clients did after they met a failure: remembers it, and finds what followed on what."""

from __future__ import annotations

import itertools
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from mailtrap.faults.deed import Answered, Deed, Ending, Key, Noted, Verdict
from mailtrap.faults.judging import judge
from mailtrap.mail.arrival import address_of

__all__ = ["Answered", "Deed", "History", "Keeper", "Verdict"]

#: Deeds and recipients of deeds that are remembered; the oldest go first.
REMEMBERED = 20_000
#: Recipients of one deed that are remembered.
RECIPIENTS = 1_000
#: How many transactions without any failure are noted because they may follow on one.
FOLLOWED = 20
#: Deeds of one session that are judged, and those looked at for one verdict.
JUDGED = 50
LOOKED_AT = 1_000


class Keeper(Protocol):
    """Where deeds outlive the process. Called from any thread; must not wait."""

    def new_id(self) -> int:
        """An id never given out before; later ones are higher."""

    def keep(self, id: int, noted: Noted) -> None:
        """Keep this, in place of what had the id before."""

    def forget(self, ids: Sequence[int]) -> None:
        """These need not be kept any longer."""


class History:
    """Deeds of clients that met a failure and what they did next. Thread-safe, bounded in memory."""

    def __init__(self, keeper: Keeper | None = None, remembered: Iterable[tuple[int, Noted]] = ()) -> None:
        self._keeper = keeper
        self._room = REMEMBERED
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._noted: dict[int, Noted] = {}
        self._weight = 0
        self._index: dict[Key, list[int]] = {}
        #: What would follow on a failure → how many more such deeds are noted although nothing was wrong with them.
        self._awaited: dict[Key, int] = {}
        self._senders: Counter[str] = Counter()
        for id_, noted in remembered:
            self._add(id_, noted)

    def watches(self, sender: str, peer: str = "") -> bool:
        """Whether a transaction of this sender may be what somebody does after a failure; costs a look-up.

        With `peer` also what failed before anybody had said who sends (EHLO, STARTTLS, login …) is thought of.
        """
        if not self._noted:
            return False
        return sender.lower() in self._senders or ("peer", address_of(peer)) in self._awaited

    def note(self, deed: Deed) -> None:
        """A transaction that met a failure, or one of a sender that is watched, is over."""
        if len(deed.answered) > RECIPIENTS:
            deed = _shortened(deed)
        with self._lock:
            if not deed.failed and not self._follows(deed):
                return
            id_ = self._keeper.new_id() if self._keeper else next(self._ids)
            noted = Noted(deed)
            self._add(id_, noted)
            if self._keeper:
                self._keeper.keep(id_, noted)

    def ended(self, session: int, outcome: str, quit_sent: bool) -> None:
        """A session in which a deed was noted is over; harmless for any other."""
        with self._lock:
            ids = self._index.get(("session", session))
            if not ids:
                return
            noted = Noted(self._noted[ids[-1]].deed, Ending(outcome, quit_sent))
            self._noted[ids[-1]] = noted
            if self._keeper:
                self._keeper.keep(ids[-1], noted)

    def verdict(self, session: int, now: int) -> Verdict | None:
        """What to think of the client of this session; None where it met no failure."""
        with self._lock:
            noted = [self._noted[id_] for id_ in self._story(session)]
        own = [one for one in noted if one.deed.session == session]
        ending = own[-1].ending if own else None
        return judge(session, [one.deed for one in noted], ending, now)

    def deeds(self, session: int) -> Sequence[Deed]:
        """What was noted of this session, and of those that may have followed on it, oldest first."""
        with self._lock:
            return [self._noted[id_].deed for id_ in self._story(session)]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            if self._keeper:
                self._keeper.forget(list(self._noted))
            self._noted.clear()
            self._index.clear()
            self._awaited.clear()
            self._senders.clear()
            self._weight = 0

    def _follows(self, deed: Deed) -> bool:
        """Whether a deed without a failure is worth noting; counts."""
        awaited = [key for key in _places(deed) if self._awaited.get(key)]
        for key in awaited:
            self._awaited[key] -= 1
        return bool(awaited)

    def _add(self, id_: int, noted: Noted) -> None:
        deed = noted.deed
        self._noted[id_] = noted
        self._weight += 1 + len(deed.answered)
        for key in _places(deed):
            self._index.setdefault(key, []).append(id_)
        if deed.failed:
            for key in deed.traces():
                self._awaited[key] = FOLLOWED
            if not (deed.before_mail or deed.outside):
                self._senders[deed.sender.lower()] += 1
        gone = []
        while self._weight > self._room and len(self._noted) > 1:
            gone.append(self._drop_oldest())
        if gone and self._keeper:
            self._keeper.forget(gone)

    def _drop_oldest(self) -> int:
        id_ = next(iter(self._noted))
        deed = self._noted.pop(id_).deed
        self._weight -= 1 + len(deed.answered)
        for key in _places(deed):
            ids = self._index[key]
            del ids[0]
            if not ids:
                del self._index[key]
                self._awaited.pop(key, None)
        if deed.failed and not (deed.before_mail or deed.outside):
            sender = deed.sender.lower()
            self._senders[sender] -= 1
            if not self._senders[sender]:
                del self._senders[sender]
        return id_

    def _story(self, session: int) -> list[int]:
        """The deeds of this session and those that may have followed on its failures, in order."""
        own = self._index.get(("session", session))
        if not own:
            return []
        found = {*own[:LOOKED_AT], own[-1]}
        failed = (id_ for id_ in own if self._noted[id_].deed.failed)
        for id_ in itertools.islice(failed, JUDGED):
            deed = self._noted[id_].deed
            if deed.outside:
                continue
            keys = deed.traces()[:LOOKED_AT]
            if not deed.before_mail:
                keys.append(("unnamed", deed.sender.lower()))
            for key in keys:
                later = self._index.get(key, [])
                after = bisect_right(later, id_)
                found.update(later[after : after + LOOKED_AT])
        return sorted(found)


def _places(deed: Deed) -> set[Key]:
    """Everything it is found by."""
    places: set[Key] = {("session", deed.session), ("peer", address_of(deed.peer)), *deed.traces()}
    if not (deed.before_mail or deed.outside):
        places.add(("from", deed.sender.lower()))
        if not deed.answered:
            # It may be another try for any recipient.
            places.add(("unnamed", deed.sender.lower()))
    return places


def _shortened(deed: Deed) -> Deed:
    # Those that were refused matter more than those that were not.
    answered = sorted(deed.answered, key=lambda one: one.code < 400)[:RECIPIENTS]
    return Deed(
        **{name: getattr(deed, name) for name in Deed.__struct_fields__ if name != "answered"}, answered=tuple(answered)
    )
