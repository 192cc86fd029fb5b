"""SMTP replies and enhanced status codes as values (RFC 5321 §4.2, RFC 3463)."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import Struct


class EnhancedStatus(Struct, frozen=True):
    """`class.subject.detail` (RFC 3463 §2)."""

    class_: int
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.class_}.{self.subject}.{self.detail}"


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `text` may have several lines; the class of `status` must agree with the first digit of `code`."""

    code: int
    status: EnhancedStatus | None
    text: str
    _wire: dict[bool, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 200 <= self.code <= 599:
            raise ValueError(f"{self.code} is no reply code")
        if self.status and self.status.class_ != self.code // 100:
            raise ValueError(f"the class of {self.status} is not that of {self.code}")

    @property
    def is_transient(self) -> bool:
        """4yz: the same command may succeed later (RFC 5321 §4.2.1)."""
        return 400 <= self.code < 500

    @property
    def is_permanent(self) -> bool:
        """5yz: the same command will fail again (RFC 5321 §4.2.1)."""
        return self.code >= 500

    def octets(self, enhanced: bool = True) -> bytes:
        """As it goes over the wire, CRLF-ended, each line with code and (if `enhanced`, RFC 2034) status."""
        wire = self._wire.get(enhanced)
        if wire is None:
            wire = self._wire[enhanced] = self._write(enhanced)
        return wire

    def _write(self, enhanced: bool) -> bytes:
        status = f"{self.status} " if enhanced and self.status else ""
        # A stray CR or a lone surrogate in a text may not end or break the reply.
        lines = self.text.replace("\r", " ").split("\n")
        wire = [f"{self.code}-{status}{line}\r\n" for line in lines[:-1]]
        wire.append(f"{self.code} {status}{lines[-1]}\r\n")
        return "".join(wire).encode("utf-8", "backslashreplace")


def reply(code: int, status: str, text: str) -> Reply:
    """`reply(550, "5.1.1", "No such mailbox")`; an empty status means none."""
    if not status:
        return Reply(code, None, text)
    class_, subject, detail = (int(part) for part in status.split("."))
    return Reply(code, EnhancedStatus(class_, subject, detail), text)
