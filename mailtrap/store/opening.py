"""Opens a database file: where it lies, who may read it, that nobody else writes to it, how SQLite treats it."""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from mailtrap.errors import SettingsError, Unavailable
from mailtrap.settings import Settings
from mailtrap.store.schema import APPLICATION_ID, migrate

if sys.platform != "win32":
    import fcntl

#: 8 KB holds most compressed messages without an overflow page and halves the number of pages to manage.
PAGE_SIZE = 8192
TEMPORARY_PREFIX = "mailtrap-"
TEMPORARY_NAME = "mail.db"
#: What every SQLite file begins with, and where its header has `PRAGMA application_id` (SQLite's file format §1.3).
MAGIC = b"SQLite format 3\0"
APPLICATION_ID_AT = slice(68, 72)
#: Seconds to wait for another process that has the database locked.
BUSY_TIMEOUT = 5.0


class Place(Struct):
    """Where the database lies. While it is held no other process of ours opens it for writing."""

    path: Path
    directory: Path | None
    _held: int | None

    def release(self) -> None:
        """Let others have it; a temporary database is removed."""
        if self._held is not None:
            os.close(self._held)
            self._held = None
        if self.directory is not None:
            atexit.unregister(self.release)
            shutil.rmtree(self.directory, ignore_errors=True)


def take(settings: Settings) -> Place:
    """Find and hold the file, creating it with mode 0600 in an existing directory.

    Raises SettingsError where that is impossible and Unavailable where another process holds it.
    """
    if settings.is_temporary:
        remove_abandoned()
        directory = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX))
        path = directory / TEMPORARY_NAME
        place = Place(path, directory, _make(path))
        atexit.register(place.release)
        return place
    path = Path(settings.database).expanduser()
    return Place(path, None, _hold(path))


def connect(path: Path, synchronous: str) -> sqlite3.Connection:
    """The connection that writes, with tables as of today. `synchronous` is `FULL`, `NORMAL` or `OFF`.

    Raises SettingsError where the file is somebody else's, which stays as it was, and Unavailable.
    """
    _refuse_foreign(path)
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT, cached_statements=256
    )
    try:
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        # These two take effect only before the first table is made.
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        # On in Debian's build: it would overwrite every page that is deleted or merged away before giving it back.
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -8000")
        migrate(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError):
            raise Unavailable(f"The database {path} cannot be opened: {error}", "see that it is free to use") from error
        raise SettingsError(f"{path} is not a database: {error}", "give a new path") from error
    except BaseException:
        connection.close()
        raise
    return connection


def synchronous(settings: Settings) -> str:
    """`FULL`, `NORMAL` or `OFF`, as the settings say or, left to us, as the database deserves."""
    if settings.synchronous == "auto":
        # One that goes with the process need not outlive more, and what was written is the system's by then.
        return "OFF" if settings.is_temporary else "FULL"
    return settings.synchronous.upper()


def _refuse_foreign(path: Path) -> None:
    """Look before SQLite does: merely to open a file for writing may already change it."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header:
        return
    if not header.startswith(MAGIC):
        raise SettingsError(f"{path} is not a database", "give a new path")
    application = int.from_bytes(header[APPLICATION_ID_AT], "big")
    if application == 0:
        # One without tables will do, and so does ours if we were killed before its first page left the log.
        # Where there is no log, `immutable` keeps SQLite from making one beside a file that may not be ours.
        mode = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=BUSY_TIMEOUT)
        try:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            raise SettingsError(f"{path} is not a database of ours: {error}", "give a new path") from error
        finally:
            connection.close()
        if not tables:
            return
    if application != APPLICATION_ID:
        raise SettingsError(f"the database {path} belongs to another program", "give a new path")


def remove_abandoned() -> None:
    """Remove temporary databases whose process was killed: their files are not held by anybody."""
    if sys.platform == "win32":
        return
    for directory in Path(tempfile.gettempdir()).glob(f"{TEMPORARY_PREFIX}*"):
        path = directory / TEMPORARY_NAME
        try:
            if directory.is_symlink() or directory.stat().st_uid != os.getuid():
                continue
            held = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)
        except OSError:
            pass
        finally:
            os.close(held)


def _make(path: Path) -> int:
    """Hold a file before it has its name: one that is not held, whoever starts just now would take for abandoned."""
    if sys.platform == "win32":
        return _hold(path)
    nameless = path.with_suffix(".new")
    held = _hold(nameless)
    nameless.rename(path)
    return held


def _hold(path: Path) -> int:
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    except OSError as error:
        raise SettingsError(
            f"the database {path} cannot be opened: {error.strerror}", "give a path in an existing directory"
        ) from error
    # The descriptor stays open until SQLite has closed its own: closing it earlier would drop SQLite's locks (POSIX).
    # Without such locks (Windows) those of SQLite have to do.
    if sys.platform != "win32":
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            raise Unavailable(
                f"The database {path} is in use by another process", "stop that one or use another database"
            ) from None
        except OSError:
            # A file system without locks: SQLite will say so itself where it matters.
            with suppress(OSError):
                fcntl.flock(held, fcntl.LOCK_UN)
    return held
