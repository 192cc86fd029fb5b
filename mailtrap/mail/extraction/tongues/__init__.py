"""What is said around codes in some sixty languages, each named by its tag (BCP 47); facts about languages.

A stem that ends in `-` goes on with any letters; others are whole words. Scripts that put no space between words or an
article before them are asked for stems anywhere. A language may have several lines; their order does not matter.
"""

from mailtrap.mail.extraction.tongues.asking import BY, TYPE
from mailtrap.mail.extraction.tongues.occasions import FORMER, GETTING_IN, LASTS, ON_CONDITION, SPENT
from mailtrap.mail.extraction.tongues.places import KEYS, PLACE

__all__ = ["BY", "FORMER", "GETTING_IN", "KEYS", "LASTS", "ON_CONDITION", "PLACE", "SPENT", "TYPE"]
