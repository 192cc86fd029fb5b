"""One captured message as a test looks at it; what costs a request is asked for when it is first looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from mailtrap import telling
from mailtrap.client.failures import Json
from mailtrap.client.mismatch import MailMismatch
from mailtrap.client.steps import Steps, ask
from mailtrap.errors import MailtrapError

_T = TypeVar("_T")

#: From here on something is surely a one-time code.
SURE = 0.8

#: Carries out steps at once; None where they have to be awaited.
Runner = Callable[[Steps[Any]], Any]


class NotLoaded(MailtrapError):
    """An AsyncSandbox was not asked to fetch this part of a message."""


class Address(NamedTuple):
    """A mailbox as a header field names it, decoded."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


class Link(NamedTuple):
    """A link. `href` is exact after decoding; `kind` one of verify, reset, unsubscribe, tracking, asset, link.

    `part` is where it stands, empty for the header; `visible` whether a person sees it.
    """

    href: str
    text: str
    kind: str
    part: str
    visible: bool

    def __str__(self) -> str:
        return self.href


class Code(NamedTuple):
    """A one-time code: as one types it, why it is taken for one, how surely (0.5 to 1), as it stands, and where."""

    code: str
    reason: str
    confidence: float
    written: str
    where: str

    def __str__(self) -> str:
        return self.code


class Line(NamedTuple):
    """One line of a dialogue: `C` the client's, `S` the server's, `-` a note. `fault` is the rule that spoke."""

    side: str
    text: str
    fault: str | None


class Transcript:
    """The SMTP dialogue that brought a message. `str()` of it, and `in`, are over `C: EHLO …` lines."""

    def __init__(self, data: Json) -> None:
        self.data = data

    @property
    def lines(self) -> list[Line]:
        """What either side said, in order."""
        return [Line(line["side"], line["text"], line.get("fault")) for line in self.data.get("lines", ())]

    def __str__(self) -> str:
        return "\n".join(f"{line.side}: {line.text}" for line in self.lines)

    def __contains__(self, text: str) -> bool:
        return text in str(self)

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __repr__(self) -> str:
        return f"<Transcript of {len(self.lines)} lines>"


class Attachment:
    """A part that a person would save. `octets` are fetched when first looked at."""

    def __init__(self, message: Message, data: Json) -> None:
        self.data = data
        self._message = message
        self._octets: bytes | None = None

    @property
    def filename(self) -> str:
        """As the sender calls it; empty if he does not."""
        return str(self.data["filename"])

    @property
    def type(self) -> str:
        """Its media type."""
        return str(self.data["type"])

    @property
    def size(self) -> int:
        """Octets, decoded."""
        return int(self.data["size"])

    @property
    def octets(self) -> bytes:
        """What is in it, decoded."""
        if self._octets is None:
            self._message.run(self.loading(), f"the attachment {self.filename or self.data['path']}")
        assert self._octets is not None
        return self._octets

    @property
    def sha256(self) -> str:
        """Of what is in it, in hex."""
        return hashlib.sha256(self.octets).hexdigest()

    def loading(self) -> Steps[None]:
        """Fetch what is in it, unless it is here."""
        if self._octets is None:
            answer = yield from ask("GET", f"{self._message.path}/parts/{quote(self.data['path'], safe='')}")
            self._octets = answer.content()

    def __repr__(self) -> str:
        return f"<Attachment {self.filename!r} {self.type} {self.size}>"


