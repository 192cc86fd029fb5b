"""An occasion as the API is asked about it: made of the facts given, and of a stored message for the others."""

from __future__ import annotations

from functools import partial

from msgspec import UNSET, UnsetType

from mailtrap.faults.conditions import in_question
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import COLLECTING_STEPS, DELIVERY_STEPS, Step
from mailtrap.mail.arrival import Arrival, Login, Tls
from mailtrap.mail.content import understand
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.mail.heading import read_heading
from mailtrap.mail.message import Message, State
from mailtrap.query import Searchable
from mailtrap.sandbox import Sandbox
from mailtrap.store.base import Store
from mailtrap.web.contents import message_of
from mailtrap.web.fault_shapes import Asking

#: Octets of a message that are read to see what a rule thinks of its content.
READ = 1024 * 1024

#: Steps that are about one recipient; at others all those of a message are in question together.
_OF_ONE = frozenset((Step.RCPT, *DELIVERY_STEPS))

_TLS = Tls("TLSv1.3", "TLS_AES_256_GCM_SHA384")


def occasion(sandbox: Sandbox, asking: Asking) -> Occasion:
    """What is asked about. Raises NotFound for a message that is not there."""
    if asking.message is UNSET:
        facts = Occasion(asking.step, sandbox.clock.now(), peer="127.0.0.1", helo="localhost", message=0)
    else:
        facts = _as_with(message_of(sandbox.store, asking.message), asking, sandbox)
    if asking.step in COLLECTING_STEPS:
        facts.listener, facts.helo = asking.step.partition(".")[0], ""
    for name in ("sender", "recipient", "inbox", "listener", "peer", "helo", "size"):
        value = getattr(asking, name)
        if value is not UNSET:
            setattr(facts, name, value)
    if not isinstance(asking.recipients, UnsetType):
        facts.recipients = tuple(asking.recipients)
    elif facts.recipient and not facts.recipients:
        facts.recipients = (facts.recipient,)
    elif facts.recipients and not facts.recipient and asking.step in _OF_ONE:
        facts.recipient = facts.recipients[0]
    if not isinstance(asking.login, UnsetType):
        facts.login = Login("PLAIN", asking.login) if asking.login else None
    if not isinstance(asking.tls, UnsetType):
        facts.tls = (facts.tls or _TLS) if asking.tls else None
    if not isinstance(asking.subject, UnsetType) and facts.content is None:
        facts.content = partial(_sketch, facts, asking.subject)
    if asking.inbox is UNSET and asking.message is UNSET:
        facts.inbox = sandbox.inboxes.expect(facts, in_question(facts))
    return facts


def _as_with(message: Message, asking: Asking, sandbox: Sandbox) -> Occasion:
    came, envelope = message.arrival, message.envelope
    return Occasion(
        asking.step,
        sandbox.clock.now(),
        " ".join(message.inboxes),
        came.listener,
        came.peer,
        came.helo,
        came.tls,
        came.login,
        came.session or 0,
        0,
        envelope.reverse_path,
        envelope.parameters,
        "",
        envelope.addresses,
        message.size,
        partial(_content, sandbox.store, message),
        message.id,
        asking.attempt,
        asking.host,
        "HELO" if came.protocol == "SMTP" else "",
    )


def _sketch(facts: Occasion, subject: str) -> Searchable:
    """A message of which no more is known than is asked about."""
    octets = f"Subject: {' '.join(subject.split())}\r\n\r\n".encode()
    envelope = Envelope(facts.sender, tuple([Recipient(one) for one in in_question(facts)]), facts.parameters)
    arrival = Arrival(facts.at, facts.listener, facts.peer, facts.helo)
    message = Message(0, facts.inbox, envelope, arrival, read_heading(octets), facts.size, "", State.RECEIVED)
    return Searchable(message, understand(0, octets, ()))


def _content(store: Store, message: Message) -> Searchable:
    octets = bytearray()
    for piece in store.octets(message.id):
        octets += piece
        if len(octets) >= READ:
            break
    return Searchable(message, understand(message.id, bytes(octets[:READ]), message.defects))
