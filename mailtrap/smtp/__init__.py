"""SMTP (RFC 5321, 6409, 8314): grammar, session, listener."""
