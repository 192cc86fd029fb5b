"""Watches the folders that sessions have open: gathers mail into them, reads what has changed, wakes who waits."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from mailtrap.accounts import Account
from mailtrap.errors import NotFound
from mailtrap.events import Event, Kind
from mailtrap.imap.hierarchy import INBOX, WRITTEN_WITHIN, find, gathered
from mailtrap.imap.recent import Unheard
from mailtrap.imap.selected import Snapshot
from mailtrap.imap.sources import AT_ONCE, HEAD, Library
from mailtrap.imap.summary import Summaries
from mailtrap.mail.words import fold
from mailtrap.net.waking import Sleeper, rouse
from mailtrap.query import Query
from mailtrap.sandbox import Sandbox
from mailtrap.store.base import Store
from mailtrap.store.folder import Came, Changed, Folder, Folders

log = logging.getLogger(__name__)

#: Folders that nobody has open any more and that are kept to be opened again, and the messages in them.
KEPT = 8
KEPT_ITEMS = 100_000
#: Messages in the store from which on it may take a moment to open an INBOX.
MANY = 1000
#: Folders of which it is known what of them was heard.
UNHEARD_KEPT = 100_000
#: Seconds that the thread may take to end.
ENDED_WITHIN = 10.0

#: Seconds of rest for each who was told before they are told more: mail may come faster than they can be woken.
REST = 0.0001


class Live:
    """One folder that somebody has open. `newest` may be looked at from any thread; it is replaced, never changed."""

    def __init__(self, folders: Folders, folder: Folder, query: Query | None, unheard: Unheard) -> None:
        """What matches `query` comes by itself; nothing where that is None."""
        self.id = folder.id
        self.unheard = unheard
        self.folder = folder
        self.newest = Snapshot([], 1, 0)
        self.users = 0
        #: Whether somebody has removed the folder; to who has it open it is empty.
        self.gone = False
        #: Whether what comes stands in it with the commit that keeps it, and need not be looked for.
        self.followed = False
        self._folders = folders
        self._query = query
        # Tokens: the latest arrival and change that were heard of, and those that `newest` has.
        self._arrival = self._change = object()
        self._filled: object = None
        self._seen: object = None
        #: What the changes consist of that `newest` has not; None where that has to be read.
        self._came: list[Came] | None = []
        self._coming = 0
        self._read_once = False
        self._lock = threading.Lock()
        self._waiting: frozenset[Sleeper] = frozenset()
        # Not the other one: who waits, on a loop, must not wait for the store, nor must the writer.
        self._brief = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many want to hear at once what happens to it."""
        return len(self._waiting)

    @property
    def awaited(self) -> bool:
        """Whether somebody wants to hear at once what happens to it."""
        return bool(self._waiting)

    def mail_came(self) -> None:
        """Something was captured that may belong here."""
        self._arrival = object()

    def changed(self, came: Came | None) -> None:
        """Something else stands in it now, or stands there otherwise; with all that this is, where it only came."""
        with self._brief:
            self._change = object()
            if came is None:
                self._came = None
            elif self._came is not None:
                self._came.append(came)
                self._coming += len(came.items)
                if self._coming > KEPT_ITEMS:  # nobody looks, and who does may as well read
                    self._came = None

    @property
    def behind(self) -> bool:
        """Whether `newest` may not be so any more."""
        return self._seen is not self._change or (self._query is not None and self._filled is not self._arrival)

    def refresh(self, *, certainly: bool = False) -> Snapshot:
        """The folder as it is now; `certainly` also where nobody has said that it changed. On a worker thread."""
        if not (certainly or self.behind):
            return self.newest
        with self._lock:
            arrival, before, told = self._arrival, self.newest, False
            if self._query is not None and (certainly or self._filled is not arrival):
                # The 250 of a message comes before the Bus tells of it: who asks after the one must not wait for the
                # other. What comes from here on is for the next time.
                told = self._folders.gather(self.id, self._query).result(WRITTEN_WITHIN) > 0
                self._filled = arrival
                certainly = True
            with self._brief:
                change, came, self._came, self._coming = self._change, self._came, [], 0
            if certainly or self._seen is not change:
                # What was gathered has been told of, and so has all that was committed before it.
                grown = _grown(before, came) if came and (told or not certainly) else None
                try:
                    self.newest = grown or self._read(before)
                except BaseException:
                    self._came = None
                    raise
                self._seen, self._read_once = change, True
            news = self.newest is not before
        if news:
            rouse(self._waiting)
        return self.newest

    def _read(self, before: Snapshot) -> Snapshot:
        """What has come, changed and gone since. A change meanwhile is seen now or the next time, never missed."""
        news = self._folders.news(self.id, before.modseq if self._read_once else None)
        if news is None:
            self.gone = True
            return before.next([], before.uids, before.uid_next, before.modseq)
        self.folder = folder = news.folder
        if not self._read_once:
            return Snapshot(news.items, folder.uid_next, folder.modseq)
        return before.next(news.items, news.vanished, folder.uid_next, folder.modseq)

    def follow(self) -> None:
        """Have what comes from here on stand in it at once. Does not block."""
        if self._query is None or self.followed:
            return
        # What was captured before this and is not in it will be, which is a change, and those are told of.
        promise = self._folders.follow(self.id, self._query)
        if promise is not None:
            self.followed = True
            promise.add_done_callback(self._begun)

    def unfollow(self) -> None:
        """It is enough to gather when somebody asks."""
        if self.followed:
            self.followed = False
            self.mail_came()
            self._folders.unfollow(self.id)

    def _begun(self, promise: Future[int]) -> None:
        if promise.exception() is not None:  # the disk is full, say: gathered when something is asked for
            self.unfollow()

    def listen(self, sleeper: Sleeper) -> None:
        """Wake it when there is a newer snapshot."""
        with self._brief:
            self._waiting |= {sleeper}

    def leave(self, sleeper: Sleeper) -> None:
        """Let it sleep; harmless when repeated."""
        with self._brief:
            self._waiting -= {sleeper}


