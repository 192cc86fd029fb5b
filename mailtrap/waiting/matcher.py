"""Everyone who waits for mail, and the one thread that holds what is captured against what they wait for."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic, sleep

from mailtrap.errors import NotFound
from mailtrap.events import Bus, Event, Kind
from mailtrap.mail.message import Message, State, Submission
from mailtrap.mail.words import fold
from mailtrap.query import Query
from mailtrap.store.base import Store
from mailtrap.waiting.bell import Bell
from mailtrap.waiting.board import UNDERSTOOD, Board, Candidate, Group
from mailtrap.waiting.places import Places
from mailtrap.waiting.wish import Outcome, Waited, Wish

log = logging.getLogger(__name__)

#: While mail comes thick and fast, what came within so many seconds is looked at together: it costs less.
TICK = 0.004
#: The thread stays for so many seconds after the last one who waited: tests wait often, and one after the other.
LINGER = 1.0
#: Messages that are remembered from their capture until they are looked at, and the octets of the largest.
FRESH, LARGEST = 1000, 64 * 1024
#: How long a look at messages that are not yet in the index may take, in seconds, however short the wait.
LOOK = 5.0
#: Messages not yet in the index that are looked at first, and those looked at before the next are fetched.
_FIRST, _PAGE = 20, 200


class Waiter:
    """One who waits. `found` is written by whoever finds something first, each message once."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.query = wish.condition
        self.bell = Bell()
        self.found: dict[int, Message] = {}
        self.counted = 0
        self.is_stopped = False
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def is_met(self) -> bool:
        """Whether there is no need to wait any longer."""
        return self.counted >= (1 if self.wish.none else self.wish.count)

    def offer(self, message: Message) -> None:
        """This one matches."""
        with self._lock:
            if message.id in self.found or message.id <= self.wish.after:
                return
            self.found[message.id] = message
            self.counted += self.wish.weight(message)
            if self.is_met and not self._is_closed:
                self.bell.ring()

    def stop(self) -> None:
        """The server ends."""
        with self._lock:
            self.is_stopped = True
            if not self._is_closed:
                self.bell.ring()

    def close(self) -> None:
        """It waits no longer."""
        with self._lock:
            self._is_closed = True
            self.bell.close()


