"""How a message and a session are written as rows and read back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
import zstandard
from msgspec.structs import replace

from mailtrap.mail.arrival import Arrival, Login, Tls
from mailtrap.mail.envelope import Envelope, Parameters, Recipient
from mailtrap.mail.message import Heading, Mailbox, Message, State, Submission
from mailtrap.mail.transcript import Line, Transcript
from mailtrap.store.base import Session

Row = tuple[Any, ...]

#: Columns of `message` that make a Message, in the order `to_message` reads them.
MESSAGE_COLUMNS = (
    "id, inbox, received_at, size, sha256, subject, sender, to_, cc, bcc, reply_to, message_id, date, reverse_path, "
    "rcpt, esmtp, listener, peer, helo, protocol, tls, login, session, state, seen, tags, snippet, attachments, defects"
)
#: Columns of `session` without its lines, in the order `to_session` reads them.
SESSION_COLUMNS = "id, listener, peer, started_at, ended_at, helo, tls, login, outcome, octets_in, messages"

#: How many values `from_submission` and `from_transcript` give.
MESSAGE_WIDTH = 31
SESSION_WIDTH = 12

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")

_json = msgspec.json.Encoder()
_read = msgspec.json.Decoder()
_lines = msgspec.json.Decoder(list[Line])


def encode(value: object) -> str:
    """As JSON text; SQLite's JSON functions take no blobs."""
    return _json.encode(value).decode()


def decode(text: str) -> Any:
    """The value of JSON text that `encode` wrote."""
    return _read.decode(text)


def clean(text: str) -> str:
    """The text as SQLite and its JSON functions can hold it: NUL and lone surrogates become U+FFFD."""
    return _UNWRITABLE.sub("\ufffd", text)


def from_submission(id_: int, submission: Submission, content: int, codec: str) -> Row:
    """All columns of `message`, in the order of the table."""
    try:
        row = _message_row(id_, submission, content, codec)
        if is_clean(row):
            return row
    except UnicodeEncodeError:
        pass
    return _message_row(id_, cleaned(submission), content, codec)


def _message_row(id_: int, submission: Submission, content: int, codec: str) -> Row:
    envelope, arrival, heading = submission.envelope, submission.arrival, submission.heading
    recipients = envelope.recipients
    esmtp = None
    if envelope.parameters or any([recipient.parameters for recipient in recipients]):
        esmtp = encode({"mail": envelope.parameters, "rcpt": [recipient.parameters for recipient in recipients]})
    return (
        id_,
        submission.inbox,
        arrival.at,
        submission.size,
        submission.sha256,
        heading.subject,
        _mailboxes(heading.sender),
        _mailboxes(heading.to),
        _mailboxes(heading.cc),
        _mailboxes(heading.bcc),
        _mailboxes(heading.reply_to),
        heading.message_id,
        heading.date,
        envelope.reverse_path,
        encode([recipient.address for recipient in recipients]),
        esmtp,
        arrival.listener,
        arrival.peer,
        arrival.helo,
        arrival.protocol,
        f"{arrival.tls.version} {arrival.tls.cipher}" if arrival.tls else None,
        encode([arrival.login.mechanism, arrival.login.user]) if arrival.login else None,
        arrival.session,
        content,
        codec,
        State.RECEIVED.value,
        0,
        encode(submission.tags) if submission.tags else "[]",
        "",
        0,
        encode(submission.flags) if submission.flags else "[]",
    )


def cleaned(submission: Submission) -> Submission:
    """The same without what SQLite, or JSON in it, cannot hold: NUL and lone surrogates (see `clean`)."""
    envelope, arrival, heading = submission.envelope, submission.arrival, submission.heading
    return replace(
        submission,
        inbox=clean(submission.inbox),
        tags=tuple(map(clean, submission.tags)),
        envelope=Envelope(
            clean(envelope.reverse_path),
            tuple([Recipient(clean(one.address), _clean_parameters(one.parameters)) for one in envelope.recipients]),
            _clean_parameters(envelope.parameters),
        ),
        arrival=replace(
            arrival,
            helo=clean(arrival.helo),
            login=arrival.login and Login(clean(arrival.login.mechanism), clean(arrival.login.user)),
        ),
        heading=Heading(
            clean(heading.subject),
            _clean_mailboxes(heading.sender),
            _clean_mailboxes(heading.to),
            _clean_mailboxes(heading.cc),
            _clean_mailboxes(heading.bcc),
            _clean_mailboxes(heading.reply_to),
            clean(heading.message_id),
            clean(heading.date),
        ),
    )


