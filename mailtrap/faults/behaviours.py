"""What servers do wrong besides refusing: hang up, dawdle, break TLS, garble replies, change their mind later."""

from __future__ import annotations

from mailtrap.faults.rule import Bucket, Effect, Ehlo, Fault, Greylist, Notice, Said, Step
from mailtrap.faults.scenario import Scenario

#: Everything an answer to EHLO may offer (the keywords registered with IANA that servers use).
EVERY_KEYWORD = (
    *("8BITMIME", "AUTH", "BINARYMIME", "BURL", "CHUNKING", "DELIVERBY", "DSN", "ENHANCEDSTATUSCODES", "ETRN"),
    *("EXPN", "FUTURERELEASE", "HELP", "LIMITS", "MT-PRIORITY", "PIPELINING", "REQUIRETLS", "SIZE", "SMTPUTF8"),
    *("STARTTLS", "VRFY", "XCLIENT", "XFORWARD"),
)

_DROPPING = (
    Scenario("drop-on-connect", Step.CONNECT, Effect(disconnect="before-reply"), "Closed before a greeting"),
    Scenario("tarpit-banner", Step.GREETING, Effect(delay=30.0), "The greeting comes after 30 seconds"),
    Scenario(
        "early-talker-trap",
        Step.GREETING,
        Effect(early_talker=2.0, reply=Said(554, "5.5.0", "You talk before it is your turn"), disconnect="after-reply"),
        "The greeting comes in two parts; who talks between them is refused",
    ),
    Scenario(
        "drop-on-ehlo",
        Step.EHLO,
        Effect(disconnect="before-reply"),
        "Closed at EHLO, without a reply; a client that says HELO the next time is served",
        as_rules=(Fault(Step.EHLO, Effect(scenario="drop-on-ehlo"), when="-is:helo"),),
    ),
    Scenario(
        "ehlo-502",
        Step.EHLO,
        Effect(reply=Said(502, "5.5.1", "EHLO is not implemented here")),
        "EHLO is refused: HELO must do (RFC 5321 §3.2)",
        as_rules=(Fault(Step.EHLO, Effect(scenario="ehlo-502"), when="-is:helo"),),
    ),
    Scenario("drop-after-mail", Step.MAIL, Effect(disconnect="before-reply"), "Closed at MAIL, without a reply"),
    Scenario(
        "421-after-mail",
        Step.MAIL,
        Effect(
            reply=Said(421, "4.3.2", "{host} Service not available, closing transmission channel"),
            disconnect="after-reply",
        ),
        "421 at MAIL, then closed",
    ),
    Scenario(
        "drop-mid-data",
        Step.IN_DATA,
        Effect(after=1000, disconnect="mid-data", reset=True),
        "Reset after 1,000 octets of the content",
    ),
    Scenario(
        "drop-after-dot",
        Step.END_OF_DATA,
        Effect(disconnect="after-store"),
        "The message is kept, then closed without a reply: a client that tries again sends a duplicate (RFC 1047)",
    ),
)

_PIX_BANNER = Fault(Step.GREETING, Effect(reply=Said(220, "", "*" * 40)))
_PIX_EHLO = Fault(Step.EHLO, Effect(ehlo=Ehlo(hide=EVERY_KEYWORD)))

_EXTENSIONS = (
    Scenario(
        "no-extensions",
        Step.EHLO,
        _PIX_EHLO.effect,
        "A firewall in between: a greeting of asterisks, and EHLO offers nothing",
        as_rules=(_PIX_BANNER, _PIX_EHLO),
    ),
    Scenario(
        "starttls-strip",
        Step.EHLO,
        Effect(ehlo=Ehlo(hide=("STARTTLS",))),
        "Somebody on the way takes STARTTLS out: a client must not go on in plain if TLS was demanded",
    ),
)

