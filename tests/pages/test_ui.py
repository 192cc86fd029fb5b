"""What the server puts into the pages, without a browser."""

from __future__ import annotations

import email
import email.policy
import shutil
import smtplib
import subprocess
import time
import urllib.request

import pytest

from mailtrap.mail import samples
from mailtrap.mail.content import Content
from mailtrap.mail.message import Mailbox
from mailtrap.query import Query
from mailtrap.web import markup, prose, reading
from mailtrap.web.snippets import snippets
from mailtrap.web.ui import BESIDES, PANELS, island
from tests.pages.conftest import Site


def test_ten_stacks_and_sendmail_are_told_the_real_port() -> None:
    made = snippets("127.0.0.1:2525")
    assert len(made) == 11
    assert all("2525" in one.code for one in made if one.key != "sendmail")
    assert not any("{{" in one.code or "}}" in one.code for one in made)


def test_no_snippet_trips_over_the_certificate_that_nobody_knows() -> None:
    """These libraries use STARTTLS wherever it is offered, and check; tried with all of them."""
    code = {one.key: one.code for one in snippets("127.0.0.1:2525")}
    assert 'openssl_verify_mode: "none"' in code["rails"]
    assert "?verify_peer=0" in code["laravel"]
    assert "ignoreTLS: true" in code["node"]
    assert "SmtpAutoTLS = false".lower() in code["php"].lower()
    assert "SecureSocketOptions.None" in code["dotnet"]
    assert "err := smtp.SendMail(" not in code["go"]


def test_what_is_copied_for_the_shell_sends(site: Site) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    curl = next(one.code for one in snippets(f"127.0.0.1:{site.smtp[1]}") if one.key == "curl")
    subprocess.run(["sh", "-ec", curl], check=True, capture_output=True, timeout=20)
    assert [m.heading.subject for m in site.server.store.page(Query.EVERYTHING, limit=5).messages] == [
        "Hello from curl"
    ]


def test_sentences_have_code_where_they_have_backticks_and_nothing_else() -> None:
    assert (
        prose.ticked("`:temp:` or <b>`a&b`</b>, `")
        == "<code>:temp:</code> or &lt;b&gt;<code>a&amp;b</code>&lt;/b&gt;, `"
    )
    assert [prose.counted(number, "line") for number in (0, 1, 2, 12345)] == [
        "0 lines",
        "1 line",
        "2 lines",
        "12,345 lines",
    ]
    said = [prose.lasting(seconds) for seconds in (1, 90, 3600.0, 7200, 604800, 0.5)]
    assert said == ["1 second", "90 seconds", "1 hour", "2 hours", "7 days", "0.5 seconds"]


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
    assert time.perf_counter() - began < 10


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


HOSTILE = {
    "nothing at all": b"",
    "no header": b"\x00\x01\x02 just octets \xff\xfe\r\n",
    "one long line": b"Subject: x\r\n\r\n" + b"a" * 1_000_000 + b"\r\n",
    "nested ten thousand deep": b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(10_000)
    ),
    "a hundred thousand encoded words": b"Subject: " + b"=?utf-8?q?x?=\r\n " * 100_000 + b"\r\n\r\nx",
    "many fields": b"".join(b"X-%d: y\r\n" % n for n in range(50_000)) + b"\r\nbody",
    "lone surrogates": b"Subject: =?utf-16?b?2AA=?=\r\nContent-Type: text/html; charset=utf-16\r\n\r\n\xd8\x00<\x00",
    "utf-7": b"Subject: =?utf-7?q?+2AA-?=\r\nContent-Type: text/html; charset=utf-7\r\n\r\n+2AA-",
    "surrogates in utf-8": b"Subject: \xed\xa0\x80\r\nFrom: \xed\xa0\x80 <\xff@x>\r\n\r\n\xed\xa0\x80",
    "cut off multipart": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<p",
    "html of brackets": b"Content-Type: text/html\r\n\r\n" + b"<" * 200_000,
}


@pytest.mark.parametrize("octets", HOSTILE.values(), ids=HOSTILE)
def test_every_view_of_hostile_mail_is_shown_within_a_second(site: Site, octets: bytes) -> None:
    with smtplib.SMTP(*site.smtp) as client:
        client.sendmail("a@example.test", ["b@example.test"], octets)
    for path in ("", "/reader", *(f"/panels/{name}" for name in PANELS + BESIDES)):
        began = time.perf_counter()
        with urllib.request.urlopen(f"{site.web}/messages/1{path}", timeout=10) as answer:
            assert answer.status == 200
            answer.read()
        assert time.perf_counter() - began < 5, path


def test_files_that_are_left_out_are_counted(site: Site) -> None:
    part = b"--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n1\r\n"
    mail = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 503 + b"--b--\r\n"
    with smtplib.SMTP(*site.smtp) as client:
        client.sendmail("a@example.test", ["b@example.test"], mail)
    with urllib.request.urlopen(f"{site.web}/messages/1/panels/attachments", timeout=10) as answer:
        panel = answer.read().decode()
    assert panel.count('class="card"') == 500
    assert "3 more are not shown here" in panel
