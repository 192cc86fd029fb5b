"""The wire shapes: what JSON looks like coming in and going out, and how it is made from our values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import asdict

from mailtrap.clock import rfc3339
from mailtrap.events import Event
from mailtrap.faults.aftermath import Verdict
from mailtrap.mail.envelope import Envelope, Parameters
from mailtrap.mail.message import Mailbox, Message
from mailtrap.mail.words import envelope_only
from mailtrap.store.base import Session
from mailtrap.web import scope
from mailtrap.web.delivery_shapes import DeliveryShape
from mailtrap.web.extract_shapes import CalendarShape, CodeShape, LinkShape, PictureShape, UnsubscribeShape
from mailtrap.web.wire import Id, Time, id_or_none

TagList = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=100)]


class Address(Struct):
    """A mailbox as a header field names it, decoded. Either may be empty."""

    name: str
    address: str


class EnvelopeShape(Struct, rename={"sender": "from"}):
    """What MAIL FROM and RCPT TO said; an empty `from` is the null reverse-path `<>`."""

    sender: str
    to: list[str]


class Summary(Struct, rename={"sender": "from"}):
    """A message in lists. `from` has empty strings where the header names nobody."""

    id: Id
    inbox: Annotated[str, Meta(description="The first of its inboxes")]
    inboxes: Annotated[list[str], Meta(description="All inboxes it is in")]
    received_at: Time
    subject: str
    sender: Address
    to: list[Address]
    cc: list[Address]
    bcc: list[Address]
    blind_recipients: Annotated[list[str], Meta(description="Envelope recipients named in neither To nor Cc")]
    reply_to: list[Address]
    message_id: str
    date: Annotated[str, Meta(description="The Date field as sent")]
    size: Annotated[int, Meta(description="Octets", ge=0)]
    sha256: Annotated[str, Meta(description="Of the exact octets, as /raw gives them")]
    snippet: str
    seen: bool
    tags: list[str]
    attachments: Annotated[int, Meta(description="How many", ge=0)]
    state: Annotated[str, Meta(description="received, indexed or unparsed")]
    defects: list[str]
    envelope: EnvelopeShape


class HeaderField(Struct):
    """One header field, its value unfolded and decoded."""

    name: str
    value: str


class PartShape(Struct):
    """One MIME part that is no container, or an attached message. `path` names it in `/parts/{path}`; `size` is in
    decoded octets. `attachment`: a person would save it, it is neither the text nor shown within that.
    """

    path: str
    type: str
    charset: str
    filename: str
    size: int
    disposition: str
    content_id: str
    attachment: bool


class TlsShape(Struct):
    """The protection of the connection that brought the message."""

    version: str
    cipher: str


class LoginShape(Struct):
    """Who logged in, never with what secret."""

    mechanism: str
    user: str


class ArrivalShape(Struct):
    """By which way a message came."""

    listener: str
    peer: str
    helo: str
    protocol: Annotated[str, Meta(description="RFC 3848 keyword such as ESMTPSA")]
    tls: TlsShape | None
    login: LoginShape | None


class Parameter(Struct):
    """One ESMTP parameter as sent; `value` is null for a keyword alone."""

    keyword: str
    value: str | None


class RecipientParameters(Struct):
    """The parameters of one RCPT TO."""

    address: str
    parameters: list[Parameter]


class Esmtp(Struct):
    """The parameters of MAIL FROM, and of those RCPT TO that had some."""

    mail: list[Parameter]
    rcpt: list[RecipientParameters]


class MessageShape(Summary, kw_only=True):
    """One message with what is in it. `truncated` names the fields cut short here; ask for them by their own URL.

    `deliveries` has the first hundred recipients; `/api/deliveries?message=` has all.
    """

    header: list[HeaderField]
    text: str
    html: str
    parts: list[PartShape]
    links: list[LinkShape]
    codes: list[CodeShape]
    images: list[PictureShape]
    unsubscribe: UnsubscribeShape | None
    calendar: list[CalendarShape]
    preheader: str
    arrival: ArrivalShape
    esmtp: Esmtp
    session: Id | None
    deliveries: list[DeliveryShape]
    truncated: list[str]


class MessageList(Struct):
    """One page, newest first. Hand `next` back as `before` for the page after it; null at the end."""

    messages: list[Summary]
    total: Annotated[int, Meta(description="How many match in all", ge=0)]
    next: str | None


class Changed(Struct):
    """How many messages a change reached, and which."""

    count: int
    ids: list[Id]


class Marks(Struct, forbid_unknown_fields=True):
    """What to note about messages; what is left out stays as it is."""

    seen: bool | msgspec.UnsetType = msgspec.UNSET
    tags: TagList | msgspec.UnsetType = msgspec.UNSET
    add_tags: TagList = []
    remove_tags: TagList = []


class LineShape(Struct):
    """One line of a dialogue: `C` the client's, `S` the server's, `-` a note on what was left out."""

    at: Time
    side: str
    text: str
    fault: Id | None


class VerdictShape(Struct):
    """What RFC 5321 thinks of what a client did after a failure: `good`, `doubtful`, `bad`, or `open` as yet."""

    judgement: str
    findings: list[str]


class SessionSummary(Struct):
    """One SMTP dialogue in lists; `ended_at` is null while it lasts, `verdict` where the client met no failure.

    `faults` are the rules that spoke in it.
    """

    id: Id
    listener: str
    started_at: Time
    ended_at: Time | None
    peer: str
    helo: str
    tls: TlsShape | None
    login: LoginShape | None
    outcome: str
    octets_in: int
    messages: list[Id]
    verdict: VerdictShape | None
    faults: list[Id]


class SessionShape(SessionSummary, kw_only=True):
    """One SMTP dialogue with its lines, secrets masked."""

    lines: list[LineShape]


class SessionList(Struct):
    """The newest first. Hand `next` back as `before`; null at the end."""

    sessions: list[SessionSummary]
    next: Id | None


class Announcement(Struct, omit_defaults=True):
    """Something happened. `id` is a message's, or a session's where `kind` is `session`; `inbox` names all it is in."""

    seq: int
    kind: str
    id: str = ""
    inbox: str = ""


class Events(Struct):
    """What happened after a `seq`. With `resume` some of it is forgotten: fetch the list again."""

    seq: int
    events: list[Announcement]
    resume: bool


class TagCount(Struct):
    """A tag in use and how many messages carry it."""

    name: str
    count: int


class Tags(Struct):
    """Every tag in use."""

    tags: list[TagCount]


class Counts(Struct):
    """What the store holds, and totals since it was opened."""

    messages: int
    unseen: int
    octets: int
    captured: int
    deleted: int
    evicted: int
    index_backlog: int
    database_size: int


class Info(Struct):
    """This server."""

    name: str
    version: str
    started_at: Time
    addresses: dict[str, str]
    ca_file: str
    database: str
    max_message_size: int
    max_age: Annotated[float, Meta(description="Seconds after which messages are evicted; 0 for never", ge=0)]
    counts: Counts
    open_sessions: int
    waiting: Annotated[int, Meta(description="Requests that wait for mail now", ge=0)]
    seq: Annotated[int, Meta(description="The newest event; pass it to /api/events or /api/live as `after`")]


class Status(Struct):
    """`ok`."""

    status: str


def summary(message: Message) -> Summary:
    """A message as lists show it."""
    heading, envelope = message.heading, message.envelope
    inboxes = scope.visible(message.inboxes)
    return Summary(
        str(message.id),
        inboxes[0] if inboxes else message.inbox,
        inboxes,
        rfc3339(message.arrival.at),
        heading.subject,
        address(heading.sender[0]) if heading.sender else Address("", ""),
        addresses(heading.to),
        addresses(heading.cc),
        addresses(heading.bcc),
        list(envelope_only(message)),
        addresses(heading.reply_to),
        heading.message_id,
        heading.date,
        message.size,
        message.sha256,
        message.snippet,
        message.seen,
        list(message.tags),
        message.attachments,
        message.state.value,
        list(message.defects),
        EnvelopeShape(envelope.reverse_path, list(envelope.addresses)),
    )


def address(mailbox: Mailbox) -> Address:
    """One mailbox."""
    return Address(mailbox.name, mailbox.address)


def addresses(mailboxes: tuple[Mailbox, ...]) -> list[Address]:
    """A list of mailboxes."""
    return [Address(mailbox.name, mailbox.address) for mailbox in mailboxes]


def arrival(message: Message) -> ArrivalShape:
    """How the message came."""
    came = message.arrival
    return ArrivalShape(
        came.listener,
        came.peer,
        came.helo,
        came.protocol,
        TlsShape(came.tls.version, came.tls.cipher) if came.tls else None,
        LoginShape(came.login.mechanism, came.login.user) if came.login else None,
    )


def esmtp(envelope: Envelope) -> Esmtp:
    """The envelope's ESMTP parameters."""
    return Esmtp(
        _parameters(envelope.parameters),
        [RecipientParameters(r.address, _parameters(r.parameters)) for r in envelope.recipients if r.parameters],
    )


