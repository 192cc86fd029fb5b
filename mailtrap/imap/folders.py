"""Commands on folders: make, remove, rename, subscribe, list, count, and put a message in (RFC 9051 §6.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from mailtrap.accounts import Account
from mailtrap.errors import NotFound
from mailtrap.imap import appending, hierarchy, listing, responses
from mailtrap.imap.commands import Append, Command, Create, List, Mailbox, Quota, Rename, Status
from mailtrap.imap.opened import know_modseq
from mailtrap.imap.selected import spelt
from mailtrap.mail.arrival import Arrival
from mailtrap.net.actions import Ask, Drain
from mailtrap.store.folder import Folder, Totals

if TYPE_CHECKING:
    from mailtrap.imap.session import Session

#: Special uses that a client may give a folder (RFC 6154 §2): those that keep messages.
USES = {use.upper(): use for use in ("\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash")}
#: Lines of a listing that are said at once.
LINES = 200

_NO_SUCH = "There is no such folder"
_STANDING = "Every account has this folder"


def _account(session: Session) -> Account:
    if session.account is None:
        raise RuntimeError("nobody has logged in")
    return session.account


def _found(session: Session, name: str) -> Folder:
    """On a worker thread. Raises NotFound."""
    folder = hierarchy.find(session.sandbox.store.folders, _account(session), name)
    if folder is None:
        raise NotFound(_NO_SUCH)
    return folder


# Making, removing, renaming.


def create(session: Session, command: Command) -> None:
    """CREATE, with special uses (RFC 6154 §3)."""
    asked = cast(Create, command.arguments)
    account, folders = _account(session), session.sandbox.store.folders
    uses = [USES.get(use.upper(), "") for use in asked.uses]
    if not all(uses) or len(uses) > 1:
        session.no(command, "A folder has one of these uses here: " + " ".join(USES.values()), "USEATTR")
        return
    # A delimiter at the end says that there will be folders below it, which any folder may have.
    name = hierarchy.canonical(asked.name.removesuffix(hierarchy.DELIMITER))
    session.change(
        command,
        partial(folders.create, account.key, name, use=uses[0] if uses else ""),
        lambda folder: session.ok(command, "Created", f"MAILBOXID ({hierarchy.mailbox_id(folder)})"),
    )


def delete(session: Session, command: Command) -> None:
    """DELETE."""

    def remove(folder: Folder) -> None:
        if hierarchy.is_standing(folder):
            session.no(command, _STANDING, "CANNOT")
        else:
            folders = session.sandbox.store.folders
            session.change(command, partial(folders.remove, folder.id), partial(removed, folder))

    def removed(folder: Folder, _: None) -> None:
        if session.opened_folder is not None and session.opened_folder.id == folder.id:
            session.open(None)
            session.untagged(b"OK [CLOSED] The folder that was open is gone")
        session.ok(command, "Deleted")

    _with_folder(session, command, cast(Mailbox, command.arguments).name, remove)


def rename(session: Session, command: Command) -> None:
    """RENAME."""
    asked = cast(Rename, command.arguments)

    def move(folder: Folder) -> None:
        if hierarchy.is_standing(folder) and folder.name != hierarchy.INBOX:
            session.no(command, _STANDING, "CANNOT")
        else:
            name = hierarchy.canonical(asked.to.removesuffix(hierarchy.DELIMITER))
            change = partial(session.sandbox.store.folders.rename, folder.id, name)
            session.change(command, change, lambda _: session.ok(command, "Renamed"))

    _with_folder(session, command, asked.name, move)


def subscribe(session: Session, command: Command) -> None:
    """SUBSCRIBE and UNSUBSCRIBE: to names, be there such folders or not."""
    name = hierarchy.canonical(cast(Mailbox, command.arguments).name)
    change = partial(session.sandbox.store.folders.subscribe, _account(session).key, name, command.verb == "SUBSCRIBE")
    session.change(command, change, lambda _: session.ok(command, "Done"))


def _with_folder(session: Session, command: Command, name: str, then: Callable[[Folder], None]) -> None:
    session.work(command, partial(_found, session, name), then)


# Listing and counting.


def list_(session: Session, command: Command) -> None:
    """LIST with its extensions (RFC 5258, RFC 5819, RFC 6154)."""
    asked = cast(List, command.arguments)
    if asked.patterns == ("",) and not asked.extended:
        # Only the delimiter is asked for (RFC 9051 §6.3.9).
        session.untagged(b'LIST (\\Noselect) "/" ""')
        session.ok(command, "Done")
        return
    choice = listing.Choice(
        subscribed="SUBSCRIBED" in asked.selection,
        special_use="SPECIAL-USE" in asked.selection,
        recursive="RECURSIVEMATCH" in asked.selection,
        says_subscribed="SUBSCRIBED" in asked.returns,
    )
    if choice.recursive and not (choice.subscribed or choice.special_use):
        session.bad(command, "RECURSIVEMATCH goes with another option")
        return
    account, folders, utf8 = _account(session), session.sandbox.store.folders, session.utf8
    patterns = [asked.reference + pattern for pattern in asked.patterns if pattern]

    def look() -> list[bytes]:
        lines = []
        for row in listing.rows(folders.of(account.key), folders.subscriptions(account.key), patterns, choice):
            lines.append(_row("LIST", row, utf8, choice))
            if asked.status and row.folder is not None and row.folder.selectable:
                lines.append(_status(session, row.folder, asked.status, utf8))
        return lines

    if "HIGHESTMODSEQ" in asked.status:
        know_modseq(session)
    session.work(command, look, partial(_say, session, command))


def lsub(session: Session, command: Command) -> None:
    """LSUB (RFC 3501 §6.3.9)."""
    asked = cast(List, command.arguments)
    account, folders, utf8 = _account(session), session.sandbox.store.folders, session.utf8
    pattern = asked.reference + asked.patterns[0]

    def look() -> list[bytes]:
        names = folders.subscriptions(account.key)
        found = listing.subscribed_rows(folders.of(account.key), names, pattern)
        return [_row("LSUB", row, utf8, None) for row in found]

    session.work(command, look, partial(_say, session, command))


def _row(word: str, row: listing.Row, utf8: bool, choice: listing.Choice | None) -> bytes:
    line = f'* {word} ({" ".join(row.attributes)}) "{hierarchy.DELIMITER}" '.encode()
    line += responses.mailbox(row.name, utf8)
    if row.below and choice is not None:
        which = b'"SUBSCRIBED"' if choice.subscribed else b'"SPECIAL-USE"'
        line += b' ("CHILDINFO" (' + which + b"))"
    return line + b"\r\n"


def _say(session: Session, command: Command, lines: Sequence[bytes], _: Any = None) -> None:
    """A few lines at a time: there may be many folders, and clients that do not read."""
    if lines:
        session.utter(b"".join(lines[:LINES]))
    if len(lines) > LINES and not session.unheard:
        session.block(Drain(), partial(_say, session, command, lines[LINES:]))
    else:
        session.ok(command, "Done")


def status(session: Session, command: Command) -> None:
    """STATUS (RFC 9051 §6.3.11)."""
    asked = cast(Status, command.arguments)
    utf8 = session.utf8

    def look() -> bytes:
        folder = _found(session, asked.name)
        if not folder.selectable:
            raise NotFound("There are only folders below it")
        return _status(session, folder, asked.items, utf8)

    def say(line: bytes) -> None:
        session.utter(line)
        session.ok(command, "Done")

    if "HIGHESTMODSEQ" in asked.items:
        know_modseq(session)
    session.work(command, look, say)


def _status(session: Session, folder: Folder, items: Sequence[str], utf8: bool) -> bytes:
    """On a worker thread."""
    store = session.sandbox.store
    hierarchy.gather(store, _account(session), folder)
    folder = store.folders.get(folder.id) or folder
    totals = store.folders.totals(folder.id)
    said: dict[str, object] = {item: say(folder, totals) for item, say in _FACTS.items()}
    said["APPENDLIMIT"] = session.limits.max_message_size or "NIL"
    if "RECENT" in items:
        first = session.watch.unheard(folder.id).first
        said["RECENT"] = (
            len(store.folders.items(folder.id, uids=[(first, folder.uid_next)])) if first > 1 else totals.messages
        )
    facts = [f"{item} {said[item]}" for item in items if item in said]
    return b"* STATUS " + responses.mailbox(folder.name, utf8) + f" ({' '.join(facts)})\r\n".encode()


_FACTS: dict[str, Callable[[Folder, Totals], object]] = {
    "MESSAGES": lambda folder, totals: totals.messages,
    "UIDNEXT": lambda folder, totals: folder.uid_next,
    "UIDVALIDITY": lambda folder, totals: folder.uid_validity,
    "UNSEEN": lambda folder, totals: totals.unseen,
    "DELETED": lambda folder, totals: totals.deleted,
    "SIZE": lambda folder, totals: totals.size,
    "HIGHESTMODSEQ": lambda folder, totals: max(folder.modseq, 1),
    "MAILBOXID": lambda folder, totals: f"({hierarchy.mailbox_id(folder)})",
}


# Quota (RFC 9208): the only limit is how many messages there may be in all, beyond which the oldest go.


def quota(session: Session, command: Command) -> None:
    """GETQUOTA."""
    if cast(Quota, command.arguments).root or not session.policy.max_messages:
        session.no(command, "There is no such quota root", "NONEXISTENT")
    else:
        session.work(command, session.sandbox.store.counters, partial(_say_quota, session, command))


def quota_root(session: Session, command: Command) -> None:
    """GETQUOTAROOT."""

    def say(folder: Folder) -> None:
        line = b"QUOTAROOT " + responses.mailbox(folder.name, session.utf8)
        if session.policy.max_messages:
            session.untagged(line + b' ""')
            session.work(command, session.sandbox.store.counters, partial(_say_quota, session, command))
        else:
            session.untagged(line)
            session.ok(command, "There is no limit")

    _with_folder(session, command, cast(Mailbox, command.arguments).name, say)


def _say_quota(session: Session, command: Command, counters: Any) -> None:
    session.untagged(f'QUOTA "" (MESSAGE {counters.messages} {session.policy.max_messages})'.encode())
    session.ok(command, "Done")


# Messages that come this way.


def append(session: Session, command: Command) -> None:
    """APPEND, of one message or several (RFC 9051 §6.3.12, RFC 3502)."""
    asked = cast(Append, command.arguments)

    def keep(folder: Folder | None) -> None:
        if folder is None or not folder.selectable:
            appending.discard(asked)
            session.lacks(command)
        elif folder.view:
            appending.discard(asked)
            session.no(command, "Nothing can be put into this folder", "CANNOT")
        elif not all([message.content.size for message in asked.messages]):
            # So a client takes back what it has begun (RFC 3502 §6.3.11).
            appending.discard(asked)
            session.no(command, "A message has at least one octet; nothing is kept")
        else:
            batch = appending.Batch(session.sandbox, _account(session), _arrival(session), folder.id, asked)
            session.block(Ask(batch.keep), partial(kept, folder))

    def kept(folder: Folder, result: Any) -> None:
        if isinstance(result, Exception):
            session.lacks(command, result)
            return
        ids, uids = result
        session.transcript.messages.extend(ids)
        session.ok(command, "Kept", f"APPENDUID {folder.uid_validity} {spelt(uids)}" if all(uids) else "")

    def regret(error: Exception) -> None:
        appending.discard(asked)
        session.fail(command, error)

    folders, account = session.sandbox.store.folders, _account(session)
    session.work(command, partial(hierarchy.find, folders, account, asked.name), keep, regret)


def _arrival(session: Session) -> Arrival:
    transcript = session.transcript
    return Arrival(
        session.now,
        transcript.listener,
        transcript.peer,
        transcript.helo,
        "IMAP",
        transcript.tls,
        transcript.login,
        transcript.session,
    )


VERBS: Mapping[str, Callable[[Session, Command], None]] = {
    "CREATE": create,
    "DELETE": delete,
    "RENAME": rename,
    "SUBSCRIBE": subscribe,
    "UNSUBSCRIBE": subscribe,
    "LIST": list_,
    "LSUB": lsub,
    "STATUS": status,
    "GETQUOTA": quota,
    "GETQUOTAROOT": quota_root,
    "APPEND": append,
}
