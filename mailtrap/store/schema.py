"""The tables and how an older database becomes one of today; the only importer of sqlite-utils.

A new database is made from `schema.sql`, which `python -m mailtrap.store.schema` writes by running every migration:
importing sqlite-utils costs 0.1 s and 20 MB, which a process that has nothing to migrate does not pay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mailtrap.errors import SettingsError

if TYPE_CHECKING:
    from sqlite_utils import Database

#: `PRAGMA application_id`: "MTRP". Keeps us from migrating somebody else's database.
APPLICATION_ID = 0x4D545250

SNAPSHOT = Path(__file__).with_name("schema.sql")

#: Columns of the full-text index, in order.
SEARCH_COLUMNS = ("subject", "sender", "to_", "cc", "bcc", "rcpt", "body", "filename", "header")

#: Contentless: the words are searched, the text is not kept a second time. A rowid is a message id. The rows of
#: deleted messages stay behind (SQLite before 3.43 cannot delete them) until the index is rebuilt; see `orphan`.
CREATE_SEARCH = (
    f"CREATE VIRTUAL TABLE search USING fts5({', '.join(SEARCH_COLUMNS)}, content='', tokenize='ascii', detail='full')"
)

#: Fewer and bigger merges, more words gathered in memory before they are written: half the cost of indexing, for a
#: little more work in a search until `merge` has tidied up.
TUNE_SEARCH = (
    "INSERT INTO search(search, rank) VALUES ('automerge', 16)",
    "INSERT INTO search(search, rank) VALUES ('crisismerge', 64)",
    "INSERT INTO search(search, rank) VALUES ('hashsize', 8388608)",
)


def _tables(db: Database) -> None:
    """Messages, what was understood of them, their octets, sessions, totals and the index."""
    db.execute(
        """CREATE TABLE message (
            id INTEGER PRIMARY KEY, inbox TEXT, received_at INTEGER, size INTEGER, sha256 BLOB,
            subject TEXT, sender TEXT, to_ TEXT, cc TEXT, bcc TEXT, reply_to TEXT, message_id TEXT, date TEXT,
            reverse_path TEXT, rcpt TEXT, esmtp TEXT, listener TEXT, peer TEXT, helo TEXT, protocol TEXT, tls TEXT,
            login TEXT, session INTEGER, content INTEGER, codec TEXT, state TEXT, seen INTEGER, tags TEXT,
            snippet TEXT, attachments INTEGER, defects TEXT)"""
    )
    # Rows are wide: counting, skipping and the usual filters walk this index, in the order of ids. One index, not one
    # for each column, because every page that a commit touches has to be written before its 250.
    db.execute("CREATE INDEX message_order ON message(id, seen, received_at, inbox COLLATE NOCASE)")
    db.execute("CREATE INDEX message_tags ON message(tags) WHERE tags <> '[]'")
    db.table("detail").create({"id": int, "header": str, "filenames": str, "kinds": str}, pk="id")
    db.table("chunk").create({"id": int, "octets": bytes}, pk="id")
    # Content that is being taken in; a row that is still there at the next start was abandoned.
    db.table("spool").create({"content": int}, pk="content")
    db.table("session").create(
        {
            "id": int,
            "listener": str,
            "peer": str,
            "started_at": int,
            "ended_at": int,
            "helo": str,
            "tls": str,
            "login": str,
            "outcome": str,
            "octets_in": int,
            "messages": str,
            "lines": bytes,
        },
        pk="id",
    )
    # What is held now, changed in the transaction that changes it. `session` and `last_id` are the highest ids ever
    # given: an id is never used again, or a cursor would skip what came later under an old number.
    totals = ("messages", "unseen", "octets", "session", "last_id")
    db.table("tally").create({"id": int, **dict.fromkeys(totals, int)}, pk="id")
    db.table("tally").insert({"id": 1, **dict.fromkeys(totals, 0)})
    # Keeping a message is one statement, which is one transaction: no other call, no other wait for the interpreter.
    columns = ", ".join([f"NEW.{row[1]}" for row in db.execute("PRAGMA table_info(message)").fetchall()])
    db.execute("CREATE VIEW arriving AS SELECT *, NULL AS octets FROM message")
    steps = (
        "INSERT INTO chunk SELECT NEW.content << 16, NEW.octets WHERE NEW.octets IS NOT NULL",
        "INSERT INTO message VALUES (%s)" % columns,  # noqa: S608, UP031
        "UPDATE tally SET messages = messages + 1, unseen = unseen + 1, octets = octets + NEW.size, "
        "session = max(session, ifnull(NEW.session, 0)), last_id = NEW.id WHERE id = 1",
    )
    db.execute(f"CREATE TRIGGER arrive INSTEAD OF INSERT ON arriving BEGIN {'; '.join(steps)}; END")
    # Ids whose message is gone but whose row in `search` is not.
    db.table("orphan").create({"id": int}, pk="id")
    for statement in (CREATE_SEARCH, *TUNE_SEARCH):
        db.execute(statement)


def _records(db: Database) -> None:
    """What is kept beside messages and sessions, and ways to find it again."""
    db.execute(
        """CREATE TABLE record (
            kind TEXT, id INTEGER, owner INTEGER, state TEXT, name TEXT COLLATE NOCASE, due INTEGER, document BLOB)"""
    )
    db.execute("CREATE UNIQUE INDEX record_id ON record(kind, id)")
    db.execute("CREATE INDEX record_owner ON record(kind, owner, id)")
    db.execute("CREATE INDEX record_state ON record(kind, state, id)")
    db.execute("CREATE INDEX record_name ON record(kind, name, id) WHERE name <> ''")
    db.execute("CREATE INDEX record_due ON record(kind, due, id) WHERE due IS NOT NULL")
    # `last_id` is the highest id ever kept of a kind: none is used again.
    db.table("record_kind").create({"kind": str, "last_id": int}, pk="kind")


def _folders(db: Database) -> None:
    """Folders of those who read by IMAP, what stands in them, what stood there, and the names they subscribed to."""
    # `gathered` is the newest message looked at, `vanished` how many rows of that table are its own, `forgotten` the
    # highest modseq of those that were removed.
    db.execute(
        """CREATE TABLE folder (
            id INTEGER PRIMARY KEY, account TEXT COLLATE NOCASE, name TEXT, use TEXT, inbox TEXT COLLATE NOCASE,
            view INTEGER, selectable INTEGER, uid_validity INTEGER, uid_next INTEGER, modseq INTEGER,
            gathered INTEGER, vanished INTEGER, forgotten INTEGER)"""
    )
    db.execute("CREATE UNIQUE INDEX folder_name ON folder(account, name)")
    # All that FETCH of flags, STATUS and most searches ask for is here: the rows of `message` are wide. What pages say
    # of a message, seen and tags, is written to its items as well.
    db.execute(
        """CREATE TABLE item (
            folder INTEGER, uid INTEGER, message INTEGER, modseq INTEGER, date INTEGER, size INTEGER, flags TEXT,
            PRIMARY KEY (folder, uid)) WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX item_message ON item(message)")
    db.execute("CREATE INDEX item_modseq ON item(folder, modseq)")
    db.execute(
        """CREATE TABLE vanished (
            folder INTEGER, modseq INTEGER, first INTEGER, last INTEGER,
            PRIMARY KEY (folder, modseq, first)) WITHOUT ROWID"""
    )
    db.execute(
        "CREATE TABLE subscription (account TEXT COLLATE NOCASE, name TEXT, PRIMARY KEY (account, name)) WITHOUT ROWID"
    )
    # The highest numbers ever given: none is used again.
    highest = ("folder", "uid_validity", "modseq")
    db.table("folder_tally").create({"id": int, **dict.fromkeys(highest, int)}, pk="id")
    db.table("folder_tally").insert({"id": 1, **dict.fromkeys(highest, 0)})


