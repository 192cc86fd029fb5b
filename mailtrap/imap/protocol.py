"""The grammar of IMAP commands: octets in, values out, pure (RFC 9051 §9, RFC 3501 §9 and extensions)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from mailtrap.imap import attributes, program
from mailtrap.imap.commands import (
    Append,
    Appended,
    Arguments,
    Authenticate,
    Command,
    CommandError,
    Copy,
    Create,
    Enable,
    Expunge,
    Id,
    List,
    Literal,
    Login,
    Mailbox,
    Qresync,
    Quota,
    Rename,
    Select,
    SequenceSet,
    Status,
    Store,
)
from mailtrap.imap.cursor import Cursor, text_of, unique
from mailtrap.net import sasl
from mailtrap.store.folder import Alteration

__all__ = ["Command", "CommandError", "is_http", "masked", "read", "takes_message"]

#: Beyond those of RFC 9051 and 3501 those of RFC 8438, 7162, 7889 and 8474.
STATUS_ITEMS = (
    "MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE", "RECENT", "HIGHESTMODSEQ", "APPENDLIMIT",
    "MAILBOXID",
)  # fmt: skip
SELECTION = ("SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE")
RETURNS = ("SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "STATUS")
RESOURCES = ("STORAGE", "MESSAGE", "MAILBOX", "ANNOTATION-STORAGE")
#: Messages of one APPEND, patterns of one LIST.
MAX_MESSAGES = 100
MAX_PATTERNS = 100
#: What ID may say (RFC 2971 §3.3).
MAX_FIELDS = 30
MAX_FIELD = 30
MAX_VALUE = 1024

_PLAIN = ("NOOP", "CAPABILITY", "LOGOUT", "STARTTLS", "IDLE", "NAMESPACE", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE")
_WITH_UID = ("FETCH", "STORE", "COPY", "MOVE", "SEARCH", "SORT", "THREAD", "EXPUNGE")
_UPDATE = re.compile(rb"([+-]?)FLAGS(\.SILENT)?", re.IGNORECASE)
_USE = re.compile(rb"\\[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_BASE64 = re.compile(rb"=|[A-Za-z0-9+/]+={0,2}")
_SECRET = re.compile(rb"(?:[^ ]* )?[ \t]*(LOGIN|AUTHENTICATE)(?= |\Z)", re.IGNORECASE)
_HTTP = re.compile(rb"[A-Z]{3,10} \S* HTTP/\d")


def read(text: bytes, literals: Sequence[Literal] = (), utf8: bool = False) -> Command:
    """One command as `Assembly` gave it (`read(event.text, event.literals)`). Raises CommandError with its tag.

    In `text` a literal is its announcement and CRLF, `{3}\\r\\n`; the last line has no ending. With `utf8`
    (ENABLE UTF8=ACCEPT or IMAP4rev2) names of folders are UTF-8, otherwise modified UTF-7.
    """
    cursor = Cursor(text, literals, utf8)
    tag = ""
    try:
        tag = _tag(cursor)
        verb, uid = _verb(cursor)
        arguments = _arguments(cursor, verb, uid)
        cursor.end()
    except CommandError as error:
        error.tag = tag
        raise
    return Command(tag, verb, arguments, uid)


def takes_message(text: bytes, literals: Sequence[Literal], utf8: bool = False) -> bool:
    """Whether the literal announced at the end of `text` is a message that APPEND is given; `literals` came before.

    Raises CommandError if no literal may stand there, so that nobody sends a message in vain.
    """
    cursor = Cursor(text, [*literals, Literal(0)], utf8)
    try:
        _tag(cursor)
        verb, _ = _verb(cursor)
    except CommandError:
        return False
    if verb != "APPEND":
        return False
    cursor.space("the name of a folder")
    name = cursor.astring("the name of a folder")
    if cursor.at_end:
        return False
    cursor.name(name)
    _messages(cursor, under_way=True)
    return True


def masked(text: bytes) -> bytes:
    """A command, or the beginning of one, for the record, without secrets: those of LOGIN and AUTHENTICATE."""
    found = _SECRET.match(text)
    if found is None:
        return text.replace(b"\r\n", b" ")
    said = text[: found.end()]
    rest = text[found.end() :].strip()
    if not rest:
        return said
    name, _, secret = rest.partition(b" ")
    # Somebody may have put the secret where the mechanism belongs.
    if found[1].upper() == b"AUTHENTICATE" and name.decode("ascii", "replace").upper() in sasl.MECHANISMS:
        return said + b" " + name + (b" ***" if secret else b"")
    return said + b" ***"


def is_http(line: bytes) -> bool:
    """Whether a line is the beginning of an HTTP request, sent by a lost browser or by an attacker through one."""
    return _HTTP.match(line) is not None


def _tag(cursor: Cursor) -> str:
    if cursor.at_end:
        raise CommandError("A command is a tag, a space and what to do")
    return cursor.tag()


def _verb(cursor: Cursor) -> tuple[str, bool]:
    cursor.space("a command")
    verb = cursor.word("a command")
    if verb != "UID":
        return verb, False
    cursor.space("FETCH, STORE, COPY, MOVE, SEARCH, SORT, THREAD or EXPUNGE")
    return cursor.chosen(_WITH_UID, "FETCH, STORE, COPY, MOVE, SEARCH, SORT, THREAD or EXPUNGE"), True


def _arguments(cursor: Cursor, verb: str, uid: bool) -> Arguments | None:
    if verb == "FETCH":
        return attributes.read_fetch(cursor, uid)
    if verb == "EXPUNGE" and uid:
        cursor.space("a set of uids")
        return Expunge(cursor.sequence_set("a set of uids"))
    if verb in _PLAIN:
        if not cursor.at_end:
            cursor.wrong(f"{verb} has no arguments")
        return None
    reader = _READERS.get(verb)
    if reader is None:
        raise CommandError("There is no such command")
    return reader(cursor)


# Logging in.


def _login(cursor: Cursor) -> Login:
    # Nothing can be enabled yet, and UTF-8 is what RFC 9051 has in quoted strings.
    cursor.eight_bit = cursor.secret = True
    cursor.space("a user name")
    user = text_of(cursor.astring("a user name"), "utf-8")
    cursor.space("a password")
    return Login(user, cursor.astring("a password"))


def _authenticate(cursor: Cursor) -> Authenticate:
    cursor.secret = True
    cursor.space("a mechanism")
    mechanism = cursor.word("a mechanism")
    if cursor.at_end:
        return Authenticate(mechanism)
    cursor.space("an initial response")
    initial = cursor.text[cursor.at :]
    if not _BASE64.fullmatch(initial):
        raise CommandError("An initial response in base64 is expected, or = (RFC 4959 3)")
    cursor.at = len(cursor.text)
    return Authenticate(mechanism, initial)


def _id(cursor: Cursor) -> Id:
    cursor.space("a list of fields and values or NIL")
    if cursor.nil():
        return Id()
    fields: list[tuple[str, str | None]] = []

    def one() -> None:
        name = cursor.string("the name of a field")
        cursor.space("a value")
        value = cursor.nstring("a value")
        if len(name) > MAX_FIELD or len(value or b"") > MAX_VALUE:
            raise CommandError(f"A field has up to {MAX_FIELD} octets, its value up to {MAX_VALUE} (RFC 2971 3.3)")
        fields.append((name.decode("utf-8", "replace"), None if value is None else value.decode("utf-8", "replace")))

    cursor.eight_bit = True
    cursor.listed(one, "fields", MAX_FIELDS, empty=True)
    return Id(tuple(fields))


def _enable(cursor: Cursor) -> Enable:
    names: list[str] = []
    while not names or not cursor.at_end:
        cursor.space("a capability")
        names.append(cursor.word("a capability"))
    return Enable(tuple(dict.fromkeys(names)))


# Folders.


def _folder(cursor: Cursor) -> str:
    cursor.space("the name of a folder")
    return cursor.mailbox()


def _mailbox(cursor: Cursor) -> Mailbox:
    return Mailbox(_folder(cursor))


def _create(cursor: Cursor) -> Create:
    name = _folder(cursor)
    uses: list[str] = []

    def one() -> None:
        cursor.chosen(("USE",), "USE")
        cursor.space("a list of special uses")
        uses.extend(cursor.listed(lambda: cursor.matched(_USE, "a special use").decode("ascii"), "uses", 20, True))

    if not cursor.at_end:
        cursor.space("a parameter")
        cursor.listed(one, "parameters", 1)
    return Create(name, unique(uses))


def _rename(cursor: Cursor) -> Rename:
    return Rename(_folder(cursor), _folder(cursor))


def _select(cursor: Cursor) -> Select:
    name = _folder(cursor)
    given: dict[str, Qresync | None] = {}

    def one() -> None:
        parameter = cursor.chosen(("CONDSTORE", "QRESYNC"), "CONDSTORE or QRESYNC")
        if parameter in given:
            raise CommandError(f"{parameter} stands there twice")
        given[parameter] = _qresync(cursor) if parameter == "QRESYNC" else None

    if not cursor.at_end:
        cursor.space("a parameter")
        cursor.listed(one, "parameters", 2)
    return Select(name, "CONDSTORE" in given, given.get("QRESYNC"))


def _qresync(cursor: Cursor) -> Qresync:
    cursor.space("a list")
    cursor.expect(b"(", "before UIDVALIDITY")
    uid_validity = cursor.positive("UIDVALIDITY")
    cursor.space("a mod-sequence")
    modseq = cursor.number("a mod-sequence")
    known: SequenceSet | None = None
    numbers: SequenceSet | None = None
    uids: SequenceSet | None = None
    if cursor.sees(b" ") and not cursor.sees(b" ("):
        cursor.space("a set of uids")
        known = cursor.uid_set("a set of uids")
    if cursor.sees(b" "):
        cursor.space("numbers and their uids")
        cursor.expect(b"(", "before numbers and their uids")
        numbers = cursor.uid_set("a set of numbers")
        cursor.space("a set of uids")
        uids = cursor.uid_set("a set of uids")
        cursor.expect(b")", "behind numbers and their uids")
    cursor.expect(b")", "at the end of QRESYNC")
    return Qresync(uid_validity, modseq, known, numbers, uids)


def _list(cursor: Cursor) -> List:
    cursor.space("a reference")
    selection: list[str] | None = None
    if cursor.sees(b"("):
        selection = cursor.listed(lambda: cursor.chosen(SELECTION, "a selection option"), "options", 20, True)
        if "RECURSIVEMATCH" in selection and not {"SUBSCRIBED", "SPECIAL-USE"} & set(selection):
            raise CommandError("RECURSIVEMATCH needs another selection option beside it (RFC 9051 6.3.9)")
        cursor.space("a reference")
    reference = cursor.mailbox("a reference")
    cursor.space("a pattern")
    several = cursor.sees(b"(")
    patterns = cursor.listed(cursor.pattern, "patterns", MAX_PATTERNS) if several else [cursor.pattern()]
    returns: list[str] | None = None
    status: tuple[str, ...] = ()

    def one() -> str:
        nonlocal status
        option = cursor.chosen(RETURNS, "a return option")
        if option == "STATUS":
            cursor.space("a list of status items")
            status = _status_items(cursor)
        return option

    if not cursor.at_end:
        cursor.space("RETURN")
        cursor.chosen(("RETURN",), "RETURN")
        cursor.space("a list of return options")
        returns = cursor.listed(one, "options", 20, empty=True)
    extended = several or selection is not None or returns is not None
    return List(reference, tuple(patterns), frozenset(selection or ()), frozenset(returns or ()), status, extended)


def _lsub(cursor: Cursor) -> List:
    cursor.space("a reference")
    reference = cursor.mailbox("a reference")
    cursor.space("a pattern")
    return List(reference, (cursor.pattern(),))


def _status(cursor: Cursor) -> Status:
    name = _folder(cursor)
    cursor.space("a list of status items")
    return Status(name, _status_items(cursor))


def _status_items(cursor: Cursor) -> tuple[str, ...]:
    items = cursor.listed(lambda: cursor.chosen(STATUS_ITEMS, "a status item"), "status items", 50)
    return tuple(dict.fromkeys(items))


def _append(cursor: Cursor) -> Append:
    name = _folder(cursor)
    return Append(name, tuple(_messages(cursor)))


def _messages(cursor: Cursor, under_way: bool = False) -> list[Appended]:
    """What APPEND is given, up to the end; with `under_way` that is where the last one has been announced."""
    found: list[Appended] = []
    while not found or not cursor.at_end:
        if len(found) == MAX_MESSAGES:
            raise CommandError(f"APPEND takes at most {MAX_MESSAGES} messages at once")
        cursor.space("a message")
        flags: tuple[str, ...] = ()
        date: int | None = None
        if cursor.sees(b"("):
            flags = cursor.flags()
            cursor.space("a message")
        if cursor.sees(b'"'):
            date = cursor.date_time()
            cursor.space("a message")
        utf8 = cursor.text[cursor.at : cursor.at + 6].upper() == b"UTF8 ("
        if utf8:
            cursor.at += 6
        if not cursor.sees(b"~{" if utf8 else b"{") and not cursor.sees(b"~{"):
            cursor.wrong("a message is expected as a literal")
        content = cursor.literal()
        if utf8 and not (under_way and cursor.at_end):
            cursor.expect(b")", "behind the message")
        found.append(Appended(content, flags, date, utf8))
    return found


def _getquota(cursor: Cursor) -> Quota:
    cursor.space("the name of a quota root")
    return Quota(cursor.quota_root())


def _setquota(cursor: Cursor) -> Quota:
    root = _getquota(cursor).root

    def one() -> tuple[str, int]:
        resource = cursor.chosen(RESOURCES, "STORAGE or MESSAGE")
        cursor.space("a limit")
        return resource, cursor.number("a limit")

    cursor.space("a list of limits")
    return Quota(root, tuple(cursor.listed(one, "limits", 20, empty=True)))


# The folder that is open.


def _store(cursor: Cursor) -> Store:
    cursor.space("a set of messages")
    sequence = cursor.sequence_set()
    cursor.space("FLAGS")
    unchanged_since: int | None = None
    if cursor.take(b"("):
        cursor.chosen(("UNCHANGEDSINCE",), "UNCHANGEDSINCE")
        cursor.space("a mod-sequence")
        unchanged_since = cursor.number("a mod-sequence")
        cursor.expect(b")", "behind the mod-sequence")
        cursor.space("FLAGS")
    update = _UPDATE.match(cursor.text, cursor.at)
    if update is None:
        cursor.wrong("FLAGS, +FLAGS or -FLAGS is expected")
    cursor.at = update.end()
    cursor.space("flags")
    if cursor.sees(b"("):
        flags = cursor.flags()
    else:
        several = [cursor.flag()]
        while not cursor.at_end:
            cursor.space("a flag")
            several.append(cursor.flag())
        flags = unique(several)
    how = {b"+": Alteration.ADD, b"-": Alteration.REMOVE}.get(update[1], Alteration.REPLACE)
    return Store(sequence, how, flags, update[2] is not None, unchanged_since)


def _copy(cursor: Cursor) -> Copy:
    cursor.space("a set of messages")
    sequence = cursor.sequence_set()
    return Copy(sequence, _folder(cursor))


_READERS: dict[str, Callable[[Cursor], Arguments]] = {
    "LOGIN": _login,
    "AUTHENTICATE": _authenticate,
    "ID": _id,
    "ENABLE": _enable,
    "SELECT": _select,
    "EXAMINE": _select,
    "CREATE": _create,
    "DELETE": _mailbox,
    "RENAME": _rename,
    "SUBSCRIBE": _mailbox,
    "UNSUBSCRIBE": _mailbox,
    "LIST": _list,
    "LSUB": _lsub,
    "STATUS": _status,
    "APPEND": _append,
    "GETQUOTA": _getquota,
    "GETQUOTAROOT": _mailbox,
    "SETQUOTA": _setquota,
    "STORE": _store,
    "COPY": _copy,
    "MOVE": _copy,
    "SEARCH": program.read_search,
    "SORT": program.read_sort,
    "THREAD": program.read_thread,
}
