"""Addresses in plain text and header fields, exact and in linear time."""

from __future__ import annotations

import math
import time

import pytest

from mailtrap.mail.links import in_field, in_text


@pytest.mark.parametrize(
    ("text", "hrefs"),
    [
        ("See http://a.test/x.", ["http://a.test/x"]),
        ("(see http://a.test/x)", ["http://a.test/x"]),
        ("http://a.test/path_(x)", ["http://a.test/path_(x)"]),
        ("<https://a.test/?q=1&b=2#f>", ["https://a.test/?q=1&b=2#f"]),
        ('"http://a.test"', ["http://a.test"]),
        ("[text](http://a.test/a)", ["http://a.test/a"]),
        ("HTTP://A.test/ and http://b.test", ["HTTP://A.test/", "http://b.test"]),
        ("http://bücher.test/straße", ["http://bücher.test/straße"]),
        ("日本語http://a.test/x。続き", ["http://a.test/x"]),
        ("mailto:a@b.test?subject=x", ["mailto:a@b.test?subject=x"]),
        ("mailto: nobody", []),
        ("http:// nothing", []),
        ("https://", []),
        ("ftp://a.test javascript:x", []),
        ("http://a.test/?token=abc-_=~!", ["http://a.test/?token=abc-_="]),
        ("http://[::1]:80/x", ["http://[::1]:80/x"]),
        ("http://a.test/1\nhttp://a.test/2", ["http://a.test/1", "http://a.test/2"]),
    ],
)
def test_links_in_text(text: str, hrefs: list[str]) -> None:
    assert [link.href for link in in_text(text)] == hrefs


def test_list_unsubscribe() -> None:
    links = in_field("<https://a.test/u?x=1>, <mailto:off@a.test?subject=off> (comment) <ftp://no>")
    assert [(link.href, link.kind) for link in links] == [
        ("https://a.test/u?x=1", "unsubscribe"),
        ("mailto:off@a.test?subject=off", "unsubscribe"),
    ]


REPEATED = ["http://", "(", "http://x(((", "http://x)))", "http://x.", "mailto:", "http://a.test/ ", "h", "http://x!"]
REPEATED += ["<http://", "mailto:a@", "http", "https:/"]


@pytest.mark.parametrize("piece", REPEATED)
def test_a_megabyte_takes_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    best = math.inf
    for _ in range(3):
        start = time.process_time()
        in_text(text)
        in_field(text)
        best = min(best, time.process_time() - start)
    assert best < 1
