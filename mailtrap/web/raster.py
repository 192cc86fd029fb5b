"""Tells from its first octets whether something is a raster image a browser may show, and how large it is unpacked."""

from __future__ import annotations

from dataclasses import dataclass

#: Pixels; more is a bomb (50 KB of PNG can unpack to gigabytes) or nothing that belongs in a mail.
MAX_PIXELS = 20_000_000
_JPEG_SCAN = 256


@dataclass(frozen=True, slots=True)
class Raster:
    """`type` is the media type by its signature, whatever the mail calls it."""

    type: str
    width: int
    height: int


def raster(octets: bytes) -> Raster | None:
    """What kind of image this is; None for anything else, svg included, and for an image too large to unpack."""
    for kind, measure in _KINDS:
        size = measure(octets)
        if size is not None:
            width, height = size
            return Raster(kind, width, height) if 0 < width * height <= MAX_PIXELS else None
    return None


Size = tuple[int, int] | None


def _big(octets: bytes, at: int, length: int) -> int:
    return int.from_bytes(octets[at : at + length], "big")


def _little(octets: bytes, at: int, length: int) -> int:
    return int.from_bytes(octets[at : at + length], "little")


def _png(octets: bytes) -> Size:
    if not octets.startswith(b"\x89PNG\r\n\x1a\n") or octets[12:16] != b"IHDR" or len(octets) < 24:
        return None
    return _big(octets, 16, 4), _big(octets, 20, 4)


def _gif(octets: bytes) -> Size:
    if not octets.startswith((b"GIF87a", b"GIF89a")) or len(octets) < 10:
        return None
    return _little(octets, 6, 2), _little(octets, 8, 2)


def _jpeg(octets: bytes) -> Size:
    """The size stands in the first SOF segment; at most 256 segments may precede it."""
    if not octets.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    for _ in range(_JPEG_SCAN):
        if at + 9 > len(octets) or octets[at] != 0xFF:
            return None
        marker = octets[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _big(octets, at + 7, 2), _big(octets, at + 5, 2)
        at += 1 if marker == 0xFF else 2 + _big(octets, at + 2, 2)
    return None


def _webp(octets: bytes) -> Size:
    if not octets.startswith(b"RIFF") or octets[8:12] != b"WEBP" or len(octets) < 30:
        return None
    form = octets[12:16]
    if form == b"VP8X":
        return _little(octets, 24, 3) + 1, _little(octets, 27, 3) + 1
    if form == b"VP8L":
        bits = _little(octets, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 ":
        return _little(octets, 26, 2) & 0x3FFF, _little(octets, 28, 2) & 0x3FFF
    return None


def _bmp(octets: bytes) -> Size:
    if not octets.startswith(b"BM") or len(octets) < 26 or _little(octets, 14, 4) not in (40, 52, 56, 108, 124):
        return None
    height = int.from_bytes(octets[22:26], "little", signed=True)  # negative: rows from the top
    return _little(octets, 18, 4), abs(height)


def _avif(octets: bytes) -> Size:
    """The largest `ispe` property among the first ones (ISO/IEC 23008-12 §6.5.3)."""
    if octets[4:8] != b"ftyp" or not any(brand in octets[8:64] for brand in (b"avif", b"avis")):
        return None
    head, at, largest = octets[: 64 * 1024], 0, (0, 0)
    while (at := head.find(b"ispe", at)) >= 0:
        size = _big(head, at + 8, 4), _big(head, at + 12, 4)
        largest = max(largest, size, key=lambda s: s[0] * s[1])
        at += 4
    return largest


_KINDS = (
    ("image/png", _png),
    ("image/jpeg", _jpeg),
    ("image/gif", _gif),
    ("image/webp", _webp),
    ("image/bmp", _bmp),
    ("image/avif", _avif),
)
