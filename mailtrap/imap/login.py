"""Who the client is: STARTTLS, LOGIN and AUTHENTICATE (RFC 9051 §6.2), sans-IO."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from mailtrap.accounts import Account
from mailtrap.faults.rule import Step
from mailtrap.imap import hierarchy, responses
from mailtrap.imap.commands import Authenticate, Command
from mailtrap.imap.commands import Login as Words
from mailtrap.mail.arrival import Login
from mailtrap.net import sasl
from mailtrap.net.actions import StartTls, Work
from mailtrap.net.negotiation import Negotiation, Sayings

if TYPE_CHECKING:
    from mailtrap.imap.session import Session


def start_tls(session: Session, command: Command) -> None:
    """STARTTLS (RFC 9051 §6.2.1)."""
    if session.transcript.tls is not None:
        session.bad(command, "TLS is in use already")
        return
    injected = session.rest()
    if injected:
        # Sent in the clear, so anybody on the way may have put it there: never performed (RFC 9051 §11.1).
        session.transcript.note(session.now, f"{len(injected)} octets sent after STARTTLS thrown away")
    session.ok(command, "Begin TLS")
    if not session.trouble.ends:
        shake_hands(session)


def shake_hands(session: Session) -> None:
    """Have TLS begin; where it comes first, the greeting follows."""
    trouble = session.trouble.take_tls()
    session.block(StartTls(trouble), partial(_shaken, session, trouble))


def _shaken(session: Session, trouble: str, result: Any) -> None:
    if session.shaken(result, trouble) and session.tls_first:
        session.greet()


def log_in(session: Session, command: Command) -> None:
    """LOGIN (RFC 9051 §6.2.3)."""
    said = cast(Words, command.arguments)
    if not said.user or not said.user.isprintable():
        session.bad(command, "A user name is needed, without control characters")
    elif _may(session, command):
        Admission(session, command).ask(sasl.Claim("LOGIN", said.user, "", said.password))


def authenticate(session: Session, command: Command) -> None:
    """AUTHENTICATE, with or without an initial response (RFC 9051 §6.2.2, RFC 4959)."""
    asked = cast(Authenticate, command.arguments)
    if not _may(session, command):
        return
    if asked.mechanism not in session.policy.mechanisms:
        session.no(command, "This mechanism is not supported")
        return
    Admission(session, command).negotiate(asked.mechanism, asked.initial)


def _may(session: Session, command: Command) -> bool:
    if session.policy.require_tls and session.transcript.tls is None:
        session.no(command, "STARTTLS first: no login in the clear", "PRIVACYREQUIRED")
        return False
    return True


class Admission:
    """Lets one client in, or not."""

    def __init__(self, session: Session, command: Command) -> None:
        self._session = session
        self._command = command
        self._negotiation: Negotiation[bytes] | None = None

    def negotiate(self, mechanism: str, initial: bytes) -> None:
        """By a SASL exchange."""
        tag = self._command.tag
        sayings = Sayings(
            challenge=responses.challenge,
            too_long=responses.tagged(tag, "BAD", "Response too long"),
            bad_base64=responses.tagged(tag, "BAD", "Not base64"),
            bad_response=responses.tagged(tag, "BAD", "Not what this mechanism expects"),
            cancelled=responses.tagged(tag, "BAD", "Cancelled"),
            denied=_denied(tag),
        )
        self._negotiation = Negotiation(self._session, sayings, self.ask)
        self._negotiation.begin(sasl.Exchange(mechanism, b""), initial)

    def ask(self, claim: sasl.Claim) -> None:
        """Whether this is to be believed."""
        if self._negotiation is not None:
            self._negotiation.leave()
        self._session.block(Work(partial(self._admit, claim)), partial(self._answered, claim))

    def _admit(self, claim: sasl.Claim) -> Account | None:
        """On a worker thread: a password may be hard to check, and folders may have to be made."""
        account = self._session.accounts.admit(claim)
        if account is not None:
            hierarchy.furnish(self._session.sandbox.store.folders, account)
        return account

    def _answered(self, claim: sasl.Claim, result: Any) -> None:
        session, command = self._session, self._command
        if isinstance(result, Exception):
            session.no(command, "Not now, try again", "UNAVAILABLE")
        elif result is not None:
            login = Login(claim.mechanism, claim.user)
            session.trouble.unless(Step.IMAP_LOGIN, partial(self._let_in, login, result), login)
        elif self._negotiation is not None:
            self._negotiation.deny(claim)
        else:
            session.refuse(_denied(command.tag))

    def _let_in(self, login: Login, account: Account) -> None:
        session = self._session
        session.account = account
        session.assembly.max_message = session.limits.max_message_size
        session.idle_after = session.policy.patience
        session.transcript.login = login
        session.watch.expect(account)
        session.trouble.tell()
        session.ok(self._command, "Logged in", f"CAPABILITY {session.capabilities}")


def _denied(tag: str) -> bytes:
    return responses.tagged(tag, "NO", "User name or password is wrong", "AUTHENTICATIONFAILED")
