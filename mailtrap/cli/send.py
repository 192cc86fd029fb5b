"""`send`: messages from files, stdin or a sample, handed to the sandbox over SMTP as an application would."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from mailtrap.cli.sandboxes import smtp_address
from mailtrap.cli.terminal import Failure, NobodyThere, binary_input, line, print_json


@click.command(short_help="Send messages to the sandbox over SMTP.")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--sample", is_flag=True, help="Send a sample message with HTML, a picture and an attachment.")
@click.option("--from", "sender", metavar="ADDRESS", help="Reverse-path; default: from the header. '' is the null one.")
@click.option(
    "--to", "recipients", metavar="ADDRESS", multiple=True, help="Recipient, repeatable; default: To, Cc, Bcc."
)
@click.option("--smtp", metavar="HOST:PORT", help="Default MAILTRAP_SMTP, else the address of the settings.")
@click.option("--starttls", "protection", flag_value="starttls", help="Ask for TLS after connecting.")
@click.option("--tls", "protection", flag_value="tls", help="TLS from the start; port 1465 unless --smtp says another.")
@click.option("--login", metavar="USER:PASSWORD", help="Log in.")
@click.option("--ca", type=click.Path(exists=True, dir_okay=False), help="Check the server's certificate with this CA.")
@click.option("--exact", is_flag=True, help="Send the octets as they are, also where all lines end in LF only.")
@click.option("--json", "as_json", is_flag=True, help='Print a list of {"file", "code", "text"}.')
def send(
    files: Sequence[str],
    sample: bool,
    sender: str | None,
    recipients: Sequence[str],
    smtp: str | None,
    protection: str | None,
    login: str | None,
    ca: str | None,
    exact: bool,
    as_json: bool,
) -> None:
    """Send messages (.eml files; `-` or nothing is stdin) over SMTP and print what the server said.

    The octets arrive as they are in the file. Only a file without any CRLF is taken for a Unix text and gets CRLF,
    as every mail program would do; --exact leaves that alone too.
    """
    from mailtrap.cli.submission import HungUp, NoServer, Refused, Route, Submission, with_crlf

    if sample and files:
        raise click.UsageError("--sample is the message: give no files with it.")
    if not files and not sample and sys.stdin.isatty():
        raise click.UsageError("Nothing to send: give files, pipe a message in, or use --sample.")
    if login is not None and ":" not in login:
        raise click.UsageError("--login wants USER:PASSWORD.")
    host, port = smtp_address(smtp)
    if protection == "tls" and not smtp and not os.environ.get("MAILTRAP_SMTP"):
        from mailtrap.settings import load

        port = load({}, os.environ).smtps_port
    user, _, password = (login or "").partition(":")
    route = Route(host, port, protection or "", (user, password) if login else None, ca)
    said = []
    refused = 0
    try:
        with Submission(route) as submission:
            for name, octets in _messages(files, sample):
                if not exact and b"\r\n" not in octets:
                    octets = with_crlf(octets)
                reverse_path, forward_paths = _envelope(octets, sender, recipients, name)
                try:
                    reply = submission.send(octets, reverse_path, forward_paths)
                except Refused as refusal:
                    refused += 1
                    reply = str(refusal)
                    code, text = refusal.code, refusal.text
                else:
                    code, text = int(reply[:3]), reply[4:]
                said.append({"file": name, "code": code, "text": text})
                if not as_json:
                    click.echo(f"{line(name)}: {line(reply)}")
    except Refused as refusal:
        raise Failure(str(refusal), "see --login, --starttls and --tls") from refusal
    except HungUp as error:
        raise Failure(str(error), error.hint) from error
    except NoServer as error:
        raise NobodyThere(str(error), error.hint) from error
    if as_json:
        print_json(said)
    if refused:
        raise Failure(f"{refused} of {len(said)} refused")


def _messages(files: Sequence[str], sample: bool) -> Iterator[tuple[str, bytes]]:
    if sample:
        from mailtrap.clock import Clock
        from mailtrap.mail.samples import sample as make

        yield "sample", make(Clock().now())
        return
    for name in files or ("-",):
        if name == "-":
            yield "stdin", binary_input().read()
        else:
            yield name, _read(name)


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}", "give files that can be read") from error


def _envelope(octets: bytes, sender: str | None, recipients: Sequence[str], name: str) -> tuple[str, Sequence[str]]:
    """What was given, else what the header says."""
    from mailtrap.mail.heading import read_heading

    if sender is not None and recipients:
        return sender, recipients
    heading = read_heading(octets)
    if sender is None:
        sender = heading.sender[0].address if heading.sender else ""
    if not recipients:
        recipients = list(dict.fromkeys(m.address for m in (*heading.to, *heading.cc, *heading.bcc) if m.address))
    if not recipients:
        what = "names no recipient in To, Cc or Bcc" if octets else "is empty"
        raise Failure(f"{name} {what}", "say who gets it with --to")
    return sender, recipients
