"""A mail sandbox: takes every message, relays none, and shows what was sent."""

__version__ = "0.1.0"
