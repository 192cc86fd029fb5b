"""Inboxes: piles of messages, one for a test or a person each; which ones there are, and into which a message goes."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Protocol

import msgspec

from mailtrap.clock import Clock
from mailtrap.errors import Invalid, NotFound
from mailtrap.mail.arrival import Arrival, Login, address_of
from mailtrap.mail.envelope import Envelope
from mailtrap.mail.message import Heading
from mailtrap.mail.words import fold

#: Where a message goes that nothing puts elsewhere.
DEFAULT = "default"
#: Inboxes at once. Of those that were made by mail alone, the least recently made are forgotten (not their messages).
MOST = 10_000
#: Inboxes that one message can go into.
MOST_OF_A_MESSAGE = 100
#: Addresses given to one inbox, and `*` in one of its patterns.
MOST_ADDRESSES = 100
MOST_STARS = 4

#: How the tokens of inboxes begin, so that one whose inbox has gone is not taken for no token at all.
TOKEN = "mti_"  # noqa: S105

NAME = r"[A-Za-z0-9._@+-]{1,64}"
#: The same for people.
NAME_IN_WORDS = "1 to 64 of A-Z a-z 0-9 . _ @ + -"
#: An address that is given to an inbox, or `@domain`.
ADDRESS = r"[^\x00-\x20,@\x7f-\xa0]{0,64}@[^\x00-\x20,@\x7f-\xa0]{1,255}"
_NAME = re.compile(NAME)
_OTHERS = re.compile(r"[^A-Za-z0-9._@+-]+")
_SEPARATORS = re.compile(r"[\s,;]+")
#: Domains that nobody owns (RFC 2606, RFC 6761): `anything@NAME.test` is mail for the inbox NAME.
_SUFFIXES = (".test", ".localhost")


class Inbox(msgspec.Struct, frozen=True, omit_defaults=True):
    """One inbox. Its shape in the database is this.

    `token` is the SHA-256 of what opens this inbox alone, in hex, empty where nothing does. After `ttl` seconds
    without mail it goes, with its messages; its oldest messages go beyond `max_messages`, or when older than
    `max_age` seconds (0: never). `addresses` (or `@domain`), `helo`, `peer` and `listener` say what mail is for it;
    in the latter three `*` is any run of characters. `implicit` ones were made by mail that was for them.
    """

    name: str
    created_at: int = 0
    token: str = ""
    ttl: float = 0
    max_messages: int = 0
    max_age: float = 0
    addresses: tuple[str, ...] = ()
    helo: str = ""
    peer: str = ""
    listener: str = ""
    implicit: bool = False


class Facts(Protocol):
    """What the wire says of a client, as the transcript of a session has it."""

    @property
    def listener(self) -> str:
        """The port it came to: `smtp`, `smtps` …"""

    @property
    def peer(self) -> str:
        """Its address."""

    @property
    def helo(self) -> str:
        """What it calls itself."""

    @property
    def login(self) -> Login | None:
        """Who it is, if it has said so."""


class _Patterns(msgspec.Struct, frozen=True):
    """Of one kind: which inboxes have what pattern."""

    of: tuple[tuple[re.Pattern[str], str], ...]

    def match(self, text: str) -> list[str]:
        return [name for pattern, name in self.of if pattern.fullmatch(text)] if text else []


class Directory:
    """The inboxes there are, thread-safe. Made with those of an earlier process.

    `keep` is called with an inbox that is new, or the name of one that has gone (and None), and has to see to it that
    it is so after a restart. What it returns is called, by those who can, to wait until that is certain.
    """

    def __init__(
        self,
        clock: Clock,
        inboxes: Iterable[Inbox] = (),
        keep: Callable[[str, Inbox | None], Callable[[], None]] | None = None,
    ) -> None:
        self._clock = clock
        self._keep = keep or _not_kept
        self._lock = threading.RLock()
        self._listeners: tuple[Callable[[str], None], ...] = ()
        self._inboxes: dict[str, Inbox] = {fold(inbox.name): inbox for inbox in inboxes}
        self._arrange()

    # Which inbox a message belongs to.

    def place(self, envelope: Envelope, arrival: Arrival, heading: Heading) -> str:
        """The inboxes a message goes into, as it is stored: names separated by a space. Makes those that are not there.

        The first of these that says anything decides: login, recipients, X-Mail-Inbox, listener, HELO, peer.
        """
        if arrival.login is None and not heading.inbox and not self._known:
            return DEFAULT
        found = self._find(arrival, envelope.addresses, heading.inbox)
        return " ".join([self.open(name).name for name in found]) if found else DEFAULT

    def expect(self, facts: Facts, addresses: Sequence[str] = (), named: str = "") -> str:
        """Where mail of this client would go, as far as that is known: for these recipients, with this X-Mail-Inbox.

        Names separated by a space. Makes none.
        """
        if facts.login is None and not named and not self._known:
            return DEFAULT
        return " ".join(self._find(facts, addresses, named)) or DEFAULT

    def _find(self, facts: Facts | Arrival, addresses: Sequence[str], named: str) -> list[str]:
        if facts.login is not None and (name := tidy(facts.login.user)):
            return [self._spelt(name)]
        if self._known:
            found = [name for address in addresses for name in self.of_address(address)]
            if found:
                return list(dict.fromkeys(found))[:MOST_OF_A_MESSAGE]
        if named:
            names = [self._spelt(name) for name in map(tidy, _SEPARATORS.split(named)) if name]
            if names:
                return list(dict.fromkeys(names))[:MOST_OF_A_MESSAGE]
        if not self._patterned:
            return []
        listener, helo, peer = self._patterns
        return listener.match(facts.listener) or helo.match(facts.helo) or peer.match(address_of(facts.peer))

    def of_address(self, address: str) -> list[str]:
        """The inboxes there are that mail for this address goes into: `x+NAME@…`, `x@NAME.test`, or given to them."""
        inboxes, given = self._inboxes, self._addresses
        whole = fold(address)
        local, _, domain = whole.rpartition("@")
        if given and (found := given.get(whole) or given.get("@" + domain)):
            return list(found)
        if "+" in local:
            tag = local.partition("+")[2]
            for name in (tag, *tag.split("+")):
                if name in inboxes:
                    return [inboxes[name].name]
        if domain.endswith(_SUFFIXES):
            name = domain.rpartition(".")[0]
            for candidate in (name, name.partition(".")[0]):
                if candidate in inboxes:
                    return [inboxes[candidate].name]
        return []

    def _spelt(self, name: str) -> str:
        known = self._inboxes.get(fold(name))
        return known.name if known else name

    # Which there are.

    @property
    def is_used(self) -> bool:
        """Whether there is any besides the default one; read without a lock."""
        return self._known

    def all(self) -> list[Inbox]:
        """Every inbox, the default one first, then by their age."""
        inboxes = self._inboxes.copy()
        return [inboxes.pop(DEFAULT, Inbox(DEFAULT)), *inboxes.values()]

    def get(self, name: str) -> Inbox | None:
        """The inbox of this name, whatever the case of its ASCII letters."""
        found = self._inboxes.get(fold(name))
        return Inbox(DEFAULT) if found is None and fold(name) == DEFAULT else found

    def of_token(self, token: str) -> Inbox | None:
        """The inbox that this opens."""
        return self._tokens.get(digest(token)) if self._tokens and token else None

    @property
    def limited(self) -> tuple[Inbox, ...]:
        """Those that do not keep everything for ever."""
        return self._limited

    # Changing them.

    def open(self, name: str) -> Inbox:
        """The inbox of this name; made, where mail for it is all there is to make it."""
        found = self._inboxes.get(fold(name))
        if found is not None:
            return found
        if fold(name) == DEFAULT:
            return Inbox(DEFAULT)
        with self._lock:
            found = self._inboxes.get(fold(name))
            if found is None:
                found = Inbox(name, self._clock.now(), implicit=True)
                # Whoever sends cannot wait for it; and where all were made on purpose it goes without an entry.
                if self._make_room():
                    self._put(found)
        return found

    def add(self, inbox: Inbox, *, token: bool = False) -> tuple[Inbox, str]:
        """A new inbox, or one that mail has made and that is given rules and limits now; with the token made for it.

        Without a name it is given one. Raises Invalid.
        """
        secret = TOKEN + secrets.token_urlsafe(24) if token else ""
        with self._lock:
            name = inbox.name or f"inbox-{secrets.token_hex(6)}"
            made = msgspec.structs.replace(
                _checked(inbox, name),
                created_at=self._clock.now(),
                token=digest(secret) if secret else "",
                implicit=False,
            )
            known = self._inboxes.get(fold(name))
            if known is not None and not known.implicit:
                raise Invalid(f"There is an inbox {known.name} already", "remove it first, or take another name")
            if known is not None:
                made = msgspec.structs.replace(made, name=known.name, created_at=known.created_at)
            if known is None and not self._make_room():
                raise Invalid(f"There cannot be more than {MOST} inboxes", "remove some, or give them a ttl")
            wait = self._put(made)
        wait()
        return made, secret

    def remove(self, name: str) -> bool:
        """Forget an inbox, its token and its rules; whether there was one. Its messages are not touched here."""
        with self._lock:
            gone = self._inboxes.pop(fold(name), None)
            if gone is None:
                return False
            if is_plain(gone):
                self._known = bool(self._inboxes)
            else:
                self._arrange()
            wait = self._keep(gone.name, None)
        wait()
        self._tell(gone.name)
        return True

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Have `listener` called with the name of every inbox that comes, changes or goes."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def _make_room(self) -> bool:
        """Whether there is a place for one more, if need be that of one which only mail had made."""
        if len(self._inboxes) < MOST:
            return True
        oldest = next((inbox for inbox in self._inboxes.values() if inbox.implicit), None)
        if oldest is None:
            return False
        del self._inboxes[fold(oldest.name)]
        self._keep(oldest.name, None)
        return True

    def _put(self, inbox: Inbox) -> Callable[[], None]:
        before = self._inboxes.get(fold(inbox.name))
        self._inboxes[fold(inbox.name)] = inbox
        if is_plain(inbox) and (before is None or is_plain(before)):
            self._known = True
        else:
            self._arrange()
        wait = self._keep(inbox.name, inbox)
        self._tell(inbox.name)
        return wait

    def _tell(self, name: str) -> None:
        for listener in self._listeners:
            listener(name)

    def _arrange(self) -> None:
        """Make ready what is read without a lock: each name is bound to something finished."""
        inboxes = list(self._inboxes.values())
        addresses: dict[str, tuple[str, ...]] = {}
        for inbox in inboxes:
            for address in inbox.addresses:
                addresses[fold(address)] = (*addresses.get(fold(address), ()), inbox.name)
        self._addresses = addresses
        self._tokens = {inbox.token: inbox for inbox in inboxes if inbox.token}
        self._limited = tuple([inbox for inbox in inboxes if inbox.ttl or inbox.max_messages or inbox.max_age])
        self._patterns = tuple(
            [
                _Patterns(tuple([(_pattern(text), one.name) for one in inboxes if (text := getattr(one, kind))]))
                for kind in ("listener", "helo", "peer")
            ]
        )
        self._patterned = any([patterns.of for patterns in self._patterns])
        self._known = bool(self._inboxes)


def _not_kept(name: str, inbox: Inbox | None) -> Callable[[], None]:
    return _nothing


def _nothing() -> None:
    pass


def is_plain(inbox: Inbox) -> bool:
    """Whether it has nothing but a name: no rules, no limits, no token."""
    return inbox == Inbox(inbox.name, inbox.created_at, implicit=inbox.implicit)


def is_name(text: str) -> bool:
    """Whether an inbox can have this name."""
    return _NAME.fullmatch(text) is not None


def tidy(text: str) -> str:
    """A name as near as possible to what a client said: other characters become `-`. Empty where nothing is left."""
    if _NAME.fullmatch(text):
        return text
    return _OTHERS.sub("-", text).strip("-")[:64]


def names_of(text: str) -> tuple[str, ...]:
    """The names in a text as it is stored, in events and in occasions."""
    return tuple(text.split(" ")) if " " in text else (text,)


def is_in(name: str, text: str) -> bool:
    """Whether an inbox is among those of a text as it is stored."""
    name = fold(name)
    return name == fold(text) or (" " in text and name in fold(text).split(" "))


def digest(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def named(inbox: Inbox | None, name: str) -> Inbox:
    """The inbox that was asked for. Raises NotFound."""
    if inbox is None:
        raise NotFound(f"There is no inbox {name[:64]}", "it may have been removed; GET /api/inboxes lists them")
    return inbox


def checked_name(name: str) -> str:
    """The name. Raises Invalid where it is none."""
    if not is_name(name):
        raise Invalid(f"An inbox cannot be called {name[:80]!r}", NAME_IN_WORDS)
    return name


def _checked(inbox: Inbox, name: str) -> Inbox:
    checked_name(name)
    for label, number in (("ttl", inbox.ttl), ("max_messages", inbox.max_messages), ("max_age", inbox.max_age)):
        if not 0 <= number < 1e10:
            raise Invalid(f"{label} cannot be {number}", "0 for no limit, or how many")
    if fold(name) == DEFAULT and inbox.ttl:
        raise Invalid("The default inbox cannot go", "give it max_age instead of ttl")
    if len(inbox.addresses) > MOST_ADDRESSES:
        raise Invalid(f"An inbox can be given {MOST_ADDRESSES} addresses", "give it a domain, such as @shop.example")
    for address in inbox.addresses:
        if not re.fullmatch(ADDRESS, address):
            raise Invalid(f"{address[:100]!r} is no address", "a@example.test, or @example.test for a whole domain")
    for pattern in (inbox.helo, inbox.peer, inbox.listener):
        if len(pattern) > 255 or pattern.count("*") > MOST_STARS or not pattern.isprintable():
            raise Invalid(f"{pattern[:100]!r} is no pattern", f"at most {MOST_STARS} `*`, such as ci-*.example.test")
    return msgspec.structs.replace(inbox, name=name)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"\*", ".*"), re.IGNORECASE | re.ASCII | re.DOTALL)
