"""Commands that look at messages: FETCH, SEARCH, SORT, THREAD (RFC 9051 §6.4.4, §6.4.5, RFC 5256)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from mailtrap.errors import NotFound
from mailtrap.imap import program, searching, sorting, threads
from mailtrap.imap.changing import GONE, GONE_CODE, changed, named
from mailtrap.imap.commands import Command, Fetch, Search, Section, Sort, Thread
from mailtrap.imap.fetching import Responses, Wanted, fetch_responses
from mailtrap.imap.opened import OpenFolder, know_modseq, open_folder
from mailtrap.imap.searching import Answer, View
from mailtrap.imap.selected import spelt
from mailtrap.imap.summary import Summaries
from mailtrap.net.actions import Drain, Work
from mailtrap.net.slices import batch
from mailtrap.store.base import Store
from mailtrap.store.folder import Alteration, Folders, Item

if TYPE_CHECKING:
    from mailtrap.imap.session import Session
    from mailtrap.imap.verbs import Perform


# FETCH.


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The messages FETCH tells of, how many of those it names have gone, and which uids of old have (VANISHED)."""

    items: list[Item]
    missing: int
    vanished: list[int]


@dataclass(frozen=True, slots=True)
class _Begun:
    """An answer under way: what comes before it, its pieces and the first of them."""

    head: bytes
    pieces: Responses
    missing: int
    first: tuple[bytes, bool] | NotFound


def _fetch(session: Session, command: Command) -> None:
    opened, fetch = open_folder(session), cast(Fetch, command.arguments)
    if fetch.vanished and "QRESYNC" not in session.enabled:
        # RFC 7162 §3.2.6.
        session.bad(command, "ENABLE QRESYNC before VANISHED")
        return
    uids = named(session, command)
    if uids is None:
        return
    if fetch.changed_since is not None or "MODSEQ" in fetch.attributes:
        know_modseq(session)
    marks = not opened.selected.read_only and any(
        isinstance(attribute, Section) and attribute.marks_seen for attribute in fetch.attributes
    )
    folders = session.sandbox.store.folders

    def choose() -> _Chosen | _Begun:
        """On a worker thread: what is to be told, or first to be marked."""
        found = _chosen(folders, opened, fetch, uids)
        if marks and any("\\Seen" not in item.flags for item in found.items):
            return found
        return _begun(session, command, found, frozenset())

    def chosen(found: _Chosen | _Begun) -> None:
        if isinstance(found, _Begun):
            _say(session, command, found)
            return
        unseen = frozenset([item.uid for item in found.items if "\\Seen" not in item.flags])
        mark = partial(folders.flag, opened.id, unseen, Alteration.ADD, ["\\Seen"])
        changed(session, command, mark, lambda _: session.work(command, partial(marked, found, unseen), chosen))

    def marked(before: _Chosen, seen: frozenset[int]) -> _Begun:
        """Those that were to be told of, as they are now: being marked is no reason to be told of by CHANGEDSINCE."""
        there = {item.uid for item in before.items}
        found = _chosen(folders, opened, fetch, uids)
        items = [item for item in found.items if item.uid in there]
        return _begun(session, command, _Chosen(items, found.missing, found.vanished), seen)

    session.work(command, choose, chosen)


def _chosen(folders: Folders, opened: OpenFolder, fetch: Fetch, uids: list[int]) -> _Chosen:
    """On a worker thread."""
    opened.live.refresh()
    items = opened.selected.items(uids)
    missing, since, vanished = len(uids) - len(items), fetch.changed_since, []
    if since is not None:
        items = [item for item in items if item.modseq > since]
        if fetch.vanished and not fetch.sequence.saved:
            ranges = fetch.sequence.resolved(opened.live.newest.uid_next - 1)
            # Those that the client still knows by number it hears of in the usual way.
            vanished = [uid for uid in folders.vanished(opened.id, since, ranges) if not opened.selected.knows(uid)]
    return _Chosen(items, missing, vanished)


