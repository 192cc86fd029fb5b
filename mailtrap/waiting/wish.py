"""What somebody waits for, and what came of it, as values."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from mailtrap.mail.message import Message
from mailtrap.query import Query
from mailtrap.query.nearest import Miss
from mailtrap.store.base import Session

#: Messages that are handed out, where fewer were asked for.
MOST = 100


class Unit(StrEnum):
    """What is counted."""

    MESSAGES = "messages"
    RECIPIENTS = "recipients"


class Outcome(StrEnum):
    """How waiting ended."""

    MET = "met"
    TIMEOUT = "timeout"
    UNWANTED = "unwanted"
    STOPPED = "stopped"
    GONE = "gone"


class Wish(Struct, frozen=True):
    """`count` messages that match `query` (or messages with so many envelope recipients together), newer than `after`.

    `inbox` is where they must be, empty for anywhere. With `none` the wish is that none comes. Of more messages than
    `count`, `most` are handed out.
    """

    query: Query
    inbox: str = ""
    count: int = 1
    unit: Unit = Unit.MESSAGES
    after: int = 0
    none: bool = False
    most: int = MOST

    @property
    def condition(self) -> Query:
        """The query, in that inbox only."""
        return self.query.within(self.inbox) if self.inbox else self.query

    @property
    def limit(self) -> int:
        """How many messages have to be looked at, at most."""
        return self.most if self.none else max(self.count, self.most)

    def weight(self, message: Message) -> int:
        """What one message counts."""
        return 1 if self.unit is Unit.MESSAGES else len(message.envelope.recipients)


class Near(Struct, frozen=True):
    """A message that nearly matched, and what would have to be otherwise."""

    message: Message
    failed: tuple[Miss, ...]


class Evidence(Struct, frozen=True):
    """What there was instead: messages that arrived, newest last, the nearest ones, and sessions that were refused."""

    arrived: list[Message] = field(default_factory=list)
    total: int = 0
    nearest: list[Near] = field(default_factory=list)
    refused: list[Session] = field(default_factory=list)


class Waited(Struct, frozen=True):
    """What came of a wish. `messages` are those that match, in the order of capture; `counted` is in the wish's unit.

    `newest` is the id of the newest message there is: hand it on as `after`. `seconds` is real time.
    """

    outcome: Outcome
    messages: list[Message]
    counted: int
    newest: int
    seconds: float
    evidence: Evidence = field(default_factory=Evidence)
