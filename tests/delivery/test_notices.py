"""Notices as Python's email reads them: the right fields for every recipient, whatever was asked and whatever came."""

from __future__ import annotations

import email
import email.policy
import itertools
from email.message import EmailMessage, Message

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtrap.delivery.asked import deliveries as asked_for
from mailtrap.delivery.notices import Original, auto_reply, complaint, read_receipt, status_notice, wanted
from mailtrap.delivery.record import Attempt, Delivery, Outcome
from mailtrap.delivery.report import BIG, MAX_HEADER, SMALL
from mailtrap.mail.envelope import Envelope, Recipient

SECOND = 1_000_000
ACCEPTED, AT = 1_800_000_000 * SECOND, 1_800_003_600 * SECOND
HEADER = b"From: ann@a.test\r\nTo: bob@b.test\r\nSubject: Hello\r\nMessage-ID: <1@a.test>\r\n"
CONTENT = HEADER + b"\r\nHi Bob\r\n"


def original(content: bytes = CONTENT, utf8: bool = False, **more: object) -> Original:
    fields = {"message_id": "<1@a.test>", "subject": "Hello", **more}
    return Original(content, lambda: [content], len(content), utf8=utf8, **fields)  # type: ignore[arg-type]


def delivery(
    notify: str = "",
    orcpt: str = "",
    ret: str = "",
    envid: str = "",
    to: str = "bob@b.test",
    sender: str = "ann@a.test",
) -> Delivery:
    """As the post office makes it from an envelope."""
    asked = [(name, value) for name, value in (("NOTIFY", notify), ("ORCPT", orcpt)) if value]
    of_all = [(name, value) for name, value in (("RET", ret), ("ENVID", envid)) if value]
    envelope = Envelope(sender, (Recipient(to, tuple(asked)),), tuple(of_all))
    return asked_for(1, envelope, ACCEPTED, "default")[0]


def happened(one: Delivery, code: int, status: str = "", text: str = "told so", host: str = "mx.b.test") -> Delivery:
    one.attempts = [Attempt(AT - 5 * SECOND, host, code, status, text)]
    return one


def read(octets: bytes) -> EmailMessage:
    """Parsed without a defect, of lines that any relay can carry, with nothing undeclared in it."""
    assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r")
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert b"\0" not in octets
    message = email.message_from_bytes(octets, policy=email.policy.default)
    for part in message.walk():
        assert part.defects == []
    if message["Content-Transfer-Encoding"] == "7bit":
        assert octets.isascii()
    return message


def blocks(message: EmailMessage) -> list[Message]:
    """The groups of fields of a delivery status, the message's first."""
    assert message.get_content_type() == "multipart/report"
    status = message.get_payload(1)
    assert isinstance(status, EmailMessage)
    if status.get_content_type() == "message/delivery-status":
        payload = status.get_payload()
        assert isinstance(payload, list)
        return payload
    raw = status.as_bytes(policy=email.policy.SMTPUTF8).partition(b"\r\n\r\n")[2]
    return [
        email.message_from_string(block.decode(), policy=email.policy.SMTPUTF8)
        for block in raw.split(b"\r\n\r\n")
        if block.strip()
    ]


OUTCOMES = {
    "failure": (550, "5.1.1", "failed"),
    "delay": (451, "4.7.1", "delayed"),
    "success": (250, "2.1.5", "delivered"),
    "relayed": (250, "2.0.0", "relayed"),
    "expanded": (250, "2.0.0", "expanded"),
}
NOTIFY = {
    "": {"failure", "delay"},
    "NEVER": set(),
    "FAILURE": {"failure"},
    "DELAY": {"delay"},
    "success": {"success", "relayed", "expanded"},
    "SUCCESS,FAILURE,DELAY": {"failure", "delay", "success", "relayed", "expanded"},
}
ENVIDS = {"": None, "QQ314159": "QQ314159", "a+2Bb+3Dc": "a+b=c"}
ORCPTS = {
    "": None,
    "rfc822;Bob+2BNews@b.test": "rfc822; Bob+News@b.test",
    "x400;c=nonsense": "x400; c=nonsense",
}


