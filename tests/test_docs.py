"""Documents that must match the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from docs.printed import main
from mailtrap import __version__

ROOT = Path(__file__).parents[1]


def test_the_printed_parts_are_what_the_code_says() -> None:
    assert main(check=True) == 0


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert versions[0] == __version__


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []


def test_every_door_of_a_library_exists() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    doors = [door for contract in contracts for door in contract.get("allowed_importers", [])]
    assert doors
    for door in doors:
        place = ROOT / Path(*door.split("."))
        assert place.with_suffix(".py").exists() or place.is_dir(), door
