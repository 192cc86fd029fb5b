"""Pages and JSON API: a Flask application over one Sandbox, and the server that serves it.

Importing this imports none of it: `Entrance` listens at once and has the rest imported afterwards.
"""

from mailtrap.web.about import About
from mailtrap.web.entrance import Entrance

__all__ = ["About", "Entrance"]
