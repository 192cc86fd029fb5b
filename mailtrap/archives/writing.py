"""Writes messages to files: an eml directory, an mbox, a Maildir, a zip."""

from __future__ import annotations

import os
import re
import time
import zipfile
import zlib
from pathlib import Path
from typing import IO, Protocol

from mailtrap.archives.notes import MAX_RATIO, NOTES, RATIO_FROM, Note, written
from mailtrap.errors import Invalid


class Writer(Protocol):
    """Takes messages one by one; `close` completes the archive."""

    def add(self, note: Note, octets: bytes) -> None:
        """Write one message."""

    def close(self) -> None:
        """No more will come."""


def writer(format_: str, path: Path) -> Writer:
    """A writer that makes `path` anew. Raises Invalid where something is there already, so that nothing is lost."""
    try:
        if path.exists() and not (path.is_dir() and format_ in ("eml", "maildir") and not any(path.iterdir())):
            raise Invalid(f"{path} exists already", "give a path that does not, or remove it first")
        if not path.parent.is_dir():
            raise Invalid(f"{path.parent} is not a directory", "create it first")
        if format_ == "eml":
            return EmlWriter(path)
        if format_ == "maildir":
            return MaildirWriter(path)
        file = path.open("xb")
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}", "give a path that can be written") from error
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
        self._notes.write(written(name, note))

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
        self._notes.write(written(target, note))

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
        if len(octets) > RATIO_FROM and len(zlib.compress(octets, 1)) * MAX_RATIO < len(octets) * 2:
            entry.compress_type = zipfile.ZIP_STORED
        self._zip.writestr(entry, octets)
        self._notes.append(written(name, note))

    def close(self) -> None:
        """Write the notes and the directory."""
        entry = zipfile.ZipInfo(NOTES)
        entry.external_attr = 0o100600 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        self._zip.writestr(entry, "".join(self._notes))
        self._zip.close()
        self._file.close()
