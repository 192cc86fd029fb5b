"""ENVELOPE: what a header section says of its message, as it was sent and never repaired (RFC 9051 §7.5.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailtrap.imap.responses import nstring

#: What one field may list; the rest is not told.
MAX_ADDRESSES = 10_000
#: Nothing of a header: what there is of a message that cannot be read as one.
NOTHING = b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"

_ONCE = frozenset((b"date", b"subject", b"from", b"sender", b"reply-to", b"in-reply-to", b"message-id"))
_LISTS = frozenset((b"to", b"cc", b"bcc"))

# `Name <a@b>`, `"Name" <a@b>`, `<a@b>` or `a@b`, and the comma or end after it. Possessive throughout: no backtracking.
_PLAIN = re.compile(
    rb'[ \t]*+(?:(?:"([^"\\]*+)"[ \t]*+|([^"<>(),:;@\\\[\]\r\n]*+))<([^<>()\s,;:"\\@\[\]]++)@([^<>()\s,;:"\\@\[\]]++)>'
    rb'|([^<>()\s,;:"\\@\[\]]++)@([^<>()\s,;:"\\@\[\]]++))[ \t]*+(?:,|\Z)'
)
_BLANK = re.compile(rb"[ \t\r\n]++")
_TOKEN = re.compile(
    rb'(?P<blank>[ \t\r\n]++)|"(?P<quoted>(?>(?:[^"\\]++|\\.)*))"|(?P<literal>\[(?>(?:[^][\\]++|\\.)*)\])'
    rb'|(?P<word>[^ \t\r\n"(),:;<>@\[\\]++)|(?P<other>\\.|.)',
    re.DOTALL,
)
_PARENTHESIS = re.compile(rb"[()]|\\.", re.DOTALL)
_PAIR = re.compile(rb"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox, with its obsolete route if it has one; or the beginning or end of a group, which have no host.

    The beginning of a group has its name in `mailbox`. What is missing of a mailbox is empty and not None.
    """

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


_END = Address(None, None, None, None)


def render(values: Sequence[tuple[bytes, bytes]], utf8: bool = False) -> bytes:
    """The envelope of the unfolded fields of a header section. Encoded words stay as they are.

    Of a field that may be there once the first counts. Sender and Reply-To are From where they say nothing.
    """
    found: dict[bytes, bytes] = {}
    for name, value in values:
        name = name.lower()
        if name in _ONCE:
            found.setdefault(name, value)
        elif name in _LISTS:
            found[name] = found[name] + b", " + value if found.get(name) else value
    get = found.get
    from_ = _addresses(get(b"from"), utf8)
    sender, reply_to = (_addresses(get(name), utf8) for name in (b"sender", b"reply-to"))
    return b"(%b %b %b %b %b %b %b %b %b %b)" % (
        nstring(get(b"date"), utf8),
        nstring(get(b"subject"), utf8),
        from_,
        from_ if sender == b"NIL" else sender,
        from_ if reply_to == b"NIL" else reply_to,
        _addresses(get(b"to"), utf8),
        _addresses(get(b"cc"), utf8),
        _addresses(get(b"bcc"), utf8),
        nstring(get(b"in-reply-to"), utf8),
        nstring(get(b"message-id"), utf8),
    )


def _addresses(value: bytes | None, utf8: bool) -> bytes:
    addresses = read_addresses(value) if value else ()
    if not addresses:
        return b"NIL"
    return b"(%b)" % b"".join(
        [
            b"(%b %b %b %b)"
            % (
                nstring(address.name, utf8),
                nstring(address.route, utf8),
                nstring(address.mailbox, utf8),
                nstring(address.host, utf8),
            )
            for address in addresses
        ]
    )


def read_addresses(value: bytes) -> list[Address]:
    """What an unfolded address-list names, in order, at most `MAX_ADDRESSES`; linear in time, never raises."""
    found: list[Address] = []
    position, end = 0, len(value)
    while position < end and len(found) < MAX_ADDRESSES:
        plain = _PLAIN.match(value, position)
        if plain is None:
            return _Reader(value, position, found).read()
        quoted, phrase, mailbox, host, bare, domain = plain.groups()
        name = quoted if quoted is not None else _BLANK.sub(b" ", phrase).strip() if phrase else b""
        found.append(Address(name or None, None, mailbox or bare, host or domain))
        position = plain.end()
    return found


