"""The folder that is open in one session: the messages a command names, and that the folder is left in the end."""

from __future__ import annotations

import weakref
from collections.abc import Collection
from typing import TYPE_CHECKING

from mailtrap.accounts import Account
from mailtrap.imap.commands import Command, SequenceSet
from mailtrap.imap.selected import BY_NUMBER, Selected
from mailtrap.imap.watching import Live, Watch
from mailtrap.net.waking import Sleeper

if TYPE_CHECKING:
    from mailtrap.imap.session import Session

#: Commands after which nobody has to say that something changed: whoever sent them has good reason to think so.
_CERTAINLY = frozenset(("APPEND", "CHECK", "NOOP"))
#: Commands that have told everything: what happens meanwhile is for the next one.
_TOLD = frozenset(("SELECT", "EXAMINE"))


class OpenFolder:
    """What `mailtrap.imap.session.Opened` asks for."""

    def __init__(self, watch: Watch, live: Live, enabled: Collection[str], *, read_only: bool) -> None:
        """`live` comes from `watch.open`, and goes back there."""
        self.live = live
        self.selected = Selected(live, enabled, read_only=read_only)
        self._watch = watch
        self._sleeper: Sleeper | None = None
        # A session that fails or is cut may lose it while it is being opened.
        self._closed = weakref.finalize(self, watch.close, live)
        self._closed.atexit = False

    @property
    def id(self) -> int:
        """The folder, as the store calls it."""
        return self.live.id

    def behind(self, command: Command) -> bool:
        """Whether something may have happened that a client must hear of before this command ends."""
        return command.verb in _CERTAINLY or (self.live.behind and command.verb not in _TOLD)

    def catch_up(self) -> None:
        """Find out what has happened. On a worker thread."""
        self.live.refresh(certainly=True)

    def told(self, command: Command) -> bytes:
        """What the client has to know before it gets the tagged response to this command."""
        if command.verb in _TOLD:
            return b""
        return self.selected.notices(command.uid or command.verb not in BY_NUMBER, command.uid)

    def wait(self, sleeper: Sleeper) -> None:
        """Wake it when something happens, until `rest`."""
        self._sleeper = sleeper
        self._watch.wait(self.live, sleeper)

    def rest(self) -> None:
        """Nobody waits any more."""
        if self._sleeper is not None:
            self.live.leave(self._sleeper)
            self._sleeper = None

    def leave(self) -> None:
        """The session has it open no more."""
        self.rest()
        self._closed()

    def named(self, sequence: SequenceSet, by_uid: bool) -> list[int]:
        """The uids a command is about, ascending. By number they may have gone. Raises Beyond."""
        selected = self.selected
        if sequence.saved:
            return [uid for uid in sorted(selected.saved) if selected.shown.get(uid) is not None]
        if by_uid:
            return selected.by_uid(sequence.resolved(selected.last_uid))
        return selected.by_number(sequence.resolved(len(selected)))


def owner(session: Session) -> Account:
    """Who has logged in; commands that open folders are performed only where somebody has."""
    if session.account is None:
        raise RuntimeError("nobody has logged in")
    return session.account


def open_folder(session: Session) -> OpenFolder:
    """That of a session; commands of the selected state are performed only where there is one."""
    opened = session.opened_folder
    if not isinstance(opened, OpenFolder):
        raise RuntimeError("no folder is open")
    return opened


def know_modseq(session: Session) -> None:
    """The client has shown that it knows of mod-sequences, and is told of them from now on (RFC 7162 §3.1)."""
    if "CONDSTORE" not in session.enabled and session.policy.offers("CONDSTORE"):
        session.enabled.add("CONDSTORE")
        tell_highest(session)


def tell_highest(session: Session) -> None:
    """Say where the client stands that has just learnt of mod-sequences, if it has a folder open."""
    opened = session.opened_folder
    if isinstance(opened, OpenFolder):
        session.untagged(b"OK [HIGHESTMODSEQ %d] The highest" % max(opened.selected.shown.modseq, 1))
