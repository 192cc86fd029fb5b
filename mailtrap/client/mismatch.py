"""What is raised where mail is not as a test wants it, and the expectations a test can have."""

from __future__ import annotations

import json
from typing import Any, TypedDict

from mailtrap.client.failures import Json
from mailtrap.client.steps import Response


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


class _Named(TypedDict):
    name: str


class HeaderWanted(_Named, total=False):
    """A header field that should be there, with this value if one is given."""

    value: str


class Expectations(TypedDict, total=False):
    """What a message should be like. Several of a kind are given as a list."""

    subject: str
    subject_matches: str | list[str]
    from_: str | list[str]
    to: str | list[str]
    cc: str | list[str]
    reply_to: str | list[str]
    rcpt: str | list[str]
    text_contains: str | list[str]
    text_matches: str | list[str]
    html_contains: str | list[str]
    html_matches: str | list[str]
    link_to: str | list[str]
    code: bool | str
    attachment: AttachmentWanted | list[AttachmentWanted]
    attachments: int
    header: HeaderWanted | list[HeaderWanted]
    aligned: bool
    count: int
    order: list[str]


def listed(wanted: Expectations) -> list[dict[str, Any]]:
    """As POST /api/assert takes them: a list of objects with one key each."""
    found: list[dict[str, Any]] = []
    for name, value in wanted.items():
        # What is expected of the order is a list by itself.
        for one in value if isinstance(value, list) and name != "order" else [value]:
            found.append({name.rstrip("_").replace("_", "-"): one})
    return found


def mismatch(answer: Json) -> MailMismatch:
    """What the sandbox has to say of mail that is not as it was wished for; its text is written there, once for all."""
    return MailMismatch(str(answer["told"]), answer)


def unmet(answer: Response) -> MailMismatch:
    """The same of an answer that is an error. Raises ApiError where it is another one."""
    try:
        return mismatch(json.loads(answer.octets))
    except (ValueError, KeyError, TypeError):
        answer.content()
        raise
