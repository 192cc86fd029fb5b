"""Each provider's shape, its signature checked by whatever the provider gives its customers for that."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any, get_args

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mailtrap.clock import Clock
from mailtrap.delivery.hooks import keys, native, ses, ways
from mailtrap.delivery.hooks.target import Event, Kind, Post, Shape, Target
from mailtrap.delivery.told import Told
from mailtrap.errors import Invalid
from mailtrap.events import Kind as EventKind

HARD = {"code": 550, "status": "5.1.1", "text": "No such\nuser ü", "host": "mx.b.test"}
SITE = "http://127.0.0.1:8025"


def told(kind: str, **more: Any) -> Told:
    fields: dict[str, Any] = {
        "message": 7,
        "recipient": "bob@b.test",
        "sender": "ann@a.test",
        "subject": "Grüße",
        "message_id": "<m1@a.test>",
    }
    return Told(kind, 1_800_000_000_123_456, **(fields | more))


def now() -> int:
    return Clock().now() // 1_000_000


def make(shape: Shape, **more: Any) -> Target:
    return ways.make(1, "http://127.0.0.1:1/", shape, **more)


def post(target: Target, event: Told, id: int = 42, at: int | None = None) -> Post:
    return ways.WAYS[target.shape].post(Event(id, event, now() if at is None else at, 1, SITE), target)


@pytest.fixture(scope="module")
def sendgrid() -> Target:
    return make("sendgrid")


@pytest.fixture(scope="module")
def sns() -> Target:
    return make("ses")


@pytest.mark.parametrize("shape", ways.WAYS)
def test_every_kind_that_a_shape_knows_can_be_worded(shape: Shape, sendgrid: Target, sns: Target) -> None:
    target = {"sendgrid": sendgrid, "ses": sns}.get(shape) or make(shape)
    assert ways.told_of(shape) <= set(get_args(Kind))
    for kind in ways.told_of(shape):
        for event in (told(kind, url="http://a.test/?a=b"), told(kind, **HARD), Told(kind, 1), told(kind, code=452)):
            made = post(target, event)
            json.loads(made.body)
            assert all(value.isascii() and value.isprintable() for value in made.headers.values())


def test_every_kind_of_event_but_ours_is_one_of_the_bus() -> None:
    assert set(get_args(Kind)) - {"notice"} <= {kind.value for kind in EventKind}


def test_ours_is_verified_with_an_hmac_over_timestamp_and_body() -> None:
    target = make("mailtrap")
    made = post(target, told("bounced", **HARD), at=1_800_000_001)
    stamp = made.headers["Mailtrap-Timestamp"]
    wanted = hmac.new(target.secret.encode(), f"{stamp}.".encode() + made.body, sha256).hexdigest()
    assert made.headers["Mailtrap-Signature"] == f"v1={wanted}"
    assert stamp == "1800000001"
    assert native.sign("other", 1_800_000_001, made.body) != wanted
    assert json.loads(made.body) == {
        "id": "42",
        "event": "bounced",
        "at": "2027-01-15T08:00:00.123456Z",
        "message": "7",
        "message_id": "<m1@a.test>",
        "inbox": "default",
        "from": "ann@a.test",
        "recipients": ["bob@b.test"],
        "subject": "Grüße",
        "code": 550,
        "status": "5.1.1",
        "text": "No such\nuser ü",
        "host": "mx.b.test",
        "session": "",
        "attempt": 0,
        "url": "",
    }


def test_sendgrids_own_package_verifies_ours(sendgrid: Target) -> None:
    from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

    verifier = EventWebhook(keys.public_key(sendgrid.key))
    made = post(sendgrid, told("bounced", **HARD))
    signature, stamp = made.headers[EventWebhookHeader.SIGNATURE], made.headers[EventWebhookHeader.TIMESTAMP]
    assert verifier.verify_signature(made.body.decode(), signature, stamp)
    assert not verifier.verify_signature(made.body.decode() + " ", signature, stamp)
    assert not verifier.verify_signature(made.body.decode(), signature, stamp + "1")
    (event,) = json.loads(made.body)
    assert event["email"] == "bob@b.test"
    assert event["event"] == "bounce"
    assert (event["type"], event["status"], event["reason"]) == ("bounce", "5.1.1", "550 5.1.1 No such user ü")
    assert (event["timestamp"], event["smtp-id"]) == (1_800_000_000, "<m1@a.test>")
    assert event["bounce_classification"] == "Invalid Address"


def test_sendgrid_is_told_each_recipient_of_a_message(sendgrid: Target) -> None:
    events = json.loads(post(sendgrid, told("captured", recipients=("a@b.test", "c@d.test"))).body)
    assert [(one["email"], one["event"]) for one in events] == [("a@b.test", "processed"), ("c@d.test", "processed")]
    assert len({one["sg_event_id"] for one in events}) == 2
    assert len({one["sg_message_id"] for one in events}) == 1


def test_svix_verifies_resends() -> None:
    from svix.webhooks import Webhook, WebhookVerificationError

    target = make("resend")
    made = post(target, told("bounced", **HARD))
    Webhook(target.secret).verify(made.body, made.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(target.secret).verify(made.body + b" ", made.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + b64encode(bytes(24)).decode()).verify(made.body, made.headers)
    said = json.loads(made.body)
    assert said["type"] == "email.bounced"
    assert said["data"]["to"] == ["bob@b.test"]
    assert (said["data"]["bounce"]["type"], said["data"]["bounce"]["subType"]) == ("Permanent", "General")
    assert made.headers["svix-id"] == post(target, told("bounced")).headers["svix-id"], "the same for each try"
    delayed = json.loads(post(target, told("deferred", code=451, status="4.7.1")).body)
    assert delayed["type"] == "email.delivery_delayed"


def test_mailguns_documented_hmac_verifies_ours() -> None:
    target = make("mailgun", secret="key-1")
    first, second = (json.loads(post(target, told("bounced", **HARD), id).body) for id in (1, 2))
    for said in (first, second):
        signature = said["signature"]
        signed = (signature["timestamp"] + signature["token"]).encode()
        assert hmac.new(b"key-1", signed, sha256).hexdigest() == signature["signature"]
        assert len(signature["token"]) == 50
    assert first["signature"]["token"] != second["signature"]["token"]
    data = first["event-data"]
    assert (data["event"], data["severity"], data["recipient"]) == ("failed", "permanent", "bob@b.test")
    assert data["delivery-status"]["code"] == 550
    assert data["delivery-status"]["enhanced-code"] == "5.1.1"
    assert data["message"]["headers"]["message-id"] == "m1@a.test"
    deferred = json.loads(post(target, told("deferred", code=451)).body)["event-data"]
    assert (deferred["event"], deferred["severity"]) == ("failed", "temporary")


@pytest.mark.parametrize(
    ("event", "record", "kind", "code"),
    [
        (told("bounced", **HARD), "Bounce", "HardBounce", 1),
        (told("bounced", code=552, status="5.2.2"), "Bounce", "SoftBounce", 4096),
        (told("bounced", code=550, status="5.7.1"), "Bounce", "Blocked", 100006),
        (told("deferred", code=451, status="4.7.1"), "Bounce", "Transient", 2),
        (told("complained"), "SpamComplaint", "SpamComplaint", 100001),
    ],
)
def test_postmark_has_a_type_for_each_bounce(event: Told, record: str, kind: str, code: int) -> None:
    said = json.loads(post(make("postmark"), event).body)
    assert (said["RecordType"], said["Type"], said["TypeCode"]) == (record, kind, code)
    assert (said["Email"], said["From"], said["MessageStream"]) == ("bob@b.test", "ann@a.test", "outbound")


def test_postmark_tells_of_deliveries_and_readers() -> None:
    target = make("postmark")
    delivered = json.loads(post(target, told("delivered", code=250, status="2.0.0", text="OK")).body)
    assert (delivered["RecordType"], delivered["Recipient"], delivered["Details"]) == (
        "Delivery",
        "bob@b.test",
        "250 2.0.0 OK",
    )
    clicked = json.loads(post(target, told("clicked", url="http://a.test/")).body)
    assert (clicked["RecordType"], clicked["OriginalLink"]) == ("Click", "http://a.test/")
    opened = json.loads(post(target, told("opened")).body)
    assert (opened["RecordType"], opened["MessageID"]) == ("Open", clicked["MessageID"])


@pytest.mark.parametrize(("version", "digest"), [("1", hashes.SHA1()), ("2", hashes.SHA256())])
def test_the_certificate_verifies_snss_signature(sns: Target, version: Any, digest: hashes.HashAlgorithm) -> None:
    target = ways.make(1, sns.url, "ses", signature_version=version, key=sns.key)
    made = post(target, told("bounced", **HARD))
    said = json.loads(made.body)
    assert said["SigningCertURL"] == SITE + ses.CERTIFICATE
    assert said["SignatureVersion"] == version
    assert made.headers["x-amz-sns-message-type"] == said["Type"] == "Notification"
    public = x509.load_pem_x509_certificate(keys.certificate(target.key)).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    # As https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html has it, written out.
    lines = []
    for name in ("Message", "MessageId", "Timestamp", "TopicArn", "Type"):
        lines += [name, said[name]]
    signed = ("\n".join(lines) + "\n").encode()
    public.verify(b64decode(said["Signature"]), signed, padding.PKCS1v15(), digest)
    with pytest.raises(InvalidSignature):
        public.verify(b64decode(said["Signature"]), signed + b" ", padding.PKCS1v15(), digest)


@pytest.mark.parametrize(
    ("event", "kind", "detail"),
    [
        (told("bounced", **HARD), "Bounce", "bounce"),
        (told("complained"), "Complaint", "complaint"),
        (told("delivered"), "Delivery", "delivery"),
        (told("deferred", code=451), "DeliveryDelay", "deliveryDelay"),
        (told("captured", recipients=("a@b.test", "c@d.test")), "Send", "send"),
        (told("opened"), "Open", "open"),
        (told("clicked", url="http://a.test/"), "Click", "click"),
        (told("refused", code=550), "Reject", "reject"),
    ],
)
def test_the_message_of_sns_is_what_ses_says(sns: Target, event: Told, kind: str, detail: str) -> None:
    said = json.loads(json.loads(post(sns, event).body)["Message"])
    assert said["eventType"] == kind
    assert ("notificationType" in said) is (kind in ("Bounce", "Complaint", "Delivery"))
    assert said["mail"]["source"] == "ann@a.test"
    assert said["mail"]["commonHeaders"]["subject"] == "Grüße"
    assert detail in said
    if kind == "Bounce":
        assert (said["bounce"]["bounceType"], said["bounce"]["bounceSubType"]) == ("Permanent", "General")
        assert said["bounce"]["bouncedRecipients"] == [
            {
                "emailAddress": "bob@b.test",
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 No such user ü",
            }
        ]


def test_ses_calls_a_full_mailbox_transient(sns: Target) -> None:
    full = told("bounced", code=552, status="5.2.2")
    bounce = json.loads(json.loads(post(sns, full).body)["Message"])["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Transient", "MailboxFull")


def test_wishes_that_make_no_sense_are_refused() -> None:
    for shape, more in (
        ("resend", {"secret": "whsec_short"}),
        ("resend", {"secret": "not base64!"}),
        ("sendgrid", {"secret": "x"}),
        ("postmark", {"kinds": ("captured",)}),
        ("smtp", {"kinds": ("bounced",)}),
    ):
        with pytest.raises(Invalid) as caught:
            make(shape, **more)  # type: ignore[arg-type]
        assert caught.value.hint
