"""What `mailtrap db` does to a database file: info, check, vacuum, reindex."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from mailtrap.clock import Clock
from mailtrap.errors import NotFound, SettingsError, Unavailable
from mailtrap.events import Bus
from mailtrap.settings import Settings
from mailtrap.store.opening import connect, take
from mailtrap.store.reading import Readers, stream
from mailtrap.store.schema import APPLICATION_ID, VERSION, recreate_search

#: Called now and then with how much is done and how much there is.
Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Info:
    """`size`, `free` (inside the file) and `log` in octets; `schema` of the file, `newest_schema` of this release."""

    path: str
    schema: int
    newest_schema: int
    messages: int
    unseen: int
    octets: int
    sessions: int
    folders: int
    not_indexed: int
    orphans: int
    size: int
    free: int
    log: int
    oldest: int | None
    newest: int | None


def info(settings: Settings) -> Info:
    """What is in the database; works while a server uses it. Raises SettingsError where there is none."""
    path = _existing(settings)
    with _reading(path) as connection:

        def value(sql: str) -> int:
            return int(connection.execute(sql).fetchone()[0] or 0)

        messages, unseen, octets = _totals(connection)
        oldest, newest = connection.execute("SELECT min(received_at), max(received_at) FROM message").fetchone()
        log = Path(f"{path}-wal")
        return Info(
            str(path),
            value("PRAGMA user_version"),
            VERSION,
            messages,
            unseen,
            octets,
            value("SELECT count(*) FROM session"),
            value("SELECT count(*) FROM folder") if _has_folders(connection) else 0,
            value("SELECT count(*) FROM message WHERE state = 'received'"),
            value("SELECT count(*) FROM orphan"),
            path.stat().st_size,
            value("PRAGMA freelist_count") * value("PRAGMA page_size"),
            log.stat().st_size if log.exists() else 0,
            oldest,
            newest,
        )


def check(settings: Settings, progress: Progress = _silent) -> list[str]:
    """Everything that is wrong, in words; works while a server uses it.

    Looks at SQLite's structures, at the totals and folders, and reads every message and compares it with its sha256.
    """
    path = _existing(settings)
    problems: list[str] = []
    with _reading(path) as connection:
        found = connection.execute("PRAGMA integrity_check(100)").fetchall()
        problems += [f"file: {line}" for (line,) in found if line != "ok"]
        connection.execute("BEGIN")
        totals = _totals(connection)
        counted = connection.execute(
            "SELECT count(*), coalesce(sum(seen = 0), 0), coalesce(sum(size), 0) FROM message"
        ).fetchone()
        connection.execute("COMMIT")
        if totals != counted:
            problems.append(f"totals: kept as {totals}, counted {counted}")
        if _has_folders(connection):
            problems += _check_folders(connection)
    readers = Readers(str(path))
    try:
        problems += _check_contents(readers, progress)
    finally:
        readers.close()
    return problems


def vacuum(settings: Settings) -> tuple[int, int]:
    """Write the file anew without free pages and tidy the index; returns its size before and after.

    Raises Unavailable while a server uses it.
    """
    path = _existing(settings)
    before = path.stat().st_size
    with _writing(settings) as connection:
        connection.execute("INSERT INTO search(search) VALUES ('optimize')")
        connection.execute("VACUUM")
    return before, path.stat().st_size


def reindex(settings: Settings, progress: Progress = _silent) -> int:
    """Understand and index every message anew; returns how many. Raises Unavailable while a server uses it."""
    from mailtrap.store.sqlite import SqliteStore

    with _writing(settings) as connection:
        connection.execute("BEGIN IMMEDIATE")
        recreate_search(connection)
        connection.execute("DELETE FROM detail")
        connection.execute("UPDATE message SET state = 'received'")
        connection.execute("COMMIT")
    store = SqliteStore(replace(settings, max_messages=0, max_age=0.0), Bus(), Clock())
    try:
        total = store.counters().messages
        while not store.catch_up(0.25):
            progress(total - store.counters().index_backlog, total)
        progress(total, total)
        return total
    finally:
        store.close()


#: What must not be in any folder, in words.
_ASTRAY = {
    "of messages that are not there": "m.id IS NULL",
    "of folders that are not there": "f.id IS NULL",
    "with uids that are yet to be given": "i.uid >= f.uid_next",
    "with changes that are yet to be counted": "i.modseq > f.modseq",
    "that are seen, or not, unlike their messages": "(instr(i.flags, '\\Seen') > 0) <> m.seen",
}


def _check_folders(connection: sqlite3.Connection) -> Iterator[str]:
    source = "item i LEFT JOIN message m ON m.id = i.message LEFT JOIN folder f ON f.id = i.folder"
    counts = ", ".join([f"sum({condition})" for condition in _ASTRAY.values()])
    row = connection.execute(f"SELECT {counts} FROM {source}").fetchone()  # noqa: S608
    for words, count in zip(_ASTRAY, row, strict=True):
        if count:
            yield f"folders: {count} items {words}"


def _totals(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Messages, those unseen, octets, as they are kept; an older database has them in its table."""
    kept = "totals" if _has(connection, "totals") else "tally"
    found: tuple[int, int, int] = connection.execute(f"SELECT messages, unseen, octets FROM {kept}").fetchone()  # noqa: S608
    return found


