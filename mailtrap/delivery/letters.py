"""What the post office knows of the messages it delivers, and how it comes by their content."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from msgspec import Struct

from mailtrap.delivery import asked
from mailtrap.delivery.record import Attempt, Delivery
from mailtrap.delivery.told import Told
from mailtrap.events import Kind
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Step
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.content import understand
from mailtrap.mail.envelope import Envelope
from mailtrap.mail.message import Heading, Message, State, Submission, Understanding
from mailtrap.query import Searchable
from mailtrap.store.base import Store

#: Listeners whose messages are nobody's to deliver: what we made ourselves, what was brought from a file or a folder.
_NOT_DELIVERED = frozenset(("notice", "import", "imap", "imaps"))
#: Messages whose content is kept at hand, and octets of one that are read for the rules.
AT_HAND = 8
READ = 1024 * 1024


class Letter(Struct):
    """A message without its content. `waiting` counts its deliveries that are not done yet."""

    id: int
    envelope: Envelope
    arrival: Arrival
    heading: Heading
    size: int
    inbox: str
    addresses: tuple[str, ...]
    waiting: int = 0
    gone: bool = False


def letter_of(id: int, message: Submission | Message) -> Letter:
    """The part of a message that the post office needs."""
    envelope = message.envelope
    # A message that was kept has them one by one, one on its way in one text.
    inbox = " ".join(message.inboxes) if isinstance(message, Message) else message.inbox
    return Letter(id, envelope, message.arrival, message.heading, message.size, inbox, envelope.addresses)


def is_delivered(arrival: Arrival) -> bool:
    """Whether what came so goes on to its recipients."""
    return arrival.listener not in _NOT_DELIVERED


def kind_of(arrival: Arrival) -> str:
    """What it is called that a message was kept: `captured`, or `notice` for one that we made ourselves."""
    return "notice" if arrival.listener == "notice" else Kind.CAPTURED.value


def occasion_of(letter: Letter, step: Step) -> Occasion:
    """What is known of a message without a look at it."""
    arrival, envelope = letter.arrival, letter.envelope
    return Occasion(
        step,
        arrival.at,
        letter.inbox,
        arrival.listener,
        arrival.peer,
        arrival.helo,
        arrival.tls,
        arrival.login,
        arrival.session or 0,
        0,
        envelope.reverse_path,
        envelope.parameters,
        "",
        letter.addresses,
        letter.size,
        message=letter.id,
        greeting="HELO" if arrival.protocol == "SMTP" else "",
    )


def told_of(kind: Kind, attempt: Attempt, delivery: Delivery, letter: Letter) -> Told:
    """What the application may be told of one step of a delivery."""
    return Told(
        kind.value,
        attempt.at,
        letter.id,
        delivery.recipient,
        delivery.sender,
        letter.heading.subject,
        letter.heading.message_id,
        letter.inbox,
        attempt.code,
        attempt.status,
        attempt.text,
        attempt.host,
        letter.arrival.session or 0,
        delivery.tries,
    )


def told_of_arrival(letter: Letter, at_once: bool) -> list[Told]:
    """What the application may be told when a message was kept and, where nobody has a say in it, delivered at once."""
    arrival, envelope, heading = letter.arrival, letter.envelope, letter.heading
    addresses = letter.addresses
    told = [
        Told(
            kind_of(arrival),
            arrival.at,
            letter.id,
            addresses[0] if len(addresses) == 1 else "",
            envelope.reverse_path,
            heading.subject,
            heading.message_id,
            letter.inbox,
            session=arrival.session or 0,
            recipients=addresses,
        )
    ]
    if at_once:
        for one in asked.deliveries(letter.id, envelope, arrival.at, letter.inbox):
            delivery = asked.delivered_at_once(one)
            told.append(told_of(Kind.DELIVERED, delivery.attempts[0], delivery, letter))
    return told


class Letters:
    """Reads messages for whoever asks the rules; used by one thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._at_hand: OrderedDict[int, Searchable] = OrderedDict()

    def get(self, id: int) -> Letter | None:
        """The message, unless it was deleted."""
        message = self._store.get(id)
        return letter_of(id, message) if message else None

    def occasion(self, letter: Letter, delivery: Delivery, step: Step, at: int, attempt: int, host: str) -> Occasion:
        """The facts at one step of a delivery."""
        occasion = occasion_of(letter, step)
        occasion.at, occasion.attempt, occasion.host = at, attempt, host
        occasion.recipient, occasion.content = delivery.recipient, partial(self._content, letter)
        return occasion

    def _content(self, letter: Letter) -> Searchable:
        """The message as a query sees it; what cannot be read is seen without content."""
        found = self._at_hand.get(letter.id)
        if found is None:
            message = Message(
                letter.id,
                letter.inbox,
                letter.envelope,
                letter.arrival,
                letter.heading,
                letter.size,
                "",
                State.RECEIVED,
            )
            found = self._at_hand[letter.id] = Searchable(message, self._understanding(letter))
            if len(self._at_hand) > AT_HAND:
                self._at_hand.popitem(last=False)
        return found

    def _understanding(self, letter: Letter) -> Understanding:
        try:
            octets = bytearray()
            for piece in self._store.octets(letter.id):
                octets += piece
                if len(octets) >= READ:
                    break
            return understand(letter.id, bytes(octets[:READ]))
        except Exception:
            # It was deleted meanwhile, or is like nothing we have seen: a rule then finds no content to match.
            return Understanding(letter.id, State.UNPARSED)
