"""Databases of every age become those of today, or stay as they were."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailtrap.errors import SettingsError
from mailtrap.store.schema import MIGRATIONS, SNAPSHOT, VERSION, migrate, snapshot

if TYPE_CHECKING:
    from sqlite_utils import Database


def connect(path: Path | str = ":memory:") -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def shape(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_the_snapshot_is_what_the_migrations_make() -> None:
    assert SNAPSHOT.read_text("utf-8") == snapshot(), "run `python -m mailtrap.store.schema`"


def test_a_new_database_is_the_same_by_snapshot_and_by_migrations() -> None:
    new, migrated = connect(), connect()
    migrate(new)
    # Not the tuple itself: only that one has a snapshot.
    migrate(migrated, (*MIGRATIONS, lambda db: None))
    assert shape(new) == shape(migrated)
    assert new.execute("SELECT * FROM tally").fetchall() == migrated.execute("SELECT * FROM tally").fetchall()
    assert new.execute("PRAGMA user_version").fetchone() == (VERSION,)
    new.close()
    migrated.close()


def test_nothing_is_done_twice() -> None:
    connection = connect()
    migrate(connection)
    before = shape(connection)
    migrate(connection)
    assert shape(connection) == before
    connection.close()


def test_an_older_database_is_brought_up_to_date() -> None:
    def add_colour(db: Database) -> None:
        db.table("message").add_column("colour", str)

    connection = connect()
    migrate(connection)
    connection.execute("INSERT INTO message (inbox) VALUES ('kept')")
    migrate(connection, (*MIGRATIONS, add_colour))
    assert connection.execute("SELECT inbox, colour FROM message").fetchall() == [("kept", None)]
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)
    connection.close()


def test_a_database_without_folders_gets_them() -> None:
    older, new = connect(), connect()
    migrate(older, MIGRATIONS[:2])
    older.execute("INSERT INTO message (inbox) VALUES ('kept')")
    migrate(older)
    migrate(new)
    assert shape(older) == shape(new)
    assert older.execute("SELECT * FROM folder_tally").fetchall() == [(1, 0, 0, 0)]
    assert older.execute("SELECT inbox FROM message").fetchall() == [("kept",)]
    older.close()
    new.close()


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    def half(db: Database) -> None:
        db.table("message").add_column("colour", str)
        raise ValueError("no further")

    path = tmp_path / "mail.db"
    connection = connect(path)
    migrate(connection)
    before, version = shape(connection), connection.execute("PRAGMA user_version").fetchone()
    with pytest.raises(ValueError, match="no further"):
        migrate(connection, (*MIGRATIONS, half))
    assert not connection.in_transaction
    assert (shape(connection), connection.execute("PRAGMA user_version").fetchone()) == (before, version)
    connection.close()


def test_a_newer_database_is_refused() -> None:
    def future(db: Database) -> None:
        db.table("future").create({"id": int}, pk="id")

    connection = connect()
    migrate(connection)
    migrate(connection, (*MIGRATIONS, future))
    with pytest.raises(SettingsError, match="newer"):
        migrate(connection)
    connection.close()


def test_a_process_with_nothing_to_migrate_does_not_import_sqlite_utils(tmp_path: Path) -> None:
    program = (
        "import sys; from mailtrap.store import open_store; from mailtrap.settings import Settings\n"
        "from mailtrap.events import Bus; from mailtrap.clock import Clock\n"
        f"open_store(Settings(database={str(tmp_path / 'mail.db')!r}), Bus(), Clock()).close()\n"
        "assert 'sqlite_utils' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)
