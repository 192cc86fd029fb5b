"""Scenarios carry the marks of whom they stand for, and one line switches one on."""

from __future__ import annotations

import msgspec
import pytest

from mailtrap.errors import Invalid
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import COLLECTING_STEPS, DELIVERY_STEPS, Effect, Fault, Notice, Said, Step
from mailtrap.faults.scenarios import FILLED, PLACEHOLDERS, SCENARIOS, fill, fill_text, resolve, scenario
from mailtrap.mail.reply import reply
from mailtrap.smtp.protocol import EXTENSIONS

OCCASION = Occasion(
    Step.RCPT,
    0,
    peer="192.0.2.25:4321",
    sender="app@example.test",
    recipient="ana@x.test",
    recipients=("ben@y.test",),
    host="mx.test",
)

#: Name → where, code, enhanced code, and what a person or a bounce classifier would look for; `any` is anywhere.
MARKS: dict[str, tuple[str, int, str, tuple[str, ...]]] = {
    "gmail-rate-ip": ("mail", 421, "4.7.28", ("unusual rate of unsolicited mail", "p=UnsolicitedRateLimitError")),
    "gmail-unauth-rate": (
        "end-of-data",
        421,
        "4.7.26",
        ("rate limited", "unauthenticated", "either SPF or DKIM", "answer/81126"),
    ),
    "gmail-unauth-block": (
        "end-of-data",
        550,
        "5.7.26",
        ("blocked because the sender is unauthenticated", "either SPF or DKIM", "answer/81126"),
    ),
    "gmail-dmarc": (
        "end-of-data",
        550,
        "5.7.26",
        ("Unauthenticated email from", "is not accepted due to", "DMARC policy", "p=DmarcRejection"),
    ),
    "gmail-spf-temp": ("mail", 421, "4.7.27", ("rate limited because SPF authentication didn't pass",)),
    "gmail-dkim": ("end-of-data", 550, "5.7.30", ("blocked because DKIM does not pass",)),
    "gmail-alignment": (
        "end-of-data",
        421,
        "4.7.32",
        ("rate limited because the From: header (RFC5322)", "isn't aligned"),
    ),
    "gmail-no-ptr": ("connect", 550, "5.7.25", ("does not have a PTR record",)),
    "gmail-reputation": (
        "end-of-data",
        550,
        "5.7.1",
        ("likely suspicious", "very low reputation of the sending domain"),
    ),
    "gmail-nosuchuser": (
        "rcpt",
        550,
        "5.1.1",
        ("The email account that you tried to reach does not exist", "p=NoSuchUser"),
    ),
    "gmail-disabled": (
        "rcpt",
        550,
        "5.2.1",
        ("The email account that you tried to reach is inactive", "p=DisabledUser"),
    ),
    "gmail-overquota-temp": ("rcpt", 452, "4.2.2", ("out of storage space", "p=OverQuotaTemp")),
    "gmail-overquota-perm": ("rcpt", 552, "5.2.2", ("out of storage space and inactive", "p=OverQuotaPerm")),
    "gmail-receiving-rate": ("rcpt", 450, "4.2.1", ("is receiving mail at a rate", "p=ReceivingRate")),
    "gmail-too-big": ("end-of-data", 552, "5.3.4", ("message size limits", "p=MaxSizeError")),
    "gmail-bad-attachment": ("end-of-data", 552, "5.7.0", ("potential security issue", "p=BlockedMessage")),
    "gmail-dup-headers": (
        "end-of-data",
        550,
        "5.7.1",
        ("not RFC 5322 compliant", "duplicate headers", "p=RfcMessageNonCompliant"),
    ),
    "gmail-no-msgid": ("end-of-data", 550, "5.7.1", ("valid Message-ID: header", "p=RfcMessageNonCompliant")),
    "gmail-loop": ("end-of-data", 554, "5.4.6", ("exceeded 50 hops", "p=MailLoop")),
    "gmail-try-later": ("connect", 421, "4.7.0", ("Try again later, closing connection",)),
    "gmail-relay-denied": ("mail", 550, "5.7.0", ("Mail relay denied", "nvalid credentials for relay")),
    "outlook-s3150": ("mail", 550, "5.7.1", ("weren't sent", "block list (S3150)")),
    "outlook-s775": ("mail", 451, "4.7.650", ("temporarily rate limited due to IP reputation", "(S775)")),
    "outlook-dmarc": (
        "end-of-data",
        550,
        "5.7.509",
        ("does not pass DMARC verification and has a DMARC policy of reject",),
    ),
    "outlook-spf": ("mail", 550, "5.7.23", ("Sender Policy Framework violation",)),
    "outlook-banned-ip": ("connect", 550, "5.7.606", ("Access denied, banned sending IP", "AS16012609")),
    "outlook-throttle": ("rcpt", 451, "4.7.500", ("Access denied, please try again later",)),
    "outlook-ipv6-ptr": ("mail", 550, "5.7.25", ("must have a reverse DNS record",)),
    "outlook-bare-lf": ("end-of-data", 550, "5.6.11", ("SMTPSEND.BareLinefeedsAreIllegal",)),
    "outlook-nouser": ("rcpt", 550, "5.1.10", ("RESOLVER.ADR.RecipientNotFound",)),
    "outlook-nouser-fwd": (
        "rcpt",
        550,
        "5.1.351",
        ("Remote server returned unknown recipient or mailbox unavailable", "550 5.1.1"),
    ),
    "outlook-mailbox-full": (
        "end-of-data",
        554,
        "5.2.2",
        ("mailbox full", "QuotaExceededException.MapiExceptionShutoffQuotaExceeded"),
    ),
    "outlook-loop": ("end-of-data", 554, "5.4.14", ("Hop count exceeded - possible mail loop ATTR34",)),
    "outlook-smtpauth-disabled": (
        "auth",
        535,
        "5.7.139",
        ("SmtpClientAuthentication is disabled for the Tenant", "aka.ms/smtp_auth_disabled"),
    ),
    "office365-not-auth": (
        "mail",
        530,
        "5.7.57",
        ("Client was not authenticated to send anonymous mail during MAIL FROM",),
    ),
    "office365-group": ("rcpt", 550, "5.7.133", ("RESOLVER.RST.SenderNotAuthenticatedForGroup",)),
    "exchange-relay": ("rcpt", 550, "5.7.54", ("Unable to relay recipient in non-accepted domain",)),
    "yahoo-tss04": (
        "mail",
        421,
        "4.7.0",
        ("[TSS04]", "temporarily deferred due to unexpected volume or user complaints"),
    ),
    "yahoo-tss09": ("mail", 553, "5.7.2", ("[TSS09]", "permanently deferred; Retrying will NOT succeed")),
    "yahoo-ph01": ("end-of-data", 554, "", ("[PH01]", "not accepted for policy reasons")),
    "yahoo-unauth": ("end-of-data", 550, "5.7.9", ("sender is unauthenticated", "either SPF or DKIM")),
    "yahoo-nouser": ("end-of-data", 554, "", ("dd This user doesn't have a x.test account (ana@x.test) [0]",)),
    "yahoo-disabled": ("end-of-data", 554, "", ("This mailbox is disabled (554.30)",)),
    "yahoo-max-per-conn": ("mail", 421, "", ("Max message per connection reached", "closing transmission channel")),
    "yahoo-bl21": ("connect", 553, "5.7.1", ("[BL21]", "Spamhaus")),
    "icloud-hme1": ("end-of-data", 554, "5.7.1", ("[HME1]", "failing both SPF and DKIM")),
    "icloud-volume": ("rcpt", 421, "4.7.1", ("deferred due to excessive volume",)),
    "icloud-overquota": ("rcpt", 552, "5.2.2", ("<ana@x.test>: user is over quota",)),
    "icloud-cs01": ("end-of-data", 550, "5.7.1", ("[CS01]", "rejected due to local policy")),
    "orange-104": ("connect", 421, "", ("Trop de connexions", "Too many connections, slow down", "OFR005_104 [104]")),
    "orange-416": ("rcpt", 550, "5.1.1", ("Invalid recipient", "OFR_416 [416]")),
    "laposte-517": ("end-of-data", 571, "5.7.1", ("DMARC verification Failed", "LPN007_517")),
    "godaddy-ib007": ("connect", 421, "", ("too many sessions from This IP", "IB007")),
    "godaddy-ib605": ("rcpt", 452, "", ("too many recipients", "IB605")),
    "mimecast-greylist": ("rcpt", 451, "", ("Internal resources are temporarily unavailable", "DOC-1369#451")),
    "mimecast-ct-reject": ("rcpt", 550, "", ("Local CT IP Reputation - (reject)",)),
    "proofpoint-dnsbl": ("connect", 550, "5.7.0", ("support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.25",)),
    "spamhaus-zen": ("rcpt", 554, "5.7.1", ("Client host [192.0.2.25] blocked using zen.spamhaus.org",)),
    "postfix-greylist": (
        "rcpt",
        450,
        "4.2.0",
        ("<ana@x.test>: Recipient address rejected: Greylisted", "help/x.test.html"),
    ),
    "postfix-nouser": (
        "rcpt",
        550,
        "5.1.1",
        ("<ana@x.test>: Recipient address rejected: User unknown in virtual mailbox table",),
    ),
    "postfix-relay": ("rcpt", 554, "5.7.1", ("<ana@x.test>: Relay access denied",)),
    "postfix-sender-dns": ("mail", 450, "4.1.8", ("<app@example.test>: Sender address rejected: Domain not found",)),
    "postfix-nullmx": ("rcpt", 556, "5.1.10", ("Domain x.test does not accept mail (nullMX)",)),
    "postfix-queue-full": ("mail", 452, "4.3.1", ("Insufficient system storage",)),
    "postfix-size": ("mail", 552, "5.3.4", ("Message size exceeds fixed limit",)),
    "postfix-too-many-errors": ("any", 421, "4.7.0", ("mx.test Error: too many errors",)),
    "postfix-too-many-conn": ("connect", 421, "4.7.0", ("mx.test Error: too many connections from 192.0.2.25",)),
    "postfix-too-many-rcpt": ("rcpt", 452, "4.5.3", ("Error: too many recipients",)),
    "postfix-bare-lf": ("end-of-data", 550, "5.5.2", ("mx.test Error: bare <LF> received",)),
    "postfix-smtputf8": ("mail", 553, "5.6.7", ("Must declare SMTPUTF8",)),
    "tls-required": ("mail", 530, "5.7.0", ("Must issue a STARTTLS command first",)),
    "tls-unavailable": ("starttls", 454, "4.7.0", ("TLS not available",)),
    "auth-required": ("mail", 530, "5.7.0", ("Authentication required",)),
    "auth-bad": ("auth", 535, "5.7.8", ("Authentication credentials invalid",)),
    "auth-temp": ("auth", 454, "4.7.0", ("Temporary authentication failure",)),
    "auth-weak": ("auth", 534, "5.7.9", ("mechanism is too weak",)),
    "auth-pw-expired": ("auth", 535, "5.7.13", ("User account disabled",)),
    "service-shutdown": ("any", 421, "4.3.2", ("mx.test Service shutting down, closing transmission channel",)),
    "not-accepting": ("connect", 554, "5.3.2", ("No SMTP service here",)),
    "local-error": ("end-of-data", 451, "4.3.0", ("Requested action aborted: local error in processing",)),
    "ses-suppressed": (
        "end-of-data",
        550,
        "5.1.1",
        ("Amazon SES did not send the message", "on the suppression list for your account"),
    ),
    "sendgrid-maxcredits": ("auth", 451, "", ("Authentication failed: Maximum credits exceeded",)),
}

