"""Write a query as SQL over the store's tables: values as parameters only, never as part of the text."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct, field

from mailtrap.mail.words import field_word, fold, split, words
from mailtrap.query import Query
from mailtrap.query.terms import FIELDS
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
    Size,
    Time,
    Words,
)
from mailtrap.store.rows import encode

#: Levels of one MATCH expression: FTS5's parser has a stack of 100 places and takes up to four for each level.
_DEEPEST_MATCH = 12

#: Levels of a condition that need no care.
_FEW = 6

_WILD = re.compile(r"[*?]")
#: How a condition asks the index in the midst of others.
IN_SEARCH = "m.id IN (SELECT rowid FROM search WHERE search MATCH ?)"


class Plan(Struct, frozen=True):
    """`search MATCH match AND where`; either may be missing.

    `match` is an FTS5 expression to be bound, not pasted, and comes before `parameters`, which belong to `where`.
    `where` speaks of table `message` as `m`.
    """

    match: str | None
    where: str
    parameters: list[Any] = field(default_factory=list)


def compile(query: Query) -> Plan:
    """The plan that selects the messages that `query.matches` selects."""
    if isinstance(query.root, Everything):
        return Plan(None, "")
    parameters: list[Any] = []
    match, conditions = _conjunction(query.root, parameters)
    return Plan(match, " AND ".join(conditions), parameters)


def _conjunction(root: Node, parameters: list[Any]) -> tuple[str | None, list[str]]:
    """The part that the search table answers, and what is left to check row by row."""
    wanted: list[str] = []
    unwanted: list[Node] = []
    conditions: list[str] = []
    for node in root.nodes if isinstance(root, And) else (root,):
        expression = _match(node)
        if expression:
            wanted.append(expression)
        elif isinstance(node, Not) and _match(node.node):
            unwanted.append(node.node)
        elif isinstance(node, Exact | Glob) and (hint := _prefilter(node)):
            wanted.append(hint)
            conditions.append(_valued(node, parameters))
        else:
            conditions.append(_where(node, parameters))
    if not wanted:
        conditions += [_where(Not(node), parameters) for node in unwanted]
        return None, conditions
    match = " AND ".join(wanted)
    if unwanted:
        match = f"({match}) NOT ({' OR '.join([_match(node) or '' for node in unwanted])})"
    return match, conditions


def _phrase(column: str, sequence: str, prefix: bool = False) -> str:
    # Words are letters, digits and characters beyond ASCII: nothing that FTS5 reads as syntax inside quotes.
    phrase = f'"{sequence}" *' if prefix else f'"{sequence}"'
    return f"{column} : {phrase}" if column else phrase


def _match(node: Node, depth: int = 0) -> str | None:
    """The FTS5 expression that selects the same, or None if there is none."""
    match node:
        case Words():
            return _phrase(node.column, node.sequence, node.prefix) if node.sequence else None
        case Present():
            return _phrase("header", node.sequence)
        case Or() if depth < _DEEPEST_MATCH:
            expressions = [_match(inner, depth + 1) for inner in node.nodes]
            return f"({' OR '.join(filter(None, expressions))})" if all(expressions) else None
        case And() if depth < _DEEPEST_MATCH:
            return _match_all(node, depth)
    return None


def _match_all(node: And, depth: int) -> str | None:
    wanted = [_match(inner, depth + 1) for inner in node.nodes if not isinstance(inner, Not)]
    # FTS5 has no NOT without something to subtract from.
    unwanted = [_match(inner.node, depth + 1) for inner in node.nodes if isinstance(inner, Not)]
    if not wanted or not all(wanted) or not all(unwanted):
        return None
    expression = " AND ".join(filter(None, wanted))
    if unwanted:
        expression = f"({expression}) NOT ({' OR '.join(filter(None, unwanted))})"
    return f"({expression})"


def _prefilter(node: Exact | Glob) -> str | None:
    """An expression that every message which matches also matches, so that few rows need to be looked at."""
    match node:
        case Exact(field="header"):
            tag = field_word(node.name)
            found = words(node.value)
            return _phrase("header", Words("header", node.value, name=node.name).sequence if found else tag)
        case Exact() if FIELDS[node.field].column:
            found = words(node.value)
            return _phrase(FIELDS[node.field].column, " ".join(found)) if found else None
        case Glob() if FIELDS[node.field].column and node.pattern.isascii():
            pieces = filter(None, map(_piece, _WILD.split(f"\n{node.pattern}\n")))
            return " AND ".join([_phrase(FIELDS[node.field].column, *piece) for piece in pieces]) or None
    return None


def _piece(literal: str) -> tuple[str, bool] | None:
    """The words that must be there for `literal` to be, and whether the last need only begin so.

    Beside a wildcard a word may go on; the newlines around the pattern are its ends.
    """
    found = split(fold(literal))
    if found and literal[0].isalnum():
        found = found[1:]
    return (" ".join(found), literal[-1].isalnum()) if found else None


def _where(node: Node, parameters: list[Any]) -> str:
    """A condition on `m` that is never NULL."""
    expression = _match(node)
    if expression:
        parameters.append(expression)
        return IN_SEARCH
    match node:
        case And() | Or():
            word = " AND " if isinstance(node, And) else " OR "
            nodes = sorted(node.nodes, key=_nesting, reverse=True)
            return f"({word.join([_where(inner, parameters) for inner in nodes])})"
        case Not():
            return f"NOT {_where(node.node, parameters)}"
        case Exact() | Glob():
            hint = _prefilter(node)
            if not hint:
                return _valued(node, parameters)
            parameters.append(hint)
            return f"({IN_SEARCH} AND {_valued(node, parameters)})"
        case Flag():
            return _flag(node, parameters)
        case Number():
            parameters.append(node.number)
            return "m.id = ?" if node.field == "id" else "ifnull(m.session, -1) = ?"
        case Size():
            parameters.append(node.octets)
            return f"m.size {'>' if node.field == 'larger' else '<'} ?"
        case Time():
            parameters.append(node.at)
            return f"m.received_at {'<' if node.field == 'before' else '>='} ?"
        case Everything():
            return "1"
    return "0"  # words without a word in them


def _nesting(node: Node) -> int:
    """Levels below a node, 0 for few. SQLite's parser has 100 places: what nests deep goes first, one place a level."""
    levels, row = 0, [node]
    while row:
        row = [below for above in row for below in _below(above)]
        levels += 1
    return levels if levels > _FEW else 0


