"""The test addresses that mail services document, and what happens to mail for them here."""

from __future__ import annotations

from mailtrap.faults.rule import Effect, Fault, Notice, Said, Step

#: Stands for each mailbox of a domain that is not named.
ANY = "*"


def _fails(code: int, status: str, text: str) -> Fault:
    return Fault(Step.ATTEMPT, Effect(reply=Said(code, status, text)))


def _after(**notice: Notice) -> Fault:
    return Fault(Step.DELIVERED, Effect(**notice))  # type: ignore[arg-type]


_DELIVERED = Fault(Step.DELIVERED, Effect(passes=True))
_COMPLAINT = _after(complaint=Notice())
_UNKNOWN_USER = _fails(550, "5.1.1", "<{recipient}>: Unknown User")
_SUPPRESSED = _fails(550, "5.1.1", "<{recipient}> is on the suppression list for your account and was not tried")

#: "Using the mailbox simulator manually", Amazon SES Developer Guide. Labels (`bounce+label@`) are allowed.
_SES: dict[str, Fault] = {
    "success": _DELIVERED,
    "bounce": _UNKNOWN_USER,
    "ooto": _after(auto_reply=Notice(text="I am out of the office.")),
    "complaint": _COMPLAINT,
    "suppressionlist": Fault(Step.ATTEMPT, Effect(scenario="ses-suppressed")),
}

#: "Generate fake bounces" and "How to test bounces", Postmark: one for each bounce type but SpamComplaint, in any case,
#: with or without `_`; whatever else is sent there is a hard bounce.
_POSTMARK: dict[str, Fault] = {
    "hardbounce": _fails(550, "5.1.1", "<{recipient}>: no such user (HardBounce)"),
    "softbounce": _fails(552, "5.2.2", "<{recipient}>: mailbox full (SoftBounce)"),
    "transient": Fault(
        Step.ATTEMPT,
        Effect(reply=Said(451, "4.4.1", "<{recipient}>: network trouble, try again (Transient)")),
        first=1,
        per="message",
    ),
    "unsubscribe": _after(auto_reply=Notice(text="Please take me off this list.")),
    "subscribe": _after(auto_reply=Notice(text="Please put me on this list.")),
    "autoresponder": _after(auto_reply=Notice(text="I have got your message and will answer soon.")),
    "addresschange": _after(auto_reply=Notice(text="My address has changed; please write to the new one.")),
    "dnserror": Fault(Step.ROUTE, Effect(unreachable="no-such-domain")),
    "spamnotification": _fails(554, "5.7.1", "<{recipient}>: message taken for spam (SpamNotification)"),
    "openrelaytest": _fails(550, "5.7.1", "<{recipient}>: this was a test for open relays (OpenRelayTest)"),
    "unknown": _fails(550, "5.0.0", "<{recipient}>: failed for an unknown reason (Unknown)"),
    "virusnotification": _fails(554, "5.7.0", "<{recipient}>: a virus was found (VirusNotification)"),
    "challengeverification": _after(auto_reply=Notice(text="Please confirm that you are no machine.")),
    "bademailaddress": _fails(553, "5.1.3", "<{recipient}>: not a valid address (BadEmailAddress)"),
    "manuallydeactivated": _fails(550, "5.2.1", "<{recipient}>: deactivated by hand (ManuallyDeactivated)"),
    "unconfirmed": _fails(550, "5.7.1", "<{recipient}>: never confirmed (Unconfirmed)"),
    "blocked": _fails(550, "5.7.1", "<{recipient}>: blocked by the provider for content or sender (Blocked)"),
    "smtpapierror": _fails(550, "5.3.0", "<{recipient}>: SMTP API error (SMTPApiError)"),
    "inbounderror": _fails(550, "5.3.0", "<{recipient}>: inbound processing failed (InboundError)"),
    "dmarcpolicy": _fails(550, "5.7.26", "<{recipient}>: refused by the DMARC policy (DMARCPolicy)"),
    "templaterenderingfailed": _fails(554, "5.6.0", "<{recipient}>: template failed (TemplateRenderingFailed)"),
    ANY: _fails(550, "5.1.1", "<{recipient}>: no such user (HardBounce)"),
}

#: "Send Test Emails", Resend. Labels (`bounced+label@`) are allowed.
_RESEND: dict[str, Fault] = {
    "delivered": _DELIVERED,
    "bounced": _UNKNOWN_USER,
    "complained": _COMPLAINT,
    "suppressed": _SUPPRESSED,
}

#: "Does Transactional Email Have a Test Mode or Sandbox?", Mandrill (Mailchimp Transactional).
_MANDRILL: dict[str, Fault] = {
    "reject": _fails(550, "5.7.1", "<{recipient}> is on the rejection list and was not tried"),
    "hard_bounce": _UNKNOWN_USER,
    "soft_bounce": _fails(552, "5.2.2", "<{recipient}>: mailbox full"),
    "spam": _COMPLAINT,
}

#: Domain → mailbox, both in lower case → what happens.
DOMAINS: dict[str, dict[str, Fault]] = {
    "simulator.amazonses.com": _SES,
    "bounce-testing.postmarkapp.com": _POSTMARK,
    "resend.dev": _RESEND,
    "test.mandrillapp.com": _MANDRILL,
}

#: Whose they are, for the documentation.
SERVICES: dict[str, str] = {
    "simulator.amazonses.com": "Amazon SES",
    "bounce-testing.postmarkapp.com": "Postmark",
    "resend.dev": "Resend",
    "test.mandrillapp.com": "Mandrill",
}
