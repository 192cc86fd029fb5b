"""A page about mail that is one file and needs no server: what tests and runs leave for people to look at.

What was sent is shown as it is in frames that may run and fetch nothing; everything else from a mail is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from msgspec import Struct, field

#: Characters of a text, of an HTML source, and lines of a dialogue that a page shows.
MOST_TEXT = 200_000
MOST_LINES = 500

#: Inherited by the frames: nothing is fetched, nothing runs, nothing is sent.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--bad:#b3261e;--good:#1b6e3c;--dim:#6b6b6b}
@media(prefers-color-scheme:dark){:root{--bad:#ff8a80;--good:#81c995;--dim:#a0a0a0}}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1.1rem;margin-top:2rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.75rem;border-radius:6px;font-size:13px}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0}
td{overflow-wrap:anywhere}th{font-weight:600;white-space:nowrap}
details{border:1px solid var(--line);border-radius:6px;margin:.6rem 0;padding:.5rem .9rem}
summary{cursor:pointer;font-weight:600}iframe{width:100%;height:30rem;border:1px solid var(--line);background:#fff}
.dim{color:var(--dim)}.bad{color:var(--bad)}.good{color:var(--good)}
"""


class Letter(Struct, frozen=True):
    """One message as a page shows it."""

    subject: str
    sender: str
    recipients: Sequence[str]
    received_at: str
    header: Sequence[tuple[str, str]] = ()
    text: str = ""
    html: str = ""
    attachments: Sequence[str] = ()
    links: Sequence[str] = ()
    codes: Sequence[str] = ()
    inboxes: Sequence[str] = ()
    file: str = ""


class Dialogue(Struct, frozen=True):
    """One SMTP session; `bad` where something was refused or it broke off."""

    title: str
    lines: Sequence[str]
    bad: bool = False


class Report(Struct, frozen=True):
    """A page: what it is about, remarks, what failed, then mail and dialogues."""

    title: str
    facts: Sequence[tuple[str, str]] = ()
    failure: str = ""
    letters: Sequence[Letter] = ()
    dialogues: Sequence[Dialogue] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def page(report: Report) -> str:
    """The whole document."""
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">',
            f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(report.title)}</h1>{_table(report.facts)}",
            *[f"<p>{escape(note)}</p>" for note in report.notes],
            f'<h2 class="bad">What failed</h2>{_pre(report.failure)}' if report.failure else "",
            f"<h2>{_count(len(report.letters), 'message')}</h2>",
            *[_letter(letter) for letter in report.letters],
            f"<h2>{_count(len(report.dialogues), 'SMTP session')}</h2>" if report.dialogues else "",
            *[_dialogue(dialogue) for dialogue in report.dialogues],
            "</body></html>\n",
        ]
    )


def _letter(letter: Letter) -> str:
    facts = [
        ("From", letter.sender),
        ("Recipients", ", ".join(letter.recipients)),
        ("Received", letter.received_at),
        ("Inbox", ", ".join(letter.inboxes)),
        ("Codes", ", ".join(letter.codes)),
        ("Attachments", ", ".join(letter.attachments)),
        ("File", letter.file),
    ]
    pieces = [
        f"<details><summary>{escape(letter.subject) or '<i>no subject</i>'}",
        f' <span class="dim">for {escape(", ".join(letter.recipients[:3]))}</span></summary>',
        _table([fact for fact in facts if fact[1]]),
        _pre(letter.text) if letter.text else "",
    ]
    if letter.html:
        source = letter.html[:MOST_TEXT]
        # An empty sandbox: no scripts, no forms, no navigation, an origin of its own.
        pieces.append(f'<iframe sandbox="" referrerpolicy="no-referrer" srcdoc="{escape(source)}"></iframe>')
        pieces.append(f"<details><summary>HTML source</summary>{_pre(source)}</details>")
    if letter.links:
        pieces.append(f"<details><summary>Links</summary>{_pre(chr(10).join(letter.links))}</details>")
    if letter.header:
        lines = "\n".join(f"{name}: {value}" for name, value in letter.header)
        pieces.append(f"<details><summary>Header</summary>{_pre(lines)}</details>")
    return "".join([*pieces, "</details>"])


def _dialogue(dialogue: Dialogue) -> str:
    look = ' open class="bad"' if dialogue.bad else ""
    lines = list(dialogue.lines[:MOST_LINES])
    if len(dialogue.lines) > MOST_LINES:
        lines.append(f"… and {len(dialogue.lines) - MOST_LINES} more lines")
    return f"<details{look}><summary>{escape(dialogue.title)}</summary>{_pre(chr(10).join(lines))}</details>"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = [f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows]
    return f"<table>{''.join(cells)}</table>" if cells else ""


def _pre(text: str) -> str:
    cut = text[:MOST_TEXT]
    return f"<pre>{escape(cut)}{'…' if len(text) > MOST_TEXT else ''}</pre>"


def _count(number: int, what: str) -> str:
    return f"{number or 'No'} {what}{'' if number == 1 else 's'}"