def is_clean(row: Row) -> bool:
    """Whether SQLite and its JSON functions can hold every text of the row."""
    text = " ".join([value for value in row if type(value) is str])
    return "\0" not in text and "\\u0000" not in text and (text.isascii() or not _UNWRITABLE.search(text))


def to_message(row: Row) -> Message:
    """The value of a row of MESSAGE_COLUMNS."""
    (id_, inbox, at, size, sha256, subject, sender, to, cc, bcc, reply_to, message_id, date, reverse_path) = row[:14]
    (rcpt, esmtp, listener, peer, helo, protocol, tls, login, session) = row[14:23]
    (state, seen, tags, snippet, attachments, defects) = row[23:]
    parameters: Parameters = ()
    addresses = decode(rcpt)
    if esmtp is None:
        recipients = tuple([Recipient(address) for address in addresses])
    else:
        sent = decode(esmtp)
        parameters = _parameters(sent["mail"])
        recipients = tuple(
            [Recipient(address, _parameters(given)) for address, given in zip(addresses, sent["rcpt"], strict=True)]
        )
    return Message(
        id_,
        inbox,
        Envelope(reverse_path, recipients, parameters),
        Arrival(at, listener, peer, helo, protocol, _tls(tls), _login(login), session),
        Heading(
            subject,
            _read_mailboxes(sender),
            _read_mailboxes(to),
            _read_mailboxes(cc),
            _read_mailboxes(bcc),
            _read_mailboxes(reply_to),
            message_id,
            date,
        ),
        size,
        sha256.hex(),
        State(state),
        bool(seen),
        tuple(decode(tags)) if tags != "[]" else (),
        snippet,
        attachments,
        tuple(decode(defects)) if defects != "[]" else (),
    )


def from_transcript(transcript: Transcript) -> Row:
    """All columns of `session`, in the order of the table."""
    tls, login = transcript.tls, transcript.login
    return (
        transcript.session,
        transcript.listener,
        transcript.peer,
        transcript.started_at,
        transcript.ended_at,
        clean(transcript.helo),
        f"{tls.version} {tls.cipher}" if tls else None,
        encode([clean(login.mechanism), clean(login.user)]) if login else None,
        transcript.outcome,
        transcript.octets_in,
        encode(transcript.messages),
        zstandard.ZstdCompressor(level=1).compress(_json.encode(transcript.lines())),
    )


def to_session(row: Row, lines: bytes | None = None) -> Session:
    """The value of a row of SESSION_COLUMNS, with the lines that were kept beside it if given."""
    (id_, listener, peer, started_at, ended_at, helo, tls, login, outcome, octets_in, messages) = row
    protection, who = _tls(tls), _login(login)
    return Session(
        id_,
        listener,
        peer,
        started_at,
        ended_at,
        helo,
        (protection.version, protection.cipher) if protection else None,
        (who.mechanism, who.user) if who else None,
        outcome,
        octets_in,
        tuple(decode(messages)),
        tuple(_lines.decode(zstandard.ZstdDecompressor().decompress(lines))) if lines else (),
    )


def _mailboxes(mailboxes: Iterable[Mailbox]) -> str:
    return encode([(mailbox.name, mailbox.address) for mailbox in mailboxes]) if mailboxes else "[]"


def _read_mailboxes(text: str) -> tuple[Mailbox, ...]:
    return () if text == "[]" else tuple([Mailbox(name, address) for name, address in decode(text)])


def _parameters(given: list[list[str | None]]) -> Parameters:
    return tuple([(str(keyword), value) for keyword, value in given])


def _clean_mailboxes(mailboxes: Iterable[Mailbox]) -> tuple[Mailbox, ...]:
    return tuple([Mailbox(clean(mailbox.name), clean(mailbox.address)) for mailbox in mailboxes])


def _clean_parameters(given: Parameters) -> Parameters:
    return tuple([(clean(keyword), None if value is None else clean(value)) for keyword, value in given])


def _tls(text: str | None) -> Tls | None:
    return Tls(*text.split(" ", 1)) if text else None


def _login(text: str | None) -> Login | None:
    return Login(*decode(text)) if text else None
