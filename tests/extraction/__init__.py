"""How well codes are found, measured on mails of our own that are labelled."""
