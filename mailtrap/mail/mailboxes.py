"""Address lists of header fields to mailboxes, tolerantly and in linear time (RFC 5322 §3.4)."""

from __future__ import annotations

import re

from mailtrap.mail import encoded_words
from mailtrap.mail.message import Mailbox
from mailtrap.mail.parameters import uncommented

#: What one field may list; the rest is not shown.
MAX_MAILBOXES = 200
MAX_NAME = 500
MAX_ADDRESS = 1000

# `Name <a@b>`, `"Name" <a@b>`, `<a@b>` or `a@b`, and the comma or end after it. Possessive throughout: no backtracking.
_PLAIN = re.compile(
    r'[ \t]*+(?:(?:"([^"\\]*+)"[ \t]*+|([^"<>(),:;@\\\r\n]*+))<([^<>()\s,;:"\\]++)>'
    r'|([^<>()\s,;:"\\@]++@[^<>()\s,;:"\\@]++))[ \t]*+(?:,|\Z)'
)
_TOKEN = re.compile(r'[ \t\r\n]++|[^ \t\r\n"(),:;<\\]++|\\.|.', re.DOTALL)
_QUOTED = re.compile(r'"((?>(?:[^"\\]++|\\.)*))"', re.DOTALL)
_AT_DOMAIN = re.compile(r'@[^\s<>(),;"]++')
_ANGLE = re.compile(r'<((?>(?:[^<>"]++|"(?>(?:[^"\\]++|\\.)*)")*))>', re.DOTALL)
_UNCLOSED = re.compile(r"[^<>,]*+")
_PARENTHESIS = re.compile(r"[()]|\\.", re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_BLANKS = re.compile(r"[\x00-\x20\x7f\x85\xa0\u2028\u2029]+")


def read_mailboxes(text: str) -> tuple[Mailbox, ...]:
    """The mailboxes of an unfolded address-list, in order, names decoded, at most `MAX_MAILBOXES`; never raises."""
    found: list[Mailbox] = []
    position, end = 0, len(text)
    while position < end and len(found) < MAX_MAILBOXES:
        plain = _PLAIN.match(text, position)
        if plain is None:
            found += _Scanner(text, position).read(MAX_MAILBOXES - len(found))
            break
        quoted, name, angle, bare = plain.groups()
        found.append(Mailbox(_name(quoted or name or ""), (angle or bare)[:MAX_ADDRESS]))
        position = plain.end()
    return tuple(found)


def read_groups(text: str) -> list[str]:
    """The names of the groups in an unfolded address-list, decoded; tolerant and bounded like `read_mailboxes`."""
    scanner = _Scanner(text, 0)
    scanner.read(MAX_MAILBOXES)
    return scanner.groups


def _name(text: str) -> str:
    if "=?" in text:
        text = encoded_words.decode(text, MAX_NAME)
    text = text[:MAX_NAME].strip()
    return text if text.isprintable() else _BLANKS.sub(" ", text).strip()


class _Scanner:
    """Everything the plain pattern does not know: comments, groups, routes, quoted pairs and plain mistakes."""

    def __init__(self, text: str, position: int) -> None:
        self.text = text
        self.position = position
        self.words: list[str] = []
        #: The names of groups (RFC 5322 §3.4).
        self.groups: list[str] = []
        self.comment = ""
        self.angle: str | None = None
        self.at = False
        # Once something was left open, nothing after it can close either; to look again would be quadratic.
        self.quotes = self.angles = self.comments = True

    def read(self, most: int) -> list[Mailbox]:
        found: list[Mailbox] = []
        end = len(self.text)
        while self.position < end and len(found) < most:
            character = self.text[self.position]
            if character == '"':
                self._quoted()
            elif character == "(":
                self._comment()
            elif character == "<":
                self._angle()
            elif character in ",;":
                self.position += 1
                self._finish(found)
            elif character == ":":
                self.position += 1
                if self.at:
                    self.words.append(":")  # in a domain literal: a@[IPv6:::1]
                else:
                    self.groups.append(_name("".join(self.words)))
                    self.words.clear()
                    self.comment = ""
            else:
                token = _TOKEN.match(self.text, self.position)
                word = token[0] if token else character
                self.position += len(word)
                self.at = self.at or "@" in word
                if word.isspace():
                    self._blank()
                else:
                    self.words.append(word.removeprefix("\\") if len(word) == 2 else word)
        if len(found) < most:
            self._finish(found)
        return found

    def _blank(self) -> None:
        if self.words[-1:] != [" "]:
            self.words.append(" ")

    def _quoted(self) -> None:
        quoted = _QUOTED.match(self.text, self.position) if self.quotes else None
        if quoted is None:
            self.quotes = False
            self.position += 1
            return
        domain = _AT_DOMAIN.match(self.text, quoted.end())
        if domain and self.angle is None:
            self.angle = quoted[0] + domain[0]
            self.position = domain.end()
            return
        self.words.append(_QUOTED_PAIR.sub(r"\1", quoted[1]))
        self.position = quoted.end()

    def _comment(self) -> None:
        start, depth = self.position, 0
        for mark in _PARENTHESIS.finditer(self.text, start) if self.comments else ():
            depth += {"(": 1, ")": -1}.get(mark[0], 0)
            if depth == 0:
                if not self.comment or self.at or self.angle is not None:  # behind an address it is rather a name
                    self.comment = _QUOTED_PAIR.sub(r"\1", self.text[start + 1 : mark.start()])
                self.position = mark.end()
                # Within an address it stands for nothing: pete(his account)@silly(his host).test (RFC 5322 §A.5).
                within = self.text[self.position : self.position + 1] in ("@", ".")
                if not within and not (self.words and self.words[-1].endswith(("@", "."))):
                    self._blank()
                return
        self.comments = False
        self.position += 1

    def _angle(self) -> None:
        angle = _ANGLE.match(self.text, self.position) if self.angles else None
        if angle is not None:
            inside, self.position = angle[1], angle.end()
        else:
            self.angles = False
            open_end = _UNCLOSED.match(self.text, self.position + 1)
            close = open_end.end() if open_end else len(self.text)
            inside, self.position = self.text[self.position + 1 : close], close
            if self.text[close : close + 1] == ">":
                self.position += 1
        if inside.startswith("@") and ":" in inside:
            inside = inside.partition(":")[2]  # an obsolete route (RFC 5322 §4.4)
        if self.angle is None:
            self.angle = inside if '"' in inside else "".join(uncommented(inside).split())

    def _finish(self, found: list[Mailbox]) -> None:
        text = "".join(self.words).strip()
        address = self.angle
        if address is None:
            pieces = text.split()
            at = next((i for i, piece in enumerate(pieces) if "@" in piece), -1)
            if at >= 0 and len(pieces[at]) > 2:
                address = pieces.pop(at)
                text = " ".join(pieces)
            elif at >= 0 or len(pieces) == 1:
                address, text = "".join(pieces), ""
            else:
                address = ""
        if text or address or self.angle is not None:
            found.append(Mailbox(_name(text or self.comment), _printable(address[:MAX_ADDRESS])))
        self.words.clear()
        self.comment, self.angle, self.at = "", None, False


def _printable(address: str) -> str:
    return address if address.isprintable() else _BLANKS.sub(" ", address).strip()
