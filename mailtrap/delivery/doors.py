"""What the post office needs of others: somebody who keeps, writes and reads messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from mailtrap.delivery.course import What
from mailtrap.delivery.letters import Letter
from mailtrap.delivery.record import Delivery
from mailtrap.faults.rule import Notice
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope
from mailtrap.store.base import Done


class Capture(Protocol):
    """Keeps a message that we made; `Sandbox.capture` is one."""

    def __call__(self, envelope: Envelope, octets: bytes, arrival: Arrival, done: Done, *, inbox: str) -> None: ...


class Visitor(Protocol):
    """Reads messages as a person would; neither call waits."""

    def open(self, message: int, recipient: str = "", at: int | None = None) -> bool:
        """Have a message opened."""

    def click(self, message: int, recipient: str = "", at: int | None = None) -> bool:
        """Have a link of it followed."""


#: Writes a notice about deliveries of one message: (what, deliveries, letter, time, what the rule said) → its octets,
#: None where none is wanted.
Write = Callable[[What, Sequence[Delivery], Letter, int, Notice | None], bytes | str | None]