BEHAVIOURS = [
    "drop-on-connect",
    "tarpit-banner",
    "early-talker-trap",
    "drop-on-ehlo",
    "ehlo-502",
    "no-extensions",
    "starttls-broken",
    "starttls-garbage",
    "starttls-reset",
    "starttls-expired",
    "starttls-wrong-host",
    "starttls-self-signed",
    "starttls-unknown-ca",
    "starttls-old-version",
    "starttls-strip",
    "drop-after-mail",
    "421-after-mail",
    "partial-rcpt",
    "rcpt-slow",
    "data-354-never",
    "data-early-550",
    "data-slow-read",
    "drop-mid-data",
    "drop-after-dot",
    "late-250",
    "250-then-dsn",
    "250-then-arf",
    "250-then-ooo",
    "250-then-open-click",
    "greylist",
    "flaky-n",
    "rate-limit",
    "conn-limit",
    "malformed-reply",
    "wrong-order-pipelining",
    "quit-no-reply",
    "lmtp-per-rcpt",
]


@pytest.mark.parametrize("name", MARKS)
def test_a_reply_carries_the_marks_of_its_provider(name: str) -> None:
    step, code, status, marks = MARKS[name]
    one = SCENARIOS[name]
    assert one.anywhere if step == "any" else one.step == step
    said = fill(one.effect, OCCASION).reply
    assert said is not None
    assert (said.code, said.status) == (code, status)
    wire = reply(said.code, said.status, said.text).octets().decode("ascii")
    for mark in marks:
        assert mark in wire
    assert "{" not in wire
    assert one.retryable is (code < 500)