def _parameters(parameters: Parameters) -> list[Parameter]:
    return [Parameter(keyword, value) for keyword, value in parameters]


def session_shape(session: Session, verdict: Verdict | None = None, faults: Iterable[int] = ()) -> SessionShape:
    """A dialogue with its lines."""
    lines = [LineShape(rfc3339(line.at), line.side, line.text, id_or_none(line.fault)) for line in session.lines]
    spoke = [line.fault for line in session.lines if line.fault]
    return SessionShape(**asdict(session_summary(session, verdict, (*faults, *spoke))), lines=lines)


def session_summary(session: Session, verdict: Verdict | None = None, faults: Iterable[int] = ()) -> SessionSummary:
    """A dialogue as lists show it."""
    return SessionSummary(
        str(session.id),
        session.listener,
        rfc3339(session.started_at),
        None if session.ended_at is None else rfc3339(session.ended_at),
        session.peer,
        session.helo,
        TlsShape(*session.tls) if session.tls else None,
        LoginShape(*session.login) if session.login else None,
        session.outcome,
        session.octets_in,
        [str(id) for id in session.messages],
        VerdictShape(verdict.judgement, list(verdict.findings)) if verdict else None,
        [str(id) for id in dict.fromkeys(faults) if id],
    )


def announcement(event: Event, only: str = "") -> Announcement:
    """An event as it is told, to those who may see one inbox only as if there were no other."""
    return Announcement(event.seq, event.kind.value, event.id, only if only and event.inbox else event.inbox)
