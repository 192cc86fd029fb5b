"""Failures exactly as told: what answers instead of us, when, and how often."""