def _lazy_totals(db: Database) -> None:
    """Totals that need not be written with every message: the view adds what came since they were."""
    db.execute("DROP TRIGGER arrive")
    columns = ", ".join([f"NEW.{row[1]}" for row in db.execute("PRAGMA table_info(message)").fetchall()])
    steps = (
        "INSERT INTO chunk SELECT NEW.content << 16, NEW.octets WHERE NEW.octets IS NOT NULL",
        "INSERT INTO message VALUES (%s)" % columns,  # noqa: S608, UP031
    )
    db.execute(f"CREATE TRIGGER arrive INSTEAD OF INSERT ON arriving BEGIN {'; '.join(steps)}; END")
    db.execute(
        "CREATE VIEW totals AS SELECT t.messages + n.messages AS messages, t.unseen + n.unseen AS unseen, "
        "t.octets + n.octets AS octets, max(t.session, n.session) AS session, max(t.last_id, n.last_id) AS last_id "
        "FROM tally t, (SELECT count(*) AS messages, coalesce(sum(seen = 0), 0) AS unseen, "
        "coalesce(sum(size), 0) AS octets, coalesce(max(session), 0) AS session, coalesce(max(id), 0) AS last_id "
        "FROM message WHERE id > (SELECT last_id FROM tally)) n"
    )


