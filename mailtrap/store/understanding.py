"""What the index wants to know of a message; where many wait, a second process finds it out on another core.

`python -m mailtrap.store.understanding` takes batches of messages on its standard input and writes what it understood
to its standard output, each as a length of eight octets (big-endian) and MessagePack. It ends with its input.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Sequence
from time import monotonic
from typing import IO

import msgspec

from mailtrap.mail.content import understand
from mailtrap.mail.message import Message, State, Understanding
from mailtrap.mail.words import COLUMNS, search_columns

log = logging.getLogger(__name__)

#: A message and as much of its octets as are understood.
Unread = tuple[Message, bytes]
#: What was found out, and the words for the columns of the search table.
Found = tuple[Understanding, tuple[str, ...]]

#: Of a bigger message only this much is understood.
UNDERSTOOD = 4 * 1024 * 1024
TRUNCATED = "truncated-for-index"
#: Seconds a new process takes to get ready: who gives it work earlier waits for that.
WARM_UP = 0.2


def read(message: Message, octets: bytes) -> Found:
    """Understand one message, whatever it is; never raises."""
    flags = message.defects if message.size <= UNDERSTOOD else (*message.defects, TRUNCATED)
    try:
        understanding = understand(message.id, octets[:UNDERSTOOD], flags)
        return understanding, search_columns(message, understanding)
    except Exception:
        log.exception("message %s could not be understood", message.id)
    understanding = Understanding(message.id, State.UNPARSED, defects=(*flags, "unparsed"))
    try:
        return understanding, search_columns(message, understanding)
    except Exception:
        return understanding, ("",) * len(COLUMNS)


class Assistant:
    """The second process. For one thread; started when first wanted, gone once it fails or is dismissed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._ready_at = 0.0
        self._failed = False

    def is_ready(self) -> bool:
        """Whether it can take work now. Asking for it the first time starts it."""
        if self._process is None and not self._failed:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "mailtrap.store.understanding"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    start_new_session=True,  # what is typed at our terminal is not meant for it
                )
            except OSError:
                self._fail()
            self._ready_at = monotonic() + WARM_UP
        return self._process is not None and monotonic() > self._ready_at

    def give(self, batch: Sequence[Unread]) -> None:
        """Hand over a batch, if that can be. Every batch that was given must be taken back."""
        if self._process is not None and self._process.stdin is not None:
            try:
                _write(self._process.stdin, batch)
            except (OSError, ValueError, msgspec.MsgspecError):
                self._fail()

    def take(self) -> list[Found] | None:
        """What it understood of the batch it was given, or None where it did not get it or failed."""
        if self._process is None or self._process.stdout is None:
            return None
        try:
            document = _read(self._process.stdout)
            return msgspec.msgpack.decode(document, type=list[Found])
        except (OSError, ValueError, EOFError, msgspec.MsgspecError):
            self._fail()
        return None

    def dismiss(self) -> None:
        """It is not needed for now."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # it holds nothing that is not asked for again
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    _close(pipe)

    def _fail(self) -> None:
        log.warning("the second process for the index failed; going on without it", exc_info=True)
        self._failed = True
        self.dismiss()


_ENCODER = msgspec.msgpack.Encoder()


def _write(pipe: IO[bytes], value: object) -> None:
    document = _ENCODER.encode(value)
    pipe.write(len(document).to_bytes(8, "big"))
    pipe.write(document)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes:
    length = pipe.read(8)
    if len(length) < 8:
        raise EOFError
    size = int.from_bytes(length, "big")
    document = pipe.read(size)
    if len(document) < size:
        raise EOFError
    return document


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        log.debug("a pipe could not be flushed", exc_info=True)


def main() -> None:
    """Understand what comes in until there is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder = msgspec.msgpack.Decoder(list[Unread])
    while True:
        try:
            batch = decoder.decode(_read(sys.stdin.buffer))
        except EOFError:
            return
        _write(sys.stdout.buffer, [read(message, octets) for message, octets in batch])


if __name__ == "__main__":
    main()
