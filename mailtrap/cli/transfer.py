"""`export` and `import`: messages to files and back, one in memory at a time."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from mailtrap.cli.sandboxes import connect, url_option
from mailtrap.cli.terminal import Failure, Progress, binary_input, line, print_json, say
from mailtrap.client import ApiError, ApiInvalid, ApiNotFound, Client, Json

if TYPE_CHECKING:
    from mailtrap.archives import Found, Note

_FORMATS = click.Choice(["eml", "mbox", "maildir", "zip"])


@click.command(short_help="Write messages to eml files, mbox, Maildir, zip.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--format", "-f", "format_", type=_FORMATS, help="Default: by the ending (.mbox, .zip), else eml.")
@click.option("--query", "-q", default="", help="Only what matches.")
@click.option("--inbox", metavar="NAME", help="Only this inbox.")
@click.option("--json", "as_json", is_flag=True, help='Print {"path", "format", "messages", "octets"}.')
@url_option
def export(path: Path, format_: str | None, query: str, inbox: str | None, as_json: bool, url: str | None) -> None:
    """Write messages to PATH, oldest first: a directory of .eml files, an mbox, a Maildir or a zip.

    PATH is there once all is in it. The octets are kept exactly. File names are made of id and digest, never of
    anything in the mail. Where there is room for it (all but mbox) `messages.jsonl` beside them keeps envelope, time,
    inboxes, tags and whether somebody has looked at it, so that `mailtrap import` brings all of that back. In an mbox
    (mboxrd) "From " lines are quoted by ">", which import undoes.
    """
    from mailtrap.archives import Note, writer

    if str(path) == "-":
        raise click.UsageError("An export is written to a path, not to stdout; `mailtrap show ID --raw` prints one.")
    format_ = format_ or {".mbox": "mbox", ".zip": "zip"}.get(path.suffix.lower(), "eml")
    with connect(url) as client:
        # Only what is needed of each: there may be hundreds of thousands.
        notes = [
            Note(
                summary["id"],
                summary["sha256"],
                summary["received_at"],
                summary["inbox"],
                summary["seen"],
                summary["envelope"]["from"],
                tuple(summary["envelope"]["to"]),
                tuple(summary["inboxes"]),
                tuple(summary["tags"]),
            )
            for summary in client.messages(query, inbox=inbox)
        ]
        archive = writer(format_, path)
        progress = Progress("Exported", len(notes))
        gone = 0
        try:
            # What arrives meanwhile is not in the list; what is deleted meanwhile is left out.
            for note in reversed(notes):
                octets = _fetched(client, note)
                if octets is None:
                    gone += 1
                    continue
                archive.add(note, octets)
                progress.step(len(octets))
            archive.close()
        except BaseException as error:
            archive.discard()
            if isinstance(error, OSError):
                raise Failure(f"{error.filename or path}: {error.strerror}", "nothing is exported") from error
            raise
    progress.finish(f"to {path}")
    if gone:
        say(f"{gone} deleted meanwhile, left out")
    if as_json:
        print_json({"path": str(path), "format": format_, "messages": progress.count, "octets": progress.octets})


def _fetched(client: Client, note: Note) -> bytes | None:
    try:
        octets = client.raw(note.id)
    except ApiNotFound:
        return None
    if hashlib.sha256(octets).hexdigest() != note.sha256:
        raise Failure(f"message {note.id} came with other octets than were captured", "see `mailtrap db check`")
    return octets


@click.command("import", short_help="Put messages from files into the sandbox.")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True, exists=True)
)
@click.option("--format", "-f", "format_", type=_FORMATS, help="Default: found out by looking.")
@click.option("--from", "sender", metavar="ADDRESS", help="Reverse-path for all; default: as kept, else the header's.")
@click.option("--to", "recipients", metavar="ADDRESS", multiple=True, help="Recipient for all, repeatable.")
@click.option(
    "--inbox", metavar="NAME", help="Put them into this inbox; default: as kept, else wherever their mail goes."
)
@click.option("--now", is_flag=True, help="They arrive now, whatever the files say of when they did.")
@click.option("--crlf", is_flag=True, help="End lines in CRLF where a message has none (files written on Unix).")
@click.option("--json", "as_json", is_flag=True, help='Print {"messages", "octets", "ids", "refused"}.')
@url_option
def import_(
    paths: Sequence[Path],
    format_: str | None,
    sender: str | None,
    recipients: Sequence[str],
    inbox: str | None,
    now: bool,
    crlf: bool,
    as_json: bool,
    url: str | None,
) -> None:
    """Put messages from files into the sandbox: .eml files, directories of them, mbox, Maildir, zip; `-` is stdin.

    Over the API, octet for octet. The envelope is what an export kept beside the messages, else what their header
    says, unless --from and --to say another. Inboxes, tags and whether somebody has looked at it are as kept, too; a
    Maildir says the last of these by its flag S. Nothing follows on a message that is imported: no delivery, no notice.

    What does not look like mail is refused; --format eml takes it all the same.

    A message keeps the time at which it arrived where the files say it: `messages.jsonl`, the "From " lines of an
    mbox, the file names of a Maildir. What is older than the setting max-age goes at once then; --now keeps it.
    """
    from mailtrap.cli.submission import with_crlf

    formats = _formats(paths, format_)
    progress = Progress("Imported")
    ids: list[str] = []
    times: list[str] = []
    refused: list[Json] = []
    with connect(url) as client:
        marks = _Marks(client)
        try:
            for found in _found(formats):
                octets = with_crlf(found.octets) if crlf and b"\r\n" not in found.octets else found.octets
                from_ = sender if sender is not None else found.sender
                to = recipients or found.recipients or ()
                at = "" if now else found.received_at
                try:
                    into = inbox or " ".join(found.inboxes)
                    posted = client.post(octets, sender=from_, recipients=to, inbox=into, imported=True, received_at=at)
                    ids.append(posted["id"])
                    times.append(posted["received_at"])
                    marks.note(posted["id"], found)
                except ApiNotFound as error:
                    raise Failure(str(error), "say --inbox NAME: the inbox that your token opens") from error
                except ApiError as error:
                    # One bad message does not keep the others out; anything that would hit all of them stops here.
                    if not isinstance(error, ApiInvalid) and error.status != 413:
                        raise
                    refused.append({"file": found.name, "message": str(error)})
                    say(f"mailtrap: {line(found.name)}: {line(str(error))}")
                    continue
                progress.step(len(octets))
        finally:
            progress.finish(f"into {client.url}")
            marks.send()
        _tell_of_age(client, times)
    if as_json:
        print_json({"messages": progress.count, "octets": progress.octets, "ids": ids, "refused": refused})
    if refused:
        raise Failure(f"{len(refused)} could not be imported")


def _tell_of_age(client: Client, times: Sequence[str]) -> None:
    """Say how many of these are older than the sandbox keeps messages: they are gone before anybody looks."""
    from datetime import datetime, timedelta

    try:
        seconds = client.info().get("max_age")
    except ApiNotFound:
        return  # a token that opens one inbox is not told of the server
    if seconds:
        oldest = datetime.fromisoformat(client.clock()["now"]) - timedelta(seconds=seconds)
        if old := sum([datetime.fromisoformat(at) < oldest for at in times]):
            say(f"{old} of them arrived longer ago than max-age allows, and will go; --now makes them new")


class _Marks:
    """What files say of messages beyond envelope and time: told to the sandbox for many of them at once."""

    _AT_ONCE = 200

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ids: dict[tuple[bool, tuple[str, ...]], list[str]] = {}
        self._count = 0

    def note(self, id: str, found: Found) -> None:
        """This message is to be as that one was."""
        if found.seen or found.tags:
            self._ids.setdefault((found.seen, found.tags), []).append(id)
            self._count += 1
            if self._count >= self._AT_ONCE:
                self.send()

    def send(self) -> None:
        """Tell what is not told yet."""
        noted, self._ids, self._count = self._ids, {}, 0
        for (seen, tags), ids in noted.items():
            self._client.mark_matching({"seen": seen, "tags": tags}, ids=ids)


def _formats(paths: Sequence[Path], format_: str | None) -> list[tuple[Path, str | None]]:
    """What each of them is: said before anything is imported, so that a wrong one does not leave half of it done."""
    from mailtrap.archives import guess, left_out

    found: list[tuple[Path, str | None]] = []
    for path in paths:
        if str(path) != "-":
            found.append((path, format_ or guess(path)))
        elif format_ in (None, "eml", "mbox"):
            found.append((path, format_))
        else:
            raise click.UsageError(f"a {format_} cannot be read from stdin.")
    for path, kind in found:
        if kind == "maildir" and (remark := left_out(path)):
            say(line(remark))
    return found


def _found(formats: Sequence[tuple[Path, str | None]]) -> Iterator[Found]:
    from mailtrap.archives import read

    for path, format_ in formats:
        yield from read(path, format_) if str(path) != "-" else _from_stdin(format_)


def _from_stdin(format_: str | None) -> Iterator[Found]:
    from mailtrap.archives import Found, check, read_mbox

    stdin = io.BufferedReader(cast(io.RawIOBase, binary_input()))
    try:
        if format_ == "mbox" or (format_ is None and stdin.peek(5).startswith(b"From ")):
            yield from read_mbox(stdin, "stdin")
        else:
            octets = stdin.read()
            if format_ is None:
                check(octets, "stdin")
            yield Found("stdin", octets)
    finally:
        stdin.detach()  # else it would close the process's own stdin