class Message:
    """One message. Facts of the list (`subject`, `recipients`, …) are here at once.

    Of an AsyncSandbox, text, links, codes … are here after `get`, `wait` and `expect`; `raw`, `transcript` and what
    is in attachments after `await sandbox.load(message)`.
    """

    def __init__(self, data: Json, runner: Runner | None) -> None:
        self.path = path_of(data["id"])
        self._runner = runner
        self._data = data
        self._whole: dict[str, str] = {}
        self._attachments: list[Attachment] | None = None
        self._raw: bytes | None = None
        self._transcript: Transcript | None = None

    # ---------------------------------------------------------------- what lists have

    @property
    def id(self) -> str:
        """Its number; later messages have greater ones."""
        return str(self._data["id"])

    @property
    def subject(self) -> str:
        """Decoded, in one line."""
        return str(self._data["subject"])

    @property
    def sender(self) -> Address:
        """The first author in From."""
        return _address(self._data["from"])

    @property
    def to(self) -> list[Address]:
        """Whom To names."""
        return [_address(one) for one in self._data["to"]]

    @property
    def cc(self) -> list[Address]:
        """Whom Cc names."""
        return [_address(one) for one in self._data["cc"]]

    @property
    def reply_to(self) -> list[Address]:
        """Whom Reply-To names."""
        return [_address(one) for one in self._data["reply_to"]]

    @property
    def recipients(self) -> list[str]:
        """Whom it was really sent to: RCPT TO, blind ones too."""
        return list(self._data["envelope"]["to"])

    @property
    def reverse_path(self) -> str:
        """Whom failures go back to: MAIL FROM; empty for `<>`."""
        return str(self._data["envelope"]["from"])

    @property
    def inbox(self) -> str:
        """The inbox it is in; the first one where there are several."""
        return str(self._data["inbox"])

    @property
    def inboxes(self) -> list[str]:
        """All inboxes it is in."""
        return list(self._data.get("inboxes") or [self.inbox])

    @property
    def received_at(self) -> datetime:
        """When it came, in UTC."""
        return datetime.fromisoformat(self._data["received_at"])

    @property
    def size(self) -> int:
        """Octets."""
        return int(self._data["size"])

    @property
    def sha256(self) -> str:
        """Of `raw`, in hex."""
        return str(self._data["sha256"])

    @property
    def snippet(self) -> str:
        """How its text begins."""
        return str(self._data["snippet"])

    @property
    def seen(self) -> bool:
        """Whether somebody has opened it on the page."""
        return bool(self._data["seen"])

    @property
    def tags(self) -> list[str]:
        """Its tags."""
        return list(self._data["tags"])

    @property
    def data(self) -> Json:
        """What the API says of it, as far as it is here."""
        return self._data

    # ---------------------------------------------------------------- what is in it

    @property
    def text(self) -> str:
        """What a person reads: the plain text, or that of the HTML where there is none."""
        return self._body("text")

    @property
    def html(self) -> str:
        """The HTML alternative; empty if there is none."""
        return self._body("html")

    @property
    def links(self) -> list[Link]:
        """Every link, HTML first."""
        return [Link(*(one[name] for name in Link._fields)) for one in self._detail("links")]

    @property
    def codes(self) -> list[Code]:
        """One-time codes in it."""
        return [Code(*(one[name] for name in Code._fields)) for one in self._detail("codes")]

    @property
    def images(self) -> list[Json]:
        """Pictures of the HTML: `src`, `alt`, `attached`, `tracking` …"""
        return list(self._detail("images"))

    @property
    def unsubscribe(self) -> Json | None:
        """Ways out: `http`, `mailto`, `one_click`, `body`; None if there is none."""
        return self._detail("unsubscribe") or None

    @property
    def calendar(self) -> list[Json]:
        """Calendars in it: `method` and `events`."""
        return list(self._detail("calendar"))

    @property
    def preheader(self) -> str:
        """Hidden text at its beginning that lists show beside the subject."""
        return str(self._detail("preheader") or "")

    @property
    def attachments(self) -> list[Attachment]:
        """The parts a person would save: neither the text nor images shown within it."""
        if self._attachments is None:
            self._attachments = [Attachment(self, one) for one in self._detail("parts") if one["attachment"]]
        return self._attachments

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The header fields in the order sent, unfolded and decoded."""
        return [(one["name"], one["value"]) for one in self._detail("header")]

    def header(self, name: str) -> str | None:
        """The value of the first header field of that name; None if there is none."""
        return next((value for field, value in self.headers if field.lower() == name.lower()), None)

    @property
    def deliveries(self) -> list[Json]:
        """What became of it for each recipient after its 250."""
        return list(self._detail("deliveries"))

    @property
    def detail(self) -> Json:
        """All that the API says of it."""
        self._detail("header")
        return self._data

    @property
    def raw(self) -> bytes:
        """Its exact octets."""
        if self._raw is None:
            self.run(self._loading_raw(), "raw")
        assert self._raw is not None
        return self._raw

    @property
    def transcript(self) -> Transcript:
        """The SMTP dialogue that brought it."""
        if self._transcript is None:
            self.run(self._loading_transcript(), "transcript")
        assert self._transcript is not None
        return self._transcript

    # ---------------------------------------------------------------- the one that is meant

    @property
    def code(self) -> str:
        """The one-time code, the sure one of several. Raises MailMismatch where that is not clear."""
        sure = [code for code in self.codes if code.confidence >= SURE] or self.codes
        codes = list(dict.fromkeys([code.code for code in sure]))
        if len(codes) == 1:
            return codes[0]
        found = ", ".join(codes) or "none"
        raise MailMismatch(f"{self._named} should have one code:\n{telling.compared('one code', found)}\n\n{self.text}")

    def link(self, containing: str = "", *, kind: str = "") -> str:
        """The address of the first link with this in its address or text, and of this kind.

        Raises MailMismatch where there is none.
        """
        for link in self.links:
            if (containing in link.href or containing in link.text) and kind in ("", link.kind):
                return link.href
        wanted = " ".join(filter(None, ("a link", f"of kind {kind}" if kind else "", containing and repr(containing))))
        had = "\n".join(f"{link.kind}: {link.href} ({link.text})" for link in self.links) or "no link"
        raise MailMismatch(f"{self._named} has no such link:\n{telling.compared(wanted, had)}")

    # ---------------------------------------------------------------- fetching

    def run(self, steps: Steps[None], what: str) -> None:
        """Fetch `what` now. Raises NotLoaded where that has to be awaited."""
        if self._runner is None:
            steps.close()
            raise NotLoaded(f"{what} of message {self.id} is not here yet", "await sandbox.load(message) first")
        self._runner(steps)

    def loading_detail(self) -> Steps[None]:
        """Fetch text, HTML, links, codes … unless they are here."""
        if "header" not in self._data:
            self._data = (yield from ask("GET", self.path)).document()
        for name in self._data["truncated"]:
            if name not in self._whole:
                yield from self._loading_body(name)

    def loading(self) -> Steps[None]:
        """Fetch everything that is not here."""
        yield from self.loading_detail()
        if self._raw is None:
            yield from self._loading_raw()
        if self._transcript is None:
            yield from self._loading_transcript()
        for attachment in self.attachments:
            yield from attachment.loading()

    def _loading_body(self, name: str) -> Steps[None]:
        octets = (yield from ask("GET", f"{self.path}/{name}")).content()
        self._whole[name] = octets.decode("utf-8", "replace")

    def _loading_raw(self) -> Steps[None]:
        self._raw = (yield from ask("GET", self.path + "/raw")).content()

    def _loading_transcript(self) -> Steps[None]:
        self._transcript = Transcript((yield from ask("GET", self.path + "/transcript")).document())

    def _detail(self, name: str) -> Any:
        if "header" not in self._data:
            self.run(self.loading_detail(), name)
        return self._data.get(name) or []

    def _body(self, name: str) -> str:
        if name not in self._whole and ("header" not in self._data or name in self._data["truncated"]):
            # Not all that is known of it: links and codes, which few tests of a text look at, take longer to find.
            self.run(self._loading_body(name), name)
        return self._whole[name] if name in self._whole else str(self._data[name])

    @property
    def _named(self) -> str:
        return telling.message_line(self._data)

    def __repr__(self) -> str:
        return f"<Message {self.id} {self.subject!r} for {', '.join(self.recipients[:5])}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.id, self.sha256) == (other.id, other.sha256)

    def __hash__(self) -> int:
        return hash((self.id, self.sha256))


def path_of(id: str) -> str:
    """Where the API has a message."""
    return "/api/messages/" + quote(id, safe="")


def _address(data: Json) -> Address:
    return Address(data["name"], data["address"])
