"""`mailtrap db` tells what is in a file, finds what is wrong with it, and puts it in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailtrap.clock import Clock
from mailtrap.errors import SettingsError, Unavailable
from mailtrap.events import Bus
from mailtrap.query import Query, parse
from mailtrap.settings import Settings
from mailtrap.store import maintenance, open_store
from mailtrap.store.base import Selection, Store
from mailtrap.store.folder import Placement
from tests.store.making import PATIENCE, keep, keep_spooled, octets, submission


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=str(tmp_path / "mail.db"))


@pytest.fixture
def ids(settings: Settings) -> list[int]:
    """What a store that has been closed holds."""
    store = open_store(settings, Bus(), Clock())
    ids = keep(store, *[submission(octets(f"number {n}", "word " * 500)) for n in range(40)])
    ids.append(keep_spooled(store, b"big " * 300_000))
    assert store.catch_up(PATIENCE)
    store.close()
    return ids


@pytest.fixture
def running(settings: Settings, ids: list[int]) -> Iterator[Store]:
    store = open_store(settings, Bus(), Clock())
    yield store
    store.close()


def damage(settings: Settings, sql: str) -> None:
    connection = sqlite3.connect(settings.database, isolation_level=None)
    connection.execute(sql)
    connection.close()


@pytest.mark.usefixtures("running")
def test_info_and_check_work_while_a_server_runs(settings: Settings, ids: list[int]) -> None:
    told = maintenance.info(settings)
    assert (told.messages, told.unseen, told.not_indexed, told.schema) == (len(ids), len(ids), 0, told.newest_schema)
    assert told.size > 0
    assert maintenance.check(settings) == []


@pytest.mark.usefixtures("running")
def test_vacuum_and_reindex_are_refused_while_a_server_runs(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="in use"):
        maintenance.vacuum(settings)
    with pytest.raises(Unavailable, match="in use"):
        maintenance.reindex(settings)


def test_check_finds_what_is_damaged(settings: Settings, ids: list[int]) -> None:
    damage(settings, "DELETE FROM chunk WHERE id = 1 << 16")
    damage(settings, "UPDATE chunk SET octets = x'00' WHERE id = 2 << 16")
    damage(settings, f"UPDATE message SET sha256 = x'00' WHERE id = {ids[2]}")
    damage(settings, "UPDATE tally SET messages = 1")
    steps: list[tuple[int, int]] = []
    problems = maintenance.check(settings, lambda done, total: steps.append((done, total)))
    assert [problem.split(":")[0] for problem in problems] == ["totals", "message 1", "message 2", "message 3"]
    assert "missing" in problems[1]
    assert "cannot be read" in problems[2]
    assert "sha256" in problems[3]
    assert steps[-1] == (len(ids), len(ids))


def test_check_finds_items_astray(settings: Settings, ids: list[int]) -> None:
    store = open_store(settings, Bus(), Clock())
    for name in ("INBOX", "Work"):
        folder = store.folders.create("ann", name).result(PATIENCE)
        store.folders.place(folder.id, [Placement(id_) for id_ in ids[:3]]).result(PATIENCE)
    store.close()
    assert maintenance.info(settings).folders == 2
    assert maintenance.check(settings) == []
    damage(settings, "UPDATE item SET flags = '\\Seen' WHERE folder = 1 AND uid < 3")
    damage(settings, "UPDATE folder SET uid_next = 2 WHERE id = 1")
    damage(settings, "DELETE FROM folder WHERE id = 2")
    assert maintenance.check(settings) == [
        "folders: 3 items of folders that are not there",
        "folders: 2 items with uids that are yet to be given",
        "folders: 2 items that are seen, or not, unlike their messages",
    ]


def test_info_and_check_know_files_without_folders(settings: Settings, ids: list[int]) -> None:
    for table in ("folder", "item", "vanished", "subscription", "folder_tally"):
        damage(settings, f"DROP TABLE {table}")
    assert maintenance.info(settings).folders == 0
    assert maintenance.check(settings) == []


def test_vacuum_makes_the_file_smaller(settings: Settings, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtrap.store.upkeep.FREE_PAGES", 1 << 30)
    store = open_store(settings, Bus(), Clock())
    store.delete(Selection(Query.EVERYTHING, tuple(ids[:-2]))).result(PATIENCE)
    store.close()
    before, after = maintenance.vacuum(settings)
    assert after < before
    assert maintenance.check(settings) == []


def test_reindex_finds_everything_again(settings: Settings, ids: list[int]) -> None:
    damage(settings, "DELETE FROM search_data WHERE id > 10")
    assert maintenance.reindex(settings) == len(ids)
    store = open_store(settings, Bus(), Clock())
    assert store.page(parse("subject:number word"), limit=5).total == 40
    store.close()


def test_a_database_must_exist_and_be_ours(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database " * 100)
    theirs = tmp_path / "theirs.db"
    damage(Settings(database=str(theirs)), "CREATE TABLE t (x)")
    for database in (":temp:", str(tmp_path / "missing.db"), str(text), str(theirs)):
        with pytest.raises(SettingsError):
            maintenance.info(Settings(database=database))
        with pytest.raises(SettingsError):
            maintenance.vacuum(Settings(database=database))
    assert not (tmp_path / "missing.db").exists()
