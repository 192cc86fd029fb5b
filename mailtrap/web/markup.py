"""Colours for HTML source, in time linear in its length whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from markupsafe import Markup, escape
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.token import Comment, Keyword, Name, Operator, String, Text, _TokenType

#: More source than this is shown without colours: a browser takes seconds over a million spans.
COLOURED = 200_000

_TAG = re.compile(r"</?[a-zA-Z][^\s/>]*")
_INSIDE = re.compile(
    r"""(?P<space>\s+)|(?P<end>/?>)|(?P<equals>=)|(?P<quoted>"[^"]*"?|'[^']*'?)|(?P<name>[^\s=>"'/]+)|(?P<other>.)""",
    re.DOTALL,
)
_ENTITY = re.compile(r"&#?\w{1,32};")
_KINDS = {
    "space": Text,
    "end": Name.Tag,
    "equals": Operator,
    "quoted": String,
    "name": Name.Attribute,
    "other": Text,
}

Token = tuple[int, _TokenType, str]


class MarkupLexer(Lexer):  # type: ignore[misc]  # Pygments has no types
    """HTML as a browser reads it, more or less.

    Pygments' own HtmlLexer is quadratic on `&&&&…` and on `<!--<!--…` (18 s for 60 KB), and mail is hostile.
    """

    name = "HTML of a mail"

    def get_tokens_unprocessed(self, text: str) -> Iterator[Token]:
        """Tokens in order, covering all of `text`."""
        at = 0
        while at < len(text):
            start = text.find("<", at)
            if start < 0:
                start = len(text)
            yield from _words(text, at, start)
            at = start
            if at == len(text):
                return
            tag = _TAG.match(text, at)
            if tag:
                yield at, Name.Tag, tag[0]
                at = yield from _attributes(text, tag.end())
            elif text.startswith(("<!", "<?"), at):
                closing = "-->" if text.startswith("<!--", at) else ">"
                end = text.find(closing, at + 2)
                end = len(text) if end < 0 else end + len(closing)
                yield at, Comment if closing == "-->" else Keyword, text[at:end]
                at = end
            else:
                yield at, Text, "<"
                at += 1


def _words(text: str, at: int, end: int) -> Iterator[Token]:
    for entity in _ENTITY.finditer(text, at, end):
        yield at, Text, text[at : entity.start()]
        yield entity.start(), Name.Entity, entity[0]
        at = entity.end()
    if at < end:
        yield at, Text, text[at:end]


def _attributes(text: str, at: int) -> Generator[Token, None, int]:
    value = False
    while match := _INSIDE.match(text, at):
        kind = str(match.lastgroup)
        token = String if value and kind == "name" else _KINDS[kind]
        yield at, token, match[0]
        at = match.end()
        if kind == "end":
            break
        value = kind == "equals" or (value and kind == "space")
    return at


def lines(source: str) -> list[Markup]:
    """The source as safe HTML, a line each, coloured with Pygments' short class names unless it is very long."""
    if len(source) > COLOURED:
        return [escape(line) for line in source.splitlines()]
    coloured = MarkupLexer(stripnl=False, ensurenl=False).get_tokens(source)
    html: list[str] = []
    HtmlFormatter(nowrap=True).format(coloured, _Sink(html))
    return [Markup(line) for line in "".join(html).removesuffix("\n").split("\n")]  # noqa: S704 - escaped by Pygments


class _Sink:
    """What the formatter writes to."""

    def __init__(self, pieces: list[str]) -> None:
        self.write = pieces.append
