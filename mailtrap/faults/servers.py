"""What Postfix says when it refuses, and what the RFCs have every server say."""

from __future__ import annotations

from mailtrap.faults.rule import Effect, Said, Step
from mailtrap.faults.scenario import Row, Scenario, answering

_CONNECT, _STARTTLS, _AUTH, _MAIL = Step.CONNECT, Step.STARTTLS, Step.AUTH, Step.MAIL
_RCPT, _END = Step.RCPT, Step.END_OF_DATA

_POSTFIX: tuple[Row, ...] = (
    (
        "postfix-greylist",
        _RCPT,
        450,
        "4.2.0",
        "<{recipient}>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/{domain}.html",
        "Greylisting by postgrey, always; `greylist` also lets pass",
    ),
    (
        "postfix-nouser",
        _RCPT,
        550,
        "5.1.1",
        "<{recipient}>: Recipient address rejected: User unknown in virtual mailbox table",
        "No such mailbox",
    ),
    ("postfix-relay", _RCPT, 554, "5.7.1", "<{recipient}>: Relay access denied", "Not a domain of this server"),
    (
        "postfix-sender-dns",
        _MAIL,
        450,
        "4.1.8",
        "<{sender}>: Sender address rejected: Domain not found",
        "The sender's domain does not exist",
    ),
    (
        "postfix-nullmx",
        _RCPT,
        556,
        "5.1.10",
        "<{recipient}>: Recipient address rejected: Domain {domain} does not accept mail (nullMX)",
        "The recipient's domain takes no mail (RFC 7505)",
    ),
    ("postfix-queue-full", _MAIL, 452, "4.3.1", "Insufficient system storage", "The server's disk is full"),
    ("postfix-size", _MAIL, 552, "5.3.4", "Message size exceeds fixed limit", "SIZE in MAIL is too big (RFC 1870)"),
    (
        "postfix-too-many-conn",
        _CONNECT,
        421,
        "4.7.0",
        "{host} Error: too many connections from {peer}",
        "Too many connections from the client",
    ),
    (
        "postfix-too-many-rcpt",
        _RCPT,
        452,
        "4.5.3",
        "Error: too many recipients",
        "Send to the rest in another transaction (RFC 5321 §4.5.3.1.10)",
    ),
    ("postfix-bare-lf", _END, 550, "5.5.2", "{host} Error: bare <LF> received", "Lines that end in LF, not CRLF"),
    (
        "postfix-smtputf8",
        _MAIL,
        553,
        "5.6.7",
        "Must declare SMTPUTF8 to send unicode address",
        "An address in UTF-8 without SMTPUTF8 (RFC 6531)",
    ),
)

_RFC: tuple[tuple[str, Row], ...] = (
    (
        "RFC 3207",
        ("tls-required", _MAIL, 530, "5.7.0", "Must issue a STARTTLS command first", "Mail is taken over TLS only"),
    ),
    (
        "RFC 3207",
        (
            "tls-unavailable",
            _STARTTLS,
            454,
            "4.7.0",
            "TLS not available due to local problem",
            "STARTTLS is offered, then refused",
        ),
    ),
    ("RFC 4954", ("auth-required", _MAIL, 530, "5.7.0", "Authentication required", "Log in first")),
    ("RFC 4954", ("auth-bad", _AUTH, 535, "5.7.8", "Authentication credentials invalid", "Wrong user or password")),
    (
        "RFC 4954",
        ("auth-temp", _AUTH, 454, "4.7.0", "Temporary authentication failure", "Passwords cannot be checked now"),
    ),
    (
        "RFC 4954",
        ("auth-weak", _AUTH, 534, "5.7.9", "Authentication mechanism is too weak", "Another mechanism is wanted"),
    ),
    ("RFC 5248", ("auth-pw-expired", _AUTH, 535, "5.7.13", "User account disabled", "The account is switched off")),
    (
        "RFC 5321",
        (
            "local-error",
            _END,
            451,
            "4.3.0",
            "Requested action aborted: local error in processing",
            "Something broke on the server",
        ),
    ),
)

# The connection stays open until the client says QUIT (RFC 5321 §3.1).
_NOT_ACCEPTING = Scenario(
    "not-accepting",
    Step.CONNECT,
    Effect(reply=Said(554, "5.3.2", "No SMTP service here")),
    "This host takes no mail, and says 503 to everything but QUIT",
    "RFC 5321",
)

SERVERS: tuple[Scenario, ...] = (
    *[answering("Postfix", *row) for row in _POSTFIX],
    answering(
        "Postfix",
        "postfix-too-many-errors",
        Step.RCPT,
        421,
        "4.7.0",
        "{host} Error: too many errors",
        "Too many commands were refused before",
        anywhere=True,
    ),
    *[answering(provider, *row) for provider, row in _RFC],
    _NOT_ACCEPTING,
    answering(
        "RFC 5321",
        "service-shutdown",
        Step.MAIL,
        421,
        "4.3.2",
        "{host} Service shutting down, closing transmission channel",
        "The server stops",
        anywhere=True,
    ),
)
