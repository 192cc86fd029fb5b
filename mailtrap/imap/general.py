"""Commands about the session itself: what is offered, who is who, what is switched on, the end (RFC 9051 §6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mailtrap import __version__
from mailtrap.imap import responses
from mailtrap.imap.commands import Command, Enable, Id
from mailtrap.imap.opened import tell_highest

if TYPE_CHECKING:
    from mailtrap.imap.session import Session

#: What ENABLE can switch on, with what comes with it (RFC 7162 §3.2.3, RFC 9051 §6.3.1).
_SWITCHES = {
    "CONDSTORE": ("CONDSTORE",),
    "QRESYNC": ("QRESYNC", "CONDSTORE"),
    "UTF8=ACCEPT": ("UTF8=ACCEPT",),
    "IMAP4REV2": ("IMAP4REV2",),
}
#: How they are written.
_WRITTEN = {"IMAP4REV2": "IMAP4rev2"}
#: Characters of what a client calls itself that are kept.
_NAME = 100


def capability(session: Session, command: Command) -> None:
    """CAPABILITY."""
    session.trouble.alter()
    session.untagged(f"CAPABILITY {session.capabilities}".encode())
    session.ok(command, "Done")


def noop(session: Session, command: Command) -> None:
    """NOOP, where no folder is open."""
    session.ok(command, "Done")


def log_out(session: Session, command: Command) -> None:
    """LOGOUT."""
    session.open(None)
    session.untagged(b"BYE Until next time")
    session.ok(command, "Bye")
    if not session.trouble.ends:
        session.end("quit")
        session.close()


def identify(session: Session, command: Command) -> None:
    """ID (RFC 2971): names are exchanged, and nothing depends on them."""
    named = {field.lower(): value for field, value in cast(Id, command.arguments).fields}
    if name := named.get("name"):
        session.transcript.helo = responses.plain(name)[:_NAME]
    ours = (b"name", b"mailtrap", b"version", __version__.encode())
    session.untagged(b"ID (" + b" ".join([responses.string(value) for value in ours]) + b")")
    session.ok(command, "Done")


def enable(session: Session, command: Command) -> None:
    """ENABLE (RFC 9051 §6.3.1)."""
    asked = cast(Enable, command.arguments).capabilities
    switched = [name for name in asked if name in _SWITCHES and session.policy.offers(name)]
    knew = "CONDSTORE" in session.enabled
    for name in switched:
        session.enabled.update(_SWITCHES[name])
    session.assembly.utf8 = session.utf8
    words = ["ENABLED", *[_WRITTEN.get(name, name) for name in dict.fromkeys(switched)]]
    session.untagged(" ".join(words).encode())
    if not knew and "CONDSTORE" in session.enabled:
        tell_highest(session)
    session.ok(command, "Done")


def namespace(session: Session, command: Command) -> None:
    """NAMESPACE (RFC 2342): everybody has their own and no other."""
    session.untagged(b'NAMESPACE (("" "/")) NIL NIL')
    session.ok(command, "Done")
