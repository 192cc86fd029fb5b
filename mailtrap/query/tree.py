"""What a query is made of, and whether a message in memory matches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import force_setattr

from mailtrap.mail.arrival import address_of
from mailtrap.mail.message import Mailbox, Message, State, Understanding
from mailtrap.mail.words import (
    BOUNDARY,
    COLUMNS,
    UNDERSTOOD,
    envelope_only,
    field_word,
    fold,
    search_column,
    split,
    words,
)
from mailtrap.query.quoting import quoted
from mailtrap.query.terms import FIELDS, KINDS, Kind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING = Understanding(0, State.RECEIVED)


class Searchable:
    """A message with what is known of its content, as queries look at it.

    Columns are made when first asked for, and so is what is known of the content where a function is given for it.
    """

    __slots__ = ("_columns", "_understanding", "message")

    def __init__(self, message: Message, understanding: Understanding | Callable[[], Understanding]) -> None:
        self.message = message
        self._understanding = understanding
        self._columns: dict[str, str] = {}

    @property
    def understanding(self) -> Understanding:
        """What is known of the content beyond its heading."""
        if not isinstance(self._understanding, Understanding):
            self._understanding = self._understanding()
        return self._understanding

    def holds(self, column: str, sequence: str, prefix: bool) -> bool:
        """Whether words, joined by single spaces, occur in sequence in a column (any column if empty)."""
        needle = f" {sequence}" if prefix else f" {sequence} "
        return any(needle in self._column(name) for name in ((column,) if column else COLUMNS))

    def _column(self, name: str) -> str:
        text = self._columns.get(name)
        if text is None:
            known = self.understanding if name in UNDERSTOOD else _NOTHING
            text = f" {' '.join(split(search_column(name, self.message, known)))} "
            self._columns[name] = text
        return text

    def mailboxes(self, name: str) -> Iterator[Mailbox]:
        """The mailboxes and bare addresses of an address field of the language."""
        heading, envelope = self.message.heading, self.message.envelope
        listed = {"from": heading.sender, "to": heading.to, "cc": heading.cc, "bcc": heading.bcc}.get(name, ())
        yield from listed
        if name == "from":
            yield Mailbox("", envelope.reverse_path)
        elif name != "to" and name != "cc":
            for address in envelope.addresses if name == "rcpt" else envelope_only(self.message):
                yield Mailbox("", address)

    def values(self, name: str) -> Iterator[str]:
        """The values of a field that is compared whole. Absent ones are empty."""
        message, arrival = self.message, self.message.arrival
        match name:
            case "tag":
                yield from message.tags
            case "inbox":
                yield from message.inboxes
            case "message-id":
                yield message.heading.message_id.strip("<>")
            case "reverse-path":
                yield message.envelope.reverse_path
            case "listener":
                yield arrival.listener
            case "peer":
                yield address_of(arrival.peer)
            case "domain":
                for address in message.envelope.addresses:
                    if "@" in address:
                        yield address.rpartition("@")[2]
            case "helo":
                yield arrival.helo
            case _:
                yield arrival.login.user if arrival.login else ""


class Everything(Struct, frozen=True):
    """Every message."""

    def __str__(self) -> str:
        return ""

    def matches(self, record: Searchable) -> bool:
        return True


class Words(Struct, frozen=True):
    """The words of `value` in sequence in a field, or anywhere if `field` is empty.

    With `prefix` the last one need only begin so. `name` is the header field's name where `field` is `header`.
    """

    field: str
    value: str
    prefix: bool = False
    name: str = ""
    #: The words as the index has them, joined by spaces; empty if there are none, and then nothing matches.
    sequence: str = ""

    def __post_init__(self) -> None:
        found = words(self.value)
        if self.field == "header":
            tag = field_word(self.name) + BOUNDARY
            found = [tag + word for word in found]
        force_setattr(self, "sequence", " ".join(found))

    @property
    def column(self) -> str:
        return FIELDS[self.field].column if self.field else ""

    def __str__(self) -> str:
        lead = f"header:{self.name}:" if self.field == "header" else f"{self.field}:" if self.field else ""
        return lead + quoted(self.value) + ("*" if self.prefix else "")

    def matches(self, record: Searchable) -> bool:
        return bool(self.sequence) and record.holds(self.column, self.sequence, self.prefix)


class Exact(Struct, frozen=True):
    """A field's whole decoded value, or one of its values. Addresses, names and labels have no ASCII case."""

    field: str
    value: str
    name: str = ""

    def __str__(self) -> str:
        lead = f"header:{self.name}" if self.field == "header" else self.field
        return f"{lead}={quoted(self.value)}"

    def matches(self, record: Searchable) -> bool:
        match FIELDS[self.field].kind:
            case Kind.HEADER:
                tag = field_word(self.name)
                fields = record.understanding.header
                return any(value == self.value and field_word(name) == tag for name, value in fields)
            case Kind.TEXT if self.field == "subject":
                return record.message.heading.subject == self.value
            case Kind.TEXT:
                return self.value in record.understanding.filenames
            case Kind.ADDRESS:
                wanted = fold(self.value)
                return any(self._is(wanted, mailbox) for mailbox in record.mailboxes(self.field))
            case _:
                wanted = fold(self.value)
                return any(fold(value) == wanted for value in record.values(self.field))

    @staticmethod
    def _is(wanted: str, mailbox: Mailbox) -> bool:
        name, address = fold(mailbox.name), fold(mailbox.address)
        return wanted == address or (name != "" and wanted in (name, f"{name} <{address}>"))


