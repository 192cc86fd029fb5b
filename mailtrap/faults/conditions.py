"""Whom a rule is about: its `when`, a query, held against what is known at a step; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from mailtrap.errors import Invalid
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import COLLECTING_STEPS, DELIVERY_STEPS, IMAP_STEPS, POP3_STEPS, SESSION_STEPS, Step
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope, Parameters, Recipient
from mailtrap.mail.message import Heading, Mailbox, Message, State, Understanding
from mailtrap.mail.words import normalise, split
from mailtrap.query import Query, Searchable, parse
from mailtrap.query.tree import And, Everything, Exact, Flag, Glob, Node, Not, Number, Or, Present, Size, Time, Words

_EVERYWHERE = frozenset(Step)
#: From here on it is known …
_GREETED = frozenset((*SESSION_STEPS, *DELIVERY_STEPS)) - {Step.CONNECT, Step.GREETING}
_MAILING = _GREETED - {Step.EHLO, Step.STARTTLS}
_LOGGED_IN = (_MAILING | frozenset(COLLECTING_STEPS)) - {
    *(Step.POP3_CONNECT, Step.POP3_GREETING, Step.POP3_STLS),
    *(Step.IMAP_CONNECT, Step.IMAP_GREETING, Step.IMAP_STARTTLS),
}
_SENDER = _MAILING - {Step.AUTH, Step.QUIT}
_RECIPIENT = _SENDER - {Step.MAIL}
_CONTENT = frozenset((Step.END_OF_DATA, *DELIVERY_STEPS))
_KEPT = frozenset(DELIVERY_STEPS)

#: Field, or field and flag → the steps at which it is known. What is not named here is the content.
KNOWN: dict[str, frozenset[Step]] = {
    "peer": _EVERYWHERE,
    "listener": _EVERYWHERE,
    "inbox": _EVERYWHERE,
    "session": _EVERYWHERE,
    "before": _EVERYWHERE,
    "after": _EVERYWHERE,
    "is:tls": _EVERYWHERE,
    "helo": _GREETED,
    "is:helo": _GREETED,
    "login": _LOGGED_IN,
    "is:authenticated": _LOGGED_IN,
    "from": _SENDER,
    "reverse-path": _SENDER,
    "larger": _SENDER,
    "smaller": _SENDER,
    "is:utf8": _SENDER,
    "rcpt": _RECIPIENT,
    "domain": _RECIPIENT,
    "id": _KEPT,
    "tag": _KEPT,
    "has:tag": _KEPT,
    "is:tagged": _KEPT,
    "is:seen": _KEPT,
    "is:unseen": _KEPT,
    "is:unparsed": _KEPT,
}

#: Header fields that name recipients, who are known before.
_RECIPIENTS = ("to", "cc", "bcc")

Term = Words | Exact | Glob | Present | Flag | Number | Size | Time


def read(when: str, step: Step) -> Condition:
    """The condition that `when` writes, for rules at `step`. Raises QueryError, or Invalid if it cannot be known."""
    root = parse(when).root
    for term in terms(root):
        known = known_at(term)
        if step not in known:
            raise Invalid(f"`{str(term)[:200]}` cannot be known at step {step.value}", _hint(term, step))
    facts: list[Node] = []
    content: list[Node] = []
    for node in root.nodes if isinstance(root, And) else (root,):
        (content if _needs_content(node, step) else facts).append(node)
    fact = _all(facts)
    of_recipient = isinstance(fact, Words | Exact | Glob) and fact.field in ("rcpt", "domain")
    return Condition(Query(root), fact, _all(content), of_recipient)


def terms(node: Node) -> Iterator[Term]:
    """Every term of a query, in the order written."""
    stack: list[Node] = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, And | Or):
            stack += reversed(node.nodes)
        elif isinstance(node, Not):
            stack.append(node.node)
        elif not isinstance(node, Everything):
            yield node


def known_at(term: Term) -> frozenset[Step]:
    """The steps at which it is known whether a term holds."""
    if isinstance(term, Present):
        return _CONTENT
    name = f"{term.field}:{term.flag}" if isinstance(term, Flag) else term.field
    return KNOWN.get(name, _CONTENT)


def _hint(term: Term, step: Step) -> str:
    """Where a term is known, and what may be meant: the envelope says what many look for in the header."""
    told = f"known at {', '.join([other.value for other in Step if other in known_at(term)])}"
    if not isinstance(term, Words | Exact | Glob):
        return f"it is {told}"
    is_header = term.field in _RECIPIENTS
    if not is_header and (term.field or "@" not in str(term)):
        return f"it is {told}"
    known = [other.value for other in SESSION_STEPS if other in _RECIPIENT]
    where = "" if step in _RECIPIENT else f", who is known at {', '.join(known)}"
    meant = str(replace(term, field="rcpt"))[:200]
    return f"it is {'a header field, ' if is_header else ''}{told}; `{meant}` means the recipient{where}"


def _needs_content(node: Node, step: Step) -> bool:
    """Whether the message has to be looked at: what is said of the sender then means its header, too."""
    if step not in _CONTENT:
        return False
    for term in terms(node):
        known = known_at(term)
        if known is _CONTENT or (not isinstance(term, Present) and term.field == "from"):
            return True
        if known is _KEPT and not isinstance(term, Number):
            return True
    return False


def _all(nodes: list[Node]) -> Node:
    return Everything() if not nodes else nodes[0] if len(nodes) == 1 else And(tuple(nodes))


class Condition(Struct, frozen=True):
    """`facts` is what is known without a look at the message, `content` the rest; both must hold.

    `of_recipient` says that the facts are one term about the recipient, as they mostly are.
    """

    query: Query
    facts: Node
    content: Node
    of_recipient: bool = False

    def matches(self, evidence: Evidence) -> bool:
        """Whether it holds; the message is looked at only where it has to be."""
        if self.of_recipient and evidence.recipient:
            if not _holds_for(self.facts, evidence.recipient):
                return False
        elif not isinstance(self.facts, Everything) and not self.facts.matches(evidence.facts):
            return False
        if isinstance(self.content, Everything):
            return True
        whole = evidence.whole
        return whole is not None and self.content.matches(whole)

    def about(self, occasion: Occasion) -> str:
        """Of several recipients the first because of whom it holds, as far as that is known without the message."""
        for address in occasion.recipients:
            if self.facts.matches(searchable(replace(occasion, recipient=address))):
                return address
        return ""


class Evidence:
    """An occasion as queries look at it; made when first asked for."""

    __slots__ = ("_facts", "_occasion", "_whole")

    def __init__(self, occasion: Occasion) -> None:
        self._occasion = occasion
        self._facts: Searchable | None = None
        self._whole: Searchable | None = None

    @property
    def recipient(self) -> str:
        """The one in question, if it is one."""
        return self._occasion.recipient

    @property
    def facts(self) -> Searchable:
        """What is known without the message."""
        if self._facts is None:
            self._facts = searchable(self._occasion)
        return self._facts

    @property
    def whole(self) -> Searchable | None:
        """The same with the message; None where that is not known."""
        if self._whole is None and self._occasion.content is not None:
            self._whole = _Whole(self._occasion.content(), self._occasion)
        return self._whole


def in_question(occasion: Occasion) -> tuple[str, ...]:
    """The recipients that the occasion is about: one, or all so far."""
    return (occasion.recipient,) if occasion.recipient else occasion.recipients


@lru_cache(maxsize=4096)
def _holds_for(facts: Node, recipient: str) -> bool:
    """Whether a term about the recipient holds: the same ones are asked about at every step and every attempt."""
    return facts.matches(searchable(Occasion(Step.RCPT, 0, recipient=recipient)))


def searchable(occasion: Occasion, heading: Heading = Heading()) -> Searchable:  # noqa: B008 - a value
    """An occasion as queries look at it, without the content but for its heading where that is known."""
    envelope = Envelope(
        occasion.sender, tuple([Recipient(address) for address in in_question(occasion)]), occasion.parameters
    )
    size = occasion.size or declared_size(occasion.parameters)
    message = Message(occasion.message, occasion.inbox, envelope, _arrival(occasion), heading, size, "", State.RECEIVED)
    return Searchable(message, Understanding(occasion.message, State.RECEIVED))


def _arrival(occasion: Occasion) -> Arrival:
    utf8 = any([name.upper() == "SMTPUTF8" for name, _ in occasion.parameters])
    return Arrival(
        occasion.at,
        occasion.listener,
        occasion.peer,
        occasion.helo,
        "UTF8SMTP" if utf8 else "SMTP" if occasion.greeting == "HELO" else "ESMTP",
        occasion.tls,
        occasion.login,
        occasion.session,
    )


def declared_size(parameters: Parameters) -> int:
    """The octets announced with MAIL (RFC 1870); 0 where none are."""
    for name, value in parameters:
        if name.upper() == "SIZE" and value and value.isascii() and value.isdecimal() and len(value) <= 18:
            return int(value)
    return 0


class _Whole(Searchable):
    """The message as it is, but at this occasion: recipients are those in question, and the time is now."""

    __slots__ = ("_addresses", "_content")

    def __init__(self, content: Searchable, occasion: Occasion) -> None:
        message = content.message
        super().__init__(
            replace(
                message,
                id=occasion.message or message.id,
                inbox=occasion.inbox,
                arrival=_arrival(occasion),
                envelope=replace(message.envelope, reverse_path=occasion.sender),
                size=occasion.size or message.size,
            ),
            lambda: content.understanding,
        )
        self._content = content
        self._addresses = in_question(occasion)

    def _column(self, name: str) -> str:
        if name != "rcpt":
            # What was made of the message for one recipient serves for the next one.
            return self._content._column(name)
        return f" {' '.join(split(' '.join(map(normalise, self._addresses))))} "

    def mailboxes(self, name: str) -> Iterator[Mailbox]:
        if name != "rcpt":
            yield from super().mailboxes(name)
            return
        for address in self._addresses:
            yield Mailbox("", address)

    def values(self, name: str) -> Iterator[str]:
        if name != "domain":
            yield from super().values(name)
            return
        for address in self._addresses:
            if "@" in address:
                yield address.rpartition("@")[2]


def failing(node: Node, holds: Callable[[Node], bool]) -> Node:
    """The part of a condition that does not hold because of which the whole does not."""
    while isinstance(node, And):
        node = next((inner for inner in node.nodes if not holds(inner)), node.nodes[0])
    return node


def markdown() -> str:
    """The table for docs/failures.md: at which steps a query may ask for what."""
    rows: dict[frozenset[Step], list[str]] = {}
    for name, steps in KNOWN.items():
        rows.setdefault(steps, []).append(f"`{name}`" if ":" in name else f"`{name}:`")
    rows.setdefault(_CONTENT, []).append("everything else: words, `subject:`, `header:`, `body:`, `has:` …")
    lines = ["| a query may ask for | at |", "| --- | --- |"]
    for steps, names in rows.items():
        told = [_told(steps, SESSION_STEPS + DELIVERY_STEPS, "all of SMTP and the delivery")]
        told += [_told(steps, POP3_STEPS, "`pop3.*`"), _told(steps, IMAP_STEPS, "`imap.*`")]
        lines.append(
            f"| {', '.join(names)} | {'every step' if steps == _EVERYWHERE else '; '.join(filter(None, told))} |"
        )
    return "\n".join(lines) + "\n"


def _told(steps: frozenset[Step], group: tuple[Step, ...], whole: str) -> str:
    """Which steps of a group these are, in few words."""
    missing = [f"`{step}`" for step in group if step not in steps]
    known = [f"`{step}`" for step in group if step in steps]
    if not missing:
        return whole
    return f"{whole} but {', '.join(missing)}" if len(missing) < len(known) else ", ".join(known)
