"""The untagged responses of FETCH, in pieces as they are needed (RFC 9051 §7.5.2)."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from mailtrap.errors import NotFound
from mailtrap.imap import responses
from mailtrap.imap.commands import Fetch, Section
from mailtrap.imap.recent import RECENT
from mailtrap.imap.sections import UnknownEncoding
from mailtrap.imap.sources import AT_ONCE, Library, Slice, Source
from mailtrap.net.slices import PIECE
from mailtrap.store.folder import Item

#: Messages whose sizes are looked up at once.
STRIDE = 512

_RENDERED = frozenset(("ENVELOPE", "BODY", "BODYSTRUCTURE"))
#: What is known to the folder and not to the item.
_OF_FOLDER = frozenset(("INTERNALDATE", "RFC822.SIZE"))


def email_id(message: int) -> str:
    """What a message is known by wherever it stands: EMAILID (RFC 8474 §5.1)."""
    return f"M{message}"


#: What is told of an item, of `size` octets and captured at `date`, without reading it; flags are told by `Responses`.
_PLAIN: dict[str | Section, Callable[[Item, int, int], bytes]] = {
    "UID": lambda item, size, date: b"UID %d" % item.uid,
    "MODSEQ": lambda item, size, date: b"MODSEQ (%d)" % item.modseq,
    "EMAILID": lambda item, size, date: b"EMAILID (%b)" % email_id(item.message).encode(),
    "THREADID": lambda item, size, date: b"THREADID NIL",  # RFC 8474 §5.2: for those who have no threads
    "INTERNALDATE": lambda item, size, date: b"INTERNALDATE " + responses.internal_date(date),
    "RFC822.SIZE": lambda item, size, date: b"RFC822.SIZE %d" % size,
}


class Wanted(NamedTuple):
    """A message to tell of, by its number and as its client is to know it. With `flags` they are told unasked."""

    number: int
    item: Item
    flags: bool = False


def fetch_responses(
    library: Library,
    folder: int,
    fetch: Fetch,
    wanted: Iterable[Wanted],
    *,
    uid: bool = False,
    modseq: bool = False,
    utf8: bool = False,
    recent: Container[int] = (),
) -> Responses:
    """What FETCH answers of these messages, which are looked at and read while it is iterated over.

    `uid` was before it. With `modseq` the client knows of mod-sequences, so they go wherever flags do (RFC 7162 §3.2);
    with `utf8` it knows of UTF-8, by IMAP4rev2 or UTF8=ACCEPT. `recent` are the uids of what is told to be `\\Recent`.
    """
    attributes = list(fetch.attributes)
    if uid and "UID" not in attributes:
        attributes.insert(0, "UID")
    if "MODSEQ" not in attributes and (fetch.changed_since is not None or (modseq and "FLAGS" in attributes)):
        attributes.append("MODSEQ")
    return Responses(library, folder, attributes, wanted, modseq, utf8, recent)


class Responses:
    """Octets in pieces of about `PIECE`, for one worker thread at a time.

    `told` counts the messages of which something was said; `gone` those that were deleted meanwhile, of which nothing
    is (RFC 2180 §4.1.3); `undecoded` what BINARY could not tell because its encoding is not known (RFC 3516 §4.3).
    Raises NotFound where a large message is deleted while it is read: what was said of it then breaks off.
    """

    def __init__(
        self,
        library: Library,
        folder: int,
        attributes: Sequence[str | Section],
        wanted: Iterable[Wanted],
        modseq: bool,
        utf8: bool,
        recent: Container[int],
    ) -> None:
        self.told = self.gone = self.undecoded = 0
        self._library = library
        self._folder = folder
        self._attributes = attributes
        self._labels = [attribute.label if isinstance(attribute, Section) else b"" for attribute in attributes]
        self._wanted = wanted
        self._modseq = modseq
        self._utf8 = utf8
        self._recent = recent
        self._flags: dict[tuple[str, ...], bytes] = {}
        self._flags_of_recent: dict[tuple[str, ...], bytes] = {}
        self._plain = {**_PLAIN, "FLAGS": self._flags_of}
        self._reads = any(attribute not in self._plain for attribute in attributes)
        self._writers = [self._plain[attribute] for attribute in attributes if attribute in self._plain]
        unasked = ("FLAGS", "MODSEQ") if modseq else ("FLAGS",)
        self._unasked = [self._plain[name] for name in unasked if name not in attributes]
        looks_up = self._reads or any(attribute in _OF_FOLDER for attribute in attributes)
        self._pieces = _gathered(self._looked_up() if looks_up else map(self._said, wanted))

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    # Which messages are read together.

    def _looked_up(self) -> Iterator[bytes]:
        store = self._library.store
        rest = iter(self._wanted)
        while some := list(islice(rest, STRIDE)):
            facts = store.folders.facts(self._folder, [wanted.item.uid for wanted in some])
            batch: list[tuple[Wanted, int, int]] = []
            octets = 0
            for wanted in some:
                fact = facts.get(wanted.item.uid)
                if fact is None:
                    self.gone += 1
                    continue
                size, date, _ = fact
                if not self._reads:
                    yield self._said(wanted, size, date)
                    continue
                if octets + size > AT_ONCE:
                    yield from self._together(batch)
                    batch, octets = [], 0
                batch.append((wanted, size, date))
                octets += size
            yield from self._together(batch)

    def _together(self, batch: Sequence[tuple[Wanted, int, int]]) -> Iterator[bytes]:
        """Tell of some small messages or one large one."""
        unread = [wanted.item.message for wanted, _, _ in batch if self._must_read(wanted)]
        contents = self._library.store.contents(unread, AT_ONCE) if unread else {}
        gone = set(unread).difference(contents)
        for wanted, size, date in batch:
            id_ = wanted.item.message
            if id_ in gone:
                self.gone += 1
                continue
            octets = contents.get(id_)
            known = octets if isinstance(octets, bytes) else None
            yield from self._one(wanted, date, Source(self._library, id_, size, self._utf8, known))

    def _must_read(self, wanted: Wanted) -> bool:
        get, id_ = self._library.remembered.get, wanted.item.message
        return any(
            get((id_, attribute, self._utf8)) is None if attribute in _RENDERED else isinstance(attribute, Section)
            for attribute in self._attributes
        )

    # What is said of one message.

    def _one(self, wanted: Wanted, date: int, source: Source) -> Iterator[bytes]:
        between = b"* %d FETCH (" % wanted.number
        for part in self._parts(wanted, date, source):
            if isinstance(part, _Stream):
                source.let_go()
                yield between + part.opening
                yield from part
            else:
                yield between + part
            between = b" "
        if between == b" ":
            self.told += 1
            yield b")\r\n"

    def _said(self, wanted: Wanted, size: int = 0, date: int = 0) -> bytes:
        """All of it, where nothing has to be read."""
        self.told += 1
        number, item, flags = wanted
        parts = [write(item, size, date) for write in self._writers]
        if flags:
            parts += [write(item, size, date) for write in self._unasked]
        return b"* %d FETCH (%b)\r\n" % (number, b" ".join(parts))

    def _parts(self, wanted: Wanted, date: int, source: Source) -> Iterator[bytes | _Stream]:
        for attribute, label in zip(self._attributes, self._labels, strict=True):
            if isinstance(attribute, Section):
                try:
                    yield _labelled(label, attribute.binary, source.section(attribute))
                except UnknownEncoding:
                    self.undecoded += 1
            elif attribute in _RENDERED:
                yield attribute.encode() + b" " + source.rendering(attribute)
            else:
                yield self._plain[attribute](wanted.item, source.size, date)
        if wanted.flags:
            for write in self._unasked:
                yield write(wanted.item, source.size, date)

    def _flags_of(self, item: Item, size: int, date: int) -> bytes:
        recent = item.uid in self._recent
        known = self._flags_of_recent if recent else self._flags
        flags = known.get(item.flags)
        if flags is None:
            told = sorted((*item.flags, RECENT)) if recent else item.flags
            flags = known[item.flags] = b"FLAGS " + responses.flags(told)
        return flags


class _Stream:
    """A literal too large to be held: `opening` says what it is and how long."""

    def __init__(self, opening: bytes, pieces: Iterator[bytes], length: int) -> None:
        self.opening = opening
        self._pieces = pieces
        self._left = length

    def __iter__(self) -> Iterator[bytes]:
        for octets in self._pieces:
            yield octets[: self._left]
            self._left -= len(octets)
            if self._left <= 0:
                return
        raise NotFound("The message is shorter than it was")


def _labelled(label: bytes, binary: bool, value: bytes | Slice | int | None) -> bytes | _Stream:
    if value is None:
        return label + b" NIL"
    if isinstance(value, int):
        return b"%b %d" % (label, value)
    if isinstance(value, Slice):
        tilde = b"~" if binary and value.nul else b""
        return _Stream(b"%b %b{%d}\r\n" % (label, tilde, value.length), value.pieces, value.length)
    if not value:
        return label + b' ""'
    # BODY has the octets as they were sent, be they NUL; only BINARY may say so (RFC 3516 §4.2).
    tilde = b"~" if binary and b"\0" in value else b""
    return b"%b %b{%d}\r\n%b" % (label, tilde, len(value), value)


def _gathered(octets: Iterable[bytes]) -> Iterator[bytes]:
    """The same in pieces of about `PIECE`."""
    found: list[bytes] = []
    length = 0
    for some in octets:
        found.append(some)
        length += len(some)
        if length >= PIECE:
            yield b"".join(found)
            found.clear()
            length = 0
    if found:
        yield b"".join(found)