def _begun(session: Session, command: Command, chosen: _Chosen, seen: Collection[int]) -> _Begun:
    """On a worker thread: the answer, and its beginning; of those that were `seen` by being asked for that too."""
    opened, fetch = open_folder(session), cast(Fetch, command.arguments)
    selected = opened.selected
    head = f"* VANISHED (EARLIER) {spelt(chosen.vanished)}\r\n".encode() if chosen.vanished else b""
    told = chosen.items if "FLAGS" in fetch.attributes else [item for item in chosen.items if item.uid in seen]
    head += selected.new_flags(told)
    selected.learnt(told)
    pieces = fetch_responses(
        session.watch.library,
        opened.id,
        fetch,
        [Wanted(number, item, item.uid in seen) for number, item in selected.numbered(chosen.items)],
        uid=command.uid,
        modseq="CONDSTORE" in session.enabled,
        utf8=session.utf8,
        recent=selected.recents,
    )
    return _Begun(head, pieces, chosen.missing, batch(pieces))


def _say(session: Session, command: Command, begun: _Begun) -> None:
    if isinstance(begun.first, NotFound):
        # Nothing has been said of it yet.
        session.ok(command, GONE, GONE_CODE)
        return
    if begun.head:
        session.utter(begun.head)
    _said(session, command, begun, begun.first)


def _said(session: Session, command: Command, begun: _Begun, result: object) -> None:
    if isinstance(result, Exception):
        # In the middle of a message nothing can be said that would not be taken for a part of it.
        session.end("error", f"The answer broke off: {result}")
        session.close()
    elif not session.unheard:
        octets, last = cast("tuple[bytes, bool]", result)
        session.trouble.pour(octets, partial(_poured, session, command, begun, last))


def _poured(session: Session, command: Command, begun: _Begun, last: bool) -> None:
    pieces = begun.pieces
    if not last:
        session.block(Drain(), lambda _: _go_on(session, command, begun))
        return
    session.transcript.note(session.now, f"{pieces.told} messages told of")
    if (begun.missing or pieces.gone) and not command.uid:
        session.ok(command, GONE, GONE_CODE)
    elif pieces.undecoded:
        session.no(command, "Some of it has a transfer encoding that is not known", "UNKNOWN-CTE")
    else:
        session.ok(command, "Fetched")


def _go_on(session: Session, command: Command, begun: _Begun) -> None:
    if not session.unheard:
        session.block(Work(partial(batch, begun.pieces)), partial(_said, session, command, begun))


# SEARCH, SORT, THREAD.


def _search(session: Session, command: Command) -> None:
    asked = cast(Search, command.arguments)
    selected = open_folder(session).selected
    saved, extended = selected.saved, "IMAP4REV2" in session.enabled
    if asked.returns is not None and "SAVE" in asked.returns:
        # What it is if this search fails (RFC 5182 §2.1).
        selected.saved = ()
    if asked.unknown_charset:
        session.no(command, program.UNKNOWN_CHARSET, program.BADCHARSET)
        return
    _find(session, command, lambda view: searching.answer(view, command, session.now, extended), saved)


def _sort(session: Session, command: Command) -> None:
    _find(session, command, lambda view: sorting.answer(view, command, session.now))


def _thread(session: Session, command: Command) -> None:
    _find(session, command, lambda view: threads.answer(view, command, session.now))


def _find(
    session: Session, command: Command, answer: Callable[[View], Answer], saved: Collection[int] | None = None
) -> None:
    opened = open_folder(session)
    before = opened.selected.saved if saved is None else saved
    if searching.asks_for_changes(cast("Search | Sort | Thread", command.arguments).key):
        know_modseq(session)

    def found(result: Answer) -> None:
        session.pour(result.said)
        if result.saved is not None:
            opened.selected.saved = result.saved
        session.ok(command, "Done")

    recent = searching.asks_for_recent(cast("Search | Sort | Thread", command.arguments).key)
    view = partial(_view, session.sandbox.store, opened, before, session.watch.summaries, recent)
    session.work(command, lambda: answer(view()), found)


def _view(store: Store, opened: OpenFolder, saved: Collection[int], summaries: Summaries, recent: bool) -> View:
    """On a worker thread: the folder as the client knows it, without what has gone since.

    With `recent` it matters which messages are.
    """
    opened.live.refresh()
    # What came before the search is found by its words, too.
    store.catch_up()
    selected, folders = opened.selected, store.folders
    items = selected.items(selected.shown.uids)
    return View(
        selected.everything(),
        selected.as_told(items) if recent else items,
        saved,
        partial(folders.facts, opened.id),
        partial(folders.matching, opened.id),
        summaries.of,
    )


#: For who has a folder open.
VERBS: dict[str, Perform] = {"FETCH": _fetch, "SEARCH": _search, "SORT": _sort, "THREAD": _thread}
