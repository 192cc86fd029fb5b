"""What CSS and HTML attributes say about text: hidden from the reader, and set large; linear and bounded (CSS 2.2)."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

#: Characters of style sheets, and classes in them, that are read.
MAX_CSS = 100_000
MAX_CLASSES = 1000
_MAX_STYLE = 2000

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BRACE = re.compile(r"[{}]")
_SELECTOR = re.compile(r"[a-zA-Z0-9]*[.#]([\w-]{1,80})")
_LENGTH = re.compile(r"(-?\d{0,6}\.?\d{0,6})(px|pt|em|rem|%)?")
_IMPORTANT = "!important"
_SIZES = {"h1": 32.0, "h2": 24.0, "h3": 19.0, "big": 19.0, "body": 16.0}
_FONT_SIZES = {"4": 18.0, "5": 24.0, "6": 32.0, "7": 48.0}
_UNITS = {"pt": 4 / 3, "em": 16.0, "rem": 16.0, "%": 0.16}
#: Pixels from which text stands out of the text around it.
LARGE = 20.0


class Look(Struct, frozen=True):
    """How the text of an element is shown; inherited by what is in it."""

    hidden: bool = False
    size: float = 16.0
    spaced: bool = False

    @property
    def is_seen(self) -> bool:
        """Whether a person sees it: many templates set a size of 0 around text that has one of its own."""
        return not self.hidden and self.size > 2

    @property
    def stands_out(self) -> bool:
        """Whether it is set large or with wide spaces, as codes are."""
        return self.size >= LARGE or self.spaced

    def within(self, tag: str, style: str, font_size: str | None) -> Look:
        """How an element in this one looks."""
        size = _SIZES.get(tag)
        if font_size and tag == "font":
            size = _FONT_SIZES.get(font_size.strip(), size)
        said = _read(style[:_MAX_STYLE]) if style else _NOTHING
        if said is _NOTHING and size is None:
            return self
        return replace(
            self,
            hidden=self.hidden or said.hidden,
            size=said.size if said.size is not None else size or self.size,
            spaced=said.spaced if said.spaced is not None else self.spaced,
        )


class _Said(Struct, frozen=True):
    hidden: bool = False
    size: float | None = None
    spaced: bool | None = None


_NOTHING = _Said()


@lru_cache(maxsize=512)
def _read(style: str) -> _Said:
    values: dict[str, str] = {}
    for declaration in style.lower().split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            values[name.strip()] = value.replace(_IMPORTANT, "").strip()
    hidden = (
        values.get("display") == "none"
        or values.get("visibility") in ("hidden", "collapse")
        or _is_zero(values.get("max-height", ""))
        or _is_zero(values.get("max-width", ""))
        or _is_zero(values.get("opacity", ""))
        or (_is_zero(values.get("height", "")) and values.get("overflow", "").startswith("hidden"))
        or values.get("color") == "transparent"
        or any(_pixels(values.get(name, "")) < -900 for name in ("text-indent", "left", "top"))
    )
    size = _pixels(values["font-size"], -1.0) if "font-size" in values else -1.0
    spacing = values.get("letter-spacing")
    spaced = None if spacing is None else _pixels(spacing) >= 1.5
    if not hidden and size < 0 and spaced is None:
        return _NOTHING
    return _Said(hidden, size if size >= 0 else None, spaced)


def _is_zero(value: str) -> bool:
    found = _LENGTH.fullmatch(value)
    return bool(found and found[1] and not found[1].strip("0."))


def _pixels(value: str, otherwise: float = 0.0) -> float:
    found = _LENGTH.fullmatch(value)
    try:
        return float(found[1]) * _UNITS.get(found[2] or "", 1.0) if found else otherwise
    except ValueError:
        return otherwise


def classes(css: str) -> dict[str, str]:
    """What a style sheet says of each class and id, as one style; rules for other media are left out."""
    css = _COMMENT.sub("", css[:MAX_CSS])
    found: dict[str, str] = {}
    depth = start = opened = 0
    skipping = False
    for brace in _BRACE.finditer(css):
        if brace[0] == "{":
            depth += 1
            if depth == 1:
                selectors = css[start : brace.start()].strip()
                skipping = selectors.rpartition(";")[2].strip().startswith("@")
                opened = brace.end()
        elif depth:
            depth -= 1
            if not depth:
                if not skipping:
                    _note(found, selectors, css[opened : brace.start()])
                start = brace.end()
    return found


def _note(found: dict[str, str], selectors: str, style: str) -> None:
    for selector in selectors[-2000:].split(","):
        single = _SELECTOR.fullmatch(selector.strip())
        if single and len(found) < MAX_CLASSES:
            name = single[1].lower()
            found[name] = f"{found.get(name, '')};{style}"[:_MAX_STYLE]
