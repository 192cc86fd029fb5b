"""Our connection class is an aiosmtpd protocol: aiosmtpd's own Controller can serve it."""

from __future__ import annotations

import smtplib
import socket
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from mailtrap.net.hub import Hub
from mailtrap.net.tls import server_context
from mailtrap.settings import Settings
from mailtrap.smtp.listener import Connection
from mailtrap.smtp.policy import Policy
from tests.smtp.stand_ins import MemoryStore, sandbox

CONTENT = b"Subject: hi\r\n\r\n..dots\r\n"


def test_aiosmtpds_controller_serves_our_connections(state_dir: Path) -> None:
    store = MemoryStore()
    ours = sandbox(store)

    class Ours(Controller):
        def factory(self) -> SMTP:
            settings = Settings(state_dir=str(state_dir))
            hub = Hub(self.loop, lambda: server_context(settings), 10, 1)
            return Connection(hub, ours, Policy(), "smtp")

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Ours(None, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            client.sendmail("a@b.test", ["c@d.test"], CONTENT)
        store.wait(lambda: any(transcript.outcome == "quit" for transcript in store.recorded))
    finally:
        controller.stop()
        store.close()
    assert store.content() == CONTENT
