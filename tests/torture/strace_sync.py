"""Every 250 follows the sync of the writes it promises, as the system calls show (named database, synchronous=FULL).

python -m tests.torture.strace_sync [messages] [--normal]: with `--normal` it must find that they do not, which shows
that the test can fail.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.torture.serving import Sender, Serving, message

SENDERS = 4
_CALL = re.compile(r"^(\d+)\s+(?:<\.\.\. )?(\w+)")
_FILE = re.compile(r"\((\d+)<([^>]*(?:->[^>]*)?)>")


def main(messages: int = 400, normal: bool = False) -> list[str]:
    """What was found; raises AssertionError where a 250 came before its sync (or, with `normal`, where none did)."""
    with TemporaryDirectory(prefix="strace-") as folder:
        database, trace = Path(folder, "mail.db"), Path(folder, "trace")
        calls = "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg"
        flags = ["--synchronous", "normal"] if normal else []
        strace = ["strace", "-f", "-y", "-s", "400", "-e", calls, "-o", str(trace)]
        server = Serving(database, *flags, prefix=strace)
        senders = [threading.Thread(target=_send, args=(server.smtp, n, messages // SENDERS)) for n in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(300)
        kill_traced(server.process)
        confirmed, early = examine(trace.read_text(errors="replace").splitlines(), f"{database}-wal")
    assert confirmed >= messages // SENDERS * SENDERS, f"only {confirmed} confirmations seen"
    assert bool(early) == normal, f"{early} breaches of the order in {confirmed} confirmations"
    return [f"{confirmed} confirmed, {early} breaches of the order"]


def examine(lines: list[str], log: str) -> tuple[int, int]:
    """How many replies to a final dot there are, and how many of them came too early.

    Two rules. Between the 354 and the 250 on a connection something was written to the log and then synced. And the
    thread that writes wakes nobody (a write to an eventfd or a socket) while what it wrote last is not synced: so no
    reply can be about the transaction that comes next. A call that another thread interrupts is on two lines.
    """
    unsynced = False
    syncing: set[str] = set()
    writers: set[str] = set()
    #: By connection: 0 after its 354, 1 once the log was written to, 2 once that was synced.
    stages: dict[str, int] = {}
    confirmed = early = 0
    for line in lines:
        call = _CALL.match(line)
        if not call:
            continue
        thread, name = call.groups()
        file = _FILE.search(line)
        path = file[2] if file else ""
        resumed, unfinished = "resumed>" in line, line.endswith("<unfinished ...>")
        if name in ("fsync", "fdatasync"):
            if thread not in writers:
                continue  # the checkpointer's, which may have begun before the last write
            if path == log and unfinished:
                syncing.add(thread)
            elif path == log or (resumed and thread in syncing):
                syncing.discard(thread)
                unsynced = False
                stages.update({connection: 2 for connection, stage in stages.items() if stage == 1})
        elif resumed:
            continue
        elif path == log:
            unsynced = True
            writers.add(thread)
            stages.update({connection: 1 for connection, stage in stages.items() if stage == 0})
        elif thread in writers:
            early += unsynced and ("eventfd" in path or "socket" in path)
        elif '"354 ' in line:
            stages[path] = 0
        elif '"250 ' in line and path in stages:
            confirmed += 1
            early += stages.pop(path) < 2
    return confirmed, early


def _send(port: int, number: int, messages: int) -> None:
    sender = Sender(port)
    for n in range(messages):
        code, reply = sender.send(message(f"{number}-{n}"))
        assert code == 250, reply
    sender.close()


def kill_traced(strace: subprocess.Popen[bytes]) -> None:
    """Kill what strace runs: a signal to strace itself would not reach it."""
    (child,) = Path(f"/proc/{strace.pid}/task/{strace.pid}/children").read_text().split()
    os.kill(int(child), signal.SIGKILL)
    strace.wait(60)


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    print("\n".join(main(numbers[0] if numbers else 400, normal="--normal" in sys.argv)))
