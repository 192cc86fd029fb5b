"""How wide a mail says it has to be, for phones to show all of it."""

from __future__ import annotations

import time

import pytest

from mailtrap.web.fitting import fixed_width
from mailtrap.web.htmlfilter import filter_html
from mailtrap.web.urlfilter import Addresses

NO_ADDRESSES = Addresses(False, lambda cid: ("", 0), ("localhost", 80))


@pytest.mark.parametrize(
    ("html", "width"),
    [
        ("<p>Hello", 0),
        ("<p>a table of width=640 px", 0),
        ("<table width=640><tr><td width=200>x", 640),
        ("<table width='100%'><tr><td width=320>x", 0),
        ("<table width='600px'>", 600),
        ("<div style='width: 700px'><table width=640>", 700),
        ("<div style='min-width:620.5px'>", 620),
        ("<div style='max-width:600px'>", 0),
        ("<table width=600 style='width:100%;max-width:600px'>", 0),
        ("<img width=600 style='width:100%'>", 0),
        ("<img width=640 alt=x>", 640),
        ("<table width=9000>", 1200),
        ("<table width=300>", 0),
        ("<style>@media only screen and (max-width: 480px){.a{width:100%!important}}</style><table width=640>", 0),
        ("<style>@media (prefers-color-scheme: dark){.a{color:#fff}}</style><table width=640>", 640),
        ("<table border-width=640>", 0),
    ],
)
def test_what_a_mail_fixes(html: str, width: int) -> None:
    assert fixed_width(filter_html(html, NO_ADDRESSES).html) == width


@pytest.mark.parametrize("piece", ["<table ", '<td width="600"', "<td width='600' style='max-", "@media ", "width:999"])
def test_hostile_mail_takes_little_time(piece: str) -> None:
    start = time.process_time()
    fixed_width(piece * (2_000_000 // len(piece)))
    assert time.process_time() - start < 10
