"""What the clients can be asked, read from their code: tables for the pages about them, and names for their tests."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mailtrap.client import clock, faults, message, mismatch, refusal, sandbox
from mailtrap.client.steps import Verb

TYPESCRIPT = Path(__file__).parents[1] / "clients" / "typescript" / "src"

_CLASSES: tuple[tuple[str, type], ...] = (
    ("Sandbox", sandbox.Sandbox),
    ("Inbox", sandbox.Inbox),
    ("Faults", faults.Faults),
    ("Clock", clock.Clock),
    ("Message", message.Message),
    ("Attachment", message.Attachment),
    ("Transcript", message.Transcript),
    ("Refusal", refusal.Refusal),
)
#: What the machinery calls, not a test.
_INNER = {"run", "loading", "loading_detail", "path"}


class Call(NamedTuple):
    """One thing to ask: of what, its name, how it is written, what it says of itself."""

    of: str
    name: str
    written: str
    says: str


def python() -> list[Call]:
    """Everything public of the Python client, in the order of the code."""
    return [call for of, kind in _CLASSES for call in _of(of, kind)]


def typescript() -> list[Call]:
    """Everything public of the TypeScript client, in the order of the code."""
    found = []
    for name, file in _SOURCES:
        body = _class(name, (TYPESCRIPT / file).read_text("utf-8"))
        for doc, member in _MEMBER.findall(body):
            if member.startswith("constructor("):
                continue
            says = " ".join(re.sub(r"(?m)^\s*\*", " ", doc).split())
            written = " ".join(member.split())
            written = re.sub(r"\( ", "(", re.sub(r",? \)", ")", written))
            written = re.sub(r"^get (\w+)\(\)", r"\1", written.rstrip(" {")).removeprefix("async ")
            found.append(Call(_SHOWN.get(name, name), re.split(r"\W", written)[0], written, says))
    return found


def markdown_python(of: str) -> str:
    """A table of one class of the Python client."""
    return _table(call for call in python() if call.of == of)


def markdown_typescript(of: str) -> str:
    """A table of one class of the TypeScript client."""
    return _table(call for call in typescript() if call.of == of)


def markdown_wanted(kind: type) -> str:
    """What can be wanted of something, by keyword: its names in both languages."""
    lines = ["| in Python | in TypeScript | type |", "|---|---|---|"]
    for name, type_ in kind.__annotations__.items():
        camel = re.sub(r"_(\w)", lambda found: found[1].upper(), name.rstrip("_"))
        # What is sent as it stands is called as in JSON.
        shown = camel if kind is mismatch.Expectations else name
        lines.append(f"| `{name}` | `{shown}` | {_cell(getattr(type_, '__forward_arg__', str(type_)))} |")
    return "\n".join([*lines, ""])


#: As `docs.printed` has it: page and mark → what belongs there.
PRINTED: dict[tuple[str, str], Callable[[], str]] = {
    **{
        (page, mark): partial(markdown_wanted, kind)
        for page in ("client.md", "typescript.md")
        for mark, kind in (
            ("expectations", mismatch.Expectations),
            ("inbox-wanted", sandbox.InboxWanted),
            ("refused-wanted", refusal.RefusedWanted),
        )
    },
    **{("client.md", of.lower()): partial(markdown_python, of) for of, _ in _CLASSES},
    **{("typescript.md", of.lower()): partial(markdown_typescript, of) for of, _ in _CLASSES},
}


def _of(of: str, kind: type) -> Iterator[Call]:
    seen = set()
    for ancestor in [*kind.__mro__[1:-1][::-1], kind]:
        for name, member in vars(ancestor).items():
            if name.startswith("_") or name in _INNER or name in seen:
                continue
            if isinstance(member, property):
                written = name
            elif isinstance(member, Verb):
                written = name + _signature(member.steps)
            elif inspect.isfunction(member):
                written = name + _signature(member)
            else:
                continue
            seen.add(name)
            text = (member.fget if isinstance(member, property) else member).__doc__ or ""
            if of == "Inbox" and ancestor is not kind and ancestor is not sandbox.InboxVerbs:
                continue  # told of the sandbox already
            yield Call(of, name, written, " ".join(text.split()))


def _signature(function: object) -> str:
    signature = inspect.signature(function)  # type: ignore[arg-type]
    given = [one.replace(annotation=one.empty) for one in list(signature.parameters.values())[1:]]
    kept = [
        one.replace(annotation=signature.parameters[one.name].annotation) if one.kind is one.VAR_KEYWORD else one
        for one in given
    ]
    text = str(signature.replace(parameters=kept, return_annotation=inspect.Signature.empty)).replace("'", '"')
    return re.sub(r'"Unpack\[(\w+)\]"', r"\1", text)


def _table(calls: Iterator[Call]) -> str:
    lines = ["| call | does |", "|---|---|"]
    lines += [
        f"| `{call.written.replace('|', chr(92) + '|')}` | {call.says.replace('|', chr(92) + '|')} |" for call in calls
    ]
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_SOURCES = (
    ("Mail", "sandbox.ts"),
    ("Sandbox", "sandbox.ts"),
    ("Inbox", "sandbox.ts"),
    ("Faults", "faults.ts"),
    ("Clock", "clock.ts"),
    ("Message", "message.ts"),
    ("Attachment", "message.ts"),
    ("Transcript", "message.ts"),
    ("Refusal", "refusal.ts"),
)
_SHOWN = {"Mail": "Sandbox"}
#: A comment and the declaration after it, up to where its body begins.
_MEMBER = re.compile(
    r"(?ms)^  (?:/\*\*((?:(?!\*/).)*?)\*/\n  )?((?:async |get )?[a-z]\w*\((?:(?!^  \S).|^  \): )*? \{)$",
)


def _class(name: str, source: str) -> str:
    found = re.search(rf"(?ms)^(?:export )?(?:abstract )?class {name}\b.*?^}}", source)
    assert found, f"no class {name}"
    return found[0]
