"""Every fixed response of the POP3 edge, by name (RFC 1939 §3; codes in brackets: RFC 2449 §8, RFC 3206)."""

from __future__ import annotations

from mailtrap.faults.answers import Spoken
from mailtrap.net.frame import Words


def greeting(hostname: str, timestamp: bytes) -> bytes:
    """The first response; with a timestamp it offers APOP."""
    return f"+OK {hostname} POP3 mailtrap".encode() + (b" " + timestamp if timestamp else b"") + b"\r\n"


def spoken(said: Spoken) -> bytes:
    """What a rule says, word for word."""
    return f"{said.word} {said.text}\r\n".encode("utf-8", "backslashreplace")


def wrong(reason: str) -> bytes:
    """A command was not understood."""
    return f"-ERR {reason}\r\n".encode()


def welcome(messages: int) -> bytes:
    """Somebody has logged in."""
    return f"+OK Logged in, {messages} messages\r\n".encode()


OK = b"+OK\r\n"
BYE = b"+OK Bye\r\n"
BEGIN_TLS = b"+OK Begin TLS\r\n"
UTF8 = b"+OK UTF-8 it is\r\n"
PASSWORD_NEXT = b"+OK Password\r\n"
MARKED = b"+OK Will be deleted at QUIT\r\n"
UNMARKED = b"+OK Nothing will be deleted\r\n"

UNKNOWN_COMMAND = b"-ERR Command not recognised\r\n"
LOG_IN_FIRST = b"-ERR Log in first\r\n"
LOGGED_IN_ALREADY = b"-ERR Logged in already\r\n"
USER_FIRST = b"-ERR USER first\r\n"
TLS_FIRST = b"-ERR STLS first: no login in the clear\r\n"
TLS_ALREADY = b"-ERR TLS is in use already\r\n"
NO_APOP = b"-ERR No APOP here: passwords are only known by their hashes\r\n"
BAD_MECHANISM = b"-ERR Mechanism not supported\r\n"
BAD_BASE64 = b"-ERR Not base64\r\n"
BAD_RESPONSE = b"-ERR Not what this mechanism expects\r\n"
CANCELLED = b"-ERR Cancelled\r\n"
DENIED = b"-ERR [AUTH] User name or password is wrong\r\n"
UNAVAILABLE = b"-ERR [SYS/TEMP] Not now, try again\r\n"
NO_SUCH_MESSAGE = b"-ERR No such message\r\n"
GONE = b"-ERR Somebody has deleted it meanwhile\r\n"
NOT_DELETED = b"-ERR [SYS/TEMP] Some messages were not deleted\r\n"
NOT_HTTP = b"-ERR This is POP3, not HTTP\r\n"
NOT_TLS = b"-ERR TLS begins with STLS here, or on the POP3S port\r\n"

WORDS = Words(
    too_many_connections=b"-ERR [SYS/TEMP] Too many connections (max-connections)\r\n",
    too_many_from_peer=b"-ERR [SYS/TEMP] Too many connections from your address (max-connections-per-peer)\r\n",
    line_too_long=b"-ERR Line too long; commands must be shorter than max-line\r\n",
    line_endless=b"-ERR A line without end; closing\r\n",
    idle=b"-ERR [SYS/TEMP] Nothing heard for too long; closing\r\n",
    session_over=b"-ERR [SYS/TEMP] The session has lasted too long; closing\r\n",
    too_many_errors=b"-ERR Too many errors; closing\r\n",
    failed=b"-ERR [SYS/TEMP] An error of our own; closing\r\n",
    shutting_down=b"-ERR [SYS/TEMP] Shutting down\r\n",
)
