"""Reads messages from files, and does nothing that a file wants done."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from mailtrap.archives.notes import MAX_RATIO, NOTES, RATIO_FROM, Found, moment, noted, read_notes
from mailtrap.errors import Invalid

#: Bounds on what an archive may make us do (a zip of 50 KB can claim to hold gigabytes).
MAX_OCTETS = 256 * 1024 * 1024
MAX_ENTRIES = 1_000_000
_MAX_NOTES = 512 * 1024 * 1024

#: Fields that mail has (RFC 5322 §3.6, RFC 2045 §3); a message has at least one of them, other files have not.
_USUAL = frozenset(
    b"""
    bcc cc content-disposition content-transfer-encoding content-type date delivered-to dkim-signature from message-id
    in-reply-to list-id mime-version received references reply-to return-path sender subject to x-mailer
    """.split()
)
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
#: Octets of a file that are looked at.
_START = 65_536

_WHAT = "give eml files, an mbox, a Maildir, a zip"
_CONSENT = "--format eml takes it as a message all the same"


def guess(path: Path) -> str:
    """Which of FORMATS `path` is. Raises Invalid where there is nothing to read, or nothing that looks like mail."""
    try:
        return _guess(path)
    except OSError as error:
        raise _unreadable(error, path) from error


def _guess(path: Path) -> str:
    if path.is_dir():
        if _is_maildir(path):
            return "maildir"
        if not (path / NOTES).is_file() and next(_eml_files(path), None) is None:
            within = folders(path)
            hint = f"give each of the Maildirs in it: {_few(within)}" if within else _WHAT
            raise Invalid(f"{path} has no .eml files, and is no Maildir, which has cur and new", hint)
        return "eml"
    with _opened(path) as file:
        start = file.read(_START)
    if path.suffix.lower() == ".eml":
        return "eml"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if start.startswith(b"From "):
        return "mbox"
    check(start, str(path))
    return "eml"


def folders(path: Path) -> list[Path]:
    """The Maildirs in a directory, which are folders of their own where it is a Maildir itself (Maildir++)."""
    try:
        return sorted([one for one in path.iterdir() if not one.is_symlink() and _is_maildir(one)])
    except OSError:
        return []  # no directory, or one that tells nobody: whoever reads it says so


def left_out(path: Path) -> str:
    """What is said of the folders of a Maildir, which are not read with it; empty where it has none."""
    within = folders(path)
    return f"{path} has folders, which are left out; give them too, if you want them: {_few(within)}" if within else ""


def _few(paths: Sequence[Path]) -> str:
    return " ".join([str(path) for path in paths[:5]]) + (" …" if len(paths) > 5 else "")


def check(octets: bytes, name: str) -> None:
    """Raise Invalid for what is no message by the look of it, which nobody has said to be one."""
    lines = octets[:_START].splitlines()
    if not lines or not _FIELD.match(lines[0]):
        raise Invalid(f"{name} is no message: it does not begin with a header field", _CONSENT)
    for line in lines:
        if not line:
            break
        field = _FIELD.match(line)
        if field and field[1].lower() in _USUAL:
            return
    raise Invalid(f"{name} is no message: it has none of the fields that mail has, From, To, Date, Subject …", _CONSENT)


def read(path: Path, format_: str | None = None) -> Iterator[Found]:
    """The messages in `path`, in the order in which they were written, one in memory at a time.

    Nothing that an archive says is used as a path. Raises Invalid where it is broken or beyond the bounds above.
    """
    try:
        found = _read(path, format_ or _guess(path))
    except OSError as error:
        raise _unreadable(error, path) from error
    return _readable(found, path)


def _read(path: Path, format_: str) -> Iterator[Found]:
    if format_ == "maildir" and not _is_maildir(path):
        raise Invalid(f"{path} is no Maildir, which has cur and new", "see --format")
    match format_:
        case "zip":
            return read_zip(path)
        case "maildir":
            return _read_maildir(path)
        case "mbox":
            return _read_mbox_file(path)
        case _ if path.is_dir():
            return _read_files(path)
        case _:
            return iter([Found(str(path), _read_file(path))])


def _readable(found: Iterator[Found], path: Path) -> Iterator[Found]:
    try:
        yield from found
    except OSError as error:
        raise _unreadable(error, path) from error


def _unreadable(error: OSError, path: Path) -> Invalid:
    return Invalid(f"{error.filename or path}: {error.strerror}", "give files that can be read")


def _is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() and (path / "new").is_dir()


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}", _WHAT) from error


def read_mbox(file: IO[bytes], name: str) -> Iterator[Found]:
    """The messages of an mbox; quoting is undone as mboxrd says."""
    content: bytearray | None = None
    sender = received_at = ""
    newline = b"\n"
    at_start = True
    number = 0
    # Pieces, not lines: a line may be as long as the file.
    while piece := file.readline(65_536):
        if at_start and piece.startswith(b"From "):
            if content is not None:
                number += 1
                yield _from_mbox(f"{name}#{number}", content, newline, sender, received_at)
            content = bytearray()
            newline = b"\r\n" if piece.endswith(b"\r\n") else b"\n"
            words = piece.split()
            sender = words[1].decode("utf-8", "replace") if len(words) > 1 else ""
            received_at = _time_of(piece)
        elif content is None:
            raise Invalid(f"{name} is not an mbox: it does not start with a `From ` line", "see --format")
        else:
            content += piece
            if len(content) > MAX_OCTETS:
                raise Invalid(f"{name}: message {number + 1} is larger than {MAX_OCTETS >> 20} MB", "split the file")
        at_start = piece.endswith(b"\n")
    if content is not None:
        yield _from_mbox(f"{name}#{number + 1}", content, newline, sender, received_at)


def _from_mbox(name: str, content: bytearray, newline: bytes, sender: str, received_at: str) -> Found:
    octets = bytes(content).removesuffix(newline)
    octets = re.sub(rb"(?m)^>(?=>*From )", b"", octets)
    return Found(name, octets, "" if sender == "MAILER-DAEMON" else sender or None, received_at=received_at)


#: asctime, as RFC 4155 wants it, or with the zone that some programs put before or after the year.
_ASCTIME = re.compile(
    rb"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d)(?::(\d\d))?"
    rb"(?: (?:[A-Z]{1,5}|([+-]\d{4})))? (\d{4})(?: ([+-]\d{4}))?\s*\Z"
)
_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")


def _time_of(line: bytes) -> str:
    """When a From_ line says that its message arrived, in UTC unless it says another zone by its numbers."""
    found = _ASCTIME.search(line)
    if not found or found[1] not in _MONTHS:
        return ""
    day, hour, minute, second = (int(number or 0) for number in found.group(2, 3, 4, 5))
    zone = (found[6] or found[8] or b"+0000").decode("ascii")
    month = _MONTHS.index(found[1]) + 1
    date = f"{int(found[7]):04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{min(second, 59):02d}"
    return moment(f"{date}{zone[:3]}:{zone[3:]}")


def _read_mbox_file(path: Path) -> Iterator[Found]:
    with _opened(path) as file:
        yield from read_mbox(file, str(path))


def read_zip(path: Path) -> Iterator[Found]:
    """The `.eml` entries of a zip. Entries that try something (`..`, absolute, links, bombs) end the reading."""
    try:
        with _opened(path) as file, zipfile.ZipFile(file) as archive:
            yield from _entries(archive, path)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise Invalid(f"{path} is not a zip that can be read: {error}", "see --format") from error


def _entries(archive: zipfile.ZipFile, path: Path) -> Iterator[Found]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Invalid(f"{path} has more than {MAX_ENTRIES} entries", "split it")
    notes: dict[str, Any] | None = None
    for entry in entries:
        parts = re.split(r"[\\/]", entry.filename)
        if ".." in parts or not parts[0] or ":" in parts[0] or stat.S_ISLNK(entry.external_attr >> 16):
            raise Invalid(f"{path}: the entry {entry.filename!r} points outside", "do not trust this zip")
        if entry.filename == NOTES:
            notes = read_notes(_unpack(archive, entry, path, _MAX_NOTES).splitlines())
    messages = [entry for entry in entries if _is_eml(entry.filename)]
    if notes is None and not messages:
        raise Invalid(f"{path} has no .eml files", _WHAT)
    for entry in messages:
        octets = _unpack(archive, entry, path, MAX_OCTETS)
        yield noted(Found(f"{path}#{entry.filename}", octets), (notes or {}).get(entry.filename))


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, most: int) -> bytes:
    # What the directory claims about sizes is not believed: counting stops at the bound.
    bound = most
    if entry.file_size > RATIO_FROM:
        bound = min(most, max(RATIO_FROM, entry.compress_size * MAX_RATIO))
    try:
        with archive.open(entry) as file:
            octets = file.read(bound + 1)
    except RuntimeError as error:
        raise Invalid(
            f"{path}: {entry.filename!r} cannot be unpacked: {error}", "encrypted zips are not read"
        ) from error
    if len(octets) > bound:
        raise Invalid(
            f"{path}: the entry {entry.filename!r} unpacks to more than {bound >> 20} MB", "import it by itself"
        )
    return octets


def _is_eml(name: str) -> bool:
    return name.lower().endswith(".eml")


def _raised(error: OSError) -> None:
    raise error  # a folder that cannot be looked into is not left out in silence


def _eml_files(path: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(path, onerror=_raised):
        folders.sort(key=_natural)
        for name in sorted(files, key=_natural):
            if _is_eml(name):
                yield os.path.relpath(os.path.join(folder, name), path)


def _maildir_files(path: Path) -> Iterator[str]:
    found = [(name, f"{folder}/{name}") for folder in ("cur", "new") for name in os.listdir(path / folder)]
    # Names begin with the second of arrival; ours go on with the id. By name is by arrival.
    found.sort(key=lambda pair: _natural(pair[0]))
    return (file for name, file in found if not name.startswith("."))


def _natural(name: str) -> list[str | int]:
    """Sorts `999999-…` before `1000000-…`."""
    # Split by digits, words and numbers alternate, so that like is compared with like.
    return [int(word) if place % 2 else word for place, word in enumerate(re.split(r"([0-9]+)", name))]


def _read_files(path: Path) -> Iterator[Found]:
    notes = _notes_beside(path)
    for name in _eml_files(path):
        if not (path / name).is_symlink():
            yield noted(Found(str(path / name), _read_file(path / name)), notes.get(name))


def _read_maildir(path: Path) -> Iterator[Found]:
    # Other programs rename what they show: from `new` into `cur`, and with other flags behind the colon.
    notes = {_unique(name): note for name, note in _notes_beside(path).items()}
    for name in _maildir_files(path):
        place = path / name
        if not place.is_symlink():
            found = noted(Found(str(place), _read_file(place)), notes.get(_unique(name)))
            seen = "S" in name.partition(":2,")[2]
            yield replace(found, received_at=found.received_at or _delivered(place), seen=seen)


def _unique(name: str) -> str:
    """The part of a file's name in a Maildir that stays."""
    return name.rpartition("/")[2].partition(":")[0]


def _notes_beside(path: Path) -> dict[str, Any]:
    if not (path / NOTES).is_file():
        return {}
    with _opened(path / NOTES) as file:
        return read_notes(file)


def _delivered(file: Path) -> str:
    """When a file of a Maildir arrived: its name begins with the second (`1767225600.M5P7.host:2,S`).

    IMAP servers note the INTERNALDATE of what they were given later as the time of the file, which is earlier then;
    a file that was only copied is younger than its name.
    """
    seconds = int(file.stat().st_mtime)
    if named := re.match(r"([0-9]{1,11})\.", file.name):
        seconds = min(seconds, int(named[1]))
    return datetime.fromtimestamp(max(seconds, 0), UTC).isoformat().removesuffix("+00:00") + "Z"


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            octets = file.read(MAX_OCTETS + 1)
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}", "give files that can be read") from error
    if len(octets) > MAX_OCTETS:
        raise Invalid(f"{path} is larger than {MAX_OCTETS >> 20} MB", "the server would not take it either")
    return octets
