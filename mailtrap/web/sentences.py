"""Rules as sentences: `At RCPT, for rcpt:bob: 550 5.1.1 No such user, the first 2 times for each recipient.`"""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup, escape

from mailtrap.faults.rule import Bucket, Effect, Fault, Greylist, Notice, Said, Step
from mailtrap.faults.scenarios import SCENARIOS
from mailtrap.web.prose import counted, lasting

#: Where a rule answers, as a sentence begins.
STEPS: dict[Step, str] = {
    Step.CONNECT: "On connecting",
    Step.GREETING: "At the greeting",
    Step.EHLO: "At EHLO",
    Step.STARTTLS: "At STARTTLS",
    Step.AUTH: "At AUTH",
    Step.MAIL: "At MAIL",
    Step.RCPT: "At RCPT",
    Step.DATA: "At DATA",
    Step.IN_DATA: "Inside the data",
    Step.END_OF_DATA: "At the end of the data",
    Step.RSET: "At RSET",
    Step.QUIT: "At QUIT",
    Step.ROUTE: "When its route is looked for",
    Step.ATTEMPT: "At a delivery attempt",
    Step.DELIVERED: "Once delivered",
    Step.POP3_CONNECT: "On connecting by POP3",
    Step.POP3_GREETING: "At POP3's greeting",
    Step.POP3_COMMAND: "At any command of POP3",
    Step.POP3_CAPA: "At CAPA",
    Step.POP3_STLS: "At STLS, or POP3's handshake",
    Step.POP3_LOGIN: "When somebody logs in by POP3",
    Step.POP3_STAT: "At STAT",
    Step.POP3_LIST: "At LIST of POP3",
    Step.POP3_UIDL: "At UIDL",
    Step.POP3_RETR: "At RETR",
    Step.POP3_TOP: "At TOP",
    Step.POP3_DELE: "At DELE",
    Step.POP3_QUIT: "At QUIT of POP3",
    Step.IMAP_CONNECT: "On connecting by IMAP",
    Step.IMAP_GREETING: "At IMAP's greeting",
    Step.IMAP_COMMAND: "At any command of IMAP",
    Step.IMAP_CAPABILITY: "At CAPABILITY",
    Step.IMAP_STARTTLS: "At STARTTLS of IMAP, or its handshake",
    Step.IMAP_LOGIN: "When somebody logs in by IMAP",
    Step.IMAP_LIST: "At LIST of IMAP",
    Step.IMAP_STATUS: "At STATUS",
    Step.IMAP_SELECT: "At SELECT or EXAMINE",
    Step.IMAP_FETCH: "At FETCH",
    Step.IMAP_SEARCH: "At SEARCH, SORT or THREAD",
    Step.IMAP_STORE: "At STORE",
    Step.IMAP_COPY: "At COPY or MOVE",
    Step.IMAP_EXPUNGE: "At EXPUNGE",
    Step.IMAP_APPEND: "At APPEND",
    Step.IMAP_IDLE: "At IDLE",
    Step.IMAP_LOGOUT: "At LOGOUT",
}

#: What is counted apart, in the words after "the first 2 times".
PER: dict[str, str] = {
    "rule": "",
    "recipient": "for each recipient",
    "sender": "for each sender",
    "session": "in each session",
    "message": "for each message",
    "peer": "for each client address",
    "login": "for each user name",
}

_DISCONNECT = {
    "before-reply": "hang up without a reply",
    "after-reply": "then hang up",
    "mid-data": "hang up in the middle of the data",
    "after-store": "do it, then hang up without saying so",
}
_TLS = {
    "expired": "an expired certificate",
    "not-yet-valid": "a certificate that is not valid yet",
    "wrong-host": "a certificate for another host",
    "unknown-ca": "a certificate signed by nobody known",
    "self-signed": "a self-signed certificate",
    "old-version": "a TLS version too old to be used",
    "abort": "break off the TLS handshake",
    "garbage": "garbage instead of a TLS handshake",
    "refuse": "refuse TLS",
}
_UNREACHABLE = {
    "no-such-domain": "there is no such domain",
    "null-mx": "the domain takes no mail (null MX)",
    "no-mx": "the domain has no mail host",
    "refused": "the host refuses connections",
    "timeout": "the host does not answer",
    "tls-required": "the host demands TLS and gets none",
}
#: Characters of a reply's text that are shown in a sentence.
_SHOWN = 120


def sentence(fault: Fault) -> Markup:
    """The whole rule, escaped; what was given by people and programs stands in <code>."""
    effects = _listed(list(effects_of(fault.effect))) or Markup("nothing happens")
    often = _listed(list(_often(fault)), " ")
    parts = [escape(STEPS[fault.step])]
    if fault.when:
        parts.append(Markup(", for <code>{}</code>").format(_cut(fault.when)))
    parts.append(Markup(": {}").format(effects))
    if often:
        parts.append(Markup(", {}").format(often))
    return Markup("").join(parts) + "."


