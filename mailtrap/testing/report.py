"""What is told of a test that failed: the mail that arrived, what was refused, and files of it for later."""

from __future__ import annotations

import re
from pathlib import Path

from mailtrap.client.failures import Json
from mailtrap.client.message import Message
from mailtrap.client.sandbox import Sandbox
from mailtrap.errors import MailtrapError
from mailtrap.testing.boxes import Case, MailInbox
from mailtrap.testing.pages import Dialogue, Letter, Report, page

#: What is shown of a test, at most: messages, lines of a text, sessions, lines of a dialogue.
MOST_MESSAGES = 20
MOST_LINES_OF_TEXT = 8
MOST_SESSIONS = 5
MOST_LINES_OF_DIALOGUE = 40
#: Messages written to files.
MOST_FILES = 200
#: Sessions that are looked through for those of a test.
_LOOKED_THROUGH = 200

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
#: What could break a line, colour it, or reorder it.
_ACTIVE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_PADDING = " " * 4


def describe(case: Case, error: BaseException | None, directory: str, failure: str) -> tuple[str, str]:
    """Title and text of a section for the report; with a directory, files are written there too."""
    title = f"mail in inbox {case.inbox.name}"
    try:
        mail = _Mail(case)
        lines = mail.lines(evidence_told=bool(getattr(error, "evidence", None)))
        if directory:
            lines.append(f"written to {write(case, mail, Path(directory), failure)}")
    except (MailtrapError, OSError) as trouble:
        # A report about one failure must not be another one.
        lines = [f"cannot be looked at: {trouble}"]
    return title, "\n".join(lines)


class _Mail:
    """All that there is about a test, fetched once."""

    def __init__(self, case: Case) -> None:
        self.name = case.inbox.name
        self.messages = sorted(case.inbox.list(limit=MOST_FILES), key=lambda message: int(message.id))
        self.elsewhere = [
            message
            for message in case.sandbox.list(inbox="default", limit=MOST_MESSAGES)
            if message.data["received_at"] >= case.began and self.name not in message.inboxes
        ]
        self.sessions = sessions_of(case.sandbox, case.inbox, case.began)

    def lines(self, *, evidence_told: bool) -> list[str]:
        count = len(self.messages)
        said = [f"{count or 'no'} message{'' if count == 1 else 's'} arrived" + (":" if count else "")]
        for message in self.messages[:MOST_MESSAGES]:
            said += _told(message)
        if count > MOST_MESSAGES:
            said.append(f"  … and {count - MOST_MESSAGES} more")
        if self.elsewhere and not evidence_told:
            said.append("meanwhile, without a login, in the default inbox:")
            for message in self.elsewhere[:5]:
                said += _told(message)
        bad = [session for session in self.sessions if is_bad(session)]
        # Where all went well, the dialogue that brought the newest message may still say what the client did.
        for session in (bad or self.sessions[:1])[:MOST_SESSIONS]:
            said.append(title_of(session) + ":")
            dialogue = lines_of(session)
            said += [f"  {plain(line, 300)}" for line in dialogue[:MOST_LINES_OF_DIALOGUE]]
            if len(dialogue) > MOST_LINES_OF_DIALOGUE:
                said.append(f"  … and {len(dialogue) - MOST_LINES_OF_DIALOGUE} more lines")
        if len(bad) > MOST_SESSIONS:
            said.append(f"… and {len(bad) - MOST_SESSIONS} more sessions in which something was refused")
        return said


def _told(message: Message) -> list[str]:
    said = [f"  {message.id}: {plain(message.subject, 200)!r}"]
    said.append(f"{_PADDING}{message.reverse_path or '<>'} → {plain(', '.join(message.recipients), 300)}")
    text = [line for line in message.text.splitlines() if line.strip()]
    said += [f"{_PADDING}| {plain(line, 200)}" for line in text[:MOST_LINES_OF_TEXT]]
    if len(text) > MOST_LINES_OF_TEXT:
        said.append(f"{_PADDING}| … {len(text) - MOST_LINES_OF_TEXT} more lines")
    names = [plain(one.filename or one.type, 100) for one in message.attachments]
    return said + ([f"{_PADDING}attached: {', '.join(names)}"] if names else [])


def sessions_of(sandbox: Sandbox, inbox: MailInbox | None = None, since: str = "") -> list[Json]:
    """Dialogues with their lines, the newest first; of one inbox those that logged in as it or brought it mail."""
    found = [one for one in sandbox.sessions(limit=_LOOKED_THROUGH) if one["started_at"] >= since]
    if inbox is not None:
        brought = {message.id for message in inbox.list(limit=MOST_FILES)}
        found = [one for one in found if _is_of(one, inbox.name, brought)]
    return [sandbox.session(one["id"]) for one in found[: MOST_SESSIONS * 4]]


def _is_of(session: Json, name: str, brought: set[str]) -> bool:
    if session["login"] is not None:
        return bool(session["login"]["user"].lower() == name)
    return bool(brought & set(session["messages"]))


def is_bad(session: Json) -> bool:
    """Whether something was refused in it, or it broke off. That some clients hang up without QUIT is no news."""
    return session["outcome"] not in ("quit", "open", "closed") or any(
        line["side"] == "S" and line["text"][:1] in ("4", "5") for line in session["lines"]
    )


def title_of(session: Json) -> str:
    """`session 7 from 127.0.0.1:40022, quit, something was refused`"""
    refused = [line["text"] for line in session["lines"] if line["side"] == "S" and line["text"][:1] in ("4", "5")]
    said = f", refused: {plain(refused[0], 120)}" if refused else ""
    return f"session {session['id']} from {session['peer']}, ended by {session['outcome']}{said}"


def lines_of(session: Json) -> list[str]:
    """`C: EHLO client`; a reply of several lines is several."""
    return [f"{line['side']}: {one}" for line in session["lines"] for one in line["text"].splitlines() or [""]]


def letter_of(message: Message, file: str = "") -> Letter:
    """A message for a page."""
    return Letter(
        message.subject,
        message.reverse_path or "<>",
        message.recipients,
        str(message.data["received_at"]),
        message.headers,
        message.text,
        message.html,
        [f"{one.filename or one.type} ({one.size} octets)" for one in message.attachments],
        [f"{link.kind}: {link.href}" for link in message.links],
        [code.code for code in message.codes],
        message.inboxes,
        file,
    )


def dialogue_of(session: Json) -> Dialogue:
    """A session for a page."""
    return Dialogue(title_of(session), lines_of(session), is_bad(session))


def write(case: Case, mail: _Mail, directory: Path, failure: str) -> Path:
    """The exact octets of every message, and a page of all of it. Returns the directory of this test."""
    # The inbox's name ends in something random: runs at the same time, and tests named alike, do not meet.
    place = directory / case.inbox.name
    place.mkdir(parents=True, exist_ok=True)
    letters = []
    for number, message in enumerate(mail.messages, 1):
        name = f"{number:02}-{_UNSAFE.sub('-', message.subject)[:40].strip('-.') or 'message'}.eml"
        (place / name).write_bytes(message.raw)
        letters.append(letter_of(message, name))
    report = Report(
        case.name,
        [("Inbox", case.inbox.name), ("Began", case.began)],
        failure,
        letters,
        [dialogue_of(session) for session in mail.sessions],
    )
    (place / "report.html").write_text(page(report), "utf-8", errors="replace")
    return place


def plain(text: str, most: int) -> str:
    """Text of a mail in one line, with nothing that a terminal would obey."""
    safe = _ACTIVE.sub(lambda match: f"\\x{ord(match[0]):02x}", text[:most])
    return safe + ("…" if len(text) > most else "")
