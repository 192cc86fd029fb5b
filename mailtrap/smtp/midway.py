"""Counts the content of one transaction as it comes, so that something can go wrong after exactly so many octets."""

from __future__ import annotations

from collections.abc import Callable

from mailtrap.smtp.dialogue import Dialogue


class Midway:
    """Stands between a dialogue and whatever reads its content; `strike` is called at the right octet, once."""

    def __init__(self, dialogue: Dialogue, after: int, strike: Callable[[], None]) -> None:
        self._dialogue = dialogue
        self._left = after
        self._strike: Callable[[], None] | None = strike
        self._inner = dialogue.reader

    def watch(self) -> None:
        """The dialogue reads content from now on."""
        dialogue = self._dialogue
        if self._strike is None or dialogue.closed or dialogue.reader == dialogue.read_command:
            return
        if self._left:
            self._inner, dialogue.reader = dialogue.reader, self._read
        else:
            self._go()

    def _read(self) -> bool:
        dialogue = self._dialogue
        octets = dialogue.rest()
        inside, beyond = octets[: self._left], octets[self._left :]
        dialogue.put_back(inside)
        moved = self._inner()
        if dialogue.closed:
            return False
        if dialogue.reader != self._read:
            # The content (or the chunk) has ended before so many octets.
            after = dialogue.rest()
            self._left -= len(inside) - len(after)
            dialogue.put_back(after + beyond)
            return moved
        self._left -= len(inside)
        if self._left:
            return False
        dialogue.reader = self._inner
        dialogue.put_back(beyond)
        self._go()
        return True

    def _go(self) -> None:
        strike, self._strike = self._strike, None
        if strike is not None:
            strike()
