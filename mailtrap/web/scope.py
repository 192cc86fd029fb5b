"""What a request may see: everything, or one inbox alone where it came with that inbox's token.

Nothing is open to such a token unless it is said here, so that a new route cannot be forgotten. Whatever is not open
does not exist for it (404), like everything in another inbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mailtrap.errors import NotFound
from mailtrap.inboxes import is_in
from mailtrap.mail.message import Message
from mailtrap.mail.words import fold
from mailtrap.sandbox import Sandbox
from mailtrap.store.base import Session
from mailtrap.web import asking

if TYPE_CHECKING:
    from flask import Flask

#: Routes that tell of no mail and change nothing.
_PUBLIC = frozenset(
    {"static", "api.livez", "api.readyz", "api.openapi", "api.list_scenarios", "apidocs.api", "ui.sample", "ui.banner"}
)
#: Routes that keep to `inbox()` by themselves.
_CONFINED = frozenset(
    {
        "live.listen",
        "ui.inbox",
        "ui.switch",
        "ui.latest",
        "api.list_inboxes",
        "api.show_inbox",
        "api.remove_inbox",
        "api.show_session",
        "api.show_fault",
        "api.put_fault",
        "api.change_fault",
        "api.remove_fault",
        "api.rewind_fault",
    }
)
#: Operations whose parameter or member `inbox` is set to the token's inbox, which is then all that they deal with.
_WITHIN = frozenset(
    {
        "api.list_messages",
        "api.post_message",
        "api.mark_messages",
        "api.delete_messages",
        "api.list_sessions",
        "api.list_events",
        "api.list_deliveries",
        "api.list_faults",
        "api.add_fault",
        "api.clear_faults",
        "api.import_faults",
        "api.add_scenario",
        "api.wait",
        "api.wait_refused",
        "api.assert_mail",
    }
)
#: Routes about the one message whose id is in their path.
_OF_MESSAGE = ("/api/messages/<id>", "/messages/<id>", "/preview/<int:id>")


def inbox() -> str:
    """The only inbox that this request may see; empty where it may see all."""
    return asking.inbox()


def visible(inboxes: tuple[str, ...]) -> list[str]:
    """Those of a message's inboxes that may be told of."""
    only = inbox()
    return [name for name in inboxes if fold(name) == fold(only)] if only else list(inboxes)


def sees(message: Message) -> bool:
    """Whether this request may see a message."""
    only = inbox()
    return not only or is_in(only, " ".join(message.inboxes))


def sees_dialogue(sandbox: Sandbox, session: Session) -> bool:
    """Whether it may see a dialogue: only if that is about no other inbox, as far as can still be told."""
    only = inbox()
    if not only:
        return True
    if session.login is None:
        kept = [sandbox.store.get(id) for id in session.messages]
        if not kept or None in kept:
            return False
    found = sandbox.inboxes_of(session)
    return bool(found) and all([fold(name) == fold(only) for name in found])


def narrow(given: dict[str, str], takes_inbox: bool) -> None:
    """Have the parameters of an operation say the only inbox there is. Raises NotFound where they say another."""
    only = inbox()
    if only and takes_inbox:
        insist(given.get("inbox", only), only)
        given["inbox"] = only


def narrow_body(body: Any) -> Any:
    """The same for the body of an operation."""
    only = inbox()
    if only and hasattr(body, "inbox"):
        insist(body.inbox or only, only)
        return msgspec.structs.replace(body, inbox=only)
    return body


def insist(name: object, only: str) -> None:
    """Raise NotFound where a request is about another inbox."""
    if isinstance(name, str) and fold(name) != fold(only):
        raise NotFound(f"There is no inbox {name[:64]}", "this token opens another one")


def register(app: Flask, sandbox: Sandbox) -> None:
    """Have every request with an inbox's token confined to that inbox."""
    from flask import request

    @app.before_request
    def confine() -> None:
        if not inbox() or request.url_rule is None:
            return
        endpoint, rule = request.endpoint or "", request.url_rule.rule
        if endpoint in _PUBLIC or endpoint in _CONFINED or endpoint in _WITHIN:
            return
        if rule.startswith(_OF_MESSAGE):
            _check_message(sandbox, str((request.view_args or {}).get("id", "")))
            return
        raise NotFound("There is nothing here for the token of an inbox", "use the credentials of the whole sandbox")


def _check_message(sandbox: Sandbox, id: str) -> None:
    number = int(id) if id.isascii() and id.isdecimal() and len(id) <= 19 else 0
    message = sandbox.store.get(number)
    if message is None or not sees(message):
        raise NotFound(f"There is no message {id[:40]}", "it may have been deleted")