@pytest.mark.parametrize(
    ("kind", "notify"), list(itertools.product(OUTCOMES, NOTIFY)), ids=lambda value: str(value) or "not-said"
)
def test_a_notice_comes_exactly_when_it_was_asked_for(kind: str, notify: str) -> None:
    assert wanted(kind, delivery(notify)) is (kind in NOTIFY[notify])  # type: ignore[arg-type]
    assert not wanted(kind, delivery(notify, sender=""))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", OUTCOMES)
@pytest.mark.parametrize("ret", ["", "FULL", "HDRS"])
@pytest.mark.parametrize(("envid", "orcpt"), list(itertools.product(ENVIDS, ORCPTS)))
def test_a_notice_says_what_was_asked_and_what_became_of_it(kind: str, ret: str, envid: str, orcpt: str) -> None:
    code, status, action = OUTCOMES[kind]
    one = happened(delivery("SUCCESS,FAILURE,DELAY", orcpt, ret, envid), code, status, "No such user\nat all")
    until = ACCEPTED + 432_000 * SECOND
    octets = status_notice(kind, [one], original(), at=AT, host="sandbox.test", retry_until=until)  # type: ignore[arg-type]
    message = read(octets)
    assert message.get_param("report-type") == "delivery-status"
    assert message["To"] == "ann@a.test"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["In-Reply-To"] == "<1@a.test>"
    about, recipient = blocks(message)
    assert about["Reporting-MTA"] == "dns; sandbox.test"
    assert about["Original-Envelope-Id"] == ENVIDS[envid]
    assert about["Arrival-Date"] == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert recipient["Original-Recipient"] == ORCPTS[orcpt]
    assert recipient["Final-Recipient"] == "rfc822; bob@b.test"
    assert recipient["Action"] == action
    assert recipient["Status"] == status
    assert recipient["Remote-MTA"] == "dns; mx.b.test"
    assert recipient["Diagnostic-Code"].split() == f"smtp; {code}-{status} No such user {code} {status} at all".split()
    assert recipient["Last-Attempt-Date"] == "Fri, 15 Jan 2027 08:59:55 +0000"
    assert recipient["Will-Retry-Until"] == ("Wed, 20 Jan 2027 08:00:00 +0000" if kind == "delay" else None)
    whole = kind == "failure" and ret != "HDRS"
    returned = message.get_payload(2)
    assert isinstance(returned, EmailMessage)
    assert returned.get_content_type() == ("message/rfc822" if whole else "text/rfc822-headers")
    assert (CONTENT if whole else HEADER) in octets
    assert (b"Hi Bob" in octets) is whole
    text = message.get_payload(0)
    assert isinstance(text, EmailMessage)
    assert "<bob@b.test>" in text.get_content()
    assert f"{code} {status} at all" in text.get_content()


def test_one_notice_tells_of_many_recipients() -> None:
    several = [
        happened(delivery(to="bob@b.test", orcpt="rfc822;b@x.test"), 550, "5.1.1", "No such user"),
        happened(delivery(to="carl@c.test"), 552, "", "Mailbox full", host="mx.c.test"),
        happened(delivery(to="dora@d.test"), 0, "5.1.2", "d.test: no such domain", host=""),
    ]
    message = read(status_notice("failure", several, original(), at=AT, host="sandbox.test"))
    _, bob, carl, dora = blocks(message)
    assert [one["Final-Recipient"] for one in (bob, carl, dora)] == [f"rfc822; {one.recipient}" for one in several]
    assert [one["Status"] for one in (bob, carl, dora)] == ["5.1.1", "5.0.0", "5.1.2"]
    assert [one["Remote-MTA"] for one in (bob, carl, dora)] == ["dns; mx.b.test", "dns; mx.c.test", None]
    assert carl["Diagnostic-Code"] == "smtp; 552 Mailbox full"
    assert dora["Diagnostic-Code"] == "x-mailtrap; d.test: no such domain"


