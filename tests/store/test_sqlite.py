"""The SQLite store keeps the contract, and what only it can do wrong."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailtrap.errors import SettingsError, StorageFull, Unavailable
from mailtrap.events import Bus, Kind
from mailtrap.query import Query, parse
from mailtrap.settings import Settings
from mailtrap.store import open_store, opening
from mailtrap.store.base import Selection, Store
from mailtrap.store.checkpointing import Checkpointer
from mailtrap.store.opening import APPLICATION_ID_AT, connect
from mailtrap.store.sqlite import SqliteStore
from tests.store.contract import Make, StoreContract
from tests.store.ledgers import LedgerContract, record
from tests.store.making import PATIENCE, Answers, Heard, StandingClock, keep, octets, read, submission


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def make(tmp_path: Path, bus: Bus, clock: StandingClock) -> Iterator[Make]:
    opened: list[Store] = []

    def open_one(**settings: Any) -> Store:
        settings.setdefault("database", str(tmp_path / "mail.db"))
        store = open_store(Settings(synchronous="normal", **settings), bus, clock)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        store.close()


class TestSqliteStore(StoreContract):
    """On a named file."""


class TestSqliteLedger(LedgerContract):
    """On a named file."""


def writing(store: Store) -> sqlite3.Connection:
    assert isinstance(store, SqliteStore)
    return store._connection


def test_records_that_a_crash_left_without_their_message_go_at_the_next_start(make: Make) -> None:
    store = make()
    (id_,) = keep(store, submission())
    store.ledger.put([record(1, "delivery", owner=id_), record(2, "delivery", owner=id_ + 1)]).result(PATIENCE)
    store.close()
    again = make()
    while again.ledger.count("delivery") > 1:
        again.ledger.put([]).result(PATIENCE)
    assert [one.id for one in again.ledger.find("delivery")] == [1]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "record_id (kind=?)"),
        ({"before": 7}, "record_id (kind=? AND id<?)"),
        ({"ids": [1, 2]}, "record_id (kind=? AND id=?)"),
        ({"owners": [1, 2]}, "record_owner (kind=? AND owner=?)"),
        ({"states": ["a", "b"]}, "record_state (kind=? AND state=?)"),
        ({"states": ["a", "b"], "before": 7}, "record_state (kind=? AND state=? AND id<?)"),
        ({"name": "a"}, "record_name (kind=? AND name=?)"),
        ({"due_by": 5}, "record_due (kind=? AND due<?)"),
    ],
)
def test_records_are_found_along_an_index(
    make: Make, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any], index: str
) -> None:
    store = make()
    plans: list[str] = []

    def explain(_: object, statements: list[tuple[str, list[Any]]]) -> list[list[Any]]:
        for sql, parameters in statements:
            plans.extend(row[3] for row in writing(store).execute(f"EXPLAIN QUERY PLAN {sql}", parameters))
        return []

    monkeypatch.setattr("mailtrap.store.reading.Readers.fetch_all", explain)
    store.ledger.find("delivery", **wanted)
    searches = [line for line in plans if "json_each" not in line and "r" in line.split()]
    assert searches, plans
    assert all(index in line and line.startswith("SEARCH") for line in searches), plans
    assert "owners" in wanted or "ids" in wanted or not any("TEMP B-TREE" in line for line in plans), plans


def bulky() -> bytes:
    """Some 50 KB that neither compress nor give the index much to do."""
    attachment = base64.encodebytes(os.urandom(37_000)).decode()
    return octets(body=attachment, Content_Type="application/zip", Content_Transfer_Encoding="base64")


def test_files_are_for_their_owner_only(make: Make, tmp_path: Path) -> None:
    store = make()
    keep(store, submission())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"mail.db": 0o600, "mail.db-wal": 0o600, "mail.db-shm": 0o600}


def test_a_temporary_database_goes_with_the_store(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = make(database=":temp:")
    (directory,) = tmp_path.iterdir()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    keep(store, submission())
    other = make(database=":temp:")
    assert len(list(tmp_path.iterdir())) == 2
    store.close()
    other.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_at_the_next_start(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    abandoned = tmp_path / "mailtrap-abandoned"
    abandoned.mkdir()
    (abandoned / "mail.db").write_bytes(b"")
    stranger = tmp_path / "mailtrap-other"
    stranger.mkdir()
    make(database=":temp:")
    assert not abandoned.exists()
    assert stranger.exists()


def test_a_temporary_database_is_never_taken_for_abandoned_while_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fcntl = pytest.importorskip("fcntl")
    flock = fcntl.flock

    def late(held: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        opening.remove_abandoned()  # as another process does that starts at this moment
        flock(held, how)

    monkeypatch.setattr(fcntl, "flock", late)
    place = opening.take(Settings())
    assert fcntl.flock is flock
    assert [path.name for path in tmp_path.rglob("*.*") if path.is_file()] == ["mail.db"]
    place.release()
    assert list(tmp_path.iterdir()) == []


def test_a_database_has_one_writer(make: Make) -> None:
    make()
    with pytest.raises(Unavailable, match="in use by another process"):
        make()


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize("application", [0, 42])
def test_another_program_s_file_is_left_alone(make: Make, tmp_path: Path, mode: str, application: int) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    path = folder / "theirs.db"
    theirs = sqlite3.connect(path, isolation_level=None)
    theirs.execute(f"PRAGMA journal_mode = {mode}")
    theirs.execute(f"PRAGMA application_id = {application}")
    theirs.execute("CREATE TABLE t (x)")
    theirs.close()
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="another program"):
        make(database=str(path))
    assert path.read_bytes() == before
    assert list(folder.iterdir()) == [path]


def test_a_database_whose_first_page_is_only_in_the_log_is_ours(make: Make, tmp_path: Path) -> None:
    made, copied = tmp_path / "made.db", tmp_path / "copied.db"
    made.touch()
    connection = connect(made, "FULL")
    for suffix in ("", "-wal"):
        shutil.copy(f"{made}{suffix}", f"{copied}{suffix}")
    connection.close()
    assert copied.read_bytes()[APPLICATION_ID_AT] == bytes(4)
    assert keep(make(database=str(copied)), submission()) == [1]


def test_what_is_no_database_is_left_alone(make: Make, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database at all, but long enough to be looked at " * 10)
    with pytest.raises(SettingsError, match="not a database"):
        make(database=str(text))
    with pytest.raises(SettingsError, match="cannot be opened"):
        make(database=str(tmp_path / "missing" / "mail.db"))


def test_a_full_disk_is_told_and_survived(make: Make) -> None:
    store = make()
    keep(store, submission())
    (pages,) = writing(store).execute("PRAGMA page_count").fetchone()
    writing(store).execute(f"PRAGMA max_page_count = {pages + 5}")
    answers = Answers()
    for n in range(20):
        store.add(submission(os.urandom(20_000) if n else octets()), answers)
    told = [answers.next() for _ in range(20)]
    assert any(isinstance(answer, StorageFull) for answer in told)
    assert all(isinstance(answer, int | StorageFull) for answer in told)
    assert all(store.get(answer) for answer in told if isinstance(answer, int))
    kept = sum(isinstance(answer, int) for answer in told)
    assert store.counters().messages == kept + 1
    writing(store).execute("PRAGMA max_page_count = 1000000")
    assert store.healthy() == ""
    content = os.urandom(20_000)
    assert read(store, keep(store, submission(content))[0]) == content
    assert store.catch_up(PATIENCE)


def test_a_spool_on_a_full_disk_fails_with_its_message(make: Make) -> None:
    store = make()
    keep(store, submission())
    writing(store).execute("PRAGMA max_page_count = 60")
    spool = store.spool()
    for _ in range(20):
        spool.write(os.urandom(200_000))
    answers = Answers()
    store.add(submission(octets=None, spooled=spool.finish(), size=4_000_000), answers)
    assert isinstance(answers.next(), StorageFull)
    writing(store).execute("PRAGMA max_page_count = 1000000")
    keep(store, submission())
    assert spool.backlog == 0
    assert store.counters().messages == 2


def test_a_locked_database_is_unavailable_and_recovers(make: Make, tmp_path: Path) -> None:
    store = make()
    keep(store, submission())
    assert store.catch_up(PATIENCE)
    writing(store).execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(tmp_path / "mail.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers = Answers()
    store.add(submission(), answers)
    store.add(submission(), answers)
    told = [answers.next(), answers.next()]
    assert all(isinstance(answer, Unavailable) and not isinstance(answer, StorageFull) for answer in told)
    assert "locked" in store.healthy()
    other.execute("ROLLBACK")
    other.close()
    assert store.healthy() == ""
    keep(store, submission())


def test_the_file_shrinks_when_everything_is_deleted(make: Make, tmp_path: Path, bus: Bus) -> None:
    store = make()
    keep(store, *[submission(bulky()) for _ in range(100)])
    assert store.catch_up(PATIENCE)
    store.delete(Selection(Query.EVERYTHING)).result(PATIENCE)
    store.close()
    assert (tmp_path / "mail.db").stat().st_size < 500_000


def test_pages_are_given_back_after_deleting_some(make: Make, tmp_path: Path) -> None:
    store = make()
    ids = keep(store, *[submission(bulky()) for _ in range(100)])
    assert store.catch_up(PATIENCE)
    store.delete(Selection(Query.EVERYTHING, tuple(ids[:90]))).result(PATIENCE)
    assert isinstance(store, SqliteStore)
    given_back = threading.Event()
    idle = store._upkeep.idle

    def watched() -> float | None:
        pause = idle()
        if writing(store).execute("PRAGMA freelist_count").fetchone()[0] < 256:
            given_back.set()
        return pause

    store._writer._idle = watched
    store.mark(Selection(Query.EVERYTHING, (ids[-1],)), seen=True).result(PATIENCE)
    assert given_back.wait(PATIENCE)
    assert all(read(store, id_) for id_ in ids[90:])
    assert writing(store).execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_abandoned_contents_are_removed_at_the_next_start(make: Make) -> None:
    store = make()
    (id_,) = keep(store, submission())
    spool = store.spool()
    spool.write(os.urandom(3_000_000))
    keep(store, submission())
    store.close()
    store = make()
    assert writing(store).execute("SELECT count(*) FROM chunk").fetchone() == (2,)
    assert writing(store).execute("SELECT count(*) FROM spool").fetchone() == (0,)
    assert read(store, id_) == octets()


def test_messages_that_were_not_indexed_are_at_the_next_start(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make()
    keep(store, submission(octets("first")))
    assert store.catch_up(PATIENCE)
    monkeypatch.setattr("mailtrap.store.indexing.Indexer._may_work", lambda self: False)
    ids = keep(store, *[submission(octets(f"later {n}")) for n in range(10)])
    store.close()
    monkeypatch.undo()
    store = make()
    assert store.catch_up(PATIENCE)
    assert [message.id for message in store.page(parse("subject:later"), limit=50).messages] == ids[::-1]
    assert store.page(parse("hello OR first"), limit=50).total == 1


def test_totals_are_written_now_and_then_and_right_at_all_times(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtrap.store.indexing.Indexer._may_work", lambda self: False)
    monkeypatch.setattr("mailtrap.store.writer.UNCOUNTED", 3)
    store = make()
    written, kept = [], []
    for number in range(1, 9):
        (id_,) = keep(store, submission())
        written += writing(store).execute("SELECT messages FROM tally").fetchone()
        kept.append(writing(store).execute("SELECT messages, unseen, octets, session, last_id FROM totals").fetchone())
        assert kept[-1] == (number, number, number * submission().size, 7, id_)
    assert written == [0, 0, 0, 4, 4, 4, 4, 8]
    store.mark(Selection(Query.EVERYTHING, (id_,)), seen=True).result(PATIENCE)
    keep(store, submission())
    assert writing(store).execute("SELECT messages, unseen, last_id FROM tally").fetchone() == (8, 7, id_)
    store.delete(Selection(Query.EVERYTHING)).result(PATIENCE)
    assert writing(store).execute("SELECT messages, unseen, octets, last_id FROM totals").fetchone() == (
        0,
        0,
        0,
        id_ + 1,
    )


def test_totals_of_a_search_are_exact_while_rows_of_the_deleted_stay_in_the_index(make: Make) -> None:
    store = make()
    ids = keep(store, *[submission(octets("common")) for _ in range(30)])
    assert store.catch_up(PATIENCE)
    store.delete(Selection(Query.EVERYTHING, tuple(ids[::3]))).result(PATIENCE)
    page = store.page(parse("common"), limit=100)
    assert page.total == len(page.messages) == 20
    assert store.counters().extra["search_orphans"] == 10


def test_the_log_is_copied_into_the_database_now_and_then(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtrap.store.upkeep.CHECKPOINT_BUSY", 1_000_000)
    store = make()
    database, log = tmp_path / "mail.db", tmp_path / "mail.db-wal"
    for _ in range(3000):  # it is copied beside the writer, so not at a commit that could be named
        keep(store, submission(bulky()))
        if database.stat().st_size > max(3_000_000, log.stat().st_size):
            break
    # A log that was never begun anew would hold all that the database has, and more.
    assert database.stat().st_size > max(3_000_000, log.stat().st_size)


def test_mail_does_not_wait_for_a_checkpoint(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtrap.store.upkeep.CHECKPOINT_BUSY", 500_000)
    copy, begun, go_on = Checkpointer._copy, threading.Event(), threading.Event()

    def slow(self: Checkpointer) -> None:
        begun.set()
        assert go_on.wait(PATIENCE)
        copy(self)

    monkeypatch.setattr(Checkpointer, "_copy", slow)
    store = make()
    log = tmp_path / "mail.db-wal"
    try:
        while not begun.is_set():
            keep(store, submission(bulky()))
        for _ in range(20):
            keep(store, submission(bulky()))
    finally:
        go_on.set()
    assert log.stat().st_size > 1_000_000
    assert isinstance(store, SqliteStore)
    while store._checkpointer.is_running:  # until the commit that finds it at its end
        keep(store, submission(bulky()))
    length = log.stat().st_size
    for _ in range(10):
        keep(store, submission(bulky()))
    assert log.stat().st_size == length  # it has begun anew


def test_connections_that_read_do_not_pile_up(make: Make) -> None:
    store = make()
    keep(store, submission())
    assert isinstance(store, SqliteStore)
    threads = [threading.Thread(target=lambda: store.page(Query.EVERYTHING, limit=5)) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(store._readers._free) <= 8


CHILD = """
import hashlib, sys, threading
from mailtrap.clock import Clock
from mailtrap.events import Bus
from mailtrap.settings import Settings
from mailtrap.store import open_store
from tests.store.making import octets, submission
store = open_store(Settings(database=sys.argv[1]), Bus(), Clock())
def send(worker):
    n = 0
    answered = threading.Semaphore(0)
    while True:
        n += 1
        content = octets(f"{worker}-{n}", "body " * 200 * worker)
        def done(answer):
            if isinstance(answer, int):
                print(answer, hashlib.sha256(content).hexdigest(), flush=True)
            answered.release()
        store.add(submission(content), done)
        answered.acquire()
