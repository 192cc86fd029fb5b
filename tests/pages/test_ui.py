"""What the server puts into the pages, without a browser."""

from __future__ import annotations

import email
import email.policy
import time

import pytest

from mailtrap.mail import samples
from mailtrap.mail.content import Content
from mailtrap.mail.message import Mailbox
from mailtrap.web import markup, reading
from mailtrap.web.snippets import snippets
from mailtrap.web.ui import island


def test_ten_stacks_and_sendmail_are_told_the_real_port() -> None:
    made = snippets("127.0.0.1:2525")
    assert len(made) == 11
    assert all("2525" in one.code for one in made if one.key != "sendmail")
    assert all("{" not in one.code or one.key in ("node", "go", "rails") for one in made)


def test_an_ipv6_host_stands_without_brackets_where_the_port_is_apart() -> None:
    django = next(one for one in snippets("[::1]:1025") if one.key == "django")
    assert 'EMAIL_HOST = "::1"' in django.code


def test_the_sample_is_a_message_every_parser_understands() -> None:
    octets = samples.sample(1_767_225_600_000_000)
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    content = Content(octets)
    assert not parsed.defects
    assert content.defects == ()
    assert "It works" in parsed["Subject"]
    assert [part.filename for part in content.attachments] == ["deliveries.csv"]
    assert {link.href for link in content.links} >= {"https://example.test/confirm?token=3f9a2c"}
    assert b"\n" not in octets.replace(b"\r\n", b"")


@pytest.mark.parametrize("source", ["<" * 50_000, "&" * 100_000, "<!--" * 40_000, "<a b='" * 30_000, "<?" * 50_000])
def test_colouring_takes_linear_time_on_hostile_html(source: str) -> None:
    began = time.perf_counter()
    markup.lines(source)
    assert time.perf_counter() - began < 2


def test_coloured_source_is_escaped_and_complete() -> None:
    source = '<p class="x">a &amp; b</p>\n<!-- <script>alert(1)</script> -->\n\n<q x=1/>'
    lines = markup.lines(source)
    assert len(lines) == 4
    text = [line.striptags() for line in lines]
    assert text[0] == '<p class="x">a &amp; b</p>'
    assert "<script" not in "".join(lines)


def test_no_value_can_end_the_script_element_it_stands_in() -> None:
    assert "</script" not in island({"subject": "</script><script>alert(1)</script>"})


@pytest.mark.parametrize(
    ("mailbox", "letters"),
    [
        (Mailbox("Ana Reyes", "a@b.test"), "AR"),
        (Mailbox("", "no-reply@app.test"), "NR"),
        (Mailbox("田中 花子", ""), "田花"),
        (Mailbox("!!!", ""), "?"),
        (Mailbox("", ""), "?"),
    ],
)
def test_initials_come_from_the_name_else_the_address(mailbox: Mailbox, letters: str) -> None:
    assert reading.initials([mailbox], "") == letters


@pytest.mark.parametrize(
    ("octets", "words"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (52_428_800, "50 MB"), (5 * 1024**3, "5.0 GB")]
)
def test_sizes_are_said_in_few_words(octets: int, words: str) -> None:
    assert reading.size(octets) == words
