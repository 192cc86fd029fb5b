"""What a message holds for a person or a test: codes, pictures, ways to unsubscribe, invitations, preview text."""

from mailtrap.mail.content import Content
from mailtrap.mail.extraction.codes import LIKELY, SURE, Code, codes
from mailtrap.mail.extraction.pictures import Picture, pictures
from mailtrap.mail.extraction.unsubscribing import Unsubscribing, unsubscribing
from mailtrap.mail.invitations import Invitation
from mailtrap.mail.invitations import invitations as calendar

__all__ = [
    "LIKELY",
    "SURE",
    "Code",
    "Invitation",
    "Picture",
    "Unsubscribing",
    "calendar",
    "codes",
    "pictures",
    "preheader",
    "unsubscribing",
]


def preheader(content: Content) -> str:
    """The hidden text at the top of the HTML, which lists show after the subject; '' where there is none."""
    return next((page.preheader for _, page in content.pages if page.preheader), "")
