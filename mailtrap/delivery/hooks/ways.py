"""Every shape by its name, and what makes a target of a user's wish valid."""

from __future__ import annotations

from typing import Literal

from mailtrap.clock import Clock
from mailtrap.delivery.hooks import mailgun, native, postmark, resend, sendgrid, ses
from mailtrap.delivery.hooks.target import Kind, Shape, Target, Way
from mailtrap.errors import Invalid
from mailtrap.inboxes import is_in

WAYS: dict[str, Way] = {
    "mailtrap": native.WAY,
    "sendgrid": sendgrid.WAY,
    "mailgun": mailgun.WAY,
    "postmark": postmark.WAY,
    "ses": ses.WAY,
    "resend": resend.WAY,
}

#: Over SMTP go messages, and the only ones that are ours to send are notices.
RELAYED = frozenset(("notice",))


def told_of(shape: str) -> frozenset[str]:
    """The kinds of events that this shape has a word for."""
    return frozenset(WAYS[shape].words) if shape in WAYS else RELAYED


def wants(target: Target, kind: str, inbox: str) -> bool:
    """Whether it is to be told of this."""
    return (
        kind in told_of(target.shape)
        and (not target.kinds or kind in target.kinds)
        and (not target.inbox or is_in(target.inbox, inbox))
    )


def make(
    id: int,
    url: str,
    shape: Shape = "mailtrap",
    kinds: tuple[Kind, ...] = (),
    inbox: str = "",
    secret: str = "",
    signature_version: Literal["1", "2"] = "1",
    *,
    key: str = "",
    from_settings: bool = False,
) -> Target:
    """A target with whatever its shape signs with; `key` is used where it has one. Raises Invalid."""
    if strange := [kind for kind in kinds if kind not in told_of(shape)]:
        known = ", ".join(sorted(told_of(shape)))
        raise Invalid(f"The shape {shape} has no word for {', '.join(strange)}", f"it knows {known}")
    if shape in ("mailtrap", "mailgun"):
        secret = secret or Clock().token(24)
    elif shape == "resend":
        secret = secret or resend.new_secret()
        resend.key_of(secret)
    elif secret:
        raise Invalid(f"The shape {shape} signs with no secret", "leave it out: GET /api/webhooks shows how it signs")
    if shape == "sendgrid":
        from mailtrap.delivery.hooks.keys import make_ecdsa

        key = key or make_ecdsa()
    elif shape == "ses":
        from mailtrap.delivery.hooks.keys import make_rsa

        key = key or make_rsa()
    return Target(id, url, shape, kinds, inbox, secret, key, signature_version, from_settings)


def markdown() -> str:
    """Our kinds of events and what each provider calls them, for docs/webhooks.md."""
    lines = [f"| event | {' | '.join(WAYS)} |", "| --- " * (len(WAYS) + 1) + "|"]
    for kind in native.KINDS:
        words = [f"`{way.words[kind]}`" if kind in way.words else "" for way in WAYS.values()]
        lines.append(f"| {' | '.join([kind, *words])} |")
    return "\n".join(lines) + "\n"
