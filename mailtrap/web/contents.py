"""Parsed messages, kept while they are likely to be asked for again."""

from __future__ import annotations

import threading
from collections import OrderedDict

from mailtrap.errors import NotFound
from mailtrap.mail.content import Content
from mailtrap.mail.message import Message
from mailtrap.store.base import Store
from mailtrap.waiting.lately import content_of

#: The parsed tree and its decoded texts cost a few times the octets that are counted here.
ROOM = 16 * 1024 * 1024
LARGEST = 8 * 1024 * 1024


class Contents:
    """The content of messages by id. Keeps the last used ones, up to `room` octets and none larger than `largest`."""

    def __init__(self, store: Store, room: int = ROOM, largest: int = LARGEST) -> None:
        self._store = store
        self._room = room
        self._largest = largest
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Content] = OrderedDict()
        self._held = 0

    def of(self, message: Message) -> Content:
        """The content of a message that exists. Raises NotFound if it has been deleted since."""
        with self._lock:
            if content := self._kept.get(message.id):
                self._kept.move_to_end(message.id)
                return content
        octets = b"".join(self._store.octets(message.id))
        content = content_of(octets)
        if len(octets) <= self._largest:
            self._keep(message.id, content, len(octets))
        return content

    def _keep(self, id: int, content: Content, size: int) -> None:
        with self._lock:
            if id not in self._kept:
                self._held += size
            self._kept[id] = content
            while self._held > self._room:
                _, oldest = self._kept.popitem(last=False)
                self._held -= len(oldest.octets)


def message_of(store: Store, id: str) -> Message:
    """The message of this id as it stands in a URL. Raises NotFound, also for what cannot be an id."""
    number = number_of(id)
    if number is None:
        raise NotFound(f"There is no message {id[:40]}", "ids are numbers, as the list of messages has them")
    message = store.get(number)
    if message is None:
        raise NotFound(f"There is no message {id[:40]}", "it may have been deleted")
    return message


def number_of(id: str) -> int | None:
    """The integer an id stands for, None if no id looks like that (SQLite's go up to 2^63 - 1)."""
    if not (id.isascii() and id.isdecimal() and len(id) <= 19) or int(id) >= 2**63:
        return None
    return int(id)
