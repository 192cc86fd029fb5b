"""Messages in files: eml directories, mbox, Maildir and zip, written and read back octet for octet."""

from mailtrap.archives.notes import FORMATS, Found, Note
from mailtrap.archives.reading import check, guess, left_out, read, read_mbox
from mailtrap.archives.writing import Writer, writer

__all__ = ["FORMATS", "Found", "Note", "Writer", "check", "guess", "left_out", "read", "read_mbox", "writer"]
