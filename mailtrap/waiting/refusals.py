"""What was refused of late, and everyone who waits for a refusal: each is woken, and looks for itself."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from time import monotonic

from msgspec import Struct

from mailtrap.mail.words import fold
from mailtrap.waiting.bell import Bell
from mailtrap.waiting.places import Places
from mailtrap.waiting.refusal import MOST, Refusal, RefusalWish
from mailtrap.waiting.wish import Outcome

#: Refusals that are remembered, and recipients of all of them together; the oldest go first.
REMEMBERED, RECIPIENTS = 5000, 20_000


class Found(Struct, frozen=True):
    """What came of a wish. `refusals` are those that match, oldest first, of `counted` there are.

    `newest` is the id of the newest refusal that was looked at: hand it on as `after`. `seconds` is real time.
    """

    outcome: Outcome
    refusals: list[Refusal]
    counted: int
    newest: int
    seconds: float


class Refusals:
    """Remembers refusals in the order in which they happen. Thread-safe, bounded in memory.

    Their ids grow from `first` on. Whoever refuses pays for a look whether anybody waits; who waits does the matching,
    on a thread of its own.
    """

    def __init__(self, places: Places | None = None, first: int = 1) -> None:
        self.places = places or Places()
        self._ids = itertools.count(first)
        self._lock = threading.Lock()
        self._known: deque[Refusal] = deque()
        self._weight = 0
        self._newest = first - 1
        #: Those who wait, by the inbox that they wait for; those under "" wait for any.
        self._bells: dict[str, set[Bell]] = {}
        self._is_stopped = False

    def note(self, refusal: Refusal) -> None:
        """This was refused just now; gives it its id. Called on a session's thread."""
        with self._lock:
            self._newest = refusal.id = next(self._ids)
            self._known.append(refusal)
            self._weight += len(refusal.recipients)
            while len(self._known) > REMEMBERED or (self._weight > RECIPIENTS and len(self._known) > 1):
                self._weight -= len(self._known.popleft().recipients)
            if self._bells:
                self._wake(refusal)

    def forget(self, inbox: str) -> None:
        """That inbox is gone, and with it what was refused for nobody else."""
        name = fold(inbox)
        with self._lock:
            self._known = deque([one for one in self._known if {fold(other) for other in one.inboxes} != {name}])
            self._weight = sum([len(one.recipients) for one in self._known])

    def since(self, after: int) -> tuple[list[Refusal], int]:
        """Those that are newer and still remembered, oldest first, and the id of the newest there has been."""
        with self._lock:
            found = list(itertools.takewhile(lambda one: one.id > after, reversed(self._known)))
            return found[::-1], self._newest

    def wait(self, wish: RefusalWish, timeout: float, gone: int | None = None) -> Found:
        """Until the wish is met, at most `timeout` seconds; `gone` is the connection of whoever wants to know.

        Raises Unavailable where too many wait.
        """
        began = monotonic()
        until = began + timeout
        self.places.take()
        bell = Bell()
        try:
            self._join(wish.inbox, bell)
            try:
                matching, counted, seen, outcome = self._watch(wish, bell, until, gone)
            finally:
                self._leave(wish.inbox, bell)
        finally:
            bell.close()
            self.places.give_back()
        return Found(outcome, matching[: max(wish.count, MOST)], counted, seen, monotonic() - began)

    def stop(self) -> None:
        """Let everyone go."""
        with self._lock:
            self._is_stopped = True
            for bells in self._bells.values():
                for bell in bells:
                    bell.ring()

    def _watch(
        self, wish: RefusalWish, bell: Bell, until: float, gone: int | None
    ) -> tuple[list[Refusal], int, int, Outcome]:
        matching: list[Refusal] = []
        seen = wish.after
        enough = 1 if wish.none else wish.count
        while True:
            # In this order nothing is missed: what comes after the look rings again.
            bell.hush()
            fresh, seen = self.since(seen)
            matching += [refusal for refusal in fresh if wish.matches(refusal)]
            if len(matching) >= enough:
                return matching, len(matching), seen, Outcome.UNWANTED if wish.none else Outcome.MET
            if self._is_stopped:
                return matching, len(matching), seen, Outcome.STOPPED
            if monotonic() >= until:
                return matching, len(matching), seen, Outcome.MET if wish.none else Outcome.TIMEOUT
            if not bell.wait(until, gone) and monotonic() < until:
                return matching, len(matching), seen, Outcome.GONE

    def _wake(self, refusal: Refusal) -> None:
        for name in {"", *map(fold, refusal.inboxes)}:
            for bell in self._bells.get(name, ()):
                bell.ring()

    def _join(self, inbox: str, bell: Bell) -> None:
        with self._lock:
            self._bells.setdefault(fold(inbox), set()).add(bell)

    def _leave(self, inbox: str, bell: Bell) -> None:
        name = fold(inbox)
        with self._lock:
            self._bells[name].remove(bell)
            if not self._bells[name]:
                del self._bells[name]