def _below(node: Node) -> tuple[Node, ...]:
    return node.nodes if isinstance(node, And | Or) else (node.node,) if isinstance(node, Not) else ()


#: Address fields: the list of mailboxes, and the bare addresses that belong to it.
_MAILBOXES = {"from": "m.sender", "to": "m.to_", "cc": "m.cc", "bcc": "m.bcc"}

#: The envelope recipients that neither To nor Cc names and for which {} holds, in lower case.
_ENVELOPE_ONLY = """EXISTS (SELECT lower(value) FROM json_each(m.rcpt) WHERE {}
 EXCEPT SELECT lower(json_extract(value, '$[1]')) FROM json_each(m.to_)
 EXCEPT SELECT lower(json_extract(value, '$[1]')) FROM json_each(m.cc))"""

#: What follows the last @ of `value`: what is left of it once everything up to there has been taken away.
_DOMAIN = "substr(value, length(rtrim(value, replace(value, '@', ''))) + 1)"

#: `[::1]:999` and `192.0.2.1:999` without the port, as `mail.arrival.address_of` does it.
_PEER = """CASE WHEN substr(ifnull(m.peer, ''), 1, 1) = '[' AND instr(m.peer, ']') > 0
 THEN substr(m.peer, 2, instr(m.peer, ']') - 2)
 WHEN length(m.peer) - length(replace(m.peer, ':', '')) = 1 THEN substr(m.peer, 1, instr(m.peer, ':') - 1)
 ELSE ifnull(m.peer, '') END"""

#: Fields compared whole. None of these is NULL.
_WHOLE = {
    "message-id": "trim(ifnull(m.message_id, ''), '<>')",
    "reverse-path": "ifnull(m.reverse_path, '')",
    "listener": "ifnull(m.listener, '')",
    "peer": f"({_PEER})",
    "helo": "ifnull(m.helo, '')",
    "login": "ifnull(json_extract(m.login, '$[1]'), '')",
}


def _valued(node: Exact | Glob, parameters: list[Any]) -> str:
    """A condition on the value of a field, or on one of its values."""
    if isinstance(node, Exact) and node.field == "subject":
        parameters.append(node.value)
        return "ifnull(m.subject, '') = ?"
    if isinstance(node, Exact) and node.field == "filename":
        parameters.append(node.value)
        return "EXISTS (SELECT 1 FROM detail d, json_each(d.filenames) j WHERE d.id = m.id AND j.value = ?)"
    if isinstance(node, Exact) and node.field == "header":
        parameters += [node.name, node.value]
        return (
            "EXISTS (SELECT 1 FROM detail d, json_each(d.header) j WHERE d.id = m.id"
            " AND json_extract(j.value, '$[0]') = ? COLLATE NOCASE AND json_extract(j.value, '$[1]') = ?)"
        )
    if node.field == "inbox":
        return _inbox(node, parameters)
    if node.field == "tag":
        condition = _compared("value", node, parameters)
        return f"(m.tags <> '[]' AND EXISTS (SELECT 1 FROM json_each(m.tags) WHERE {condition}))"  # noqa: S608
    if node.field == "domain":
        condition = _compared(_DOMAIN, node, parameters)
        return f"EXISTS (SELECT 1 FROM json_each(m.rcpt) WHERE instr(value, '@') > 0 AND {condition})"  # noqa: S608
    if node.field in _WHOLE:
        return _compared(_WHOLE[node.field], node, parameters)
    return _address(node, parameters)


