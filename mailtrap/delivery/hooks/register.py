"""The targets as the ledger keeps them, and those that the settings wish for among them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from mailtrap.delivery.hooks import ways
from mailtrap.delivery.hooks.target import Kind, Shape, Target
from mailtrap.errors import Invalid, NotFound, SettingsError
from mailtrap.net.outbound import read_address, why_never
from mailtrap.store.base import Record, Store

TARGET = "webhook"
MOST_TARGETS = 100
#: Seconds that the ledger may take: mail goes first.
WRITTEN_WITHIN = 60.0


def check(url: str, shape: str) -> None:
    """Raise Invalid for an address that nothing can be sent to in this shape."""
    address = read_address(url, *(("smtp",) if shape == "smtp" else ("http", "https")))
    try:
        why = why_never(address.host)
    except ValueError:  # a name: what it means is looked at each time it is called
        return
    if why:
        raise Invalid(f"{address.host} may not be told: {why}", "give the address of your application")


def read_wish(text: str, secret: str = "") -> tuple[str, Shape, str]:
    """`shape+http://…`, or a URL alone, as the setting `webhooks` has it: URL, shape, secret. Raises SettingsError."""
    shape, plus, url = text.partition("+")
    if not plus or "/" in shape:
        shape, url = "mailtrap", text
    try:
        named = msgspec.convert(shape.lower(), Shape)
        check(url, named)
    except msgspec.ValidationError:
        raise SettingsError(f"webhooks: there is no shape {shape!r}", f"one of {', '.join(ways.WAYS)}") from None
    except Invalid as error:
        raise SettingsError(f"webhooks: {error}", error.hint) from None
    return url, named, secret if named in ("mailtrap", "mailgun") else ""


class Register:
    """Thread-safe, as the ledger is."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Target]:
        """Every target, oldest first."""
        found = self._store.ledger.find(TARGET, limit=MOST_TARGETS * 2)
        return [msgspec.json.decode(record.document, type=Target) for record in reversed(found)]

    def get(self, id: int) -> Target:
        """Raises NotFound."""
        for target in self.all():
            if target.id == id:
                return target
        raise NotFound(f"There is no webhook {id}", "GET /api/webhooks lists them")

    def make(
        self,
        url: str,
        shape: Shape = "mailtrap",
        kinds: tuple[Kind, ...] = (),
        inbox: str = "",
        secret: str = "",
        signature_version: Literal["1", "2"] = "1",
        *,
        from_settings: bool = False,
    ) -> Target:
        """A target with an id and its keys, not yet kept. Raises Invalid."""
        check(url, shape)
        known = self.all()
        if len(known) >= MOST_TARGETS:
            raise Invalid(f"There are {len(known)} webhooks already", "remove some")
        # One key for all that SNS signs: receivers fetch its certificate from one address.
        key = next((target.key for target in known if target.shape == shape == "ses"), "")
        id = self._store.ledger.new_id(TARGET)
        return ways.make(id, url, shape, kinds, inbox, secret, signature_version, key=key, from_settings=from_settings)

    def put(self, target: Target) -> None:
        """Keep it."""
        self._store.ledger.put([Record(TARGET, target.id, msgspec.json.encode(target))]).result(WRITTEN_WITHIN)

    def remove(self, id: int) -> None:
        """Raises NotFound."""
        if not self._store.ledger.remove(TARGET, ids=[id]).result(WRITTEN_WITHIN):
            raise NotFound(f"There is no webhook {id}", "GET /api/webhooks lists them")

    def settle(self, wished: Iterable[Target]) -> list[Target]:
        """Keep what the settings wish for and nothing that they wished for earlier; returns those that are new.

        The keys of the others stay what they were.
        """
        fresh = []
        earlier = [target for target in self.all() if target.from_settings]
        for wish in wished:
            same = next((one for one in earlier if (one.url, one.shape) == (wish.url, wish.shape)), None)
            if same is None:
                made = self.make(wish.url, wish.shape, wish.kinds, wish.inbox, wish.secret, from_settings=True)
                self.put(made)
                fresh.append(made)
            else:
                earlier.remove(same)
                if wish.secret and wish.secret != same.secret:
                    self.put(msgspec.structs.replace(same, secret=wish.secret))
        for target in earlier:
            self.remove(target.id)
        return fresh
