"""The queries that are waited for, so arranged that a message costs those it cannot match a look-up for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Generic, TypeVar, cast

from msgspec import Struct, field
from msgspec.structs import replace

from mailtrap.faults.conditions import terms
from mailtrap.mail.message import Message, State, Submission, Understanding
from mailtrap.mail.words import fold, search_column, split, words
from mailtrap.query import Query, Searchable
from mailtrap.query.terms import FIELDS
from mailtrap.query.tree import And, Everything, Exact, Flag, Node, Present, Words
from mailtrap.waiting.lately import understood

#: Octets of a message that are understood; the index looks no further either.
UNDERSTOOD = 4 * 1024 * 1024

#: Columns of words that are known without a look at the content.
_QUICK = frozenset(("subject", "sender", "to_", "cc", "bcc", "rcpt"))
_INBOX = "inbox"
_NOTHING = Understanding(0, State.RECEIVED)

_Waiter = TypeVar("_Waiter")


class Candidate:
    """A message that was captured, as queries look at it; its content is read once, when first asked for."""

    def __init__(self, message: Message, read: Callable[[], bytes]) -> None:
        self.message = message
        self._read = read

    @cached_property
    def octets(self) -> bytes:
        """The content, as far as it is understood. Raises NotFound where it was deleted meanwhile."""
        return self._read()[:UNDERSTOOD]

    @cached_property
    def plain(self) -> Searchable:
        """Without what only the content shows."""
        return Searchable(self.message, _NOTHING)

    @cached_property
    def whole(self) -> Searchable:
        """With everything. Raises NotFound where it was deleted meanwhile."""
        message = self.message
        found = understood(message.id, self.octets, message.defects)
        known = replace(
            message,
            state=found.state,
            snippet=found.snippet,
            attachments=found.attachments,
            defects=found.defects,
        )
        return Searchable(known, found)


class Group(Struct, Generic[_Waiter], eq=False):
    """Everyone who waits for the same. `facts` is what is known at once, `content` the rest; both must hold."""

    query: Query
    facts: Node
    content: Node
    handle: tuple[str, str] | None = None
    waiters: list[_Waiter] = field(default_factory=list)

    def matches(self, candidate: Candidate) -> bool:
        """Whether the message is what they wait for; the content is read only where it has to be."""
        if not self.facts.matches(candidate.plain):
            return False
        return isinstance(self.content, Everything) or self.content.matches(candidate.whole)


class Board(Generic[_Waiter]):
    """Groups by what they have to find in a message: the name of an inbox, or a word in one of its fields.

    Not thread-safe.
    """

    def __init__(self) -> None:
        self._groups: dict[Query, Group[_Waiter]] = {}
        self._loose: dict[Group[_Waiter], None] = {}
        self._handled: dict[str, dict[str, dict[Group[_Waiter], None]]] = {}

    def add(self, query: Query, waiter: _Waiter) -> Group[_Waiter]:
        """Somebody waits for this, with those who do so already."""
        group = self._groups.get(query)
        if group is None:
            facts, content = divided(query)
            group = self._groups[query] = Group(query, _all(facts), _all(content))
            self._place(group, facts)
        group.waiters.append(waiter)
        return group

    def remove(self, query: Query, waiter: _Waiter) -> None:
        """And does so no more."""
        group = self._groups[query]
        group.waiters.remove(waiter)
        if group.waiters:
            return
        del self._groups[query]
        if group.handle is None:
            del self._loose[group]
            return
        column, word = group.handle
        bucket = self._handled[column][word]
        del bucket[group]
        if not bucket:
            del self._handled[column][word]
            if not self._handled[column]:
                del self._handled[column]

    def possible(self, message: Message) -> list[Group[_Waiter]]:
        """Every group that this message may be for."""
        found = list(self._loose)
        for column, by_word in self._handled.items():
            for word in _words_in(column, message):
                if word in by_word:
                    found += by_word[word]
        return found

    def is_possible(self, submission: Submission) -> bool:
        """Whether there is any such group, for what is about to be a message."""
        return bool(self._loose) or not all(
            [_words_in(column, submission).isdisjoint(by_word) for column, by_word in self._handled.items()]
        )

    def _place(self, group: Group[_Waiter], facts: Iterable[Node]) -> None:
        handles = [handle for node in facts for handle in _handles(node)]
        if not handles:
            self._loose[group] = None
            return
        # The one that has the fewest others: words that all have in common tell nobody apart.
        group.handle = column, word = min(handles, key=lambda one: len(self._handled.get(one[0], {}).get(one[1], ())))
        self._handled.setdefault(column, {}).setdefault(word, {})[group] = None


def divided(query: Query) -> tuple[list[Node], list[Node]]:
    """What must hold: what is known without a look at the content, and the rest."""
    facts: list[Node] = []
    content: list[Node] = []
    for node in query.root.nodes if isinstance(query.root, And) else (query.root,):
        (content if any(map(_is_content, terms(node))) else facts).append(node)
    return facts, content


def _is_content(term: Node) -> bool:
    match term:
        case Words() | Exact():
            return term.field in ("", "body", "filename", "header")
        case Present():
            return True
        case Flag():
            return (term.field == "has" and term.flag not in ("tag", "bcc")) or term.flag in ("unparsed", "bounce")
    return False


def _handles(node: Node) -> Iterator[tuple[str, str]]:
    """Columns with a word that is in them whenever the node holds."""
    match node:
        case Exact() if node.field == "inbox":
            yield _INBOX, fold(node.value)
        case Exact() if FIELDS[node.field].column in _QUICK:
            for word in words(node.value):
                yield FIELDS[node.field].column, word
        case Words() if node.column in _QUICK and node.sequence:
            sequence = node.sequence.split(" ")
            for word in sequence[:-1] if node.prefix else sequence:
                yield node.column, word


def _words_in(column: str, message: Message | Submission) -> set[str]:
    if column == _INBOX:
        names = message.inboxes if isinstance(message, Message) else message.inbox.split(" ")
        return {fold(name) for name in names}
    # These columns are made of heading and envelope alone, which a submission has as well.
    return set(split(search_column(column, cast(Message, message), _NOTHING)))


def _all(nodes: list[Node]) -> Node:
    return Everything() if not nodes else nodes[0] if len(nodes) == 1 else And(tuple(nodes))
