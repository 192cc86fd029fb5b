"""The few exceptions that a caller is expected to catch.

MailtrapError
├── NotFound          there is no such message, session, part … (HTTP 404)
├── Invalid           what was asked for makes no sense; `hint` says what to do (HTTP 400)
│   ├── Conflict      what is to be made is there already
│   └── QueryError    a query that cannot be read; `position` points at the character
├── Unavailable       we cannot do this now, later perhaps (HTTP 503, SMTP 4yz)
│   └── StorageFull   no room left on disk (HTTP 507, SMTP 452 4.3.1)
└── SettingsError     a setting has a value that cannot be used (exit code 2)
"""

from __future__ import annotations


class MailtrapError(Exception):
    """What was wrong (`str(error)`) and what to do about it (`hint`)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class NotFound(MailtrapError):
    """There is no such thing (any more)."""


class Invalid(MailtrapError):
    """The request cannot be carried out as it stands; the same request will fail again."""


class Conflict(Invalid):
    """What is to be made is there already."""


class QueryError(Invalid):
    """A query that cannot be read. `position` is the 0-based index of the offending character in `query`."""

    def __init__(self, message: str, query: str, position: int, hint: str = "") -> None:
        super().__init__(message, hint)
        self.query = query
        self.position = position

    def pointer(self) -> str:
        """The query with a caret under the offending character, on two lines."""
        return f"{self.query}\n{' ' * self.position}^"


class Unavailable(MailtrapError):
    """The same request may succeed later."""


class StorageFull(Unavailable):
    """The disk has no room for this."""


class SettingsError(MailtrapError):
    """A setting has a value that cannot be used."""
