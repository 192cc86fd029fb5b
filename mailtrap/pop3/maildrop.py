"""The maildrop of one session: its messages numbered from 1, and which of them are to be deleted (RFC 1939 §5)."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence


class Maildrop:
    """As it was at login: what comes later is in the next session, what goes meanwhile keeps its number.

    Two arrays instead of objects: there may be many messages, and many who look at them.
    """

    def __init__(self, messages: Sequence[tuple[int, int]], identity: str) -> None:
        self._ids = array("q", [id_ for id_, _ in messages])
        self._sizes = array("q", [size for _, size in messages])
        self._identity = identity
        self._deleted: set[int] = set()

    def __len__(self) -> int:
        """How many are not marked."""
        return len(self._ids) - len(self._deleted)

    @property
    def octets(self) -> int:
        """The size of those that are not marked."""
        return sum(self._sizes) - sum([self._sizes[number - 1] for number in self._deleted])

    @property
    def marked(self) -> tuple[int, ...]:
        """The ids of those that are marked."""
        return tuple([self._ids[number - 1] for number in sorted(self._deleted)])

    def has(self, number: int) -> bool:
        """Whether there is a message of this number that is not marked."""
        return 0 < number <= len(self._ids) and number not in self._deleted

    def id(self, number: int) -> int:
        """What the store calls it."""
        return self._ids[number - 1]

    def size(self, number: int) -> int:
        """Its size in octets."""
        return self._sizes[number - 1]

    def unique_id(self, number: int) -> str:
        """What names it for ever (RFC 1939 §7): 16 characters for the store, then the id there."""
        return f"{self._identity}.{self._ids[number - 1]}"

    def numbers(self) -> Iterator[int]:
        """Those that are not marked."""
        deleted = self._deleted
        return (number for number in range(1, len(self._ids) + 1) if number not in deleted)

    def mark(self, number: int) -> None:
        """It is to be deleted."""
        self._deleted.add(number)

    def reset(self) -> None:
        """None is to be deleted."""
        self._deleted.clear()