def test_what_expired_has_failed_for_good_though_every_answer_was_transient() -> None:
    one = happened(delivery(), 451, "4.7.1")
    one.outcome = Outcome.EXPIRED
    one.reason = Attempt(AT, "mx.b.test", 0, "4.4.7", "delivery time expired; the last answer was: 451 4.7.1 told so")
    recipient = blocks(read(status_notice("failure", [one], original(), at=AT, host="sandbox.test")))[1]
    assert (recipient["Action"], recipient["Status"]) == ("failed", "4.4.7")


def test_a_bounce_after_the_delivery_says_why_it_came() -> None:
    one = happened(delivery(), 250, "2.0.0", "OK")
    one.reason = Attempt(AT, "mx.b.test", 552, "5.2.2", "Mailbox full")
    recipient = blocks(read(status_notice("failure", [one], original(), at=AT, host="sandbox.test")))[1]
    assert (recipient["Status"], recipient["Diagnostic-Code"]) == ("5.2.2", "smtp; 552 5.2.2 Mailbox full")


@pytest.mark.parametrize(
    ("size", "ret", "whole"),
    [
        (SMALL, "", True),
        (SMALL + 1, "", False),
        (SMALL + 1, "FULL", True),
        (BIG + 1, "FULL", False),
        (100, "HDRS", False),
    ],
)
def test_big_originals_come_back_as_their_header(size: int, ret: str, whole: bool) -> None:
    content = CONTENT + b"x\r\n" * ((size - len(CONTENT)) // 3 + 1)
    told = Original(content, lambda: [content], size)
    message = read(status_notice("failure", [happened(delivery(ret=ret), 550)], told, at=AT, host="h"))
    assert message.get_payload(2).get_content_type() == ("message/rfc822" if whole else "text/rfc822-headers")  # type: ignore[union-attr]


@pytest.mark.parametrize("body", [b"\xff\xfe 8-bit\r\n", b"bare\nlf\r\n", b"nul\0\r\n", b"x" * 999 + b"\r\n"])
def test_what_cannot_be_carried_in_lines_comes_back_as_its_header(body: bytes) -> None:
    octets = status_notice("failure", [happened(delivery(), 550)], original(CONTENT + body), at=AT, host="h")
    message = read(octets)
    eight = not body.isascii()
    assert message["Content-Transfer-Encoding"] == ("8bit" if eight else "7bit")
    assert (CONTENT + body in octets) is eight
    assert HEADER in octets


@pytest.mark.parametrize("utf8", [True, False])
def test_addresses_beyond_ascii(utf8: bool) -> None:
    one = happened(delivery(to="jürgen@bücher.test", orcpt="utf-8;j\\x{FC}rgen@b.test"), 550, "5.1.1", "Wer ist das?")
    content = "Subject: Grüße\r\n\r\nHallo\r\n".encode()
    octets = status_notice("failure", [one], original(content, utf8, subject="Grüße"), at=AT, host="sandbox.test")
    message = read(octets)
    recipient = blocks(message)[1]
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert message["Subject"] == "Delivery failed: Grüße"
    if utf8:
        assert kinds == ["text/plain", "message/global-delivery-status", "message/global"]
        assert recipient["Final-Recipient"] == "utf-8; jürgen@bücher.test"
        assert recipient["Original-Recipient"] == "utf-8; jürgen@b.test"
    else:
        assert kinds == ["text/plain", "message/delivery-status", "message/rfc822"]
        assert recipient["Final-Recipient"] == "utf-8; j\\x{FC}rgen@b\\x{FC}cher.test"
        assert recipient["Original-Recipient"] == "utf-8; j\\x{FC}rgen@b.test"


def test_the_same_notice_is_the_same_octets_and_another_has_another_id() -> None:
    make = lambda at: status_notice("failure", [happened(delivery(), 550)], original(), at=at, host="h")  # noqa: E731
    assert make(AT) == make(AT)
    assert read(make(AT))["Message-ID"] != read(make(AT + SECOND))["Message-ID"]


def test_a_long_header_is_cut_between_fields() -> None:
    content = b"".join([b"X-%d: a\r\n b\r\n" % number for number in range(10_000)]) + b"\r\nbody\r\n"
    section = original(content).section
    assert len(section) <= MAX_HEADER
    assert section.endswith(b"\r\n b\r\n")
    assert len(section) > MAX_HEADER - 100


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(alphabet='\r\n\0 <>;:,=?\\"-ä\ud800\u2028Bcc', max_size=60),
    st.sampled_from(["a\r\nBcc: evil@e.test", "\n\n--=_x", "=?utf-8?Q?=0D=0AX:_y?=", "x" * 3000]),
)
FIELD_NAMES = {
    "date", "from", "to", "subject", "message-id", "in-reply-to", "references", "auto-submitted", "mime-version",
    "content-type", "content-transfer-encoding",
}  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(
    text=HOSTILE, sender=HOSTILE, to=HOSTILE, status=HOSTILE, host=HOSTILE, orcpt=HOSTILE, envid=HOSTILE,
    subject=HOSTILE, message_id=HOSTILE, content=st.binary(max_size=400), utf8=st.booleans(),
)  # fmt: skip
def test_nothing_in_an_original_gets_out_of_its_place(
    text: str, sender: str, to: str, status: str, host: str, orcpt: str, envid: str,
    subject: str, message_id: str, content: bytes, utf8: bool,
) -> None:  # fmt: skip
    one = delivery(to=to or "x", sender=sender or "x", orcpt="utf-8;" + orcpt, envid=envid, notify="FAILURE")
    happened(one, 550, status, text, host)
    hostile = b"To: <b@b.test>\r\nDisposition-Notification-To: " + content.replace(b"\n", b"") + b"\r\n\r\n" + content
    told = original(hostile, utf8, subject=subject, message_id=message_id)
    made = [
        status_notice("failure", [one], told, at=AT, host=host, retry_until=AT),
        complaint(one, told, at=AT, host=host, source=text, text=text),
        auto_reply(one, told, at=AT, host=host, text=text),
        read_receipt(one, told, at=AT, host=host),
    ]
    assert made[0] is not None
    for octets in made:
        if octets is None:
            continue
        assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r")
        assert max(map(len, octets.split(b"\r\n"))) <= 998
        message = email.message_from_bytes(octets)
        assert {name.lower() for name in message.keys()} <= FIELD_NAMES  # noqa: SIM118
        assert len(message.keys()) == len({name.lower() for name in message.keys()})  # noqa: SIM118
        if message.is_multipart():
            assert len(message.get_payload()) == 3
    groups = blocks(read_loosely(made[0]))
    assert len(groups) == 2
    assert set(groups[1].keys()) <= {
        "Original-Recipient", "Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code",
        "Last-Attempt-Date",
    }  # fmt: skip


