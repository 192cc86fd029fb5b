"""What SMTP commands do: the session of one connection, sans-IO (RFC 5321 §3 and §4)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mailtrap.faults.addresses import may_mean
from mailtrap.faults.rule import Step
from mailtrap.mail.address import AddressError
from mailtrap.mail.arrival import Arrival, Login
from mailtrap.mail.envelope import Recipient
from mailtrap.mail.reply import Reply, reply
from mailtrap.mail.transcript import printable
from mailtrap.net.actions import Handshake, StartTls
from mailtrap.smtp import protocol, replies
from mailtrap.smtp.ending import Ending
from mailtrap.smtp.fallible import Fallible
from mailtrap.smtp.intake import Intake
from mailtrap.smtp.login import Authentication, masked
from mailtrap.smtp.transaction import TooBig, Transaction


class Session(Fallible):
    """One client's connection. `tls_first` says that the TLS handshake comes before the greeting (RFC 8314 §3)."""

    __slots__ = ()

    @property
    def holding(self) -> bool:
        """Whether the pump should stop reading: enough waits already, or the store lags behind."""
        if self._then is not None:
            return super().holding
        intake = self.reception.intake
        return intake is not None and intake.congested

    def close(self, linger: bool = False, reset: bool = False) -> None:
        """Close; content that has not been handed on is dropped."""
        self.reception.forget()
        super().close(linger, reset)

    def cut(self, outcome: str) -> None:
        """The connection is broken off by the server."""
        self.reception.forget()
        super().cut(outcome)

    def patience(self, now: float) -> Reply | None:
        """Content need not come in lines, but at a rate."""
        reading = self.reception.begun and self.reader != self.read_command
        if reading and not self.throttled and self.reception.is_slow(now):
            return replies.TOO_SLOW
        return super().patience(now)

    def command(self, line: bytes) -> None:
        """Perform one command."""
        verb, argument = protocol.split_command(line)
        self.transcript.add(self.now, "C", masked(line) if verb.startswith(b"AUTH") else line)
        perform = _COMMANDS.get(verb)
        if self.unwelcome and verb != b"QUIT":
            self.refuse(replies.NO_SERVICE)
        elif perform is not None:
            perform(self, argument)
        elif protocol.is_http(line):
            # A web page can make a browser post to this port; nothing of what follows may be taken for commands.
            self.hang_up(replies.NOT_HTTP, "refused")
        else:
            self.refuse(replies.UNKNOWN_COMMAND)

    # Greeting, TLS, login.

    def welcome(self) -> None:
        """The client may stay, unless a rule says otherwise: greet it, or first shake hands."""
        self.unless(Step.CONNECT, self._admit)

    def _admit(self) -> None:
        if self.tls_first:
            self.unless(Step.STARTTLS, self._shake_hands)
        else:
            self._greet()

    def _greet(self) -> None:
        self.unless(Step.GREETING, lambda: self.say(self.policy.greeting))

    def _ehlo(self, name: bytes) -> None:
        self._hello("EHLO", name)

    def _helo(self, name: bytes) -> None:
        self._hello("HELO", name)

    def _lhlo(self, name: bytes) -> None:
        """LMTP: the same, but there will be a reply for each recipient (RFC 2033 §4.1)."""
        self._hello("LHLO", name)

    def _hello(self, verb: str, name: bytes) -> None:
        if not name:
            self.refuse(replies.NAME_MISSING)
        elif self.spend_junk():
            self._reset(Step.EHLO, 250)
            self.unless(Step.EHLO, partial(self._introduced, verb, name), helo=printable(name), greeting=verb)

    def _introduced(self, verb: str, name: bytes) -> None:
        altered, self.trouble.ehlo = self.trouble.ehlo, None
        self.policy = self.offered if altered is None else self.offered.altered(altered.hide, altered.add)
        self.greeted = verb
        self.transcript.helo = printable(name)
        self.say(self.policy.helo if verb == "HELO" else self.policy.ehlo(self.transcript.tls is not None))

    def _starttls(self, argument: bytes) -> None:
        if "STARTTLS" not in self.policy.offers:
            self.refuse(replies.NOT_OFFERED)
        elif argument:
            self.refuse(replies.NO_ARGUMENT)
        elif self.transcript.tls is not None:
            self.refuse(replies.ALREADY_TLS)
        elif not self.greeted:
            self.refuse(replies.BAD_SEQUENCE)
        elif self.transaction is not None:
            self.refuse(replies.NESTED_MAIL)
        else:
            self.unless(Step.STARTTLS, self._ready_for_tls)

    def _ready_for_tls(self) -> None:
        injected = self.rest()
        if injected:
            # Sent in the clear, so anybody on the way may have put it there: never performed (RFC 3207 §6).
            self.transcript.note(self.now, f"{len(injected)} octets sent after STARTTLS thrown away")
        self.say(replies.TLS_READY)
        if not self.closed and not self.blocked:
            self._shake_hands()

    def _shake_hands(self) -> None:
        self.block(StartTls(self.trouble.tls), self._shaken)

    def _shaken(self, result: Any) -> None:
        """The TLS handshake has come to its end."""
        trouble, self.trouble.tls = self.trouble.tls, ""
        if trouble:
            if not isinstance(result, Handshake):
                self.account.struck(Step.STARTTLS)
            self.account.attempted(Step.STARTTLS, 220 if isinstance(result, Handshake) else 0)
        if not self.shaken(result, trouble):
            return
        # Nothing learnt in the clear is kept (RFC 3207 §4.2).
        self.greeted = ""
        self.transcript.helo = ""
        self.transcript.login = None
        self._reset(Step.STARTTLS, 220)
        if self.tls_first:
            self._greet()

    def _auth(self, argument: bytes) -> None:
        if "AUTH" not in self.policy.offers:
            self.refuse(replies.NOT_OFFERED)
        elif not self.greeted:
            self.refuse(replies.BAD_SEQUENCE)
        elif self.policy.require_tls and self.transcript.tls is None:
            self.refuse(replies.NEED_TLS)
        elif self.transcript.login is not None:
            self.refuse(replies.ALREADY_LOGGED_IN)
        elif self.transaction is not None:
            self.refuse(replies.NO_LOGIN_NOW)
        else:
            Authentication(self, self._granted).start(argument)

    def _granted(self, login: Login) -> None:
        self.unless(Step.AUTH, partial(self._logged_in, login), login=login)

    def _logged_in(self, login: Login) -> None:
        self.transcript.login = login
        self.account.granted()
        self.say(replies.LOGGED_IN)

    # The envelope.

    def _mail(self, argument: bytes) -> None:
        refusal = self._refuse_mail()
        if refusal is not None:
            self.refuse(refusal)
            return
        allowed = self.limits.max_messages_per_session
        if allowed and len(self.transcript.messages) >= allowed:
            self.hang_up(replies.TOO_MANY_MESSAGES, "refused")
            return
        try:
            transaction = Transaction(*protocol.read_mail(argument))
            if transaction.parameters:
                transaction.honour(self.policy.offers, self.limits.max_message_size)
        except AddressError as error:
            self.refuse(reply(501, "5.1.7", f"Bad sender address: {error}"))
        except protocol.CommandError as error:
            self.refuse(reply(501, "5.5.4", str(error)))
        except TooBig:
            self.refuse(replies.TOO_BIG)
        else:
            if not transaction.utf8 and not transaction.reverse_path.isascii():
                transaction.flag("utf8-address-undeclared")
            self.transactions += 1
            path, parameters, faults = transaction.reverse_path, transaction.parameters, self.sandbox.faults
            if faults.steps and not faults.rules_out(Step.MAIL, path, ()):
                self.unless(Step.MAIL, partial(self._begin, transaction), sender=path, parameters=parameters)
            else:
                self._begin(transaction)

    def _begin(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.say(replies.SENDER_OK)

    def _refuse_mail(self) -> Reply | None:
        if not self.greeted:
            return replies.BAD_SEQUENCE
        if self.transaction is not None:
            return replies.NESTED_MAIL
        if self.policy.require_tls and self.transcript.tls is None:
            return replies.NEED_TLS
        if self.policy.login_required and self.transcript.login is None:
            return replies.NEED_LOGIN
        return None

    def _rcpt(self, argument: bytes) -> None:
        transaction = self.transaction
        if transaction is None:
            self.refuse(replies.NEED_MAIL)
            return
        if self.reception.begun:
            self.refuse(replies.BDAT_BEGUN)
            return
        allowed = self.limits.max_recipients
        if allowed and len(transaction.recipients) >= allowed:
            # Not counted as an error: a client may run into this and send the rest later (RFC 5321 §4.5.3.1.10).
            self.say(replies.TOO_MANY_RECIPIENTS)
            self.account.declined(replies.TOO_MANY_RECIPIENTS, self.transcript.heard)
            return
        try:
            path, parameters = protocol.read_rcpt(argument)
        except AddressError as error:
            self.refuse(reply(501, "5.1.3", f"Bad recipient address: {error}"))
        except protocol.CommandError as error:
            self.refuse(reply(501, "5.5.4", str(error)))
        else:
            if not transaction.utf8 and not path.isascii():
                transaction.flag("utf8-address-undeclared")
            recipient = Recipient(path, parameters)
            if may_mean(path):
                transaction.telling = path
            faults = self.sandbox.faults
            asks = faults.steps and not faults.rules_out(Step.RCPT, transaction.reverse_path, (path,))
            if transaction.telling or asks:
                self.unless(Step.RCPT, partial(self._take_recipient, transaction, recipient), recipient=path)
            else:
                self._take_recipient(transaction, recipient)

    def _take_recipient(self, transaction: Transaction, recipient: Recipient) -> None:
        transaction.recipients.append(recipient)
        if self.trouble.discards:
            self.trouble.discards = False
            transaction.discarded.append(recipient)
        self.say(replies.RECIPIENT_OK)

    # The content.

    def _begin_data(self, argument: bytes) -> None:
        transaction = self.transaction
        if argument:
            self.refuse(replies.NO_ARGUMENT)
        elif transaction is None:
            self.refuse(replies.NEED_MAIL)
        elif self.reception.begun:
            self.refuse(replies.BDAT_BEGUN)
        elif not transaction.recipients:
            self.refuse(replies.NEED_RECIPIENT)
        elif transaction.body == "BINARYMIME" and "BINARYMIME" in self.policy.offers:
            self.refuse(replies.NEEDS_BDAT)
        elif transaction.telling or self.sandbox.faults.steps or self.trouble.in_data is not None:
            self.unless(Step.DATA, partial(self.unless, Step.IN_DATA, self._read_data))
        else:
            self.reception.begin_data()

    def _read_data(self) -> None:
        self.reception.begin_data()
        self.watch_content()

    def _bdat(self, argument: bytes) -> None:
        if "CHUNKING" not in self.policy.offers:
            self.refuse(replies.NOT_OFFERED)
            return
        try:
            chunk = protocol.read_chunk(argument)
        except protocol.CommandError:
            self.hang_up(replies.BAD_CHUNK, "error")
            return
        refusal = None
        if self.transaction is None:
            refusal = replies.NEED_MAIL
        elif not self.transaction.recipients:
            refusal = replies.NEED_RECIPIENT
        if refusal is not None or self.reception.begun:
            self._read_chunk(chunk, refusal)
        else:
            self.unless(
                Step.DATA,
                partial(self.unless, Step.IN_DATA, partial(self._read_chunk, chunk, None)),
                partial(self._read_chunk, chunk, replies.LOCAL_ERROR),
            )

    def _read_chunk(self, chunk: protocol.Chunk, refusal: Reply | None) -> None:
        self.reception.begin_chunk(chunk, refusal)
        self.watch_content()

    def submit(self, intake: Intake) -> None:
        """The content is complete: have it kept."""
        transaction = self.transaction
        if transaction is None:
            raise RuntimeError("there is content without a transaction")
        Ending(self, transaction, intake, self._arrival(transaction)).begin()

    def _arrival(self, transaction: Transaction) -> Arrival:
        transcript = self.transcript
        tls, login = transcript.tls, transcript.login
        return Arrival(
            self.now,
            transcript.listener,
            transcript.peer,
            transcript.helo,
            protocol.transmission_keyword(self.greeted, transaction.utf8, tls is not None, login is not None),
            tls,
            login,
            transcript.session,
        )

    # The rest.

    def _reset(self, step: Step, code: int) -> None:
        """No transaction (RFC 5321 §4.1.1.5): this step, with this reply, ends one."""
        if self.transaction is not None:
            self.account.over(self.transaction, step.value, code)
        self.reception.forget()
        self.end_transaction()

    def _rset(self, argument: bytes) -> None:
        if self.spend_junk():
            self.unless(Step.RSET, self._start_anew)

    def _start_anew(self) -> None:
        self._reset(Step.RSET, 250)
        self.say(replies.OK)

    def _noop(self, argument: bytes) -> None:
        if self.spend_junk():
            self.say(replies.OK)

    def _help(self, argument: bytes) -> None:
        if self.spend_junk():
            self.say(replies.HELP)

    def _vrfy(self, argument: bytes) -> None:
        if self.spend_junk():
            self.say(replies.CANNOT_VERIFY)

    def _expn(self, argument: bytes) -> None:
        self.refuse(replies.NOT_OFFERED)

    def _quit(self, argument: bytes) -> None:
        self.quit_sent = True
        self._reset(Step.QUIT, 221)
        self.unless(Step.QUIT, self._leave)

    def _leave(self) -> None:
        self.say(replies.BYE)
        self.end("quit")
        if not self.closed and not self.blocked:
            self.close()


_COMMANDS: dict[bytes, Callable[[Session, bytes], None]] = {
    b"EHLO": Session._ehlo,
    b"HELO": Session._helo,
    b"LHLO": Session._lhlo,
    b"MAIL": Session._mail,
    b"RCPT": Session._rcpt,
    b"DATA": Session._begin_data,
    b"BDAT": Session._bdat,
    b"RSET": Session._rset,
    b"NOOP": Session._noop,
    b"HELP": Session._help,
    b"VRFY": Session._vrfy,
    b"EXPN": Session._expn,
    b"AUTH": Session._auth,
    b"STARTTLS": Session._starttls,
    b"QUIT": Session._quit,
}
