"""The documentation's tables come from the parser's own table."""

from __future__ import annotations

from pathlib import Path

from mailtrap.mail.words import COLUMNS
from mailtrap.query.terms import ALIASES, FIELDS, FLAGS, markdown_fields, markdown_flags, markdown_syntax

PAGE = Path(__file__).parents[2] / "docs" / "query.md"


def test_the_page_holds_the_tables_as_they_are_now() -> None:
    page = PAGE.read_text("utf-8")
    for table in (markdown_syntax(), markdown_fields(), markdown_flags()):
        assert table in page, "run `make fix`"


def test_the_tables_leave_nothing_out() -> None:
    assert all(f"`{name}:`" in markdown_fields() for name in FIELDS)
    assert all(f"`{name}:{flag}`" in markdown_flags() for name, flags in FLAGS.items() for flag in flags)
    assert all(f"or `is:{alias}`" in markdown_flags() for alias in ALIASES)


def test_every_column_named_is_one_of_the_search_table() -> None:
    assert {field.column for field in FIELDS.values()} - {""} == set(COLUMNS)
