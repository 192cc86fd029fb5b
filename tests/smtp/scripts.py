"""Reads conversation scripts: `C:` what the client sends, `S:` what the server answers (see tests/conversations)."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "conversations"


@dataclass
class Turn:
    """Octets of the client, and the lines the server answers with."""

    octets: bytes = b""
    expected: list[str] = field(default_factory=list)


@dataclass
class Script:
    """A conversation. `settings` as in the environment, `kept` the contents in the order kept."""

    name: str
    settings: dict[str, str]
    turns: list[Turn]
    kept: list[bytes]
    outcome: str


def read(path: Path) -> Script:
    """Lines of other kinds: `settings: key=value …`, `kept: octets` (one for each message), `outcome: word`.

    Consecutive `C:` lines go in one segment, each ended by CRLF unless it ends in a backslash; `\\x00`, `\\r`, `\\n`
    and `\\\\` stand for octets. `*` in an `S:` line matches anything, `S: 250-*` any number of continuation lines.
    """
    script = Script(path.stem, {}, [Turn()], [], "")
    for line in path.read_text("utf-8").splitlines():
        kind, _, text = line.partition(": ")
        if not line or line.startswith("#"):
            continue
        if kind == "settings":
            script.settings.update(word.split("=", 1) for word in text.split())
        elif kind == "C":
            if script.turns[-1].expected:
                script.turns.append(Turn())
            script.turns[-1].octets += _octets(text[:-1]) if text.endswith("\\") else _octets(text) + b"\r\n"
        elif kind == "S":
            script.turns[-1].expected.append(text)
        elif kind == "kept":
            script.kept.append(_octets(text))
        elif kind == "outcome":
            script.outcome = text
        else:
            raise ValueError(f"{path.name}: {line!r}")
    return script


def scripts() -> list[Script]:
    return [read(path) for path in sorted(FOLDER.glob("smtp-*.txt"))]


def check(expected: list[str], lines: list[str]) -> None:
    """Compare reply lines with what a script expects."""
    rest = list(lines)
    for pattern in expected:
        if re.fullmatch(r"\d\d\d-\*", pattern):
            while rest and rest[0].startswith(pattern[:4]):
                rest.pop(0)
            continue
        assert rest, f"expected {pattern!r}, but nothing more was said; all: {lines}"
        got = rest.pop(0)
        assert fnmatch.fnmatchcase(got, pattern.replace("[", "[[]")), f"expected {pattern!r}, got {got!r}; all: {lines}"
    assert rest == []


def count_replies(expected: list[str]) -> int:
    return sum(1 for pattern in expected if pattern[3:4] != "-")


def _octets(text: str) -> bytes:
    parts = re.split(r"(\\x[0-9a-f]{2}|\\r|\\n|\\\\)", text)
    special = {"\\r": b"\r", "\\n": b"\n", "\\\\": b"\\"}
    return b"".join(
        special[part] if part in special else bytes([int(part[2:], 16)]) if part.startswith("\\x") else part.encode()
        for part in parts
    )
