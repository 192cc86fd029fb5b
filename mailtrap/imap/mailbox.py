"""Commands that open and leave a folder, and that wait for what happens in it (RFC 9051 §6.3.1, §6.4, RFC 2177)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from mailtrap.accounts import Account
from mailtrap.errors import NotFound
from mailtrap.imap import hierarchy, responses
from mailtrap.imap.commands import Command, Qresync, Select, SequenceSet
from mailtrap.imap.opened import OpenFolder, know_modseq, open_folder, owner
from mailtrap.imap.selected import spelt
from mailtrap.imap.watching import Watch
from mailtrap.net.actions import Drain
from mailtrap.store.folder import Folder, Folders

if TYPE_CHECKING:
    from mailtrap.imap.session import Session
    from mailtrap.imap.verbs import Perform

#: Octets of the line that ends IDLE.
DONE_LINE = 128
#: Octets said to who idles before it is looked whether they are read at all.
UNREAD = 4096


# SELECT, EXAMINE.


def _select(session: Session, command: Command) -> None:
    arguments, account = cast(Select, command.arguments), owner(session)
    offers = session.policy.offers
    if (arguments.condstore and not offers("CONDSTORE")) or (arguments.qresync is not None and not offers("QRESYNC")):
        session.bad(command, "A folder is opened without parameters here")
        return
    if arguments.qresync is not None and "QRESYNC" not in session.enabled:
        # RFC 7162 §3.2.5.
        session.bad(command, "ENABLE QRESYNC first")
        return
    if session.opened_folder is not None:
        session.open(None)
        session.untagged(b"OK [CLOSED] The other folder is open no more")
    if arguments.condstore or arguments.qresync is not None:
        know_modseq(session)
    task = partial(_open, session.watch, session.sandbox.store.folders, account, arguments, session.enabled, command)
    session.work(command, task, partial(_opened, session, command))


def _open(
    watch: Watch, folders: Folders, account: Account, arguments: Select, enabled: set[str], command: Command
) -> tuple[OpenFolder, bytes]:
    """On a worker thread: the folder, and what is said to somebody who comes back to it."""
    folder = hierarchy.find(folders, account, arguments.name)
    if folder is None or not folder.selectable:
        raise NotFound("There is no such folder" if folder is None else "It is only a level above other folders")
    opened = OpenFolder(watch, watch.open(account, folder), enabled, read_only=command.verb == "EXAMINE")
    wanted = arguments.qresync
    if wanted is None or wanted.uid_validity != folder.uid_validity:
        return opened, b""
    selected = opened.selected
    gone = folders.vanished(folder.id, wanted.modseq, _unsure(opened, wanted))
    gone = [uid for uid in gone if selected.shown.get(uid) is None]
    said = f"* VANISHED (EARLIER) {spelt(gone)}\r\n".encode() if gone else b""
    known = selected.by_uid(_known(opened, wanted.known))
    changed = [item for item in map(selected.shown.get, known) if item is not None and item.modseq > wanted.modseq]
    return opened, said + b"".join([selected.fetched(item, uid=True) for item in changed])


def _known(opened: OpenFolder, known: SequenceSet | None) -> list[tuple[int, int]]:
    """The uids that the client says it knows: all there ever were, where it does not say."""
    last = opened.live.newest.uid_next - 1
    return [(1, last)] if known is None else known.resolved(last)


def _unsure(opened: OpenFolder, wanted: Qresync) -> list[tuple[int, int]]:
    """Those of them whose fate it may not know: a number that still has the same uid has lost none before it."""
    ranges, sure = _known(opened, wanted.known), 0
    if wanted.numbers is not None and wanted.uids is not None:
        uids = opened.selected.shown.uids
        pairs = zip(_each(wanted.numbers, len(uids)), _each(wanted.uids, opened.selected.last_uid), strict=False)
        for number, uid in pairs:
            if number > len(uids) or uids[number - 1] != uid:
                break
            sure = uid
    return [(max(first, sure + 1), last) for first, last in ranges if last > sure]


def _each(sequence: SequenceSet, largest: int) -> Iterable[int]:
    for first, last in sequence.resolved(largest):
        yield from range(first, last + 1)


def _opened(session: Session, command: Command, result: tuple[OpenFolder, bytes]) -> None:
    opened, news = result
    folder, selected = opened.live.folder, opened.selected
    session.open(opened)
    session.utter(selected.flag_lists())
    session.untagged(b"%d EXISTS" % len(selected))
    snapshot = selected.shown
    if "IMAP4REV2" not in session.enabled:
        session.untagged(b"%d RECENT" % selected.recent)
        unseen = next((n for n, item in enumerate(snapshot.items, 1) if "\\Seen" not in item.flags), 0)
        if unseen:
            session.untagged(b"OK [UNSEEN %d] The first that is not seen" % unseen)
    session.untagged(b"OK [UIDVALIDITY %d] Uids are valid" % folder.uid_validity)
    session.untagged(b"OK [UIDNEXT %d] The next uid" % snapshot.uid_next)
    if session.policy.offers("CONDSTORE"):
        session.untagged(b"OK [HIGHESTMODSEQ %d] The highest" % max(snapshot.modseq, 1))
    if session.policy.offers("OBJECTID"):
        session.untagged(b"OK [MAILBOXID (%b)] Its id" % hierarchy.mailbox_id(folder).encode())
    if "IMAP4REV2" in session.enabled:
        session.untagged(_listed(folder, session.utf8))
    session.pour(news)
    code = "READ-ONLY" if selected.read_only else "READ-WRITE"
    session.ok(command, f"{len(selected)} messages", code)


def _listed(folder: Folder, utf8: bool) -> bytes:
    words = [folder.use] if folder.use else []
    words += ["\\Subscribed"] if folder.subscribed else []
    return f'LIST ({" ".join(words)}) "{hierarchy.DELIMITER}" '.encode() + responses.mailbox(folder.name, utf8)


# Leaving.


def _close(session: Session, command: Command) -> None:
    opened = open_folder(session)
    if opened.selected.read_only:
        _unselect(session, command)
        return
    folders = session.sandbox.store.folders

    def expunge() -> None:
        folder = opened.live.refresh()
        uids = [item.uid for item in folder.items if "\\Deleted" in item.flags]
        if uids:
            with suppress(NotFound):  # somebody has removed the folder, which is left all the same
                folders.take_out(opened.id, uids, marked=True).result(hierarchy.WRITTEN_WITHIN)

    session.work(command, expunge, lambda _: _unselect(session, command))


def _unselect(session: Session, command: Command) -> None:
    session.open(None)
    session.ok(command, "No folder is open")


# Waiting.


def _noop(session: Session, command: Command) -> None:
    session.ok(command, "Nothing done")


class Idle:
    """IDLE: whatever happens is told at once, until the client says DONE."""

    def __init__(self, session: Session, command: Command) -> None:
        self._session = session
        self._command = command
        self._waits = True
        self._said = 0
        opened = session.opened_folder
        self._opened = opened if isinstance(opened, OpenFolder) else None

    def begin(self) -> None:
        """Say that we wait."""
        session = self._session
        session.utter(responses.continuation("Idling"))
        session.reader = self._read
        session.on_wake = self._tell
        if self._opened is not None and session.sleeper is not None:
            self._opened.wait(session.sleeper)
            self._tell()

    def _tell(self, _: Any = None) -> None:
        session = self._session
        if self._opened is None or not self._waits or session.unheard:
            return
        notices = self._opened.selected.notices()
        if not notices:
            return
        session.utter(notices)
        self._said += len(notices)
        if self._said > UNREAD:
            # Who does not read hears the next of it when it does: then it is less than all that happened.
            self._said = 0
            session.block(Drain(), self._tell)

    def _read(self) -> bool:
        session = self._session
        line = session.line(DONE_LINE)
        if line is None:
            if session.reader != self._read:
                self._end()
                return True
            return False
        self._end()
        session.transcript.add(session.now, "C", line)
        if line.strip().upper() == b"DONE":
            session.ok(self._command, "Idle no more")
        else:
            session.bad(self._command, "IDLE ends with DONE")
        return True

    def _end(self) -> None:
        session = self._session
        self._waits = False
        if session.reader == self._read:
            session.reader = session.read_command
        if self._opened is not None:
            self._opened.rest()


def _idle(session: Session, command: Command) -> None:
    Idle(session, command).begin()


#: For who has logged in.
AUTHENTICATED: dict[str, Perform] = {"SELECT": _select, "EXAMINE": _select, "IDLE": _idle}
#: For who has a folder open.
SELECTED: dict[str, Perform] = {
    "CLOSE": _close,
    "UNSELECT": _unselect,
    "CHECK": _noop,
    "NOOP": _noop,
}
