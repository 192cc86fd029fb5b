"""Webhooks over the API, and in a whole running server."""

from __future__ import annotations

import asyncio
import json
import smtplib
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from flask.testing import FlaskClient

from mailtrap.delivery.told import Told
from mailtrap.errors import SettingsError
from mailtrap.faults.rule import Effect, Fault, Notice, Said, Step
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.server import Server
from mailtrap.settings import Settings
from tests.delivery.receiving import PATIENCE, receiving
from tests.web.serving import capture, running_sandbox


@pytest.fixture
def client() -> Iterator[FlaskClient]:
    with running_sandbox() as (_, _, app):
        yield app.test_client()


@contextmanager
def serving(**settings: Any) -> Iterator[Server]:
    server = Server(Settings(smtp_port=0, smtps_port=0, web_port=0, webhook_retry=0.02, **settings))
    try:
        server.start()
        yield server
    finally:
        server.stop()


def ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    """What the API answers. Raises HTTPError."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    request = Request(f"{server.sandbox.webhooks.site}{path}", data, headers, method=method)
    with urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read())


def eventually(server: Server, state: str) -> list[Any]:
    """The events of this state, once there are some: the queue is written a moment after the answer."""
    deadline = time.monotonic() + PATIENCE
    while not (events := ask(server, "GET", f"/api/webhooks/events?state={state}")["events"]):
        assert time.monotonic() < deadline
    return events


HELLO = b"Subject: hello\r\nMessage-ID: <m@a.test>\r\n\r\nwords\r\n"


def send(server: Server, recipient: str = "bob@b.test", content: bytes = HELLO) -> None:
    host, port = server.about.addresses["smtp"].rsplit(":", 1)
    with smtplib.SMTP(host, int(port), timeout=PATIENCE) as client:
        client.sendmail("ann@a.test", [recipient], content)


def test_targets_are_added_listed_and_removed(client: FlaskClient) -> None:
    made = client.post("/api/webhooks", json={"url": "http://localhost:3000/hook", "kinds": ["bounced"]})
    assert made.status_code == 201
    target = made.get_json()
    assert (target["shape"], target["kinds"], target["inbox"]) == ("mailtrap", ["bounced"], "")
    assert len(target["secret"]) > 20
    for shape in ("sendgrid", "mailgun", "postmark", "ses", "resend"):
        other = client.post("/api/webhooks", json={"url": "http://localhost:3000/x", "shape": shape}).get_json()
        assert bool(other["public_key"]) is (shape == "sendgrid")
        assert bool(other["certificate"]) is (shape == "ses")
        assert bool(other["secret"]) is (shape in ("mailgun", "resend"))
    assert len(client.get("/api/webhooks").get_json()["webhooks"]) == 6
    assert client.get(f"/api/webhooks/{target['id']}").get_json() == target
    assert client.delete(f"/api/webhooks/{target['id']}").get_json() == target
    assert client.get(f"/api/webhooks/{target['id']}").status_code == 404
    assert client.delete(f"/api/webhooks/{target['id']}").status_code == 404


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"url": "ftp://a.test/"}, "address"),
        ({"url": "http://169.254.169.254/"}, "link-local"),
        ({"url": "http://[fd00:ec2::254]/"}, "metadata"),
        ({"url": "http://a.test/", "shape": "smtp"}, "smtp://"),
        ({"url": "http://a.test/", "shape": "postmark", "kinds": ["captured"]}, "no word for captured"),
        ({"url": "http://a.test/", "shape": "sendgrid", "secret": "x"}, "no secret"),
        ({"url": "http://a.test/", "shape": "resend", "secret": "x"}, "whsec_"),
        ({"url": "http://a.test/", "inbox": "no such"}, "but must be 1 to 64 of A-Z a-z 0-9 . _ @ + -"),
        ({"url": "http://a.test/", "inbox": "name\n"}, "but must be 1 to 64 of A-Z a-z 0-9 . _ @ + -"),
    ],
)
def test_a_wish_that_cannot_be_met_says_why(client: FlaskClient, wish: dict[str, Any], word: str) -> None:
    answer = client.post("/api/webhooks", json=wish)
    assert answer.status_code == 400
    assert word in answer.text


def test_there_is_no_certificate_until_somebody_signs_as_sns_does(client: FlaskClient) -> None:
    assert client.get("/api/webhooks/certificate.pem").status_code == 404
    client.post("/api/webhooks", json={"url": "http://localhost/", "shape": "ses"})
    client.post("/api/webhooks", json={"url": "http://localhost/2", "shape": "ses"})
    answer = client.get("/api/webhooks/certificate.pem")
    assert answer.mimetype == "application/x-pem-file"
    assert answer.data.startswith(b"-----BEGIN CERTIFICATE")


def test_sns_can_be_verified_from_nothing_but_what_arrives() -> None:
    with serving(api_token="t") as server, receiving() as receiver:
        hooks = server.sandbox.webhooks
        hooks.add(hooks.register.make(receiver.url, "ses"))
        server.sandbox.tell(Told("bounced", server.clock.now(), 1, "bob@b.test", code=550, status="5.1.1"))
        first, second = sorted((json.loads(one.body) for one in receiver.wait(2)), key=lambda said: said["Type"])
        assert (first["Type"], second["Type"]) == ("Notification", "SubscriptionConfirmation")
        for said in (first, second):
            with urlopen(said["SigningCertURL"], timeout=PATIENCE) as answer:  # with no credentials
                key = x509.load_pem_x509_certificate(answer.read()).public_key()
            assert isinstance(key, rsa.RSAPublicKey)
            # As https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html names them.
            names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
            signed = "".join(f"{name}\n{said[name]}\n" for name in names if name in said).encode()
            key.verify(b64decode(said["Signature"]), signed, padding.PKCS1v15(), hashes.SHA1())
        with urlopen(second["SubscribeURL"], timeout=PATIENCE) as answer:
            assert f":{second['Token']}</SubscriptionArn>" in answer.read().decode()


def test_what_the_settings_wish_for_knows_where_the_web_is() -> None:
    with receiving() as receiver, serving(webhooks=(f"ses+{receiver.url}",), base_path="/mail") as server:
        said = json.loads(receiver.wait(1)[0].body)
        assert said["Type"] == "SubscriptionConfirmation"
        assert said["SubscribeURL"].startswith(f"http://{server.about.addresses['web']}/mail/api/webhooks/")
        with urlopen(said["SubscribeURL"], timeout=PATIENCE) as answer:
            assert answer.status == 200


def test_a_running_server_tells_of_each_message() -> None:
    with receiving() as receiver, serving(webhooks=(receiver.url, f"sendgrid+{receiver.url}")) as server:
        send(server)
        bodies = [json.loads(one.body) for one in receiver.wait(4)]
        ours, theirs = ([one for one in bodies if isinstance(one, list) is is_list] for is_list in (False, True))
        assert [one["event"] for one in ours] == ["captured", "delivered"]
        assert (ours[0]["from"], ours[0]["message_id"]) == ("ann@a.test", "<m@a.test>")
        assert [(one["event"], one["email"]) for (one,) in theirs] == [
            ("processed", "bob@b.test"),
            ("delivered", "bob@b.test"),
        ]
        listed = ask(server, "GET", "/api/webhooks")["webhooks"]
        assert [(one["shape"], one["from_settings"]) for one in listed] == [("mailtrap", True), ("sendgrid", True)]


def test_dead_letters_are_listed_and_replayed() -> None:
    willing = threading.Event()
    with (
        receiving(lambda _: 200 if willing.is_set() else 500) as receiver,
        serving(webhooks=(receiver.url,), webhook_tries=2) as server,
    ):
        (target,) = server.sandbox.webhooks.register.all()
        server.sandbox.tell(Told("bounced", server.clock.now(), 1, "bob@b.test"))
        receiver.wait(2)
        (event,) = eventually(server, "dead")
        assert (event["kind"], event["tries"], event["status"]) == ("bounced", 2, 500)
        assert event["webhook"] == str(target.id)
        willing.set()
        ask(server, "POST", f"/api/webhooks/events/{event['id']}/replay")
        receiver.wait(3)
        assert ask(server, "POST", f"/api/webhooks/{event['webhook']}/replay") == {"count": 0}
        (event,) = eventually(server, "delivered")
        assert (event["tries"], event["status"], event["error"]) == (1, 200, "")
        with pytest.raises(HTTPError, match="404") as caught:
            ask(server, "POST", "/api/webhooks/events/999/replay")
        caught.value.close()


class Bounces:
    """An application's own bounce handler."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.declared: list[str] = []
        self.arrived = threading.Event()
        self.refusals = 1

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.refusals:
            self.refusals -= 1
            return "451 4.7.1 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        self.declared = [option.upper() for option in envelope.mail_options]
        self.arrived.set()
        return "250 OK"


