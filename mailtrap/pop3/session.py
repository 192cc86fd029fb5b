"""What POP3 commands do: the session of one connection, sans-IO (RFC 1939)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from mailtrap.accounts import Account, Accounts
from mailtrap.errors import NotFound
from mailtrap.faults.mishaps import Mishaps
from mailtrap.faults.rule import Step
from mailtrap.mail.arrival import Login
from mailtrap.mail.transcript import Transcript
from mailtrap.net.actions import Drain, StartTls, Work, promised
from mailtrap.net.frame import Frame
from mailtrap.net.negotiation import MAX_AUTH_LINE
from mailtrap.net.sasl import Claim
from mailtrap.net.slices import Slices, batch
from mailtrap.pop3 import protocol, responses
from mailtrap.pop3.login import Authentication
from mailtrap.pop3.maildrop import Maildrop
from mailtrap.pop3.policy import Policy
from mailtrap.sandbox import Sandbox


class Session(Frame[bytes]):
    """One client's connection."""

    words = responses.WORDS

    def __init__(
        self,
        sandbox: Sandbox,
        accounts: Accounts,
        policy: Policy,
        listener: str,
        peer: str,
        monotonic: Callable[[], float],
        tls_first: bool = False,
    ) -> None:
        clock = sandbox.clock
        transcript = Transcript(sandbox.store.new_session(), listener, peer, clock.now())
        super().__init__(transcript, clock, policy.limits, monotonic, tls_first)
        self.accounts = accounts
        self.policy = policy
        self.account: Account | None = None
        self.maildrop: Maildrop | None = None
        self.trouble = Mishaps(self, sandbox.faults, sandbox.inboxes, policy.hostname, responses.spoken)
        self._offered = policy
        self._sandbox = sandbox
        self._user = ""
        self._timestamp = b""

    def written(self, answer: bytes) -> bytes:
        """A response is octets already."""
        return answer

    def welcome(self) -> None:
        """The client may stay, unless a rule says otherwise: greet it, or first shake hands."""
        self.trouble.unless(Step.POP3_CONNECT, self._admit)

    def over(self) -> None:
        """The connection is gone."""
        self.trouble.over()

    def command(self, line: bytes) -> None:
        """Perform one command."""
        verb, argument = protocol.split_command(line)
        self.transcript.add(self.now, "C", protocol.masked(line))
        before, after, anywhere = _BEFORE_LOGIN.get(verb), _AFTER_LOGIN.get(verb), _ANYWHERE.get(verb)
        logged_in = self.maildrop is not None
        perform = anywhere or (after if logged_in else before)
        if perform is not None and self.policy.offers(verb.decode("ascii")):
            if self._sandbox.faults.steps:
                self.trouble.unless(Step.POP3_COMMAND, partial(perform, self, argument))
            else:
                perform(self, argument)
        elif protocol.is_http(line):
            # A web page can make a browser post to this port; nothing of what follows may be taken for commands.
            self.hang_up(responses.NOT_HTTP, "refused")
        elif before is not None or after is not None:
            self.refuse(responses.LOGGED_IN_ALREADY if logged_in else responses.LOG_IN_FIRST)
        else:
            self.refuse(responses.UNKNOWN_COMMAND)

    def shown(self, line: bytes) -> bytes:
        """The beginning of a line that was too long, without a secret."""
        if self.reader != self.read_command:
            return b"***"
        return protocol.masked(line)

    def read_command(self) -> bool:
        """Read and perform one command."""
        if self.begins_with(b"AUTH "):
            return self.read_line(max(MAX_AUTH_LINE, self.limits.max_line))
        if self.begins_with(b"\x16\x03"):
            self.hang_up(responses.NOT_TLS, "refused")
            return False
        return super().read_command()

    # Greeting, TLS, login.

    def _admit(self) -> None:
        if self.tls_first:
            self.trouble.unless(Step.POP3_STLS, self._shake_hands)
        else:
            self._greet()

    def _greet(self) -> None:
        self.trouble.greet(Step.POP3_GREETING, self._say_greeting)

    def _say_greeting(self) -> None:
        if self.policy.apop:
            clock = self._sandbox.clock
            self._timestamp = f"<{clock.token(12)}.{clock.now()}@{self.policy.hostname}>".encode()
        self.say(responses.greeting(self.policy.hostname, self._timestamp))

    def _capa(self, argument: bytes) -> None:
        self.trouble.unless(Step.POP3_CAPA, self._list_capabilities)

    def _list_capabilities(self) -> None:
        altered, self.trouble.capabilities = self.trouble.capabilities, None
        self.policy = self._offered if altered is None else self._offered.altered(altered.hide, altered.add)
        lines = self.policy.capabilities(self.transcript.tls is not None, self.maildrop is not None)
        self.say(b"+OK Capabilities\r\n" + b"".join([f"{line}\r\n".encode() for line in lines]) + protocol.END)

    def _stls(self, argument: bytes) -> None:
        if self.transcript.tls is not None:
            self.refuse(responses.TLS_ALREADY)
        else:
            self.trouble.unless(Step.POP3_STLS, self._ready_for_tls)

    def _ready_for_tls(self) -> None:
        injected = self.rest()
        if injected:
            # Sent in the clear, so anybody on the way may have put it there: never performed (RFC 2595 §4).
            self.transcript.note(self.now, f"{len(injected)} octets sent after STLS thrown away")
        self.say(responses.BEGIN_TLS)
        if not self.trouble.ends:
            self._shake_hands()

    def _shake_hands(self) -> None:
        trouble = self.trouble.take_tls()
        self.block(StartTls(trouble), partial(self._shaken, trouble))

    def _shaken(self, trouble: str, result: Any) -> None:
        """The TLS handshake has come to its end; `trouble` was to be with it."""
        if not self.shaken(result, trouble):
            return
        # Nothing learnt in the clear is kept (RFC 2595 §4).
        self._user = ""
        if self.tls_first:
            self._greet()

    def _utf8(self, argument: bytes) -> None:
        # Octets are never changed, so there is nothing to switch (RFC 6856 §2.1).
        self.say(responses.UTF8)

    def _may_log_in(self) -> bool:
        if self.policy.require_tls and self.transcript.tls is None:
            self.refuse(responses.TLS_FIRST)
            return False
        return True

    def _user_name(self, argument: bytes) -> None:
        if self._may_log_in():
            try:
                self._user = protocol.read_name(argument)
            except protocol.CommandError as error:
                self.refuse(responses.wrong(str(error)))
            else:
                self.say(responses.PASSWORD_NEXT)

    def _pass(self, argument: bytes) -> None:
        if not self._user:
            self.refuse(responses.USER_FIRST)
        elif self._may_log_in():
            claim = Claim("USER", self._user, "", argument)
            self._user = ""
            self.log_in(claim, partial(self.accounts.admit, claim))

    def _apop(self, argument: bytes) -> None:
        if not self._timestamp:
            self.refuse(responses.NO_APOP)
        elif self._may_log_in():
            try:
                user, digest = protocol.read_apop(argument)
            except protocol.CommandError as error:
                self.refuse(responses.wrong(str(error)))
            else:
                claim = Claim("APOP", user, "", None)
                self.log_in(claim, partial(self.accounts.admit_digest, user, self._timestamp, digest))

    def _auth(self, argument: bytes) -> None:
        if not self.policy.offers("SASL"):
            self.refuse(responses.UNKNOWN_COMMAND)
        elif self._may_log_in():
            Authentication(self).start(argument)

    def log_in(
        self, claim: Claim, admit: Callable[[], Account | None], denied: Callable[[], None] | None = None
    ) -> None:
        """Open the maildrop of who says so if `admit` believes it; `denied` is what happens if not."""
        self.block(Work(partial(self._open, admit)), partial(self._opened, claim, denied))

    def _open(self, admit: Callable[[], Account | None]) -> tuple[Account, Maildrop] | None:
        """On a worker thread: a password may be hard to check, and a maildrop large."""
        account = admit()
        if account is None:
            return None
        return account, Maildrop(self.accounts.sizes(account), self.accounts.identity())

    def _opened(self, claim: Claim, denied: Callable[[], None] | None, result: Any) -> None:
        if isinstance(result, Exception):
            self.refuse(responses.UNAVAILABLE)
        elif result is not None:
            login = Login(claim.mechanism, claim.user)
            self.trouble.unless(Step.POP3_LOGIN, partial(self._logged_in, login, *result), login)
        elif denied is not None:
            denied()
        else:
            self.refuse(responses.DENIED)

    def _logged_in(self, login: Login, account: Account, maildrop: Maildrop) -> None:
        self.account, self.maildrop = account, maildrop
        self.idle_after = self.policy.patience
        self.transcript.login = login
        self.say(responses.welcome(len(maildrop)))

    # The maildrop.

    def _open_maildrop(self) -> Maildrop:
        if self.maildrop is None:
            raise RuntimeError("nobody has logged in")
        return self.maildrop

    def _number(self, argument: bytes) -> int | None:
        """The message that a command is about; refuses where there is none."""
        try:
            number = protocol.read_number(argument)
        except protocol.CommandError as error:
            self.refuse(responses.wrong(str(error)))
            return None
        if not self._open_maildrop().has(number):
            # Not counted as an error: it may have been there a moment ago.
            self.say(responses.NO_SUCH_MESSAGE)
            return None
        return number

    def _stat(self, argument: bytes) -> None:
        self.trouble.unless(Step.POP3_STAT, self._tell_totals)

    def _tell_totals(self) -> None:
        maildrop = self._open_maildrop()
        self.say(f"+OK {len(maildrop)} {maildrop.octets}\r\n".encode())

    def _list(self, argument: bytes) -> None:
        maildrop = self._open_maildrop()
        fact = lambda number: str(maildrop.size(number))  # noqa: E731
        self._tell(Step.POP3_LIST, argument, fact, f"{len(maildrop)} messages")

    def _uidl(self, argument: bytes) -> None:
        self._tell(Step.POP3_UIDL, argument, self._open_maildrop().unique_id, "Unique ids")

    def _tell(self, step: Step, argument: bytes, fact: Callable[[int], str], about: str) -> None:
        """Say one thing of one message, or of each in lines of their own."""
        if argument.strip():
            number = self._number(argument)
            if number is not None:
                self.trouble.unless(step, lambda: self.say(f"+OK {number} {fact(number)}\r\n".encode()))
        else:
            self.trouble.unless(step, partial(self._tell_of_all, fact, about))

    def _tell_of_all(self, fact: Callable[[int], str], about: str) -> None:
        maildrop = self._open_maildrop()
        self.say(f"+OK {about}\r\n".encode())
        self.transcript.note(self.now, f"{len(maildrop)} lines")
        lines = (f"{number} {fact(number)}\r\n" for number in maildrop.numbers())
        self._list_on(_gathered(lines))

    def _list_on(self, pieces: Iterator[tuple[bytes, bool]], _: Any = None) -> None:
        octets, last = next(pieces)
        self.pour(octets)
        if not last and not self.unheard:
            self.block(Drain(), partial(self._list_on, pieces))

    def _retr(self, argument: bytes) -> None:
        number = self._number(argument)
        if number is not None:
            size = self._open_maildrop().size(number)
            send = partial(self._send, number, f"+OK {size} octets\r\n".encode(), lambda pieces: pieces)
            self.trouble.unless(Step.POP3_RETR, send, message=self._open_maildrop().id(number))

    def _top(self, argument: bytes) -> None:
        try:
            wanted = protocol.read_top(argument)
        except protocol.CommandError as error:
            self.refuse(responses.wrong(str(error)))
            return
        if not self._open_maildrop().has(wanted.message):
            self.say(responses.NO_SUCH_MESSAGE)
            return
        choose = lambda pieces: protocol.top(pieces, wanted.lines)  # noqa: E731
        send = partial(self._send, wanted.message, b"+OK Top of message\r\n", choose)
        self.trouble.unless(Step.POP3_TOP, send, message=self._open_maildrop().id(wanted.message))

    def _send(self, number: int, answer: bytes, choose: Callable[[Iterable[bytes]], Iterable[bytes]]) -> None:
        """Say the octets of a message, or what is chosen of them."""
        id_, store = self._open_maildrop().id(number), self._sandbox.store
        pieces = protocol.stuffed(choose(Slices(lambda start: store.octets(id_, start), self.policy.budget)))
        # The first piece comes before the answer: only then it is certain that the message is still there.
        self.block(Work(partial(batch, pieces)), partial(self._begin, answer, pieces))

    def _begin(self, answer: bytes, pieces: Iterator[bytes], result: Any) -> None:
        if isinstance(result, NotFound):
            self.say(responses.GONE)
        elif isinstance(result, Exception):
            self.say(responses.UNAVAILABLE)
        else:
            self.say(answer)
            self._send_on(pieces, result)

    def _send_on(self, pieces: Iterator[bytes], result: Any) -> None:
        if isinstance(result, Exception):
            # In the middle of a message nothing can be said that would not be taken for a part of it.
            self.end("error", f"The message broke off: {result}")
            self.close()
        elif self.unheard:
            return
        else:
            octets, last = result
            self.trouble.pour(octets, partial(self._sent, pieces, last))

    def _sent(self, pieces: Iterator[bytes], last: bool) -> None:
        if last:
            self.transcript.note(self.now, "The content, whole")
        else:
            self.block(Drain(), lambda _: self._go_on(pieces))

    def _go_on(self, pieces: Iterator[bytes]) -> None:
        if not self.unheard:
            self.block(Work(partial(batch, pieces)), partial(self._send_on, pieces))

    def _dele(self, argument: bytes) -> None:
        number = self._number(argument)
        if number is not None:
            mark = partial(self._mark, number)
            self.trouble.unless(Step.POP3_DELE, mark, message=self._open_maildrop().id(number))

    def _mark(self, number: int) -> None:
        self._open_maildrop().mark(number)
        self.say(responses.MARKED)

    def _rset(self, argument: bytes) -> None:
        self._open_maildrop().reset()
        self.say(responses.UNMARKED)

    def _noop(self, argument: bytes) -> None:
        self.say(responses.OK)

    # The end.

    def _quit(self, argument: bytes) -> None:
        self.trouble.unless(Step.POP3_QUIT, self._delete_marked)

    def _delete_marked(self) -> None:
        ids = self.maildrop.marked if self.maildrop is not None else ()
        if not ids or self.account is None:
            self._leave(responses.BYE)
            return
        selection, store = self.account.selection(ids), self._sandbox.store
        self.block(promised(lambda: store.delete(selection)), self._deleted)

    def _deleted(self, result: Any) -> None:
        self._leave(responses.NOT_DELETED if isinstance(result, Exception) else responses.BYE)

    def _leave(self, answer: bytes) -> None:
        self.say(answer)
        if not self.trouble.ends:
            self.end("quit")
            self.close()


def _gathered(lines: Iterable[str]) -> Iterator[tuple[bytes, bool]]:
    """Many lines in few pieces, the end included, and with each whether it is the last."""
    found: list[str] = []
    for line in lines:
        found.append(line)
        if len(found) == protocol.LINES:
            yield "".join(found).encode("ascii"), False
            found.clear()
    yield "".join(found).encode("ascii") + protocol.END, True


_BEFORE_LOGIN: dict[bytes, Callable[[Session, bytes], None]] = {
    b"USER": Session._user_name,
    b"PASS": Session._pass,
    b"APOP": Session._apop,
    b"AUTH": Session._auth,
    b"STLS": Session._stls,
    b"UTF8": Session._utf8,
}
_AFTER_LOGIN: dict[bytes, Callable[[Session, bytes], None]] = {
    b"STAT": Session._stat,
    b"LIST": Session._list,
    b"UIDL": Session._uidl,
    b"RETR": Session._retr,
    b"TOP": Session._top,
    b"DELE": Session._dele,
    b"RSET": Session._rset,
    b"NOOP": Session._noop,
}
_ANYWHERE: dict[bytes, Callable[[Session, bytes], None]] = {b"CAPA": Session._capa, b"QUIT": Session._quit}
