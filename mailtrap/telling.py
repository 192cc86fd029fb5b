"""Tells a person why mail is not as a test wants it, from what the API answers; imports nothing of ours."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: An answer of the API.
Json = Mapping[str, Any]

#: Messages that are listed, characters of a value on one line, lines of a value, lines of a dialogue.
LISTED, WIDE, LINES, SPOKEN = 10, 300, 12, 8
#: How alike two values have to be for the characters in which they differ to be marked.
_ALIKE = 0.6
#: The ways to compare in which single characters matter.
_MARKED = ("is exactly", "has the words", "has words that begin with", "fits the pattern")


def told(answer: Json) -> str:
    """Why an answer to `/api/wait`, `/api/wait/refused` (408, 409) or `/api/assert` is not what was wished for.

    Several lines of text.
    """
    if "refusals" in answer:
        return refusal_failed(answer)
    return assertion_failed(answer) if "results" in answer else wait_failed(answer)


def wait_failed(answer: Json) -> str:
    """Why nothing, too little or something unwanted came: what was waited for, what came near, what else there is."""
    wanted = answer["wanted"]
    unwanted = answer["error"].get("code") == "unwanted"
    count, found = int(wanted["count"]), int(answer["count"])
    where = _where(wanted, many=count > 1)
    if unwanted:
        hint = "if it was there before, hand on the cursor from before the application sent, as `after`."
        lines = [f"Expected no mail{where}, but there is some:", *_listing(answer["messages"])]
        return "\n".join([*lines, *([] if wanted["after"] else [f"  Hint: {hint}"])])
    asked = "no mail" if count == 1 and wanted["unit"] == "messages" else f"{found} of {count} {wanted['unit']}"
    head = [f"Waited {_seconds(wanted['seconds'])}: {asked}{where}."]
    if answer["messages"]:
        head += ["", f"These {found} match:" if len(answer["messages"]) > 1 else "This one matches:"]
        head += _listing(answer["messages"])
    return "\n".join([*head, *_evidence(answer)])


def assertion_failed(answer: Json) -> str:
    """Which expectations do not hold: what was expected, what is there."""
    failed = [one for one in answer["results"] if not one["ok"]]
    message = answer["message"]
    total = len(answer["results"])
    lines = [f"{len(failed)} of {total} expectations {'does' if len(failed) == 1 else 'do'} not hold"]
    where = _where(answer["wanted"])
    if message is not None:
        more = [f"{lines[0]}:"] if total > 1 else []
        lines = [f"Not as expected: {_named(message)}", *more]
    else:
        lines = [f"Not as expected: the mail{where}"]
    only_nobody = not answer["matched"] and all("count" not in one["expectation"] for one in failed)
    for one in failed:
        lines += ["", f"  {_expectation(one['expectation'])}"]
        if not only_nobody:
            lines += _compared(str(one["expected"]), str(one["actual"]))
    if any("count" in one["expectation"] or "order" in one["expectation"] for one in failed) and answer["messages"]:
        lines += [
            "",
            f"These {answer['matched']} match the query:" if answer["matched"] != 1 else "This one matches the query:",
        ]
        lines += _listing(answer["messages"], int(answer["matched"]))
    if not answer["matched"]:
        lines += ["", f"There is no mail{where}.", *_evidence(answer)]
    elif message is None or len(answer["messages"]) <= 1:
        lines += _refusals(answer)
    return "\n".join(lines)


def refusal_failed(answer: Json) -> str:
    """Why nothing, too little or something unwanted was refused: what came near, and what was accepted instead."""
    wanted, refusals = answer["wanted"], answer["refusals"]
    count, found = int(wanted["count"]), int(answer["count"])
    where = _where_refused(wanted, many=count > 1)
    if answer["error"].get("code") == "unwanted":
        hint = "if that was before, hand on the cursor from before the application sent, as `after`."
        lines = [f"Expected no refusal{where}, but there is one:", *map(_indented, refusals[-LISTED:])]
        return "\n".join([*lines, *([] if wanted["after"] not in ("", "0") else [f"  Hint: {hint}"])])
    asked = "no refusal" if count == 1 else f"{found} of {count} refusals"
    lines = [f"Waited {_seconds(wanted['seconds'])}: {asked}{where}."]
    if refusals:
        lines += ["", f"These {found} match:" if len(refusals) > 1 else "This one matches:"]
        lines += map(_indented, refusals[-LISTED:])
    return "\n".join([*lines, *_besides(answer)])


def refusal_line(refusal: Json) -> str:
    """A refusal in one line."""
    said = " ".join(filter(None, [str(refusal["code"]), _safe(refusal["status"]), _first(refusal["text"])]))
    to = refusal["recipients"][:3]
    more = f" and {len(refusal['recipients']) - 3} more" if len(refusal["recipients"]) > 3 else ""
    return (
        f"refusal {refusal['id']} {_quoted(said) if refusal['code'] else '(no reply)'} at {_safe(refusal['step'])}"
        + (f" of <{'>, <'.join([_safe(address) for address in to])}>{more}" if to else "")
        + (f" from <{_safe(refusal['from'])}>" if refusal["from"] or to else "")
        + (f", in inbox {_inboxes(refusal)}" if _inboxes(refusal) != "default" else "")
        + (f", by rule {refusal['fault']}" if refusal["fault"] not in (None, "0") else "")
        + f", session {refusal['session']}, at {_time(refusal['at'])}"
    )


def compared(expected: str, actual: str) -> str:
    """Two values one below the other, with the characters marked in which they differ."""
    return "\n".join(_compared(expected, actual, ""))


def message_line(message: Json) -> str:
    """A message in one line."""
    return _listing([message])[0].strip()


def _evidence(answer: Json) -> list[str]:
    """What there was instead."""
    lines: list[str] = []
    nearest = answer["nearest"]
    named = {one["message"]["id"] for one in nearest} | {one["id"] for one in answer["messages"]}
    for place, one in enumerate(nearest):
        lines += ["", ("Nearest is " if place == 0 else "Then ") + _named(one["message"]) + ", but:"]
        lines += _missed(one)
        lines += [f"  Hint: {hint}" for hint in _hints(one, answer)]
    others = [message for message in answer["arrived"] if message["id"] not in named]
    if others:
        total = int(answer["arrived_total"]) - (len(answer["arrived"]) - len(others))
        lines += ["", "Also there:", *_listing(others, total)]
    refusals = _refusals(answer)
    if not nearest and not others and not answer["messages"]:
        lines += ["", "There is no other mail in this sandbox."]
        if not refusals:
            hint = "nobody was refused either. Does the application send to this sandbox, and has it sent?"
            lines += [f"  Hint: {hint}"]
    return lines + refusals


def _besides(answer: Json) -> list[str]:
    """What was refused besides, and what was accepted instead."""
    lines: list[str] = []
    for place, one in enumerate(answer["nearest"]):
        lines += ["", ("Nearest is " if place == 0 else "Then ") + refusal_line(one["refusal"]) + ", but:"]
        lines += _missed(one)
    if answer["others"]:
        left = int(answer["others_total"]) - len(answer["others"][-LISTED:])
        lines += ["", "Refused as well:", *([f"  … {left} older ones"] if left > 0 else [])]
        lines += map(_indented, answer["others"][-LISTED:])
    if answer["accepted"]:
        lines += ["", "Accepted instead:", *_listing(answer["accepted"])]
    if answer["arrived"]:
        head = "Accepted as well:" if answer["accepted"] else "Accepted meanwhile:"
        lines += ["", head, *_listing(answer["arrived"])]
    if not (answer["nearest"] or answer["others"] or answer["refusals"]):
        lines += ["", "Nothing was refused at all."]
        if answer["accepted"] or answer["arrived"]:
            hint = "no rule said no: `mailtrap faults` lists them, with how often each has answered."
        else:
            hint = "no mail was accepted either. Does the application send to this sandbox, and has it sent?"
        lines += [f"  Hint: {hint}"]
    return lines


def _missed(near: Json) -> list[str]:
    """The terms that do not hold, expected over actual."""
    lines: list[str] = []
    for miss in near["failed"]:
        lines += [f"  {_safe(miss['term'])} ({_safe(miss['how'])})"]
        lines += _compared(str(miss["expected"]), str(miss["actual"]), marked=miss["how"] in _MARKED)
    return lines


def _indented(refusal: Json) -> str:
    return f"  {refusal_line(refusal)}"


def _where_refused(wanted: Json, many: bool) -> str:
    query = f"{_safe(wanted['query'])} " if str(wanted["query"]).strip() else ""
    more = [f"{name}={_safe(wanted[name])}" for name in ("step", "code", "status", "fault") if wanted[name]]
    asked = f"{query}{' '.join(more)}".strip()
    after = f", newer than refusal {wanted['after']}" if wanted["after"] not in ("", "0") else ""
    return (f" that {'match' if many else 'matches'} {asked}" if asked else "") + _inbox(wanted) + after


def _hints(near: Json, answer: Json) -> Iterator[str]:
    terms = [str(miss["term"]) for miss in near["failed"]]
    message, wanted = near["message"], answer["wanted"]
    if any(term.startswith("inbox=") for term in terms) and len(terms) == 1:
        yield (
            f"it is in inbox {_inboxes(message)}: "
            "log in with the inbox's own user name, or send to an address of the inbox."
        )
    if any(term.startswith("after=") for term in terms) and len(terms) == 1:
        yield f"it was there before message {wanted['after']} had come: take the cursor before the application sends."
    if any(term.startswith(("to:", "to=")) for term in terms) and wanted["query"]:
        asked = [str(miss["expected"]).lower() for miss in near["failed"] if str(miss["term"]).startswith("to")]
        if any(address.lower() in asked for address in message["envelope"]["to"]):
            yield "it was sent to that address, but To does not name it: ask with rcpt: instead."


def _refusals(answer: Json) -> list[str]:
    lines: list[str] = []
    for session in answer["refused"]:
        ended = "" if session["outcome"] in ("quit", "open") else f" ({_safe(session['outcome'])})"
        lines += ["", f"Refused at {_time(session['started_at'])}, session {session['id']}{ended}:"]
        lines += [f"    {text}" for text in _dialogue(session["lines"])]
        rules = [str(rule) for rule in session.get("faults", ())]
        if rules:
            named = " and ".join([f"rule {rule}" for rule in rules])
            lines += [f"  Hint: {named} said so (see `mailtrap faults`); what is refused is not kept."]
    return lines


def _dialogue(lines: Iterable[Json]) -> list[str]:
    """The lines in which something was refused, with what the client had said before."""
    kept: list[str] = []
    said: Json | None = None
    for line in lines:
        if line["side"] == "C":
            said = line
            continue
        refuses = line["side"] == "S" and str(line["text"])[:1] in "45"
        if refuses or line["fault"] or line["side"] == "-":
            if said is not None:
                kept.append(f"C: {_first(said['text'])}")
                said = None
            kept.append(
                f"{line['side']}: {_first(line['text'])}" + (f"  (rule {line['fault']})" if line["fault"] else "")
            )
    return kept if len(kept) <= SPOKEN else [f"… {len(kept) - SPOKEN} lines more", *kept[-SPOKEN:]]


def _listing(messages: Iterable[Json], total: int | None = None) -> list[str]:
    shown = list(messages)
    lines = [f"  {_named(message)}" for message in shown[-LISTED:]]
    left = max(total or 0, len(shown)) - len(shown[-LISTED:])
    return [f"  … {left} older ones", *lines] if left > 0 else lines


def _named(message: Json) -> str:
    envelope = message["envelope"]
    to = envelope["to"][:3]
    more = f" and {len(envelope['to']) - 3} more" if len(envelope["to"]) > 3 else ""
    return (
        f"message {message['id']} {_quoted(message['subject'])} from <{_safe(envelope['from'])}> "
        f"to {', '.join([f'<{_safe(address)}>' for address in to])}{more}, "
        + (f"in inbox {_inboxes(message)}, " if _inboxes(message) != "default" else "")
        + f"at {_time(message['received_at'])}"
    )


def _inboxes(message: Json) -> str:
    return _safe(", ".join(message["inboxes"] if message.get("inboxes") else [message["inbox"]]))


def _where(wanted: Json, many: bool = False) -> str:
    query = f" that {'match' if many else 'matches'} {_safe(wanted['query'])}" if str(wanted["query"]).strip() else ""
    after = f", newer than message {wanted['after']}" if wanted["after"] else ""
    return query + _inbox(wanted) + after


def _inbox(wanted: Json) -> str:
    return f" in inbox {_safe(wanted['inbox'])}" if wanted["inbox"] else ""


def _expectation(expectation: Json) -> str:
    [(name, value)] = expectation.items()
    if isinstance(value, str):
        return f"{name}: {_quoted(value)}"
    if isinstance(value, Mapping):
        return f"{name}: " + ", ".join([f"{key} {_safe(str(one))}" for key, one in value.items() if one is not None])
    if isinstance(value, list):
        return f"{name}: " + ", ".join([_safe(str(one)) for one in value])
    return f"{name}: {str(value).lower() if isinstance(value, bool) else value}"


def _compared(expected: str, actual: str, indent: str = "    ", marked: bool = True) -> list[str]:
    """`expected` over `actual`; where several values are there, the marks are below the one that is nearest."""
    wanted = _lines(expected)
    every = _safe_lines(actual) if actual else []
    nearest = _nearest(wanted[0], every) if marked and len(wanted) == 1 else None
    if nearest is not None and nearest >= LINES:
        every.insert(0, every.pop(nearest))
        nearest = 0
    lines = [_labelled("expected", place, text, indent) for place, text in enumerate(wanted)]
    for place, text in enumerate(_cut(every)):
        lines.append(_labelled("actual", place, text, indent))
        if place == nearest and (marks := _marks(wanted[0], text)):
            lines.append(" " * (len(indent) + 10) + marks)
    if not every:
        lines.append(f"{indent}  actual: (nothing)")
    return lines


def _labelled(label: str, place: int, text: str, indent: str) -> str:
    return f"{indent}{label + ':' if place == 0 else '':>9} {text}"


def _nearest(expected: str, there: list[str]) -> int | None:
    likeness = [difflib.SequenceMatcher(None, expected, one, autojunk=False).ratio() for one in there]
    best = max(range(len(there)), key=likeness.__getitem__, default=None)
    return best if best is not None and _ALIKE <= likeness[best] < 1 else None


def _marks(expected: str, actual: str) -> str:
    """`^` below what is different in `actual`, or where something is missing there."""
    marks = [" "] * (len(actual) + 1)
    for what, _, _, start, end in difflib.SequenceMatcher(None, expected, actual, autojunk=False).get_opcodes():
        if what != "equal":
            for at in range(start, max(end, start + 1)):
                marks[at] = "^"
    return "".join(marks).rstrip()


def _lines(text: str) -> list[str]:
    return _cut(_safe_lines(text))


def _safe_lines(text: str) -> list[str]:
    return [_safe(line)[:WIDE] for line in text.splitlines()] or [""]


def _cut(lines: list[str]) -> list[str]:
    more = [f"… {len(lines) - LINES} lines more"] if len(lines) > LINES else []
    return lines[:LINES] + more


def _first(text: str) -> str:
    return _lines(text)[0]


def _quoted(text: str) -> str:
    return f'"{_safe(text)[:WIDE]}"'


def _safe(text: str) -> str:
    """Nothing that a terminal would act upon."""
    if text.isprintable():
        return text
    return "".join([one if one.isprintable() else ascii(one)[1:-1] for one in text])


def _seconds(seconds: float) -> str:
    return f"{seconds:g} s"


def _time(at: str) -> str:
    return _safe(at[11:23])
