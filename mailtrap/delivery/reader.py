"""The simulated reader: opens messages and follows their links, as far as hosts may be visited."""

from __future__ import annotations

import logging
import queue
import threading

from msgspec import Struct

from mailtrap.clock import Clock
from mailtrap.delivery.hooks.reading import READER_AGENT
from mailtrap.delivery.told import Tell, Told
from mailtrap.errors import MailtrapError, NotFound
from mailtrap.mail.content import Content
from mailtrap.mail.message import Message
from mailtrap.net.outbound import Outbound
from mailtrap.store.base import Store

log = logging.getLogger(__name__)

#: Messages that wait to be read; beyond so many no more are.
MOST_UNREAD = 1000
#: Pictures fetched of one message, and redirects followed from one address.
MOST_PICTURES, MOST_REDIRECTS = 20, 5
#: The largest message that is read.
LARGEST = 50 * 1024 * 1024


class _Reading(Struct, frozen=True):
    message: int
    recipient: str
    at: int
    clicks: bool


class Reader:
    """Reads on a thread of its own, in the order asked for; `tell` hears `opened` and `clicked`.

    What is told does not depend on what could be fetched: a provider's pixel is not in our messages. `Told.code` is
    the HTTP status that the last fetch brought, `Told.text` says what was left out and why.
    """

    def __init__(self, store: Store, outbound: Outbound, clock: Clock, tell: Tell) -> None:
        self._store = store
        self._outbound = outbound
        self._clock = clock
        self._tell = tell
        self._waiting: queue.Queue[_Reading | None] = queue.Queue(MOST_UNREAD)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._stopping = False

    def open(self, message: int, recipient: str = "", at: int | None = None) -> bool:
        """Have a message opened: its remote pictures are fetched. Never waits; False where there is too much to read.

        `at` is when, as the application is told; now if it is not given.
        """
        return self._ask(_Reading(message, recipient, self._clock.now() if at is None else at, False))

    def click(self, message: int, recipient: str = "", at: int | None = None) -> bool:
        """Have the first link followed that may be; where none may, the first one is told all the same."""
        return self._ask(_Reading(message, recipient, self._clock.now() if at is None else at, True))

    def stop(self) -> None:
        """Read no more. Close the Outbound first where nothing under way is to be waited for."""
        with self._lock:
            self._stopping = True
            thread = self._thread
        if thread:
            self._drain()
            self._waiting.put(None)
            thread.join(15.0)

    def _ask(self, reading: _Reading) -> bool:
        with self._lock:
            if self._stopping:
                return False
            if self._thread is None:
                self._thread = threading.Thread(target=self._read_all, name="reader", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(reading)
        except queue.Full:
            log.warning("the simulated reader has too much to read")
            return False
        return True

    def _drain(self) -> None:
        while True:
            try:
                self._waiting.get_nowait()
            except queue.Empty:
                return

    def _read_all(self) -> None:
        while reading := self._waiting.get():
            try:
                self._read(reading)
            except NotFound:
                continue  # deleted before it was read
            except Exception:
                log.exception("the simulated reader could not read message %d", reading.message)

    def _read(self, reading: _Reading) -> None:
        message = self._store.get(reading.message)
        if message is None or message.size > LARGEST:
            return
        content = Content(b"".join(self._store.octets(reading.message)))
        if reading.clicks:
            self._click(reading, message, content)
        else:
            self._open(reading, message, content)

    def _open(self, reading: _Reading, message: Message, content: Content) -> None:
        pictures = [link.href for link in content.links if link.tag == "img" and _is_web(link.href)]
        allowed = [href for href in pictures if self._outbound.may_visit(href)][:MOST_PICTURES]
        code, text = 0, ""
        for href in allowed:
            code, text = self._fetch(href)
        if left := len(pictures) - len(allowed):
            text = text or f"{left} of {len(pictures)} pictures were not fetched: see visit-hosts"
        self._tell(_told("opened", reading, message, code, text))

    def _click(self, reading: _Reading, message: Message, content: Content) -> None:
        # Nobody unsubscribes by reading, and whoever clicks does so on what they see.
        links = [
            link.href
            for link in content.links
            if link.tag in ("a", "area", "form", "text") and link.kind != "unsubscribe" and _is_web(link.href)
        ]
        if not links:
            return
        allowed = next((href for href in links if self._outbound.may_visit(href)), None)
        if allowed is None:
            self._tell(_told("clicked", reading, message, 0, "not visited: see visit-hosts", links[0]))
            return
        code, text = self._fetch(allowed)
        self._tell(_told("clicked", reading, message, code, text, allowed))

    def _fetch(self, href: str) -> tuple[int, str]:
        try:
            headers = {"User-Agent": READER_AGENT, "Accept": "*/*"}
            return self._outbound.request("GET", href, headers=headers, follow=MOST_REDIRECTS).status, ""
        except MailtrapError as error:
            return 0, str(error)


def _is_web(href: str) -> bool:
    return href[:8].lower().startswith(("http://", "https://"))


def _told(kind: str, reading: _Reading, message: Message, code: int, text: str, url: str = "") -> Told:
    addresses = message.envelope.addresses
    return Told(
        kind,
        reading.at,
        reading.message,
        reading.recipient or (addresses[0] if addresses else ""),
        message.envelope.reverse_path,
        message.heading.subject,
        message.heading.message_id,
        " ".join(message.inboxes),
        code,
        text=text,
        url=url,
    )
