"""A disk that fills up: 452 4.3.1, never a 250 for what is lost, never a 5yz, alive, and as before once there is room.

python -m tests.torture.disk_full: needs root, for a file system of 24 MB in memory.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.torture.serving import Sender, Serving, message, sha256

SIZE = "24m"


def main() -> list[str]:
    """What was found; raises AssertionError at the first promise that was not kept."""
    with TemporaryDirectory(prefix="full-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True)
        try:
            return _fill(Path(folder))
        finally:
            subprocess.run(["umount", folder], check=True)


def _fill(folder: Path) -> list[str]:
    server = Serving(folder / "mail.db")
    try:
        confirmed: dict[str, str] = {}
        refusals: set[str] = set()
        sender = Sender(server.smtp)
        for number in range(2000):
            # Small ones, and now and then one that is taken in piece by piece.
            content = message(f"fill-{number}", 800_000 if number % 10 == 9 else 40_000)
            code, reply = sender.send(content)
            assert code in (250, 452), reply
            if code == 250:
                confirmed[sha256(content)] = reply
            else:
                refusals.add(reply)
                assert reply.startswith("452 4.3.1"), reply
            if len(refusals) and number > 100 and len(confirmed) < number - 40:
                break
        assert refusals, "the disk did not fill up"
        assert server.alive
        kept = server.everything()
        assert set(confirmed) <= set(kept), f"{len(set(confirmed) - set(kept))} lost"
        for digest in confirmed:
            assert sha256(server.get(f"/api/messages/{kept[digest]}/raw")) == digest
        lines = [f"{len(confirmed)} confirmed and there, then {sorted(refusals)}"]
        ballast = folder / "ballast"
        with suppress(OSError):
            ballast.write_bytes(b"x" * (1 << 20))
        ballast.unlink(missing_ok=True)
        subprocess.run(["mount", "-o", "remount,size=200m", str(folder)], check=True)
        code, reply = sender.send(message("after"))
        assert code == 250, f"not recovered: {reply}"
        assert len(server.everything()) >= len(confirmed) + 1
        lines.append("room made: 250 at once")
        sender.close()
        assert server.stop() == 0
        return lines
    finally:
        if server.alive:
            server.kill()


if __name__ == "__main__":
    print("\n".join(main()))
    sys.exit(0)
