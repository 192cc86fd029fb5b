"""The power fails: what was synced is there, of what was only written some is, in any order, torn; every 250 is kept.

python -m tests.torture.power_cut: every write and sync of a run is taken from strace, and what a disk could hold is
put together from them for moments at random. The log is copied and begun anew all the time, so as to meet that too.
"""

from __future__ import annotations

import random
import re
import sqlite3
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from mailtrap.settings import Settings
from mailtrap.store.maintenance import check
from tests.torture.serving import Sender, Serving, message
from tests.torture.strace_sync import kill_traced

SENDERS = 4
SECTOR = 512
#: Runs what follows with a short log: `python -c … python -m mailtrap serve …`.
SHORT_LOG = (
    "import sys; from mailtrap.store import upkeep; upkeep.CHECKPOINT_BUSY = 1_000_000;"
    "from mailtrap.cli import main; sys.argv = ['mailtrap', *sys.argv[4:]]; main()"
)
_WRITE = re.compile(r'pwrite64\(\d+<([^>]*)>, "((?:[^"\\]|\\.)*)", \d+, (\d+)')
_SYNC = re.compile(r"f(?:data)?sync\(\d+<([^>]*)>")
_TRUNCATE = re.compile(r"ftruncate\(\d+<([^>]*)>, (\d+)")
_KEPT = re.compile(r"kept as message (\d+)")


@dataclass
class Disk:
    """One file: what it surely holds, and what was done to it since, which it may hold or not."""

    surely: bytearray = field(default_factory=bytearray)
    perhaps: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self, count: int) -> None:
        """The first so many of the writes are on the disk."""
        for offset, octets in self.perhaps[:count]:
            _apply(self.surely, offset, octets)
        del self.perhaps[:count]

    def after_a_cut(self, luck: random.Random) -> bytes:
        """Some of the writes are there, some half, in an order that only the disk knows."""
        image = bytearray(self.surely)
        chosen = [one for one in self.perhaps if luck.random() < 0.5]
        luck.shuffle(chosen)
        for offset, octets in chosen:
            if octets and luck.random() < 0.3:
                octets = octets[: luck.randrange(0, len(octets), SECTOR)]
            _apply(image, offset, octets)
        return bytes(image)


def main(messages: int = 800, cuts: int = 40, seed: int | None = None) -> list[str]:
    """What was found; raises AssertionError where a message was lost or the database is broken."""
    luck = random.Random(seed)
    with TemporaryDirectory(prefix="cut-") as folder:
        database, trace = Path(folder, "mail.db"), Path(folder, "trace")
        calls = "trace=fsync,fdatasync,pwrite64,ftruncate,write,writev,sendto,sendmsg"
        strace = ["strace", "-f", "-y", "-x", "-s", "100000", "-e", calls, "-o", str(trace)]
        server = Serving(database, prefix=[*strace, sys.executable, "-c", SHORT_LOG])
        senders = [threading.Thread(target=_send, args=(server.smtp, n, messages // SENDERS)) for n in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(300)
        kill_traced(server.process)
        lines = trace.read_text("latin-1").splitlines()
        begun = next(number for number, line in enumerate(lines) if _KEPT.search(line))
        moments = sorted(luck.sample(range(begun, len(lines)), min(cuts, len(lines) - begun)))
        count, times = 0, 0
        for disks, confirmed, anew in _moments(lines, str(database), moments):
            _examine(Path(folder, "cut.db"), disks, confirmed, luck)
            count, times = len(confirmed), anew
        assert times > 3, "the log was not begun anew often enough to tell"
    return [f"{len(moments)} cuts, {count} confirmed at the last, 0 lost; the log was begun anew {times} times"]


def _moments(lines: list[str], path: str, moments: list[int]) -> Iterator[tuple[dict[str, Disk], set[int], int]]:
    """The disks, the ids that had been confirmed and how often the log had begun anew, at each of these lines."""
    disks = {"": Disk(), "-wal": Disk()}
    syncing: dict[str, tuple[Disk, int]] = {}
    confirmed: set[int] = set()
    anew = 0
    wanted = set(moments)
    for number, line in enumerate(lines):
        thread = line.split(" ", 1)[0]
        if found := _WRITE.search(line):
            if (disk := disks.get(found[1].removeprefix(path))) and found[1].startswith(path):
                octets = found[2].encode("latin-1").decode("unicode_escape").encode("latin-1")
                disk.perhaps.append((int(found[3]), octets))
                anew += found[1].endswith("-wal") and int(found[3]) == 0
        elif found := _TRUNCATE.search(line):
            if disk := disks.get(found[1].removeprefix(path)):
                disk.perhaps.append((int(found[2]), None))
        elif (found := _SYNC.search(line)) or (thread in syncing and "sync resumed>" in line):
            if found and (disk := disks.get(found[1].removeprefix(path))):
                syncing[thread] = disk, len(disk.perhaps)
            if thread in syncing and not line.endswith("<unfinished ...>"):
                disk, count = syncing.pop(thread)
                disk.sync(count)
        elif found := _KEPT.search(line):
            confirmed.add(int(found[1]))
        if number in wanted:
            yield disks, confirmed, anew


def _examine(database: Path, disks: dict[str, Disk], confirmed: set[int], luck: random.Random) -> None:
    for suffix, disk in disks.items():
        Path(f"{database}{suffix}").write_bytes(disk.after_a_cut(luck))
    connection = sqlite3.connect(database)
    ids = {id_ for (id_,) in connection.execute("SELECT id FROM message")}
    connection.close()
    assert confirmed <= ids, f"{len(confirmed - ids)} of {len(confirmed)} lost: {sorted(confirmed - ids)[:5]}"
    problems = check(Settings(database=str(database)))
    assert not problems, problems
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)


def _apply(image: bytearray, offset: int, octets: bytes | None) -> None:
    """Write octets there; None cuts the file off there."""
    if octets is None:
        del image[offset:]
        return
    if len(image) < offset:
        image += bytes(offset - len(image))
    image[offset : offset + len(octets)] = octets


def _send(port: int, number: int, messages: int) -> None:
    sender = Sender(port)
    for n in range(messages):
        code, reply = sender.send(message(f"cut-{number}-{n}", 600_000 if n % 40 == 39 else 4000))
        assert code == 250, reply
    sender.close()


if __name__ == "__main__":
    print("\n".join(main()))
