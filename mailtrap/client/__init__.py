"""Clients of a running sandbox: `Sandbox` and `AsyncSandbox` for tests, `Client` for commands.

The standard library is all they need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mailtrap.client.api import Client, Sink
from mailtrap.client.endpoint import DEFAULT_URL
from mailtrap.client.failures import ApiError, ApiInvalid, ApiNotFound, ApiUnavailable, Json, Unreachable

if TYPE_CHECKING:
    from mailtrap.client.clock import Advance, Now
    from mailtrap.client.faults import Fault
    from mailtrap.client.message import Address, Attachment, Code, Link, Message, Transcript
    from mailtrap.client.mismatch import MailMismatch
    from mailtrap.client.refusal import Refusal
    from mailtrap.client.sandbox import AsyncInbox, AsyncSandbox, Inbox, Sandbox

__all__ = [
    "DEFAULT_URL",
    "Address",
    "Advance",
    "ApiError",
    "ApiInvalid",
    "ApiNotFound",
    "ApiUnavailable",
    "AsyncInbox",
    "AsyncSandbox",
    "Attachment",
    "Client",
    "Code",
    "Fault",
    "Inbox",
    "Json",
    "Link",
    "MailMismatch",
    "Message",
    "Now",
    "Refusal",
    "Sandbox",
    "Sink",
    "Transcript",
    "Unreachable",
]

#: Where the rest is. A command needs none of it, and starts faster without.
_PLACES = {
    "clock": ("Advance", "Now"),
    "faults": ("Fault",),
    "message": ("Address", "Attachment", "Code", "Link", "Message", "Transcript"),
    "mismatch": ("MailMismatch",),
    "refusal": ("Refusal",),
    "sandbox": ("AsyncInbox", "AsyncSandbox", "Inbox", "Sandbox"),
}
_PLACE = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PLACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_PLACE[name]}"), name)
    return value
