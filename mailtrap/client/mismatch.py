"""What is raised where mail is not as a test wants it, and the expectations a test can have."""

from __future__ import annotations

import json
from typing import Any, TypedDict

from mailtrap.client.failures import Json
from mailtrap.client.steps import Response, Steps, ask


class MailMismatch(AssertionError):
    """Mail is not as it should be. `evidence` is what the sandbox answered: what arrived, what came near, refusals."""

    def __init__(self, text: str, evidence: Json | None = None) -> None:
        super().__init__(text)
        self.evidence: Json = evidence or {}


class AttachmentWanted(TypedDict, total=False):
    """What an attachment should be like; what is left out may be anything."""

    filename: str
    type: str
    size: int
    sha256: str


class HeaderWanted(TypedDict):
    """A header field that should be there."""

    name: str
    value: str


class Expectations(TypedDict, total=False):
    """What a message should be like. Several of a kind are given as a list."""

    subject: str
    subject_matches: str
    to: str | list[str]
    rcpt: str | list[str]
    text_contains: str | list[str]
    text_matches: str | list[str]
    html_contains: str | list[str]
    html_matches: str | list[str]
    link_to: str | list[str]
    code: bool | str
    attachment: AttachmentWanted | list[AttachmentWanted]
    header: HeaderWanted | list[HeaderWanted]
    aligned: bool


def listed(wanted: Expectations) -> list[dict[str, Any]]:
    """As POST /api/assert takes them: a list of objects with one key each."""
    found: list[dict[str, Any]] = []
    for name, value in wanted.items():
        for one in value if isinstance(value, list) else [value]:
            found.append({name.replace("_", "-"): one})
    return found


def missing(answer: Response) -> MailMismatch:
    """Nothing, or too little, came in time."""
    return _told(answer)


def unwanted(answer: Response) -> MailMismatch:
    """Something came where nothing should."""
    return _told(answer)


def held(id: str, wanted: Expectations) -> Steps[None]:
    """Hold a message against what is wanted of it. Raises MailMismatch with what is otherwise."""
    __tracebackhide__ = True
    if not wanted:
        return
    document = {"query": f"id:{id}", "expectations": listed(wanted)}
    answer = (yield from ask("POST", "/api/assert", document=document)).document()
    failed = [one for one in answer["results"] if not one["ok"]]
    if failed:
        lines = [f"{one['expectation']}\nExpected: {one['expected']}\n  Actual: {one['actual']}" for one in failed]
        raise MailMismatch("\n".join(lines), answer)


def _told(answer: Response) -> MailMismatch:
    try:
        evidence = json.loads(answer.octets)
        text = str(evidence["error"]["message"])
    except (ValueError, KeyError, TypeError):
        answer.document()
        raise
    for near in evidence.get("nearest", ()):
        text += f"\nnear: {near['message']['id']} {near['message']['subject']!r}"
        for miss in near["failed"]:
            text += f"\n  {miss['term']}\n  Expected: {miss['expected']}\n    Actual: {miss['actual']}"
    return MailMismatch(text, evidence)
