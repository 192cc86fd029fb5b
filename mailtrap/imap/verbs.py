"""Which IMAP commands there are in which state, and what performs each.

A performer says what is untagged and ends with `session.ok`, `no` or `bad`, at once or when something it has blocked on
has come. Nothing of the store is read but in `session.work`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mailtrap.imap import changing, folders, general, login, mailbox, reading
from mailtrap.imap.commands import Command

if TYPE_CHECKING:
    from mailtrap.imap.session import Session

Perform = Callable[["Session", Command], None]

_ANY: Mapping[str, Perform] = {
    "CAPABILITY": general.capability,
    "NOOP": general.noop,
    "LOGOUT": general.log_out,
    "ID": general.identify,
}

NOT_AUTHENTICATED: Mapping[str, Perform] = {
    **_ANY,
    "STARTTLS": login.start_tls,
    "AUTHENTICATE": login.authenticate,
    "LOGIN": login.log_in,
}

AUTHENTICATED: Mapping[str, Perform] = {
    **_ANY,
    "ENABLE": general.enable,
    "NAMESPACE": general.namespace,
    **folders.VERBS,
    **mailbox.AUTHENTICATED,
}

SELECTED: Mapping[str, Perform] = {**AUTHENTICATED, **mailbox.SELECTED, **changing.VERBS, **reading.VERBS}
