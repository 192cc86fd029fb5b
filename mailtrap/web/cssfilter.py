"""Takes out of a mail's CSS whatever could load something or run, and settles the colour scheme.

The text is cut into tokens as CSS Syntax 3 §4 does, and every token that could be read in two ways (escapes, comments,
url(), strings) is written again in one plain form. A browser therefore sees the same tokens as we did, whatever the
original was meant to confuse. One pass, linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable

#: Gives the address to load instead, "" for nothing, None for nothing because remote content is blocked.
Loader = Callable[[str], str | None]

#: If none of this occurs, nothing can load or run and there is nothing to settle: most style attributes.
_WORTH_READING = re.compile(
    r"[\\@<\0]|/\*|url|image|src|cross-fade|expression|behavior|binding|color-scheme", re.IGNORECASE
)
_SPECIAL = re.compile(r"[\"'\\/@<(]|-->")
_NEWLINES = re.compile(r"\r\n?|\f")
_ESCAPE = re.compile(r"\\(?:([0-9A-Fa-f]{1,6})[ \n\t]?|([^\n0-9A-Fa-f]))")
_NAME = re.compile(r"(?:[A-Za-z0-9_\-\u0080-\U0010ffff]|\\(?:[0-9A-Fa-f]{1,6}[ \n\t]?|[^\n0-9A-Fa-f]))+")
_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
_STRING = {
    '"': re.compile(r'"([^"\\\n]*(?:\\(?:[\s\S]|\Z)[^"\\\n]*)*)("|\n|\Z)'),
    "'": re.compile(r"'([^'\\\n]*(?:\\(?:[\s\S]|\Z)[^'\\\n]*)*)('|\n|\Z)"),
}
_URL_BODY = re.compile(r"([^)\\]*(?:\\(?:[\s\S]|\Z)[^)\\]*)*)\)?")
_SPACES = re.compile(r"[ \t\n]*")
_IMPORT = re.compile(
    r"[ \t\n]*(?:url\([ \t\n]*)?[\"']?([^\"'();{}\\\s]*)[\"']?[ \t\n]*\)?([^;{}\"'\\@<]*)(;|\Z)",
    re.IGNORECASE,
)
_IMPORT_END = re.compile(r"[^;{}]*;?")
_SCHEME_FEATURE = re.compile(r"prefers-color-scheme(?:[ \t\n]*:[ \t\n]*([a-z-]+))?", re.IGNORECASE)
_SETTLED = re.compile(r"(?<![\w-])(behavior|-moz-binding|color-scheme)(?=[ \t\n]*:)", re.IGNORECASE)

#: These take an address as a plain string, or did once.
_LOADING_FUNCTIONS = frozenset({"image-set", "-webkit-image-set", "image", "src", "expression"})


def filter_css(css: str, load: Loader, scheme: str, *, imports: Loader | None = None) -> str:
    """The same style sheet or declaration list, harmless. `scheme` is "light" or "dark"; `imports` may allow @import.

    The result has no `<` that could begin a tag, so it may stand in a <style> element.
    """
    if not _WORTH_READING.search(css):
        return css
    return _Filter(_NEWLINES.sub("\n", css).replace("\0", "\ufffd"), load, scheme, imports).run()


def settle_media(query: str, scheme: str) -> str:
    """A media query in which `prefers-color-scheme` means the scheme that was chosen, not the one of the browser."""

    def feature(match: re.Match[str]) -> str:
        if match[1] is None:
            return "min-width"
        return "min-width:0" if match[1].lower() == scheme else "min-width:9999999px"

    return _SCHEME_FEATURE.sub(feature, query)


class _Filter:
    def __init__(self, css: str, load: Loader, scheme: str, imports: Loader | None) -> None:
        self.css = css
        self.load = load
        self.scheme = scheme
        self.imports = imports
        self.out: list[str] = []

    def run(self) -> str:
        css, position, length = self.css, 0, len(self.css)
        while position < length:
            special = _SPECIAL.search(css, position)
            end = special.start() if special else length
            plain = css[position:end]
            if special is None:
                self._plain(plain)
                break
            position = self._special(special[0], plain, end)
        return "".join(self.out)

    def _plain(self, text: str) -> None:
        if text:
            self.out.append(_SETTLED.sub(r"removed-\1", settle_media(text, self.scheme)))

    def _special(self, what: str, plain: str, at: int) -> int:
        """Write what precedes and what begins at `at`; returns where to go on."""
        if what == "(":
            head = plain.rstrip(_NAME_CHARACTERS)
            self._plain(head)
            return self._function(plain[len(head) :], at)
        if what == "\\":
            head = plain.rstrip(_NAME_CHARACTERS)
            self._plain(head)
            return self._escaped_name(at - (len(plain) - len(head)), at)
        self._plain(plain)
        if what in "\"'":
            return self._string(what, at)
        if what == "@":
            return self._at_rule(at)
        if what == "/":
            return self._slash(at)
        if what == "<" and self.css[at + 1 : at + 2] in (" ", "=", *"0123456789"):  # a range: (width <= 600px)
            self.out.append("<")
            return at + 1
        self.out.append(" ")  # `<!--` and `-->` mean nothing to CSS (§5.4.1), any other `<` is an error
        return at + (len(what) if what != "<" else 4 if self.css.startswith("<!--", at) else 1)

    def _function(self, name: str, at: int) -> int:
        lower = name.lower()
        if lower == "url":
            return self._url(at + 1)
        self.out.append(f"removed-{name}(" if lower in _LOADING_FUNCTIONS else f"{name}(")
        return at + 1

    def _escaped_name(self, start: int, at: int) -> int:
        match = _NAME.match(self.css, start)
        if match is None or match.end() <= at:  # a backslash before a line break begins no escape (§4.3.8)
            self._plain(self.css[start:at])
            self.out.append(" ")
            return at + 1
        name, end = unescaped(match[0]), match.end()
        if self.css.startswith("(", end) and name.lower() in (*_LOADING_FUNCTIONS, "url"):
            return self._function(name, end)
        if name.lower() in ("behavior", "-moz-binding", "color-scheme"):
            name = "removed-" + name
        self.out.append(_escaped(name))
        return end

    def _string(self, quote: str, at: int) -> int:
        match = _STRING[quote].match(self.css, at)
        if match is None:  # cannot be: the pattern ends at the latest with the text
            return len(self.css)
        if match[2] == "\n":  # §4.3.5: a bad string, the declaration is void
            self.out.append('""')
            return match.end() - 1
        self.out.append(_quoted(unescaped(match[1])))
        return match.end()

    def _url(self, at: int) -> int:
        """`at` is just behind `url(`."""
        at = _SPACES.match(self.css, at).end()  # type: ignore[union-attr]
        if self.css[at : at + 1] in _STRING:
            match = _STRING[self.css[at]].match(self.css, at)
            body, at = (unescaped(match[1]), match.end()) if match else ("", len(self.css))
            rest = _URL_BODY.match(self.css, at)
        else:
            rest = _URL_BODY.match(self.css, at)
            body = unescaped(rest[1].strip(" \t\n")) if rest else ""
        target = self.load(body)
        self.out.append(f"url({_quoted(target)})" if target else " none ")
        return rest.end() if rest else len(self.css)

    def _at_rule(self, at: int) -> int:
        match = _NAME.match(self.css, at + 1)
        if match is None:
            self.out.append("@ ")
            return at + 1
        name = unescaped(match[0])
        if name.lower() != "import":
            self.out.append("@" + _escaped(name))
            return match.end()
        self.out.append(" ")
        rule = _IMPORT.match(self.css, match.end())
        target = (self.imports or self.load)(rule[1]) if rule else None
        if rule and target and self.imports:
            self.out.append(f"@import url({_quoted(target)}) {settle_media(rule[2].replace('/*', ' '), self.scheme)};")
            return rule.end()
        return _IMPORT_END.match(self.css, match.end()).end()  # type: ignore[union-attr]

    def _slash(self, at: int) -> int:
        if not self.css.startswith("/*", at):
            self.out.append("/")
            return at + 1
        end = self.css.find("*/", at + 2)
        self.out.append("/**/")  # it parts two tokens, which must not become one
        return end + 2 if end >= 0 else len(self.css)


def unescaped(text: str) -> str:
    """What a name or string with escapes stands for (§4.3.7)."""
    if "\\" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        if match[2] is not None:
            return match[2]
        number = int(match[1], 16)
        return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"

    return _ESCAPE.sub(character, text.replace("\\\n", "")).rstrip("\\")


def _escaped(name: str) -> str:
    """A name written so that it can only be read as a name."""
    return "".join(
        c if (c in _NAME_CHARACTERS and (i or not c.isdigit())) or c >= "\u0080" else f"\\{ord(c):x} "
        for i, c in enumerate(name)
    )


def _quoted(text: str) -> str:
    """A string in double quotes, without `<` and line breaks."""
    return '"' + re.sub(r'["\\<\n]', lambda match: f"\\{ord(match[0]):x} ", text) + '"'
