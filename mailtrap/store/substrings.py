"""Whether a string is part of a text, as IMAP asks (RFC 9051 §6.4.4), and which words such a text has to have; pure."""

from __future__ import annotations

import re
from functools import cached_property

from mailtrap.mail.words import normalise, split
from mailtrap.store.rows import encode

_SPACES = re.compile(r"\s+")


class Needle:
    """A string that is looked for. Case, width, accents and the kind of space make no difference."""

    def __init__(self, value: str) -> None:
        self.value = value
        written = normalise(value)
        #: As it stands in a text of ASCII alone, in lower case.
        self.plain = written if value.isascii() else _SPACES.sub(" ", written)
        self._squeezed = _SPACES.sub(" ", written)
        #: The words the index would have of it, and whether the first and last may be parts of longer ones.
        self.words = split(written)
        self.starts_within = bool(self.words) and written.startswith(self.words[0])
        self.ends_within = bool(self.words) and written.endswith(self.words[-1])

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it but spaces and signs that are left out."""
        return not self._squeezed.strip()

    @property
    def is_words(self) -> bool:
        """Whether it is just one word, or part of one: then the index knows all there is to know."""
        return len(self.words) == 1 and self._squeezed == self.words[0]

    @cached_property
    def in_json(self) -> str | None:
        """As it would stand in one string of JSON in ASCII; None where it may reach from one string into the next."""
        if not self.plain.isascii() or any([character in self.plain for character in '<>[],:"']):
            return None
        return encode(self.plain)[1:-1]

    def is_in(self, text: str) -> bool:
        """Whether it is part of a text."""
        if self.is_blank:
            return self.value in text
        if text.isascii():
            return self.plain in text.lower()
        return self._squeezed in _SPACES.sub(" ", normalise(text))
