"""Tells applications what happened: a durable queue with retries, in order for each message, and dead letters."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import msgspec

from mailtrap.clock import Clock
from mailtrap.delivery.hooks import ses, ways
from mailtrap.delivery.hooks.carrier import Carried, Carrier
from mailtrap.delivery.hooks.lanes import Kept, Lanes, Patience, Waiting
from mailtrap.delivery.hooks.register import Register
from mailtrap.delivery.hooks.shelf import BATCH, DEAD, WAITING, Shelf
from mailtrap.delivery.hooks.target import Event, Target
from mailtrap.delivery.letters import kind_of, letter_of, told_of_arrival
from mailtrap.delivery.relay import Relay
from mailtrap.delivery.told import Told
from mailtrap.errors import Invalid, MailtrapError, NotFound
from mailtrap.events import Kind
from mailtrap.mail.message import Submission
from mailtrap.net.outbound import Outbound
from mailtrap.store.base import Store

#: Makes events of what happened: they are worded by the thread that writes them down.
News = Callable[[], list[Told]]

log = logging.getLogger(__name__)

#: Events of one target held in memory; the ledger has the others.
WINDOW = 2000
#: Beyond so many not yet written, or waiting for one target, an event is lost; `lost` counts them.
MOST_TOLD, MOST_WAITING = 50_000, 100_000
MOST_DEAD = 10_000
SENDERS = 8
#: Seconds that requests under way may still take once we are told to stop.
GRACE = 2.0


class Webhooks:
    """`tell` costs its caller next to nothing; a thread writes events down, others carry them to their targets.

    An event is kept in the ledger from some milliseconds after it was told until its target has taken it, or, after
    `patience.tries` failures, as a dead letter until somebody replays it. `site` is where our own web is reached;
    nothing is sent while that is None.
    """

    def __init__(self, store: Store, outbound: Outbound, clock: Clock, patience: Patience | None = None) -> None:
        self.site: str | None = ""
        self.lost = 0
        self.register = Register(store)
        self._shelf = Shelf(store)
        self._outbound = outbound
        self._clock = clock
        self._patience = patience or Patience()
        self._carrier = Carrier(outbound, Relay(store, outbound))
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._ready = threading.Condition(self._lock)
        self._targets: dict[int, Target] = {}
        self._lanes: dict[int, Lanes] = {}
        self._kinds: frozenset[str] = frozenset()
        self._told: deque[News] = deque()
        self._gone: list[int] = []
        self._changed: dict[int, tuple[Waiting, str]] = {}
        #: Tries since the start, by how they ended: `delivered`, `failed` (and to be tried again), `dead`.
        self.tried: Counter[str] = Counter()
        self._counts: Counter[int] = Counter()
        self._dead = 0
        self._delivered: deque[Waiting] = deque(maxlen=200)
        self._threads: list[threading.Thread] = []
        self._running = self._stopping = self._closing = False

    # What the rest of the sandbox calls.

    def wants(self, kind: str) -> bool:
        """Whether any target would be told of such events."""
        return kind in self._kinds

    def tell(self, told: Told) -> None:
        """Have everyone told who wants to be. Any thread; never blocks."""
        if told.kind in self._kinds:
            self._say(lambda: [told])

    def concerns(self, submission: Submission, at_once: bool) -> bool:
        """Whether anybody is told that this message was kept or, where it was so `at_once`, delivered."""
        return kind_of(submission.arrival) in self._kinds or (at_once and Kind.DELIVERED.value in self._kinds)

    def arrived(self, id: int, submission: Submission, at_once: bool) -> None:
        """A message was kept and maybe delivered `at_once`; see `concerns`. Never blocks."""
        at_once = at_once and self.wants(Kind.DELIVERED.value)  # else each recipient's is worded for nobody
        self._say(partial(told_of_arrival, letter_of(id, submission), at_once))

    def start(self, wished: Iterable[Target] = ()) -> None:
        """Go on where the last process stopped. `wished` are the targets of the settings, with 0 for an id."""
        fresh = self.register.settle(wished)
        targets = self.register.all()
        counts = self._shelf.count()
        for orphaned in {*counts[WAITING], *counts[DEAD]} - {target.id for target in targets}:
            self._shelf.forget(orphaned)
            del counts[DEAD][orphaned]
        with self._lock:
            self._running = True
            self._counts = counts[WAITING]
            self._dead = counts[DEAD].total()
        for target in targets:
            self._enlist(target)
        for target in fresh:
            self._greet(target)

    def announce(self, site: str) -> None:
        """Our web is reached here from now on: what is sent may point to it."""
        with self._lock:
            self.site = site
            self._ready.notify_all()

    def stop(self) -> None:
        """Let requests under way finish for a moment, write down what was told, then end."""
        with self._lock:
            self._kinds = frozenset()
            self._stopping = True
            self._work.notify_all()
            self._ready.notify_all()
        until = time.monotonic() + GRACE
        for thread in self._threads[1:]:
            thread.join(max(0.0, until - time.monotonic()))
        self._outbound.close()
        for thread in self._threads[1:]:  # what is stuck nevertheless is told again by the next process
            thread.join(max(0.0, until + GRACE - time.monotonic()))
        with self._lock:
            self._closing = True
            self._work.notify_all()
        for thread in self._threads[:1]:
            thread.join(10.0)

    # Targets.

    def add(self, target: Target) -> None:
        """Tell this one as well, from now on and after every restart."""
        self.register.put(target)
        if self._running:
            self._enlist(target)
            self._greet(target)

    def remove(self, id: int) -> None:
        """Tell it nothing any more, also of what still waited for it. Raises NotFound."""
        self.register.remove(id)
        with self._lock:
            self._targets.pop(id, None)
            self._lanes.pop(id, None)
            self._kinds = self._wanted()
        self._shelf.forget(id)

    def _enlist(self, target: Target) -> None:
        with self._lock:
            self._targets[target.id] = target
            self._lanes.setdefault(target.id, Lanes(self._patience, more=self._counts[target.id] > 0))
            self._kinds = self._wanted()
            if not self._threads:
                self._threads = [threading.Thread(target=self._keep, name="webhooks", daemon=True)]
                self._threads += [
                    threading.Thread(target=self._send, name=f"webhooks-{number}", daemon=True)
                    for number in range(SENDERS)
                ]
                for thread in self._threads:
                    thread.start()
            self._work.notify_all()

    def _wanted(self) -> frozenset[str]:
        told_of = [target.kinds or ways.told_of(target.shape) for target in self._targets.values()]
        return frozenset[str]().union(*told_of)

    # The queue, as people look at it.

    def events(
        self, *, states: Sequence[str] = (), target: int | None = None, before: int | None = None, limit: int = 50
    ) -> list[tuple[int, str, Kept]]:
        """The newest first: id, state, event. `delivered` ones are those this process remembers."""
        if "delivered" in states:
            with self._lock:
                delivered = [(one.id, "delivered", one.kept) for one in reversed(self._delivered)]
            return [
                one
                for one in sorted(delivered, key=lambda one: -one[0])
                if (target is None or one[2].target == target) and (before is None or one[0] < before)
            ][:limit]
        return self._shelf.page(list(states) or [WAITING, DEAD], target, before, limit)

    def backlog(self) -> tuple[int, int]:
        """How many events wait, and how many are dead letters."""
        with self._lock:
            return sum(self._counts.values()), self._dead

    def replay(self, id: int) -> Kept:
        """Send a dead letter, or what was delivered, once more. Raises NotFound, and Invalid for one that waits."""
        found = self._shelf.get(id)
        if found and found[0] == WAITING:
            raise Invalid(f"Event {id} still waits", "it will be tried again by itself")
        kept = found[1] if found else self._remembered(id)
        if self._running and kept.target not in self._targets:
            raise NotFound(f"Nobody is told of event {id} any more", "its webhook was removed")
        again = Waiting(id, msgspec.structs.replace(kept, tries=0, error="", status=0, tried_at=0))
        self._queue(again)
        with self._lock:
            self._dead -= bool(found)
        return again.kept

    def _greet(self, target: Target) -> None:
        """What some providers send before any event."""
        if target.shape == "ses":
            told = Told(ses.SUBSCRIPTION, self._clock.now())
            self._queue(Waiting(self._shelf.new_id(), Kept(target.id, told)))

    def _queue(self, waiting: Waiting) -> None:
        self._shelf.put([(waiting, WAITING)])
        with self._lock:
            self._counts[waiting.kept.target] += 1
            lanes = self._lanes.get(waiting.kept.target)
            if lanes is not None and waiting.id not in lanes.ids:
                if len(lanes.ids) < WINDOW:
                    lanes.add(waiting)
                else:
                    lanes.more = True
            self._ready.notify_all()

    def replay_all(self, target: int) -> int:
        """Replay the dead letters of one target, oldest first; how many."""
        count = 0
        while count < MOST_DEAD and (found := self._shelf.oldest(DEAD, target, BATCH)):
            for waiting in found:
                self.replay(waiting.id)
            count += len(found)
        return count

    def _remembered(self, id: int) -> Kept:
        with self._lock:
            for one in self._delivered:
                if one.id == id:
                    return one.kept
        raise NotFound(f"There is no event {id}", "delivered ones are forgotten after a while")

    # Writing down: one thread.

    def _say(self, news: News) -> None:
        with self._lock:
            if len(self._told) < MOST_TOLD:
                self._told.append(news)
                self._work.notify()
            else:
                self._lose(1)

    def _lose(self, count: int) -> None:
        if count > 0:
            if not self.lost:
                log.error("webhooks: events are lost: there are too many to keep")
            self.lost += count

    def _keep(self) -> None:
        while True:
            with self._lock:
                while not (self._told or self._gone or self._changed or self._closing or self._hungry()):
                    self._work.wait()
                said = [self._told.popleft() for _ in range(min(BATCH, len(self._told)))]
                gone, self._gone = self._gone, []
                changed, self._changed = self._changed, {}
                if self._closing and not (said or gone or changed):
                    return
            try:
                self._write([told for news in said for told in news()], gone, changed)
            except (MailtrapError, TimeoutError) as error:
                log.error("webhooks: the queue cannot be written: %s", error)
                with self._lock:
                    if self._closing:
                        return
                    self._told.extendleft(reversed(said))
                    self._gone += gone
                    self._changed = changed | self._changed
                    # Not at once again: a full disk does not get better by that.
                    self._work.wait(1.0)
            else:
                self._load()

    def _write(self, told: list[Told], gone: list[int], changed: dict[int, tuple[Waiting, str]]) -> None:
        fresh = [waiting for one in told for waiting in self._addressed(one)]
        with self._lock:
            known = set(self._lanes)
        events = [(one, state) for one, state in changed.values() if one.kept.target in known]
        try:
            # In this order: what has gone may have been changed before.
            self._shelf.put(events + [(waiting, WAITING) for waiting in fresh])
            self._shelf.remove(gone)
        except BaseException:
            with self._lock:
                self._counts.subtract(waiting.kept.target for waiting in fresh)
            raise
        self._bury(sum([state == DEAD for _, state in changed.values()]))
        with self._lock:
            for waiting in fresh:
                lanes = self._lanes.get(waiting.kept.target)
                if lanes is None:  # it was removed meanwhile
                    self._gone.append(waiting.id)
                elif lanes.more or len(lanes.ids) >= WINDOW:
                    lanes.more = True
                else:
                    lanes.add(waiting)
            if fresh:
                self._ready.notify_all()

    def _addressed(self, told: Told) -> list[Waiting]:
        """One event for each target that wants it."""
        with self._lock:
            targets = [target for target in self._targets.values() if ways.wants(target, told.kind, told.inbox)]
        made = []
        for target in targets:
            way = ways.WAYS.get(target.shape)
            apart = told.recipients if way and way.single and told.recipients else None
            each = [msgspec.structs.replace(told, recipient=one, recipients=()) for one in apart] if apart else [told]
            with self._lock:
                room = max(0, MOST_WAITING - self._counts[target.id])
                self._lose(len(each) - room)
                self._counts[target.id] += min(room, len(each))
            made += [Waiting(self._shelf.new_id(), Kept(target.id, one)) for one in each[:room]]
        return made

    def _bury(self, died: int) -> None:
        with self._lock:
            self._dead += died
            surplus = self._dead - MOST_DEAD
        if surplus <= 0:
            return
        removed = self._shelf.remove([one.id for one in self._shelf.oldest(DEAD, None, surplus)])
        with self._lock:
            self._dead -= removed

    def _hungry(self) -> list[int]:
        return [id for id, lanes in self._lanes.items() if lanes.more and len(lanes.ids) < WINDOW // 2]

    def _load(self) -> None:
        with self._lock:
            hungry = self._hungry()
            for id in hungry:
                self._lanes[id].more = False
        for id in hungry:
            try:
                kept = self._shelf.oldest(WAITING, id, WINDOW)
            except MailtrapError as error:
                log.error("webhooks: the queue cannot be read: %s", error)
                kept = None
            with self._lock:
                if lanes := self._lanes.get(id):
                    settled = {*self._gone, *self._changed, *lanes.ids}
                    for waiting in kept or ():
                        if waiting.id not in settled:
                            lanes.add(waiting)
                    lanes.more = lanes.more or kept is None or len(kept) == WINDOW
                    self._ready.notify_all()
                if kept is None:
                    self._work.wait(1.0)

    # Sending: some threads.

    def _send(self) -> None:
        while True:
            with self._lock:
                while (taken := self._next()) is None:
                    if self._stopping:
                        return
                    self._ready.wait(self._pause())
            target, waiting = taken
            kept = waiting.kept
            at = self._clock.now() - self._clock.ahead
            event = Event(waiting.id, kept.told, at // 1_000_000, kept.tries + 1, self.site or "")
            try:
                carried = self._carrier.carry(event, target)
            except Exception as error:
                # A thread that dies of one event would leave all others waiting.
                if not self._stopping:
                    log.exception("webhooks: event %d cannot be sent", waiting.id)
                carried = Carried(0, f"it cannot be sent: {type(error).__name__}", final=True)
            with self._lock:
                self._settle(target, waiting, carried, at)

    def _next(self) -> tuple[Target, Waiting] | None:
        if not self._stopping and self.site is not None:
            now = time.monotonic()
            # Those with least under way first, so that a slow target leaves threads to the others.
            for id, lanes in sorted(self._lanes.items(), key=lambda one: one[1].busy):
                if waiting := lanes.take(now):
                    return self._targets[id], waiting
        return None

    def _pause(self) -> float | None:
        if self.site is None:
            return None
        due = [when for lanes in self._lanes.values() if (when := lanes.due()) is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _settle(self, target: Target, waiting: Waiting, carried: Carried, at: int) -> None:
        lanes, kept = self._lanes.get(target.id), waiting.kept
        if lanes is None or (self._stopping and carried.error and not carried.reached):
            return  # the target was removed, or we broke it off ourselves
        kept.tries, kept.error, kept.status, kept.tried_at = kept.tries + 1, carried.error, carried.status, at
        dies = carried.final or kept.tries >= self._patience.tries
        self.tried["delivered" if not carried.error else "dead" if dies else "failed"] += 1
        if not carried.error:
            self._gone.append(waiting.id)
            self._delivered.append(waiting)
            lanes.settled(waiting)
            self._counts[target.id] -= 1
        elif dies:
            if not carried.reached and not carried.final:
                lanes.missed(time.monotonic())
            self._changed[waiting.id] = (waiting, DEAD)
            lanes.settled(waiting, reached=carried.reached)
            self._counts[target.id] -= 1
        else:
            self._changed[waiting.id] = (waiting, WAITING)
            lanes.failed(waiting, time.monotonic(), reached=carried.reached)
        self._work.notify()
        self._ready.notify_all()
