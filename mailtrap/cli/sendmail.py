"""`sendmail`: stands in for /usr/sbin/sendmail, so that what calls it (PHP, cron, Git, mutt …) mails the sandbox."""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
from dataclasses import dataclass, field
from typing import IO

import click

from mailtrap.cli.sandboxes import smtp_address
from mailtrap.cli.terminal import binary_input, binary_output
from mailtrap.errors import MailtrapError

# <sysexits.h>, which callers of sendmail know.
EX_OK, EX_USAGE, EX_DATAERR, EX_UNAVAILABLE, EX_TEMPFAIL, EX_CONFIG = 0, 64, 65, 69, 75, 78

#: Options that take a word; it may stand behind the letter or be the next argument.
_WITH_WORD = frozenset("BCDFfhLNOopRrVXM")
#: Options whose word must stand behind the letter, if there is one at all.
_ATTACHED = frozenset("Abdq")

_RECIPIENT_FIELDS = {b"to", b"cc", b"bcc"}
_RESENT_FIELDS = {b"resent-to", b"resent-cc", b"resent-bcc"}
_HIDDEN_FIELDS = {b"bcc", b"resent-bcc"}


class Usage(Exception):
    """An option that cannot be carried out."""


@dataclass(slots=True)
class Options:
    """What sendmail was asked for; options that make no difference here are swallowed."""

    mode: str = "m"
    sender: str | None = None
    full_name: str = ""
    from_header: bool = False
    dot_ends: bool = True
    notify: str = ""
    ret: str = ""
    envelope_id: str = ""
    recipients: list[str] = field(default_factory=list)


class _Verbatim(click.Command):
    """Leaves its arguments alone: sendmail's options are not click's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args == ["--help"]:
            return super().parse_args(ctx, args)
        ctx.params["arguments"] = args
        return []


@click.command(
    cls=_Verbatim, options_metavar="[OPTION]... [RECIPIENT]...", short_help="Stand in for /usr/sbin/sendmail."
)
@click.pass_context
def sendmail(ctx: click.Context, arguments: list[str] | None = None) -> None:
    """Read one message from stdin and hand it to the sandbox, as /usr/sbin/sendmail would.

    Put it in as the program your application calls: `sendmail_path = "mailtrap sendmail -t -i"` in php.ini, or a
    symbolic link named sendmail to mailtrap. The server is that of MAILTRAP_SMTP (host:port), else that of the settings
    (MAILTRAP_HOST, MAILTRAP_SMTP_PORT).

    \b
    -t        recipients from To, Cc and Bcc, besides those given; Bcc is removed
    -i, -oi   a line with a dot alone does not end the message
    -f, -r    reverse-path            -F   full name, where there is no From field
    -bm       deliver (the default)   -bs  speak SMTP on stdin and stdout
    -N -R -V  DSN: notify, ret, envid (RFC 3461)
    -bp, -bi, -q                      nothing is queued: these do nothing

    All other options of sendmail are accepted and ignored. Line ends become CRLF; From, Date and Message-ID are
    added where they are missing, as the real one does. Exit codes are those of <sysexits.h>.
    """
    try:
        code = run(arguments or [])
    except Usage as error:
        click.echo(f"sendmail: {error}", err=True)
        code = EX_USAGE
    except MailtrapError as error:
        click.echo(f"sendmail: {error}: {error.hint}", err=True)
        code = EX_CONFIG
    ctx.exit(code)


def run(arguments: list[str]) -> int:
    """Do what sendmail would with these arguments. Returns its exit code."""
    options = parse(arguments)
    if options.mode == "s":
        return bridge(*smtp_address(None))
    if options.mode == "p":
        click.echo("Mail queue is empty")
        return EX_OK
    if options.mode in ("i", "q"):
        return EX_OK
    if options.mode != "m":
        raise Usage(f"-b{options.mode} is not for a sandbox: `mailtrap serve` is the server")
    return deliver(options, binary_input())


def parse(arguments: list[str]) -> Options:
    """Read sendmail's options, which come in one-letter bundles (`-ti`) with words attached or next."""
    options = Options()
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if argument == "--":
            options.recipients += left
            break
        if not argument.startswith("-") or argument == "-":
            options.recipients.append(argument)
            continue
        letters = argument[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            word = ""
            if letter in _ATTACHED:
                word, letters = letters, ""
            elif letter in _WITH_WORD:
                word, letters = letters, ""
                if not word:
                    if not left:
                        raise Usage(f"-{letter} wants a word behind it")
                    word = left.pop(0)
            _take(options, letter, word)
    return options


def _take(options: Options, letter: str, word: str) -> None:
    match letter:
        case "t":
            options.from_header = True
        case "i":
            options.dot_ends = False
        case "o" if word.startswith("i"):
            options.dot_ends = False
        case "O" if word.lower().replace(" ", "") in ("ignoredots", "ignoredots=true"):
            options.dot_ends = False
        case "f" | "r":
            options.sender = word.strip().removeprefix("<").removesuffix(">")
        case "F":
            options.full_name = word
        case "b":
            options.mode = word[:1] or "m"
        case "q":
            options.mode = "q"
        case "N":
            options.notify = word
        case "R":
            options.ret = word
        case "V":
            options.envelope_id = word


# ---------------------------------------------------------------------------------------------------- delivering


def deliver(options: Options, source: IO[bytes]) -> int:
    """Hand over the message in `source`. Returns the exit code."""
    from mailtrap.cli.submission import NoServer, Refused, Route, Submission

    octets = _read(source, options.dot_ends)
    header, body = _split(octets)
    recipients = [address for word in options.recipients for address in _addresses(word)]
    if options.from_header:
        recipients += _from_header(header)
        header = [line for line in header if _name(line) not in _HIDDEN_FIELDS]
    recipients = list(dict.fromkeys(recipients))
    if not recipients:
        click.echo("sendmail: no recipients: give addresses, or -t and a header with To, Cc or Bcc", err=True)
        return EX_USAGE if not options.from_header else EX_DATAERR
    sender = options.sender if options.sender is not None else _user()
    header += _missing(header, sender, options.full_name)
    message = b"".join(header) + body
    mail = [f"RET={options.ret.upper()}"] if options.ret else []
    mail += [f"ENVID={_xtext(options.envelope_id)}"] if options.envelope_id else []
    rcpt = [f"NOTIFY={options.notify.upper().replace(' ', '')}"] if options.notify else []
    host, port = smtp_address(None)
    try:
        with Submission(Route(host, port)) as submission:
            submission.send(message, sender, recipients, mail_parameters=mail, rcpt_parameters=rcpt)
    except Refused as refusal:
        click.echo(f"sendmail: {refusal}", err=True)
        return EX_TEMPFAIL if refusal.is_transient else EX_UNAVAILABLE
    except NoServer as error:
        click.echo(f"sendmail: {error} ({error.hint})", err=True)
        return EX_TEMPFAIL
    return EX_OK


def _read(source: IO[bytes], dot_ends: bool) -> bytes:
    from mailtrap.cli.submission import with_crlf

    octets = source.read()
    if octets.startswith(b"From "):  # the line that an mbox puts before a message
        octets = octets.partition(b"\n")[2]
    if dot_ends:
        dot = re.search(rb"(?m)^\.\r?$", octets)
        if dot and octets[dot.end() : dot.end() + 1] in (b"\n", b""):
            octets = octets[: dot.start()]
    return with_crlf(octets)


def _split(octets: bytes) -> tuple[list[bytes], bytes]:
    """The header fields, folded as they are, and the rest with its empty line. `octets` has CRLF line ends."""
    fields: list[bytes] = []
    position = 0
    while position < len(octets):
        end = octets.find(b"\r\n", position) + 2
        line = octets[position:end]
        if fields and line[:1] in b" \t":
            fields[-1] += line
        elif re.match(rb"[!-9;-~]+[ \t]*:", line):
            fields.append(line)
        else:
            break
        position = end
    body = octets[position:]
    return fields, body if body.startswith(b"\r\n") else b"\r\n" + body


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].strip().lower()


