"""What a client's octets become: assembled, refused, read; for tests of the grammar."""

from __future__ import annotations

from mailtrap.imap import protocol
from mailtrap.imap.assembly import Assembled, Assembly, Continue, Refused
from mailtrap.imap.commands import Command, CommandError

Event = Continue | Assembled | Refused


class Held:
    """A message that is appended."""

    def __init__(self) -> None:
        self.octets = b""
        self.discarded = False

    def write(self, octets: bytes) -> None:
        self.octets += octets

    def discard(self) -> None:
        self.discarded = True


class Wire:
    """An `Assembly` that is fed; `events` has what it said, `sinks` what it was given for messages."""

    def __init__(self, max_message: int | None = 10_000) -> None:
        self.sinks: list[Held] = []
        self.assembly = Assembly(self._sink, max_message)
        self.events: list[Event] = []

    def _sink(self) -> Held:
        self.sinks.append(Held())
        return self.sinks[-1]

    def feed(self, octets: bytes) -> list[Event]:
        """The events of these octets."""
        at, begun = 0, len(self.events)
        while True:
            moved, event = self.assembly.take(octets, at)
            assert at <= moved <= len(octets)
            if event is None:
                assert moved == len(octets)
                return self.events[begun:]
            at = moved
            self.events.append(event)
            if isinstance(event, Refused) and event.fatal:
                return self.events[begun:]


def assembled(octets: bytes, size: int = 0, max_message: int | None = 10_000) -> list[Event]:
    """The events of octets, fed `size` at a time."""
    wire = Wire(max_message)
    for start in range(0, len(octets), size or len(octets) or 1):
        wire.feed(octets[start : start + (size or len(octets))])
    return wire.events


def command(octets: bytes, utf8: bool = False) -> Command:
    """The command that a client sends, literals included, without the last CRLF."""
    wire = Wire()
    wire.assembly.utf8 = utf8
    wire.feed(octets + b"\r\n")
    last = wire.events[-1]
    if isinstance(last, Refused):
        raise CommandError(last.text, last.tag, last.code, last.no)
    assert isinstance(last, Assembled)
    return protocol.read(last.text, last.literals, utf8)


def arguments(octets: bytes, utf8: bool = False) -> object:
    """The value of a command's arguments; the tag is added."""
    return command(b"t " + octets, utf8).arguments