def _inbox(node: Exact | Glob, parameters: list[Any]) -> str:
    """One of the inboxes, whose names are separated by a space. An exact one is found without leaving the index."""
    if isinstance(node, Exact):
        if " " in node.value:
            return "0"
        parameters += [node.value, f" {fold(node.value)} "]
        among = "instr(m.inbox, ' ') > 0 AND instr(' ' || lower(m.inbox) || ' ', ?) > 0"
        return f"(m.inbox = ? COLLATE NOCASE OR ({among}))"
    alone = _compared("m.inbox", node, parameters)
    each = "json_each('[' || replace(json_quote(m.inbox), ' ', '\",\"') || ']')"
    among = f"EXISTS (SELECT 1 FROM {each} WHERE {_compared('value', node, parameters)})"  # noqa: S608
    return f"CASE WHEN instr(m.inbox, ' ') > 0 THEN {among} ELSE {alone} END"


def _compared(value: str, node: Exact | Glob, parameters: list[Any]) -> str:
    """`value`, an SQL expression, against the node's value or pattern, without ASCII case."""
    if isinstance(node, Exact):
        parameters.append(node.value)
        return f"{value} = ? COLLATE NOCASE"
    parameters.append(fold(node.pattern).replace("[", "[[]"))
    return f"lower({value}) GLOB ?"


def _address(node: Exact | Glob, parameters: list[Any]) -> str:
    conditions = []
    mailboxes = _MAILBOXES.get(node.field)
    if mailboxes:
        name, address = "json_extract(value, '$[0]')", "json_extract(value, '$[1]')"
        condition = _compared(address, node, parameters)
        if isinstance(node, Exact) and node.value:
            condition += f" OR {_compared(name, node, parameters)}"
            whole = f"{name} || ' <' || {address} || '>'"
            condition += f" OR ({name} <> '' AND ({whole}) = ? COLLATE NOCASE)"
            parameters.append(node.value)
        conditions.append(f"EXISTS (SELECT 1 FROM json_each({mailboxes}) WHERE {condition})")  # noqa: S608
    if node.field == "from":
        conditions.append(_compared("ifnull(m.reverse_path, '')", node, parameters))
    elif node.field == "rcpt":
        if isinstance(node, Exact):
            # Most messages have one recipient: that takes a sixth of the time.
            conditions.append("m.rcpt = ? COLLATE NOCASE")
            parameters.append(encode([node.value]))
        condition = _compared("value", node, parameters)
        conditions.append(f"EXISTS (SELECT 1 FROM json_each(m.rcpt) WHERE {condition})")  # noqa: S608
    elif node.field == "bcc":
        conditions.append(_ENVELOPE_ONLY.format(_compared("value", node, parameters)))
    return f"({' OR '.join(conditions)})"


_FLAGS = {
    ("has", "attachment"): "ifnull(m.attachments, 0) > 0",
    ("has", "defect"): "ifnull(m.defects, '[]') <> '[]'",
    ("has", "tag"): "m.tags <> '[]'",
    ("has", "bcc"): f"(ifnull(m.bcc, '[]') <> '[]' OR {_ENVELOPE_ONLY.format('1')})",
    ("is", "seen"): "m.seen = 1",
    ("is", "unseen"): "m.seen = 0",
    ("is", "tagged"): "m.tags <> '[]'",
    ("is", "unparsed"): "ifnull(m.state, '') = 'unparsed'",
    ("is", "tls"): "m.tls IS NOT NULL",
    ("is", "authenticated"): "m.login IS NOT NULL",
    ("is", "helo"): "ifnull(m.protocol, '') = 'SMTP'",
    ("is", "utf8"): "ifnull(m.protocol, '') GLOB 'UTF8*'",
}


def _flag(node: Flag, parameters: list[Any]) -> str:
    known = _FLAGS.get((node.field, node.flag))
    if known:
        return known
    parameters.append(node.flag)
    return "EXISTS (SELECT 1 FROM detail d, json_each(d.kinds) j WHERE d.id = m.id AND j.value = ?)"
