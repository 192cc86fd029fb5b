"""The API's verbs on everything that is not a message: sessions, tags, events, the server itself."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mailtrap import __version__
from mailtrap.clock import rfc3339
from mailtrap.errors import NotFound, Unavailable
from mailtrap.faults.aftermath import Verdict
from mailtrap.inboxes import is_in
from mailtrap.mistakes import form
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.store.base import Counters, Session
from mailtrap.web import scope, shapes
from mailtrap.web.about import About
from mailtrap.web.contents import number_of
from mailtrap.web.operation import operation

#: Events told in one answer; who is further behind is better off fetching the list again.
MOST_EVENTS = 5000
#: Dialogues looked at for one answer; whoever looks for something rare asks again with `next`.
MOST_SCANNED = 5000
_SCANNED = 500

Judgement = Literal["good", "doubtful", "bad", "open"]


class SessionListing(msgspec.Struct):
    """Which dialogues to list."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    before: Annotated[str, form("^[0-9]{1,18}$", "an id", "Only sessions older than this id")] | None = None
    outcome: Annotated[str, Meta(description="Only those that ended so")] | None = None
    inbox: Annotated[str, Meta(description="Only those about this inbox")] = ""
    judgement: Annotated[Judgement, Meta(description="Only those whose client got this verdict")] | None = None
    fault: Annotated[str, form("^[0-9]{1,18}$", "the id of a rule", "Only those in which this rule spoke")] | None = (
        None
    )


class Since(msgspec.Struct):
    """Where to continue."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1, description="The last `seq` that you have seen")]
    inbox: Annotated[str, Meta(description="Only this inbox")] = ""


class System:
    """Read-only."""

    def __init__(self, sandbox: Sandbox, settings: Settings, about: About) -> None:
        self._sandbox = sandbox
        self._settings = settings
        self._about = about

    @operation(
        "GET", "/api/sessions", "List SMTP dialogues", tag="Sessions", query=SessionListing, response=shapes.SessionList
    )
    def list_sessions(self, query: SessionListing) -> shapes.SessionList:
        """Newest first: open, ended, refused and broken ones.

        With `judgement`, `fault` or `inbox` a page may be short before the last one.
        """
        before = None if query.before is None else int(query.before)
        narrowed = query.judgement is not None or query.fault is not None or query.inbox != ""
        size = _SCANNED if narrowed else query.limit + 1
        page: list[shapes.SessionSummary] = []
        for _ in range(MOST_SCANNED // _SCANNED if narrowed else 1):
            found = self._sandbox.sessions(limit=size, before=before, outcome=query.outcome)
            for session in found:
                if len(page) == query.limit:
                    return shapes.SessionList(page, page[-1].id)
                if query.inbox and not self._is_about(session, query.inbox):
                    continue
                told = self._judged(session)
                if _is_wanted(told, query):
                    page.append(told)
            if len(found) < size:
                return shapes.SessionList(page, None)
            before = found[-1].id
        return shapes.SessionList(page, str(before))

    def _is_about(self, session: Session, inbox: str) -> bool:
        return is_in(inbox, " ".join(self._sandbox.inboxes_of(session))) and scope.sees_dialogue(self._sandbox, session)

    def _judged(self, session: Session) -> shapes.SessionSummary:
        return shapes.session_summary(session, *judged(self._sandbox, session.id))

    @operation(
        "GET",
        "/api/sessions/{id}",
        "Show an SMTP dialogue",
        tag="Sessions",
        response=shapes.SessionShape,
        errors=(404,),
    )
    def show_session(self, id: str) -> shapes.SessionShape:
        """Every line with its time and side, secrets masked."""
        number = number_of(id)
        session = None if number is None else self._sandbox.session(number)
        if session is None or not scope.sees_dialogue(self._sandbox, session):
            raise NotFound(f"There is no session {id[:40]}", "old ones go once there are more than max-sessions")
        return shapes.session_shape(session, *judged(self._sandbox, session.id))

    @operation("GET", "/api/tags", "List tags", response=shapes.Tags)
    def list_tags(self) -> shapes.Tags:
        """Every tag in use, by name."""
        counts = self._sandbox.store.tags()
        return shapes.Tags([shapes.TagCount(name, counts[name]) for name in sorted(counts)])

    @operation("GET", "/api/events", "What happened", tag="Server", query=Since, response=shapes.Events)
    def list_events(self, query: Since) -> shapes.Events:
        """For those who cannot keep a WebSocket open: ask again with the `seq` of the last answer."""
        bus = self._sandbox.bus
        now = bus.seq
        events = bus.since(query.after)
        if events is None or len(events) > MOST_EVENTS:
            return shapes.Events(now, [], True)
        latest = events[-1].seq if events else now
        only = scope.inbox()
        told = [shapes.announcement(one, only) for one in events if not query.inbox or one.concerns(query.inbox)]
        return shapes.Events(latest, told, False)

    @operation("GET", "/api/info", "This server", tag="Server", response=shapes.Info)
    def info(self) -> shapes.Info:
        """Where it listens, what it holds."""
        return shapes.Info(
            "mailtrap",
            __version__,
            rfc3339(self._about.started_at),
            dict(self._about.addresses),
            self._about.ca_file,
            self._settings.database,
            self._settings.max_message_size,
            self._settings.max_age,
            _counts(self._sandbox.store.counters()),
            self._sandbox.open_sessions(),
            self._sandbox.waiting.count,
            self._sandbox.bus.seq,
        )

    @operation("GET", "/livez", "Is it alive?", tag="Server", response=shapes.Status)
    def livez(self) -> shapes.Status:
        """Answers as long as the process can."""
        return shapes.Status("ok")

    @operation("GET", "/readyz", "Would it take mail?", tag="Server", response=shapes.Status, errors=(503,))
    def readyz(self) -> shapes.Status:
        """503 with the reason while a message sent now would not be kept."""
        if why := self._sandbox.store.healthy():
            raise Unavailable(f"Not ready: {why}")
        return shapes.Status("ok")


def judged(sandbox: Sandbox, session: int) -> tuple[Verdict | None, list[int]]:
    """What to think of what its client did after a failure, and which rules spoke in it."""
    history = sandbox.history
    verdict = history.verdict(session, sandbox.clock.now())
    if verdict is None:
        return None, []
    return verdict, [fault for deed in history.deeds(session) if deed.session == session for fault in deed.faults]


def _is_wanted(session: shapes.SessionSummary, query: SessionListing) -> bool:
    if query.judgement is not None and (session.verdict is None or session.verdict.judgement != query.judgement):
        return False
    return query.fault is None or str(int(query.fault)) in session.faults


def _counts(counters: Counters) -> shapes.Counts:
    return shapes.Counts(
        counters.messages,
        counters.unseen,
        counters.octets,
        counters.captured,
        counters.deleted,
        counters.evicted,
        counters.index_backlog,
        counters.database_size,
    )
