"""What goes wrong where mail is collected, by name: POP3 and IMAP servers that are busy, full, strict or flaky."""

from __future__ import annotations

from mailtrap.faults.rule import Bucket, Effect, Ehlo, Fault, Step
from mailtrap.faults.scenario import Scenario

# Response codes and the few words by which people and clients know an answer are the provider's; the rest is ours
# (RFC 2449 §8, RFC 3206, RFC 5530, and what providers say in their help pages).


def _says(name: str, step: Step, answer: str, help_: str, provider: str = "", closes: bool = False) -> Scenario:
    return Scenario(name, step, Effect(answer=answer, disconnect="after-reply" if closes else ""), help_, provider)


_POP3 = (
    _says(
        "pop3-in-use",
        Step.POP3_LOGIN,
        "-ERR [IN-USE] The maildrop is locked by another session",
        "Another client is there: try again when it has gone (RFC 2449)",
        "POP3",
    ),
    Scenario(
        "pop3-login-delay",
        Step.POP3_LOGIN,
        Effect(answer="-ERR [LOGIN-DELAY] Logins must be a minute apart"),
        "One login a minute for each user name; those between are refused (RFC 2449)",
        "POP3",
        as_rules=(Fault(Step.POP3_LOGIN, Effect(scenario="pop3-login-delay"), bucket=Bucket(1, 60.0), per="login"),),
    ),
    _says(
        "pop3-auth",
        Step.POP3_LOGIN,
        "-ERR [AUTH] Invalid login or password",
        "The password is wrong (RFC 3206)",
        "POP3",
    ),
    _says(
        "pop3-sys-temp",
        Step.POP3_LOGIN,
        "-ERR [SYS/TEMP] The mail store is not available, try again later",
        "A passing failure of the server: the password need not be asked for anew (RFC 3206)",
        "POP3",
    ),
    _says(
        "pop3-sys-perm",
        Step.POP3_LOGIN,
        "-ERR [SYS/PERM] The maildrop of {login} is damaged",
        "A failure that somebody has to repair (RFC 3206)",
        "POP3",
    ),
    _says(
        "gmail-pop3-web-login",
        Step.POP3_LOGIN,
        "-ERR [AUTH] Web login required: https://support.google.com/mail/answer/78754",
        "Somebody has to log in on the web first",
        "Gmail",
    ),
    _says(
        "outlook-pop3-basic-auth",
        Step.POP3_LOGIN,
        "-ERR Authentication failure: unknown user name or bad password.",
        "Passwords are refused, right or wrong: OAuth is demanded",
        "Outlook",
    ),
    Scenario(
        "pop3-drop-mid-retr",
        Step.POP3_RETR,
        Effect(after=1000, disconnect="mid-data", reset=True),
        "Reset after 1,000 octets of each message, the first time it is asked for",
        as_rules=(Fault(Step.POP3_RETR, Effect(scenario="pop3-drop-mid-retr"), first=1, per="message"),),
    ),
    Scenario("pop3-slow-retr", Step.POP3_RETR, Effect(throttle=2048), "From the first RETR on 2 KB a second"),
    Scenario(
        "pop3-no-uidl",
        Step.POP3_CAPA,
        Effect(capabilities=Ehlo(hide=("UIDL", "TOP"))),
        "CAPA offers neither UIDL nor TOP, and both are refused",
    ),
    Scenario(
        "pop3-quit-unanswered",
        Step.POP3_QUIT,
        Effect(disconnect="after-store"),
        "Messages are deleted, but the connection closes before anybody is told",
    ),
    Scenario(
        "pop3-nothing-deleted",
        Step.POP3_QUIT,
        Effect(disconnect="before-reply"),
        "Closed at QUIT before anything is deleted: the next session has it all again",
    ),
)