def read_loosely(octets: bytes) -> EmailMessage:
    return email.message_from_bytes(octets, policy=email.policy.default)


def test_a_complaint_is_a_feedback_report() -> None:
    one = happened(delivery(envid="Q1"), 250)
    octets = complaint(one, original(), at=AT, host="sandbox.test", source="192.0.2.7", text="Not wanted")
    assert octets is not None
    message = read(octets)
    assert (message.get_content_type(), message.get_param("report-type")) == ("multipart/report", "feedback-report")
    feedback = message.get_payload(1)
    assert isinstance(feedback, EmailMessage)
    assert feedback.get_content_type() == "message/feedback-report"
    fields = email.message_from_bytes(octets.partition(b"message/feedback-report")[2].split(b"\r\n\r\n")[1])
    assert fields["Feedback-Type"] == "abuse"
    assert fields["Version"] == "1"
    assert fields["User-Agent"].startswith("mailtrap/")
    assert fields["Original-Rcpt-To"] == "<bob@b.test>"
    assert fields["Original-Mail-From"] == "<ann@a.test>"
    assert fields["Source-IP"] == "192.0.2.7"
    assert fields["Reported-Domain"] == "a.test"
    assert fields["Original-Envelope-Id"] == "Q1"
    assert message.get_payload(2).get_content_type() == "message/rfc822"  # type: ignore[union-attr]
    assert message["Subject"] == "FW: Hello"
    assert complaint(delivery(sender=""), original(), at=AT, host="sandbox.test") is None


