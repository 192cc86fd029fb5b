"""What is told where mail is not as a test wants it, word for word, and safely whatever the mail holds."""

from __future__ import annotations

from typing import Any

import pytest

from mailtrap import telling
from tests.golden.scenes import FILES, SCENES, played


@pytest.mark.parametrize("name", SCENES)
def test_a_failure_is_told_so_that_a_stranger_can_fix_the_test(name: str) -> None:
    assert played(name) == (FILES / f"{name}.txt").read_text("utf-8")


def test_every_golden_file_has_its_scene() -> None:
    assert {file.stem for file in FILES.glob("*.txt")} == set(SCENES)


def test_the_characters_that_differ_are_marked() -> None:
    expected, actual, marks = telling.compared("Reset your password", "Reset your pasword").splitlines()
    assert expected == "expected: Reset your password"
    assert actual == "  actual: Reset your pasword"
    assert marks.index("^") - len("  actual: ") in (len("Reset your pas"), len("Reset your pass"))


def test_of_several_values_the_nearest_is_marked() -> None:
    there = [f"{number}@b.test" for number in range(30)] + ["ana@a.test"]
    lines = telling.compared("anna@a.test", "zoe@b.test\nana@a.test").splitlines()
    assert [line.strip() for line in lines] == ["expected: anna@a.test", "actual: zoe@b.test", "ana@a.test", "^"]
    lines = telling.compared("anna@a.test", "\n".join(there)).splitlines()
    assert lines[1].strip() == "actual: ana@a.test"
    assert lines[-1].strip() == "… 19 lines more"


def test_mail_cannot_command_the_terminal() -> None:
    message: dict[str, Any] = {
        "id": "1",
        "inbox": "default",
        "subject": "\x1b[2J\u202egnp.exe\nFAKE: all tests passed",
        "envelope": {"from": "a\x07@b.test", "to": ["c\x00@d.test"]},
        "received_at": "2026-01-01T00:00:00.000000Z",
    }
    told = telling.message_line(message)
    assert told.isprintable()
    assert "\\x1b[2J\\u202egnp.exe\\nFAKE" in told
