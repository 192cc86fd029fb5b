"""A client of IMAP that believes nothing: it keeps its own account of a folder and holds every response against it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any

#: Seconds that an answer may take.
PATIENCE = 60.0

_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")
_TOKEN = re.compile(rb'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|~?\{(\d+)\}\r\n|([^\s()"{]+(?:\[[^\]]*\](?:<\d+>)?)?))')

#: Commands during which nobody may hear EXPUNGE.
BY_NUMBER = ("FETCH", "STORE", "SEARCH")
#: A flag of the session and not of the message.
RECENT = b"\\Recent"


class Inconsistent(AssertionError):
    """The server has said what cannot be."""


def check(is_so: bool, complaint: str) -> None:
    if not is_so:
        raise Inconsistent(complaint)


def tokens(octets: bytes) -> list[Any]:
    """A response as nested lists of octets."""
    stack: list[list[Any]] = [[]]
    at = 0
    while at < len(octets) and (found := _TOKEN.match(octets, at)):
        at = found.end()
        opening, closing, quoted, literal, atom = found.groups()
        if opening:
            stack.append([])
        elif closing:
            done = stack.pop()
            check(bool(stack), f"a parenthesis too many in {octets[:200]!r}")
            stack[-1].append(done)
        elif literal is not None:
            stack[-1].append(octets[at : at + int(literal)])
            at += int(literal)
        else:
            stack[-1].append(quoted if quoted is not None else atom)
    check(len(stack) == 1, f"a parenthesis too few in {octets[:200]!r}")
    return stack[0]


def numbers(spelt: bytes) -> Iterator[int]:
    """`1:3,5` in full."""
    for one in spelt.split(b","):
        first, _, last = one.partition(b":")
        yield from range(int(first), int(last or first) + 1)


class Known:
    """What one client knows of the folder it has open. `uids`: by number, None where it was not told yet."""

    def __init__(self) -> None:
        self.uids: list[int | None] = []
        self.flags: dict[int, frozenset[bytes]] = {}
        self.keywords: set[bytes] = set()
        self.modseq = 0
        self.uid_next = 0
        self.uid_validity = 0
        #: Whether it heard BYE, and of which uids it was told the flags since the command began.
        self.told = False
        self.fresh: set[int] = set()
        #: What was told of as recent, and what has vanished.
        self.recent: set[int] = set()
        self.gone: set[int] = set()

    def exists(self, count: int) -> None:
        check(count >= len(self.uids), f"{len(self.uids)} messages became {count} without EXPUNGE")
        self.uids += [None] * (count - len(self.uids))

    def expunged(self, number: int) -> None:
        check(0 < number <= len(self.uids), f"EXPUNGE {number}, and there are {len(self.uids)}")
        uid = self.uids.pop(number - 1)
        if uid is not None:
            self.flags.pop(uid, None)

    def vanished(self, uid: int) -> None:
        self.gone.add(uid)
        if uid in self.uids:
            self.uids.remove(uid)
        else:
            # One of those between its neighbours, of which no more is known.
            at = max([n for n, one in enumerate(self.uids, 1) if one is not None and one < uid], default=0)
            check(self.uids[at : at + 1] == [None], f"VANISHED {uid}, of which there was no word before")
            del self.uids[at]
        self.flags.pop(uid, None)

    def fetched(self, number: int, facts: dict[bytes, Any]) -> None:
        check(0 < number <= len(self.uids), f"FETCH {number}, and there are {len(self.uids)}")
        if b"UID" in facts:
            uid = int(facts[b"UID"])
            before = self.uids[number - 1]
            check(before in (None, uid), f"number {number} was uid {before} and is {uid}")
            self.uids[number - 1] = uid
            below = [one for one in self.uids[: number - 1] if one is not None]
            above = next((one for one in self.uids[number:] if one is not None), None)
            check(not below or below[-1] < uid, f"uid {uid} of {number} is not above {below[-1:]}")
            check(above is None or uid < above, f"uid {uid} of {number} is not below {above}")
        uid_now = self.uids[number - 1]
        if b"FLAGS" in facts:
            flags = frozenset(facts[b"FLAGS"]) - {RECENT}
            if RECENT in facts[b"FLAGS"] and uid_now is not None:
                self.recent.add(uid_now)
            facts[b"FLAGS"] = list(flags)
            strange = {flag for flag in flags if flag not in self.keywords}
            check(not strange, f"{strange} are in no FLAGS before")
            if uid_now is not None:
                self.flags[uid_now] = flags
                self.fresh.add(uid_now)


class Conversation:
    """One connection. Everything untagged goes into `known`; `answers` are those to the last command."""

    def __init__(self, port: int, name: str) -> None:
        self.name = name
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._came = b""
        self._count = 0
        self.known = Known()
        self.qresync = False
        self.answers: list[list[Any]] = []
        self.heard: list[bytes] = []
        #: What was said untagged since the last command began, with OK.
        self.codes: list[bytes] = []
        check(self._response().startswith(b"* OK"), "no greeting")

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> None:
        octets = self._socket.recv(65536)
        if not octets:
            raise ConnectionError(f"{self.name}: the server has hung up")
        self._came += octets

    def _response(self) -> bytes:
        at = 0
        while True:
            while (end := self._came.find(b"\n", at)) < 0:
                self._more()
            found = _LITERAL.search(self._came[at : end + 1])
            if not found:
                break
            at = end + 1 + int(found[1])
            while len(self._came) < at:
                self._more()
        octets, self._came = self._came[: end + 1], self._came[end + 1 :]
        self.heard = [*self.heard[-60:], octets[:300]]
        return octets

    def say(self, octets: bytes) -> None:
        self.heard = [*self.heard[-60:], b"> " + octets[:300]]
        self._socket.sendall(octets)

    def begin(self, *commands: str) -> bytes:
        """Send commands, all at once; the tag of the last."""
        self.answers, self.codes = [], []
        self.known.fresh.clear()
        lines = []
        for command in commands:
            self._count += 1
            lines.append(f"{self._tag(self._count)} {command}\r\n")
        self.say("".join(lines).encode())
        return self._tag(self._count).encode()

    def _tag(self, count: int) -> str:
        return f"{self.name}.{count}"

    def several(self, *commands: str, expunge: bool) -> None:
        """Perform some that were sent without waiting for answers; these come in the same order."""
        first = self._count + 1
        self.begin(*commands)
        for count, command in enumerate(commands, first):
            self.end(self._tag(count).encode(), expunge=expunge, may_fail=True, about=command)

    def command(self, command: str, *, may_fail: bool = False) -> bytes:
        """Perform one; the text of the tagged response, OK and NO included."""
        tag = self.begin(command)
        verb, _, _ = command.partition(" ")
        return self.end(tag, expunge=verb not in BY_NUMBER, may_fail=may_fail, about=command)

    def append(self, folder: str, content: bytes, flags: str) -> bytes:
        tag = self.begin(f"APPEND {folder} ({flags}) {{{len(content)}}}")
        self.continued()
        self.say(content + b"\r\n")
        return self.end(tag, about="APPEND")

    def continued(self) -> None:
        """The server wants us to go on."""
        while not (octets := self._response()).startswith(b"+"):
            self._untagged(octets, expunge=True)

    def end(self, tag: bytes, *, expunge: bool = True, may_fail: bool = False, about: str = "") -> bytes:
        while not (octets := self._response()).startswith(tag + b" "):
            self._untagged(octets, expunge)
        text = octets[len(tag) + 1 :].rstrip()
        check(not text.startswith(b"BAD"), f"{about}: {text!r}")
        check(may_fail or text.startswith(b"OK"), f"{about}: {text!r}")
        self._codes(text)
        return text

    def hear(self, seconds: float) -> bool:
        """Whether the server says something of itself in that time, which is then heard."""
        if not self._came:
            self._socket.settimeout(seconds)
            try:
                self._more()
            except TimeoutError:
                return False
            finally:
                self._socket.settimeout(PATIENCE)
        self._untagged(self._response(), expunge=True)
        return True

    def _untagged(self, octets: bytes, expunge: bool) -> None:
        check(octets.startswith(b"* "), f"neither tagged nor untagged: {octets[:200]!r}")
        known = self.known
        words = octets[2:].split(None, 2)
        if words[0].isdigit():
            number, kind = int(words[0]), words[1].upper()
            if kind == b"EXISTS":
                known.exists(number)
            elif kind == b"EXPUNGE":
                check(expunge, f"EXPUNGE {number} while numbers are in use")
                check(not self.qresync, "EXPUNGE where VANISHED is due")
                known.expunged(number)
            elif kind == b"FETCH":
                [_, _, listed] = tokens(octets[2:])
                facts = dict(zip(listed[::2], listed[1::2], strict=True))
                known.fetched(number, facts)
                self.answers.append([number, facts])
        elif words[0] == b"VANISHED":
            early = words[1] == b"(EARLIER)"
            check(self.qresync, "VANISHED without QRESYNC")
            check(early or expunge, "VANISHED while numbers are in use")
            if not early:
                for uid in numbers(words[1]):
                    known.vanished(uid)
            else:
                self.answers.append([b"EARLIER", *numbers(words[2].strip())])
        elif words[0] == b"FLAGS":
            known.keywords = set(tokens(octets[2:])[1])
        elif words[0] == b"OK":
            self.codes.append(octets)
            self._codes(octets[2:])
        elif words[0] == b"BYE":
            known.told = True
        else:
            self.answers.append(tokens(octets[2:]))

    def _codes(self, text: bytes) -> None:
        known = self.known
        for name, number in re.findall(rb"\[(UIDNEXT|UIDVALIDITY|HIGHESTMODSEQ) (\d+)\]", text):
            if name == b"UIDVALIDITY":
                known.uid_validity = int(number)
            elif name == b"UIDNEXT":
                check(int(number) >= known.uid_next, "UIDNEXT went back")
                known.uid_next = int(number)
            else:
                check(int(number) >= known.modseq, f"HIGHESTMODSEQ went back from {known.modseq} to {int(number)}")
                known.modseq = int(number)