class _Reader:
    """Everything the plain pattern does not know: comments, groups, routes, quoted pairs and plain mistakes."""

    def __init__(self, value: bytes, position: int, found: list[Address]) -> None:
        self.value = value
        self.position = position
        self.found = found
        # What stands before the next delimiter: (kind, octets).
        self.tokens: list[tuple[str, bytes]] = []
        self.comment: bytes | None = None
        self.angle: Address | None = None
        # Whether there has been an address since the last delimiter: what is said behind it is rather a name.
        self.addressed = False
        self.grouped = False
        # Once something was left open, nothing after it can close either; to look again would be quadratic.
        self.quotes = self.comments = self.literals = True

    def read(self) -> list[Address]:
        end = len(self.value)
        while self.position < end and len(self.found) < MAX_ADDRESSES:
            kind, octets = self._next()
            if kind != "other":
                self.tokens.append((kind, octets))
            elif octets == b",":
                self._finish()
            elif octets == b";":
                self._finish()
                if self.grouped:
                    self.found.append(_END)
                self.grouped = False
            elif octets == b":":
                self._colon()
            elif octets == b"<":
                self._angle()
                self.addressed = True
            elif octets != b">":
                self.tokens.append(("at" if octets == b"@" else "word", octets))
                self.addressed = self.addressed or octets == b"@"
        self._finish()
        if self.grouped:
            self.found.append(_END)  # a group that is not ended would make what follows of the envelope unreadable
        return self.found

    def _next(self) -> tuple[str, bytes]:
        """The next token; what was left open is taken for a character like others. A comment counts as a blank."""
        start = self.position
        first = self.value[start : start + 1]
        if first == b"(" and self.comments:
            depth = 0
            for mark in _PARENTHESIS.finditer(self.value, start):
                depth += {b"(": 1, b")": -1}.get(mark[0], 0)
                if depth == 0:
                    self.position = mark.end()
                    if self.comment is None or self.addressed:
                        self.comment = _PAIR.sub(rb"\1", self.value[start + 1 : mark.start()])
                    return "blank", b" "
            self.comments = False
        if (first == b'"' and not self.quotes) or (first == b"[" and not self.literals):
            self.position += 1
            return "word", first
        token = _TOKEN.match(self.value, start)
        if token is None:
            raise AssertionError("any octet is a token")
        self.position = token.end()
        kind = token.lastgroup or "other"
        octets = token[kind]
        if kind == "quoted":
            return kind, _PAIR.sub(rb"\1", octets)
        if kind == "other" and octets == b'"':
            self.quotes = False
            return "word", octets
        if kind == "other" and octets == b"[":
            self.literals = False
            return "word", octets
        if kind == "other" and octets == b"(":
            return "word", octets
        if kind == "other" and len(octets) == 2:
            return "word", octets[1:]
        return ("word" if kind == "literal" else kind), octets

    def _colon(self) -> None:
        """The beginning of a group, where it can be one."""
        if self.grouped or self.angle is not None or any(kind == "at" for kind, _ in self.tokens):
            self.tokens.append(("word", b":"))
            return
        self.found.append(Address(None, None, _phrase(self.tokens) or b"", None))
        self.grouped = True
        self.tokens.clear()
        self.comment, self.addressed = None, False

    def _angle(self) -> None:
        """What stands in angle brackets; they need not be closed."""
        name, self.tokens = self.tokens, []
        route: bytes | None = None
        while self.position < len(self.value):
            kind, octets = self._next()
            if kind == "other" and octets == b">":
                break
            if kind == "other" and octets == b":" and self.tokens[:1] == [("at", b"@")] and route is None:
                route = _joined(self.tokens)  # RFC 5322 §4.4
                self.tokens.clear()
            elif kind == "other" and octets in b",;" and self.tokens[:1] != [("at", b"@")]:
                self.position -= 1
                break
            elif kind != "blank":
                self.tokens.append(("at" if octets == b"@" and kind == "other" else "word", octets))
        mailbox, host = _split(self.tokens)
        self.tokens = []
        if self.angle is None:
            self.angle = Address(_phrase(name), route, mailbox, host)

    def _finish(self) -> None:
        address = self.angle
        if address is None:
            address = _bare(self.tokens)
        if address is not None:
            name = address.name or self.comment
            self.found.append(Address(name or None, address.route, address.mailbox, address.host))
        self.tokens.clear()
        self.comment = self.angle = None
        self.addressed = False


def _phrase(tokens: list[tuple[str, bytes]]) -> bytes | None:
    """The words of a display name, quotation marks left out; a run of blanks and comments is one space."""
    words: list[bytes] = []
    before = "blank"
    for kind, octets in tokens:
        if kind != "blank":
            words.append(octets)
        elif before != "blank":
            words.append(b" ")
        before = kind
    return b"".join(words).strip() or None


def _joined(tokens: list[tuple[str, bytes]]) -> bytes:
    return b"".join([octets for kind, octets in tokens if kind != "blank"])


def _split(tokens: list[tuple[str, bytes]]) -> tuple[bytes, bytes]:
    """Local part and domain."""
    last = max([index for index, (kind, _) in enumerate(tokens) if kind == "at"], default=len(tokens))
    return _joined(tokens[:last]), _joined(tokens[last + 1 :])


def _bare(tokens: list[tuple[str, bytes]]) -> Address | None:
    """An address without angle brackets: where there are other words around it, they are its name."""
    at = max([index for index, (kind, _) in enumerate(tokens) if kind == "at"], default=-1)
    if at < 0:
        words = [octets for kind, octets in tokens if kind != "blank"]
        if not words:
            return None
        if all(kind != "blank" for kind, _ in _trimmed(tokens)):
            return Address(None, None, b"".join(words), b"")
        return Address(_phrase(tokens), None, b"", b"")
    start, stop = _reach(tokens, at, -1), _reach(tokens, at, 1)
    name = _phrase([*tokens[:start], ("blank", b" "), *tokens[stop + 1 :]])
    return Address(name, None, _joined(tokens[start:at]), _joined(tokens[at + 1 : stop + 1]))


def _reach(tokens: list[tuple[str, bytes]], at: int, step: int) -> int:
    """The last token on one side of an at sign that belongs to the address; blanks beside dots do (RFC 5322 §4.4)."""
    reached = place = at
    while 0 <= (place := place + step) < len(tokens):
        kind, octets = tokens[place]
        if kind == "blank":
            continue
        inner = tokens[reached][1]
        apart = abs(place - reached) > 1
        dotted = octets.endswith(b".") or inner.startswith(b".")
        if step > 0:
            dotted = octets.startswith(b".") or inner.endswith(b".")
        if apart and reached != at and not dotted:
            break
        reached = place
    return reached


def _trimmed(tokens: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    start, stop = 0, len(tokens)
    while start < stop and tokens[start][0] == "blank":
        start += 1
    while stop > start and tokens[stop - 1][0] == "blank":
        stop -= 1
    return tokens[start:stop]
