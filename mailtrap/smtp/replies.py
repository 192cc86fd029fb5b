"""Every fixed reply of the SMTP edge, by name."""

from __future__ import annotations

from mailtrap.mail.reply import reply

OK = reply(250, "2.0.0", "OK")
SENDER_OK = reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = reply(250, "2.1.5", "Recipient OK")
START_CONTENT = reply(354, "", "Send the content; end with CRLF.CRLF")
BYE = reply(221, "2.0.0", "Bye")
HELP = reply(
    214,
    "2.0.0",
    "EHLO HELO LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY AUTH STARTTLS QUIT\nEverything is kept, nothing is relayed",
)
CANNOT_VERIFY = reply(252, "2.5.2", "Cannot verify, but will take mail for it")
TLS_READY = reply(220, "2.0.0", "Ready to start TLS")
LOGGED_IN = reply(235, "2.7.0", "Authentication succeeded")

UNKNOWN_COMMAND = reply(500, "5.5.2", "Command not recognised")
LINE_TOO_LONG = reply(500, "5.5.2", "Line too long; commands must be shorter than max-line")
RESPONSE_TOO_LONG = reply(500, "5.5.6", "Authentication exchange line is too long")
NOT_OFFERED = reply(502, "5.5.1", "Command not implemented here")
NO_SERVICE = reply(503, "5.5.1", "No mail is taken here; QUIT is all that is left")
BAD_SEQUENCE = reply(503, "5.5.1", "Say EHLO first")
NESTED_MAIL = reply(503, "5.5.1", "A transaction is open; RSET ends it")
NEED_MAIL = reply(503, "5.5.1", "MAIL first")
NEED_RECIPIENT = reply(503, "5.5.1", "RCPT first: no recipient was accepted")
BDAT_BEGUN = reply(503, "5.5.1", "This transaction uses BDAT; go on with it, or RSET")
NEEDS_BDAT = reply(503, "5.5.1", "BODY=BINARYMIME must be sent by BDAT")
NO_ARGUMENT = reply(501, "5.5.4", "This command takes no argument")
NAME_MISSING = reply(501, "5.5.4", "Say who you are: EHLO name")
BAD_CHUNK = reply(501, "5.5.4", "Syntax: BDAT size [LAST]; closing, since the chunk cannot be told from commands")

TOO_BIG = reply(552, "5.3.4", "Message is larger than max-message-size")
FAR_TOO_BIG = reply(421, "4.3.4", "Message is far larger than max-message-size; closing")
TOO_MANY_RECIPIENTS = reply(452, "4.5.3", "Too many recipients; send the message to the rest in another transaction")
TOO_MANY_CONNECTIONS = reply(421, "4.7.0", "Too many connections; close some, or raise max-connections")
TOO_MANY_FROM_PEER = reply(
    421, "4.7.0", "Too many connections from your address; close some, or raise max-connections-per-peer"
)
TOO_MANY_ERRORS = reply(421, "4.7.0", "Too many refused commands; see the transcript of this session, then reconnect")
TOO_MUCH_JUNK = reply(421, "4.5.0", "Too many commands that bring no mail; reconnect")
TOO_MANY_MESSAGES = reply(421, "4.7.1", "Too many messages on one connection; reconnect for the next")
LINE_ENDLESS = reply(421, "4.5.2", "A line that does not end; closing")
IDLE = reply(421, "4.4.2", "Waited too long for a command; reconnect")
TOO_SLOW = reply(421, "4.4.1", "Content comes slower than min-data-rate; reconnect and send again")
SESSION_OVER = reply(421, "4.4.7", "This session has lasted for session-timeout; reconnect")

LOCAL_ERROR = reply(451, "4.3.0", "Local error; nothing was kept, try again")
FAILED = reply(421, "4.3.0", "Local error; closing, try again")
STORAGE_FULL = reply(452, "4.3.1", "No room to keep this message; free some, then try again")
SHUTTING_DOWN = reply(421, "4.3.2", "Shutting down; try again later")
NOT_HTTP = reply(421, "4.5.1", "This port speaks SMTP; the web pages are on another one")
NOT_TLS = reply(421, "4.5.1", "This port begins without TLS; use STARTTLS, or the smtps port")

NEED_TLS = reply(530, "5.7.0", "STARTTLS first")
NEED_LOGIN = reply(530, "5.7.0", "Authentication required")
ALREADY_TLS = reply(503, "5.5.1", "TLS is active already")
ALREADY_LOGGED_IN = reply(503, "5.5.1", "Authenticated already")
NO_LOGIN_NOW = reply(503, "5.5.1", "No AUTH inside a transaction")
BAD_MECHANISM = reply(504, "5.5.4", "Mechanism not offered")
BAD_BASE64 = reply(501, "5.5.2", "Not valid base64")
BAD_RESPONSE = reply(501, "5.5.2", "Not what this mechanism expects")
CANCELLED = reply(501, "5.7.0", "Authentication cancelled")
BAD_CREDENTIALS = reply(535, "5.7.8", "Authentication credentials invalid")
LOGIN_UNAVAILABLE = reply(454, "4.7.0", "Cannot check credentials now; try again")
