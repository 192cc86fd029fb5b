"""What a message is expected to be like, one expectation at a time: does it hold, what was expected, what is there."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Struct

from mailtrap.errors import Invalid
from mailtrap.mail.content import Content
from mailtrap.mail.message import Mailbox, Message
from mailtrap.mail.mime import Part
from mailtrap.mail.words import fold
from mailtrap.waiting import patterns

#: Characters of a value that are shown; values of a list that are.
SHOWN, LISTED = 1000, 30


class AttachmentWish(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An attachment: what is given must be so. `type` may end in `/*`."""

    filename: str | None = None
    type: str | None = None
    size: int | None = None
    sha256: str | None = None


class HeaderWish(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A header field of this name, with this value where one is given, unfolded and decoded."""

    name: str
    value: str | None = None


class Verdict(Struct, frozen=True):
    """Whether an expectation holds, in values that can be compared by eye."""

    ok: bool
    expected: str
    actual: str


class Subject(Struct, frozen=True):
    """The message that is looked at; `message` is as the index knows it, `content` what it holds."""

    message: Message
    content: Content


Check = Callable[[Subject, Any], Verdict]


def _subject(it: Subject, wanted: str) -> Verdict:
    actual = it.message.heading.subject
    return Verdict(actual == wanted, wanted, actual)


def _subject_matches(it: Subject, wanted: str) -> Verdict:
    return _matches(it.message.heading.subject, wanted)


def _address(of: Callable[[Message], Iterable[Mailbox]]) -> Check:
    def check(it: Subject, wanted: str) -> Verdict:
        there = list(of(it.message))
        return Verdict(any([_is(wanted, one) for one in there]), wanted, _list(map(_mailbox, there)))

    return check


def _rcpt(it: Subject, wanted: str) -> Verdict:
    there = it.message.envelope.addresses
    return Verdict(fold(wanted) in map(fold, there), wanted, _list(there))


def _contains(of: Callable[[Content], str]) -> Check:
    def check(it: Subject, wanted: str) -> Verdict:
        text = of(it.content)
        holds = wanted in text or _flat(wanted) in _flat(text)
        return Verdict(holds, wanted, _around(text, wanted))

    return check


def _text_matches(it: Subject, wanted: str) -> Verdict:
    return _matches(it.content.text, wanted)


def _html_matches(it: Subject, wanted: str) -> Verdict:
    return _matches(it.content.html, wanted)


def _link_to(it: Subject, wanted: str) -> Verdict:
    hrefs = list(dict.fromkeys([link.href for link in it.content.links]))
    # A whole address is where links begin, anything else may stand within them.
    leads = [href for href in hrefs if (href.startswith(wanted) if "://" in wanted else wanted in href)]
    if leads:
        return Verdict(True, wanted, leads[0])
    near = difflib.get_close_matches(wanted, hrefs, LISTED, 0.0)
    return Verdict(False, wanted, _list(near))


def _code(it: Subject, wanted: bool | str) -> Verdict:
    from mailtrap.mail.extraction import codes  # whose words most waits need not read in

    there = [found.code for found in codes(it.content)]
    if isinstance(wanted, str):
        return Verdict(wanted in there, wanted, _list(there))
    return Verdict(bool(there) is wanted, "a code" if wanted else "no code", _list(there))


def _attachment(it: Subject, wanted: AttachmentWish) -> Verdict:
    parts = it.content.attachments
    return Verdict(
        any([_fits(part, wanted) for part in parts]),
        _described(wanted),
        _list([_asked(part, wanted) for part in parts]),
    )


def _attachments(it: Subject, wanted: int) -> Verdict:
    parts = it.content.attachments
    actual = f"{len(parts)}: {_list(map(_part, parts))}" if parts else "0"
    return Verdict(len(parts) == wanted, str(wanted), actual)


def _header(it: Subject, wanted: HeaderWish) -> Verdict:
    name = fold(wanted.name)
    there = [field.value for field in it.content.header if fold(field.name) == name]
    if wanted.value is None:
        names = _list(dict.fromkeys([field.name for field in it.content.header]))
        return Verdict(bool(there), f"a field {wanted.name}", _list(there) if there else names)
    return Verdict(wanted.value in there, wanted.value, _list(there))


def _aligned(it: Subject, wanted: bool) -> Verdict:
    """As SPF counts for DMARC, relaxed (RFC 7489 §3.1.2): the sender's domain, or HELO's where that is null."""
    message = it.message
    author = next((one.address for one in message.heading.sender), "").rpartition("@")[2].lower()
    path = message.envelope.reverse_path
    sender = (path.rpartition("@")[2] if path else message.arrival.helo).lower()
    holds = bool(author and sender) and (
        author == sender or author.endswith("." + sender) or sender.endswith("." + author)
    )
    where = f"MAIL FROM {sender or '<>'}" if path else f"MAIL FROM <>, HELO {sender or '(none)'}"
    expected = "the author's domain and the sender's are the same" if wanted else "they differ"
    return Verdict(holds is wanted, expected, f"From {author or '(none)'}, {where}")


#: What can be expected of one message.
CHECKS: dict[str, Check] = {
    "subject": _subject,
    "subject-matches": _subject_matches,
    "from": _address(lambda message: message.heading.sender),
    "to": _address(lambda message: message.heading.to),
    "cc": _address(lambda message: message.heading.cc),
    "reply-to": _address(lambda message: message.heading.reply_to),
    "rcpt": _rcpt,
    "text-contains": _contains(lambda content: content.text),
    "text-matches": _text_matches,
    "html-contains": _contains(lambda content: content.html),
    "html-matches": _html_matches,
    "link-to": _link_to,
    "code": _code,
    "attachment": _attachment,
    "attachments": _attachments,
    "header": _header,
    "aligned": _aligned,
}


def prepared(name: str, wanted: Any) -> None:
    """Raise Invalid where the expectation makes no sense, whatever message it is held against."""
    if name.endswith("-matches"):
        patterns.checked(wanted)
    elif name.endswith("-contains") and not wanted.strip():
        raise Invalid(f"{name} has nothing to look for", "give it some text")


def _matches(text: str, wanted: str) -> Verdict:
    return Verdict(patterns.found(wanted, text), wanted, _cut(text.strip()))


def _is(wanted: str, mailbox: Mailbox) -> bool:
    asked, name, address = fold(wanted), fold(mailbox.name), fold(mailbox.address)
    return asked == address or (name != "" and asked in (name, f"{name} <{address}>"))


def _fits(part: Part, wanted: AttachmentWish) -> bool:
    if wanted.filename is not None and part.filename != wanted.filename:
        return False
    if wanted.type is not None and not _is_type(part.type, wanted.type.lower()):
        return False
    if wanted.size is not None and part.size != wanted.size:
        return False
    return wanted.sha256 is None or _digest(part) == wanted.sha256.lower()


def _is_type(actual: str, wanted: str) -> bool:
    return actual.startswith(wanted[:-1]) if wanted.endswith("/*") else actual == wanted


def _digest(part: Part) -> str:
    return hashlib.sha256(part.octets()).hexdigest()


def _described(wanted: AttachmentWish) -> str:
    given = ((name, getattr(wanted, name)) for name in wanted.__struct_fields__)
    return ", ".join([f"{name} {value}" for name, value in given if value is not None]) or "any attachment"


def _asked(part: Part, wanted: AttachmentWish) -> str:
    """An attachment in as many words as it was asked for, so that both can be compared by eye."""
    there = AttachmentWish(
        part.filename or "(no name)",
        part.type if wanted.type is not None else None,
        part.size if wanted.size is not None else None,
        _digest(part) if wanted.sha256 is not None else None,
    )
    return _described(there)


def _part(part: Part) -> str:
    name = part.filename or "(no name)"
    return f"filename {name}, type {part.type}, size {part.size}"


def _mailbox(mailbox: Mailbox) -> str:
    return f"{mailbox.name} <{mailbox.address}>" if mailbox.name else mailbox.address


def _flat(text: str) -> str:
    return " ".join(text.split())


def _around(text: str, wanted: str) -> str:
    """The text, and of a long one the lines that come nearest to what is wanted."""
    text = text.strip()
    if len(text) <= SHOWN:
        return text
    lines = [line.strip() for line in text[:50_000].splitlines() if line.strip()]
    near = difflib.get_close_matches(wanted[:200], [line[:200] for line in lines[:500]], 3, 0.3)
    return _cut("\n".join(near) if near else text)


def _list(values: Iterable[str]) -> str:
    found = list(values)
    more = f"\n… and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return _cut("\n".join(found[:LISTED])) + more


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