def reply(said: Said) -> str:
    """`550 5.1.1 No such user`, in one line."""
    return _cut(" ".join([str(said.code), said.status, *said.text.split()]).replace("  ", " ").strip())


def effects_of(effect: Effect) -> Iterator[Markup]:
    """What happens, a piece for each thing."""
    yield from _said(effect)
    yield from _broken(effect)
    if effect.route:
        yield Markup("goes to {}").format(_listed([_code(host) for host in effect.route]))
    if effect.unreachable:
        yield escape(_UNREACHABLE[effect.unreachable])
    for notice, words in (
        (effect.bounce, "bounces"),
        (effect.complaint, "the recipient complains"),
        (effect.auto_reply, "an automatic answer comes back"),
        (effect.read, "a read receipt comes back"),
        (effect.opens, "somebody opens it"),
        (effect.clicks, "somebody follows a link"),
    ):
        if notice is not None:
            yield _notice(notice, words)
    if effect.passes:
        yield Markup("nothing goes wrong, and no later rule is asked")


def _said(effect: Effect) -> Iterator[Markup]:
    if effect.delay:
        yield Markup("after {}").format(lasting(effect.delay))
    if effect.early_talker:
        yield Markup("greet after {} and turn away who talks before").format(lasting(effect.early_talker))
    if effect.reply is not None:
        yield _code(reply(effect.reply))
    if (known := SCENARIOS.get(effect.scenario)) is not None:
        meant = _listed(list(effects_of(known.effect)))
        named = Markup("as {}").format(_code(effect.scenario))
        yield Markup("{} ({})").format(named, meant) if meant else named
    if effect.answer:
        yield _code(effect.answer)
    for altered in (effect.ehlo, effect.capabilities):
        if altered is not None and altered.hide:
            yield Markup("hide {}").format(_listed([_code(word) for word in altered.hide]))
        if altered is not None and altered.add:
            yield Markup("offer {}").format(_listed([_code(word) for word in altered.add]))
    if effect.malformed:
        yield Markup("a malformed reply ({})").format(effect.malformed.replace("-", " "))


def _broken(effect: Effect) -> Iterator[Markup]:
    if effect.tls:
        yield escape(_TLS[effect.tls])
    if effect.stall:
        yield Markup("never answer")
    if effect.throttle:
        yield Markup("no faster than {} a second").format(counted(effect.throttle, "octet"))
    if effect.disconnect or effect.reset:
        words = _DISCONNECT.get(effect.disconnect, "hang up")
        after = f" after {counted(effect.after, 'octet')}" if effect.after else ""
        yield escape(words + after + (" (TCP reset)" if effect.reset else ""))
    elif effect.after:
        yield Markup("after {}").format(counted(effect.after, "octet"))
    if effect.discard:
        yield Markup("say yes and throw the message away")


def _notice(notice: Notice, words: str) -> Markup:
    after = f" {lasting(notice.after)} later" if notice.after else ""
    said = f" with {notice.code} {notice.status}".rstrip() if words == "bounces" else ""
    return escape(words + after + said)


def _often(fault: Fault) -> Iterator[Markup]:
    counts = []
    if fault.skip:
        counts.append(f"after {counted(fault.skip, 'time')}")
    if fault.first:
        counts.append("only the first time" if fault.first == 1 else f"the first {fault.first:,} times")
    if fault.every:
        counts.append(f"every {_ordinal(fault.every)} time")
    if fault.nth:
        shown = ", ".join([_ordinal(one) for one in fault.nth[:6]]) + ("…" if len(fault.nth) > 6 else "")
        counts.append(f"the {shown} time")
    if fault.lasting:
        counts.append(f"for {lasting(fault.lasting)}")
    if fault.probability is not None:
        counts.append(f"{fault.probability:.0%} of the time (seed {fault.seed})")
    if fault.bucket is not None:
        counts.append(_bucket(fault.bucket))
    if fault.concurrent:
        counts.append(f"beyond {fault.concurrent:,} at once")
    if fault.greylist is not None:
        counts.append(_greylist(fault.greylist))
    if counts:
        yield escape(", ".join(counts))
        if PER[fault.per] and fault.greylist is None:
            yield escape(PER[fault.per])


def _bucket(bucket: Bucket) -> str:
    return f"beyond {bucket.capacity:,} in {lasting(bucket.seconds)}"


def _greylist(greylist: Greylist) -> str:
    return f"for {lasting(greylist.delay)} from the first try of a client, sender and recipient"


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{suffix}"


def _listed(pieces: list[Markup], between: str = ", ") -> Markup:
    return escape(between).join(pieces)


def _code(text: str) -> Markup:
    return Markup("<code>{}</code>").format(_cut(text))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + "…"
