"""Builds every part of one running sandbox from its settings; nothing else wires anything."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mailtrap.accounts import Accounts
from mailtrap.clock import Clock
from mailtrap.delivery.deeds import history
from mailtrap.delivery.outlets import Outlets
from mailtrap.delivery.rulebook import open_book, read_file
from mailtrap.delivery.schedule import RetrySchedule
from mailtrap.events import Bus
from mailtrap.imap.listener import Watching
from mailtrap.imap.listener import doors as imap_doors
from mailtrap.net.doors import Doors
from mailtrap.net.tls import Identity
from mailtrap.pop3.listener import doors as pop3_doors
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.smtp.listener import doors as smtp_doors
from mailtrap.store import open_store
from mailtrap.store.base import Store
from mailtrap.store.expiry import Expiry
from mailtrap.store.inboxes import open_directory
from mailtrap.waiting.refusals import Refusals
from mailtrap.web import About, Entrance
from mailtrap.web.exposure import check_exposure

#: How long transfers in flight may take to finish once we are told to stop, in seconds.
GRACE = 10.0

#: Refusals that one process is taken not to have for each session that it records: so ids grow over a restart.
_OF_A_SESSION = 1_000_000


class Server:
    """A sandbox: its store, its mail listeners and its web server, started and stopped together.

    Raises SettingsError for settings that cannot be used, a taken port for one; what had been started by then is
    stopped again. With `late` our own certificate and the web application are made for the first who needs them: that
    is for a sandbox that is gone soon, and whose directory nobody else has.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None, *, late: bool = False) -> None:
        check_exposure(settings)
        self.settings = settings
        self.clock = clock or Clock()
        self.bus = Bus()
        self._identity = Identity(settings)
        self.about = About(addresses={}, authority=self._identity, started_at=self.clock.now())
        self._late = late
        if settings.tls_cert or not late:
            # What cannot be used should be told now, not to the first client.
            _ = self.about.ca_file, self._identity.context()
        self._stop_once = threading.Lock()
        self._undo: list[Callable[[], object]] = []

    def start(self) -> dict[str, tuple[str, int]]:
        """Listen. Returns `{"smtp": (host, port), "smtps": …, "pop3": …, "imap": …, "web": …}` once everything does."""
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> dict[str, tuple[str, int]]:
        fixed = read_file(self.settings.faults) if self.settings.faults else []
        self.store = open_store(self.settings, self.bus, self.clock)
        self._undo.append(self.store.close)
        outlets = Outlets(self.store, self.clock, self.settings, (self._identity,))
        self._undo.append(outlets.stop)
        outlets.start()
        self.sandbox = Sandbox(
            self.store,
            self.bus,
            self.clock,
            open_book(
                self.store.ledger,
                self.bus,
                self.clock,
                addresses=self.settings.fault_addresses,
                fixed=fixed,
                origin=self.settings.faults,
            ),
            history=history(self.store.ledger),
            schedule=RetrySchedule.of(self.settings),
            hostname=self.settings.smtp_hostname,
            inboxes=open_directory(self.store.ledger, self.bus, self.clock, lasting=not self.settings.is_temporary),
            outlets=outlets,
            refusals=Refusals(first=_first_refusal(self.store)),
        )
        expiry = Expiry(self.store, self.sandbox.inboxes, self.bus, self.clock, self.sandbox.remove_inbox)
        self._undo.append(expiry.stop)
        expiry.start()
        self._undo.append(self.sandbox.office.stop)
        self.sandbox.office.start()
        accounts = Accounts(self.settings, self.store, self.clock, self.sandbox.inboxes)
        addresses = self._open(smtp_doors(self.sandbox, self.settings))
        addresses |= self._open(pop3_doors(self.sandbox, self.settings, accounts))
        watching = Watching(self.sandbox)
        self._undo.append(watching.stop)
        addresses |= self._open(imap_doors(self.sandbox, self.settings, accounts, watching))
        tls = self._identity.context() if self.settings.web_tls else None
        self.web = web = Entrance(self.sandbox, self.settings, self.about, tls, self._late)
        self._undo.append(web.stop)
        self._undo.append(self.sandbox.stop_waiting)
        addresses["web"] = web.start()
        outlets.webhooks.announce(self._site(*addresses["web"]))
        self.about.addresses.update({name: f"{host}:{port}" for name, (host, port) in addresses.items()})
        return addresses

    def _open(self, doors: Doors) -> dict[str, tuple[str, int]]:
        self._undo.append(lambda: doors.stop(GRACE))
        return doors.start(self._identity.context)

    def _site(self, host: str, port: int) -> str:
        """Where applications on this machine reach the web."""
        scheme = "https" if self.settings.web_tls else "http"
        host = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
        return f"{scheme}://{host}:{port}{self.settings.base_path}"

    def stop(self) -> None:
        """Stop in the reverse order of starting: no new clients, transfers finish, then the store closes."""
        with self._stop_once:
            while self._undo:
                self._undo.pop()()


def _first_refusal(store: Store) -> int:
    """An id that no refusal of an earlier process has had."""
    return max([session.id for session in store.sessions(limit=1)], default=0) * _OF_A_SESSION + 1
