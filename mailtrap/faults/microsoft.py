"""What Outlook.com, Microsoft 365 and Exchange say when they refuse."""

from __future__ import annotations

from mailtrap.faults.rule import Step
from mailtrap.faults.scenario import Row, Scenario, answering

_CONNECT, _AUTH, _MAIL, _RCPT, _END = Step.CONNECT, Step.AUTH, Step.MAIL, Step.RCPT, Step.END_OF_DATA

# See mailtrap/faults/providers.py for what is theirs in these texts and what is ours.
_ROWS: tuple[Row, ...] = (
    (
        "outlook-s3150",
        _MAIL,
        550,
        "5.7.1",
        "Unfortunately, messages from [{peer}] weren't sent. Part of your Internet service provider's "
        "network is on our block list (S3150). https://sender.office.com/",
        "The client's network is on Outlook's block list",
    ),
    (
        "outlook-s775",
        _MAIL,
        451,
        "4.7.650",
        "The mail server [{peer}] has been temporarily rate limited due to IP reputation: "
        "see https://postmaster.live.com (S775)",
        "The client's address has a bad name: slowed down",
    ),
    (
        "outlook-dmarc",
        _END,
        550,
        "5.7.509",
        "Access denied, sending domain [{sender-domain}] does not pass DMARC verification "
        "and has a DMARC policy of reject.",
        "DMARC fails and the sender's domain asks to reject",
    ),
    (
        "outlook-spf",
        _MAIL,
        550,
        "5.7.23",
        "The message was rejected because of Sender Policy Framework violation by {sender-domain}",
        "SPF fails",
    ),
    (
        "outlook-banned-ip",
        _CONNECT,
        550,
        "5.7.606",
        "Access denied, banned sending IP [{peer}]. To be removed from the list "
        "visit https://sender.office.com/ (AS16012609)",
        "The client's address is banned",
    ),
    (
        "outlook-throttle",
        _RCPT,
        451,
        "4.7.500",
        "Access denied, please try again later [{peer}]",
        "Server busy, or the client too eager",
    ),
    (
        "outlook-ipv6-ptr",
        _MAIL,
        550,
        "5.7.25",
        "Access denied, the sending IPv6 address [{peer}] must have a reverse DNS record",
        "An IPv6 address without a name",
    ),
    (
        "outlook-bare-lf",
        _END,
        550,
        "5.6.11",
        "SMTPSEND.BareLinefeedsAreIllegal; message contains bare linefeeds, which DATA cannot carry",
        "Lines that end in LF instead of CRLF",
    ),
    (
        "outlook-nouser",
        _RCPT,
        550,
        "5.1.10",
        "RESOLVER.ADR.RecipientNotFound; Recipient {recipient} not found by SMTP address lookup",
        "No such mailbox",
    ),
    (
        "outlook-nouser-fwd",
        _RCPT,
        550,
        "5.1.351",
        "Remote server returned unknown recipient or mailbox unavailable -> 550 5.1.1 <{recipient}> user unknown",
        "No such mailbox where the mail is forwarded to",
    ),
    (
        "outlook-mailbox-full",
        _END,
        554,
        "5.2.2",
        "mailbox full, message for {recipient} not stored; "
        "STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
        "The mailbox is full",
    ),
    (
        "outlook-loop",
        _END,
        554,
        "5.4.14",
        "Hop count exceeded - possible mail loop ATTR34",
        "The message goes round in circles",
    ),
    (
        "outlook-smtpauth-disabled",
        _AUTH,
        535,
        "5.7.139",
        "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant: "
        "see https://aka.ms/smtp_auth_disabled",
        "The tenant allows no login by password over SMTP",
    ),
    (
        "office365-not-auth",
        _MAIL,
        530,
        "5.7.57",
        "Client was not authenticated to send anonymous mail during MAIL FROM [{host}]",
        "Submission without a login",
    ),
    (
        "office365-group",
        _RCPT,
        550,
        "5.7.133",
        "RESOLVER.RST.SenderNotAuthenticatedForGroup; only sender authenticated for group {recipient} may write to it",
        "A group that takes no mail from outside",
    ),
    (
        "exchange-relay",
        _RCPT,
        550,
        "5.7.54",
        "SMTP; Unable to relay recipient in non-accepted domain {domain}",
        "Not a domain of this server",
    ),
)

MICROSOFT: tuple[Scenario, ...] = tuple([answering("Microsoft", *row) for row in _ROWS])
