"""What mailbox providers, relays and filters say when they refuse: their marks, our words."""

# Codes, enhanced codes, tags, addresses of help pages and the few words by which people and bounce classifiers know a
# reply are the provider's; sentences around them are ours. {peer}, {recipient}, {domain}, {sender}, {sender-domain}
# and {host} are filled in when the reply is said.

from __future__ import annotations

from mailtrap.faults.google import GOOGLE
from mailtrap.faults.microsoft import MICROSOFT
from mailtrap.faults.rule import Step
from mailtrap.faults.scenario import Row, Scenario, answering

_CONNECT, _AUTH, _MAIL, _RCPT, _END = Step.CONNECT, Step.AUTH, Step.MAIL, Step.RCPT, Step.END_OF_DATA

_YAHOO: tuple[Row, ...] = (
    (
        "yahoo-tss04",
        _MAIL,
        421,
        "4.7.0",
        "[TSS04] Messages from {peer} temporarily deferred due to unexpected volume or user complaints; "
        "see https://postmaster.yahooinc.com/error-codes",
        "Too much mail, or too many complaints: come back later",
    ),
    (
        "yahoo-tss09",
        _MAIL,
        553,
        "5.7.2",
        "[TSS09] All messages from {peer} will be permanently deferred; Retrying will NOT succeed: "
        "see https://postmaster.yahooinc.com/error-codes",
        "Deferred for ever, which is a refusal",
    ),
    (
        "yahoo-ph01",
        _END,
        554,
        "",
        "Message not allowed - [PH01] Email not accepted for policy reasons: "
        "see https://postmaster.yahooinc.com/error-codes",
        "The content looks like phishing",
    ),
    (
        "yahoo-unauth",
        _END,
        550,
        "5.7.9",
        "Your mail has been blocked because the sender is unauthenticated: "
        "Yahoo requires all senders to authenticate with either SPF or DKIM.",
        "Neither SPF nor DKIM passes: refused",
    ),
    (
        "yahoo-nouser",
        _END,
        554,
        "",
        "delivery error: dd This user doesn't have a {domain} account ({recipient}) [0]",
        "No such mailbox, said only after the content",
    ),
    (
        "yahoo-disabled",
        _END,
        554,
        "",
        "30 Sorry, your message to {recipient} cannot be delivered. This mailbox is disabled (554.30)",
        "The mailbox is switched off, said only after the content",
    ),
    (
        "yahoo-max-per-conn",
        _MAIL,
        421,
        "",
        "Max message per connection reached, open another one for the next; closing transmission channel",
        "Open a new connection for the next message",
    ),
    (
        "yahoo-bl21",
        _CONNECT,
        553,
        "5.7.1",
        "[BL21] Connections will not be accepted from {peer}, because the ip is in Spamhaus's list; "
        "see http://postmaster.yahoo.com/550-bl23.html",
        "The client's address is on a block list",
    ),
)

_APPLE: tuple[Row, ...] = (
    (
        "icloud-hme1",
        _END,
        554,
        "5.7.1",
        "[HME1] This message was blocked for failing both SPF and DKIM authentication checks: "
        "see https://support.apple.com/en-us/HT204137",
        "Neither SPF nor DKIM passes: refused",
    ),
    (
        "icloud-volume",
        _RCPT,
        421,
        "4.7.1",
        "Messages to {recipient} deferred due to excessive volume: try again later - "
        "https://support.apple.com/en-us/HT204137",
        "This mailbox gets too much mail at once",
    ),
    ("icloud-overquota", _RCPT, 552, "5.2.2", "<{recipient}>: user is over quota", "The mailbox is full"),
    (
        "icloud-cs01",
        _END,
        550,
        "5.7.1",
        "[CS01] Message rejected due to local policy: see https://support.apple.com/en-us/HT204137",
        "The content is not wanted",
    ),
)

_ORANGE: tuple[Row, ...] = (
    (
        "orange-104",
        _CONNECT,
        421,
        "",
        "{host} ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. "
        "OFR005_104 [104]",
        "Too many connections from the client",
    ),
    (
        "orange-416",
        _RCPT,
        550,
        "5.1.1",
        "Adresse d au moins un destinataire invalide. Invalid recipient {recipient}. OFR_416 [416]",
        "No such mailbox",
    ),
)

_OTHERS: dict[str, tuple[Row, ...]] = {
    "La Poste": (
        (
            "laposte-517",
            _END,
            571,
            "5.7.1",
            "Message refused, DMARC verification Failed for {sender-domain}. - "
            "Message refuse, verification DMARC en echec LPN007_517",
            "DMARC fails",
        ),
    ),
    "GoDaddy": (
        (
            "godaddy-ib007",
            _CONNECT,
            421,
            "",
            "Connection refused, too many sessions from This IP: lower the number of concurrent sessions. IB007",
            "Too many connections from the client",
        ),
        (
            "godaddy-ib605",
            _RCPT,
            452,
            "",
            "This message contains too many recipients: reduce the number of recipients and retry. IB605",
            "Send to the rest in another transaction",
        ),
    ),
    "Mimecast": (
        (
            "mimecast-greylist",
            _RCPT,
            451,
            "",
            "Internal resources are temporarily unavailable, retry later - https://community.mimecast.com/docs/DOC-1369#451",
            "Greylisting that does not call itself so",
        ),
        ("mimecast-ct-reject", _RCPT, 550, "", "Local CT IP Reputation - (reject)", "The client has a bad name"),
    ),
    "Proofpoint": (
        (
            "proofpoint-dnsbl",
            _CONNECT,
            550,
            "5.7.0",
            "Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip={peer}",
            "The client's address is on a block list",
        ),
    ),
    "Spamhaus": (
        (
            "spamhaus-zen",
            _RCPT,
            554,
            "5.7.1",
            "Service unavailable; Client host [{peer}] blocked using zen.spamhaus.org; "
            "https://www.spamhaus.org/query/ip/{peer}",
            "The client's address is on a block list",
        ),
    ),
    "Amazon SES": (
        (
            "ses-suppressed",
            _END,
            550,
            "5.1.1",
            "Amazon SES did not send the message: {recipient} is on the suppression list for your account.",
            "An address that bounced before and is not tried again",
        ),
    ),
    "SendGrid": (
        (
            "sendgrid-maxcredits",
            _AUTH,
            451,
            "",
            "Authentication failed: Maximum credits exceeded",
            "The account has sent all it has paid for",
        ),
    ),
}

_HERE = [
    answering(provider, *row)
    for provider, rows in {
        "Yahoo": _YAHOO,
        "Apple": _APPLE,
        "Orange": _ORANGE,
        **_OTHERS,
    }.items()
    for row in rows
]

PROVIDERS: tuple[Scenario, ...] = (*GOOGLE, *MICROSOFT, *_HERE)
