"""Mail that is not as a test wants it, sixteen times; `python -m tests.golden.scenes` writes what is told of each."""

from __future__ import annotations

import http.client
import json
import re
import smtplib
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mailtrap import telling
from mailtrap.server import Server
from mailtrap.settings import Settings

FILES = Path(__file__).parent
_TIMES = re.compile(r"\b\d\d:\d\d:\d\d\.\d{3}")


class Scene:
    """A sandbox with the little that these tests do with it."""

    def __init__(self) -> None:
        self.server = Server(
            Settings(smtp_port=0, smtps_port=0, web_port=0, fault_addresses=False, smtp_hostname="sandbox.test")
        )
        self.at = self.server.start()

    def close(self) -> None:
        self.server.stop()

    def send(
        self,
        to: str = "anna@example.test",
        subject: str = "Your code",
        text: str = "Your code is 493021.\nIt is good for ten minutes.\n",
        *,
        user: str = "",
        attachment: tuple[str, bytes] | None = None,
        html: str = "",
    ) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "shop@example.test", to, subject
        message["Message-ID"] = f"<{len(subject)}@example.test>"
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        if attachment:
            message.add_attachment(attachment[1], maintype="application", subtype="pdf", filename=attachment[0])
        with smtplib.SMTP(*self.at["smtp"], local_hostname="app.test") as client:
            if user:
                client.login(user, "secret")
            client.send_message(message)

    def wait(self, **asked: Any) -> dict[str, Any]:
        return self.ask("GET", "/api/wait?" + urlencode({"timeout": 0.2, **asked}))

    def wait_refused(self, **asked: Any) -> dict[str, Any]:
        return self.ask("GET", "/api/wait/refused?" + urlencode({"timeout": 0.2, **asked}))

    def rule(self, step: str, code: int, status: str, text: str, when: str = "") -> None:
        effect = {"reply": {"code": code, "status": status, "text": text}}
        self.ask("POST", "/api/faults", {"step": step, "when": when, "effect": effect})

    def expect(self, *expectations: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.ask("POST", "/api/assert", {"expectations": list(expectations), **more})

    def ask(self, method: str, path: str, document: Any = None) -> dict[str, Any]:
        with closing(http.client.HTTPConnection(*self.at["web"], timeout=60)) as connection:
            body = None if document is None else json.dumps(document)
            headers = {"Content-Type": "application/json"} if body else {}
            connection.request(method, path, body, headers)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
            return answer


def nothing_arrived(it: Scene) -> dict[str, Any]:
    return it.wait(query='to:anna@example.test subject:"your code"')


def wrong_recipient(it: Scene) -> dict[str, Any]:
    it.send("ana@example.test")
    it.send("ben@example.test", "Welcome aboard")
    return it.wait(query='rcpt:anna@example.test subject:"your code"')


def subject_differs_by_a_character(it: Scene) -> dict[str, Any]:
    it.send(subject="Reset your pasword")
    return it.wait(query='to:anna@example.test subject="Reset your password"')


def refused_by_a_fault(it: Scene) -> dict[str, Any]:
    effect = {"reply": {"code": 451, "status": "4.7.1", "text": "Try again later"}}
    it.ask("POST", "/api/faults", {"step": "rcpt", "when": "rcpt:anna@example.test", "effect": effect})
    with suppress(smtplib.SMTPRecipientsRefused):
        it.send()
    return it.wait(query="to:anna@example.test")


def in_another_inbox(it: Scene) -> dict[str, Any]:
    it.send(user="team")
    return it.wait(query="to:anna@example.test", inbox="signup-17")


def before_after(it: Scene) -> dict[str, Any]:
    it.send()
    it.send("ben@example.test", "Welcome aboard")
    return it.wait(query="to:anna@example.test", after=2)


def too_many(it: Scene) -> dict[str, Any]:
    it.send()
    it.send()
    return it.expect({"count": 1}, query="to:anna@example.test")


def too_few(it: Scene) -> dict[str, Any]:
    it.send()
    it.send("ben@example.test")
    return it.wait(query='subject:"your code"', count=3)


def attachment_differs(it: Scene) -> dict[str, Any]:
    it.send(attachment=("invoice-2026-02.pdf", b"%PDF-1.7 two"))
    return it.expect(
        {"subject": "Your code"},
        {"attachment": {"filename": "invoice-2026-01.pdf", "type": "application/pdf"}},
        query="to:anna@example.test",
    )


def unwanted(it: Scene) -> dict[str, Any]:
    it.send()
    return it.wait(query="to:anna@example.test", none="true", within=0.2)


def text_differs(it: Scene) -> dict[str, Any]:
    it.send(text="Hello Anna,\nyour code is 493021.\nIt is good for ten minutes.\n")
    return it.expect({"text-contains": "your code is 493012"}, {"aligned": True}, query="to:anna@example.test")


def link_differs(it: Scene) -> dict[str, Any]:
    page = '<p><a href="https://shop.test/verify?t=a1b2&amp;u=7">Confirm</a> <a href="https://shop.test/help">Help</a>'
    it.send(subject="Confirm your address", html=page)
    return it.expect({"link-to": "https://shop.test/confirm?t="}, query='subject:"confirm your address"')


def nothing_was_refused(it: Scene) -> dict[str, Any]:
    return it.wait_refused(query="rcpt:anna@example.test", code=550)


def accepted_instead(it: Scene) -> dict[str, Any]:
    it.rule("rcpt", 550, "5.1.1", "No such user", "rcpt:ana@example.test")
    it.send("ben@example.test", "Welcome aboard")
    it.send()
    with suppress(smtplib.SMTPRecipientsRefused):
        it.send("ana@example.test")
    return it.wait_refused(query="rcpt:anna@example.test", step="rcpt")


def refused_otherwise(it: Scene) -> dict[str, Any]:
    it.rule("end-of-data", 451, "4.7.1", "Try again later\nor never")
    with suppress(smtplib.SMTPDataError):
        it.send(user="team")
    with suppress(smtplib.SMTPDataError):
        it.send("ben@example.test", user="team")
    return it.wait_refused(query='rcpt:anna@example.test subject:"your code"', inbox="team", code="5yz", count=2)


def refused_although_unwanted(it: Scene) -> dict[str, Any]:
    it.rule("rcpt", 452, "4.2.2", "Mailbox full")
    with suppress(smtplib.SMTPRecipientsRefused):
        it.send()
    return it.wait_refused(query="from:shop@example.test", none="true", within=0.2)


SCENES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    scene.__name__.replace("_", "-"): scene
    for scene in (
        nothing_arrived,
        wrong_recipient,
        subject_differs_by_a_character,
        refused_by_a_fault,
        in_another_inbox,
        before_after,
        too_many,
        too_few,
        attachment_differs,
        unwanted,
        text_differs,
        link_differs,
        nothing_was_refused,
        accepted_instead,
        refused_otherwise,
        refused_although_unwanted,
    )
}


def played(name: str) -> str:
    """What is told of a scene, times masked."""
    it = Scene()
    try:
        return _TIMES.sub("HH:MM:SS.mmm", telling.told(SCENES[name](it))) + "\n"
    finally:
        it.close()


if __name__ == "__main__":
    for name in sys.argv[1:] or SCENES:
        told = played(name)
        (FILES / f"{name}.txt").write_text(told, "utf-8")
        print(f"--- {name}\n{told}")
