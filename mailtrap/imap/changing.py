"""Commands that change what stands in a folder, and how: STORE, COPY, MOVE, EXPUNGE (RFC 9051 §6.4, RFC 7162)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from mailtrap.accounts import Account
from mailtrap.errors import Invalid
from mailtrap.imap import hierarchy
from mailtrap.imap.commands import Command, Copy, Expunge, Fetch, Store
from mailtrap.imap.opened import know_modseq, open_folder, owner
from mailtrap.imap.selected import Beyond, Selected, spelt
from mailtrap.mail.words import fold
from mailtrap.store.folder import Alteration, Altered, Folder, Folders, Item

if TYPE_CHECKING:
    from mailtrap.imap.session import Session
    from mailtrap.imap.verbs import Perform

_READ_ONLY = "The folder was opened with EXAMINE: nothing in it can be changed"
#: What is said where a command was about messages that somebody else has deleted (RFC 2180 §4, RFC 5530).
GONE = "Somebody else has deleted some of them"
GONE_CODE = "EXPUNGEISSUED"


def named(session: Session, command: Command) -> list[int] | None:
    """The uids that a command is about; None where it was answered with BAD."""
    arguments = cast("Fetch | Store | Copy | Expunge", command.arguments)
    try:
        return open_folder(session).named(arguments.sequence, command.uid)
    except Beyond as error:
        session.bad(command, str(error))
        return None


def changed(
    session: Session,
    command: Command,
    change: Callable[[], Future[Any]],
    then: Callable[[Any], None],
    learn: Callable[[Any], Any] = lambda result: result,
    otherwise: Callable[[Exception], None] | None = None,
) -> None:
    """Have the store change something, find out what became of the folder, then go on with what the store says.

    `learn` makes something of that first, on a worker thread. `otherwise` is given what the store refuses.
    """
    opened = open_folder(session)

    def found_out(result: Any) -> Any:
        opened.catch_up()
        return learn(result)

    session.change(command, change, lambda result: session.work(command, partial(found_out, result), then), otherwise)


# STORE.


def _store(session: Session, command: Command) -> None:
    opened, arguments = open_folder(session), cast(Store, command.arguments)
    if arguments.unchanged_since is not None:
        know_modseq(session)
    uids = named(session, command)
    if uids is None:
        return
    if opened.selected.read_only:
        session.no(command, _READ_ONLY)
        return
    change = partial(
        session.sandbox.store.folders.flag,
        opened.id,
        uids,
        arguments.how,
        opened.selected.respelt(arguments.flags),
        unchanged_since=arguments.unchanged_since,
    )
    worded = partial(_worded, opened.selected, arguments, command.uid)
    changed(session, command, change, partial(_stored, session, command, len(uids)), worded)


def _worded(selected: Selected, asked: Store, uid: bool, altered: Altered) -> tuple[bytes, Altered]:
    """On a worker thread: what is said of each message."""
    if not asked.silent:
        return selected.told_of(altered.items, uid=uid), altered
    said = selected.told_of_modseq(altered.items)
    # What others changed at the same time the client has yet to hear.
    selected.learnt([item for item in altered.items if _is_expected(selected.known(item.uid), asked, item)])
    return said, altered


def _stored(session: Session, command: Command, named: int, worded: tuple[bytes, Altered]) -> None:
    said, altered = worded
    selected = open_folder(session).selected
    session.pour(said)
    if altered.modified:
        modified = altered.modified if command.uid else [selected.number(uid) for uid in altered.modified]
        session.ok(command, "Some had been changed", f"MODIFIED {spelt(sorted(modified))}")
    elif len(altered.items) < named and not command.uid:
        session.ok(command, GONE, GONE_CODE)
    else:
        session.ok(command, "Flags are set")


def _is_expected(before: Item | None, arguments: Store, after: Item) -> bool:
    """Whether a client can know by itself what has become of the flags."""
    flags = {fold(flag) for flag in before.flags} if before is not None else set()
    given = {fold(flag) for flag in arguments.flags}
    match arguments.how:
        case Alteration.ADD:
            flags |= given
        case Alteration.REMOVE:
            flags -= given
        case _:
            flags = given
    return flags == {fold(flag) for flag in after.flags}


# COPY, MOVE.


def _copy(session: Session, command: Command) -> None:
    opened, arguments, account = open_folder(session), cast(Copy, command.arguments), owner(session)
    uids = named(session, command)
    if uids is None:
        return
    if command.verb == "MOVE" and opened.selected.read_only:
        session.no(command, _READ_ONLY)
        return
    if not uids:
        session.ok(command, "There are none of these")
        return
    find = partial(_found, session.sandbox.store.folders, account, arguments.name)
    session.work(command, find, partial(_place, session, command, uids))


def _found(folders: Folders, account: Account, name: str) -> Folder | None:
    """On a worker thread: where to."""
    folder = hierarchy.find(folders, account, name)
    if folder is None or not folder.selectable:
        return None
    if folder.view:
        raise Invalid(f"{folder.name} shows by itself what belongs there")
    return folder


def _place(session: Session, command: Command, uids: list[int], folder: Folder | None) -> None:
    if folder is None:
        session.lacks(command)
        return
    # By number all of them or none (RFC 9051 §6.4.7).
    copy = partial(
        session.sandbox.store.folders.copy,
        open_folder(session).id,
        uids,
        folder.id,
        move=command.verb == "MOVE",
        whole=not command.uid,
    )
    # The copies may stand in the folder that is open, and what was moved does not any more.
    placed = partial(_placed, session, command, folder)
    changed(session, command, copy, placed, otherwise=partial(session.lacks, command))


def _placed(session: Session, command: Command, folder: Folder, pairs: Sequence[tuple[int, int]]) -> None:
    if not pairs:
        session.no(command, GONE, GONE_CODE)
        return
    code = ""
    if session.policy.offers("UIDPLUS"):
        there, new = zip(*pairs, strict=True)
        code = f"COPYUID {folder.uid_validity} {spelt(there)} {spelt(new)}"
    if command.verb == "COPY":
        session.ok(command, "Copied", code)
        return
    if code:
        # Before the messages go (RFC 6851 §4.3).
        session.untagged(f"OK [{code}] Moved".encode())
    session.ok(command, "Moved", _highest(session))


# EXPUNGE.


def _expunge(session: Session, command: Command) -> None:
    opened, arguments = open_folder(session), command.arguments
    only: set[int] | None = None
    if command.uid and not session.policy.offers("UIDPLUS"):
        session.bad(command, "Command not recognised")
        return
    if isinstance(arguments, Expunge):
        uids = named(session, command)
        if uids is None:
            return
        only = set(uids)
    if opened.selected.read_only:
        session.no(command, _READ_ONLY)
        return

    def doomed() -> list[int]:
        folder = opened.live.refresh(certainly=True)
        return [item.uid for item in folder.items if "\\Deleted" in item.flags and (only is None or item.uid in only)]

    def delete(uids: list[int]) -> None:
        if not uids:
            session.ok(command, "None is marked")
            return
        # Somebody may have rescued some of them since.
        take_out = partial(session.sandbox.store.folders.take_out, opened.id, uids, marked=True)
        changed(session, command, take_out, lambda _: session.ok(command, "Expunged", _highest(session)))

    session.work(command, doomed, delete)


def _highest(session: Session) -> str:
    """Up to where a client knows everything that has happened, once it has been told (RFC 7162 §3.2.7)."""
    if "QRESYNC" not in session.enabled:
        return ""
    return f"HIGHESTMODSEQ {open_folder(session).selected.newest.modseq}"


#: For who has a folder open.
VERBS: dict[str, Perform] = {"STORE": _store, "COPY": _copy, "MOVE": _copy, "EXPUNGE": _expunge}
