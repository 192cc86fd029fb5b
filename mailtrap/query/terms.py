"""What can be asked for: the one table that parser, documentation and the search box's completion read."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What the value of a field is, and so how it compares."""

    TEXT = "words"
    ADDRESS = "address"
    WHOLE = "whole value"
    NUMBER = "number"
    SIZE = "size"
    TIME = "time"
    FLAG = "one of a list"
    HEADER = "header field"


class Field(Struct, frozen=True):
    """One field of the language. `column` is the one of the search table that holds its words, if any."""

    name: str
    kind: Kind
    help: str
    example: str
    column: str = ""


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("from", Kind.ADDRESS, "Author: From and Sender fields and the reverse-path", "from:ana", "sender"),
        Field("to", Kind.ADDRESS, "To field", "to:ben@example.test", "to_"),
        Field("cc", Kind.ADDRESS, "Cc field", "cc:*@example.test", "cc"),
        Field("bcc", Kind.ADDRESS, "Recipients in neither To nor Cc, and the Bcc field", "bcc:eve", "bcc"),
        Field("rcpt", Kind.ADDRESS, "Envelope recipients (RCPT TO)", "rcpt:*@slow.test", "rcpt"),
        Field("domain", Kind.WHOLE, "Domain of an envelope recipient", "domain:slow.test", "rcpt"),
        Field("subject", Kind.TEXT, "Subject", 'subject:"reset your password"', "subject"),
        Field("body", Kind.TEXT, "Text of the message", "body:invoice", "body"),
        Field("filename", Kind.TEXT, "File name of an attachment", 'filename="terms.pdf"', "filename"),
        Field("header", Kind.HEADER, "Any header field, by its name", "header:List-Id:news", "header"),
        Field("has", Kind.FLAG, "Something in the message", "has:attachment"),
        Field("is", Kind.FLAG, "Something about the message", "is:unread"),
        Field("tag", Kind.WHOLE, "A tag", "tag:release"),
        Field("inbox", Kind.WHOLE, "The inbox it is in", "inbox:default"),
        Field("larger", Kind.SIZE, "Larger than", "larger:100KB"),
        Field("smaller", Kind.SIZE, "Smaller than", "smaller:2MB"),
        Field("before", Kind.TIME, "Received before", "before:2026-01-31"),
        Field("after", Kind.TIME, "Received then or later", "after:2h"),
        Field(
            "message-id", Kind.WHOLE, "Message-ID field, with or without < >", "message-id:abc@example.test", "header"
        ),
        Field(
            "reverse-path", Kind.WHOLE, "MAIL FROM, whole; <> is the null one", "reverse-path:*@example.test", "sender"
        ),
        Field("id", Kind.NUMBER, "Number of the message here", "id:12"),
        Field("session", Kind.NUMBER, "Number of the session that brought it", "session:3"),
        Field("listener", Kind.WHOLE, "How it came: smtp, smtps, http, import, imap, imaps, notice", "listener:smtps"),
        Field("peer", Kind.WHOLE, "Address of the client, without its port, or its network", "peer:192.0.2.*"),
        Field("helo", Kind.WHOLE, "What the client called itself", "helo:ci-*"),
        Field("login", Kind.WHOLE, "User name the client logged in with", "login:app"),
    )
}

#: What `has:` takes. Those of `KINDS` are what a message's content is said to hold when it is understood.
HAS: dict[str, str] = {
    "attachment": "An attachment",
    "html": "An HTML body",
    "text": "A plain text body",
    "image": "An image part",
    "calendar": "A text/calendar part",
    "link": "A link in the text or the HTML",
    "pdf": "A PDF part",
    "signed": "An OpenPGP or S/MIME signature",
    "encrypted": "OpenPGP or S/MIME encryption",
    "report": "A report: of delivery, disposition or abuse",
    "message": "A message within it",
    "defect": "Something wrong with its form",
    "tag": "A tag",
    "bcc": "A recipient in neither To nor Cc, or a Bcc field",
}

#: The words that may stand in `Understanding.kinds`.
KINDS = ("html", "text", "image", "calendar", "link", "pdf", "signed", "encrypted", "report", "message", "bounce")

#: What `is:` takes.
IS: dict[str, str] = {
    "seen": "Read by somebody",
    "unseen": "Read by nobody yet",
    "tagged": "Marked with a tag",
    "unparsed": "Kept, but understood by no parser",
    "bounce": "A report on the delivery of another message",
    "tls": "Came over TLS",
    "authenticated": "Came from a client that had logged in",
    "utf8": "Came by SMTPUTF8",
    "helo": "Came from a client that said HELO, not EHLO",
}

#: Other spellings of those.
ALIASES: dict[str, str] = {"read": "seen", "unread": "unseen"}

FLAGS: dict[str, dict[str, str]] = {"has": HAS, "is": IS}

#: What stands between and around terms.
SYNTAX: tuple[tuple[str, str], ...] = (
    ("reset password", "Both words, anywhere"),
    ('"reset your password"', "These words in this order"),
    ("pass*", "Words that begin so"),
    ("-draft", "Not this (also NOT draft)"),
    ("ana OR ben", "Either; binds weaker than a space"),
    ("(ana OR ben) invoice", "Parentheses group"),
    ("from:(ana OR ben)", "One field, several values"),
    ('subject="Hello"', "Exactly this value, not only these words"),
    ("rcpt:*@slow.test", "A pattern over the whole address"),
)


def completions(prefix: str) -> list[tuple[str, str]]:
    """What the word being typed may become, each with one line of help: `is:un` → `[("is:unread", …), …]`."""
    typed = prefix.lstrip("-(").lower()
    lead = prefix[: len(prefix) - len(prefix.lstrip("-("))]
    name, colon, value = typed.partition(":")
    if not colon:
        return [(f"{lead}{field.name}:", field.help) for field in FIELDS.values() if field.name.startswith(typed)]
    flags = FLAGS.get(name, {})
    spelt = {**flags, **{alias: flags[flag] for alias, flag in ALIASES.items() if flag in flags}}
    return [(f"{lead}{name}:{flag}", help_) for flag, help_ in spelt.items() if flag.startswith(value)]


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "".join([f"| {' | '.join(line)} |\n" for line in lines])


def markdown_syntax() -> str:
    """The tables of `docs/query.md`, from the ones above: how terms are put together."""
    return _table(("write", "to find"), [(f"`{written}`", help_) for written, help_ in SYNTAX])


def markdown_fields() -> str:
    """What can be asked for."""
    rows: list[tuple[str, ...]] = [
        (f"`{field.name}:`", field.help, field.kind.value, f"`{field.example}`") for field in FIELDS.values()
    ]
    return _table(("field", "looks at", "compares", "example"), rows)


def markdown_flags() -> str:
    """What `has:` and `is:` take."""
    rows: list[tuple[str, ...]] = []
    for name, flags in FLAGS.items():
        for flag, help_ in flags.items():
            others = [f"`{name}:{alias}`" for alias, meant in ALIASES.items() if meant == flag and name == "is"]
            rows.append((" or ".join([f"`{name}:{flag}`", *others]), help_))
    return _table(("write", "what the message has, or is"), rows)
