"""The post office: every message that a rule may concern is delivered here, in virtual time, on one thread."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial

from mailtrap.clock import Clock
from mailtrap.delivery import asked
from mailtrap.delivery.course import PERSONAL, Course, Upshot, What
from mailtrap.delivery.doors import Capture, Visitor, Write
from mailtrap.delivery.letters import Letter, Letters, is_delivered, letter_of, occasion_of, told_of
from mailtrap.delivery.outlets import Outlets
from mailtrap.delivery.queue import KIND, WRITTEN_WITHIN, Live, Queue, decode
from mailtrap.delivery.record import Advance, Delivery, Outcome
from mailtrap.delivery.schedule import RetrySchedule
from mailtrap.delivery.told import Tell
from mailtrap.errors import Invalid, MailtrapError
from mailtrap.events import Bus, Event, Kind
from mailtrap.faults.book import Book
from mailtrap.faults.occasion import Answer, Occasion
from mailtrap.faults.rule import DELIVERY_STEPS, Notice, Step
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.mail.heading import read_heading
from mailtrap.mail.message import Heading, Submission
from mailtrap.store.base import Store

log = logging.getLogger(__name__)

#: Messages accepted and not looked at yet that are held in memory; of more, only the number is. So many are looked at
#: before others get their turn.
MOST_HELD, TAKEN_IN = 5000, 500
#: Steps after which other threads get their turn: some ten milliseconds.
BREATH = 200
#: Notices, and octets of them, that are kept together.
POSTED, POSTED_OCTETS = 250, 4 * 1024 * 1024
#: Deliveries of given messages that are read at once.
MOST_ROWS = 200_000
#: Most seconds by which the clock is advanced at once: a century.
FARTHEST = 3_155_760_000.0

_STEPS = frozenset(DELIVERY_STEPS)


class PostOffice:
    """`concerns` and `accepted` are called for every message and cost next to nothing; the rest is for other threads.

    What happens is decided in the order of virtual time, then of messages, then of recipients, by whoever has the
    turn: the thread of the office, or the one that advances the clock. `write` words notices; `outlets`
    tell whoever is outside.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        book: Book,
        capture: Capture,
        schedule: RetrySchedule | None = None,
        hostname: str = "localhost",
        *,
        write: Write,
        outlets: Outlets,
    ) -> None:
        self.write = write
        self.tell: Tell = outlets.webhooks.tell
        self.wants = outlets.webhooks.wants
        self.reader: Visitor = outlets.reader
        self._store = store
        self._bus = bus
        self._clock = clock
        self._book = book
        self._capture = capture
        self._schedule = schedule or RetrySchedule()
        self._hostname = hostname
        self._letters = Letters(store)
        self._accepted: deque[tuple[int, Letter | None]] = deque()
        self._kept: deque[tuple[list[Live], What, int, int | Exception]] = deque()
        self._gone: deque[int | None] = deque()
        self._queue = Queue(lambda: store.ledger, self._letters, clock.now())
        self._events: dict[tuple[Kind, int], str] = {}
        self._outgoing: list[Callable[[], None]] = []
        self._weight = 0
        self._flying = 0
        self._counts: Counter[str] = Counter()
        self._turn = threading.RLock()
        self._advancing = threading.Lock()
        self._landed = threading.Condition()
        self._wake = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = False
        bus.subscribe(self._hear)

    def start(self) -> None:
        """Go on with what an earlier process left; otherwise the thread starts with the first message."""
        if self._queue.resume():
            self._rouse()
        self._clock.on_advance(self._advanced)

    def stop(self) -> None:
        """Stop at once; what is pending goes on when the next process starts."""
        with self._starting:
            self._stopping = True
            thread = self._thread
        self._wake.set()
        self._clock.forget(self._advanced)
        self._bus.unsubscribe(self._hear)
        if thread is not None:
            thread.join(WRITTEN_WITHIN)
        with self._turn:
            while self._accepted:
                self._take_in()
            self._queue.keep_all()
            self._write_down()

    def concerns(self, submission: Submission) -> bool:
        """Whether anything else may happen to this message than being delivered at once."""
        if not is_delivered(submission.arrival):
            return False
        book, envelope = self._book, submission.envelope
        steps = [] if book.steps.isdisjoint(_STEPS) else self._in_question(envelope, submission.heading)
        occasion = occasion_of(letter_of(0, submission), Step.DELIVERED) if steps else None
        for recipient in envelope.recipients:
            address = recipient.address
            if book.means(address) if occasion is None else _might(book, occasion, steps, address):
                return True
            if recipient.parameters and asked.wants_success(recipient.parameters):
                return True
        return False

    def _in_question(self, envelope: Envelope, heading: Heading) -> list[Step]:
        """The steps of the delivery at which a rule may have something to say about such a message."""
        book, facts = self._book, (envelope.reverse_path, envelope.addresses, heading)
        return [step for step in DELIVERY_STEPS if step in book.steps and not book.rules_out(step, *facts)]

    def accepted(self, id: int, submission: Submission) -> None:
        """A message was kept and has to be delivered. Any thread; only queues it."""
        if not self._stopping:
            held = letter_of(id, submission) if len(self._accepted) < MOST_HELD else None
            self._accepted.append((id, held))
            self._rouse()

    def advance(self, seconds: float) -> Advance:
        """Let so much time pass at once: everything due happens in its order, at its time. Raises Invalid."""
        if not 0 <= seconds <= FARTHEST:
            raise Invalid("The clock goes forward only, and not by centuries", "give the seconds to advance it by")
        with self._advancing:
            before = self._clock.now()
            target = before + int(seconds * 1_000_000)
            with self._turn:
                self._work(before)
                self._counts.clear()
                self._work(target, forward=True)
                self._clock.forward(target)
            self.catch_up(WRITTEN_WITHIN)
            with self._turn:
                counts, due = dict(self._counts), self._queue.next()
            self._clock.advanced()
            self._bus.publish([(Kind.CLOCK, "", "")])
            attempts, notices = counts.pop("attempts", 0), counts.pop("notices", 0)
            return Advance(before, self._clock.now(), attempts, counts, notices, due)

    def catch_up(self, timeout: float = 10.0) -> bool:
        """Do what is due, then wait until it and its notices can be read; False if that took too long."""
        deadline = time.monotonic() + timeout
        while True:
            with self._turn:
                self._work(self._clock.now())
                writing, flying = self._queue.writing, self._flying
            left = deadline - time.monotonic()
            if flying:
                with self._landed:
                    if not self._landed.wait_for(lambda: self._kept or not self._flying, max(0.0, left)):
                        return False
            elif writing is None:
                return True
            else:
                try:
                    writing.exception(max(0.0, left))
                except TimeoutError:
                    return False
                return True

    def deliveries(
        self,
        *,
        messages: Sequence[int] | None = None,
        outcomes: Sequence[Outcome] | None = None,
        recipient: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """Deliveries as they stand; ids are those of `Delivery.id`.

        Of `messages`, in their order, each recipient's, also of those that were delivered at once and are written
        down nowhere; without it the newest of the others.
        """
        self.catch_up()
        ledger = self._store.ledger
        states = None if outcomes is None else [outcome.value for outcome in outcomes]
        if messages is None:
            return self._newest(states, recipient, before, limit)
        rows = {one.id: one for one in map(decode, ledger.find(KIND, owners=messages, limit=MOST_ROWS))}
        made: list[Delivery] = []
        for id in messages:
            wanted = (
                one
                for one in self._of_message(id, rows)
                if (states is None or one.outcome in states)
                and (recipient is None or one.recipient.lower() == recipient.lower())
                and (before is None or one.id < before)
            )
            made += itertools.islice(wanted, limit - len(made))
            if len(made) >= limit:
                break
        return made

    def _newest(
        self, states: list[str] | None, recipient: str | None, before: int | None, limit: int
    ) -> list[Delivery]:
        found: list[Delivery] = []
        while len(found) < limit:
            wanted = limit - len(found)
            records = self._store.ledger.find(KIND, states=states, name=recipient, before=before, limit=wanted)
            # What was written of a deleted message goes a moment after it.
            there = {owner for owner in {record.owner for record in records} if self._store.get(owner) is not None}
            found += [decode(record) for record in records if record.owner in there]
            if len(records) < wanted:
                break
            before = records[-1].id
        return found

    def due(self) -> int | None:
        """When something happens next, None where nothing is pending."""
        self.catch_up()
        with self._turn:
            return self._queue.next()

    def _of_message(self, id: int, rows: dict[int, Delivery]) -> list[Delivery]:
        letter = self._letters.get(id)
        if letter is None or not is_delivered(letter.arrival):
            return []
        derived = asked.deliveries(id, letter.envelope, letter.arrival.at, letter.inbox)
        return [rows.get(one.id) or asked.delivered_at_once(one) for one in derived]

    # The turn: everything below is called by whoever has it.

    def _work(self, until: int, forward: bool = False) -> None:
        """Do what is due by `until`; the clock goes along where it is to go `forward`."""
        for turn in itertools.count(1):
            if self._stopping:
                break
            if not turn % BREATH:
                time.sleep(0)  # let go of the interpreter: mail and web go on meanwhile
            self._take_in()
            due = self._queue.next()
            if due is None or due > until:
                if self._accepted:
                    continue
                break
            if forward:
                self._clock.forward(due)
            self._deliver(due)
            if self._queue.is_full:
                self._write_down()
        self._post()
        self._write_down()

    def _take_in(self) -> None:
        """What other threads have put down for us."""
        while self._gone:
            self._queue.forget(self._gone.popleft())
        while self._kept:
            self._sent(*self._kept.popleft())
        for _ in range(min(TAKEN_IN, len(self._accepted))):
            id, letter = self._accepted.popleft()
            letter = letter or self._letters.get(id)
            if letter is not None:
                for delivery in asked.deliveries(id, letter.envelope, letter.arrival.at, letter.inbox):
                    self._queue.add(Live(delivery, letter))

    def _deliver(self, due: int) -> None:
        """Everything that is due at one time for one message: its notices are written together."""
        live = self._queue.take(due, None)
        if live is None:
            return
        letter = live.letter
        moved: dict[int, Live] = {}
        wanted: dict[tuple[What, Notice | None], list[Live]] = {}
        while live is not None:
            upshot = Course(live.delivery, self._schedule, partial(self._ask, live)).step()
            self._happened(live, upshot)
            for one in upshot.notices:
                wanted.setdefault(one, []).append(live)
            moved[live.id] = live
            self._queue.expect(live)
            live = self._queue.take(due, letter)
        for (what, notice), lives in wanted.items():
            # People answer for themselves.
            for group in [[one] for one in lives] if what in PERSONAL else [lives]:
                self._send(what, notice, group, letter, due)
        for live in moved.values():
            self._queue.changed(live)

    def _ask(self, live: Live, step: Step, at: int, attempt: int, host: str) -> Answer | None:
        delivery = live.delivery
        if not self._book.may_answer(step, delivery.recipient):
            return None
        return self._book.answer(self._letters.occasion(live.letter, delivery, step, at, attempt, host))

    def _happened(self, live: Live, upshot: Upshot) -> None:
        delivery, letter = live.delivery, live.letter
        live.notable = live.notable or upshot.spoke or delivery.outcome is not Outcome.DELIVERED
        self._counts["attempts"] += upshot.tries
        for kind, attempt in upshot.events:
            self._counts[delivery.outcome.value if kind is Kind.BOUNCED else kind.value] += 1
            if live.notable:
                self._events[kind, letter.id] = letter.inbox
            if self.wants(kind.value):
                self.tell(told_of(kind, attempt, delivery, letter))
        for visit in upshot.visits:
            kind = Kind.OPENED if visit == "opens" else Kind.CLICKED
            delivery.happened(upshot.at, kind.value)
            self._events[kind, letter.id] = letter.inbox
            look = self.reader.open if visit == "opens" else self.reader.click
            look(letter.id, delivery.recipient, upshot.at)

    def _send(self, what: What, notice: Notice | None, lives: list[Live], letter: Letter, at: int) -> None:
        """Have a notice written and kept, if it is wanted."""
        try:
            octets = self.write(what, [live.delivery for live in lives], letter, at, notice)
        except Exception:
            log.exception("no %s notice could be written for message %d", what, letter.id)
            return
        if octets is None or isinstance(octets, str):
            for live in lives if octets else ():
                live.notable = True
                live.delivery.happened(at, "silent", octets or "")
            return
        self._counts["notices"] += 1
        self._flying += 1
        for live in lives:
            live.notable = True
            live.flying += 1
            if what in ("auto-reply", "read"):
                live.delivery.happened(at, "auto-replied" if what == "auto-reply" else "read")
        # A receipt goes to whom the message names for it (RFC 8098 §2.1), everything else to its sender.
        asking = read_heading(octets).to if what == "read" else ()
        envelope = Envelope("", (Recipient(asking[0].address if asking else letter.envelope.reverse_path),))
        arrival = Arrival(at, "notice", helo=self._hostname, protocol="ESMTP")
        done = partial(self._answer, lives, what, at)
        self._outgoing.append(partial(self._capture, envelope, octets, arrival, done, inbox=letter.inbox))
        self._weight += len(octets)
        if len(self._outgoing) >= POSTED or self._weight >= POSTED_OCTETS:
            self._post()

    def _post(self) -> None:
        """Have the notices kept that were written, many together: each by itself would cost twice as much."""
        outgoing, self._outgoing, self._weight = self._outgoing, [], 0
        for keep in outgoing:
            keep()

    def _answer(self, lives: list[Live], what: What, at: int, answer: int | Exception) -> None:
        """On the writer's thread: a notice was kept, or not."""
        with self._landed:
            self._kept.append((lives, what, at, answer))
            self._landed.notify_all()
        self._wake.set()

    def _sent(self, lives: list[Live], what: What, at: int, answer: int | Exception) -> None:
        self._flying -= 1
        for live in lives:
            live.flying -= 1
            if isinstance(answer, int):
                live.delivery.notices.append(answer)
                live.delivery.happened(at, "notice", what, notice=answer)
            else:
                live.delivery.happened(at, "notice", f"{what}: it could not be kept: {answer}")
            self._queue.changed(live)

    def _write_down(self) -> None:
        """Have what changed kept, and tell of it once it is."""
        events, self._events = self._events, {}
        happenings = [(kind, str(id), inbox) for (kind, id), inbox in events.items()]
        self._queue.write(partial(self._bus.publish, happenings) if happenings else None)

    # The thread, and what others tell it.

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                with self._turn:
                    self._work(self._clock.now())
                    due = self._queue.next()
            except MailtrapError as error:
                log.error("deliveries have to wait: %s", error)
                due = self._clock.now() + 1_000_000
            except Exception:
                log.exception("deliveries have to wait")
                due = self._clock.now() + 1_000_000
            if not self._stopping:
                # Time may be advanced, and real clocks be set: look again now and then.
                self._wake.wait(None if due is None else min(60.0, max(0.0, (due - self._clock.now()) / 1_000_000)))

    def _rouse(self) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None and not self._stopping:
                    self._thread = threading.Thread(target=self._run, name="post-office", daemon=True)
                    self._thread.start()
        if not self._wake.is_set():
            self._wake.set()

    def _advanced(self, _: int) -> None:
        self._wake.set()

    def _hear(self, events: list[Event]) -> None:
        """On the publisher's thread: messages that have gone need no delivery."""
        if not self._queue.letters:
            return
        for event in events:
            if event.kind is Kind.DELETED or (event.kind is Kind.EVICTED and event.id):
                self._gone.append(int(event.id))
            elif event.kind is Kind.CLEARED:
                self._gone.append(None)


def _might(book: Book, occasion: Occasion, steps: Sequence[Step], recipient: str) -> bool:
    """Whether a rule may have something to say about one recipient, at the cost of some look-ups."""
    occasion.recipient = recipient
    for step in steps:
        occasion.step = step
        if book.might_answer(occasion):
            return True
    return False
