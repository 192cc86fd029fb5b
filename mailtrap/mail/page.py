"""HTML read once from its tokens: lines as a person sees them, what is hidden, and what it points to.

There is no tree: trees of hostile HTML repeat its text, and nothing here may cost more than its length.
"""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from msgspec import Struct, field

from mailtrap.mail import looks
from mailtrap.mail.looks import Look

#: Characters and tokens of HTML that are read, characters of text that is kept, and of the words of one link.
MAX_TOKENIZED = 4 * 1024 * 1024
MAX_TOKENS = 300_000
MAX_TEXT = 1024 * 1024
MAX_REFERENCES = 10_000
MAX_LINES = 50_000
_MAX_WORDS = 300
_MAX_PREHEADER = 1000
_MAX_DEPTH = 400
#: Characters before and after a link that may say what it is for.
_AROUND = 160
# Not a question: what one clicks on may be its answer.
_SENTENCE = re.compile(r"[.!](?=\s|$)|[。！]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FILLER = re.compile(r"[\u034f\u00ad\u200b\u200c\u200e\u200f\u2007\u2060-\u2064\ufeff\u115f\u1160\u180e\ufffc]+")

_BREAKS = frozenset(("br", "p", "div", "td", "th", "tr", "li", "table", "h1", "h2", "h3", "h4", "h5", "h6"))
_LINES = _BREAKS - {"td", "th"} | frozenset(
    [
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "pre",
        "blockquote",
        "center",
        "section",
        "article",
        "header",
        "footer",
        "form",
        "hr",
        "main",
        "aside",
        "nav",
        "address",
        "figure",
    ]
)
_ADDRESS = {"a": "href", "area": "href", "img": "src", "form": "action"}
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_UNSEEN = frozenset(
    ["script", "style", "title", "template", "noframes", "noembed", "svg", "textarea", "select", "noscript", "object"]
)
#: What a start tag closes that was left open (WHATWG HTML §13.1.2.4).
_CLOSES = {
    "p": ("p",), "div": ("p",), "table": ("p",), "ul": ("p",), "ol": ("p",), "h1": ("p",), "h2": ("p",), "h3": ("p",),
    "li": ("li", "p"), "td": ("td", "th", "p"), "th": ("td", "th", "p"), "tr": ("td", "th", "tr", "p"),
}  # fmt: skip


class Reference(Struct):
    """Something HTML points to: the address with entities decoded, else as written, and the words one clicks on.

    Where there is a `<base>`, the address is what that makes of it. `around` is the sentence in which the words stand.
    """

    href: str
    tag: str
    text: str = ""
    visible: bool = True
    width: str = ""
    height: str = ""
    around: str = ""


class Line(Struct, frozen=True):
    """A line of visible text; cells of a table are separated by tabs. `large` where any of it stands out."""

    text: str
    large: bool = False


class Page(Struct):
    """What a person sees of HTML, in order; a line without text is the gap between two paragraphs.

    `read_out` are the lines of somebody who sees no pictures, but what stands for them.
    """

    lines: list[Line] = field(default_factory=list)
    read_out: list[Line] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    preheader: str = ""

    @property
    def text(self) -> str:
        """The visible lines as text."""
        return "\n".join([line.text.replace("\t", " ") for line in self.lines]).strip()


def read(html: str) -> Page:
    """Read HTML as it is shown. Never raises."""
    import turbohtml  # 40 ms and 5 MB that a start need not pay

    types = turbohtml.TokenType
    reader = _Reader()
    raw = ""
    for token in islice(turbohtml.tokenize(html[:MAX_TOKENIZED]), MAX_TOKENS):
        kind = token.type
        if kind is types.TEXT:
            if raw == "style":
                reader.style(token.data or "")
            elif not raw:
                reader.text(token.data or "")
        elif kind is types.START_TAG:
            tag = token.tag or ""
            if tag in ("script", "style"):
                raw = tag
            elif not raw:
                reader.start(tag, token)
        elif kind is types.END_TAG:
            if token.tag in ("script", "style"):
                raw = ""
            elif not raw:
                reader.end(token.tag or "")
    return reader.finish()


class _Reader:
    def __init__(self) -> None:
        self.page = Page()
        self._look = Look()
        self._open: list[tuple[str, Look]] = []
        self._counts: dict[str, int] = {}
        self._styles: dict[str, str] = {}
        self._css = 0
        self._base = ""
        self._pieces: list[str] = []
        #: The same with what stands for pictures; whether there is any.
        self._read_out: list[str] = []
        self._has_pictures = False
        self._length = 0
        #: Links on this line, with where their words begin and end.
        self._on_line: list[tuple[Reference, int]] = []
        self._ends: dict[int, int] = {}
        self._large = False
        self._room = MAX_TEXT
        self._seen = 0
        self._hidden: list[str] = []
        self._hidden_room = _MAX_PREHEADER * 4
        self._link: Reference | None = None
        self._words: list[str] = []

    def style(self, css: str) -> None:
        if self._css < looks.MAX_CSS:
            self._css += len(css)
            self._styles.update(looks.classes(css))

    def text(self, text: str) -> None:
        if self._link and len(self._words) < _MAX_WORDS:
            self._words.append(text[:_MAX_WORDS])
        if self._look.is_seen:
            if self._room > 0:
                self._room -= len(text)
                self._add(text)
                if not text.isspace():
                    self._large = self._large or self._look.stands_out
                    self._seen += min(len(text), 1000)
        elif self._seen < 100 and self._hidden_room > 0 and not self._is_unseen():
            self._hidden_room -= len(text)
            self._hidden.append(text)

    def _add(self, text: str) -> None:
        self._pieces.append(text)
        self._read_out.append(text)
        self._length += len(text)

    def _is_unseen(self) -> bool:
        return any(self._counts.get(tag) for tag in _UNSEEN)

    def start(self, tag: str, token: Any) -> None:
        if tag in _BREAKS:
            if self._link:
                self._words.append(" ")
            if tag in ("td", "th"):
                self._add("\t")
        if tag in _LINES:
            self._break(tag == "p")
        for closed in _CLOSES.get(tag, ()):
            # Only what is still open in the innermost elements: a cell within a cell's table closes nothing outside.
            while self._open and self._open[-1][0] == closed:
                self._pop()
        if tag == "body":
            self._open.clear()
            self._counts.clear()
            self._look = Look()
        style = self._style_of(token)
        look = self._look.within(tag, style, token.attr("size") if tag == "font" else None)
        if tag in _UNSEEN or token.attr("hidden") is not None:
            look = Look(True, look.size, look.spaced)
        if tag in _ADDRESS:
            self._refer(tag, token, look)
        elif tag == "base" and not self._base:
            href = (token.attr("href") or "").strip(" \t\r\n\f")
            self._base = href if href.lower().startswith(("http://", "https://")) else ""
        elif tag == "link" and "stylesheet" in (token.attr("rel") or "").lower():
            self._note(Reference((token.attr("href") or "").strip(" \t\r\n\f"), "stylesheet", "", False))
        elif tag in ("td", "table", "body") and (background := token.attr("background")):
            self._note(Reference(background.strip(" \t\r\n\f"), "background", "", look.is_seen))
        if tag not in _VOID and len(self._open) < _MAX_DEPTH:
            self._open.append((tag, self._look))
            self._counts[tag] = self._counts.get(tag, 0) + 1
            self._look = look

    def _style_of(self, token: Any) -> str:
        style = str(token.attr("style") or "")
        if self._styles:
            names = (token.attr("class") or "").lower()[:500].split()[:20]
            if name := token.attr("id"):
                names.append(name.lower())
            style = ";".join([self._styles[name] for name in names if name in self._styles] + [style])
        return style

    def end(self, tag: str) -> None:
        if tag in _BREAKS and self._link:
            self._words.append(" ")
        if tag in _LINES:
            self._break(tag in ("p", "table", "h1", "h2", "h3"))
        if tag == "a" and self._link:
            self._close_link()
        if self._counts.get(tag):
            while self._open and self._pop() != tag:
                pass

    def _pop(self) -> str:
        tag, self._look = self._open.pop()
        self._counts[tag] -= 1
        return tag

    def _refer(self, tag: str, token: Any, look: Look) -> None:
        if self._link and tag == "a":
            self._close_link()
        href = (token.attr(_ADDRESS[tag]) or "").strip(" \t\r\n\f")
        if not href:
            return
        seen = not look.hidden if tag == "img" else look.is_seen
        reference = Reference(href, tag, (token.attr("alt") or "")[:_MAX_WORDS], seen)
        if tag == "img":
            reference.width, reference.height = _side(token, "width"), _side(token, "height")
            if seen and reference.text and self._room > 0:
                self._room -= len(reference.text)
                self._has_pictures = True
                # One digit to a picture is one number.
                self._read_out.append(reference.text if len(reference.text) == 1 else f" {reference.text} ")
        if not self._note(reference):
            return
        if tag == "a":
            # Whether one sees it depends on what is in it: a size of its own may be further in.
            reference.visible = not look.hidden
            self._link, self._words = reference, []
            self._on_line.append((reference, self._length))
        elif self._link:
            self._words.append(f" {reference.text} ")

    def _note(self, reference: Reference) -> bool:
        if not reference.href or len(self.page.references) >= MAX_REFERENCES:
            return False
        if self._base and not _SCHEME.match(reference.href):
            with suppress(ValueError):
                reference.href = urljoin(self._base, reference.href)
        self.page.references.append(reference)
        return True

    def _close_link(self) -> None:
        if self._link:
            self._link.text = " ".join("".join(self._words).split())[:_MAX_WORDS]
            self._ends[id(self._link)] = self._length
            self._link = None

    def _break(self, gap: bool) -> None:
        if self._read_out:
            whole = "".join(self._pieces)
            self._surround(whole)
            line = _line(whole, self._large)
            _append(self.page.lines, line)
            _append(self.page.read_out, _line("".join(self._read_out), self._large) if self._has_pictures else line)
            self._pieces, self._read_out, self._length = [], [], 0
            self._large = self._has_pictures = False
        if gap:
            for lines in (self.page.lines, self.page.read_out):
                if lines and lines[-1].text and len(lines) < MAX_LINES:
                    lines.append(_GAP)

    def _surround(self, whole: str) -> None:
        """Say of the links on a line in which sentence they stand."""
        for reference, start in self._on_line:
            stop = self._ends.pop(id(reference), len(whole))
            before = _SENTENCE.split(whole[max(0, start - _AROUND) : start])[-1]
            after = _SENTENCE.split(whole[stop : stop + _AROUND], maxsplit=1)[0]
            reference.around = " ".join(f"{before} {reference.text} {after}".split())
        self._on_line.clear()

    def finish(self) -> Page:
        self._close_link()
        self._break(False)
        # Filled up with what nobody sees, so that lists show nothing of the text after it.
        self.page.preheader = " ".join(_FILLER.sub("", "".join(self._hidden)).split())[:_MAX_PREHEADER]
        return self.page


_GAP = Line("")


def _line(text: str, large: bool) -> Line:
    cells = text.split("\t")
    return Line("\t".join([words for cell in cells if (words := " ".join(cell.split()))]), large)


def _append(lines: list[Line], line: Line) -> None:
    if line.text and len(lines) < MAX_LINES:
        lines.append(line)


def _side(token: Any, name: str) -> str:
    """The width or height of a picture, in its attribute or its style."""
    value = (token.attr(name) or "").strip()
    if not value:
        for declaration in (token.attr("style") or "")[:1000].lower().split(";"):
            key, _, said = declaration.partition(":")
            if key.strip() == name:
                value = said.strip()
    return str(value[:20].lower().removesuffix("px"))
