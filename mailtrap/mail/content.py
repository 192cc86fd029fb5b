"""The content of a message: a tolerant, lazy view of exact octets, and what the index wants to know of it."""

from __future__ import annotations

import re
from functools import cached_property

from mailtrap.mail import header, html_text, links, mime, page, presentation
from mailtrap.mail.defects import ONCE
from mailtrap.mail.header import Field
from mailtrap.mail.links import Link
from mailtrap.mail.message import State, Understanding
from mailtrap.mail.mime import Part
from mailtrap.mail.page import Page

#: Characters of text that go into the search index, and octets that are decoded to get them.
MAX_BODY = 1024 * 1024
MAX_SNIPPET = 160
MAX_HEADER_TEXT = 64 * 1024
MAX_FILENAMES = 200
#: Octets of one text part that the reader decodes.
MAX_TEXT = 8 * 1024 * 1024

_URL = re.compile(r"[hH][tT][tT][pP][sS]?://\S")
_HREF = re.compile(r"<[aA]\s[^>]{0,200}?[hH][rR][eE][fF]")
# Preheaders are padded with invisible characters so that list views show nothing after them.
_FILLER = re.compile(r"[\u034f\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u115f\u1160\u17b4\u17b5\u180e\ufffc]+")
_JOINERS = "\u200c\u200d"  # within words of many scripts, and within emoji
_RULE = re.compile(r"[-=_*~#]{4,}")
#: Characters in which a snippet is all but certain to end.
_OPENING = 240
_SOFT_BREAK = re.compile(r"(?<=\S) \n(?!\n)")
_TOKENS = re.compile(r"\S+")


