"""How often a rule answers: what it counts, and what follows from the counts; pure."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from mailtrap.faults.conditions import in_question
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import COLLECTING_STEPS, DELIVERY_STEPS, Bucket, Fault, Greylist
from mailtrap.mail.arrival import address_of
from mailtrap.mail.words import fold

#: Longer values are remembered by their digest.
LONGEST_VALUE = 200

_SECOND = 1_000_000
#: Steps at which a message is known by its number.
_LATER = frozenset((*DELIVERY_STEPS, *COLLECTING_STEPS))


class Tally(msgspec.Struct):
    """What a rule knows of one value of `per`, or of one triplet of a greylist.

    `seen` occasions came, `met` of them met the fault; `since` is when the first one after `skip` did. `full_at` is
    when the bucket will be full again, times its capacity. `holders` are the open sessions that hold a place. A triplet
    was first seen at `since`, and has passed at `passed`. `ordinal` says the how-manieth value it is.
    """

    ordinal: int = 0
    seen: int = 0
    met: int = 0
    since: int = 0
    full_at: int = 0
    passed: int = 0
    holders: set[int] = msgspec.field(default_factory=set)


def is_counted(fault: Fault) -> bool:
    """Whether it depends on what was before; if not it always answers."""
    return bool(
        fault.first
        or fault.skip
        or fault.every
        or fault.nth
        or fault.lasting
        or fault.probability is not None
        or fault.bucket
        or fault.concurrent
    )


def value_of(fault: Fault, occasion: Occasion) -> str:
    """The value of `per` that this occasion counts for."""
    match fault.per:
        case "rule":
            return ""
        case "recipient":
            found = in_question(occasion)
            value = fold(found[0]) if len(found) == 1 else ",".join(sorted([fold(address) for address in found]))
        case "sender":
            value = fold(occasion.sender)
        case "session":
            return str(occasion.session)
        case "message" if occasion.step in _LATER:
            return str(occasion.message)
        case "message":
            return f"{occasion.session}.{occasion.transaction}"
        case "login":
            value = fold(occasion.login.user) if occasion.login else ""
        case _:
            value = address_of(occasion.peer)
    return _short(value)


def triplet_of(occasion: Occasion) -> str:
    """Peer, sender and recipient, as greylisting knows them."""
    recipients = ",".join(sorted([fold(address) for address in in_question(occasion)]))
    return _short(f"{address_of(occasion.peer)} {fold(occasion.sender)} {recipients}")


def _short(value: str) -> str:
    if len(value) <= LONGEST_VALUE:
        return value
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def greylists(greylist: Greylist, triplet: Tally, at: int) -> str:
    """Empty where the triplet has to wait, else why not. Counts."""
    lifetime = int(greylist.lifetime * _SECOND)
    if triplet.seen and at - (triplet.passed or triplet.since) > lifetime:
        triplet.seen = triplet.passed = 0
    triplet.seen += 1
    if triplet.seen == 1:
        triplet.since = at
        return ""
    if triplet.passed:
        return "this peer, sender and recipient have passed before"
    if at - triplet.since < int(greylist.delay * _SECOND):
        return ""
    triplet.passed = at
    return f"{greylist.delay:g} s have passed since the first try of this peer, sender and recipient"


def counts(fault: Fault, tally: Tally, occasion: Occasion, luck: str) -> str:
    """Empty where the rule answers this time, else why not. Counts; `luck` is what its luck depends on besides."""
    if fault.bucket is not None and _has_room(fault.bucket, tally, occasion.at):
        return f"the bucket of {fault.bucket.capacity} in {fault.bucket.seconds:g} s has room"
    if fault.concurrent and _is_let_in(fault, tally, occasion.session):
        return f"{fault.concurrent} may be at once; with this one it is {len(tally.holders)}"
    tally.seen += 1
    turn = tally.seen - fault.skip
    if turn < 1:
        return f"it skips the first {fault.skip}; this is number {tally.seen}"
    if turn == 1:
        tally.since = occasion.at
    passes = _passes(fault, tally, occasion.at, turn)
    if not passes and fault.probability is not None:
        drawn = chance(fault.seed, luck, tally.seen)
        if drawn >= fault.probability:
            passes = f"luck spares number {tally.seen} ({drawn:.3f} drawn, not below {fault.probability:g})"
    if not passes:
        tally.met += 1
    return passes


def uncount(fault: Fault, tally: Tally) -> None:
    """Undo what `counts` did when it let the rule answer."""
    tally.seen, tally.met = max(0, tally.seen - 1), max(0, tally.met - 1)


def _passes(fault: Fault, tally: Tally, at: int, turn: int) -> str:
    if fault.first and tally.met >= fault.first:
        return f"it has answered {tally.met} {'time' if tally.met == 1 else 'times'}, as often as it should"
    if fault.every and turn % fault.every:
        return f"its turn comes one time in {fault.every}; this is number {turn}"
    if fault.nth and turn not in fault.nth:
        return f"its turn comes at number {', '.join(map(str, fault.nth[:10]))}; this is number {turn}"
    if fault.lasting and at - tally.since >= int(fault.lasting * _SECOND):
        return f"it lasts {fault.lasting:g} s from the first time, and they are over"
    return ""


def chance(seed: int, luck: str, number: int) -> float:
    """From 0 to below 1; the same for the same, whatever else happens in between."""
    drawn = blake2b(f"{seed}\0{luck}\0{number}".encode("utf-8", "surrogatepass"), digest_size=7).digest()
    return (int.from_bytes(drawn) >> 3) / (1 << 53)


def luck_of(fault: Fault, value: str, tally: Tally) -> str:
    """What luck depends on besides the seed: whom the rule is about, what it does, and for whom it counts.

    Two rules that differ in nothing but what they do draw apart: else the second would never meet whom the first has
    spared. Sessions and messages have other numbers in another run; it counts that it is the third one. The inbox is
    left out, so that the same test in another inbox has the same luck.
    """
    if fault.per in ("session", "message"):
        value = str(tally.ordinal)
    effect = msgspec.json.encode(fault.effect).decode()
    return f"{fault.step}\0{fault.name}\0{fault.when}\0{effect}\0{value}"


def _has_room(bucket: Bucket, tally: Tally, at: int) -> bool:
    """Take a token if there is one. Whole numbers only: microseconds times the capacity."""
    capacity = bucket.capacity
    period = int(bucket.seconds * _SECOND)
    now = at * capacity
    full_at = max(tally.full_at, now) + period
    if full_at - now > period * capacity:
        return False
    tally.full_at = full_at
    return True


def _is_let_in(fault: Fault, tally: Tally, session: int) -> bool:
    if session in tally.holders:
        return True
    if len(tally.holders) >= fault.concurrent:
        return False
    tally.holders.add(session)
    return True