@pytest.mark.parametrize("name", MARKS)
def test_a_reply_fits_in_lines_of_smtp_with_its_code_in_each(name: str) -> None:
    said = fill(SCENARIOS[name].effect, OCCASION).reply
    assert said is not None
    lines = reply(said.code, said.status, said.text).octets().split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) <= 510 and line.startswith(str(said.code).encode()) for line in lines)


def test_nothing_is_missing_and_nothing_is_forgotten_here() -> None:
    variants = {name for name in SCENARIOS if name.startswith("malformed-")}
    assert len(variants) == 14
    mailing = {one.name for one in SCENARIOS.values() if one.step not in COLLECTING_STEPS}
    assert mailing == set(MARKS) | set(BEHAVIOURS) | variants


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_rules_of_a_scenario_are_rules(name: str) -> None:
    one = SCENARIOS[name]
    rules = one.faults("rcpt:*@slow.test", "qa")
    assert rules
    for rule in rules:
        assert (rule.name, rule.inbox) == (name, "qa")
        assert rule.when in ("rcpt:*@slow.test", "-is:helo (rcpt:*@slow.test)")
        assert resolve(rule.effect) != Effect()
        # What is kept in a database or a file comes back as it was, within the limits of what a rule may hold.
        assert msgspec.json.decode(msgspec.json.encode(rule), type=Fault) == rule
    assert one.step in [rule.step for rule in rules]
    assert one.help
    assert "|" not in one.help