class Waiting:
    """Takes wishes from any thread, which it holds up until they are met; as many at once as there are `places`.

    The thread that matches is there while somebody waits.
    """

    def __init__(self, store: Store, bus: Bus, places: Places | None = None) -> None:
        self.places = places or Places()
        self._store = store
        self._lock = threading.Lock()
        self._board: Board[Waiter] = Board()
        self._waiters: set[Waiter] = set()
        #: How many wait for mail in each inbox; those under "" wait for mail in any.
        self._inboxes: Counter[str] = Counter()
        self._heard: SimpleQueue[int | None] = SimpleQueue()
        self._fresh: dict[int, Submission] = {}
        #: Messages that are for nobody, until they are announced.
        self._unwanted: set[int] = set()
        self._is_running = False
        self._is_stopped = False
        bus.subscribe(self._hear)

    @property
    def is_wanted(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiters)

    @property
    def count(self) -> int:
        """How many wait, for whatever it is."""
        return self.places.taken

    def captured(self, id: int, submission: Submission) -> None:
        """This was kept and will be announced. Called on the writer's thread; what is for nobody ends here.

        Who joins from now on finds it in the store.
        """
        if not self._waiters:
            return
        with self._lock:
            is_possible = self._board.is_possible(submission)
        if not is_possible:
            self._unwanted.add(id)
        elif submission.size <= LARGEST and len(self._fresh) < FRESH:
            self._fresh[id] = submission

    def wait(self, wish: Wish, timeout: float, gone: int | None = None) -> Waited:
        """Until the wish is met, at most `timeout` seconds; `gone` is the connection of whoever wants to know.

        Raises Unavailable where too many wait.
        """
        began = monotonic()
        waiter = Waiter(wish)
        try:
            group = self._join(waiter)
            try:
                # Whatever is captured from now on is heard of; so it is not missed by a look that comes too early.
                looked = self._look(waiter, group, began + max(timeout, LOOK))
                rung = waiter.is_met or waiter.is_stopped
                if not rung:
                    looked.clear()  # old by then
                    rung = waiter.bell.wait(began + timeout, gone)
                took = monotonic() - began
            finally:
                self._leave(waiter)
        finally:
            waiter.close()
        if waiter.is_met:
            outcome = Outcome.UNWANTED if wish.none else Outcome.MET
        elif waiter.is_stopped:
            outcome = Outcome.STOPPED
        elif not rung and took < timeout:
            outcome = Outcome.GONE
        else:
            outcome = Outcome.MET if wish.none else Outcome.TIMEOUT
        messages = [self._now(waiter.found[id_], looked.get(id_)) for id_ in sorted(waiter.found)]
        return Waited(outcome, messages[: wish.limit], waiter.counted, self.newest(), took)

    def newest(self) -> int:
        """The id of the newest message, 0 for none."""
        return next((message.id for message in self._store.page(Query.EVERYTHING, limit=1, count=False).messages), 0)

    def candidate(self, message: Message) -> Candidate:
        """A message that is in the store."""
        return Candidate(message, self._reader(message.id))

    def stop(self) -> None:
        """Let everyone go, and nobody wait any more."""
        with self._lock:
            self._is_stopped = True
            self.places.close()
            waiters = list(self._waiters)
            self._heard.put(None)
        for waiter in waiters:
            waiter.stop()

    def _join(self, waiter: Waiter) -> Group[Waiter]:
        with self._lock:
            self.places.take()
            group = self._board.add(waiter.query, waiter)
            self._inboxes[fold(waiter.wish.inbox)] += 1
            self._waiters.add(waiter)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="waiting", daemon=True).start()
        return group

    def _leave(self, waiter: Waiter) -> None:
        with self._lock:
            self.places.give_back()
            self._waiters.remove(waiter)
            self._board.remove(waiter.query, waiter)
            inbox = fold(waiter.wish.inbox)
            self._inboxes[inbox] -= 1
            if not self._inboxes[inbox]:
                del self._inboxes[inbox]
            if not self._waiters:
                self._fresh.clear()
                if self._is_stopped:
                    self._heard.put(None)

    def _hear(self, events: list[Event]) -> None:
        # On the writer's thread, with the bus locked: hand over and be gone.
        if not self._waiters:
            self._unwanted.clear()
            return
        for event in events:
            if event.kind is not Kind.CAPTURED:
                continue
            if (id_ := int(event.id)) in self._unwanted:
                self._unwanted.discard(id_)
            elif "" in self._inboxes or any([fold(name) in self._inboxes for name in event.inbox.split()]):
                self._heard.put(id_)
            else:
                self._fresh.pop(id_, None)

    def _run(self) -> None:
        looked = 0.0
        while not self._may_end():
            try:
                heard = [self._heard.get(timeout=LINGER)]
            except Empty:
                if self._may_end(for_good=False):
                    return
                continue
            if (early := looked + TICK - monotonic()) > 0:
                sleep(early)
            with suppress(Empty):
                while True:
                    heard.append(self._heard.get_nowait())
            looked = monotonic()
            for id_ in heard:
                if id_ is not None:
                    self._match(id_)

    def _may_end(self, for_good: bool = True) -> bool:
        with self._lock:
            if self._waiters or (for_good and not self._is_stopped):
                return False
            self._is_running = False
            return True

    def _match(self, id_: int) -> None:
        try:
            candidate = self._captured(id_)
            if candidate is None:
                return
            with self._lock:
                possible = self._board.possible(candidate.message)
            for group in possible:
                if group.matches(candidate):
                    with self._lock:
                        waiters = list(group.waiters)
                    for waiter in waiters:
                        waiter.offer(candidate.message)
        except NotFound:
            pass  # deleted since
        except Exception:
            log.exception("message %s could not be held against what is waited for", id_)

    def _captured(self, id_: int) -> Candidate | None:
        submission = self._fresh.pop(id_, None)
        if submission is not None and submission.octets is not None:
            octets = submission.octets
            return Candidate(Message.of(id_, submission), lambda: octets)
        message = self._store.get(id_)
        return None if message is None else self.candidate(message)

    def _look(self, waiter: Waiter, group: Group[Waiter], until: float) -> dict[int, Candidate]:
        """At what is there already: in the index as far as that has come, and in memory beyond. Returns some of what
        matches of the latter, with what was read of it."""
        looked: dict[int, Candidate] = {}
        store, wish = self._store, waiter.wish
        through = store.indexed
        known = store.page(waiter.query, limit=wish.limit, after=wish.after, before=through + 1, count=False)
        for message in known.messages:
            waiter.offer(message)
        here = Query.EVERYTHING.within(wish.inbox) if wish.inbox else Query.EVERYTHING
        before: int | None = None
        while True:
            size = _FIRST if before is None else _PAGE
            page = store.page(here, limit=size, after=max(wish.after, through), before=before, count=False)
            for message in page.messages:
                try:
                    candidate = self.candidate(message)
                    if group.matches(candidate):
                        waiter.offer(message)
                        if len(looked) < _FIRST and message.size <= LARGEST:
                            looked[message.id] = candidate
                except NotFound:
                    continue
            if page.next is not None and before is None:
                store.hurry()  # lest everyone who waits looks at the same messages again
            before = page.next
            if before is None or waiter.is_met or monotonic() > until:
                return looked

    def _now(self, message: Message, looked: Candidate | None) -> Message:
        """The message as it stands now, understood even where its index is behind; `looked` was read a moment ago."""
        if message.state is not State.RECEIVED:
            return message
        if looked is None:
            kept = self._store.get(message.id)
            if kept is None:
                return message
            if kept.state is not State.RECEIVED:
                return kept
            looked = self.candidate(kept)
        try:
            return looked.whole.message
        except NotFound:
            return looked.message

    def _reader(self, id_: int) -> Callable[[], bytes]:
        def read() -> bytes:
            octets = bytearray()
            for piece in self._store.octets(id_):
                octets += piece
                if len(octets) >= UNDERSTOOD:
                    break
            return bytes(octets)

        return read
