"""Which IMAP commands there are in which state, and what performs each."""

from __future__ import annotations

from mailtrap.imap.session import Perform, State

# Each module of verbs has tables of its own: a verb in upper case, without UID, and what performs it.
_ANY: dict[str, Perform] = {}
_NOT_AUTHENTICATED: dict[str, Perform] = {}
_AUTHENTICATED: dict[str, Perform] = {}  # here come mailtrap.imap.folders.VERBS and mailtrap.imap.mailbox.AUTHENTICATED
_SELECTED: dict[str, Perform] = {}  # here comes mailtrap.imap.mailbox.SELECTED, which may have a NOOP of its own

TABLES: dict[State, dict[str, Perform]] = {
    State.NOT_AUTHENTICATED: {**_ANY, **_NOT_AUTHENTICATED},
    State.AUTHENTICATED: {**_ANY, **_AUTHENTICATED},
    State.SELECTED: {**_ANY, **_AUTHENTICATED, **_SELECTED},
}
