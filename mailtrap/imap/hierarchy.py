"""The folders of an account: those that everybody has and which messages are gathered into them, names, levels."""

from __future__ import annotations

from mailtrap.accounts import Account
from mailtrap.errors import Conflict
from mailtrap.mail.words import fold
from mailtrap.query import Query
from mailtrap.query.tree import And, Exact
from mailtrap.store.base import Store
from mailtrap.store.folder import Folder, Folders

INBOX = "INBOX"
#: Every message of the account.
ALL = "All"
#: What the sandbox itself wrote to it: reports on deliveries, complaints, answers.
BOUNCES = "Bounces"
#: Between the levels of a name.
DELIMITER = "/"

#: Seconds that the store may take over one change.
WRITTEN_WITHIN = 60.0


def canonical(name: str) -> str:
    """A name as it is kept: INBOX may be written anyhow (RFC 9051 §5.1), and so may it as a level above others."""
    first, delimiter, rest = name.partition(DELIMITER)
    return (INBOX if fold(first) == fold(INBOX) else first) + delimiter + rest


def furnish(folders: Folders, account: Account) -> None:
    """Make what every account has, where it is missing. On a worker thread: it waits for the store."""
    there = {folder.name for folder in folders.of(account.key)}
    inbox = "" if account.address else account.inbox
    for name, use, view in ((INBOX, "", False), (ALL, "\\All", True), (BOUNCES, "", True)):
        if name in there:
            continue
        try:
            made = folders.create(account.key, name, use=use, view=view, inbox=inbox, subscribed=True)
            made.result(WRITTEN_WITHIN)
        except Conflict:  # another session of the same account was faster
            continue


def find(folders: Folders, account: Account, name: str) -> Folder | None:
    """The folder of this name, as it is now."""
    name = canonical(name)
    return next((folder for folder in folders.of(account.key) if folder.name == name), None)


def is_standing(folder: Folder) -> bool:
    """Whether every account has it: it is filled with mail, and can be neither removed nor renamed."""
    return folder.name in (INBOX, ALL, BOUNCES)


def gathered(account: Account, folder: Folder) -> Query | None:
    """Which messages are placed in a folder by themselves; None where none are."""
    if folder.name == BOUNCES:
        return Query(And((account.query.root, Exact("listener", "notice"))))
    return account.query if is_standing(folder) else None


def gather(store: Store, account: Account, folder: Folder) -> None:
    """Have what was captured since the last time stand in the folder. On a worker thread: it waits for the store."""
    query = gathered(account, folder)
    if query is not None:
        store.folders.gather(folder.id, query).result(WRITTEN_WITHIN)


def mailbox_id(folder: Folder) -> str:
    """What names it for good, whatever it is called (RFC 8474 §4)."""
    return f"F{folder.id}-{folder.uid_validity}"
