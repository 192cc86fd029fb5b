"""Whether other machines could reach the web, and the check that a wide-open server was meant."""

from __future__ import annotations

from ipaddress import ip_address

from mailtrap.errors import SettingsError
from mailtrap.settings import Settings


def is_loopback(host: str) -> bool:
    """Whether listening on `host` is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_exposure(settings: Settings) -> None:
    """Raise SettingsError where the web would be open to other machines without that having been asked for."""
    if bool(settings.web_user) != bool(settings.web_password):
        raise SettingsError("web-user and web-password only work together", "give both, or neither")
    if is_loopback(settings.host) or settings.insecure or settings.web_password or settings.api_token:
        return
    raise SettingsError(
        f"listening on {settings.host} would show every message to anyone who can reach this machine",
        "set web-user and web-password, or api-token, or say --insecure",
    )
