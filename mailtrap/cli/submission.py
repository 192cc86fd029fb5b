"""Handing a message to an SMTP server with its octets intact, for `send` and `sendmail`."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

CRLF = b"\r\n"
#: Seconds: a server that does not greet is another kind of server; a reply to content may take its time.
_GREETING = 20.0
_REPLY = 120.0


class Refused(Exception):
    """The server said no. `step` is what it said no to, as it was asked."""

    def __init__(self, step: str, code: int, text: bytes) -> None:
        self.step = step
        self.code = code
        self.text = text.decode("utf-8", "replace")
        super().__init__(f"{step}: {code} {self.text}")

    @property
    def is_transient(self) -> bool:
        """Whether the same may work later (RFC 5321 §4.2.1)."""
        return 400 <= self.code < 500


class NoServer(Exception):
    """Nobody answers there, the connection broke, or TLS failed; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class HungUp(NoServer):
    """Somebody answered there, and went away before all was said."""


@dataclass(frozen=True, slots=True)
class Route:
    """How to reach the server. `protection` is "", "starttls" or "tls"; its certificate is checked if `ca_file`."""

    host: str
    port: int
    protection: str = ""
    login: tuple[str, str] | None = None
    ca_file: str | None = None


class Submission:
    """One SMTP session, for any number of messages."""

    def __init__(self, route: Route) -> None:
        try:
            self._smtp = self._connect(route)
        except (OSError, smtplib.SMTPException) as error:
            raise _failure(error, route) from error
        self._route = route

    def __enter__(self) -> Submission:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            self._smtp.close()

    def _connect(self, route: Route) -> smtplib.SMTP:
        context = ssl.create_default_context(cafile=route.ca_file)
        if not route.ca_file:
            # A sandbox has a self-signed certificate and gets test mail: asking to trust it first helps nobody.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        where = (route.host, route.port, "localhost")
        if route.protection == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=_GREETING, context=context)
        else:
            smtp = smtplib.SMTP(*where, timeout=_GREETING)
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(_REPLY)
            smtp.ehlo_or_helo_if_needed()
            if route.protection == "starttls":
                smtp.starttls(context=context)
                smtp.ehlo()
            if route.login:
                smtp.login(*route.login)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def send(
        self,
        octets: bytes,
        sender: str,
        recipients: Sequence[str],
        *,
        mail_parameters: Sequence[str] = (),
        rcpt_parameters: Sequence[str] = (),
    ) -> str:
        """Send one message; all or nothing. Returns what the server said to it. Raises Refused or NoServer.

        The octets arrive as they are. Where they do not end in CRLF that takes CHUNKING, since DATA cannot say it;
        a server without gets a final CRLF more.
        """
        smtp = self._smtp
        parameters = list(mail_parameters) if smtp.has_extn("dsn") else []
        if smtp.has_extn("size"):
            parameters.append(f"SIZE={len(octets)}")
        if smtp.has_extn("smtputf8") and not all(address.isascii() for address in (sender, *recipients)):
            parameters.append("SMTPUTF8")
            smtp.command_encoding = "utf-8"
        if smtp.has_extn("8bitmime") and not octets.isascii():
            parameters.append("BODY=8BITMIME")
        try:
            self._ask(" ".join([f"MAIL FROM:<{sender}>", *parameters]))
            options = rcpt_parameters if smtp.has_extn("dsn") else ()
            for recipient in recipients:
                self._ask(" ".join([f"RCPT TO:<{recipient}>", *options]))
            if octets.endswith(CRLF) or not octets or not smtp.has_extn("chunking"):
                self._ask("DATA", 354)
                smtp.send(dot_stuffed(octets if octets.endswith(CRLF) else octets + CRLF) + b".\r\n")
            else:
                smtp.send(b"BDAT %d LAST\r\n" % len(octets) + octets)
            code, text = smtp.getreply()
            if code != 250:
                raise Refused("the message", code, text)
            return f"{code} {text.decode('utf-8', 'replace')}"
        except Refused:
            with suppress(OSError, smtplib.SMTPException):  # it may have hung up after a 421
                smtp.rset()
            raise
        except UnicodeEncodeError:
            raise Refused("an address that is not ASCII", 553, b"5.6.7 the server offers no SMTPUTF8") from None
        except (OSError, smtplib.SMTPException) as error:
            failure = _failure(error, self._route)
            if isinstance(failure, NoServer):
                reason = getattr(error, "strerror", None) or str(error)
                where = f"{self._route.host}:{self._route.port}"
                hint = "`mailtrap sessions` says what became of it; what had no reply may have been kept all the same"
                failure = HungUp(f"the SMTP server at {where} hung up before its reply: {reason}", hint)
            raise failure from error

    def _ask(self, command: str, wanted: int = 250) -> None:
        # smtplib refuses CR and LF in commands itself (ValueError); say so in our words.
        if "\r" in command or "\n" in command:
            raise Refused("an address with a line break", 553, b"5.1.3 not sent")
        code, text = self._smtp.docmd(command)
        if code != wanted and not (wanted == 250 and code == 251):
            raise Refused(command, code, text)


def dot_stuffed(octets: bytes) -> bytes:
    """Transparency (RFC 5321 §4.5.2). Lines end in CRLF only: a dot after a bare LF is left alone."""
    return (b"." if octets.startswith(b".") else b"") + octets.replace(b"\r\n.", b"\r\n..")


def with_crlf(octets: bytes) -> bytes:
    """A Unix text as SMTP wants it: every line ends in CRLF, the last one too."""
    octets = re.sub(rb"\r?\n", CRLF, octets)
    return octets if octets.endswith(CRLF) or not octets else octets + CRLF


def _failure(error: Exception, route: Route) -> Exception:
    where = f"{route.host}:{route.port}"
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        step = "the login" if isinstance(error, smtplib.SMTPAuthenticationError) else "the connection"
        return Refused(step, error.smtp_code, text)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refused("the connection", 502, str(error).encode())
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "give the file that `mailtrap ca` prints where the server runs; without --ca nothing is checked"
        return NoServer(f"the certificate of {where} is not trusted: {error.verify_message}", hint)
    if isinstance(error, ssl.SSLError):
        hint = "--tls is for a port that begins with TLS, such as 1465; say --starttls, or neither, for any other"
        return NoServer(f"TLS with {where} failed: {error.reason or error}", hint)
    reason = getattr(error, "strerror", None) or str(error)
    hint = "start one with `mailtrap serve`, or say where it is with --smtp or MAILTRAP_SMTP"
    if isinstance(error, smtplib.SMTPServerDisconnected) and not route.protection:
        hint += "; a port that begins with TLS wants --tls"
    return NoServer(f"no SMTP server answers at {where}: {reason}", hint)
