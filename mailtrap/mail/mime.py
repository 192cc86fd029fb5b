"""The MIME structure of a message as a tree of parts with octet offsets, found in one pass (RFC 2045, 2046)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from mailtrap.mail import charsets, header, parameters, transfer
from mailtrap.mail.header import Field, Section

MAX_DEPTH = 100
MAX_PARTS = 1000
#: Header octets that are read in all parts together; parts beyond it are taken as plain text.
MAX_HEADERS = 1024 * 1024
#: RFC 2046 §5.1.1 says 70 characters.
MAX_BOUNDARY = 2048
#: Lines that start with `--` and are no boundary of ours; beyond it the rest stays unread.
MAX_DASHES = 200_000

#: Header sections up to this many octets are read once and remembered.
_SHORT = 300

#: Types of parts that are messages with parts of their own.
EMBEDDED = frozenset(("message/rfc822", "message/global", "message/news"))
_IDENTITY = frozenset(("", "7bit", "8bit", "binary"))


@dataclass(slots=False, eq=False, repr=False)
class Part:
    """One entity: header fields in `[header_start, header_end)`, body in `[body_start, body_end)` of the message.

    `path` is IMAP's part number: `1`, `1.2`; `''` for the outermost multipart; `2.TEXT` for the multipart directly
    inside the embedded message `2`. `children` are the parts of a multipart or the content of an embedded message.
    """

    message: bytes
    section: Section
    body_end: int
    path: str = ""
    type: str = "text/plain"
    encoding: str = ""
    disposition: str = ""
    content_id: str = ""
    location: str = ""
    values: list[tuple[bytes, bytes]] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    disposition_parameters: dict[str, str] = field(default_factory=dict)
    children: list[Part] = field(default_factory=list)
    parent: Part | None = None
    #: What raw 8-bit octets in header fields are in (`charsets.in_header`); None where there are none.
    raw_charset: str | None = None

    def __repr__(self) -> str:
        return f"<Part {self.path or 'root'} {self.type} {self.body_start}:{self.body_end}>"

    @property
    def header_start(self) -> int:
        return self.section.start

    @property
    def header_end(self) -> int:
        return self.section.end

    @property
    def body_start(self) -> int:
        return self.section.body

    @property
    def charset(self) -> str:
        """The charset as declared, '' if it is not."""
        return self.parameters.get("charset", "")

    @property
    def filename(self) -> str:
        """The suggested file name as sent and decoded: it may hold a path, and is not safe to use as one."""
        name = self.disposition_parameters.get("filename") or self.parameters.get("name") or ""
        return name if name.isprintable() else "".join([c if c.isprintable() else " " for c in name]).strip()

    @property
    def is_multipart(self) -> bool:
        return bool(self.children) and self.type.startswith("multipart/")

    @property
    def is_text(self) -> bool:
        return not self.children and (self.type.startswith(("text/", "multipart/")) or not self.type)

    @cached_property
    def header(self) -> tuple[Field, ...]:
        """The header fields of this part, decoded."""
        return header.fields(self.message, self.section, self.raw_charset)

    @cached_property
    def _decoded(self) -> tuple[bytes, str]:
        return transfer.decode(self.message[self.body_start : self.body_end], self.encoding)

    def octets(self) -> bytes:
        """The body with its transfer encoding undone."""
        return self._decoded[0]

    @property
    def size(self) -> int:
        """Octets of the decoded body; of a container, as it stands."""
        return self.body_end - self.body_start if self.children else len(self._decoded[0])

    def text(self, limit: int = 8 * 1024 * 1024) -> str:
        """The body as text with `\\n` line ends; at most `limit` octets of it are decoded."""
        return self.read_text(limit)[0]

    def read_text(self, limit: int) -> tuple[str, tuple[str, ...]]:
        """The text, and the slugs of what was wrong with its encoding or charset."""
        cut = self.body_end - self.body_start > limit
        octets, defect = (
            transfer.decode(self.message[self.body_start : self.body_start + limit], self.encoding)
            if cut
            else self._decoded
        )
        text, wrong = charsets.decode(octets, self.charset)
        if cut:
            defect = wrong = ""  # where it was cut is not the sender's fault
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text, tuple([slug for slug in (defect, wrong) if slug])

    def walk(self) -> Iterator[Part]:
        """This part and everything in it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


def scan(octets: bytes) -> tuple[Part, tuple[str, ...]]:
    """The outermost part and the slugs of what is wrong with the structure, in the order found. Never raises."""
    return _Scanner(octets).scan()


