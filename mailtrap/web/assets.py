"""Finds templates/ and static/: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def templates() -> Path:
    """The directory of Jinja templates."""
    return _find("templates")


def static() -> Path:
    """The directory of what is served under `/static`."""
    return _find("static")


def check() -> None:
    """Raise FileNotFoundError where the installation is without them."""
    _ = templates(), static()


def _find(name: str) -> Path:
    for base in (_PACKAGE, _PACKAGE.parent):
        if (base / name).is_dir():
            return base / name
    raise FileNotFoundError(f"{name}/ is missing from this installation of mailtrap")
