"""What the application that sent a message may be told about it, as a value."""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event. `kind` is the value of an `events.Kind`; `at` is virtual time in microseconds since the epoch.

    `message` is 0 where nothing was kept (`refused`). `code`, `status` and `text` are the reply that decided it.
    `recipients` names everyone where the event is about all of a message's recipients together.
    """

    kind: str
    at: int
    message: int = 0
    recipient: str = ""
    sender: str = ""
    subject: str = ""
    message_id: str = ""
    inbox: str = "default"
    code: int = 0
    status: str = ""
    text: str = ""
    host: str = ""
    session: int = 0
    attempt: int = 0
    url: str = ""
    recipients: tuple[str, ...] = ()


#: Called from any thread; must not block.
Tell = Callable[[Told], None]
