"""Why a message does not match a query, term by term, with what was asked for and what is there; pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from mailtrap.mail.message import Mailbox
from mailtrap.mail.words import envelope_only, field_word, split, words
from mailtrap.query.terms import FLAGS
from mailtrap.query.tree import (
    And,
    Everything,
    Exact,
    Flag,
    Glob,
    Node,
    Not,
    Number,
    Or,
    Present,
    Query,
    Searchable,
    Size,
    Time,
    Words,
)

#: Characters of a value that are shown, and compared.
SHOWN = 300
#: Values of one field that are shown, and compared.
VALUES = 50

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: What one failed term counts at least, and what it counts where likeness says nothing.
_LEAST, _FLAT = 0.2, 0.5


class Miss(Struct, frozen=True):
    """A term that does not hold. `how` says how `expected` is compared with `actual`, the values that are there.

    `distance` is between 0 (all but the same) and 1.
    """

    term: str
    how: str
    expected: str
    actual: str
    distance: float = _FLAT


def misses(query: Query, record: Searchable) -> tuple[Miss, ...]:
    """Every term that would have to be otherwise; of alternatives those of the nearest one. Empty if it matches."""
    return tuple(_misses(query.root, record))


def distance(failed: Iterable[Miss]) -> float:
    """How far from matching a message with these misses is."""
    return sum([miss.distance for miss in failed])


def _misses(node: Node, record: Searchable) -> list[Miss]:
    if isinstance(node, Everything) or node.matches(record):
        return []
    match node:
        case And():
            return [miss for part in node.nodes for miss in _misses(part, record)]
        case Or():
            return min([_misses(part, record) for part in node.nodes], key=distance)
        case Not():
            return [_unwanted(node, record)]
        case _:
            return [_miss(node, record)]


def _unwanted(node: Not, record: Searchable) -> Miss:
    inner = node.node
    actual = str(inner) if isinstance(inner, And | Or | Not | Everything) else _miss(inner, record).actual
    return Miss(_shown(str(node)), "must not be", _shown(str(inner)), actual)


def _miss(term: Words | Exact | Glob | Present | Flag | Number | Size | Time, record: Searchable) -> Miss:
    message = record.message
    text = _shown(str(term))
    match term:
        case Words():
            there = values(term.field, record, term.name)
            how = "has words that begin with" if term.prefix else "has the words"
            return _compared(text, how, term.value, there, term.sequence)
        case Exact():
            return _compared(text, "is exactly", term.value, values(term.field, record, term.name))
        case Glob():
            return _compared(text, "fits the pattern", term.pattern, values(term.field, record))
        case Present():
            names = list(dict.fromkeys([name for name, _ in record.understanding.header]))
            return Miss(text, "has the header field", term.name, _listed(names), 0.6)
        case Flag():
            words_ = FLAGS[term.field][term.flag]
            return Miss(text, f"{term.field}", _lower(words_), _flags(term, record))
        case Number():
            number = message.id if term.field == "id" else message.arrival.session
            return Miss(text, "is", str(term.number), "" if number is None else str(number))
        case Size():
            how = "is larger than" if term.field == "larger" else "is smaller than"
            return Miss(text, how, f"{term.octets} octets", f"{message.size} octets")
        case _:
            how = "was received before" if term.field == "before" else "was received at or after"
            return Miss(text, how, _time(term.at), _time(message.arrival.at), _FLAT / 2)


def values(field: str, record: Searchable, name: str = "") -> list[str]:
    """What a message has in a field of the language, as people write it; `name` that of a header field."""
    message = record.message
    match field:
        case "subject":
            return [message.heading.subject] if message.heading.subject else []
        case "from" | "to" | "cc" | "bcc" | "rcpt":
            return list(dict.fromkeys([_mailbox(one) for one in record.mailboxes(field) if one.name or one.address]))
        case "body":
            return [record.understanding.body] if record.understanding.body.strip() else []
        case "filename":
            return list(record.understanding.filenames)
        case "header":
            tag = field_word(name)
            return [value for other, value in record.understanding.header if field_word(other) == tag]
        case "":
            return [message.heading.subject, record.understanding.body]
        case _:
            return list(dict.fromkeys([value for value in record.values(field) if value]))


def _compared(text: str, how: str, expected: str, there: list[str], sequence: str = "") -> Miss:
    there = there[:VALUES]
    wanted = expected[:SHOWN].lower()
    likeness = max([_likeness(wanted, value, sequence) for value in there], default=0.0)
    actual = _listed([_excerpt(value, sequence) for value in there])
    return Miss(text, how, _shown(expected), actual, _LEAST + (1 - _LEAST) * (1 - likeness))


def _likeness(wanted: str, value: str, sequence: str) -> float:
    value = (_excerpt(value, sequence) if sequence else value[:SHOWN]).lower()
    address = re.search(r"<([^<>]*)>\Z", value)
    found = difflib.SequenceMatcher(None, wanted, value, autojunk=False).ratio()
    if address and "@" in wanted:
        found = max(found, difflib.SequenceMatcher(None, wanted, address[1], autojunk=False).ratio())
    if sequence:
        asked = sequence.rpartition("\ue000")[2].split(" ") if "\ue000" in sequence else sequence.split(" ")
        here = set(words(value))
        found = max(found, 0.9 * sum([word in here for word in asked]) / len(asked))
    return found


def _excerpt(value: str, sequence: str) -> str:
    """The beginning of a value, or where a long one comes nearest to the words asked for."""
    value = " ".join(value[:20_000].split())
    if len(value) <= SHOWN:
        return value
    asked = set(split(sequence.replace("\ue000", " ")))
    lower = value.lower()
    at = min([place for word in asked if (place := lower.find(word)) >= 0], default=0)
    start = max(0, at - SHOWN // 3)
    cut = value[start : start + SHOWN - 2]
    return ("…" if start else "") + cut + ("…" if start + len(cut) < len(value) else "")


def _flags(term: Flag, record: Searchable) -> str:
    """What is there instead of what a flag says."""
    message = record.message
    match term.field, term.flag:
        case ("has", "tag") | ("is", "tagged"):
            return "no tag"
        case "has", "attachment":
            return "no attachment"
        case "has", "bcc":
            named = ", ".join(message.envelope.addresses[:VALUES])
            return f"everybody is named in To or Cc: {named}" if not envelope_only(message) else named
        case "is", "tls":
            return "came without TLS"
        case "is", "authenticated":
            return "nobody logged in"
        case "is", ("seen" | "unseen"):
            return "read" if message.seen else "unread"
        case "is", ("utf8" | "helo"):
            return message.arrival.protocol
        case "has", _:
            return f"has {', '.join(record.understanding.kinds)}" if record.understanding.kinds else f"no {term.flag}"
    return f"is {message.state.value}"


def _mailbox(mailbox: Mailbox) -> str:
    return f"{mailbox.name} <{mailbox.address}>" if mailbox.name else mailbox.address


def _listed(there: list[str]) -> str:
    return _shown(", ".join(there), 4 * SHOWN)


def _shown(text: str, most: int = SHOWN) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _time(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=at)).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