def _has_folders(connection: sqlite3.Connection) -> bool:
    """Whether the file is of a release that knows them: to look into it must not change it."""
    return _has(connection, "folder_tally")


def _has(connection: sqlite3.Connection, name: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone())


def _check_contents(readers: Readers, progress: Progress) -> Iterator[str]:
    total = readers.fetch("SELECT count(*) FROM message")[0][0]
    done = 0
    cursor = 0
    sql = "SELECT id, content, codec, size, sha256 FROM message WHERE id > ? ORDER BY id LIMIT 100"
    while rows := readers.fetch(sql, (cursor,)):
        for id_, content, codec, size, sha256 in rows:
            problem = _check_content(readers, content, codec, size, sha256)
            # One that was deleted while we looked is no problem.
            if problem and readers.fetch("SELECT 1 FROM message WHERE id = ?", (id_,)):
                yield f"message {id_}: {problem}"
        done += len(rows)
        cursor = rows[-1][0]
        progress(done, total)


def _check_content(readers: Readers, content: int, codec: str, size: int, sha256: bytes) -> str:
    digest = hashlib.sha256()
    length = 0
    try:
        for octets in stream(readers, content, codec, size):
            digest.update(octets)
            length += len(octets)
    except NotFound:
        return "octets are missing"
    except Exception as error:
        return f"octets cannot be read ({error})"
    if length != size:
        return f"has {length} octets instead of {size}"
    return "" if digest.digest() == sha256 else "octets are not those that came (sha256)"


def _existing(settings: Settings) -> Path:
    if settings.is_temporary:
        raise SettingsError("a temporary database goes with its process", "name one with --database")
    path = Path(settings.database).expanduser()
    if not path.is_file():
        raise SettingsError(f"there is no database {path}", "see --database")
    return path


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5.0)
    try:
        try:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise SettingsError(f"{path} is not a database: {error}", "see --database") from error
        if application != APPLICATION_ID:
            raise SettingsError(f"{path} belongs to another program", "see --database")
        yield connection
    finally:
        connection.close()


@contextmanager
def _writing(settings: Settings) -> Iterator[sqlite3.Connection]:
    with _reading(_existing(settings)):
        pass  # before a file of somebody else is touched
    place = take(settings)
    try:
        connection = connect(place.path, "FULL")
        try:
            yield connection
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            raise Unavailable(f"The database {place.path} could not be written: {error}") from error
        finally:
            connection.close()
    finally:
        place.release()
