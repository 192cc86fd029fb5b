"""The verbs on mail: of a whole sandbox, and of one inbox in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import Literal, Unpack

from mailtrap.client.failures import Json
from mailtrap.client.message import Message, Runner, path_of
from mailtrap.client.mismatch import Expectations, listed, mismatch, unmet
from mailtrap.client.steps import Steps, Verb, ask
from mailtrap.errors import Invalid

#: Messages fetched by one request.
_PAGE = 200

Messages = list[Message]
Unit = Literal["messages", "recipients"]


class MailVerbs:
    """Every verb asks once, and where it is of one inbox, only about that.

    `query` is in the language of the search box (docs/query.md), such as `to:anna subject:"your code"`. Verbs raise
    Unreachable where no sandbox answers, and ApiError with what it says where it refuses.
    """

    #: The inbox meant where none is given; empty for any.
    name: str = ""
    _runner: Runner | None = None

    @Verb
    def send(
        self,
        message: EmailMessage | bytes | str | None = None,
        *,
        to: str | Sequence[str] = (),
        sender: str | None = None,
        subject: str = "",
        text: str = "",
        html: str = "",
        inbox: str | None = None,
    ) -> Steps[Message]:
        """Put a message in by HTTP: a whole one, or one made of `subject`, `text` and `html`.

        `to` and `sender` are its envelope; of a whole message, those of its header if left out.
        """
        recipients = [to] if isinstance(to, str) else list(to)
        octets = _octets(message if message is not None else _written(subject, text, html, sender, recipients))
        asked = {"envelope-from": sender, "envelope-to": ",".join(recipients) or None, "inbox": self._in(inbox)}
        answer = yield from ask("POST", "/api/messages", asked, body=octets, type="message/rfc822")
        return (yield from self._messages([answer.document()], whole=True))[0]

    @Verb
    def list(self, query: str = "", *, inbox: str | None = None, limit: int | None = None) -> Steps[Messages]:
        """Messages that match, the newest first; all of them, or `limit`."""
        found: list[Json] = []
        before: str | None = None
        while limit is None or len(found) < limit:
            size = _PAGE if limit is None else min(_PAGE, limit - len(found))
            asked = {"query": query, "inbox": self._in(inbox), "limit": size, "before": before}
            page = (yield from ask("GET", "/api/messages", asked)).document()
            found += page["messages"]
            before = page["next"]
            if not before:
                break
        return (yield from self._messages(found, whole=False))

    @Verb
    def get(self, id: str | Message) -> Steps[Message]:
        """One message by its id."""
        answer = (yield from ask("GET", path_of(str(_id(id))))).document()
        return (yield from self._messages([answer], whole=True))[0]

    @Verb
    def load(self, message: Message) -> Steps[Message]:
        """Fetch all that is in a message now: text, octets, transcript, attachments."""
        yield from message.loading()
        return message

    @Verb
    def wait(
        self,
        query: str = "",
        *,
        inbox: str | None = None,
        after: str | Message | None = None,
        timeout: float = 10.0,
    ) -> Steps[Message]:
        """The newest message that matches, as soon as there is one.

        It may be there already; `after` (a message, or `cursor`) means only newer ones. Raises MailMismatch with what
        did arrive, where none comes within `timeout` seconds.
        """
        __tracebackhide__ = True
        answer = yield from self._wait(query, inbox, 1, "messages", after, timeout)
        return (yield from self._messages(answer["messages"][-1:], whole=True))[0]

    @Verb
    def wait_many(
        self,
        count: int,
        query: str = "",
        *,
        unit: Unit = "messages",
        inbox: str | None = None,
        after: str | Message | None = None,
        timeout: float = 10.0,
    ) -> Steps[Messages]:
        """All that match, the oldest first, as soon as there are `count` of them (or so many recipients).

        Raises MailMismatch with what did arrive, where fewer come within `timeout` seconds.
        """
        __tracebackhide__ = True
        answer = yield from self._wait(query, inbox, count, unit, after, timeout)
        return (yield from self._messages(answer["messages"], whole=True))

    @Verb
    def assert_none(
        self,
        query: str = "",
        *,
        inbox: str | None = None,
        after: str | Message | None = None,
        within: float = 1.0,
    ) -> Steps[None]:
        """Nothing that matches is there, nor comes within so many seconds. Raises MailMismatch with what did."""
        __tracebackhide__ = True
        asked = {"query": query, "inbox": self._in(inbox), "after": _id(after), "none": True, "within": within}
        answer = yield from ask("GET", "/api/wait", asked, patience=within)
        if answer.status == 409:
            raise unmet(answer)
        answer.document()

    @Verb
    def expect(
        self,
        query: str = "",
        *,
        inbox: str | None = None,
        after: str | Message | None = None,
        timeout: float = 10.0,
        **wanted: Unpack[Expectations],
    ) -> Steps[Message]:
        """Wait for a message that matches and is as wanted; of several that match, the one that is most so counts.

        Raises MailMismatch with what is otherwise, or with what did arrive, after `timeout` seconds.
        """
        __tracebackhide__ = True
        expectations = listed(wanted)
        if not expectations:
            found = (yield from self._wait(query, inbox, 1, "messages", after, timeout))["messages"][-1]
        else:
            document = {"query": query, "inbox": self._in(inbox) or "", "after": _id(after) or "", "timeout": timeout}
            document |= {"expectations": expectations}
            answer = (yield from ask("POST", "/api/assert", document=document, patience=timeout)).document()
            if not answer["ok"]:
                raise mismatch(answer)
            if (found := answer["message"]) is None:
                raise Invalid("No message is what was expected: there is none to give back", "say assert_none")
        return (yield from self._messages([found], whole=True))[0]

    @Verb
    def cursor(self) -> Steps[str]:
        """The id of the newest message there is: `after` it comes what is sent from now on."""
        asked = {"inbox": self._in(None), "limit": 1}
        page = (yield from ask("GET", "/api/messages", asked)).document()
        return str(page["messages"][0]["id"]) if page["messages"] else "0"

    @Verb
    def delete(
        self,
        query: str = "",
        *,
        ids: Iterable[str | Message] = (),
        inbox: str | None = None,
        all: bool = False,
    ) -> Steps[int]:
        """Delete what matches, or of `ids` what does. Everything in the inbox if nothing is given; everything there is
        only with `all`. Returns how many went."""
        asked = {
            "query": query.strip() or None,
            "ids": ",".join(str(_id(id)) for id in ids) or None,
            "inbox": self._in(inbox),
        }
        answer = yield from ask("DELETE", "/api/messages", asked | {"all": True if all else None})
        return int(answer.document()["count"])

    def _wait(
        self,
        query: str,
        inbox: str | None,
        count: int,
        unit: Unit,
        after: str | Message | None,
        timeout: float,
    ) -> Steps[Json]:
        __tracebackhide__ = True
        asked = {"query": query, "inbox": self._in(inbox), "count": count, "unit": unit, "after": _id(after)}
        answer = yield from ask("GET", "/api/wait", asked | {"timeout": timeout}, patience=timeout)
        if answer.status == 408:
            raise unmet(answer)
        return answer.document()

    def _in(self, inbox: str | None) -> str | None:
        return inbox or self.name or None

    def _messages(self, found: Iterable[Json], *, whole: bool) -> Steps[Messages]:
        messages = [Message(data, self._runner) for data in found]
        if whole and self._runner is None:
            for message in messages:
                yield from message.loading_detail()
        return messages


def _id(message: str | Message | None) -> str | None:
    return message.id if isinstance(message, Message) else message


def _written(subject: str, text: str, html: str, sender: str | None, recipients: Sequence[str]) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender or "sender@example.test"
    message["To"] = ", ".join(recipients) or "recipient@example.test"
    message["Subject"] = subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain="example.test")
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def _octets(message: EmailMessage | bytes | str) -> bytes:
    if isinstance(message, EmailMessage):
        return message.as_bytes(policy=SMTP)
    return message.encode() if isinstance(message, str) else message