def _grown(snapshot: Snapshot, came: list[Came]) -> Snapshot | None:
    """With what came since; None where something else has happened in between, or it has been read already."""
    for more in came:
        if more.items[0].uid != snapshot.uid_next:
            return None
        snapshot = snapshot.grown(more.items, more.uid_next, more.modseq)
    return snapshot


class Watch:
    """One for all sessions of a server. Its thread begins with the first who waits."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._store = sandbox.store
        #: What was found out about messages.
        self.library = Library(sandbox.store)
        self.summaries = Summaries(partial(_beginnings, sandbox.store))
        self._lives: dict[int, Live] = {}
        #: Those that mail comes to by itself: by inbox, and those of addresses.
        self._of_inbox: dict[str, tuple[Live, ...]] = {}
        self._of_address: tuple[Live, ...] = ()
        self._unused: OrderedDict[int, Live] = OrderedDict()
        self._unheard: OrderedDict[int, Unheard] = OrderedDict()
        # A folder may be closed by whatever throws a lost session away, in the middle of anything.
        self._lock = threading.RLock()
        self._due: set[Live] = set()
        self._wanted = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ahead: ThreadPoolExecutor | None = None
        self._closed = False
        sandbox.bus.subscribe(self._happened)
        self._store.folders.on_change(self._changed)

    def expect(self, account: Account) -> None:
        """Somebody has logged in and will open INBOX, as most do: by then it is ready. Does not block."""
        if self._store.counters().messages < MANY:
            return
        with self._wanted:
            if not self._closed:
                self._ahead = self._ahead or ThreadPoolExecutor(1, "mailtrap-ahead")
                self._ahead.submit(self._open_ahead, account)

    def _open_ahead(self, account: Account) -> None:
        try:
            folder = find(self._store.folders, account, INBOX)
            if folder is not None and folder.id not in self._lives:
                self.close(self.open(account, folder))
        except Exception:  # whoever opens it will see
            log.debug("INBOX could not be opened ahead", exc_info=True)

    def open(self, account: Account, folder: Folder) -> Live:
        """Somebody opens a folder. Everything that is there by now is in `newest`. On a worker thread.

        Has to be followed by `close` where it does not raise.
        """
        with self._lock:
            live = self._lives.get(folder.id)
            if live is None:
                live = self._lives[folder.id] = self._made(account, folder)
            self._unused.pop(folder.id, None)
            live.users += 1
        try:
            live.refresh(certainly=True)
        except BaseException:
            self.close(live)
            raise
        return live

    def unheard(self, folder: int) -> Unheard:
        """Which of its messages no session has heard of."""
        with self._lock:
            found = self._unheard.setdefault(folder, Unheard())
            self._unheard.move_to_end(folder)
            if len(self._unheard) > UNHEARD_KEPT:
                self._unheard.popitem(last=False)
            return found

    def close(self, live: Live) -> None:
        """Somebody has it open no more."""
        with self._lock:
            live.users -= 1
            if live.users:
                return
            live.unfollow()
            self._unused[live.id] = live
            while len(self._unused) > KEPT or sum([len(one.newest) for one in self._unused.values()]) > KEPT_ITEMS:
                self._forget(self._unused.popitem(last=False)[1])

    def wait(self, live: Live, sleeper: Sleeper) -> None:
        """Have it woken when something happens in a folder."""
        live.listen(sleeper)
        with self._wanted:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="mailtrap-folders", daemon=True)
                self._thread.start()
        live.follow()
        if live.behind:
            self._want([live])

    def stop(self) -> None:
        """Hear of nothing any more."""
        self._sandbox.bus.unsubscribe(self._happened)
        self._store.folders.forget(self._changed)
        with self._wanted:
            self._closed = True
            self._wanted.notify()
            thread, ahead = self._thread, self._ahead
        if thread is not None:
            thread.join(ENDED_WITHIN)
        if ahead is not None:
            ahead.shutdown(cancel_futures=True)

    def _made(self, account: Account, folder: Folder) -> Live:
        query = gathered(account, folder)
        live = Live(self._store.folders, folder, query, self.unheard(folder.id))
        if query is not None and account.address:
            self._of_address += (live,)
        elif query is not None:
            key = fold(account.inbox)
            self._of_inbox[key] = (*self._of_inbox.get(key, ()), live)
        return live

    def _forget(self, live: Live) -> None:
        del self._lives[live.id]
        self._of_address = tuple([one for one in self._of_address if one is not live])
        for key, lives in list(self._of_inbox.items()):
            left = tuple([one for one in lives if one is not live])
            if left:
                self._of_inbox[key] = left
            else:
                del self._of_inbox[key]

    # On the writer's thread: nothing here waits for anything but a lock that is held for moments.

    def _happened(self, events: list[Event]) -> None:
        """Mail came. Who waits is told when it stands in the folder, unless that is not followed."""
        if not self._of_inbox and not self._of_address:
            return
        captured = [event.inbox for event in events if event.kind is Kind.CAPTURED]
        if not captured:
            return
        concerned = {live for live in self._of_address if not live.followed}
        if self._of_inbox:
            for name in {name for inbox in captured for name in fold(inbox).split(" ")}:
                concerned.update([live for live in self._of_inbox.get(name, ()) if not live.followed])
        for live in concerned:
            live.mail_came()
        self._want([live for live in concerned if live.awaited])

    def _changed(self, folders: Changed) -> None:
        """Something else stands in these."""
        awaited = []
        for id_, came in folders.items():
            live = self._lives.get(id_)
            if live is not None:
                live.changed(came)
                if live.awaited:
                    awaited.append(live)
        self._want(awaited)

    def _want(self, lives: list[Live]) -> None:
        if lives:
            with self._wanted:
                self._due.update(lives)
                self._wanted.notify()

    # On a thread of its own.

    def _run(self) -> None:
        told = 0
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._closed, told * REST)
                while not self._due and not self._closed:
                    self._wanted.wait()
                if self._closed:
                    return
                lives, self._due = self._due, set()
            told = sum([live.waiting for live in lives])
            for live in lives:
                try:
                    live.refresh()
                except Exception:  # the store may be closed, or too busy; what comes next is another chance
                    log.debug("a folder could not be read", exc_info=True)


def _beginnings(store: Store, messages: Collection[int]) -> dict[int, bytes]:
    """Messages, of large ones what has their header sections."""
    found: dict[int, bytes] = {}
    for id_, octets in store.contents(list(messages), AT_ONCE).items():
        try:
            found[id_] = octets if isinstance(octets, bytes) else next(store.octets(id_), b"")[:HEAD]
        except NotFound:  # deleted meanwhile
            continue
    return found
