"""Writes messages to files: an eml directory, an mbox, a Maildir, a zip."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from mailtrap.archives.notes import MAX_RATIO, NOTES, RATIO_FROM, Note, written
from mailtrap.errors import Invalid


class Writer(Protocol):
    """Takes messages one by one. Each method may raise OSError; then all that is left to do is to `discard`."""

    def add(self, note: Note, octets: bytes) -> None:
        """Write one message."""

    def close(self) -> None:
        """No more will come: complete the archive, which only now is there under its name."""

    def discard(self) -> None:
        """Take away what was written so far. Raises nothing."""


def writer(format_: str, path: Path) -> Writer:
    """A writer that makes `path` anew. Raises Invalid where something is there already, so that nothing is lost."""
    try:
        if path.exists() and not (path.is_dir() and format_ in ("eml", "maildir") and not any(path.iterdir())):
            raise Invalid(f"{path} exists already", "give a path that does not, or remove it first")
        if not path.parent.is_dir():
            raise Invalid(f"{path.parent} is not a directory", "create it first")
        if not path.is_dir() and (draft := _draft(path)).exists():
            raise Invalid(f"{draft} is there: another export writes it, or one has been broken off", "remove it first")
        return _WRITERS[format_](path)
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}", "give a path that can be written") from error


def _draft(path: Path) -> Path:
    """Where an archive is written until it is whole, so that nobody takes half of one for all of it."""
    return path.with_name(f"{path.name}.part")


def _named(draft: Path, path: Path) -> None:
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    os.rename(draft, path)


class _Folder:
    """A directory to write into; one that is there and empty may be more than one (`.`, a mount): it is filled."""

    def __init__(self, path: Path, *within: str) -> None:
        self._path = path
        self._is_filled = path.is_dir()
        self._place = path if self._is_filled else _draft(path)
        self._made: list[Path] = []
        try:
            for name in ("", *within):
                (self._place / name).mkdir(exist_ok=name == "")
                self._made.append(self._place / name)
            self._notes = self._created(NOTES).open("x", encoding="utf-8")
        except OSError:
            self._remove()
            raise

    def close(self) -> None:
        """Close the notes, and give the directory its name."""
        self._notes.close()
        if not self._is_filled:
            _named(self._place, self._path)

    def discard(self) -> None:
        """Take away what was written so far."""
        with suppress(OSError):
            self._notes.close()
        self._remove()

    def _created(self, name: str) -> Path:
        self._made.append(self._place / name)
        return self._made[-1]

    def _remove(self) -> None:
        if not self._is_filled:
            shutil.rmtree(self._place, ignore_errors=True)
        for path in reversed(self._made[1:] if self._is_filled else ()):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()


class EmlWriter(_Folder):
    """One file a message, named by id and digest."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)

    def add(self, note: Note, octets: bytes) -> None:
        """Write `000012-1f2e3d4c.eml`."""
        name = f"{note.stem}.eml"
        with self._created(name).open("xb") as file:
            file.write(octets)
        self._notes.write(written(name, note))


class MaildirWriter(_Folder):
    """A Maildir (`new` for what nobody has looked at, `cur` for the rest); each message appears whole, by a rename."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "tmp", "new", "cur")

    def add(self, note: Note, octets: bytes) -> None:
        """Write `new/1767225600.000012-1f2e3d4c.mailtrap`, or the same in `cur` with the flag S."""
        name = f"{note.seconds}.{note.stem}.mailtrap"
        target = f"cur/{name}:2,S" if note.seen else f"new/{name}"
        draft = self._created(f"tmp/{name}")
        draft.write_bytes(octets)
        os.rename(draft, self._created(target))
        self._notes.write(written(target, note))


class _File:
    """One file to write into."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = _draft(path)
        self._file: IO[bytes] = self._place.open("xb")

    def close(self) -> None:
        """Close the file, and give it its name."""
        self._file.close()
        _named(self._place, self._path)

    def discard(self) -> None:
        """Take away what was written so far."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._place.unlink()


class MboxWriter(_File):
    """mboxrd: `From ` lines are quoted by one more `>`, which is undone exactly.

    Content is followed by one LF, whatever it ends in, and that one is taken off again. So messages without a
    final newline come back without one. (RFC 4155 leaves all of this open.)
    """

    def add(self, note: Note, octets: bytes) -> None:
        """Write the From_ line and the quoted content."""
        sender = re.sub(r"[^!-~]", "?", note.sender) or "MAILER-DAEMON"
        date = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(note.seconds))
        self._file.write(f"From {sender} {date}\n".encode("ascii"))
        self._file.write(re.sub(rb"(?m)^(?=>*From )", b">", octets))
        self._file.write(b"\n")


class ZipWriter(_File):
    """A zip of eml files; the same messages make the same zip."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
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
        super().close()

    def discard(self) -> None:
        """Take away what was written so far."""
        with suppress(OSError, ValueError):  # or the directory would be written once more when it is forgotten
            self._zip.close()
        super().discard()


_WRITERS: dict[str, Callable[[Path], Writer]] = {
    "eml": EmlWriter,
    "maildir": MaildirWriter,
    "mbox": MboxWriter,
    "zip": ZipWriter,
}
