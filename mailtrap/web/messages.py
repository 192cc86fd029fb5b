"""The API's verbs on messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from mailtrap.delivery.record import Delivery
from mailtrap.errors import Invalid, NotFound, Unavailable
from mailtrap.inboxes import NAME
from mailtrap.mail.content import Content
from mailtrap.mail.message import Message, State
from mailtrap.mistakes import form
from mailtrap.query import Query, parse
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.store.base import Selection, Session
from mailtrap.waiting.board import Candidate
from mailtrap.web import scope, shapes
from mailtrap.web.answer import TEXT, Answer
from mailtrap.web.contents import Contents, message_of
from mailtrap.web.deliveries import delivered
from mailtrap.web.delivery_shapes import delivery
from mailtrap.web.downloads import attachment, part_response
from mailtrap.web.operation import operation
from mailtrap.web.submission import Submitted, submit
from mailtrap.web.system import judged

if TYPE_CHECKING:
    from flask import Request

#: Texts beyond this many characters are cut in the message's JSON; /text and /html give them whole.
LONGEST_TEXT = 1_000_000

_QueryText = Annotated[
    str,
    Meta(
        extra_json_schema={"format": "mailtrap-query"},
        description='A query, such as `from:shop subject:"your order" -is:seen`',
    ),
]
_Inbox = Annotated[str, Meta(description="Only this inbox")]
_Line = Annotated[str, form(r"^[^\x00-\x1f\x7f]*$", "one line without control characters")]
_Cursor = Annotated[str, form("^b?[0-9]{1,18}$", "an id, or `next` of a page")]
_Ids = Annotated[str, form("^[0-9]{1,18}(,[0-9]{1,18})*$", "ids, such as 1,2,3", "Ids separated by commas")]


class Listing(msgspec.Struct):
    """Which messages to list."""

    query: _QueryText = ""
    inbox: _Inbox = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    before: Annotated[_Cursor, Meta(description="Only messages older than this id; or `next` of a page")] | None = None
    after: Annotated[_Cursor, Meta(description="Only messages newer than this id; or `next` of a page")] | None = None
    offset: Annotated[int, Meta(ge=0, le=2**53, description="Skip as many of the newest")] = 0


class Choice(msgspec.Struct):
    """Which messages to change: those of `ids` that match `query` and are in `inbox`; every message by `all=true`."""

    query: Annotated[_QueryText, form(r"\S", "a query that is not empty; all=true means all")] | None = None
    inbox: Annotated[_Inbox, Meta(min_length=1)] | None = None
    ids: _Ids | None = None
    all: Annotated[bool, Meta(extra_json_schema={"const": True}, description="Only `true`")] | None = None


class Posting(
    msgspec.Struct,
    rename={"envelope_from": "envelope-from", "envelope_to": "envelope-to", "received_at": "received-at"},
):
    """The envelope of a message sent by HTTP; by default what its header says."""

    envelope_from: Annotated[_Line, Meta(max_length=1000, description="Reverse-path; empty for `<>`")] | None = None
    envelope_to: Annotated[_Line, Meta(description="Recipients separated by commas")] | None = None
    inbox: (
        Annotated[
            str,
            form(f"^{NAME}( {NAME})*$", "names of inboxes, separated by a space", "Where it goes, whatever it says"),
        ]
        | None
    ) = None
    imported: Annotated[bool, Meta(description="It was delivered elsewhere, long ago: nothing follows on it")] = False
    received_at: (
        Annotated[
            datetime,
            Meta(tz=True, description="With `imported`: when it arrived elsewhere (RFC 3339). A time to come is now"),
        ]
        | None
    ) = None


class Messages:
    """GET changes nothing; every change goes through the store's one writer and is committed when answered."""

    def __init__(self, sandbox: Sandbox, settings: Settings, contents: Contents) -> None:
        self._sandbox = sandbox
        self._store = sandbox.store
        self._settings = settings
        self._contents = contents

    @operation("GET", "/api/messages", "List messages", query=Listing, response=shapes.MessageList, errors=(503,))
    def list_messages(self, query: Listing) -> shapes.MessageList:
        """Newest first, never with bodies. A query sees everything that was committed before the call."""
        before, after = _cursors(query)
        chosen = self._query(query.query, query.inbox)
        page = self._store.page(chosen, limit=query.limit, before=before, after=after, offset=query.offset)
        following = None if page.next is None else f"b{page.next}"
        return shapes.MessageList([shapes.summary(message) for message in page.messages], page.total, following)

    @operation(
        "POST",
        "/api/messages",
        "Capture a message",
        query=Posting,
        response=shapes.Summary,
        status=201,
        takes="message/rfc822",
        errors=(503, 507),
    )
    def post_message(self, query: Posting) -> shapes.Summary:
        """The body is kept octet by octet, and safely so before this answers."""
        inbox = None if query.inbox is None else self._opened(query.inbox)
        if query.received_at is not None and not query.imported:
            raise Invalid("received-at is for what was delivered elsewhere", "say imported=true too, or leave it out")
        submitted = Submitted(query.envelope_from, query.envelope_to, inbox, _peer(), query.imported, query.received_at)
        id = submit(self._sandbox, _request().stream, submitted, self._settings.max_message_size)
        return shapes.summary(message_of(self._store, str(id)))

    @operation(
        "PATCH",
        "/api/messages",
        "Mark messages",
        query=Choice,
        needs_query=True,
        body=shapes.Marks,
        response=shapes.Changed,
        errors=(503,),
    )
    def mark_messages(self, query: Choice, body: shapes.Marks) -> shapes.Changed:
        """Marks what matches. A request that makes no sense changes nothing."""
        return self._mark(self._selection(query), body)

    @operation(
        "DELETE",
        "/api/messages",
        "Delete messages",
        query=Choice,
        needs_query=True,
        response=shapes.Changed,
        errors=(503,),
    )
    def delete_messages(self, query: Choice) -> shapes.Changed:
        """Deletes what matches. A request that makes no sense deletes nothing."""
        return _changed(self._store.delete(self._selection(query)).result())

    @operation("GET", "/api/messages/{id}", "Show a message", response=shapes.MessageShape, errors=(404,))
    def show_message(self, id: str) -> shapes.MessageShape:
        """Envelope, header fields, texts, parts, links, codes, pictures, calendar, arrival, deliveries."""
        message = message_of(self._store, id)
        content = self._contents.of(message)
        if message.state is State.RECEIVED:
            # Its index is behind, but the content is read here anyway.
            message = Candidate(message, lambda: content.octets).whole.message
        return _detail(message, content, delivered(self._sandbox, message))

    @operation(
        "PATCH",
        "/api/messages/{id}",
        "Mark a message",
        body=shapes.Marks,
        response=shapes.Summary,
        errors=(404, 503),
    )
    def mark_message(self, id: str, body: shapes.Marks) -> shapes.Summary:
        """Seen or not, and its tags."""
        self._mark(self._one(id), body)
        return shapes.summary(message_of(self._store, id))

    @operation("DELETE", "/api/messages/{id}", "Delete a message", response=shapes.Changed, errors=(404, 503))
    def delete_message(self, id: str) -> shapes.Changed:
        """For good."""
        deleted = self._store.delete(self._one(id)).result()
        if not deleted:
            raise NotFound(f"There is no message {id}", "it may have been deleted")
        return _changed(deleted)

    @operation("GET", "/api/messages/{id}/raw", "The exact octets", media="message/rfc822", errors=(404,))
    def raw(self, id: str) -> Answer:
        """What the client sent between DATA and the final dot, dot-stuffing undone; sha256 is of these octets."""
        message = message_of(self._store, id)
        octets = _started(self._store.octets(message.id))
        return attachment(octets, "message/rfc822", f"message-{message.id}.eml", message.size)

    @operation("GET", "/api/messages/{id}/text", "The plain text", media="text/plain", errors=(404,))
    def text(self, id: str) -> Answer:
        """The text parts, decoded to UTF-8."""
        message = message_of(self._store, id)
        return _as_text(self._contents.of(message).text)

    @operation("GET", "/api/messages/{id}/html", "The HTML source", media="text/plain", errors=(404,))
    def html(self, id: str) -> Answer:
        """As text/plain, so that no browser shows a stranger's HTML as ours."""
        message = message_of(self._store, id)
        answer = _as_text(self._contents.of(message).html)
        answer.headers["Content-Disposition"] = f'attachment; filename="message-{message.id}.html.txt"'
        return answer

    @operation(
        "GET",
        "/api/messages/{id}/parts/{part}",
        "One decoded part",
        media="application/octet-stream",
        also=("image/png", "image/jpeg", "image/gif", "image/webp"),
        errors=(404,),
    )
    def part(self, id: str, part: str) -> Answer:
        """Octet by octet after the transfer encoding. Raster images keep their type; anything else is a download."""
        message = message_of(self._store, id)
        found = self._contents.of(message).part(part)
        if found is None or found.is_multipart:
            raise NotFound(f"Message {message.id} has no part {part[:40]}", "its `parts` lists those it has")
        return part_response(found.octets(), found.filename or f"part-{found.path}")

    @operation("GET", "/api/messages/{id}/transcript", "Its SMTP dialogue", response=shapes.SessionShape, errors=(404,))
    def transcript(self, id: str) -> shapes.SessionShape:
        """The whole session that brought the message; without lines where it came by HTTP or they are gone."""
        message = message_of(self._store, id)
        session = self._sandbox.session(message.arrival.session) if message.arrival.session is not None else None
        if session is None or not scope.sees_dialogue(self._sandbox, session):
            return shapes.session_shape(_without_dialogue(message))
        return shapes.session_shape(session, *judged(self._sandbox, session.id))

    def _query(self, text: str | None, inbox: str | None) -> Query:
        query = parse(text or "", self._sandbox.clock.now())
        if inbox:
            query = query.within(inbox)
        if text and not text.isspace() and not self._store.catch_up():
            raise Unavailable("The search index is behind", "ask again in a moment")
        return query

    def _opened(self, names: str) -> str:
        """These inboxes, made where there is none of the name."""
        return " ".join(dict.fromkeys([self._sandbox.inboxes.open(name).name for name in names.split(" ")]))

    def _selection(self, choice: Choice) -> Selection:
        numbers = None if choice.ids is None else tuple(int(id) for id in choice.ids.split(","))
        selection = Selection(self._query(choice.query, None), numbers, choice.inbox or "")
        is_everything = numbers is None and not choice.inbox and selection.query == Query.EVERYTHING
        if choice.all is False or (is_everything and not choice.all):
            raise Invalid("Which messages? Nothing was changed", "say query=…, ids=1,2,3 or all=true")
        return selection

    def _one(self, id: str) -> Selection:
        return Selection(Query.EVERYTHING, (message_of(self._store, id).id,), scope.inbox())

    def _mark(self, selection: Selection, marks: shapes.Marks) -> shapes.Changed:
        return _changed(
            self._store.mark(
                selection,
                seen=None if marks.seen is msgspec.UNSET else marks.seen,
                tags=None if marks.tags is msgspec.UNSET else marks.tags,
                add_tags=marks.add_tags,
                remove_tags=marks.remove_tags,
            ).result()
        )


