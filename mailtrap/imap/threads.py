"""THREAD: messages that match, by what they answer (RFC 5256 §3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mailtrap.imap.commands import Command, Thread
from mailtrap.imap.searching import Answer, View, find
from mailtrap.imap.sorting import facts_of, sent
from mailtrap.imap.summary import Summary
from mailtrap.store.folder import Item

_NOTHING = Summary()


class Node:
    """A message and those that answer it; `number` is 0 for a message that is not there.

    `sent` orders it among others, then its number; `latest` is the newest of it and all below it.
    """

    __slots__ = ("children", "fruitful", "latest", "number", "parent", "sent", "summary")

    def __init__(self, number: int = 0, summary: Summary = _NOTHING, sent: int = 0) -> None:
        self.number = number
        self.summary = summary
        self.sent = self.latest = sent
        self.parent: Node | None = None
        #: Whether some message has ever been put below it.
        self.fruitful = False
        self.children: list[Node] = []

    @property
    def order(self) -> tuple[int, int]:
        """Where it comes among its siblings; one that is not there, where its first child does."""
        first = self
        while not first.number and first.children:
            first = first.children[0]
        return first.sent, first.number

    @property
    def told(self) -> Summary:
        """The summary of it, or of its first child where it is not there."""
        return self.summary if self.number or not self.children else self.children[0].summary


def answer(view: View, command: Command, now: int) -> Answer:
    """Perform THREAD or UID THREAD."""
    thread = command.arguments
    if not isinstance(thread, Thread):
        raise TypeError("not a thread")
    items = find(view, thread.key, now)
    nodes = _nodes(view, items, command.uid)
    match thread.algorithm:
        case "ORDEREDSUBJECT":
            roots = ordered_subject(nodes)
        case "REFERENCES":
            roots = references(nodes)
        case _:
            roots = refs(nodes)
    return Answer(b"* THREAD%b%b\r\n" % (b" " if roots else b"", "".join(_written(roots)).encode()))


def _nodes(view: View, items: Sequence[Item], uid: bool) -> list[Node]:
    if not items:
        return []
    facts = facts_of(view, items)
    summaries = view.summaries([item.message for item in items])
    nodes = []
    for item, number in zip(items, view.spoken(items, uid), strict=True):
        summary = summaries.get(item.message, _NOTHING)
        nodes.append(Node(number, summary, sent(summary, facts, item)))
    return nodes


def ordered_subject(nodes: Iterable[Node]) -> list[Node]:
    """Those with the same subject below the first of them."""
    first: dict[str, Node] = {}
    for node in sorted(nodes, key=lambda node: node.order):
        root = first.setdefault(node.summary.subject, node)
        if root is not node:
            root.children.append(node)
    return list(first.values())


def references(nodes: Sequence[Node]) -> list[Node]:
    """By what messages refer to, then by subject."""
    roots = _pruned(_linked(nodes))
    _sort(roots)
    roots.sort(key=lambda node: node.order)
    roots = _by_subject(roots)
    _sort(roots)
    return sorted(roots, key=lambda node: node.order)


def refs(nodes: Sequence[Node]) -> list[Node]:
    """By what messages refer to alone, threads by the date of the last message in each, as Dovecot has it."""
    roots = _pruned(_linked(nodes))
    _sort(roots)
    return sorted(roots, key=lambda node: (node.latest, node.order))


def _linked(nodes: Sequence[Node]) -> list[Node]:
    """Step 1 and 2 of REFERENCES: all that have no parent, the others below theirs."""
    by_id: dict[str, Node] = {}
    own: list[str] = []
    for node in nodes:
        name = node.summary.message_id
        if not name or name in by_id:
            name = f"\0{len(own)}"  # no id, or that of another message: nobody can refer to it
        by_id[name] = node
        own.append(name)
    everything = list(nodes)
    for node in nodes:
        parent: Node | None = None
        for name in node.summary.references:
            found = by_id.get(name)
            if found is None:
                found = by_id[name] = Node()
                everything.append(found)
            if parent is not None and found.parent is None and not _is_below(parent, found):
                _put(found, parent)
            parent = found
        # What a message says of itself counts more than what others say of it, be it that it answers nothing.
        node.parent = None
        if parent is not None and not _is_below(parent, node):
            _put(node, parent)
    for node in everything:
        if node.parent is not None:
            node.parent.children.append(node)
    return [node for node in everything if node.parent is None]


def _put(node: Node, parent: Node) -> None:
    node.parent = parent
    parent.fruitful = True


def _is_below(node: Node, other: Node) -> bool:
    """Whether a node is the other, or below it: then the other cannot be put below it."""
    if node is other:
        return True
    if not other.fruitful:
        return False
    above = node.parent
    while above is not None:
        if above is other:
            return True
        above = above.parent
    return False


def _downwards(roots: Sequence[Node]) -> list[Node]:
    """Every node, those above before those below."""
    found = list(roots)
    for node in found:  # it grows meanwhile
        found += node.children
    return found


def _pruned(roots: list[Node]) -> list[Node]:
    """Step 3: without messages that are not there, unless they hold several threads together."""
    for node in reversed(_downwards(roots)):
        kept: list[Node] = []
        for child in node.children:
            if child.number:
                kept.append(child)
            else:
                kept += child.children
        node.children = kept
    pruned = []
    for root in roots:
        if root.number or len(root.children) > 1:
            pruned.append(root)
        else:
            pruned += root.children
    return pruned


def _sort(roots: Sequence[Node]) -> None:
    """Step 6: siblings by date, on all levels but the first."""
    for node in reversed(_downwards(roots)):
        node.children.sort(key=lambda child: child.order)
        node.latest = max([node.sent, *[child.latest for child in node.children]])


def _by_subject(roots: list[Node]) -> list[Node]:
    """Step 5: threads of the same subject become one."""
    table: dict[str, Node] = {}
    for root in roots:
        subject = root.told.subject
        if not subject:
            continue
        known = table.get(subject)
        if known is None or (known.number and (not root.number or (_replies(known) and not _replies(root)))):
            table[subject] = root
    gone: set[int] = set()
    made: list[Node] = []
    for root in roots:
        known = table.get(root.told.subject)
        if known is None or known is root or id(root) in gone:
            continue
        if not known.number and not root.number:
            known.children += root.children
        elif not known.number or (_replies(root) and not _replies(known)):
            known.children.append(root)
        else:
            both = Node()
            both.children = [known, root]
            table[root.told.subject] = both
            made.append(both)
            gone.add(id(known))
        gone.add(id(root))
    return [root for root in [*roots, *made] if id(root) not in gone]


def _replies(node: Node) -> bool:
    return node.told.is_reply


def _written(roots: Sequence[Node]) -> Iterator[str]:
    """`(2)(3 6 (4 23)(44 7 96))`, without recursion: threads may be as deep as folders are long."""
    # What is still to be written: text, or a node that begins after what stands before it.
    waiting: list[str | tuple[Node, str]] = []
    for root in reversed(roots):
        waiting += [
            ")",
            (root, "("),
        ]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
            continue
        node, before = one
        if node.number:
            yield f"{before}{node.number}"
            before = " "
        else:
            yield before
            before = ""
        if len(node.children) == 1:
            waiting.append((node.children[0], before))
            continue
        if node.children:
            yield before
        for child in reversed(node.children):
            waiting += [")", (child, "(")]
