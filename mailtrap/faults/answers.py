"""What a rule says where mail is collected: `-ERR [IN-USE] Locked`, `NO [OVERQUOTA] Full`, `BYE …`; pure."""

from __future__ import annotations

import re

from msgspec import Struct

from mailtrap.errors import Invalid
from mailtrap.faults.rule import Step

#: Said where nobody says what.
_TEXT = "Not now"
_REPLY = re.compile(r"[2-5][0-9][0-9]\b")
_WORDS = ("-ERR", "+OK", "NO", "BAD", "BYE", "OK")
_GREETINGS = frozenset((Step.POP3_CONNECT, Step.POP3_GREETING, Step.IMAP_CONNECT, Step.IMAP_GREETING))
#: Where another greeting may be said instead of ours.
_WELCOMES = frozenset((Step.POP3_GREETING, Step.IMAP_GREETING))


class Spoken(Struct, frozen=True):
    """`word` is `-ERR` or `+OK` of POP3; `NO`, `BAD`, `BYE` or `OK` of IMAP. `text` begins with a code, if with any."""

    word: str
    text: str

    @property
    def refuses(self) -> bool:
        """Whether what was asked for is not done."""
        return self.word not in ("+OK", "OK")


def words_at(step: Step) -> tuple[str, ...]:
    """What an answer may begin with at a step, the usual one first (RFC 1939 §3, RFC 9051 §7.1)."""
    if step.startswith("pop3."):
        return ("-ERR", "+OK") if step in _WELCOMES else ("-ERR",)
    if step in _GREETINGS:
        return ("BYE", "OK") if step in _WELCOMES else ("BYE",)
    return ("NO", "BAD", "BYE")


def spoken(answer: str, step: Step) -> Spoken:
    """An answer as it is written in a rule; without a word it refuses. Raises Invalid."""
    allowed = words_at(step)
    text = answer.strip()
    first, _, rest = text.removeprefix("* ").partition(" ")
    if first not in _WORDS:
        if _REPLY.match(text):
            raise Invalid(f"`{text[:60]}` is a reply of SMTP", f"at {step} write {allowed[0]} [CODE] and why")
        return Spoken(allowed[0], text or _TEXT)
    if first not in allowed:
        raise Invalid(f"`{first}` is not said at {step}", f"an answer there begins with {' or '.join(allowed)}")
    return Spoken(first, rest.strip() or _TEXT)


def belated(answer: str, step: Step, later: Step) -> Spoken:
    """What could not be said at one step, as it is said at a later one."""
    said, allowed = spoken(answer, step), words_at(later)
    return said if said.word in allowed else Spoken(allowed[0], said.text)