_TLS = (
    Scenario("starttls-broken", Step.STARTTLS, Effect(tls="abort"), "220, then the handshake is aborted"),
    Scenario("starttls-garbage", Step.STARTTLS, Effect(tls="garbage"), "220, then octets that are no TLS"),
    Scenario(
        "starttls-reset",
        Step.STARTTLS,
        Effect(disconnect="after-reply", reset=True),
        "220, then the connection is reset",
    ),
    Scenario("starttls-expired", Step.STARTTLS, Effect(tls="expired"), "The certificate has expired"),
    Scenario("starttls-wrong-host", Step.STARTTLS, Effect(tls="wrong-host"), "The certificate is for another host"),
    Scenario("starttls-self-signed", Step.STARTTLS, Effect(tls="self-signed"), "The certificate is self-signed"),
    Scenario(
        "starttls-unknown-ca", Step.STARTTLS, Effect(tls="unknown-ca"), "The certificate is signed by nobody known"
    ),
    Scenario("starttls-old-version", Step.STARTTLS, Effect(tls="old-version"), "TLS 1.0 or 1.1 only"),
)

_PARTIAL = (
    Fault(Step.RCPT, Effect(reply=Said(550, "5.1.1", "<{recipient}>: no such mailbox")), every=2, per="message"),
    Fault(Step.RCPT, Effect(reply=Said(452, "4.2.2", "<{recipient}>: mailbox is full")), every=2, per="message"),
)

_FULL_FOR_ONE = Effect(reply=Said(452, "4.2.2", "<{recipient}>: mailbox is full"))

_RECIPIENTS = (
    Scenario(
        "partial-rcpt",
        Step.RCPT,
        _PARTIAL[0].effect,
        "Of the recipients of one message every second gets 550, of the others every second 452",
        as_rules=_PARTIAL,
    ),
    Scenario(
        "rcpt-slow",
        Step.RCPT,
        Effect(delay=2.0),
        "RCPT takes 2 seconds, one in four times 4, one in eight times 8",
        as_rules=(
            Fault(Step.RCPT, Effect(delay=8.0), probability=0.125, seed=1),
            Fault(Step.RCPT, Effect(delay=4.0), probability=0.25, seed=2),
            Fault(Step.RCPT, Effect(scenario="rcpt-slow")),
        ),
    ),
    Scenario(
        "greylist",
        Step.RCPT,
        Effect(reply=Said(451, "4.7.1", "<{recipient}>: Greylisted, try again in five minutes")),
        "The first try of peer, sender and recipient is deferred; one after 300 seconds passes, and all later ones",
        as_rules=(Fault(Step.RCPT, Effect(scenario="greylist"), greylist=Greylist()),),
    ),
    Scenario(
        "flaky-n",
        Step.RCPT,
        Effect(reply=Said(451, "4.3.0", "Temporary failure, try again")),
        "The first two tries for each recipient fail, then all is well",
        anywhere=True,
        as_rules=(Fault(Step.RCPT, Effect(scenario="flaky-n"), first=2, per="recipient"),),
    ),
    Scenario(
        "lmtp-per-rcpt",
        Step.END_OF_DATA,
        _FULL_FOR_ONE,
        "LMTP: after the content every second recipient gets 452, the others 250 (RFC 2033)",
        as_rules=(Fault(Step.END_OF_DATA, Effect(scenario="lmtp-per-rcpt"), every=2, per="message"),),
    ),
)

_LIMITS = (
    Scenario(
        "rate-limit",
        Step.MAIL,
        Effect(
            reply=Said(421, "4.7.28", "Too many messages from <{sender}>; come back in a minute"),
            disconnect="after-reply",
        ),
        "Ten messages a minute for each sender, 421 for more",
        as_rules=(Fault(Step.MAIL, Effect(scenario="rate-limit"), bucket=Bucket(10, 60.0), per="sender"),),
    ),
    Scenario(
        "conn-limit",
        Step.CONNECT,
        Effect(
            reply=Said(421, "4.7.0", "{host} Error: too many connections from {peer}"),
            disconnect="after-reply",
        ),
        "Two connections at once from each peer, 421 for more",
        as_rules=(Fault(Step.CONNECT, Effect(scenario="conn-limit"), concurrent=2, per="peer"),),
    ),
)