class Glob(Struct, frozen=True):
    """A whole address or label against a pattern: `*` is any run of characters, `?` one. No ASCII case."""

    field: str
    pattern: str

    def __str__(self) -> str:
        return f"{self.field}:{self.pattern}"

    def matches(self, record: Searchable) -> bool:
        pattern = fold(self.pattern)
        if FIELDS[self.field].kind is Kind.ADDRESS:
            return any(_globs(pattern, mailbox.address) for mailbox in record.mailboxes(self.field))
        return any(_globs(pattern, value) for value in record.values(self.field))


class Present(Struct, frozen=True):
    """A header field of this name, whatever its value."""

    name: str

    @property
    def sequence(self) -> str:
        return field_word(self.name)

    def __str__(self) -> str:
        return f"header:{self.name}"

    def matches(self, record: Searchable) -> bool:
        return record.holds("header", self.sequence, False)


class Flag(Struct, frozen=True):
    """`has:` or `is:` and one of the words it takes."""

    field: str
    flag: str

    def __str__(self) -> str:
        return f"{self.field}:{self.flag}"

    def matches(self, record: Searchable) -> bool:
        if self.field == "has" and self.flag in KINDS:
            return self.flag in record.understanding.kinds
        return _FLAGS[self.field, self.flag](record)


_FLAGS: dict[tuple[str, str], Callable[[Searchable], bool]] = {
    ("has", "attachment"): lambda record: record.message.attachments > 0,
    ("has", "defect"): lambda record: bool(record.message.defects),
    ("has", "tag"): lambda record: bool(record.message.tags),
    ("has", "bcc"): lambda record: bool(record.message.heading.bcc or envelope_only(record.message)),
    ("is", "seen"): lambda record: record.message.seen,
    ("is", "unseen"): lambda record: not record.message.seen,
    ("is", "tagged"): lambda record: bool(record.message.tags),
    ("is", "unparsed"): lambda record: record.message.state is State.UNPARSED,
    ("is", "bounce"): lambda record: "bounce" in record.understanding.kinds,
    ("is", "tls"): lambda record: record.message.arrival.tls is not None,
    ("is", "authenticated"): lambda record: record.message.arrival.login is not None,
    ("is", "helo"): lambda record: record.message.arrival.protocol == "SMTP",
    ("is", "utf8"): lambda record: record.message.arrival.protocol.startswith("UTF8"),
}


class Number(Struct, frozen=True):
    """`id:` or `session:` and a number."""

    field: str
    number: int

    def __str__(self) -> str:
        return f"{self.field}:{self.number}"

    def matches(self, record: Searchable) -> bool:
        return self.number == (record.message.id if self.field == "id" else record.message.arrival.session)


class Size(Struct, frozen=True):
    """`larger:` or `smaller:` than so many octets."""

    field: str
    octets: int

    def __str__(self) -> str:
        return f"{self.field}:{self.octets}"

    def matches(self, record: Searchable) -> bool:
        size = record.message.size
        return size > self.octets if self.field == "larger" else size < self.octets


class Time(Struct, frozen=True):
    """Received `before:` a time, or `after:` it or just then; microseconds since the epoch."""

    field: str
    at: int

    def __str__(self) -> str:
        at = (_EPOCH + timedelta(microseconds=self.at)).replace(tzinfo=None)
        return f"{self.field}:{at.isoformat()}Z"

    def matches(self, record: Searchable) -> bool:
        at = record.message.arrival.at
        return at < self.at if self.field == "before" else at >= self.at


class Not(Struct, frozen=True):
    """What does not match the other."""

    node: Node

    def __str__(self) -> str:
        return f"-{_inner(self.node)}"

    def matches(self, record: Searchable) -> bool:
        return not self.node.matches(record)


class And(Struct, frozen=True):
    """What matches them all."""

    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(map(_inner, self.nodes))

    def matches(self, record: Searchable) -> bool:
        return all(node.matches(record) for node in self.nodes)


class Or(Struct, frozen=True):
    """What matches at least one of them."""

    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join([f"({node})" if isinstance(node, Or) else str(node) for node in self.nodes])

    def matches(self, record: Searchable) -> bool:
        return any(node.matches(record) for node in self.nodes)


Term = Words | Exact | Glob | Present | Flag | Number | Size | Time
Node = Everything | Term | Not | And | Or


def _inner(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or) else str(node)


def _globs(pattern: str, value: str) -> bool:
    # SQLite's GLOB reads both as C strings, which end at a NUL.
    return matches_glob(pattern, fold(value.partition("\0")[0]))


def matches_glob(pattern: str, text: str) -> bool:
    """Whether `*` (any run) and `?` (any one character) make `pattern` the whole of `text`. At worst their product."""
    head, found, tail = pattern.partition("*")
    if found and not head and "*" not in tail and "?" not in tail:
        return text.endswith(tail)  # `*@example.test`, as most patterns are
    star = mark = -1
    p = t = 0
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, mark = p, t
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p, t = p + 1, t + 1
        elif star >= 0:
            mark += 1
            p, t = star + 1, mark
        else:
            return False
    return not pattern[p:].strip("*")


class Query(Struct, frozen=True):
    """A condition on messages. `str(query)` is a text that parses to an equal query."""

    root: Node

    EVERYTHING: ClassVar[Query]

    def __str__(self) -> str:
        return str(self.root)

    def within(self, inbox: str) -> Query:
        """This, in one inbox only."""
        here = Exact("inbox", inbox)
        if isinstance(self.root, Everything):
            return Query(here)
        return Query(And((here, *(self.root.nodes if isinstance(self.root, And) else (self.root,)))))

    def matches(self, record: Searchable) -> bool:
        """Whether it holds for this message."""
        return self.root.matches(record)


Query.EVERYTHING = Query(Everything())
