"""The verbs that need two collaborators; edges and pages speak to this."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from mailtrap.clock import Clock
from mailtrap.delivery.letters import is_delivered
from mailtrap.delivery.notices import Notices
from mailtrap.delivery.office import PostOffice
from mailtrap.delivery.outlets import Outlets
from mailtrap.delivery.record import Advance
from mailtrap.delivery.schedule import RetrySchedule
from mailtrap.errors import NotFound
from mailtrap.events import Bus, Event, Kind
from mailtrap.faults.aftermath import History
from mailtrap.faults.book import Book
from mailtrap.inboxes import DEFAULT, Directory, Inbox, names_of
from mailtrap.mail.arrival import Arrival, Login
from mailtrap.mail.envelope import Envelope
from mailtrap.mail.heading import read_heading
from mailtrap.mail.message import Heading, Submission
from mailtrap.mail.transcript import Transcript
from mailtrap.mail.words import fold
from mailtrap.query import Query
from mailtrap.settings import Settings
from mailtrap.store.base import Done, Selection, Session, Spool, Store
from mailtrap.waiting.evidence import Witness
from mailtrap.waiting.instead import Instead, instead
from mailtrap.waiting.matcher import Waiting
from mailtrap.waiting.refusal import RefusalWish
from mailtrap.waiting.refusals import Found, Refusals
from mailtrap.waiting.wish import Evidence, Unit, Waited, Wish
from mailtrap.waiting.wish import Outcome as End

#: Dialogues that have ended and that the store has not confirmed; more than so many it must have refused.
ENDED_KEPT = 2000
#: Messages of one session that are looked at to tell its inboxes.
MOST_LOOKED_AT = 100


class Sandbox:
    """Everything an edge needs: take mail in, follow sessions, reach the store and the bus.

    `outcomes` counts the sessions that have ended since the start, by their outcome.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        faults: Book | None = None,
        history: History | None = None,
        schedule: RetrySchedule | None = None,
        hostname: str = "localhost",
        inboxes: Directory | None = None,
        outlets: Outlets | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        self.store = store
        self.bus = bus
        self.clock = clock
        self.faults = faults or Book(clock)
        self.history = history or History()
        self.inboxes = inboxes or Directory(clock)
        #: Called with the id of each message that was kept, on the writer's thread.
        self.record: Callable[[int, Submission], None] | None = None
        outlets = outlets or Outlets(store, clock, Settings())
        self.webhooks = outlets.webhooks
        #: Tells the application that sends the mail; without targets nobody listens.
        self.tell = outlets.webhooks.tell
        notices = Notices(store.octets, hostname, schedule)
        self.office = PostOffice(
            store, bus, clock, self.faults, self.capture, schedule, hostname, write=notices, outlets=outlets
        )
        self.refusals = refusals or Refusals()
        self.waiting = Waiting(store, bus, self.refusals.places)
        self.outcomes: Counter[str] = Counter()
        self._open: dict[int, Transcript] = {}
        self._ended: dict[int, Transcript] = {}
        self._lock = threading.Lock()
        bus.subscribe(self._recorded)

    def capture(
        self,
        envelope: Envelope,
        octets: bytes,
        arrival: Arrival,
        done: Done,
        *,
        inbox: str | None = None,
        flags: tuple[str, ...] = (),
        tags: tuple[str, ...] = (),
        heading: Heading | None = None,
    ) -> None:
        """Keep one message that fits in memory; `done` is called as `Store.add` says.

        It goes into `inbox` (names separated by a space), by default wherever `Directory.place` says. `heading` saves
        reading it once more where somebody has.
        """
        heading = heading or read_heading(octets)
        self._keep(
            Submission(
                envelope,
                arrival,
                heading,
                len(octets),
                b"",
                octets,
                None,
                inbox or self.inboxes.place(envelope, arrival, heading),
                flags,
                tags,
            ),
            done,
        )

    def spool(self) -> Spooling:
        """Start to take in a message too big to hold in memory."""
        return Spooling(self.store.spool())

    def capture_spooled(
        self,
        envelope: Envelope,
        spooling: Spooling,
        arrival: Arrival,
        done: Done,
        *,
        inbox: str | None = None,
        flags: tuple[str, ...] = (),
        heading: Heading | None = None,
    ) -> None:
        """Keep one message that was taken in by `spool`; see `capture`."""
        heading = heading or read_heading(bytes(spooling.head))
        self._keep(
            Submission(
                envelope,
                arrival,
                heading,
                spooling.size,
                spooling.digest.digest(),
                None,
                spooling.spool.finish(),
                inbox or self.inboxes.place(envelope, arrival, heading),
                flags,
            ),
            done,
        )

    def _keep(self, submission: Submission, done: Done) -> None:
        office, hooks = self.office, self.webhooks
        delivers = office.concerns(submission)
        at_once = not delivers and is_delivered(submission.arrival)
        tells = hooks.concerns(submission, at_once)
        waits, record = self.waiting.is_wanted, self.record
        if not (delivers or tells or waits or record):
            self.store.add(submission, done)
            return

        def kept(answer: int | Exception) -> None:
            # First: whoever has the 250 may ask at once what became of the message, or advance the clock.
            if isinstance(answer, int):
                if record:
                    record(answer, submission)
                if waits:
                    self.waiting.captured(answer, submission)
                if tells:
                    hooks.arrived(answer, submission, at_once)
                if delivers:
                    office.accepted(answer, submission)
            done(answer)

        self.store.add(submission, kept)

    def wait(
        self,
        query: Query = Query.EVERYTHING,
        inbox: str = "",
        count: int = 1,
        unit: Unit = Unit.MESSAGES,
        after: int = 0,
        timeout: float = 10.0,
        *,
        none: bool = False,
        within: float = 2.0,
        gone: int | None = None,
        scope: str = "",
    ) -> Waited:
        """Until `count` messages match that are newer than `after`, or `timeout` real seconds have passed.

        With `none`: whether nothing matches `within` so many seconds. `gone` is the socket of whoever asks, which ends
        the wait by hanging up; `scope` is the only inbox that may be told of. Raises Unavailable where too many wait.
        """
        wish = Wish(query, inbox, count, unit, after, none)
        began = self.clock.now()
        waited = self.waiting.wait(wish, within if none else timeout, gone)
        if waited.outcome not in (End.TIMEOUT, End.UNWANTED):
            return waited
        return replace(waited, evidence=self.evidence(wish, began, scope))

    def wait_refused(
        self, wish: RefusalWish, timeout: float = 10.0, *, gone: int | None = None, scope: str = ""
    ) -> tuple[Found, Instead]:
        """Until enough was refused that is wished for, or `timeout` real seconds have passed; see `wait`.

        What there was instead is looked for where too little was. Raises Unavailable where too many wait.
        """
        began = self.clock.now()
        found = self.refusals.wait(wish, timeout, gone)
        return found, instead(self, wish, began, scope) if found.outcome is End.TIMEOUT else Instead()

    def stop_waiting(self) -> None:
        """Let everyone go who waits, for whatever it is, and nobody wait any more."""
        self.waiting.stop()
        self.refusals.stop()

    def evidence(self, wish: Wish, began: int, scope: str = "") -> Evidence:
        """What there was instead of what somebody has wished for since `began`."""
        return Witness(self).evidence(wish, began, scope)

    def advance(self, seconds: float) -> Advance:
        """Let so much virtual time pass: deliveries, notices, retention. Raises Invalid."""
        return self.office.advance(seconds)

    def list_inboxes(self) -> list[tuple[Inbox, int, int]]:
        """Every inbox, the default one first, with its messages and how many of them nobody has looked at."""
        counts = {fold(name): (name, *found) for name, found in self.store.inboxes().items()}
        listed = []
        for inbox in self.inboxes.all():
            _, messages, unseen = counts.pop(fold(inbox.name), ("", 0, 0))
            listed.append((inbox, messages, unseen))
        # Of those that mail made, the oldest may be forgotten; that they have messages shows that they are there.
        return listed + [(Inbox(name, implicit=True), messages, unseen) for name, messages, unseen in counts.values()]

    def remove_inbox(self, name: str) -> list[int]:
        """Remove an inbox with its rules, and its messages, those that are in another one too only from it.

        Returns the ids of the messages. The default inbox itself stays. Raises NotFound.
        """
        known = self.inboxes.remove(name)
        gone = self.store.delete(Selection(Query.EVERYTHING, inbox=name)).result()
        if not known and not gone and fold(name) != DEFAULT:
            raise NotFound(f"There is no inbox {name[:64]}", "it may have been removed already")
        self.faults.clear(name)
        self.refusals.forget(name)
        return gone

    def inboxes_of(self, session: Session) -> tuple[str, ...]:
        """That of its login or, without one, those that its messages are in and that refused recipients belong to."""
        if session.login is not None:
            client = _Client(session.listener, session.peer, session.helo, Login(*session.login))
            return names_of(self.inboxes.expect(client))
        kept = [message for id in session.messages[:MOST_LOOKED_AT] if (message := self.store.get(id))]
        found = [name for message in kept for name in message.inboxes]
        for deed in self.history.deeds(session.id):
            if deed.session == session.id:
                found += [name for one in deed.answered for name in self.inboxes.of_address(one.recipient)]
        return tuple(dict.fromkeys(found))

    def session_started(self, transcript: Transcript) -> None:
        """A client has connected; its dialogue can be looked at from now on."""
        with self._lock:
            self._open[transcript.session] = transcript

    def session_ended(self, transcript: Transcript) -> None:
        """The dialogue is over; it goes into the store, and can be looked at here until it is there."""
        with self._lock:
            self._open.pop(transcript.session, None)
            self._ended[transcript.session] = transcript
            if len(self._ended) > ENDED_KEPT:
                del self._ended[next(iter(self._ended))]
            self.outcomes[transcript.outcome] += 1
        self.store.record(transcript)

    def _recorded(self, events: list[Event]) -> None:
        with self._lock:
            for event in events:
                if event.kind is Kind.SESSION:
                    self._ended.pop(int(event.id), None)

    def sessions(self, *, limit: int, before: int | None = None, outcome: str | None = None) -> list[Session]:
        """The newest sessions, open and recorded, newest first, without their lines."""
        with self._lock:
            running = [as_session(t, lines=False) for t in (*self._open.values(), *self._ended.values())]
        recorded = self.store.sessions(limit=limit, before=before, outcome=outcome)
        seen = {session.id for session in recorded}
        wanted: Callable[[Session], bool] = lambda s: (  # noqa: E731
            s.id not in seen and (before is None or s.id < before) and (outcome is None or s.outcome == outcome)
        )
        return sorted([*recorded, *filter(wanted, running)], key=lambda s: -s.id)[:limit]

    def session(self, id: int) -> Session | None:
        """One session with its lines, also while it is still open."""
        with self._lock:
            transcript = self._open.get(id) or self._ended.get(id)
        return as_session(transcript) if transcript else self.store.session(id)

    def open_sessions(self) -> int:
        """How many clients are connected now."""
        return len(self._open)


class Spooling:
    """One big message being taken in: hashed and passed on piece by piece, never held whole."""

    HEAD = 256 * 1024

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.size = 0
        self.digest = hashlib.sha256()
        self.head = bytearray()

    def write(self, octets: bytes) -> None:
        """Take the next octets of the content."""
        self.size += len(octets)
        self.digest.update(octets)
        if len(self.head) < self.HEAD:
            self.head += octets[: self.HEAD - len(self.head)]
        self.spool.write(octets)

    def discard(self) -> None:
        """The message will not come."""
        self.spool.discard()


class _Client(Struct, frozen=True):
    """What is known of the client of a session that was recorded."""

    listener: str
    peer: str
    helo: str
    login: Login | None


def as_session(transcript: Transcript, lines: bool = True) -> Session:
    """The dialogue as it stands now."""
    tls, login = transcript.tls, transcript.login
    return Session(
        transcript.session,
        transcript.listener,
        transcript.peer,
        transcript.started_at,
        transcript.ended_at,
        transcript.helo,
        (tls.version, tls.cipher) if tls else None,
        (login.mechanism, login.user) if login else None,
        transcript.outcome,
        transcript.octets_in,
        tuple(transcript.messages),
        tuple(transcript.lines()) if lines else (),
    )
