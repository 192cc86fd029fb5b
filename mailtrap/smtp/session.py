"""What SMTP commands do: the session of one connection, sans-IO (RFC 5321 §3 and §4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mailtrap.errors import StorageFull
from mailtrap.mail.address import AddressError
from mailtrap.mail.arrival import Arrival, Tls
from mailtrap.mail.envelope import Envelope, Parameters, Recipient
from mailtrap.mail.reply import Reply, reply
from mailtrap.mail.transcript import printable
from mailtrap.net.actions import Action, Ask, Handshake, StartTls
from mailtrap.sandbox import Sandbox
from mailtrap.smtp import protocol, replies
from mailtrap.smtp.dialogue import Dialogue
from mailtrap.smtp.intake import Intake
from mailtrap.smtp.login import Authentication, masked
from mailtrap.smtp.policy import Policy
from mailtrap.smtp.reception import Reception


@dataclass(slots=True)
class Transaction:
    """From MAIL to the end of the content (RFC 5321 §3.3)."""

    reverse_path: str
    parameters: Parameters
    body: str = ""
    utf8: bool = False
    flags: list[str] = field(default_factory=list)
    recipients: list[Recipient] = field(default_factory=list)

    def flag(self, name: str) -> None:
        """Note a fact that only the wire shows."""
        if name not in self.flags:
            self.flags.append(name)


class Session(Dialogue):
    """One client's connection. `tls_first` says that the TLS handshake comes before the greeting (RFC 8314 §3)."""

    def __init__(
        self,
        sandbox: Sandbox,
        policy: Policy,
        listener: str,
        peer: str,
        monotonic: Callable[[], float],
        tls_first: bool = False,
    ) -> None:
        super().__init__(sandbox, policy, listener, peer, monotonic)
        self._tls_first = tls_first
        self._greeted = ""
        self._transaction: Transaction | None = None
        self._reception = Reception(self, self._submit)

    def opened(self, connections: int, of_peer: int) -> list[Action]:
        """The connection stands; it is one of so many, and one of so many from the same address."""
        limits = self.limits
        refusal = None
        if limits.max_connections and connections > limits.max_connections:
            refusal = replies.TOO_MANY_CONNECTIONS
        elif limits.max_connections_per_peer and of_peer > limits.max_connections_per_peer:
            refusal = replies.TOO_MANY_FROM_PEER
        if refusal is not None and self._tls_first:
            # Without a handshake there are no words, and with it a refusal would cost more than a session.
            self.end("refused", f"Refused before TLS: {refusal.text}")
            self.close()
        elif refusal is not None:
            self.hang_up(refusal, "refused")
        elif self._tls_first:
            self.block(StartTls(), self._shaken)
        else:
            self.say(self.policy.greeting)
        return self._take()

    @property
    def in_transaction(self) -> bool:
        """Whether there has been a MAIL whose content has not been answered."""
        return self._transaction is not None

    @property
    def holding(self) -> bool:
        """Whether the pump should stop reading: enough waits already, or the store lags behind."""
        if self._then is not None:
            return super().holding
        intake = self._reception.intake
        return intake is not None and intake.congested

    def close(self, linger: bool = False) -> None:
        """Close; content that has not been handed on is dropped."""
        self._reception.forget()
        super().close(linger)

    def cut(self, outcome: str) -> None:
        """The connection is broken off by the server."""
        self._reception.forget()
        super().cut(outcome)

    def patience(self, now: float) -> Reply | None:
        """Content need not come in lines, but at a rate."""
        reading = self._reception.begun and self.reader != self.read_command
        if reading and self._reception.is_slow(now):
            return replies.TOO_SLOW
        return super().patience(now)

    def command(self, line: bytes) -> None:
        """Perform one command."""
        verb, argument = protocol.split_command(line)
        self.transcript.add(self.now, "C", masked(line) if verb.startswith(b"AUTH") else line)
        perform = _COMMANDS.get(verb)
        if perform is not None:
            perform(self, argument)
        elif protocol.is_http(line):
            # A web page can make a browser post to this port; nothing of what follows may be taken for commands.
            self.hang_up(replies.NOT_HTTP, "refused")
        else:
            self.refuse(replies.UNKNOWN_COMMAND)

    # Greeting, TLS, login.

    def _ehlo(self, name: bytes) -> None:
        self._hello("EHLO", name, self.policy.ehlo(self.transcript.tls is not None))

    def _helo(self, name: bytes) -> None:
        self._hello("HELO", name, self.policy.helo)

    def _hello(self, verb: str, name: bytes, answer: Reply) -> None:
        if not name:
            self.refuse(replies.NAME_MISSING)
        elif self.spend_junk():
            self._greeted = verb
            self.transcript.helo = printable(name)
            self._reset()
            self.say(answer)

    def _starttls(self, argument: bytes) -> None:
        if "STARTTLS" not in self.policy.offers:
            self.refuse(replies.NOT_OFFERED)
        elif argument:
            self.refuse(replies.NO_ARGUMENT)
        elif self.transcript.tls is not None:
            self.refuse(replies.ALREADY_TLS)
        elif not self._greeted:
            self.refuse(replies.BAD_SEQUENCE)
        elif self._transaction is not None:
            self.refuse(replies.NESTED_MAIL)
        else:
            injected = self.rest()
            if injected:
                # Sent in the clear, so anybody on the way may have put it there: never performed (RFC 3207 §6).
                self.transcript.note(self.now, f"{len(injected)} octets sent after STARTTLS thrown away")
            self.say(replies.TLS_READY)
            self.block(StartTls(), self._shaken)

    def _shaken(self, result: Any) -> None:
        """The TLS handshake has come to its end."""
        # Octets in the clear that came before the handshake took over the connection: see `_starttls`.
        self.rest()
        if not isinstance(result, Handshake):
            self.end("error", f"TLS handshake failed: {result}")
            self.close()
            return
        self.transcript.tls = Tls(result.version, result.cipher)
        self.transcript.note(self.now, f"TLS handshake: {result.version} {result.cipher}")
        # Nothing learnt in the clear is kept (RFC 3207 §4.2).
        self._greeted = ""
        self.transcript.helo = ""
        self.transcript.login = None
        self._reset()
        if self._tls_first:
            self.say(self.policy.greeting)

    def _auth(self, argument: bytes) -> None:
        if "AUTH" not in self.policy.offers:
            self.refuse(replies.NOT_OFFERED)
        elif not self._greeted:
            self.refuse(replies.BAD_SEQUENCE)
        elif self.policy.require_tls and self.transcript.tls is None:
            self.refuse(replies.NEED_TLS)
        elif self.transcript.login is not None:
            self.refuse(replies.ALREADY_LOGGED_IN)
        elif self._transaction is not None:
            self.refuse(replies.NO_LOGIN_NOW)
        else:
            Authentication(self).start(argument)

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
                self._honour(transaction)
        except AddressError as error:
            self.refuse(reply(501, "5.1.7", f"Bad sender address: {error}"))
        except protocol.CommandError as error:
            self.refuse(reply(501, "5.5.4", str(error)))
        except _TooBig:
            self.refuse(replies.TOO_BIG)
        else:
            if not transaction.utf8 and not transaction.reverse_path.isascii():
                transaction.flag("utf8-address-undeclared")
            self._transaction = transaction
            self.say(replies.SENDER_OK)

    def _refuse_mail(self) -> Reply | None:
        if not self._greeted:
            return replies.BAD_SEQUENCE
        if self._transaction is not None:
            return replies.NESTED_MAIL
        if self.policy.require_tls and self.transcript.tls is None:
            return replies.NEED_TLS
        if self.policy.login_required and self.transcript.login is None:
            return replies.NEED_LOGIN
        return None

    def _honour(self, transaction: Transaction) -> None:
        """Do what parameters of MAIL ask for where their extension is offered; all others are only recorded."""
        offers, limit = self.policy.offers, self.limits.max_message_size
        given, size = protocol.find_parameter(transaction.parameters, "SIZE")
        if given and "SIZE" in offers:
            if size is None or not size.isdecimal() or len(size) > 20:
                raise protocol.CommandError("SIZE takes a number (RFC 1870)")
            if limit and int(size) > limit:
                raise _TooBig
        given, body = protocol.find_parameter(transaction.parameters, "BODY")
        if given and "8BITMIME" in offers:
            transaction.body = (body or "").upper()
            if transaction.body not in ("7BIT", "8BITMIME", "BINARYMIME"):
                raise protocol.CommandError("BODY takes 7BIT, 8BITMIME or BINARYMIME (RFC 6152, RFC 3030)")
        given, _ = protocol.find_parameter(transaction.parameters, "SMTPUTF8")
        transaction.utf8 = given and "SMTPUTF8" in offers

    def _rcpt(self, argument: bytes) -> None:
        transaction = self._transaction
        if transaction is None:
            self.refuse(replies.NEED_MAIL)
            return
        if self._reception.begun:
            self.refuse(replies.BDAT_BEGUN)
            return
        allowed = self.limits.max_recipients
        if allowed and len(transaction.recipients) >= allowed:
            # Not counted as an error: a client may run into this and send the rest later (RFC 5321 §4.5.3.1.10).
            self.say(replies.TOO_MANY_RECIPIENTS)
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
            transaction.recipients.append(Recipient(path, parameters))
            self.say(replies.RECIPIENT_OK)

    # The content.

    def _begin_data(self, argument: bytes) -> None:
        transaction = self._transaction
        if argument:
            self.refuse(replies.NO_ARGUMENT)
        elif transaction is None:
            self.refuse(replies.NEED_MAIL)
        elif self._reception.begun:
            self.refuse(replies.BDAT_BEGUN)
        elif not transaction.recipients:
            self.refuse(replies.NEED_RECIPIENT)
        elif transaction.body == "BINARYMIME" and "BINARYMIME" in self.policy.offers:
            self.refuse(replies.NEEDS_BDAT)
        else:
            self._reception.begin_data()

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
        if self._transaction is None:
            refusal = replies.NEED_MAIL
        elif not self._transaction.recipients:
            refusal = replies.NEED_RECIPIENT
        self._reception.begin_chunk(chunk, refusal)

    def _submit(self, intake: Intake) -> None:
        """The content is complete: have it kept."""
        transaction = self._transaction
        if transaction is None:
            raise RuntimeError("there is content without a transaction")
        if intake.overflow:
            self._reset()
            self.refuse(replies.TOO_BIG)
            return
        if intake.failure is not None:
            self._kept(intake.failure)
            return
        declared = transaction.utf8 or transaction.body in ("8BITMIME", "BINARYMIME")
        flags = (*transaction.flags, *intake.flags(declared))
        if self.bare_lf:
            flags += ("bare-lf-command",)
            self.bare_lf = False
        envelope = Envelope(transaction.reverse_path, tuple(transaction.recipients), transaction.parameters)
        keep = self.sandbox.capture_spooled if intake.spooling is not None else self.sandbox.capture
        content = intake.spooling if intake.spooling is not None else intake.octets()
        self.block(Ask(partial(_keep, keep, envelope, content, self._arrival(transaction), flags)), self._kept)

    def _arrival(self, transaction: Transaction) -> Arrival:
        transcript = self.transcript
        tls, login = transcript.tls, transcript.login
        return Arrival(
            self.now,
            transcript.listener,
            transcript.peer,
            transcript.helo,
            protocol.transmission_keyword(
                self._greeted == "EHLO", transaction.utf8, tls is not None, login is not None
            ),
            tls,
            login,
            transcript.session,
        )

    def _kept(self, result: Any) -> None:
        """The store has answered; only now is it ours (RFC 5321 §4.2.5)."""
        self.forgive_junk()
        self._transaction = None
        self._reception.release()
        if isinstance(result, int):
            self.transcript.messages.append(result)
            self.say(Reply(250, replies.OK.status, f"OK, kept as message {result}"))
        elif isinstance(result, StorageFull):
            self.say(replies.STORAGE_FULL)
        else:
            self.say(replies.LOCAL_ERROR)

    # The rest.

    def _reset(self) -> None:
        """No transaction (RFC 5321 §4.1.1.5)."""
        self._reception.forget()
        self._transaction = None

    def _rset(self, argument: bytes) -> None:
        if self.spend_junk():
            self._reset()
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
        self._reset()
        self.say(replies.BYE)
        self.end("quit")
        self.close()


class _TooBig(Exception):
    """The declared size is over the limit."""


def _keep(
    keep: Callable[..., None],
    envelope: Envelope,
    content: Any,
    arrival: Arrival,
    flags: tuple[str, ...],
    done: Callable[[Any], None],
) -> None:
    keep(envelope, content, arrival, done, flags=flags)


_COMMANDS: dict[bytes, Callable[[Session, bytes], None]] = {
    b"EHLO": Session._ehlo,
    b"HELO": Session._helo,
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
