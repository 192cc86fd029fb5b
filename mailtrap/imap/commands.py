"""What IMAP commands say, as values (RFC 9051 §6 and its extensions)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from mailtrap.store.folder import Alteration

#: In a sequence set, the largest number there is (`*`).
STAR = 0


class CommandError(ValueError):
    """A command that cannot be understood; the text says why. `tag` is empty where there is none to be read.

    It is answered with BAD, or with NO where `refused`; `code` stands in the brackets of the response.
    """

    def __init__(self, text: str, tag: str = "", code: str = "", refused: bool = False) -> None:
        super().__init__(text)
        self.tag = tag
        self.code = code
        self.refused = refused


class Sink(Protocol):
    """Takes the content of a message that is appended, piece by piece."""

    def write(self, octets: bytes) -> None: ...

    def discard(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Literal:
    """Octets that were announced by their number (RFC 9051 §4.3). `sink` has those of a message, `octets` others."""

    size: int
    octets: bytes = b""
    sink: Sink | None = None
    binary: bool = False


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """Message numbers or uids as they were written, or with `saved` the result of the last search (`$`)."""

    ranges: tuple[tuple[int, int], ...] = ()
    saved: bool = False

    def resolved(self, largest: int) -> list[tuple[int, int]]:
        """The same with `*` as `largest`: inclusive ranges, ascending, none touching the next. Not for `$`."""
        pairs = [(first or largest, last or largest) for first, last in self.ranges]
        return joined((min(pair), max(pair)) for pair in pairs)

    def __str__(self) -> str:
        if self.saved:
            return "$"
        return ",".join(
            [str(first or "*") + (f":{last or '*'}" if first != last else "") for first, last in self.ranges]
        )


def joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Inclusive ranges in order, those that overlap or touch made one."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return merged


# Any state, and logging in.


@dataclass(frozen=True, slots=True)
class Login:
    """LOGIN."""

    user: str
    password: bytes


@dataclass(frozen=True, slots=True)
class Authenticate:
    """AUTHENTICATE. `initial` is the initial response in base64 as written (`=` if it is empty), empty for none."""

    mechanism: str
    initial: bytes = b""


@dataclass(frozen=True, slots=True)
class Id:
    """ID: what the client says of itself (RFC 2971); empty for NIL."""

    fields: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Enable:
    """ENABLE, names in upper case."""

    capabilities: tuple[str, ...]


# Folders. Names are text, whatever they were written in.


@dataclass(frozen=True, slots=True)
class Mailbox:
    """DELETE, SUBSCRIBE, UNSUBSCRIBE, GETQUOTAROOT."""

    name: str


@dataclass(frozen=True, slots=True)
class Create:
    """CREATE. `uses` are special uses as in `\\Sent` (RFC 6154 §3), as written."""

    name: str
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rename:
    """RENAME."""

    name: str
    to: str


@dataclass(frozen=True, slots=True)
class Qresync:
    """What a client knows of a folder it wants to be brought up to date (RFC 7162 §3.2.5).

    `numbers` and `uids` pair some sequence numbers with the uids they had.
    """

    uid_validity: int
    modseq: int
    known: SequenceSet | None = None
    numbers: SequenceSet | None = None
    uids: SequenceSet | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """SELECT, EXAMINE."""

    name: str
    condstore: bool = False
    qresync: Qresync | None = None


@dataclass(frozen=True, slots=True)
class List:
    """LIST, LSUB. Options in upper case (RFC 5258); `status` are the items of RETURN (STATUS …) (RFC 5819).

    `extended` says that the form of RFC 5258 was used in some way.
    """

    reference: str
    patterns: tuple[str, ...]
    selection: frozenset[str] = frozenset()
    returns: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()
    extended: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """STATUS, items in upper case, in the order asked for."""

    name: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Appended:
    """One message of APPEND. `date` in microseconds since the epoch; `utf8` if sent as UTF8 (…) (RFC 6855 §4)."""

    content: Literal
    flags: tuple[str, ...] = ()
    date: int | None = None
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Append:
    """APPEND; several messages by MULTIAPPEND (RFC 3502)."""

    name: str
    messages: tuple[Appended, ...]


@dataclass(frozen=True, slots=True)
class Quota:
    """GETQUOTA and SETQUOTA; `limits` are what SETQUOTA wants, names in upper case (RFC 9208)."""

    root: str
    limits: tuple[tuple[str, int], ...] = ()


# The folder that is open.


@dataclass(frozen=True, slots=True)
class Expunge:
    """UID EXPUNGE (RFC 4315 §2.1); EXPUNGE has no arguments."""

    sequence: SequenceSet


@dataclass(frozen=True, slots=True)
class Section:
    """BODY[…], BINARY[…], BINARY.SIZE[…], or RFC822, RFC822.HEADER and RFC822.TEXT, which mean such a section.

    `name` is which of these it was, without `.PEEK`. `part` is as in `1.2`, `text` one of the empty string, `HEADER`,
    `HEADER.FIELDS`, `HEADER.FIELDS.NOT`, `TEXT`, `MIME`; `fields` as written. `partial`: first octet and how many.
    """

    part: tuple[int, ...] = ()
    text: str = ""
    fields: tuple[bytes, ...] = ()
    partial: tuple[int, int] | None = None
    peek: bool = False
    name: str = "BODY"

    @property
    def binary(self) -> bool:
        """Whether it is the decoded content, or its size."""
        return self.name.startswith("BINARY")

    @property
    def marks_seen(self) -> bool:
        """Whether asking for it sets `\\Seen` (RFC 9051 §6.4.5)."""
        return not (self.peek or self.name in ("BINARY.SIZE", "RFC822.HEADER"))

    @property
    def label(self) -> bytes:
        """What it is called in the response, with the first octet of a partial (RFC 9051 §7.5.2).

        Header fields are in upper case, as Dovecot has them, for which clients are written.
        """
        if self.name.startswith("RFC822"):
            return self.name.encode()
        words = [".".join(map(str, self.part)) if self.part else "", self.text]
        inner = ".".join([word for word in words if word]).encode()
        if self.fields:
            inner += b" (" + b" ".join([_field(name.upper()) for name in self.fields]) + b")"
        first = b"" if self.partial is None else b"<%d>" % self.partial[0]
        return self.name.encode() + b"[" + inner + b"]" + first


def _field(name: bytes) -> bytes:
    """A header field's name as it was meant: quoted only where it must be."""
    if name and not any(octet <= 32 or octet >= 127 or octet in b'(){%*"\\]' for octet in name):
        return name
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