@dataclass(slots=True)
class _Said:
    """What a header section says about its part; shared by all parts that say the same, hence never changed."""

    values: list[tuple[bytes, bytes]]
    type: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    encoding: str = ""
    disposition: str = ""
    disposition_parameters: dict[str, str] = field(default_factory=dict)
    content_id: str = ""
    location: str = ""
    defects: tuple[str, ...] = ()


def _describe(section: bytes, charset: str | None) -> _Said:
    said = _Said(header.values(section))
    if len(said.values) == header.MAX_FIELDS:
        said.defects = ("header-cut",)
    found: dict[bytes, bytes] = {}  # the first of each name counts
    for name, value in said.values:
        if name[:1] in b"cC" and name[:8].lower() == b"content-":
            found.setdefault(name[8:].lower(), value)
    for name, value in found.items():
        if name == b"type":
            type_, said.parameters = parameters.read(value, charset)
            main, slash, sub = type_.partition("/")
            if main and slash and sub and " " not in type_:
                said.type = type_
            else:
                said.defects += ("bad-content-type",)
        elif name == b"transfer-encoding":
            said.encoding = (
                parameters.uncommented(value[:40].decode("ascii", "replace").partition(";")[0]).strip().lower()
            )
        elif name == b"disposition":
            said.disposition, said.disposition_parameters = parameters.read(value, charset)
        elif name == b"id":
            said.content_id = header.text(value, 1000, charset).strip("<> ")
        elif name == b"location":
            said.location = header.text(value, 2000, charset)
    return said


#: Parts of one application's mail say the same, message after message.
_repeated = lru_cache(maxsize=512)(_describe)


@dataclass(slots=True)
class _Open:
    """A multipart whose end was not seen yet."""

    part: Part
    boundary: bytes
    depth: int
    seen: bool = False
    closed: bool = False


