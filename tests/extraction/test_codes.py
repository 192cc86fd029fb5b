"""Codes in mails of every kind, what is none, and how well that goes on the labelled corpus."""

from __future__ import annotations

import time

import pytest

from mailtrap.mail.content import Content
from mailtrap.mail.extraction import codes
from tests.extraction.__main__ import measure, rates
from tests.extraction.held_out import HELD_OUT
from tests.extraction.templates import TEMPLATES


def mail(subject: str, body: str, subtype: str = "plain") -> Content:
    """A message with one text part."""
    return Content(f"Subject: {subject}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n\r\n{body}".encode())


def test_the_labelled_corpus_is_big_enough_and_read_well_enough() -> None:
    counts, mistakes = measure(TEMPLATES + HELD_OUT)
    recall, precision = rates(counts)
    assert sum(count["mails"] for count in counts.values()) >= 200
    assert len(counts) >= 8
    assert recall >= 0.98, mistakes
    assert precision >= 0.97, mistakes


@pytest.mark.parametrize(
    ("subject", "body", "told"),
    [
        ("Hello", "Your code is 482913", ["482913"]),
        ("482913 is your verification code", "Welcome", ["482913"]),
        ("Log in", "Your verification code is 123 456.", ["123456"]),
        ("Log in", "Your verification code is 123-456.", ["123456"]),
        ("Log in", "G-482913 is your verification code.", ["G-482913"]),
        ("Log in", "Your sign-in code: AB12-CD34", ["AB12-CD34"]),
        ("認証", "認証コード：４８２９１３", ["482913"]),
        ("رمز", "رمز التحقق هو ٤٨٢٩١٣", ["482913"]),
        ("Log in", "Your verification code is 2024", ["2024"]),
        ("Order 482913", "Order number: 482913. Your verification code is 551204.", ["551204"]),
    ],
)
def test_codes_as_one_types_them(subject: str, body: str, told: list[str]) -> None:
    assert [code.code for code in codes(mail(subject, body))] == told


@pytest.mark.parametrize(
    "body",
    [
        "Your code will come by 2026.",
        "Code of 2026-11-24, valid until 24.11.2026 at 14:30",
        "Your code costs $482913 or 4,829 EUR",
        "Call +1 503 555 0142 about your code",
        "Order code\n\n48291384",
        "Tracking code: 4829138",
        "Your verification code was used 4829 times",
        "The colour code is #482913",
        "Version code v4.8.2913",
        "Sign in. Zip code 94107, postal code 10115",
        "Verification code: 100%",
        "Your verification code expires in 1440 minutes",
        "Use code SAVE20 at checkout",
        "We sent a verification code to the phone ending in 4821.",
    ],
)
def test_what_is_no_code(body: str) -> None:
    assert codes(mail("News", body)) == []


def test_a_code_says_why_it_is_one_and_how_it_stands_there() -> None:
    (code,) = codes(mail("Log in", "<p>Your verification code</p><h1>482&nbsp;913</h1>", "html"))
    assert (code.code, code.written, code.where) == ("482913", "482 913", "html")
    assert "Your verification code" in code.reason
    assert code.confidence > 0.9


def test_digits_in_spans_cells_and_boxes_are_one_code() -> None:
    for page in (
        "".join(f"<span>{digit}</span>" for digit in "482913"),
        "<table><tr>" + "".join(f"<td> {digit} </td>" for digit in "482913") + "</table>",
        "".join(f"<div>{digit}</div>" for digit in "482913"),
    ):
        assert [code.code for code in codes(mail("Log in", f"<p>Your code:</p>{page}", "html"))] == ["482913"]


def test_what_is_hidden_is_not_told() -> None:
    page = "<style>.x{display:none}</style><p class=x>Your verification code is 111222</p><p>Your code is 482913</p>"
    assert [code.code for code in codes(mail("Log in", page, "html"))] == ["482913"]


def test_a_code_in_a_link_alone() -> None:
    page = '<a href="https://x.test/verify?u=1&amp;code=482913">Verify your email</a>'
    (code,) = codes(mail("Please verify", page, "html"))
    assert (code.code, code.where) == ("482913", "link")


HOSTILE = {
    "digits": "1" * 2_000_000,
    "numbers": "482913 " * 300_000,
    "numbers alone": "482913\n" * 300_000,
    "codes": "code " * 400_000,
    "codes and numbers": "code 482913 " * 100_000,
    "labels alone": "your verification code\n\n482913\n" * 50_000,
    "singles": "1 " * 500_000,
    "single lines": "1\n" * 500_000,
    "dots": "1." * 500_000,
    "dashes": "AB12-" * 400_000,
    "stars": "*" * 1_000_000,
    "at signs": "a@" * 500_000,
    "money": "$1 " * 500_000,
    "cjk": "验证码" * 400_000,
    "letters": "a" * 2_000_000,
    "dates": "2026-11-24T" * 100_000,
    "spaces": "code" + " " * 2_000_000 + "482913",
    "sentences": "your code is " * 100_000,
    "passwords": "reset the password " * 100_000,
}


@pytest.mark.parametrize("subtype", ["plain", "html"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_little_time(name: str, subtype: str) -> None:
    content = mail("482913 " * 1000, HOSTILE[name], subtype)
    start = time.process_time()
    assert len(codes(content)) <= 20
    assert time.process_time() - start < 20  # under 1 s on an idle machine
