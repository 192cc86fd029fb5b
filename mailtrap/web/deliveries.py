"""The API's verbs on simulated delivery: what became of messages after their 250, and the clock it goes by."""

from __future__ import annotations

from mailtrap.delivery.record import Delivery
from mailtrap.mail.message import Message
from mailtrap.sandbox import Sandbox

#: Deliveries told with the message they are of.
MOST_WITH_MESSAGE = 100


def delivered(sandbox: Sandbox, message: Message) -> list[Delivery]:
    """What became of this message."""
    return []
