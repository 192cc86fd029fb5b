"""Read a query: recursive descent, bounded in length, depth and number of terms.

query  = all *( "OR" all )
all    = one *( [ "AND" ] one )
one    = ( "-" / "NOT " ) one / "(" query ")" / [ field ( ":" / "=" ) ] value
value  = quoted [ "*" ] / bare / "(" query of values ")"
"""

from __future__ import annotations

import difflib
import re

from msgspec import Struct

from mailtrap.errors import QueryError
from mailtrap.mail.words import words
from mailtrap.query import networks
from mailtrap.query.quoting import ENDS
from mailtrap.query.terms import ALIASES, FIELDS, FLAGS, Field, Kind
from mailtrap.query.times import is_relative, parse_size, parse_time
from mailtrap.query.tree import And, Exact, Flag, Glob, Node, Not, Number, Or, Present, Query, Size, Term, Time, Words

#: Octets of a query, in UTF-8.
LONGEST = 4096
DEEPEST = 30
MOST_TERMS = 200
_LONGEST_NAME = 128
_LARGEST_NUMBER = (1 << 63) - 1

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*)([:=])")
_NUMBER = re.compile(r"[0-9]{1,19}")
_NAME = re.compile(r"[!-~]+")
_NAME_END = re.compile(r"[\s:=\"()]|\Z")
_BARE = re.compile(r"[^\s\"()]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")


class _Value(Struct, frozen=True):
    """A value as written: `at` is where it begins; a quoted one is not a pattern, `star` says if a * followed it."""

    text: str
    at: int
    quoted: bool
    star: bool


class _Lead(Struct, frozen=True):
    """The field that values belong to: `text` as written, `name` that of a header field."""

    field: Field
    operator: str
    text: str
    name: str = ""


def parse(text: str, now: int | None = None) -> Query:
    """The query that `text` writes; blank text is `Query.EVERYTHING`.

    `now`, in microseconds since the epoch, is what relative times (`2h`, `today`) are relative to; without it they are
    refused. Raises QueryError, which points at the character.
    """
    return _Parser(text, now).parse()