class Content:
    """One message's octets (RFC 5321 §2.3.1). Nothing is read before it is asked for, nothing ever raises."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    @cached_property
    def _scanned(self) -> tuple[Part, tuple[str, ...]]:
        return mime.scan(self.octets)

    @property
    def root(self) -> Part:
        """The outermost part."""
        return self._scanned[0]

    @cached_property
    def header(self) -> tuple[Field, ...]:
        """The header fields of the message, decoded, in the order sent."""
        return self.root.header

    @cached_property
    def parts(self) -> list[Part]:
        """Every part, containers too, in document order."""
        return list(self.root.walk())

    def part(self, path: str) -> Part | None:
        """The part with this number, such as `1.2`, or None."""
        return next((part for part in self.parts if part.path == path), None)

    @cached_property
    def bodies(self) -> tuple[list[Part], list[Part]]:
        """The parts that are the text of the message: plain ones and HTML ones."""
        return presentation.texts(self.root)

    @cached_property
    def text(self) -> str:
        """What a person reads: the plain text, or the visible text of the HTML where there is no plain text."""
        plain = "\n".join([unwrapped(part) for part in self.bodies[0]])
        if plain.strip() or not self.html:
            return plain
        return "\n".join([shown.text for _, shown in self.pages]).strip() or html_text.visible_text(self.html)

    @cached_property
    def html(self) -> str:
        """The HTML alternative as a string, '' if there is none."""
        return "\n".join([part.text(MAX_TEXT) for part in self.bodies[1]])

    @cached_property
    def attachments(self) -> list[Part]:
        """The parts a person would save: not the text, not images shown within it."""
        return presentation.attachments(self.parts, self.bodies)

    @cached_property
    def pages(self) -> list[tuple[str, Page]]:
        """The HTML parts as they are shown, each with its number."""
        left, read = MAX_TEXT, []
        for part in self.bodies[1]:
            if left <= 0:
                break
            text = part.text(left)
            left -= len(text)
            read.append((part.path, page.read(text)))
        return read

    @cached_property
    def links(self) -> list[Link]:
        """Links, pictures and unsubscribe addresses: HTML first, then plain text, then List-Unsubscribe; each once."""
        found = [link for path, shown in self.pages for link in links.in_html(shown, path)]
        for part in self.bodies[0]:
            found += links.in_text(unwrapped(part), part.path)
        for field in self.header:
            if field.name.lower() == "list-unsubscribe":
                found += links.in_field(field.value)
        once: dict[tuple[str, str], Link] = {}
        for link in found:
            once.setdefault((link.kind if link.tag == "field" or link.is_picture else "", link.href), link)
        return list(once.values())[: links.MAX_LINKS]

    @cached_property
    def searchable(self) -> tuple[str, str, tuple[str, ...]]:
        """The plain text and the HTML as far as they are indexed, and what was wrong with their encodings."""
        wrong: list[str] = []
        texts: list[str] = []
        left = MAX_BODY
        for group in self.bodies:
            pieces: list[str] = []
            for part in group:
                if left <= 0:
                    break
                text, slugs = part.read_text(left * 2)
                wrong += slugs
                pieces.append(text)
                left -= len(text)
            texts.append("\n".join(pieces)[:MAX_BODY])
        return texts[0], texts[1], tuple(wrong)

    @cached_property
    def defects(self) -> tuple[str, ...]:
        """Slugs of everything wrong with the message, explained by `mailtrap.mail.defects`."""
        return _defects(self)


def unwrapped(part: Part) -> str:
    """The text of a part; lines that were only wrapped for the way are whole again (RFC 3676 §4.2, DelSp)."""
    text = part.text(MAX_TEXT)
    if part.parameters.get("format", "").lower() == "flowed" and part.parameters.get("delsp", "").lower() == "yes":
        return _SOFT_BREAK.sub("", text)
    return text


def understand(id: int, octets: bytes | Content, flags: tuple[str, ...] = ()) -> Understanding:
    """Everything the index keeps of a message; `flags` are the defects that only the wire showed. Never raises."""
    if isinstance(octets, Content):
        return _understand(id, octets, flags)
    content = Content(octets)
    try:
        return _understand(id, content, flags)
    finally:
        for part in content.parts:  # nothing points in a circle any more: the octets are let go of at once
            part.parent = None


def _understand(id: int, content: Content, flags: tuple[str, ...]) -> Understanding:
    plain, html, _ = content.searchable
    visible = html_text.loose_text(html) if html else ""
    if not plain.strip():
        plain, visible = visible.strip(), ""
    elif visible and _says_the_same(visible, plain):
        visible = ""
    snippet = _snippet(plain)
    body = (f"{plain}\n{visible}" if visible else plain)[:MAX_BODY]
    defects = tuple(dict.fromkeys([*content.defects, *flags]))
    if "not-a-message" in defects:
        return Understanding(id, State.UNPARSED, snippet, 0, body, (), (), defects, ())
    names = [name for part in content.parts if (name := part.filename)][:MAX_FILENAMES]
    return Understanding(
        id,
        State.INDEXED,
        snippet,
        len(content.attachments),
        body,
        _header_text(content.root),
        tuple(dict.fromkeys(names)),
        defects,
        _kinds(content),
    )


def _says_the_same(visible: str, plain: str) -> bool:
    words, others = visible.split(), plain.split()
    if words == others:
        return True
    # A few samples settle it for most newsletters, where the two differ, at a tenth of the cost.
    if any(word not in plain for word in words[:: len(words) // 16 + 1]):
        return False
    return not set(words).difference(others)


def _snippet(text: str) -> str:
    """The first readable characters on one line."""
    opening = text[:_OPENING]
    line = " ".join(opening.split())
    whole = len(line) > MAX_SNIPPET or len(opening) == len(text)
    if not (whole and line.isprintable() and (line.isascii() or not _FILLER.search(line)) and not _RULE.search(line)):
        line = _readable(text)
    return line if len(line) <= MAX_SNIPPET else line[: MAX_SNIPPET - 1].rstrip() + "…"


def _readable(text: str) -> str:
    """The first words that are made of characters one can see, and are no rules drawn with dashes."""
    words: list[str] = []
    length = 0
    for match in _TOKENS.finditer(text[:4000]):
        word = match[0]
        if not word.isascii() and not _FILLER.sub("", word):
            continue
        if not word.isprintable():
            word = "".join([c for c in word if c.isprintable() or c in _JOINERS])
        if not word or _RULE.fullmatch(word):
            continue
        words.append(word)
        length += len(word) + 1
        if length > MAX_SNIPPET:
            break
    return " ".join(words)


def _header_text(root: Part) -> tuple[tuple[str, str], ...]:
    left = MAX_HEADER_TEXT
    found = []
    for name, value in root.values:
        if b"=?" in value or len(value) > left or not value.isascii() or not (text := value.decode()).isprintable():
            text = header.text(value[:left], charset=root.raw_charset)
        found.append((name.decode("ascii", "replace"), text))
        left -= len(name) + len(text)
        if left <= 0:
            break
    return tuple(found)


def _kinds(content: Content) -> tuple[str, ...]:
    kinds = set()
    plain, html = content.bodies
    if plain:
        kinds.add("text")
    if html:
        kinds.add("html")
    if content.attachments:
        kinds.add("attachment")
    for part in content.parts:
        type_ = part.type
        if type_.startswith("image/"):
            kinds.add("image")
        elif type_ in _KIND_OF:
            kinds.add(_KIND_OF[type_])
        if type_ == "multipart/report":
            kinds.add("report")
            if part.parameters.get("report-type", "").lower() == "delivery-status":
                kinds.add("bounce")
    plain_text, html_text_ = content.searchable[:2]
    if ("://" in plain_text and _URL.search(plain_text)) or _HREF.search(html_text_):
        kinds.add("link")
    return tuple(sorted(kinds))


_KIND_OF = {
    "text/calendar": "calendar",
    "application/ics": "calendar",
    "application/pdf": "pdf",
    "multipart/signed": "signed",
    "application/pkcs7-mime": "encrypted",
    "application/x-pkcs7-mime": "encrypted",
    "multipart/encrypted": "encrypted",
    "message/delivery-status": "bounce",
    "message/global-delivery-status": "bounce",
    "message/feedback-report": "report",
    "message/disposition-notification": "report",
    "message/rfc822": "message",
    "message/global": "message",
}


#: Octets of a line with its CRLF (RFC 5321 §4.5.3.1.6).
MAX_LINE = 1000


def _defects(content: Content) -> tuple[str, ...]:
    root, structural = content._scanned
    found = dict.fromkeys(structural)
    octets = content.octets
    names = [name.lower() for name, _ in root.values]
    seen = set(names)
    if not any(name.replace(b"-", b"").isalnum() for name in names):
        # An empty line first is an empty header section; anything else was never meant as a message.
        if not octets.startswith((b"\r\n", b"\n")):
            return ("not-a-message",)
        found["no-header"] = None
    if len(seen) < len(names):
        counted = set()
        for name in names:
            if name in counted and (text := name.decode("ascii", "replace")) in ONCE:
                found[f"duplicate-{text}"] = None
            counted.add(name)
    for required in (b"from", b"date", b"message-id"):
        if required not in seen:
            found[f"missing-{required.decode()}"] = None
    if b"content-type" in seen and b"mime-version" not in seen:
        found["missing-mime-version"] = None
    section = octets[root.header_start : root.header_end]
    if not section.isascii():
        try:
            section.decode("utf-8")
            found["utf8-header"] = None
        except UnicodeDecodeError:
            found["8bit-header"] = None
    found.update(dict.fromkeys(content.searchable[2]))
    pairs = octets.count(b"\r\n")
    if octets.count(b"\n") != pairs:
        found["bare-lf"] = None
    if octets.count(b"\r") != pairs:
        found["bare-cr"] = None
    if b"\0" in octets:
        found["nul"] = None
    if _has_long_line(octets):
        found["long-line"] = None
    return tuple(found)


def _has_long_line(octets: bytes) -> bool:
    """Whether a line is longer than RFC 5321 §4.5.3.1.6 allows; hops from one line end to the last within reach."""
    start = 0
    while len(octets) - start > MAX_LINE:
        end = octets.rfind(b"\r\n", start, start + MAX_LINE)
        if end < 0:
            return True
        start = end + 2
    return False