@dataclass(frozen=True, slots=True)
class Fetch:
    """FETCH, macros written out, names in upper case, each attribute once. `changed_since` and `vanished`: RFC 7162."""

    sequence: SequenceSet
    attributes: tuple[str | Section, ...]
    changed_since: int | None = None
    vanished: bool = False


@dataclass(frozen=True, slots=True)
class Store:
    """STORE. System flags are written `\\Seen`, whatever their case was."""

    sequence: SequenceSet
    how: Alteration
    flags: tuple[str, ...]
    silent: bool = False
    unchanged_since: int | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """COPY, MOVE."""

    sequence: SequenceSet
    name: str


# SEARCH (RFC 9051 §6.4.4): what a program is made of.


@dataclass(frozen=True, slots=True)
class Everything:
    """ALL, OLD."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """SEEN, KEYWORD …: a flag that is set."""

    flag: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """A sequence set, or UID and a set of uids."""

    sequence: SequenceSet
    uid: bool = False


@dataclass(frozen=True, slots=True)
class Sized:
    """LARGER or SMALLER than so many octets."""

    larger: bool
    octets: int


@dataclass(frozen=True, slots=True)
class Dated:
    """BEFORE, ON, SINCE a day (`first` and `end` with None for open ends), by its own Date field if `sent`.

    It is one of the days from `first` up to but not including `end`, whatever the time and zone.
    """

    first: date | None
    end: date | None
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Within:
    """OLDER or YOUNGER than so many seconds (RFC 5032)."""

    older: bool
    seconds: int


@dataclass(frozen=True, slots=True)
class Containing:
    """A text in a `field`: `subject`, `from`, `to`, `cc`, `bcc`, `body`, `header` with its `name`, or `` for TEXT."""

    field: str
    value: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """MODSEQ: at least this (RFC 7162 §3.1.5)."""

    modseq: int


@dataclass(frozen=True, slots=True)
class Identified:
    """EMAILID, or THREADID if `thread` (RFC 8474 §5.3)."""

    id: str
    thread: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """What does not match."""

    key: Key


@dataclass(frozen=True, slots=True)
class And:
    """What matches all of them."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What matches any of them."""

    keys: tuple[Key, ...]


Key = Everything | Flagged | Numbered | Sized | Dated | Within | Containing | Changed | Identified | Not | And | Or


@dataclass(frozen=True, slots=True)
class Search:
    """SEARCH. `returns` in upper case: MIN, MAX, ALL, COUNT, SAVE; None where the old form was used (RFC 4731)."""

    key: Key
    returns: frozenset[str] | None = None
    unknown_charset: bool = False


@dataclass(frozen=True, slots=True)
class Criterion:
    """One sort key, in upper case (RFC 5256 §3)."""

    key: str
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """SORT."""

    criteria: tuple[Criterion, ...]
    key: Key


@dataclass(frozen=True, slots=True)
class Thread:
    """THREAD; the algorithm in upper case."""

    algorithm: str
    key: Key


Arguments = (
    Login | Authenticate | Id | Enable | Mailbox | Create | Rename | Select | List | Status | Append | Quota
    | Expunge | Fetch | Store | Copy | Search | Sort | Thread
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `verb` in upper case; what follows UID has that set. `arguments` is None where there are none.

    The values, by verb: LOGIN Login; AUTHENTICATE Authenticate; ID Id; ENABLE Enable; SELECT, EXAMINE Select;
    CREATE Create; DELETE, SUBSCRIBE, UNSUBSCRIBE, GETQUOTAROOT Mailbox; RENAME Rename; LIST, LSUB List; STATUS Status;
    APPEND Append; GETQUOTA, SETQUOTA Quota; FETCH Fetch; STORE Store; COPY, MOVE Copy; SEARCH Search; SORT Sort;
    THREAD Thread; UID EXPUNGE Expunge. None: NOOP, CAPABILITY, LOGOUT, STARTTLS, IDLE, NAMESPACE, CHECK, CLOSE,
    UNSELECT, EXPUNGE.
    """

    tag: str
    verb: str
    arguments: Arguments | None = None
    uid: bool = False