def _addresses(text: str) -> list[str]:
    from mailtrap.mail.mailboxes import read_mailboxes

    return [mailbox.address for mailbox in read_mailboxes(text) if mailbox.address]


def _from_header(header: list[bytes]) -> list[str]:
    """Recipients that the header names; those of a resent message only, where it is one (RFC 5322 §3.6.6)."""
    names = {_name(line) for line in header}
    wanted = _RESENT_FIELDS if names & _RESENT_FIELDS else _RECIPIENT_FIELDS
    found: list[str] = []
    for line in header:
        if _name(line) in wanted:
            value = line.partition(b":")[2].replace(b"\r\n", b"")
            found += _addresses(value.decode("utf-8", "surrogateescape"))
    return found


def _missing(header: list[bytes], sender: str, full_name: str) -> list[bytes]:
    from email.utils import format_datetime, formataddr, localtime, make_msgid

    names = {_name(line) for line in header}
    added = []
    if b"from" not in names:
        address = sender or "MAILER-DAEMON@localhost"
        full_name = "".join(character for character in full_name if character.isprintable())
        mailbox = formataddr((full_name, address)) if address.isascii() else address
        added.append(f"From: {mailbox}\r\n")
    if b"date" not in names:
        added.append(f"Date: {format_datetime(localtime())}\r\n")
    if b"message-id" not in names:
        added.append(f"Message-ID: {make_msgid(domain='localhost')}\r\n")
    return [line.encode() for line in added]


def _user() -> str:
    import getpass

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@localhost"


def _xtext(text: str) -> str:
    """RFC 3461 §4: octets outside `!` to `~`, and `+` and `=`, as `+3D`."""
    return "".join(chr(o) if 0x21 <= o <= 0x7E and o not in b"+=" else f"+{o:02X}" for o in text.encode())


# ---------------------------------------------------------------------------------------------------------- -bs


def bridge(host: str, port: int) -> int:
    """Connect stdin and stdout with the server until it hangs up. Returns the exit code."""
    try:
        connection = socket.create_connection((host, port), timeout=30)
    except OSError as error:
        click.echo(f"421 4.3.2 localhost no SMTP server answers at {host}:{port}: {error.strerror or error}\r")
        return EX_TEMPFAIL
    connection.settimeout(None)
    # A thread, since stdin may be a file or a terminal, which cannot be waited for together with a socket everywhere.
    threading.Thread(target=_upstream, args=(connection,), daemon=True).start()
    output = binary_output()
    try:
        while octets := connection.recv(65_536):
            output.write(octets)
            output.flush()
    except OSError:
        return EX_TEMPFAIL
    finally:
        connection.close()
    return EX_OK


def _upstream(connection: socket.socket) -> None:
    source = sys.stdin.fileno()
    last = b""
    try:
        while octets := os.read(source, 65_536):
            # Callers on Unix may end lines in LF only; SMTP knows CRLF (RFC 5321 §2.3.8).
            connection.sendall(re.sub(rb"(?<!\r)\n", b"\r\n", last + octets)[len(last) :])
            last = octets[-1:] if octets.endswith(b"\r") else b""
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the server hung up first: the other direction sees it too