def test_an_automatic_reply_answers_the_sender() -> None:
    octets = auto_reply(delivery(), original(), at=AT, host="b.test", text="Away until Monday.\nBob")
    assert octets is not None
    message = read(octets)
    assert message["Auto-Submitted"] == "auto-replied"
    assert (message["From"], message["To"], message["Subject"]) == ("bob@b.test", "ann@a.test", "Auto: Hello")
    assert message["In-Reply-To"] == message["References"] == "<1@a.test>"
    assert message.get_content().splitlines() == ["Away until Monday.", "Bob"]


@pytest.mark.parametrize(
    ("sender", "fields"),
    [
        ("", b""),
        ("MAILER-DAEMON@a.test", b""),
        ("owner-list@a.test", b""),
        ("list-request@a.test", b""),
        ("no-reply@a.test", b""),
        ("ann@a.test", b"Auto-Submitted: auto-generated\r\n"),
        ("ann@a.test", b"auto-submitted: Auto-Replied; x=y\r\n"),
        ("ann@a.test", b"List-Id: <l.a.test>\r\n"),
        ("ann@a.test", b"List-Unsubscribe: <https://a.test/>\r\n"),
        ("ann@a.test", b"Precedence: bulk\r\n"),
    ],
)
def test_no_program_answers_where_it_may_not(sender: str, fields: bytes) -> None:
    assert auto_reply(delivery(sender=sender), original(fields + CONTENT), at=AT, host="b.test") is None


def test_nobody_answers_who_is_not_named_in_the_header() -> None:
    assert auto_reply(delivery(to="eve@b.test"), original(), at=AT, host="b.test") is None
    for value in (b"no", b"No (a person wrote this)"):
        answered = original(b"Auto-Submitted: " + value + b"\r\n" + CONTENT)
        assert auto_reply(delivery(), answered, at=AT, host="b.test") is not None


def test_a_read_receipt_comes_where_it_was_asked_for() -> None:
    asking = b"Disposition-Notification-To: Ann <ann@a.test>\r\n" + CONTENT
    octets = read_receipt(delivery(orcpt="rfc822;bob@x.test"), original(asking), at=AT, host="b.test")
    assert octets is not None
    message = read(octets)
    assert message.get_param("report-type") == "disposition-notification"
    fields = email.message_from_bytes(octets.partition(b"message/disposition-notification")[2].split(b"\r\n\r\n")[1])
    assert fields["Final-Recipient"] == "rfc822; bob@b.test"
    assert fields["Original-Recipient"] == "rfc822; bob@x.test"
    assert fields["Original-Message-ID"] == "<1@a.test>"
    assert fields["Disposition"] == "manual-action/MDN-sent-manually; displayed"
    assert message["To"] == "ann@a.test"


@pytest.mark.parametrize(
    ("sender", "fields"),
    [
        ("ann@a.test", b""),
        ("ann@a.test", b"Disposition-Notification-To:\r\n"),
        ("", b"Disposition-Notification-To: ann@a.test\r\n"),
        ("ann@a.test", b"Disposition-Notification-To: a@a.test\r\nAuto-Submitted: auto-replied\r\n"),
        ("ann@a.test", b"Disposition-Notification-To: a@a.test\r\nContent-Type: multipart/report; boundary=x\r\n"),
        ("ann@a.test", b"Disposition-Notification-To: a@a.test\r\nDisposition-Notification-Options: x=required,1\r\n"),
    ],
)
def test_no_read_receipt_otherwise(sender: str, fields: bytes) -> None:
    assert read_receipt(delivery(sender=sender), original(fields + CONTENT), at=AT, host="b.test") is None
