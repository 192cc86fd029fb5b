"""File names from mail and what a browser is told to do with the octets."""

from __future__ import annotations

import pytest

from mailtrap.web.downloads import disposition, part_response, picture_type

HOSTILE = (
    "../../etc/passwd", "..\\..\\x", "/etc/passwd", "C:\\x", "x" * 300, "a\x00b", "a\r\nSet-Cookie: b=c",
    '"; filename="x', "-rf", "%2e%2e%2f", "a;b", "ünïcödé.pdf", "報告書.pdf",
    "\u202egnp.exe", "\ud800.txt", "", ".", "..", " . ",
    "a'b", "x\\",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_makes_a_safe_header_and_a_harmless_file(name: str) -> None:
    value = disposition("attachment", name)
    assert value.isascii()
    assert value.isprintable()
    plain = value.split('filename="')[1].split('"')[0]
    assert plain.strip(" .")
    assert not set('/\\:*?"<>|%') & set(plain)
    assert len(plain) <= 200
    assert value.count('"') == 2
    assert value.count(";") == 1 + ("filename*" in value) + plain.count(";")


def test_names_beyond_ascii_are_given_both_ways() -> None:
    assert (
        disposition("attachment", "Grüße.pdf")
        == "attachment; filename=\"Gr__e.pdf\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.pdf"
    )
    assert disposition("inline", "a.png") == 'inline; filename="a.png"'


@pytest.mark.parametrize(
    ("octets", "kind"),
    [(b"\x89PNG\r\n\x1a\n...", "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"GIF89a;", "image/gif"),
     (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"), (b"<svg onload=alert(1)>", ""), (b"<html>", ""), (b"BM", ""), (b"", ""),
     (b"RIFF\0\0\0\0WAVE", ""), (b"%PDF-1.7", "")],
)  # fmt: skip
def test_only_raster_pictures_known_by_their_octets_are_shown(octets: bytes, kind: str) -> None:
    assert picture_type(octets) == kind
    answer = part_response(octets, "x.html")
    assert answer.media == (kind or "application/octet-stream")
    assert answer.headers["Content-Disposition"].startswith("inline" if kind else "attachment")
