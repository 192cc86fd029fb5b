"""A sandbox in this process on free ports, which leaves nothing behind: no thread, no socket, no file."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from mailtrap.clock import rfc3339
from mailtrap.errors import SettingsError
from mailtrap.inboxes import Inbox
from mailtrap.server import Server
from mailtrap.settings import TABLE, Settings
from mailtrap.testing.boxes import MailInbox, MailSandbox
from mailtrap.testing.direct import Direct
from mailtrap.testing.wiring import READING, Site

if TYPE_CHECKING:
    from mailtrap.testing.recording import Recording

#: Clients that upgrade to TLS wherever it is offered would find a certificate that they do not trust.
#: Whoever tests TLS has the other port, or says `hide_extensions=()`.
HIDDEN = ("STARTTLS",)


class InProcess:
    """A running sandbox. `settings` are those of `mailtrap serve` where they should be otherwise than for tests."""

    def __init__(self, settings: Settings | None = None, **changes: Any) -> None:
        chosen = replace(settings or Settings(hide_extensions=HIDDEN), **changes)
        if chosen.web_password and not chosen.api_token:
            # Tests need not know the password: what they ask with, and read mail with, is a token of their own.
            chosen = replace(chosen, api_token=secrets.token_hex(16))
        self._state = "" if chosen.state_dir else tempfile.mkdtemp(prefix="mailtrap-state-")
        # Even where nobody stops it, the directory goes with the process.
        self._remove = weakref.finalize(self, shutil.rmtree, self._state, ignore_errors=True) if self._state else None
        try:
            ports: dict[str, Any] = {row.name: 0 for row in TABLE if row.kind == "port"}
            given = replace(chosen, **ports, state_dir=chosen.state_dir or self._state)
            self._server = Server(given, late=bool(self._state))
            addresses = self._server.start()
        except BaseException:
            self._clean()
            raise
        scheme = "https" if chosen.web_tls else "http"
        host, port = addresses["web"]
        self.site = Site(
            f"{scheme}://{host}:{port}{chosen.base_path}",
            addresses["smtp"][0],
            addresses["smtp"][1],
            addresses["smtps"][1],
            self._server.about.authority,
            chosen.api_token,
            *[addresses[name][1] for name in READING],
        )

    def sandbox(self) -> LocalSandbox:
        """A client of it."""
        return LocalSandbox(self.site, self._server)

    def record(self) -> Recording:
        """Remember from now on what is sent, whatever the tests delete."""
        from mailtrap.testing.recording import Recording  # which reads messages, as most tests do later or never

        recording = Recording()
        self._server.sandbox.record = recording.kept
        return recording

    def stop(self) -> None:
        """Let messages on their way in finish, then close and remove everything. Repeating it is harmless."""
        self._server.stop()
        self._clean()

    def _clean(self) -> None:
        if self._remove is not None:
            self._remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class LocalSandbox(MailSandbox):
    """The client of a sandbox in this process. It does without HTTP, which is quicker."""

    def __init__(self, site: Site, server: Server) -> None:
        super().__init__(site)
        self._sandbox = server.sandbox
        self._reach(Direct(site, server.web, self._transport))

    def _make(self, box: MailInbox) -> str:
        made, _ = self._sandbox.inboxes.add(Inbox(box.name))
        return rfc3339(made.created_at)

    def _remove(self, box: MailInbox) -> None:
        self._sandbox.remove_inbox(box.name)


def read_settings(lines: Iterable[str]) -> dict[str, Any]:
    """Settings as a person writes them: `auth=required`, `max-message-size=1MB`. Raises SettingsError."""
    rows = {row.key: row for row in TABLE}
    read: dict[str, Any] = {}
    for line in lines:
        key, _, value = (part.strip() for part in line.partition("="))
        row = rows.get(key.replace("_", "-"))
        if row is None:
            raise SettingsError(f"there is no setting {key!r}", "see `mailtrap serve --help`")
        read[row.name] = row.read(value, "mail_settings")
    return read
