"""IMAP4rev1 and IMAP4rev2 (RFC 3501, 9051) with their extensions: grammar, session, listener."""
