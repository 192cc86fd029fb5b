"""Prints the parts of the docs that come from the code: `python -m docs.printed`, with `--check` only compares."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from docs import clients
from mailtrap import settings
from mailtrap.cli import docs as commands
from mailtrap.delivery import tables as deliveries
from mailtrap.delivery.hooks import ways
from mailtrap.faults import conditions, tables
from mailtrap.query import terms

DOCS = Path(__file__).parent
ROOT = DOCS.parent


def tree() -> str:
    """Every module with the first sentence of its docstring."""
    lines = ["```"]
    for file in sorted((ROOT / "mailtrap").rglob("*.py")):
        place = file.relative_to(ROOT)
        first = re.match(r'(?:#.*\n)*"""(.+?)(?:\n\n|"""|\n$)', file.read_text("utf-8"), re.DOTALL)
        says = " ".join(first[1].split()) if first else ""
        depth = "  " * (len(place.parts) - 1)
        if file.name == "__init__.py":
            lines.append(f"{'  ' * (len(place.parts) - 2)}{place.parent.name}/  {says}")
        else:
            lines.append(f"{depth}{file.name:18} {says}")
    return "\n".join([*lines, "```", ""])


#: Page and mark → what belongs between `<!-- printed: mark -->` and `<!-- end -->` there.
PRINTED: dict[tuple[str, str], Callable[[], str]] = {
    ("settings.md", "settings"): settings.markdown,
    ("commands.md", "commands"): commands.markdown,
    ("architecture.md", "tree"): tree,
    ("deliveries.md", "outcomes"): deliveries.markdown_outcomes,
    ("deliveries.md", "happenings"): deliveries.markdown_happenings,
    ("deliveries.md", "unreachable"): deliveries.markdown_unreachable,
    ("deliveries.md", "schedule"): deliveries.markdown_schedule,
    ("webhooks.md", "events"): ways.markdown,
    ("query.md", "syntax"): terms.markdown_syntax,
    ("query.md", "fields"): terms.markdown_fields,
    ("query.md", "flags"): terms.markdown_flags,
    ("failures.md", "known"): conditions.markdown,
    ("scenarios.md", "replies"): tables.markdown_replies,
    ("scenarios.md", "behaviours"): tables.markdown_behaviours,
    ("scenarios.md", "collecting"): tables.markdown_collecting,
    ("scenarios.md", "placeholders"): tables.markdown_placeholders,
    ("addresses.md", "tags"): tables.markdown_tags,
    ("addresses.md", "services"): tables.markdown_services,
    **clients.PRINTED,
}


def main(check: bool) -> int:
    """Rewrite what has changed, or say that it has."""
    stale = 0
    for (page, mark), make in PRINTED.items():
        file = DOCS / page
        text = file.read_text("utf-8")
        pattern = re.compile(rf"(<!-- printed: {mark} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"{file} has no place for {mark}: put <!-- printed: {mark} --> and <!-- end --> there")
        wanted = pattern.sub(lambda found, make=make: found[1] + make() + found[2], text)
        if wanted != text:
            stale += 1
            if check:
                print(f"{file} is not what the code says; run `make fix`", file=sys.stderr)
            else:
                file.write_text(wanted, "utf-8")
    return stale if check else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
