"""What commands say when the disk is full, a file cannot be read, or nobody reads what they print."""

from __future__ import annotations

import os
import random
import re
import resource
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from mailtrap.client import Client
from tests.cli.test_serve import MAILTRAP, Sandbox, environ


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    sandbox.done("send", "--sample")
    yield sandbox
    assert sandbox.stop() == (0, "")


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    return shared


def spawn(sandbox: Sandbox, line: str) -> subprocess.CompletedProcess[bytes]:
    """The command as a shell starts it, which knows how to close streams."""
    command = f"{shlex.join(MAILTRAP)} {line}"
    return subprocess.run(command, shell=True, capture_output=True, timeout=60, env=environ(**sandbox.environ()))


def printing(sandbox: Sandbox, stdout: IO[bytes], *command: str) -> subprocess.CompletedProcess[bytes]:
    environment = environ(**sandbox.environ())
    return subprocess.run([*MAILTRAP, *command], stdout=stdout, stderr=subprocess.PIPE, timeout=60, env=environment)


@contextmanager
def small_files(most: int) -> Iterator[None]:
    """As if the disk were full: this process writes no file longer than this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("format_", ["eml", "mbox", "maildir", "zip"])
def test_of_an_export_that_the_disk_has_no_room_for_nothing_is_left(
    format_: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    with sandbox.client() as client:
        for size in (10, 30_000):
            noise = random.Random(size).randbytes(size).hex().encode()
            client.post(b"To: a@b.test\r\n\r\n" + noise, sender="s@b.test")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "x", tmp_path / "empty"):
        if path.name == "empty" and format_ in ("mbox", "zip"):
            continue
        with small_files(20_000):
            result = sandbox.run("export", str(path), "--format", format_, "--json")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"mailtrap: {path}: File too large\n  nothing is exported\n"
        assert [str(one) for one in tmp_path.rglob("*")] == [str(tmp_path / "empty")]


def test_where_the_directory_goes_while_an_export_is_written_it_is_said(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = Client.raw

    def fetched(client: Client, id: str) -> bytes:
        shutil.rmtree(tmp_path / "gone", ignore_errors=True)
        return raw(client, id)

    monkeypatch.setattr(Client, "raw", fetched)
    for name in ("x", "x.mbox", "x.zip"):
        (tmp_path / "gone").mkdir()
        result = sandbox.run("export", str(tmp_path / "gone" / name))
        assert result.exit_code == 1
        assert re.fullmatch(r"mailtrap: .*/gone/x.*: No such file or directory\n  nothing is exported\n", result.stderr)


def test_what_stdout_has_no_room_for_is_said(sandbox: Sandbox) -> None:
    for command in (["show", "1", "--raw"], ["list"], ["--help"]):
        with open("/dev/full", "wb") as full:
            done = printing(sandbox, full, *command)
        assert (done.returncode, done.stderr) == (1, b"mailtrap: stdout: No space left on device\n")


def test_a_pipe_that_nobody_reads_any_more_is_no_reason_to_talk(sandbox: Sandbox) -> None:
    for command in (["show", "latest", "--raw"], ["list", "--json"], ["faults", "scenarios"]):
        ours, theirs = os.pipe()
        os.close(ours)
        with open(theirs, "wb") as nobody:
            done = printing(sandbox, nobody, *command)
        assert (done.returncode, done.stderr) == (1, b"")


def test_closed_streams_are_no_reason_to_break_down(sandbox: Sandbox) -> None:
    for command in ("list", "show latest --raw", "show latest"):
        done = spawn(sandbox, f"{command} >&-")
        assert (done.returncode, done.stderr) == (0, b"")
    done = spawn(sandbox, "import - <&-")
    assert (done.returncode, b"stdin is no message" in done.stderr) == (1, True)
    assert spawn(sandbox, "list --nonsense 2>&-").returncode == 2


def test_files_that_cannot_be_read_are_named(sandbox: Sandbox) -> None:
    """`/proc/self/mem` can be opened by anybody, and not be read at its beginning."""
    for command in (["import"], ["send"], ["import", "-f", "mbox"], ["import", "-f", "eml"]):
        result = sandbox.run(*command, "/proc/self/mem")
        assert result.exit_code == 1
        assert result.stderr.endswith("mailtrap: /proc/self/mem: Input/output error\n  give files that can be read\n")
