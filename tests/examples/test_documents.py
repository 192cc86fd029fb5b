"""What README and docs/testing.md show of tests works as printed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from mailtrap.settings import TABLE
from mailtrap.testing.wiring import MAPPED
from tests.examples.test_examples import PYTEST, ROOT, run

TESTING = ROOT / "docs" / "testing.md"
#: Variables that are no settings: where tests find a sandbox.
FOUND_BY = {"MAILTRAP_URL", *MAPPED.values()}


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def test_the_example_in_the_readme(tmp_path: Path) -> None:
    (example,) = [block for block in _blocks(ROOT / "README.md", "python") if "def test_" in block]
    (tmp_path / "test_readme.py").write_text(example, "utf-8")
    shutil.copy(ROOT / "examples" / "smtplib" / "signup.py", tmp_path)
    assert "2 passed" in run(PYTEST, tmp_path)


def test_the_examples_in_testing(tmp_path: Path) -> None:
    shown = [block for block in _blocks(TESTING, "python") if "def test_" in block]
    assert len(shown) == 5
    for number, block in enumerate(shown):
        (tmp_path / f"test_{number}.py").write_text(block, "utf-8")
    assert "5 passed" in run([*PYTEST, "--mail-snapshot-update"], tmp_path)
    assert "5 passed" in run(PYTEST, tmp_path)
    taken = tmp_path / "mail_snapshots" / "test_4" / "welcome.txt"
    assert "your code is {code}." in taken.read_text("utf-8")


def test_what_is_shown_of_settings_is_read(tmp_path: Path) -> None:
    (shown,) = _blocks(TESTING, "ini")
    (tmp_path / "pytest.ini").write_text(shown, "utf-8")
    (tmp_path / "test_it.py").write_text("def test_it(mail_sandbox):\n    assert mail_sandbox.info()\n", "utf-8")
    assert "1 passed" in run(PYTEST, tmp_path)


@pytest.mark.parametrize("number", [0, 1], ids=["actions", "compose"])
def test_the_recipes_for_containers_name_what_there_is(number: int) -> None:
    text = _blocks(TESTING, "yaml")[number]
    assert set(yaml.safe_load(text)) <= {"jobs", "services"}
    known = {row.variable for row in TABLE} | FOUND_BY
    assert set(re.findall(r"MAILTRAP_[A-Z0-9_]+", TESTING.read_text("utf-8"))) <= known
