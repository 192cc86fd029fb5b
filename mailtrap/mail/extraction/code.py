"""What a one-time code is to those who ask for the codes of a message; pure."""

from __future__ import annotations

from msgspec import Struct

#: From here on a code is told; from `SURE` on it may be shown as the one.
LIKELY, SURE = 0.5, 0.8


class Code(Struct, frozen=True):
    """A one-time code: `code` as one types it, `written` as it stands there, and why and how surely it is one."""

    code: str
    reason: str
    confidence: float
    written: str = ""
    where: str = "text"
    quoted: bool = False
