"""Messages in files: eml directories, mbox, Maildir and zip, written and read back octet for octet."""

from __future__ import annotations

import calendar
import json
import os
import re
import stat
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol

from mailtrap.errors import Invalid

FORMATS = ("eml", "mbox", "maildir", "zip")

#: Beside the messages: what their octets do not say, one JSON object a line.
NOTES = "messages.jsonl"

#: Bounds on what an archive may make us do (a zip of 50 KB can claim to hold gigabytes).
MAX_OCTETS = 256 * 1024 * 1024
MAX_ENTRIES = 1_000_000
MAX_RATIO = 100
_RATIO_FROM = 10 * 1024 * 1024
_MAX_NOTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of a message besides its octets. `received_at` is RFC 3339, `sender` "" the null reverse-path."""

    id: str
    sha256: str
    received_at: str
    inbox: str
    seen: bool
    sender: str
    recipients: tuple[str, ...]

    @property
    def stem(self) -> str:
        """`000012-1f2e3d4c`: nothing of it comes from the mail, so no mail chooses where a file is written."""
        return f"{int(self.id):06d}-{int(self.sha256[:8], 16):08x}"

    @property
    def seconds(self) -> int:
        """When it arrived, in whole seconds since the epoch."""
        return calendar.timegm(time.strptime(self.received_at[:19], "%Y-%m-%dT%H:%M:%S"))


@dataclass(frozen=True, slots=True)
class Found:
    """A message read from a file; `sender` and `recipients` are None where the file does not tell.

    `received_at` is RFC 3339 in UTC, empty where nobody noted when it arrived.
    """

    name: str
    octets: bytes
    sender: str | None = None
    recipients: tuple[str, ...] | None = None
    received_at: str = ""


class Writer(Protocol):
    """Takes messages one by one; `close` completes the archive."""

    def add(self, note: Note, octets: bytes) -> None:
        """Write one message."""

    def close(self) -> None:
        """No more will come."""


# ------------------------------------------------------------------------------------------------------ writing


def writer(format_: str, path: Path) -> Writer:
    """A writer that makes `path` anew. Raises Invalid where something is there already, so that nothing is lost."""
    if path.exists() and not (path.is_dir() and format_ in ("eml", "maildir") and not any(path.iterdir())):
        raise Invalid(f"{path} exists already", "give a path that does not, or remove it first")
    if not path.parent.is_dir():
        raise Invalid(f"{path.parent} is not a directory", "create it first")
    if format_ == "eml":
        return EmlWriter(path)
    if format_ == "maildir":
        return MaildirWriter(path)
    file = path.open("xb")
    return MboxWriter(file) if format_ == "mbox" else ZipWriter(file)


class EmlWriter:
    """One file a message, named by id and digest."""

    def __init__(self, path: Path) -> None:
        path.mkdir(exist_ok=True)
        self._path = path
        self._notes = (path / NOTES).open("x", encoding="utf-8")

    def add(self, note: Note, octets: bytes) -> None:
        """Write `000012-1f2e3d4c.eml`."""
        name = f"{note.stem}.eml"
        with (self._path / name).open("xb") as file:
            file.write(octets)
        self._notes.write(_note_line(name, note))

    def close(self) -> None:
        """Close the notes."""
        self._notes.close()


class MaildirWriter:
    """A Maildir (`new` for what nobody has looked at, `cur` for the rest); each message appears whole, by a rename."""

    def __init__(self, path: Path) -> None:
        for name in ("", "tmp", "new", "cur"):
            (path / name).mkdir(exist_ok=True)
        self._path = path
        self._notes = (path / NOTES).open("x", encoding="utf-8")

    def add(self, note: Note, octets: bytes) -> None:
        """Write `new/1767225600.000012-1f2e3d4c.mailtrap`, or the same in `cur` with the flag S."""
        name = f"{note.seconds}.{note.stem}.mailtrap"
        target = f"cur/{name}:2,S" if note.seen else f"new/{name}"
        (self._path / "tmp" / name).write_bytes(octets)
        os.rename(self._path / "tmp" / name, self._path / target)
        self._notes.write(_note_line(target, note))

    def close(self) -> None:
        """Close the notes."""
        self._notes.close()


class MboxWriter:
    """mboxrd: `From ` lines are quoted by one more `>`, which is undone exactly.

    Content is followed by one LF, whatever it ends in, and that one is taken off again. So messages without a
    final newline come back without one. (RFC 4155 leaves all of this open.)
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, note: Note, octets: bytes) -> None:
        """Write the From_ line and the quoted content."""
        sender = re.sub(r"[^!-~]", "?", note.sender) or "MAILER-DAEMON"
        date = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(note.seconds))
        self._file.write(f"From {sender} {date}\n".encode("ascii"))
        self._file.write(re.sub(rb"(?m)^(?=>*From )", b">", octets))
        self._file.write(b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class ZipWriter:
    """A zip of eml files; the same messages make the same zip."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._notes: list[str] = []

    def add(self, note: Note, octets: bytes) -> None:
        """Write `000012-1f2e3d4c.eml`."""
        name = f"{note.stem}.eml"
        entry = zipfile.ZipInfo(name, time.gmtime(max(note.seconds, 315_532_800))[:6])
        entry.external_attr = 0o100600 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        # A huge message that compresses extremely well would look like a bomb to whoever unpacks it, us included.
        if len(octets) > _RATIO_FROM and len(zlib.compress(octets, 1)) * MAX_RATIO < len(octets) * 2:
            entry.compress_type = zipfile.ZIP_STORED
        self._zip.writestr(entry, octets)
        self._notes.append(_note_line(name, note))

    def close(self) -> None:
        """Write the notes and the directory."""
        entry = zipfile.ZipInfo(NOTES)
        entry.external_attr = 0o100600 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        self._zip.writestr(entry, "".join(self._notes))
        self._zip.close()
        self._file.close()


def _note_line(name: str, note: Note) -> str:
    return json.dumps({"file": name} | asdict(note)) + "\n"


# ------------------------------------------------------------------------------------------------------ reading


def guess(path: Path) -> str:
    """Which of FORMATS `path` is. Raises Invalid where there is nothing to read."""
    if path.is_dir():
        return "maildir" if (path / "cur").is_dir() and (path / "new").is_dir() else "eml"
    try:
        with path.open("rb") as file:
            start = file.read(5)
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}", "give eml files, an mbox, a Maildir, a zip") from error
    if path.suffix.lower() == ".eml":
        return "eml"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    return "mbox" if start == b"From " else "eml"


def read(path: Path, format_: str | None = None) -> Iterator[Found]:
    """The messages in `path`, in the order in which they were written, one in memory at a time.

    Nothing that an archive says is used as a path. Raises Invalid where it is broken or beyond the bounds above.
    """
    match format_ or guess(path):
        case "zip":
            return read_zip(path)
        case "maildir":
            return _read_files(path, _maildir_files(path), _delivered)
        case "mbox":
            return _read_mbox_file(path)
        case _ if path.is_dir():
            return _read_files(path, _eml_files(path))
        case _:
            return iter([Found(str(path), _read_file(path))])


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
    return _moment(f"{date}{zone[:3]}:{zone[3:]}")


def _moment(text: str) -> str:
    """RFC 3339 in UTC; empty for what is no time with a zone, or none that a calendar has."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z" if at.tzinfo else ""
    except (ValueError, OverflowError):
        return ""


def _read_mbox_file(path: Path) -> Iterator[Found]:
    with path.open("rb") as file:
        yield from read_mbox(file, str(path))


def read_zip(path: Path) -> Iterator[Found]:
    """The `.eml` entries of a zip. Entries that try something (`..`, absolute, links, bombs) end the reading."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _entries(archive, path)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise Invalid(f"{path} is not a zip that can be read: {error}", "see --format") from error


def _entries(archive: zipfile.ZipFile, path: Path) -> Iterator[Found]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Invalid(f"{path} has more than {MAX_ENTRIES} entries", "split it")
    notes: dict[str, Any] = {}
    for entry in entries:
        parts = re.split(r"[\\/]", entry.filename)
        if ".." in parts or not parts[0] or ":" in parts[0] or stat.S_ISLNK(entry.external_attr >> 16):
            raise Invalid(f"{path}: the entry {entry.filename!r} points outside", "do not trust this zip")
        if entry.filename == NOTES:
            notes = _notes(_unpack(archive, entry, path, _MAX_NOTES).splitlines())
    for entry in entries:
        if entry.filename.lower().endswith(".eml"):
            octets = _unpack(archive, entry, path, MAX_OCTETS)
            yield _with_notes(f"{path}#{entry.filename}", octets, notes.get(entry.filename))


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, most: int) -> bytes:
    # What the directory claims about sizes is not believed: counting stops at the bound.
    bound = most
    if entry.file_size > _RATIO_FROM:
        bound = min(most, max(_RATIO_FROM, entry.compress_size * MAX_RATIO))
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


def _eml_files(path: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(path):
        folders.sort(key=_natural)
        for name in sorted(files, key=_natural):
            if name.lower().endswith(".eml"):
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


def _read_files(path: Path, names: Iterable[str], when: Callable[[Path], str] = lambda file: "") -> Iterator[Found]:
    notes: dict[str, Any] = {}
    if (path / NOTES).is_file():
        with (path / NOTES).open("rb") as file:
            notes = _notes(file)
    for name in names:
        place = path / name
        if not place.is_symlink():
            found = _with_notes(str(place), _read_file(place), notes.get(name))
            yield found if found.received_at else replace(found, received_at=when(place))


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


def _notes(lines: Iterable[bytes]) -> dict[str, Any]:
    """Notes by file name; lines that make no sense are as good as missing."""
    notes: dict[str, Any] = {}
    for line in lines:
        try:
            note = json.loads(line)
            notes[str(note["file"])] = note
        except (ValueError, KeyError, TypeError):
            continue
    return notes


def _with_notes(name: str, octets: bytes, note: Any) -> Found:
    if not isinstance(note, dict):
        return Found(name, octets)
    sender, recipients = note.get("sender"), note.get("recipients")
    received_at = _moment(str(note.get("received_at")))
    if isinstance(sender, str) and isinstance(recipients, list):
        return Found(name, octets, sender, tuple(str(recipient) for recipient in recipients), received_at)
    return Found(name, octets, received_at=received_at)
