"""How sizes and times are written in a query."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)

_SIZE = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,3}))?(|B|K|KB|KIB|M|MB|MIB|G|GB|GIB)")
_FACTORS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_LARGEST = (1 << 63) - 1

_AGO = re.compile(r"([0-9]{1,9})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: RFC 3339 §5.6 date-time; the zone and the seconds may be left out, then it is UTC and the full minute.
_MOMENT = re.compile(_DATE.pattern + r"T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?")


def parse_size(text: str) -> int | None:
    """Octets: `5000`, `10KB` (of 1024), `1.5MB`, `1GB`; None if it is no size."""
    match = _SIZE.fullmatch(text.upper())
    if not match or not text.isascii():
        return None
    factor = _FACTORS[match[3][:1]]
    octets = int(match[1]) * factor
    if match[2]:
        octets += int(match[2]) * factor // 10 ** len(match[2])
    return octets if octets <= _LARGEST else None


def is_relative(text: str) -> bool:
    """Whether a time is written relative to now."""
    return bool(_AGO.fullmatch(text.lower())) or text.lower() in ("now", "today", "yesterday")


def parse_time(text: str, now: int) -> int | None:
    """Microseconds since the epoch; None if it is no time, or none a calendar has. Days begin at midnight UTC."""
    try:
        at = _relative(text.lower(), _EPOCH + now * _MICROSECOND) if is_relative(text) else _absolute(text.upper())
    except (ValueError, OverflowError):
        return None
    return (at - _EPOCH) // _MICROSECOND if at else None


def _relative(text: str, now: datetime) -> datetime:
    ago = _AGO.fullmatch(text)
    if ago:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return {"now": now, "today": midnight}.get(text) or midnight - _DAY


def _absolute(text: str) -> datetime | None:
    if not (_DATE.fullmatch(text) or _MOMENT.fullmatch(text)):
        return None
    at = datetime.fromisoformat(text)
    # Into UTC, since what is printed is; a time that UTC's calendar lacks raises OverflowError.
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
