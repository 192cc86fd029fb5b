"""Whatever is done to messages and folders in whatever order, what stands in folders is what a small model says."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from msgspec.structs import replace

from mailtrap.errors import Conflict, Invalid, NotFound
from mailtrap.events import Bus
from mailtrap.query import Query, parse
from mailtrap.settings import Settings
from mailtrap.store import maintenance, open_store
from mailtrap.store.base import Selection, Store
from mailtrap.store.folder import Alteration, Item, Placement
from tests.store.making import PATIENCE, StandingClock, keep, submission

EVERYTHING = Query.EVERYTHING
OWN = ("\\Answered", "\\Deleted", "\\Draft", "\\Flagged")
KEYWORDS = ("red", "Red", "blue")
ACCOUNTS = ("ann", "ben")

flags = st.lists(st.sampled_from((*OWN, "\\Seen", *KEYWORDS)), max_size=3)
choice = st.integers(0, 1 << 20)
few = st.lists(st.integers(1, 7), min_size=1, max_size=4)


@dataclass
class Mail:
    inboxes: list[str]
    appended: bool = False
    seen: bool = False
    tags: list[str] = field(default_factory=list)


@dataclass
class Pile:
    account: str
    name: str
    use: str = ""
    view: bool = False
    uid_next: int = 1
    gathered: int = 0
    followed: bool = False
    items: dict[int, tuple[int, set[str]]] = field(default_factory=dict)


@dataclass
class Past:
    """What a client remembers."""

    modseq: int
    items: dict[int, Item]


class Model(RuleBasedStateMachine):
    """The store beside dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.settings = Settings(database=str(self.directory / "mail.db"), synchronous="normal")
        self.store: Store = open_store(self.settings, Bus(), StandingClock())
        self.mail: dict[int, Mail] = {}
        self.piles: dict[int, Pile] = {}
        self.past: dict[int, Past] = {}
        self.last = 0

    def teardown(self) -> None:
        self.store.close()
        complaints = maintenance.check(self.settings)
        shutil.rmtree(self.directory)
        assert complaints == []

    def some(self, number: int) -> int:
        """A folder, rarely one that is gone."""
        ids = sorted(self.piles)
        return ids[number % len(ids)] if number % 31 and ids else 10**6

    @initialize()
    def begin(self) -> None:
        for inboxes in (["ann"], ["ann"], ["ben"], ["ann", "ben"], ["ann"]):
            self.capture(inboxes, appended=False)
        for account in ACCOUNTS:
            inbox = self._create(account, "INBOX", "")
            everything = self._create(account, "All", "\\All")
            work = self._create(account, "a/b", "")
            for folder in (inbox, everything):
                self._gather(folder)
                self._remember(folder)
            messages = [message for message, _ in self.piles[inbox].items.values()]
            self._place(work, messages[:2], ["\\Flagged"])

    # What the model does

    def put(self, pile: Pile, message: int, own: set[str]) -> int:
        pile.items[pile.uid_next] = (message, own)
        pile.uid_next += 1
        return pile.uid_next - 1

    def gone(self, message: int) -> None:
        self.mail.pop(message, None)
        self.vanish(message, list(self.piles.values()))

    def vanish(self, message: int, piles: list[Pile]) -> None:
        for pile in piles:
            pile.items = {uid: item for uid, item in pile.items.items() if item[0] != message}

    def delete(self, message: int, inbox: str) -> None:
        left = [name for name in self.mail[message].inboxes if name != inbox]
        if not inbox or not left:
            self.gone(message)
            return
        self.mail[message].inboxes = left
        self.vanish(message, [pile for pile in self.piles.values() if pile.account == inbox])

    def take(self, pile: Pile, uids: list[int], keep_them: bool = False) -> None:
        messages = [pile.items.pop(uid)[0] for uid in uids if uid in pile.items]
        if keep_them:
            return
        for message in dict.fromkeys(messages):
            if message in self.mail and (pile.use == "\\All" or self.is_stray(pile.account, message)):
                self.delete(message, pile.account)

    def is_stray(self, account: str, message: int) -> bool:
        his = [pile for pile in self.piles.values() if pile.account == account]
        if any(item[0] == message for pile in his if not pile.view for item in pile.items.values()):
            return False
        to_come = any(pile.name == "INBOX" and pile.gathered < message for pile in his)
        return self.mail[message].appended or not to_come

    def note(self, message: int, how: Alteration, named: list[str]) -> None:
        mail = self.mail[message]
        wanted = {name.lower(): name for name in reversed(named) if not name.startswith("\\")}
        if how is Alteration.REPLACE:
            mail.seen = "\\Seen" in named
            mail.tags = [tag for tag in mail.tags if tag.lower() in wanted or " " in tag]
        if how is Alteration.REMOVE:
            mail.seen = mail.seen and "\\Seen" not in named
            mail.tags = [tag for tag in mail.tags if tag.lower() not in wanted]
        else:
            mail.seen = mail.seen or "\\Seen" in named
            there = {tag.lower() for tag in mail.tags}
            spelt = dict.fromkeys([name.lower() for name in named if name.lower() in wanted])
            mail.tags += [wanted[lower] for lower in spelt if lower not in there]

    # What is done

    @rule(inboxes=st.sampled_from((["ann"], ["ben"], ["ann", "ben"])), appended=st.booleans())
    def capture(self, inboxes: list[str], appended: bool) -> None:
        arrival = replace(submission().arrival, listener="imap" if appended else "smtp")
        (id_,) = keep(self.store, submission(inbox=" ".join(inboxes), arrival=arrival))
        self.mail[id_] = Mail(inboxes, appended)
        self.last = id_
        for pile in self.piles.values():
            if pile.followed and pile.account in inboxes and (pile.use or not appended):
                self.put(pile, id_, set())
                pile.gathered = id_

    @rule(account=st.sampled_from(ACCOUNTS), name=st.sampled_from(("INBOX", "a", "a/b", "c")))
    def create(self, account: str, name: str) -> None:
        self._create(account, name, "")

    @rule(account=st.sampled_from(ACCOUNTS))
    def create_all(self, account: str) -> None:
        self._create(account, "All", "\\All")

    def _create(self, account: str, name: str, use: str) -> int:
        try:
            made = self.store.folders.create(account, name, use=use, inbox=account).result(PATIENCE)
        except Conflict:
            return next(id_ for id_, pile in self.piles.items() if (pile.account, pile.name) == (account, name))
        for folder in self.store.folders.of(account):
            if folder.selectable and folder.id not in self.piles:
                self.piles[folder.id] = Pile(account, folder.name)
        self.piles[made.id] = Pile(account, name, use, bool(use))
        self.past.pop(made.id, None)
        return made.id

    @rule(folder=choice)
    def gather(self, folder: int) -> None:
        self._gather(self.some(folder))

    @rule(folder=choice)
    def follow(self, folder: int) -> None:
        folder = self.some(folder)
        self._gather(folder, follow=True)
        if folder in self.piles:
            self.piles[folder].followed = True

    @rule(folder=choice)
    def unfollow(self, folder: int) -> None:
        folder = self.some(folder)
        self.store.folders.unfollow(folder)
        if folder in self.piles:
            self.piles[folder].followed = False

    def _gather(self, folder: int, follow: bool = False) -> None:
        pile = self.piles.get(folder)
        if pile is None:
            with pytest.raises(NotFound):
                self.store.folders.gather(folder, EVERYTHING).result(PATIENCE)
            return
        wanted = [
            id_
            for id_, mail in sorted(self.mail.items())
            if id_ > pile.gathered
            and pile.account in mail.inboxes
            and (pile.use or not mail.appended)
            and not any(item[0] == id_ for item in pile.items.values())
        ]
        for id_ in wanted:
            self.put(pile, id_, set())
        pile.gathered = self.last
        query = parse(f"inbox:{pile.account}")
        promise = (self.store.folders.follow if follow else self.store.folders.gather)(folder, query)
        assert promise is not None
        assert promise.result(PATIENCE) == len(wanted)

    @rule(folder=choice, messages=st.lists(st.integers(1, 9), min_size=1, max_size=5), named=flags)
    def place(self, folder: int, messages: list[int], named: list[str]) -> None:
        self._place(self.some(folder), messages, named)

    def _place(self, folder: int, messages: list[int], named: list[str]) -> None:
        future = self.store.folders.place(folder, [Placement(id_, tuple(named)) for id_ in messages])
        pile = self.piles.get(folder)
        if pile is None:
            with pytest.raises(NotFound):
                future.result(PATIENCE)
            return
        for id_ in messages:
            if id_ in self.mail:
                self.note(id_, Alteration.ADD, named)
        own = {name for name in named if name in OWN}
        assert future.result(PATIENCE) == [self.put(pile, id_, set(own)) if id_ in self.mail else 0 for id_ in messages]

    @rule(folder=choice, uids=few, how=st.sampled_from(Alteration), named=flags, only_unchanged=st.booleans())
    def flag(self, folder: int, uids: list[int], how: Alteration, named: list[str], only_unchanged: bool) -> None:
        folder = self.some(folder)
        pile = self.piles.get(folder)
        if pile is None:
            return
        since = self.past[folder].modseq if only_unchanged and folder in self.past else None
        now = {item.uid: item.modseq for item in self.store.folders.items(folder)}
        altered = self.store.folders.flag(folder, uids, how, named, unchanged_since=since).result(PATIENCE)
        there = sorted({uid for uid in uids if uid in pile.items})
        assert altered.modified == [uid for uid in there if since is not None and now[uid] > since]
        done = [uid for uid in there if uid not in altered.modified]
        assert [item.uid for item in altered.items] == done
        for uid in done:
            message, own = pile.items[uid]
            mine = {name for name in named if name in OWN}
            own = own | mine if how is Alteration.ADD else own - mine if how is Alteration.REMOVE else mine
            pile.items[uid] = (message, own)
        for message in {pile.items[uid][0] for uid in done}:
            self.note(message, how, named)

    @rule(folder=choice, uids=few, marked=st.booleans())
    def take_out(self, folder: int, uids: list[int], marked: bool) -> None:
        folder = self.some(folder)
        pile = self.piles.get(folder)
        if pile is not None:
            there = sorted({uid for uid in uids if uid in pile.items})
            if marked:
                there = [uid for uid in there if "\\Deleted" in pile.items[uid][1]]
            assert self.store.folders.take_out(folder, uids, marked=marked).result(PATIENCE) == there
            self.take(pile, there)

    @rule(folder=choice, uids=few, to=choice, move=st.booleans(), whole=st.booleans())
    def copy(self, folder: int, uids: list[int], to: int, move: bool, whole: bool) -> None:
        folder, to = self.some(folder), self.some(to)
        pile, target = self.piles.get(folder), self.piles.get(to)
        if pile is None or target is None:
            return
        there = sorted({uid for uid in uids if uid in pile.items})
        if whole and len(there) < len(set(uids)):
            there = []
        pairs = [(uid, self.put(target, pile.items[uid][0], set(pile.items[uid][1]))) for uid in there]
        assert self.store.folders.copy(folder, uids, to, move=move, whole=whole).result(PATIENCE) == pairs
        if move:
            for uid in there:
                del pile.items[uid]

    @rule(folder=choice)
    def remove(self, folder: int) -> None:
        folder = self.some(folder)
        pile = self.piles.get(folder)
        future = self.store.folders.remove(folder)
        if pile is None or pile.name == "INBOX":
            with pytest.raises((NotFound, Invalid)):
                future.result(PATIENCE)
            return
        future.result(PATIENCE)
        self.take(pile, list(pile.items), pile.view)
        del self.piles[folder]
        self.past.pop(folder, None)

    @rule(folder=choice, name=st.sampled_from(("d", "a/e", "f/g")))
    def rename(self, folder: int, name: str) -> None:
        folder = self.some(folder)
        pile = self.piles.get(folder)
        future = self.store.folders.rename(folder, name)
        if pile is None:
            with pytest.raises((NotFound, Invalid)):
                future.result(PATIENCE)
            return
        try:
            future.result(PATIENCE)
        except Invalid:
            return
        others = [other for other in self.piles.values() if other.account == pile.account]
        made = [one for one in self.store.folders.of(pile.account) if one.selectable and one.id not in self.piles]
        for one in made:
            self.piles[one.id] = Pile(pile.account, one.name)
        if pile.name == "INBOX":
            target = next(one for one in self.piles.values() if (one.account, one.name) == (pile.account, name))
            for message, own in pile.items.values():
                self.put(target, message, own)
            pile.items = {}
            return
        before = pile.name
        for other in others:
            if other.name == before or other.name.startswith(f"{before}/"):
                other.name = name + other.name[len(before) :]

    @rule(message=choice, inbox=st.sampled_from(("", *ACCOUNTS)))
    def delete_elsewhere(self, message: int, inbox: str) -> None:
        if self.mail:
            id_ = sorted(self.mail)[message % len(self.mail)]
            self.store.delete(Selection(EVERYTHING, (id_,), inbox)).result(PATIENCE)
            if not inbox or inbox in self.mail[id_].inboxes:
                self.delete(id_, inbox)

    @rule(message=choice, seen=st.none() | st.booleans(), tags=st.none() | st.just(["red", "two words"]))
    def mark(self, message: int, seen: bool | None, tags: list[str] | None) -> None:
        if self.mail:
            id_ = sorted(self.mail)[message % len(self.mail)]
            self.store.mark(Selection(EVERYTHING, (id_,)), seen=seen, tags=tags).result(PATIENCE)
            self.mail[id_].seen = self.mail[id_].seen if seen is None else seen
            self.mail[id_].tags = self.mail[id_].tags if tags is None else list(tags)

    @rule()
    def clear(self) -> None:
        self.store.delete(Selection(EVERYTHING)).result(PATIENCE)
        for id_ in list(self.mail):
            self.gone(id_)

    @rule()
    def reopen(self) -> None:
        validity = {id_: self.validity(id_) for id_ in self.piles}
        self.store.close()
        self.store = open_store(self.settings, Bus(), StandingClock())
        assert {id_: self.validity(id_) for id_ in self.piles} == validity
        for pile in self.piles.values():
            pile.followed = False

    @rule(folder=choice)
    def remember(self, folder: int) -> None:
        self._remember(self.some(folder))

    def _remember(self, folder: int) -> None:
        found = self.store.folders.get(folder)
        if found is not None and folder in self.piles:
            self.past[folder] = Past(found.modseq, {item.uid: item for item in self.store.folders.items(folder)})

    def validity(self, folder: int) -> int:
        found = self.store.folders.get(folder)
        assert found is not None
        return found.uid_validity

    # What must be so

    @invariant()
    def folders_are_as_expected(self) -> None:
        for account in ACCOUNTS:
            there = {(one.id, one.name) for one in self.store.folders.of(account) if one.selectable}
            assert there == {(id_, pile.name) for id_, pile in self.piles.items() if pile.account == account}
        for id_, pile in self.piles.items():
            expected = [(uid, message, self.written(message, own)) for uid, (message, own) in pile.items.items()]
            items = self.store.folders.items(id_)
            assert [(item.uid, item.message, item.flags) for item in items] == expected
            folder = self.store.folders.get(id_)
            assert folder is not None
            assert folder.uid_next == pile.uid_next
            assert folder.modseq >= max([item.modseq for item in items], default=0)
            totals = self.store.folders.totals(id_)
            assert totals.messages == len(items)
            assert totals.unseen == sum(["\\Seen" not in item.flags for item in items])
            assert totals.deleted == sum(["\\Deleted" in item.flags for item in items])

    @invariant()
    def who_was_away_is_told_what_changed(self) -> None:
        for folder, past in self.past.items():
            now = {item.uid: item for item in self.store.folders.items(folder)}
            changed = {item.uid for item in self.store.folders.items(folder, changed_since=past.modseq)}
            assert {uid for uid, item in now.items() if past.items.get(uid) != item} == changed
            gone = self.store.folders.vanished(folder, past.modseq)
            assert gone == sorted(set(gone))
            assert past.items.keys() - now.keys() <= set(gone)
            assert not now.keys() & set(gone)

    @invariant()
    def messages_are_as_expected(self) -> None:
        assert self.store.counters().messages == len(self.mail)
        assert self.store.counters().unseen == sum([not mail.seen for mail in self.mail.values()])
        assert list(self.store.ids(EVERYTHING, newest_first=False)) == sorted(self.mail)

    def written(self, message: int, own: set[str]) -> tuple[str, ...]:
        mail = self.mail[message]
        keywords = {tag.lower(): tag for tag in reversed(mail.tags) if " " not in tag}
        return tuple(sorted([*own, *keywords.values(), *(["\\Seen"] if mail.seen else [])]))


def test_folders_are_what_the_model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("placing.SLICE", "placing.DELETED_SLICE", "naming.SLICE", "naming.DELETED_SLICE"):
        monkeypatch.setattr(f"mailtrap.store.{name}", 2)
    monkeypatch.setattr("mailtrap.store.standing.MOST_VANISHED", 4)
    monkeypatch.setattr("mailtrap.store.standing.KEPT_VANISHED", 2)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Model, settings=settings(max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=checks)
    )
