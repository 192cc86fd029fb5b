"""What SORT, THREAD and SENTSINCE look at in a header section, read once for each message."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

#: Messages whose summaries are kept.
KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Summary:
    """Keys for comparison, letters folded. `sent` in microseconds since the epoch, None where there is no date.

    `day` is that of the Date field as it stands there, whatever its zone.
    """

    subject: str = ""
    is_reply: bool = False
    sent: int | None = None
    day: date | None = None
    sender: str = ""
    to: str = ""
    cc: str = ""
    shown_sender: str = ""
    shown_to: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()


def read(octets: bytes) -> Summary:
    """Summarise a message, of which the beginning suffices. Never raises."""
    raise NotImplementedError


class Summaries:
    """Those of many messages, the last `KEPT` of them kept: what a message says never changes. Thread-safe.

    `contents` gives the octets of messages, or of their beginnings, by id.
    """

    def __init__(self, contents: Callable[[Collection[int]], dict[int, bytes]], kept: int = KEPT) -> None:
        self._contents = contents
        self._kept = kept

    def of(self, messages: Collection[int]) -> dict[int, Summary]:
        """By message; those that are gone are missing."""
        raise NotImplementedError