def test_every_way_to_garble_a_reply_and_to_break_tls_has_a_name() -> None:
    literals = msgspec.inspect.type_info(Effect).fields  # type: ignore[attr-defined]
    allowed = {field.name: getattr(field.type, "values", ()) for field in literals}
    garbled = {one.effect.malformed for one in SCENARIOS.values()}
    assert set(allowed["malformed"]) <= garbled
    broken = {one.effect.tls for one in SCENARIOS.values()}
    assert set(allowed["tls"]) - broken == {"refuse", "not-yet-valid"}


def test_without_extensions_nothing_of_ours_is_left() -> None:
    hidden = SCENARIOS["no-extensions"].effect.ehlo
    assert hidden is not None
    assert {name.partition(" ")[0] for name in EXTENSIONS} <= set(hidden.hide)


@pytest.mark.parametrize("name", ["421-after-mail", "gmail-rate-ip", "postfix-too-many-errors", "rate-limit"])
def test_after_421_the_connection_is_closed(name: str) -> None:
    assert SCENARIOS[name].effect.disconnect == "after-reply"


def test_what_an_effect_says_besides_its_scenario_stands() -> None:
    assert resolve(Effect(delay=2.0)) == Effect(delay=2.0)
    resolved = resolve(Effect(scenario="gmail-nosuchuser", delay=2.0))
    assert resolved == msgspec.structs.replace(SCENARIOS["gmail-nosuchuser"].effect, delay=2.0)
    own = Said(552, "5.2.2", "full")
    assert resolve(Effect(scenario="gmail-nosuchuser", reply=own)).reply == own


def test_an_unknown_scenario_is_refused_with_what_may_have_been_meant() -> None:
    with pytest.raises(Invalid) as refused:
        scenario("gmail-nosuchusr")
    assert "gmail-nosuchuser" in refused.value.hint
    with pytest.raises(Invalid) as refused:
        resolve(Effect(scenario="\r\n" * 5000))
    assert "lists them all" in refused.value.hint
    assert "\n" not in str(refused.value) + refused.value.hint


def test_a_text_is_filled_once_and_with_nothing_that_could_break_a_line() -> None:
    hostile = Occasion(Step.RCPT, 0, sender="{host}\r\n250 OK", recipient="a" * 5000 + "@x.test")
    assert fill_text("{sender} {nonsense} {", hostile) == "{host}  250 OK {nonsense} {"
    assert len(fill_text("{recipient}", hostile)) == FILLED
    assert fill_text("{domain}", hostile) == "x.test"


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    nothing = Occasion(Step.CONNECT, 0)
    assert fill_text("{peer} {recipient} {domain} {host} <{sender}> {sender-domain}", nothing) == (
        "unknown unknown unknown localhost <> unknown"
    )


def test_the_first_recipient_stands_for_all_where_none_is_in_question() -> None:
    at_end = Occasion(Step.END_OF_DATA, 0, recipients=("ben@y.test", "cy@z.test"))
    assert fill_text("{recipient} {domain}", at_end) == "ben@y.test y.test"


def test_notices_are_filled_too() -> None:
    effect = fill(Effect(bounce=Notice(text="<{recipient}> is gone")), OCCASION)
    assert effect.bounce == Notice(text="<ana@x.test> is gone")


def test_an_effect_without_placeholders_is_returned_as_it_is() -> None:
    effect = SCENARIOS["auth-bad"].effect
    assert fill(effect, OCCASION) is effect


def test_no_text_uses_a_placeholder_that_does_not_exist() -> None:
    texts = [one.effect.reply.text for one in SCENARIOS.values() if one.effect.reply]
    texts += [one.effect.answer for one in SCENARIOS.values()]
    filled = [fill_text(text, OCCASION) for text in texts]
    assert [text for text in filled if "{" in text] == []
    for name in PLACEHOLDERS:
        assert any(f"{{{name}}}" in text for text in texts)


def test_scenarios_of_the_delivery_are_of_the_delivery() -> None:
    late = [one for one in SCENARIOS.values() if one.step in DELIVERY_STEPS]
    assert {one.name for one in late} == {"250-then-dsn", "250-then-arf", "250-then-ooo", "250-then-open-click"}
