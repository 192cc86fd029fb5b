"""`mailtrap db`, on a file that a real sandbox filled."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailtrap.cli import program
from tests.cli.messages import ODD
from tests.cli.test_serve import Sandbox

CHUNK_OF = "id = (SELECT content << 16 FROM message WHERE id ="


def db(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["db", *arguments])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database in one file, without a log."""
    folder = tmp_path_factory.mktemp("filled")
    sandbox = Sandbox(folder, "--database", "mail.db")
    with sandbox.client() as client:
        for octets in ODD.values():
            client.post(octets, sender="a@b.test", recipients=["c@d.test"])
        client.post(b"Subject: needle\r\n\r\nin a haystack\r\n" + b"x" * 3_000_000, recipients=["c@d.test"])
    assert sandbox.stop() == (0, "")
    return (folder / "mail.db").read_bytes()


@pytest.fixture
def file(filled: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "mail.db"
    path.write_bytes(filled)
    return path


@pytest.fixture
def running(file: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(file.parent / "s", "--database", str(file))
    yield sandbox
    assert sandbox.stop() == (0, "")


def change(file: Path, sql: str) -> None:
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(sql)
    connection.close()


def test_info_says_what_is_there(file: Path) -> None:
    facts = json.loads(db("info", "--database", str(file), "--json").stdout)
    assert facts["messages"] == facts["unseen"] == len(ODD) + 1
    assert facts["octets"] == sum(map(len, ODD.values())) + 3_000_034
    assert facts["oldest"] <= facts["newest"]
    assert facts["path"] == str(file)
    shown = db("info", "--database", str(file)).stdout
    assert f"messages       {len(ODD) + 1}\n" in shown


def test_check_finds_nothing_wrong_with_a_sound_file(file: Path) -> None:
    before = file.read_bytes()
    result = db("check", "--database", str(file), "--json")
    assert json.loads(result.stdout) == {"messages": len(ODD) + 1, "complaints": []}
    assert result.exit_code == 0
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("UPDATE message SET sha256 = zeroblob(32) WHERE id = 2", "message 2: octets are not those that came"),
        (f"DELETE FROM chunk WHERE {CHUNK_OF} 3)", "message 3: octets are missing"),
        (f"UPDATE chunk SET octets = x'00' WHERE {CHUNK_OF} 4)", "message 4: octets are missing"),
        (
            f"UPDATE chunk SET octets = x'00' WHERE {CHUNK_OF} {len(ODD) + 1})",
            f"message {len(ODD) + 1}: octets cannot be read",
        ),
        ("UPDATE message SET size = size - 1 WHERE id = 5", "message 5: has"),
        ("UPDATE tally SET messages = 7", "totals: kept as (7,"),
    ],
)
def test_check_names_what_is_damaged(damage: str, complaint: str, file: Path) -> None:
    change(file, damage)
    result = db("check", "--database", str(file))
    assert result.exit_code == 1
    assert complaint in result.stdout


def test_vacuum_gives_back_what_is_unused(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE filler (octets BLOB)")
        connection.execute("INSERT INTO filler VALUES (randomblob(4000000))")
        connection.execute("DROP TABLE filler")
    connection.close()
    told = json.loads(db("vacuum", "--database", str(file), "--json").stdout)
    assert told["after"] == file.stat().st_size
    assert told["before"] - told["after"] > 3_000_000
    assert db("check", "--database", str(file)).exit_code == 0


def test_reindex_makes_everything_findable_again(file: Path) -> None:
    change(file, "DELETE FROM detail")
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("INSERT INTO search(search) VALUES ('delete-all')")
    connection.close()
    result = db("reindex", "--database", str(file))
    assert (result.exit_code, result.stderr) == (0, f"Indexed {len(ODD) + 1} messages anew\n")
    sandbox = Sandbox(file.parent / "s", "--database", str(file))
    try:
        with sandbox.client() as client:
            assert [message["subject"] for message in client.messages("haystack")] == ["needle"]
            assert [message["subject"] for message in client.messages("header:subject=needle")] == ["needle"]
    finally:
        sandbox.stop()


def test_a_file_in_use_is_only_looked_at(file: Path, running: Sandbox) -> None:
    assert db("info", "--database", str(file)).exit_code == 0
    assert db("check", "--database", str(file)).exit_code == 0
    for command in ("vacuum", "reindex"):
        result = db(command, "--database", str(file))
        assert result.exit_code == 1
        assert "in use" in result.stderr


@pytest.mark.parametrize("command", ["info", "vacuum", "reindex", "check"])
def test_what_is_no_database_of_ours_is_refused_and_left_alone(command: str, tmp_path: Path) -> None:
    other, text = tmp_path / "other.db", tmp_path / "text"
    change(other, "CREATE TABLE precious (x)")
    text.write_text("precious, and longer than the header of a database\n" * 20)
    for path in (other, text):
        before = path.read_bytes()
        result = db(command, "--database", str(path))
        assert result.exit_code == 2, result.output
        assert str(path) in result.stderr or "another program" in result.stderr
        assert path.read_bytes() == before
    assert db(command, "--database", str(tmp_path / "none")).exit_code == 2
    assert not (tmp_path / "none").exists()
    assert "--database" in db(command).stderr
