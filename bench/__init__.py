"""Measures what each message costs, beside stock aiosmtpd in the same run."""