class FreePort(Controller):
    """A controller that can be told to pick a port."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def test_notices_are_really_handed_to_the_applications_bounce_handler() -> None:
    handler = Bounces()
    controller = FreePort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        with serving(bounce_smtp=f"127.0.0.1:{controller.port}") as server:
            notice = b"From: MAILER-DAEMON@b.test\r\nSubject: failed\r\n\r\n.dot\r\n..dots \xff\r\n"
            capture(server.sandbox)  # mail that is no notice stays here
            server.sandbox.capture(
                Envelope("", (Recipient("ann@a.test"),)),
                notice,
                Arrival(server.clock.now(), "notice"),
                lambda _: None,
            )
            assert handler.arrived.wait(PATIENCE)
            assert handler.taken == [("<>", ["ann@a.test"], notice)]
    finally:
        controller.stop()


@pytest.mark.parametrize(
    ("sender", "subject", "offered", "declared"),
    [
        ("ann@a.test", "Grüße", True, True),
        ("änn@a.test", "hello", True, True),
        ("ann@a.test", "hello", True, False),
        ("ann@a.test", "Grüße", False, False),
        ("änn@a.test", "hello", False, None),
    ],
)
def test_a_notice_beyond_ascii_is_declared_and_not_sent_to_who_cannot_take_it(
    sender: str, subject: str, offered: bool, declared: bool | None
) -> None:
    handler = Bounces()
    controller = FreePort(handler, hostname="127.0.0.1", port=0, enable_SMTPUTF8=offered)
    controller.start()
    try:
        with serving(bounce_smtp=f"127.0.0.1:{controller.port}") as server:
            notice = f"From: MAILER-DAEMON@b.test\r\nSubject: {subject}\r\n\r\nwörds\r\n".encode()
            arrival = Arrival(server.clock.now(), "notice")
            server.sandbox.capture(Envelope("", (Recipient(sender),)), notice, arrival, lambda _: None)
            if declared is None:
                [dead] = eventually(server, "dead")
                assert (dead["status"], "SMTPUTF8" in dead["error"]) == (553, True)
                assert not handler.taken
            else:
                assert handler.arrived.wait(PATIENCE)
                assert handler.taken == [("<>", [sender], notice)]
                assert ("SMTPUTF8" in handler.declared) is declared
    finally:
        controller.stop()


@pytest.mark.parametrize(
    "wrong", [{"bounce_smtp": "here:there"}, {"bounce_smtp": "169.254.1.1:25"}, {"webhooks": ("gopher://a.test/",)}]
)
def test_settings_that_cannot_be_used_stop_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError), serving(**wrong):
        pass


def test_everything_that_happens_to_mail_is_told_read_and_handed_on() -> None:
    handler = Bounces()
    controller = FreePort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    bounces = f"127.0.0.1:{controller.port}"
    try:
        with (
            receiving(lambda _: 200) as app,
            receiving() as hook,
            serving(webhooks=(hook.url,), bounce_smtp=bounces) as server,
        ):
            faults = server.sandbox.faults
            faults.add(Fault(Step.DELIVERED, Effect(opens=Notice(), clicks=Notice())))
            faults.add(Fault(Step.ATTEMPT, Effect(reply=Said(550, "5.1.1", "no such user")), when="rcpt:gone"))
            faults.add(Fault(Step.RCPT, Effect(reply=Said(550, "5.7.1", "unwanted")), when="rcpt:refused"))
            body = f'<img src="{app.url}?p"><a href="{app.url}?l">x</a>'
            send(server, recipient="bob@b.test", content=f"Content-Type: text/html\r\n\r\n{body}".encode())
            send(server, recipient="gone@b.test")
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                send(server, recipient="refused@b.test")
            told = [json.loads(one.body) for one in hook.wait(8)]
            assert [one["event"] for one in told if one["message"] == "1"] == [
                "captured",
                "delivered",
                "opened",
                "clicked",
            ]
            assert [one["event"] for one in told if one["message"] == "2"] == ["captured", "bounced"]
            (notice,) = [one for one in told if one["event"] == "notice"]
            assert (notice["from"], notice["recipients"]) == ("", ["ann@a.test"])
            (refused,) = [one for one in told if one["event"] == "refused"]
            assert (refused["code"], refused["status"], refused["message"]) == (550, "5.7.1", "")
            assert [one.path for one in app.received] == ["/hook?p", "/hook?l"]
            assert handler.arrived.wait(PATIENCE)
            assert handler.taken[0][:2] == ("<>", ["ann@a.test"])
            kept = b"".join(server.store.octets(int(notice["message"])))
            assert handler.taken[0][2] == kept
    finally:
        controller.stop()