class _Parser:
    def __init__(self, text: str, now: int | None) -> None:
        self._text = text
        self._now = now
        self._at = 0
        self._depth = 0
        self._terms = 0

    def parse(self) -> Query:
        self._check_text()
        self._skip_spaces()
        if self._at == len(self._text):
            return Query.EVERYTHING
        node = self._any(None)
        if self._at < len(self._text):
            raise self._unopened()
        query = Query(node)
        # Written out, `from:(a OR b)` repeats the field; what we print must be short enough to read again.
        if len(self._text) > 100 and len(str(query).encode()) > LONGEST:
            raise self._error("the query is too long once its groups are written out", 0, "Ask for less at once")
        return query

    def _check_text(self) -> None:
        unwritable = _UNWRITABLE.search(self._text)
        if unwritable:
            raise self._error("this character cannot be searched for", unwritable.start(), "Remove it")
        fits = self._text[: LONGEST + 1].encode()[:LONGEST].decode(errors="ignore")
        if len(fits) < len(self._text):
            raise self._error(f"the query is longer than {LONGEST} octets", len(fits), "Ask for less at once")

    def _error(self, message: str, at: int, hint: str) -> QueryError:
        at = min(at, len(self._text))
        return QueryError(f"{message} (character {at + 1})", self._text, at, hint)

    def _skip_spaces(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _word(self, word: str) -> bool:
        """Whether the operator `word` stands here, alone."""
        end = self._at + len(word)
        return self._text.startswith(word, self._at) and (
            end == len(self._text) or self._text[end].isspace() or self._text[end] in ENDS
        )

    def _descend(self, at: int) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"more than {DEEPEST} levels of parentheses and negations", at, "Write it flatter")

    def _any(self, within: _Lead | None) -> Node:
        nodes = [self._all(within)]
        while self._word("OR"):
            at = self._at
            self._at += 2
            self._skip_spaces()
            if self._ends():
                raise self._error("`OR` has nothing after it", at, 'Add what else may match, or quote it: "OR"')
            nodes.append(self._all(within))
        return _joined(Or, nodes)

    def _ends(self) -> bool:
        return self._at == len(self._text) or self._peek() == ")" or self._word("OR")

    def _all(self, within: _Lead | None) -> Node:
        if self._word("OR") or self._word("AND"):
            word = "OR" if self._word("OR") else "AND"
            raise self._error(f"`{word}` has nothing before it", self._at, f'Add it, or quote the word: "{word}"')
        nodes = [self._one(within)]
        while not self._ends():
            if self._word("AND"):
                at = self._at
                self._at += 3
                self._skip_spaces()
                if self._ends() or self._word("AND"):
                    raise self._error("`AND` has nothing after it", at, 'Leave it out, or quote it: "AND"')
            nodes.append(self._one(within))
        return _joined(And, nodes)

    def _one(self, within: _Lead | None) -> Node:
        at = self._at
        if self._peek() == "-" or self._word("NOT"):
            word = "-" if self._peek() == "-" else "NOT"
            self._at += len(word)
            if word == "NOT":
                self._skip_spaces()
            if self._ends() or self._peek().isspace() or self._word("AND"):
                hint = f'Put what must not match right after it, or quote it: "{word}"'
                raise self._error(f"`{word}` has nothing after it", at, hint)
            self._descend(at)
            node: Node = Not(self._one(within))
            self._depth -= 1
        elif self._peek() == "(":
            node = self._group(within)
        else:
            node = self._term(within)
        self._skip_spaces()
        return node

    def _group(self, within: _Lead | None) -> Node:
        at = self._at
        self._descend(at)
        self._at += 1
        self._skip_spaces()
        if self._peek() == ")":
            raise self._error("there is nothing between the parentheses", at, 'Remove them, or quote them: "()"')
        if self._at == len(self._text):
            raise self._unclosed(at)
        node = self._any(within)
        if self._peek() != ")":
            raise self._unclosed(at)
        self._at += 1
        self._depth -= 1
        return node

    def _unopened(self) -> QueryError:
        return self._error("`)` closes nothing", self._at, 'Remove it, or put the text in quotes: ")"')

    def _unclosed(self, at: int) -> QueryError:
        return self._error("`(` is never closed", at, 'Add `)`, or put the text in quotes: "("')

    def _term(self, within: _Lead | None) -> Node:
        at = self._at
        lead = _FIELD.match(self._text, at)
        known = lead and FIELDS.get(lead[1].lower())
        if within is not None:
            if known and lead:
                hint = f'Close the parenthesis before it, or quote it: "{lead[0]}"'
                raise self._error(f"`{within.text}( … )` holds values of one field, not `{lead[0]}`", at, hint)
            return self._counted(self._make(within, self._value(within.text)), at)
        if not lead or self._text.startswith("://", lead.end() - 1):
            return self._counted(self._words("", self._value()), at)
        if not known:
            raise self._unknown(lead[1], lead[2], at)
        self._at = lead.end()
        if known.kind is not Kind.HEADER:
            return self._valued(_Lead(known, lead[2], lead[0]), at)
        name = self._header_name(lead[2])
        operator = self._peek()
        if operator not in (":", "=") or not operator:
            return self._counted(Present(name), at)
        self._at += 1
        return self._valued(_Lead(known, operator, self._text[at : self._at], name), at)

    def _valued(self, lead: _Lead, at: int) -> Node:
        if self._peek() == "(":
            return self._group(lead)
        return self._counted(self._make(lead, self._value(lead.text)), at)

    def _counted(self, node: Node, at: int) -> Node:
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise self._error(f"more than {MOST_TERMS} terms", at, "Ask for less at once")
        return node

    def _unknown(self, name: str, operator: str, at: int) -> QueryError:
        near = difflib.get_close_matches(name.lower(), FIELDS, 1)
        hint = f"Did you mean `{near[0]}{operator}`? " if near else ""
        name = _shown(name)
        return self._error(
            f"there is no field `{name}`", at, f'{hint}To search for the text, quote it: "{name}{operator}"'
        )

    def _value(self, lead: str = "") -> _Value:
        """What stands here: a quoted or a bare value. `lead` is the field before it, for the error."""
        at = self._at
        if self._peek() == '"':
            match = _QUOTED.match(self._text, at)
            if not match:
                raise self._error('`"` is never closed', at, 'Add the closing quote; inside quotes write \\" for one')
            self._at = match.end()
            star = self._peek() == "*"
            self._at += star
            return _Value(_ESCAPED.sub(r"\1", match[1]), at, True, star)
        match = _BARE.match(self._text, at)
        if not match and not lead:
            raise self._unopened()
        if not match:
            raise self._error(f"`{lead}` has no value", at, "Write it right after, without a space")
        self._at = match.end()
        return _Value(match[0], at, False, match[0].endswith("*"))

    def _words(self, field: str, value: _Value, name: str = "") -> Term:
        text = value.text if value.quoted else value.text.rstrip("*")
        if not words(text):
            lead = f"{field}=" if field not in ("", "header", "body") else ""
            hint = f"For the exact value write {lead}…" if lead else "Leave it out"
            raise self._error("there is no letter or digit in this to search for", value.at, hint)
        # A star after punctuation begins a new word of which nothing is said.
        return Words(field, text, value.star and bool(words(text[-1])), name)

    def _make(self, lead: _Lead, value: _Value) -> Term | Or:
        field, operator = lead.field, lead.operator
        match field.kind:
            case Kind.HEADER:
                if operator == ":":
                    return self._words(field.name, value, lead.name)
                return Exact(field.name, value.text, lead.name)
            case Kind.TEXT:
                return self._text_term(field, operator, value)
            case Kind.ADDRESS | Kind.WHOLE:
                return self._label(field, operator, value)
        if operator == "=":
            raise self._error(f"`{field.name}` takes `:`, not `=`", value.at - 1, f"Write {field.example}")
        if field.kind is Kind.FLAG:
            return self._flag(field, value)
        if field.kind is Kind.NUMBER:
            if not _NUMBER.fullmatch(value.text) or int(value.text) > _LARGEST_NUMBER:
                raise self._error(f"`{_shown(value.text)}` is no number", value.at, f"Write {field.example}")
            return Number(field.name, int(value.text))
        if field.kind is Kind.SIZE:
            octets = parse_size(value.text)
            if octets is None:
                raise self._error(f"`{_shown(value.text)}` is no size", value.at, "Write 5000, 10KB, 2MB or 1GB")
            return Size(field.name, octets)
        return self._time(field, value)

    def _time(self, field: Field, value: _Value) -> Term:
        if self._now is None and is_relative(value.text):
            raise self._error("a relative time means nothing here", value.at, "Write it out: 2026-01-31T09:30:00Z")
        at = parse_time(value.text, self._now or 0)
        if at is None:
            hint = "Write 2026-01-31, 2026-01-31T09:30:00Z, 30m, 2h, 3d, 1w, now, today or yesterday"
            raise self._error(f"`{_shown(value.text)}` is no time", value.at, hint)
        return Time(field.name, at)

    def _text_term(self, field: Field, operator: str, value: _Value) -> Term:
        if operator == ":":
            return self._words(field.name, value)
        if field.name == "body":
            raise self._error("`body` takes `:`, not `=`", value.at - 1, 'Write body:"the words"')
        return Exact(field.name, value.text)

    def _label(self, field: Field, operator: str, value: _Value) -> Term | Or:
        """An address, or something compared whole."""
        text, address = value.text, field.kind is Kind.ADDRESS
        if field.name == "peer" and "/" in text:
            return self._network(field, value)
        if operator == ":" and not value.quoted and ("*" in text or "?" in text):
            plain = text.rstrip("*")
            is_prefix = address and "*" not in plain and "?" not in plain and bool(words(plain[-1:]))
            if not is_prefix:
                return Glob(field.name, _bracketless(field, re.sub(r"\*+", "*", text)))
        if operator == ":" and address:
            return self._words(field.name, value)
        if value.quoted and value.star:
            raise self._error(f"`*` after quotes means nothing in `{field.name}`", self._at - 1, "Leave the quotes out")
        return Exact(field.name, _bracketless(field, text))

    def _network(self, field: Field, value: _Value) -> Term | Or:
        """Every address in it: no peer is called by a name with a slash."""
        try:
            found = networks.patterns(value.text)
        except ValueError as error:
            said = str(error).replace(value.text, _shown(value.text))
            raise self._error(said, value.at, "Write peer:10.0.0.0/8, peer:192.0.2.* or peer:192.0.2.1") from None
        terms = tuple([Glob(field.name, one) if "*" in one else Exact(field.name, one) for one in found])
        return terms[0] if len(terms) == 1 else Or(terms)

    def _flag(self, field: Field, value: _Value) -> Term:
        flags = FLAGS[field.name]
        flag = value.text.lower()
        flag = ALIASES.get(flag, flag)
        if flag not in flags:
            near = difflib.get_close_matches(flag, [*flags, *ALIASES], 1)
            hint = f"Did you mean {field.name}:{near[0]}? " if near else ""
            known = ", ".join(flags)
            raise self._error(
                f"`{field.name}` does not take `{_shown(value.text)}`", value.at, f"{hint}It takes {known}"
            )
        return Flag(field.name, flag)

    def _header_name(self, operator: str) -> str:
        start = self._at
        end = _NAME_END.search(self._text, start)
        name = self._text[start : end.start() if end else start]
        if operator == "=" or not _NAME.fullmatch(name) or "*" in name or len(name) > _LONGEST_NAME:
            hint = "Write header:Name, header:Name:words or header:Name=value"
            raise self._error("`header:` needs the name of a header field", start, hint)
        self._at += len(name)
        return name


def _shown(text: str) -> str:
    """As much of what was written as an error repeats."""
    return text if len(text) <= 60 else f"{text[:59]}…"


def _bracketless(field: Field, text: str) -> str:
    """Paths and message ids without their angle brackets."""
    return text.strip("<>") if field.name in ("message-id", "reverse-path") else text


def _joined(kind: type[And] | type[Or], nodes: list[Node]) -> Node:
    """One node, or a flat list of them."""
    if len(nodes) == 1:
        return nodes[0]
    flat: list[Node] = []
    for node in nodes:
        flat += node.nodes if isinstance(node, kind) else [node]
    return kind(tuple(flat))
