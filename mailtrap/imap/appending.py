"""APPEND: a message on its way in by IMAP, kept as an import is, and placed in a folder (RFC 9051 §6.3.12)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from mailtrap.accounts import Account
from mailtrap.errors import Invalid
from mailtrap.imap.commands import Append
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.binary import in_base64
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.mail.heading import read_heading
from mailtrap.mail.message import Heading
from mailtrap.query import Query
from mailtrap.sandbox import Sandbox, Spooling
from mailtrap.store.base import Selection
from mailtrap.store.folder import Placement

#: Content up to this size is held in memory; what is bigger goes to the store piece by piece.
HELD = 512 * 1024
#: Octets that the store may lag behind before the client is made to wait.
BACKLOG = 8 * 1024 * 1024


class Parcel:
    """The content of one message, piece by piece. `failure` is what the store raised: the rest is thrown away."""

    def __init__(self, spool: Callable[[], Spooling]) -> None:
        self.size = 0
        self.failure: Exception | None = None
        self._spool = spool
        self._spooling: Spooling | None = None
        self._held: list[bytes] = []

    @property
    def congested(self) -> bool:
        """Whether the store lags so far behind that the client should be made to wait."""
        return self._spooling is not None and self._spooling.spool.backlog > BACKLOG

    def write(self, octets: bytes) -> None:
        """Take the next octets."""
        self.size += len(octets)
        if self.failure is not None:
            return
        try:
            if self._spooling is not None:
                self._spooling.write(octets)
                return
            self._held.append(octets)
            if self.size > HELD:
                held, self._held = self._held, []
                self._spooling = self._spool()
                for piece in held:
                    self._spooling.write(piece)
        except Exception as error:  # whatever a store may raise
            self.discard()
            self.failure = error

    def discard(self) -> None:
        """Forget what was taken in; harmless once it is kept."""
        self._held.clear()
        if self._spooling is not None:
            self._spooling.discard()
            self._spooling = None

    def keep(
        self,
        sandbox: Sandbox,
        account: Account,
        arrival: Arrival,
        done: Callable[[int | Exception], None],
        binary: bool = False,
    ) -> None:
        """Have it captured; `done` is called as `Store.add` says.

        What came as a `binary` literal may have parts that BODY could not fetch as they are: data MUST be encoded for
        that (RFC 9051 §7.5.2). Such parts are kept in Base64, which a flag tells, but for messages beyond `HELD`.
        """
        inbox = None if account.address else account.inbox
        if self._spooling is not None:
            heading = read_heading(bytes(self._spooling.head))
            envelope = _envelope(account, heading)
            sandbox.capture_spooled(envelope, self._spooling, arrival, done, inbox=inbox, heading=heading)
        else:
            came = b"".join(self._held)
            octets = in_base64(came) if binary else came
            flags = () if octets is came else ("binary-in-base64",)
            heading = read_heading(octets)
            envelope = _envelope(account, heading)
            sandbox.capture(envelope, octets, arrival, done, inbox=inbox, heading=heading, flags=flags)


def _envelope(account: Account, heading: Heading) -> Envelope:
    """Nobody said one: the author, and whose mail it is; for an inbox, to whom the header section says it is."""
    sender = next((mailbox.address for mailbox in heading.sender if mailbox.address), "")
    if account.address:
        return Envelope(sender, (Recipient(account.address),))
    named = (*heading.to, *heading.cc, *heading.bcc)
    return Envelope(sender, tuple([Recipient(to) for to in dict.fromkeys([one.address for one in named]) if to]))


class Batch:
    """The messages of one APPEND: all of them are kept and placed in a folder, or none (RFC 3502)."""

    def __init__(self, sandbox: Sandbox, account: Account, arrival: Arrival, folder: int, append: Append) -> None:
        self._sandbox = sandbox
        self._account = account
        self._arrival = arrival
        self._folder = folder
        self._append = append
        self._ids: list[int] = []
        self._left = iter(append.messages)
        self._answered: Callable[[Any], None] = _unheard

    def keep(self, answered: Callable[[Any], None]) -> None:
        """Do it; answers ids and uids, or an exception."""
        self._answered = answered
        self._go_on()

    def _go_on(self) -> None:
        message = next(self._left, None)
        if message is None:
            self._place()
            return
        parcel = message.content.sink
        if not isinstance(parcel, Parcel):
            self._give_up(Invalid("There is no message"))
        elif parcel.failure is not None:
            self._give_up(parcel.failure)
        else:
            parcel.keep(self._sandbox, self._account, self._arrival, self._kept, message.content.binary)

    def _kept(self, answer: int | Exception) -> None:
        """On the writer's thread, where nobody else would hear of an exception."""
        try:
            if isinstance(answer, Exception):
                self._give_up(answer)
            else:
                self._ids.append(answer)
                self._go_on()
        except Exception as error:
            self._give_up(error)

    def _place(self) -> None:
        placements = [
            Placement(id_, message.flags, message.date)
            for id_, message in zip(self._ids, self._append.messages, strict=True)
        ]
        self._sandbox.store.folders.place(self._folder, placements).add_done_callback(self._placed)

    def _placed(self, done: Future[list[int]]) -> None:
        error = done.exception()
        if isinstance(error, Exception):
            self._give_up(error)
        else:
            self._answered((self._ids, done.result()))

    def _give_up(self, error: Exception) -> None:
        discard(self._append)
        if self._ids:
            # Nothing of it is there any more when the client hears so.
            taken_back = self._sandbox.store.delete(Selection(Query.EVERYTHING, tuple(self._ids)))
            taken_back.add_done_callback(lambda _: self._answered(error))
        else:
            self._answered(error)


def discard(append: Append) -> None:
    """Nothing will come of it."""
    for message in append.messages:
        if message.content.sink is not None:
            message.content.sink.discard()


def _unheard(_: Any) -> None:
    pass