class _Scanner:
    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.end = len(octets)
        self.stack: list[_Open] = []
        self.leaves: list[Part] = []  # parts whose end is the next boundary, outermost first
        self.count = 0
        self.headers = 0
        self.defects: dict[str, None] = {}
        self.dashes = 0
        self.raw_charset: str | None = None

    def scan(self) -> tuple[Part, tuple[str, ...]]:
        root = self._entity(0, None, 1)
        position = self.leaves[-1].body_start
        while self.stack:
            line = self._next_boundary(position)
            if line is None:
                break
            start, after, index, closing = line
            self._close(start, index)
            opened = self.stack[index]
            position = after
            if closing:
                opened.closed = True
                self.leaves[:] = self.leaves[: self._level(opened) + 1]
                self.stack.pop()
                continue
            opened.seen = True
            if self.count >= MAX_PARTS:
                self.defects["too-many-parts"] = None
                self._add(
                    Part(self.octets, Section(after, after, after), self.end, type="application/octet-stream"),
                    opened.part,
                )
                break
            self._entity(after, opened.part, opened.depth + 1)
            position = self.leaves[-1].body_start
        for opened in self.stack:
            self.defects["missing-end-boundary" if opened.seen else "missing-boundary"] = None
        _number(root)
        return root, tuple(self.defects)

    def _entity(self, start: int, parent: Part | None, depth: int) -> Part:
        """Read a header section and open what it announces: nested messages at once, multiparts on the stack."""
        first: Part | None = None
        while True:
            part = self._part(start, parent, depth)
            first = first or part
            self.leaves.append(part)
            if part.type.startswith("multipart/"):
                self._open_multipart(part, depth)
            elif part.type in EMBEDDED and part.encoding in _IDENTITY and part.body_start < self.end:
                if depth >= MAX_DEPTH:
                    self.defects["too-deep"] = None
                elif self.count >= MAX_PARTS:
                    self.defects["too-many-parts"] = None
                else:
                    start, parent, depth = part.body_start, part, depth + 1
                    continue
            return first

    def _open_multipart(self, part: Part, depth: int) -> None:
        boundary = part.parameters.get("boundary", "").rstrip()
        if not boundary:
            self.defects["missing-boundary-parameter"] = None
        elif depth >= MAX_DEPTH:
            self.defects["too-deep"] = None
        elif len(boundary) > MAX_BOUNDARY:
            self.defects["long-boundary"] = None
        else:
            self.stack.append(_Open(part, boundary.encode("utf-8", "replace"), depth))

    def _part(self, start: int, parent: Part | None, depth: int) -> Part:
        section = (
            header.locate(self.octets, start, self.end)
            if self.headers < MAX_HEADERS
            else Section(start, start, start, ("header-cut",))
        )
        self.headers += section.end - section.start
        for slug in section.defects:
            self.defects[slug] = None
        part = Part(self.octets, section, self.end)
        if parent is not None and parent.type == "multipart/digest":
            part.type = "message/rfc822"  # RFC 2046 §5.1.5
        self._read(part)
        self._add(part, parent)
        return part

    def _add(self, part: Part, parent: Part | None) -> None:
        self.count += 1
        part.parent = parent
        if parent is not None:
            parent.children.append(part)

    def _read(self, part: Part) -> None:
        octets = self.octets[part.section.start : part.section.end]
        if not octets.isascii():
            part.raw_charset = self._raw_charset(part)
        read = _repeated if len(octets) < _SHORT and b"oundary" not in octets else _describe
        said = read(octets, part.raw_charset)
        part.values = said.values
        part.type = said.type or part.type
        part.parameters = said.parameters
        part.encoding = said.encoding
        part.disposition = said.disposition
        part.disposition_parameters = said.disposition_parameters
        part.content_id = said.content_id
        part.location = said.location
        for slug in said.defects:
            self.defects[slug] = None

    def _raw_charset(self, part: Part) -> str:
        """The same for all parts: what the first with raw octets is in. Hostile mail has them in a thousand."""
        if self.raw_charset is None:
            self.raw_charset = charsets.in_header(self.octets, part.section.start, part.section.end)
        return self.raw_charset

    def _level(self, opened: _Open) -> int:
        return self.leaves.index(opened.part)

    def _close(self, start: int, index: int) -> None:
        """A boundary of `stack[index]` at `start` ends everything that was opened inside that multipart."""
        before = start
        if self.octets[before - 1 : before] == b"\n":
            before -= 2 if self.octets[before - 2 : before] == b"\r\n" else 1
        for inner in self.stack[index + 1 :]:
            self.defects["missing-end-boundary" if inner.seen else "missing-boundary"] = None
        del self.stack[index + 1 :]
        level = self._level(self.stack[index])
        for part in reversed(self.leaves[level + 1 :]):
            # An empty body shares the line end before the boundary with its header section.
            before = part.body_end = max(part.body_start, before)
        del self.leaves[level + 1 :]

    def _next_boundary(self, position: int) -> tuple[int, int, int, bool] | None:
        """The next delimiter line at or after `position`: its start, the start of the next line, level, closing."""
        octets, end = self.octets, self.end
        known = {opened.boundary: index for index, opened in enumerate(self.stack)}
        needle = b"--" + self.stack[0].boundary if len(self.stack) == 1 else b"--"
        at = position - 1 if position > 0 and octets[position - 1] == 10 else position
        while self.dashes < MAX_DASHES:
            if at == 0 and octets.startswith(needle):
                start = 0
            else:
                at = octets.find(b"\n" + needle, at)
                if at < 0:
                    return None
                start = at + 1
            stop = octets.find(b"\n", start, start + MAX_BOUNDARY * 2)
            stop = stop if stop >= 0 else min(end, start + MAX_BOUNDARY * 2)
            name = octets[start + 2 : stop].rstrip(b" \t\r")
            index = known.get(name, -1)
            if index >= 0:
                return start, min(stop + 1, end), index, False
            index = known.get(name[:-2], -1) if name.endswith(b"--") else -1
            if index >= 0:
                return start, min(stop + 1, end), index, True
            self.dashes += 1
            at = max(stop if octets[stop : stop + 1] == b"\n" else stop - 1, start)
        self.defects["too-many-parts"] = None
        return None


def _number(root: Part) -> None:
    """Give every part its IMAP number (RFC 9051 §6.4.5)."""
    pending = [(root, "", 1, "")]
    while pending:
        part, prefix, number, label = pending.pop()
        inside = prefix
        if part.is_multipart:
            part.path = label if part.parent is None or part.parent.type in EMBEDDED else f"{prefix}{number}"
            if part.path and part.path != label:
                inside = part.path + "."
        else:
            part.path = f"{prefix}{number}"
            inside = part.path + "."
        text = f"{part.path}.TEXT" if part.type in EMBEDDED else ""
        pending += [(child, inside, index, text) for index, child in enumerate(part.children, 1)]