_DATA = (
    Scenario("data-354-never", Step.DATA, Effect(stall=True), "DATA is never answered"),
    Scenario(
        "data-early-550",
        Step.IN_DATA,
        Effect(after=100, reply=Said(550, "5.7.1", "I have seen enough of this message"), stall=True),
        "550 while the client still sends the content, then nothing is read any more",
    ),
    Scenario("data-slow-read", Step.DATA, Effect(throttle=1024), "The content is read at 1 KB a second"),
    Scenario(
        "late-250",
        Step.END_OF_DATA,
        Effect(delay=605.0),
        "Kept at once, but the 250 comes when the client has stopped to wait (RFC 5321 §4.5.3.2.6)",
    ),
)

_LATER = (
    Scenario(
        "250-then-dsn",
        Step.DELIVERED,
        Effect(bounce=Notice(10.0, 550, "5.1.1", "<{recipient}>: no such mailbox after all")),
        "Accepted; a bounce comes 10 seconds later (RFC 3464)",
    ),
    Scenario(
        "250-then-arf", Step.DELIVERED, Effect(complaint=Notice(10.0)), "Accepted; a complaint comes later (RFC 5965)"
    ),
    Scenario(
        "250-then-ooo",
        Step.DELIVERED,
        Effect(auto_reply=Notice(10.0, text="I am out of the office and will read your message when I am back.")),
        "Accepted; an out-of-office reply comes later (RFC 3834)",
    ),
    Scenario(
        "250-then-open-click",
        Step.DELIVERED,
        Effect(opens=Notice(5.0), clicks=Notice(10.0)),
        "Accepted; a simulated reader opens the message, then follows its links to allowed hosts",
    ),
)

_MALFORMED = (
    Scenario("malformed-reply", Step.MAIL, Effect(malformed="no-code"), "As malformed-no-code", anywhere=True),
    Scenario("malformed-split", Step.MAIL, Effect(malformed="split"), "A right reply octet by octet", anywhere=True),
    Scenario(
        "malformed-endless", Step.MAIL, Effect(malformed="endless"), "Lines of a reply without end", anywhere=True
    ),
    Scenario(
        "malformed-unterminated",
        Step.MAIL,
        Effect(malformed="unterminated"),
        "The last line of a long reply says that more will follow",
        anywhere=True,
    ),
    Scenario("malformed-bare-lf", Step.MAIL, Effect(malformed="bare-lf"), "Ends in LF, not CRLF", anywhere=True),
    Scenario("malformed-bare-cr", Step.MAIL, Effect(malformed="bare-cr"), "Ends in CR, not CRLF", anywhere=True),
    Scenario("malformed-no-code", Step.MAIL, Effect(malformed="no-code"), "A reply without a code", anywhere=True),
    Scenario("malformed-wrong-code", Step.MAIL, Effect(malformed="wrong-code"), "Code 999", anywhere=True),
    Scenario(
        "malformed-other-codes",
        Step.MAIL,
        Effect(malformed="other-codes"),
        "A reply whose lines have different codes (RFC 5321 §4.2.1)",
        anywhere=True,
    ),
    Scenario("malformed-long-line", Step.MAIL, Effect(malformed="long-line"), "A line of 1 MB", anywhere=True),
    Scenario("malformed-nul", Step.MAIL, Effect(malformed="nul"), "A NUL in the reply", anywhere=True),
    Scenario(
        "malformed-lower-case",
        Step.EHLO,
        Effect(malformed="lower-case"),
        "Everything in lower case, keywords of EHLO too: they are to be read without case",
        anywhere=True,
    ),
    Scenario("malformed-empty", Step.MAIL, Effect(malformed="empty"), "An empty line as reply", anywhere=True),
    Scenario("malformed-eight-bit", Step.MAIL, Effect(malformed="eight-bit"), "Octets above 127", anywhere=True),
    Scenario(
        "wrong-order-pipelining",
        Step.MAIL,
        Effect(delay=2.0),
        "The replies to pipelined commands come late and all at once (RFC 2920)",
    ),
    Scenario("quit-no-reply", Step.QUIT, Effect(stall=True), "QUIT is never answered"),
)

BEHAVIOURS: tuple[Scenario, ...] = (
    *_DROPPING,
    *_EXTENSIONS,
    *_TLS,
    *_RECIPIENTS,
    *_LIMITS,
    *_DATA,
    *_LATER,
    *_MALFORMED,
)
