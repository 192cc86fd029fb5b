"""What can be wrong with a message, in words a developer can act on."""

from __future__ import annotations

#: Stable slug → what it means and what to do about it.
DEFECTS: dict[str, str] = {
    "not-a-message": (
        "This is no Internet message: there is not one header field. Send a header section, an empty line, then the "
        "body (RFC 5322)."
    ),
    "no-header": "There is no header section. Start the content with header fields such as From, Date and Subject.",
    "no-blank-line": (
        "The header section ends at a line that is no field, without an empty line. Put one empty line between header "
        "and body."
    ),
    "bad-header-line": (
        "A line among the header fields has no colon. Start continuation lines with a blank, and remove line breaks "
        "from values."
    ),
    "mbox-line": "The content starts with a `From ` line of an mbox file. Send the message without it.",
    "header-cut": (
        "A header section is so long that only its beginning was read. Check for fields that grow without bound."
    ),
    "8bit-header": (
        "A header field has 8-bit octets that are not valid UTF-8. Use encoded words (RFC 2047), or UTF-8 with "
        "SMTPUTF8."
    ),
    "utf8-header": (
        "A header field has raw UTF-8. It needs SMTPUTF8 on the whole way; use encoded words (RFC 2047) to be safe."
    ),
    "missing-from": "There is no From field. Every message needs exactly one (RFC 5322 §3.6).",
    "missing-date": "There is no Date field. Every message needs exactly one (RFC 5322 §3.6).",
    "missing-message-id": (
        "There is no Message-ID field. Without it replies cannot be threaded, and spam filters frown."
    ),
    "missing-mime-version": "There are MIME fields but no MIME-Version field. Add `MIME-Version: 1.0` (RFC 2045 §4).",
    "missing-boundary-parameter": (
        "A multipart names no boundary, so its parts cannot be told apart. Add the boundary parameter."
    ),
    "missing-boundary": (
        "The boundary a multipart names never occurs in it. Check that header and body use the same one."
    ),
    "missing-end-boundary": "A multipart is not closed by `--boundary--`. The message may have been cut off.",
    "long-boundary": "A boundary is too long to be used. RFC 2046 allows 70 characters.",
    "bad-content-type": "A Content-Type is not of the form type/subtype; the part is taken for text/plain.",
    "too-deep": "Parts are nested too deeply; what lies deeper than the limit is kept but not taken apart.",
    "too-many-parts": "There are too many parts; what follows the limit is kept but not taken apart.",
    "bad-base64": "A part is not valid Base64; what could be decoded is shown.",
    "bad-quoted-printable": (
        "A part is not valid quoted-printable: an `=` is followed by something else than two hexadecimal digits."
    ),
    "bad-uuencode": "A part is not valid uuencoded text; what could be decoded is shown.",
    "unknown-encoding": (
        "A Content-Transfer-Encoding is none of 7bit, 8bit, binary, quoted-printable and base64; the part is shown as "
        "it is."
    ),
    "unknown-charset": "A charset is not known; the text was read as UTF-8 or windows-1252. Use UTF-8.",
    "utf-7": "A text is in UTF-7, which is unsafe and is shown undecoded. Use UTF-8.",
    "undecodable": (
        "A text has octets that do not occur in its charset; they are shown as U+FFFD. Check the declared charset."
    ),
    "undeclared-8bit": "A text has 8-bit octets but declares no charset, or ASCII. Declare `charset=utf-8`.",
    "bare-lf": (
        "Some lines end with LF alone. SMTP lines end with CRLF (RFC 5321 §2.3.8); some servers refuse such mail."
    ),
    "bare-cr": "There are CR octets without LF. SMTP forbids them (RFC 5321 §2.3.8); some servers refuse such mail.",
    "long-line": (
        "A line is longer than 1000 octets with its CRLF (RFC 5321 §4.5.3.1.6). Use quoted-printable or base64."
    ),
    "bare-lf-command": (
        "SMTP commands before this message ended with LF alone. End them with CRLF (RFC 5321 §2.3.8); some servers "
        "wait for it for ever."
    ),
    "8bit-undeclared": (
        "The content has 8-bit octets, but MAIL did not say BODY=8BITMIME (RFC 6152); a server may refuse or alter it."
    ),
    "utf8-address-undeclared": (
        "An envelope address has non-ASCII characters, but MAIL did not say SMTPUTF8 (RFC 6531); other servers "
        "refuse it."
    ),
    "binary-in-base64": (
        "Parts came as they are, by the literal8 of IMAP's APPEND (RFC 3516), and are kept in Base64: nothing else can "
        "be fetched by BODY (RFC 9051 §7.5.2)."
    ),
    "nul": "There are NUL octets, which RFC 5322 forbids; some servers refuse or cut such mail.",
}
for _name in (
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Date",
    "Subject",
    "Message-ID",
    "In-Reply-To",
    "References",
):
    DEFECTS[f"duplicate-{_name.lower()}"] = (
        f"There is more than one {_name} field; programs disagree on which one counts. Send one (RFC 5322 §3.6)."
    )
for _name in ("Content-Type", "MIME-Version", "Content-Transfer-Encoding"):
    DEFECTS[f"duplicate-{_name.lower()}"] = (
        f"There is more than one {_name} field; programs disagree on which one counts. Send one (RFC 2045 §3)."
    )

#: Fields that may occur once (RFC 5322 §3.6, RFC 2045 §3), lower case.
ONCE = frozenset(slug.removeprefix("duplicate-") for slug in DEFECTS if slug.startswith("duplicate-"))


def explain(slug: str) -> str:
    """The sentence for a defect; for one from elsewhere its name."""
    return DEFECTS.get(slug, slug.replace("-", " ").capitalize() + ".")
