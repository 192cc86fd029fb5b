"""Which items of a folder match a query, read as IMAP reads it: strings are parts of texts, not words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from mailtrap.errors import NotFound
from mailtrap.mail.content import Content
from mailtrap.mail.mailboxes import read_groups
from mailtrap.mail.words import BOUNDARY, field_word, fold
from mailtrap.query import Query
from mailtrap.query.tree import And, Everything, Node, Not, Or, Present, Words
from mailtrap.store.reading import Readers, content_of
from mailtrap.store.rows import decode, encode
from mailtrap.store.selecting import choose
from mailtrap.store.substrings import Needle
from mailtrap.store.understanding import UNDERSTOOD
from mailtrap.store.vocabulary import MOST_MESSAGES, Vocabulary

#: Messages, and octets of all of them, whose text is read where few are left to look at.
FEW = 64
FEW_OCTETS = 4 * 1024 * 1024
#: Messages of a folder in which header fields are looked through one by one.
SCANNED = 1000
#: Messages read at once where all of them have to be.
READ_AT_ONCE = 64
#: Longer words that a part of one may stand for, the most frequent first, and how many of them are looked up at once.
MOST_LONGER = 2000
LONGER_AT_ONCE = 250
#: The same where other words follow: it takes longer to see whether they do.
MOST_IN_PHRASES = 250

#: Columns of `message` that hold the value of a header field.
_COLUMNS = {"subject": "subject", "from": "sender", "to": "to_", "cc": "cc", "bcc": "bcc", "message-id": "message_id"}
_MAILBOXES = frozenset(("from", "to", "cc", "bcc"))
#: Columns of `search` that have the text of a message; others tell of its envelope.
_TEXT = "{body filename header}"
_BODY = "{body filename}"


class Matching:
    """One search in one folder."""

    def __init__(self, readers: Readers, vocabulary: Vocabulary, catch_up: Callable[[], object], folder: int) -> None:
        """`catch_up` waits until what is committed is in the index."""
        self._readers = readers
        self._vocabulary = vocabulary
        self._catch_up = catch_up
        self._folder = folder

    def find(self, query: Query) -> set[int]:
        """The uids of what matches."""
        return self._find(query.root)

    def _find(self, node: Node) -> set[int]:
        match node:
            case Everything():
                return self._all()
            case And():
                return set.intersection(*map(self._find, node.nodes))
            case Or():
                return set.union(*map(self._find, node.nodes))
            case Not():
                return self._all() - self._find(node.node)
            case Words(field="" | "body"):
                return self._in_text(node.value, node.field) if node.value else self._all()
            case Words():
                name = node.name or node.field
                column = _COLUMNS.get(name.lower(), "")
                if not node.value:
                    return self._choose(Present(name))
                if node.field == "header" and name.lower() in _MAILBOXES:
                    # Not only what names a mailbox, but groups, comments and quotation marks, too.
                    column = ""
                if not column:
                    return self._in_header(name, node.value)
                found = self._in_column(column, node.value, name)
                return found | self._in_groups(name, node.value, found) if name.lower() in _MAILBOXES else found
            case _:
                return self._choose(node)

    def _all(self) -> set[int]:
        return self._uids("SELECT uid FROM item WHERE folder = ?", (self._folder,))

    def _choose(self, node: Node) -> set[int]:
        """What the language of the product means by it."""
        choice = choose(Query(node))
        if not choice.is_narrow:
            self._catch_up()
        return self._uids(
            f"SELECT i.uid FROM {choice.source} CROSS JOIN item i INDEXED BY item_message "  # noqa: S608
            f"ON i.message = m.id AND i.folder = ? WHERE {choice.where}",
            (self._folder, *choice.parameters),
        )

    # Header fields

    def _in_column(self, column: str, value: str, name: str) -> set[int]:
        needle = Needle(value)
        listed = name.lower() in _MAILBOXES
        condition, parameters = _prefilter(f"m.{column}", needle, listed)
        rows = self._readers.fetch(
            f"SELECT i.uid, m.{column} FROM item i CROSS JOIN message m ON m.id = i.message "  # noqa: S608
            f"WHERE i.folder = ? AND {condition}",
            (self._folder, *parameters),
        )
        if not listed:
            return {uid for uid, text in rows if needle.is_in(text)}
        return {uid for uid, text in rows if needle.is_in(_mailboxes(text))}

    def _in_groups(self, name: str, value: str, found: set[int]) -> set[int]:
        """What else has it in the name of a group, which is in an envelope too (RFC 9051 §7.5.2).

        In a large folder its words have to be the beginnings of words.
        """
        needle, wanted = Needle(value), fold(name)
        if not needle.words:
            return set()
        self._catch_up()
        [(all_,)] = self._readers.fetch("SELECT count(*) FROM item WHERE folder = ?", (self._folder,))
        condition, parameters = _prefilter("d.header", needle, True)
        source = "item i"
        if all_ > SCANNED:
            source = "search s CROSS JOIN item i INDEXED BY item_message ON i.message = s.rowid"
            condition = f"search MATCH ? AND {condition}"
            parameters = [f"header : {_tagged(needle.words, field_word(name))} *", *parameters]
        rows = self._readers.fetch(
            f"SELECT i.uid, d.header FROM {source} CROSS JOIN detail d ON d.id = i.message "  # noqa: S608
            f"WHERE i.folder = ? AND {condition}",
            (self._folder, *parameters),
        )
        return {
            uid
            for uid, header in rows
            if uid not in found
            and any(
                fold(field) == wanted and any([needle.is_in(f"{group}:") for group in read_groups(text)])
                for field, text in decode(header)
                if ":" in text
            )
        }

    def _in_header(self, name: str, value: str) -> set[int]:
        self._catch_up()
        needle, wanted = Needle(value), fold(name)
        # Of what begins a word the index knows all there is to know; only for the rest the values have to be read.
        found = self._choose(Words("header", value, prefix=True, name=name)) if needle.is_words else set()
        expression = _phrase(needle, field_word(name))
        condition, parameters = _prefilter("d.header", needle, True)
        if expression:
            source = "search s CROSS JOIN item i INDEXED BY item_message ON i.message = s.rowid AND i.folder = ?"
            condition = f"search MATCH ? AND {condition}"
            parameters = [f"header : {expression}", *parameters]
        else:
            source = "item i"
            condition = f"i.folder = ? AND {condition}"
        rows = self._readers.fetch(
            f"SELECT i.uid, d.header FROM {source} CROSS JOIN detail d ON d.id = i.message WHERE {condition}",  # noqa: S608
            (self._folder, *parameters),
        )
        found.update(
            [
                uid
                for uid, header in rows
                if uid not in found
                and any(fold(field) == wanted and needle.is_in(text) for field, text in decode(header))
            ]
        )
        return found

    # Text

    def _in_text(self, value: str, field: str) -> set[int]:
        needle = Needle(value)
        sql = "SELECT uid, message, size FROM item WHERE folder = ? LIMIT ?"
        if _are_few(rows := self._readers.fetch(sql, (self._folder, FEW + 1))):
            return self._read(rows, needle, field)
        if not needle.words:
            # Signs alone are not in the index. Slow in a large folder, but nobody is told that there are none.
            rows = self._readers.fetch(sql, (self._folder, -1))
            slices = [rows[start : start + READ_AT_ONCE] for start in range(0, len(rows), READ_AT_ONCE)]
            return set().union(*[self._read(some, needle, field) for some in slices])
        self._catch_up()
        columns = _BODY if field else _TEXT
        found = self._indexed(columns, [needle.words], needle.ends_within)
        if needle.starts_within:
            found |= self._within_words(columns, needle, found)
        if not needle.is_words and len(found) <= FEW:
            left = self._readers.fetch(
                "SELECT i.uid, i.message, i.size FROM json_each(?) j CROSS JOIN item i "
                "ON i.folder = ? AND i.uid = j.value",
                (encode(list(found)), self._folder),
            )
            if _are_few(left):
                return self._read(left, needle, field)
        return found

    def _within_words(self, columns: str, needle: Needle, found: set[int]) -> set[int]:
        """What has longer words that end as it begins, or have it in their midst, besides what is found already."""
        statements = [
            ("SELECT messages FROM totals", ()),
            ("SELECT count(*) FROM item WHERE folder = ?", (self._folder,)),
        ]
        [[(messages,)], [(all_,)]] = self._readers.fetch_all(statements)
        if messages > MOST_MESSAGES:
            return found
        first, *others = needle.words
        if others or not needle.ends_within:
            longer = self._vocabulary.ending(first, MOST_IN_PHRASES)
        else:
            longer = self._vocabulary.containing(first, MOST_LONGER)
        for start in range(0, len(longer), LONGER_AT_ONCE):
            if len(found) >= all_:
                break
            some = longer[start : start + LONGER_AT_ONCE]
            found |= self._indexed(columns, [[word, *others] for word in some], bool(others) and needle.ends_within)
        return found

    def _indexed(self, columns: str, sequences: Sequence[Sequence[str]], goes_on: bool) -> set[int]:
        """What has one of these sequences of words; the last of them may go on."""
        star = " *" if goes_on else ""
        phrases = " OR ".join([f'"{" ".join(words)}"{star}' for words in sequences])
        return self._uids(
            "SELECT i.uid FROM search s CROSS JOIN item i INDEXED BY item_message "
            "ON i.message = s.rowid AND i.folder = ? WHERE search MATCH ?",
            (self._folder, f"{columns} : ({phrases})"),
        )

    def _read(self, rows: Sequence[tuple[int, int, int]], needle: Needle, field: str) -> set[int]:
        """Those of (uid, message, size) that have it in their text."""
        uids: dict[int, list[int]] = {}
        for uid, message, _ in rows:
            uids.setdefault(message, []).append(uid)
        sql = "SELECT m.id, m.content, m.codec, m.size FROM json_each(?) j CROSS JOIN message m ON m.id = j.value"
        found: set[int] = set()
        for id_, content, codec, size in self._readers.fetch(sql, (encode(list(uids)),)):
            with suppress(NotFound):
                octets = content_of(self._readers, content, codec, size, UNDERSTOOD)
                if any(needle.is_in(text) for text in texts(octets[:UNDERSTOOD], body_only=bool(field))):
                    found.update(uids[id_])
        return found

    def _uids(self, sql: str, parameters: Sequence[Any]) -> set[int]:
        return {uid for (uid,) in self._readers.fetch(sql, parameters)}


def texts(octets: bytes, *, body_only: bool = False) -> Iterator[str]:
    """What is searched in a message: header fields and the decoded text of its parts, of HTML in both forms."""
    content = Content(octets)
    for part in content.parts:
        if not body_only:  # BODY does not match header fields (RFC 9051 §6.4.4)
            for field in part.header:
                yield f"{field.name}: {field.value}"
        if part.is_text:
            yield part.text(UNDERSTOOD)
    yield content.text


def _are_few(rows: Sequence[tuple[int, int, int]]) -> bool:
    return len(rows) <= FEW and sum([size for _, _, size in rows]) <= FEW_OCTETS


def _prefilter(column: str, needle: Needle, is_json: bool) -> tuple[str, list[str]]:
    """A condition that holds for every text with the needle in it, and perhaps for others, and its parameters."""
    plain = needle.in_json if is_json else needle.plain
    if plain is None or needle.is_blank:
        return "1", []
    # Other characters than those of ASCII may be written in many ways: such texts are looked at one by one.
    return f"(instr(lower({column}), ?) OR length({column}) <> length(CAST({column} AS BLOB)))", [plain]


def _phrase(needle: Needle, tag: str) -> str:
    """An expression for whole words in it, as the index has them tagged with their field; empty if there are none."""
    words = needle.words[1:] if needle.starts_within else needle.words
    if not words:
        return ""
    return _tagged(words, tag) + (" *" if needle.ends_within else "")


def _tagged(words: Sequence[str], tag: str) -> str:
    return f'"{" ".join([f"{tag}{BOUNDARY}{word}" for word in words])}"'


def _mailboxes(text: str) -> str:
    return ", ".join([f"{name} <{address}>" if name else address for name, address in decode(text)])