def _former_names(db: Database) -> None:
    """The highest UIDVALIDITY of what was once called so and is not any more."""
    db.execute(
        "CREATE TABLE former "
        "(account TEXT COLLATE NOCASE, name TEXT, uid_validity INTEGER, PRIMARY KEY (account, name)) WITHOUT ROWID"
    )


#: One function per change, oldest first, never edited once released. `PRAGMA user_version` counts those done.
MIGRATIONS: tuple[Callable[[Database], None], ...] = (_tables, _records, _folders, _lazy_totals, _former_names)
VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, migrations: tuple[Callable[[Database], None], ...] = MIGRATIONS) -> None:
    """Bring the database up to date in one transaction; `connection` has isolation_level None.

    Raises SettingsError where it was made by a newer release or by another program. When a change fails everything is
    rolled back, so the file is as it was before.
    """
    version = _value(connection, "PRAGMA user_version")
    application = _value(connection, "PRAGMA application_id")
    tables = _value(connection, "SELECT count(*) FROM sqlite_master")
    if version > len(migrations) and application == APPLICATION_ID:
        raise SettingsError(
            f"the database was made by a newer mailtrap (schema {version}; this release knows {len(migrations)})",
            "use that release, or another database",
        )
    if tables and application != APPLICATION_ID:
        raise SettingsError("the database file belongs to another program", "give a new path")
    if version == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not tables and migrations is MIGRATIONS:
            _create(connection)
        else:
            _upgrade(connection, version, migrations)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def begin_search(connection: sqlite3.Connection) -> None:
    """Make an empty second index, `search_next`, to be filled beside `search`."""
    drop_search_next(connection)
    for statement in (CREATE_SEARCH, *TUNE_SEARCH):
        connection.execute(statement.replace("search", "search_next"))


def drop_search_next(connection: sqlite3.Connection) -> None:
    """Forget a second index that was not finished."""
    connection.execute("DROP TABLE IF EXISTS search_next")


def exchange_search(connection: sqlite3.Connection) -> None:
    """`search_next` takes the place of `search`; orphans are only those that it holds."""
    connection.execute("DROP TABLE search")
    connection.execute("ALTER TABLE search_next RENAME TO search")
    connection.execute("DELETE FROM orphan WHERE id NOT IN (SELECT id FROM search_docsize)")


def recreate_search(connection: sqlite3.Connection) -> None:
    """Replace the full-text index by an empty one, inside the caller's transaction."""
    drop_search_next(connection)
    connection.execute("DROP TABLE search")
    for statement in (CREATE_SEARCH, *TUNE_SEARCH):
        connection.execute(statement)
    connection.execute("DELETE FROM orphan")


def _create(connection: sqlite3.Connection) -> None:
    for statement in SNAPSHOT.read_text("utf-8").split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _upgrade(connection: sqlite3.Connection, version: int, migrations: tuple[Callable[[Database], None], ...]) -> None:
    from sqlite_utils import Database

    db = Database(connection, recursive_triggers=False, execute_plugins=False)
    for change in migrations[version:]:
        change(db)


def _value(connection: sqlite3.Connection, sql: str) -> int:
    value: int = connection.execute(sql).fetchone()[0]
    return value


def snapshot() -> str:
    """The text of `schema.sql`: what the migrations make of an empty database."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("BEGIN")
    _upgrade(connection, 0, MIGRATIONS)
    made = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")]
    connection.close()
    # FTS5 makes the tables behind `search` itself.
    ours = [sql for sql in made if "'search_" not in sql]
    rows = [
        "INSERT INTO tally VALUES (1, 0, 0, 0, 0, 0)",
        "INSERT INTO folder_tally VALUES (1, 0, 0, 0)",
        *TUNE_SEARCH,
    ]
    return "".join(f"{statement};\n" for statement in [*ours, *rows])


if __name__ == "__main__":
    SNAPSHOT.write_text(snapshot(), "utf-8")