def spool():
    while True:
        one = store.spool()
        for _ in range(20):
            one.write(b"x" * 100_000)
for worker in range(4):
    threading.Thread(target=send, args=(worker,), daemon=True).start()
threading.Thread(target=spool, daemon=True).start()
threading.Event().wait()
"""


@pytest.mark.parametrize("after", [1, 40, 300])
def test_what_was_confirmed_survives_kill_9(make: Make, tmp_path: Path, after: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "mail.db")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    confirmed = [child.stdout.readline() for _ in range(after)]
    child.send_signal(signal.SIGKILL)
    confirmed += child.stdout.readlines()
    child.stdout.close()
    child.wait(PATIENCE)
    store = make()
    promised = dict(line.split() for line in confirmed if line.endswith("\n"))
    kept = list(store.ids(Query.EVERYTHING))
    assert len(kept) == len(set(kept))
    assert set(map(int, promised)) <= set(kept)
    for id_, sha256 in promised.items():
        message = store.get(int(id_))
        assert message is not None
        assert message.sha256 == sha256
    for id_ in kept:
        assert len(read(store, id_)) > 0
    assert writing(store).execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert writing(store).execute("SELECT count(*) FROM spool").fetchone() == (0,)
    counters = store.counters()
    assert counters.messages == len(kept)


def test_events_of_a_slice_are_announced_per_message(make: Make, bus: Bus) -> None:
    store = make()
    ids = keep(store, *[submission(inbox="x") for _ in range(3)])
    heard = Heard(bus)
    store.delete(Selection(Query.EVERYTHING, tuple(ids[:2]))).result(PATIENCE)
    heard.wait(lambda events: sum(event.kind is Kind.DELETED for event in events) == 2)
    assert heard.ids(Kind.DELETED) == [ids[1], ids[0]]


def test_the_index_is_made_anew_once_much_of_it_is_about_deleted_messages(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtrap.store.rebuilding.ORPHANS", 50)
    monkeypatch.setattr("mailtrap.store.rebuilding.STEP", 16)
    store = make()
    ids = keep(store, *[submission(octets("common", f"unique{n}")) for n in range(300)])
    assert store.catch_up(PATIENCE)
    store.delete(Selection(Query.EVERYTHING, tuple(ids[::2]))).result(PATIENCE)
    late = keep(store, *[submission(octets("common")) for _ in range(20)])
    store.delete(Selection(Query.EVERYTHING, tuple(late[:5]))).result(PATIENCE)
    assert isinstance(store, SqliteStore)
    condition = store._indexer._condition
    rebuilt = "SELECT count(*) FROM search WHERE search MATCH 'common'"
    with condition:
        assert condition.wait_for(lambda: store._readers.fetch(rebuilt)[0][0] < 200, PATIENCE)
    page = store.page(parse("common"), limit=400)
    assert page.total == len(page.messages) == 165
    assert [message.id for message in store.page(parse("unique3"), limit=5).messages] == [ids[3]]
    assert store.page(parse("unique4"), limit=5).total == 0
    assert store.counters().extra["search_orphans"] <= 50
    (new,) = keep(store, submission(octets("common")))
    assert store.catch_up(PATIENCE)
    assert store.page(parse("common"), limit=1).messages[0].id == new
