"""The shape of the code: every module explains itself, has a guessable name and stays small."""

from __future__ import annotations

import ast
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "mailtrap").rglob("*.py"))
LINES, FUNCTION = 450, 70


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_is_small_and_says_what_it_is_for(file: Path) -> None:
    with tokenize.open(file) as source:
        text = source.read()
    tree = ast.parse(text)
    assert file.stem not in {"utils", "util", "helpers", "common", "misc", "core"}
    assert ast.get_docstring(tree), "a module says in one sentence what it is responsible for"
    assert len(text.splitlines()) <= LINES
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < FUNCTION, f"{node.name} is too long"


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_is_public_has_a_docstring(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


#: A group that is repeated possessively, which `re` up to Python 3.11.4 gets wrong; atomic groups it gets right.
POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{\d+(?:,\d*)?\})\+")


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_group_is_repeated_possessively(file: Path) -> None:
    texts = [
        node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    ]
    assert [text for text in texts if "(?" in text and POSSESSIVE_GROUP.search(text)] == []


def test_every_package_is_named_in_the_architecture() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    packages = [file.parent.name for file in MODULES if file.name == "__init__.py"]
    assert [name for name in packages if f"{name}/" not in page] == []