_IMAP = (
    _says(
        "imap-unavailable",
        Step.IMAP_LOGIN,
        "NO [UNAVAILABLE] The mail store does not answer, try again later",
        "A passing failure behind the server (RFC 5530)",
        "IMAP",
    ),
    _says(
        "imap-auth-failed",
        Step.IMAP_LOGIN,
        "NO [AUTHENTICATIONFAILED] Invalid credentials",
        "The password is wrong (RFC 5530)",
        "IMAP",
    ),
    _says(
        "imap-expired",
        Step.IMAP_LOGIN,
        "NO [EXPIRED] The password of {login} has expired",
        "The password was right once (RFC 5530)",
        "IMAP",
    ),
    _says(
        "imap-in-use",
        Step.IMAP_SELECT,
        "NO [INUSE] Another session holds the folder",
        "Locked by another client (RFC 5530)",
        "IMAP",
    ),
    _says(
        "imap-overquota",
        Step.IMAP_APPEND,
        "NO [OVERQUOTA] The quota is used up",
        "No room for another message (RFC 5530)",
        "IMAP",
    ),
    _says(
        "imap-limit",
        Step.IMAP_SEARCH,
        "NO [LIMIT] Too many searches, wait a while",
        "More than the server allows (RFC 5530)",
        "IMAP",
    ),
    _says(
        "imap-server-bug",
        Step.IMAP_FETCH,
        "NO [SERVERBUG] Internal error occurred",
        "Something is broken, and not with the client (RFC 5530)",
        "IMAP",
    ),
    Scenario(
        "imap-too-many-connections",
        Step.IMAP_LOGIN,
        Effect(answer="BYE Too many simultaneous connections for {login}"),
        "Ten connections at once for each user name, BYE for more",
        "IMAP",
        as_rules=(Fault(Step.IMAP_LOGIN, Effect(scenario="imap-too-many-connections"), concurrent=10, per="login"),),
    ),
    Scenario(
        "imap-shutdown",
        Step.IMAP_COMMAND,
        Effect(answer="BYE Server shutting down"),
        "BYE at whatever command comes next",
        "IMAP",
    ),
    _says(
        "gmail-imap-too-many",
        Step.IMAP_LOGIN,
        "NO [ALERT] Too many simultaneous connections. (Failure)",
        "More than 15 connections of one account",
        "Gmail",
    ),
    _says(
        "gmail-imap-overquota",
        Step.IMAP_FETCH,
        "BYE [OVERQUOTA] Account exceeded command or bandwidth limits.",
        "More than 2.5 GB collected in a day: the account is locked for hours",
        "Gmail",
    ),
    _says(
        "gmail-imap-throttled",
        Step.IMAP_FETCH,
        "NO [THROTTLED] Account exceeded command or bandwidth limits.",
        "Slow down",
        "Gmail",
    ),
    _says(
        "gmail-imap-app-password",
        Step.IMAP_LOGIN,
        "NO [ALERT] Application-specific password required: "
        "https://support.google.com/accounts/answer/185833 (Failure)",
        "The password of the account is refused: 2-step verification is on",
        "Gmail",
    ),
    _says(
        "outlook-imap-throttled",
        Step.IMAP_COMMAND,
        "BAD Request is throttled. Suggested Backoff Time: 60000 milliseconds",
        "Slow down; it says how long",
        "Outlook",
    ),
    _says(
        "outlook-imap-login",
        Step.IMAP_LOGIN,
        "NO LOGIN failed.",
        "Passwords are refused, right or wrong: OAuth is demanded",
        "Outlook",
    ),
    _says(
        "yahoo-imap-limit",
        Step.IMAP_LOGIN,
        "NO [LIMIT] LOGIN Rate limit hit. Please try after sometime.",
        "Too many logins",
        "Yahoo",
    ),
    Scenario(
        "imap-drop-mid-fetch",
        Step.IMAP_FETCH,
        Effect(after=1000, disconnect="mid-data", reset=True),
        "Reset after 1,000 octets of the first FETCH of a session that gives more",
        as_rules=(Fault(Step.IMAP_FETCH, Effect(scenario="imap-drop-mid-fetch"), first=1, per="session"),),
    ),
    Scenario(
        "imap-no-idle",
        Step.IMAP_CAPABILITY,
        Effect(capabilities=Ehlo(hide=("IDLE",))),
        "IDLE is not offered, and refused: clients have to poll",
    ),
    Scenario(
        "imap-idle-dropped",
        Step.IMAP_IDLE,
        Effect(disconnect="after-reply"),
        "Closed as soon as a client idles: will it notice?",
    ),
    Scenario(
        "imap-append-unanswered",
        Step.IMAP_APPEND,
        Effect(disconnect="after-store"),
        "The message is kept, then closed without an answer: who tries again appends it twice",
    ),
)

COLLECTING: tuple[Scenario, ...] = (*_POP3, *_IMAP)
