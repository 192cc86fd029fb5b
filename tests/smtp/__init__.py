"""SMTP, mostly without sockets."""
