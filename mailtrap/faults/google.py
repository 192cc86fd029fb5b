"""What Gmail says when it refuses."""

from __future__ import annotations

from mailtrap.faults.rule import Step
from mailtrap.faults.scenario import Row, Scenario, answering

_CONNECT, _MAIL, _RCPT, _END = Step.CONNECT, Step.MAIL, Step.RCPT, Step.END_OF_DATA

# See mailtrap/faults/providers.py for what is theirs in these texts and what is ours.
_ROWS: tuple[Row, ...] = (
    (
        "gmail-rate-ip",
        _MAIL,
        421,
        "4.7.28",
        "Gmail has detected an unusual rate of unsolicited mail from your\n"
        "IP address {peer}, which has been temporarily rate limited.\n"
        "https://support.google.com/mail/?p=UnsolicitedRateLimitError - gsmtp",
        "Too much unwanted mail from this address: come back later",
    ),
    (
        "gmail-unauth-rate",
        _END,
        421,
        "4.7.26",
        "Your email has been rate limited because it is unauthenticated:\n"
        "Gmail requires all senders to authenticate with either SPF or DKIM.\n"
        "https://support.google.com/mail/answer/81126#authentication - gsmtp",
        "Neither SPF nor DKIM passes: slowed down",
    ),
    (
        "gmail-unauth-block",
        _END,
        550,
        "5.7.26",
        "Your email has been blocked because the sender is unauthenticated:\n"
        "Gmail requires all senders to authenticate with either SPF or DKIM.\n"
        "https://support.google.com/mail/answer/81126#authentication - gsmtp",
        "Neither SPF nor DKIM passes: refused",
    ),
    (
        "gmail-dmarc",
        _END,
        550,
        "5.7.26",
        "Unauthenticated email from {sender-domain} is not accepted due to\n"
        "domain's DMARC policy; its administrator can say more.\n"
        "https://support.google.com/mail/?p=DmarcRejection - gsmtp",
        "DMARC fails and the sender's domain asks to reject",
    ),
    (
        "gmail-spf-temp",
        _MAIL,
        421,
        "4.7.27",
        "Your email has been rate limited because SPF authentication didn't pass\n"
        "for this message, as it must for all bulk email senders. - gsmtp",
        "SPF does not pass for a bulk sender: slowed down",
    ),
    (
        "gmail-dkim",
        _END,
        550,
        "5.7.30",
        "Your email has been blocked because DKIM does not pass,\n"
        "and Gmail requires all large senders to authenticate with DKIM. - gsmtp",
        "DKIM does not pass for a bulk sender: refused",
    ),
    (
        "gmail-alignment",
        _END,
        421,
        "4.7.32",
        "Your email has been rate limited because the From: header (RFC5322) isn't aligned\n"
        "with the organizational domain that SPF or DKIM authenticated. - gsmtp",
        "From is of another domain than SPF and DKIM speak for",
    ),
    (
        "gmail-no-ptr",
        _CONNECT,
        550,
        "5.7.25",
        "The sending IP address {peer} does not have a PTR record,\n"
        "or the forward DNS entry of that name does not point back to it. - gsmtp",
        "The client's address has no name, or the name another address",
    ),
    (
        "gmail-reputation",
        _END,
        550,
        "5.7.1",
        "Our system has detected that this message is likely suspicious\n"
        "due to the very low reputation of the sending domain, and has blocked it. - gsmtp",
        "The sender's domain has a bad name",
    ),
    (
        "gmail-nosuchuser",
        _RCPT,
        550,
        "5.1.1",
        "The email account that you tried to reach does not exist. Look for\n"
        "typos and unnecessary spaces in the recipient's address.\n"
        "https://support.google.com/mail/?p=NoSuchUser - gsmtp",
        "No such mailbox",
    ),
    (
        "gmail-disabled",
        _RCPT,
        550,
        "5.2.1",
        "The email account that you tried to reach is inactive.\n"
        "https://support.google.com/mail/?p=DisabledUser - gsmtp",
        "The mailbox is switched off",
    ),
    (
        "gmail-overquota-temp",
        _RCPT,
        452,
        "4.2.2",
        "The recipient's inbox is out of storage space.\nhttps://support.google.com/mail/?p=OverQuotaTemp - gsmtp",
        "The mailbox is full, for now",
    ),
    (
        "gmail-overquota-perm",
        _RCPT,
        552,
        "5.2.2",
        "The recipient's inbox is out of storage space and inactive.\n"
        "https://support.google.com/mail/?p=OverQuotaPerm - gsmtp",
        "The mailbox is full and nobody empties it",
    ),
    (
        "gmail-receiving-rate",
        _RCPT,
        450,
        "4.2.1",
        "The user you are trying to contact is receiving mail at a rate\n"
        "that leaves no room for more. https://support.google.com/mail/?p=ReceivingRate - gsmtp",
        "This mailbox gets too much mail at once",
    ),
    (
        "gmail-too-big",
        _END,
        552,
        "5.3.4",
        "Your message exceeded Google's message size limits.\nhttps://support.google.com/mail/?p=MaxSizeError - gsmtp",
        "The message is too big",
    ),
    (
        "gmail-bad-attachment",
        _END,
        552,
        "5.7.0",
        "This message was blocked: its content presents a potential security issue.\n"
        "https://support.google.com/mail/?p=BlockedMessage - gsmtp",
        "An attachment of a kind that is never let in",
    ),
    (
        "gmail-dup-headers",
        _END,
        550,
        "5.7.1",
        "This message is not RFC 5322 compliant: it has duplicate headers,\n"
        "as spam often does. https://support.google.com/mail/?p=RfcMessageNonCompliant - gsmtp",
        "A header field that may stand once stands twice",
    ),
    (
        "gmail-no-msgid",
        _END,
        550,
        "5.7.1",
        "Messages missing a valid Message-ID: header are not accepted.\n"
        "https://support.google.com/mail/?p=RfcMessageNonCompliant - gsmtp",
        "There is no Message-ID",
    ),
    (
        "gmail-loop",
        _END,
        554,
        "5.4.6",
        "Message exceeded 50 hops: this may indicate a mail loop.\nhttps://support.google.com/mail/?p=MailLoop - gsmtp",
        "Too many Received fields",
    ),
    (
        "gmail-try-later",
        _CONNECT,
        421,
        "4.7.0",
        "Try again later, closing connection. - gsmtp",
        "Not now, without a reason",
    ),
    (
        "gmail-relay-denied",
        _MAIL,
        550,
        "5.7.0",
        "Mail relay denied to {peer}: invalid credentials for relay for\n"
        "{sender-domain} or any other domain it has registered. - gsmtp",
        "Google's relay does not know the client",
    ),
)

GOOGLE: tuple[Scenario, ...] = tuple([answering("Gmail", *row) for row in _ROWS])
