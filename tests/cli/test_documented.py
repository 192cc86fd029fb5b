"""What the documentation tells people to type is understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailtrap.cli import program

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_TYPED = re.compile(r"^(?:\$ )?(mailtrap [a-z].*)$|`(mailtrap [a-z][^`\n]* --?[^`\n]*)`", re.MULTILINE)


def typed() -> list[str]:
    """Commands on lines of their own in examples, and those with a flag that stand in a sentence."""
    found = []
    for page in PAGES:
        # That page is printed from the commands themselves: `[OPTIONS]` and so on.
        if page.name != "commands.md":
            found += [own or inline for own, inline in _TYPED.findall(page.read_text("utf-8"))]
    return sorted({line for line in found if "…" not in line and "|" not in line})


@pytest.mark.parametrize("line", typed())
def test_a_command_in_the_documentation_is_one(line: str) -> None:
    arguments = shlex.split(line, comments=True)[1:]
    if "--" in arguments:
        # What follows is another program's.
        del arguments[arguments.index("--") :]
    result = CliRunner().invoke(program, [*arguments, "--help"])
    assert result.exit_code == 0, result.output