def _cursors(listing: Listing) -> tuple[int | None, int | None]:
    """`before` and `after` as numbers. `next` continues towards older messages in whichever it is handed back."""
    before, after = listing.before, listing.after
    older_than = [] if before is None else [int(before.removeprefix("b"))]
    if after is not None and after.startswith("b"):
        older_than.append(int(after[1:]))
        after = None
    return min(older_than, default=None), None if after is None else int(after)


def _changed(ids: list[int]) -> shapes.Changed:
    return shapes.Changed(len(ids), [str(id) for id in ids])


def _detail(message: Message, content: Content, deliveries: Iterable[Delivery]) -> shapes.MessageShape:
    from mailtrap.web.extracts import extracts  # whose words take longer to read in than most tests

    summary = shapes.summary(message)
    truncated = [name for name in ("text", "html") if len(getattr(content, name)) > LONGEST_TEXT]
    attached = {id(part) for part in content.attachments}
    return shapes.MessageShape(
        *[getattr(summary, name) for name in summary.__struct_fields__],
        header=[shapes.HeaderField(field.name, field.value) for field in content.header],
        text=content.text[:LONGEST_TEXT],
        html=content.html[:LONGEST_TEXT],
        parts=[
            shapes.PartShape(
                p.path, p.type, p.charset, p.filename, p.size, p.disposition, p.content_id, id(p) in attached
            )
            for p in content.parts
            if not p.children or id(p) in attached
        ],
        **extracts(content),
        arrival=shapes.arrival(message),
        esmtp=shapes.esmtp(message.envelope),
        session=None if message.arrival.session is None else str(message.arrival.session),
        deliveries=[delivery(one) for one in deliveries],
        truncated=truncated,
    )


def _without_dialogue(message: Message) -> Session:
    """What the message itself knows of the session that brought it."""
    came = message.arrival
    return Session(
        came.session or 0,
        came.listener,
        came.peer,
        came.at,
        came.at,
        came.helo,
        (came.tls.version, came.tls.cipher) if came.tls else None,
        (came.login.mechanism, came.login.user) if came.login else None,
        "none" if came.session is None else "forgotten",
        message.size,
        (message.id,),
    )


def _started(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """The same pieces, the first one read already, so that a missing message is noticed before the answer begins."""
    iterator = iter(pieces)
    first = next(iterator, b"")

    def rest() -> Iterable[bytes]:
        yield first
        yield from iterator

    return rest()


def _as_text(text: str) -> Answer:
    return Answer([text.encode("utf-8", "replace")], TEXT)


def _peer() -> str:
    return f"{_request().remote_addr or ''}:{_request().environ.get('REMOTE_PORT', '')}".strip(":")


def _request() -> Request:
    # What brings a message needs Flask; who only looks at messages should not have to wait for it.
    import flask

    return flask.request
