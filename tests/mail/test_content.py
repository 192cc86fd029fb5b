"""What a message is understood to be: its text, its attachments, its kinds, within bounds."""

from __future__ import annotations

import base64
import re
import time
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.mail.content import MAX_BODY, Content, understand
from mailtrap.mail.defects import DEFECTS, ONCE, explain
from mailtrap.mail.message import State

HEAD = (
    b"From: a@b.test\r\nTo: c@d.test\r\nSubject: x\r\nDate: Tue, 24 Nov 2026 06:00:00 +0000\r\n"
    b"Message-ID: <1@b.test>\r\nMIME-Version: 1.0\r\n"
)


def mime(content_type: str, *parts: str) -> bytes:
    """A message of the parts given, each a header section and a body with \\n line ends."""
    body = "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    return HEAD + f"Content-Type: {content_type}; boundary=b\n\n{body}".replace("\n", "\r\n").encode()


PLAIN, HTML = "Content-Type: text/plain\n\nplain", "Content-Type: text/html\n\n<p>html</p>"
AMP = "Content-Type: text/x-amp-html\n\n<html amp4email>amp</html>"
PNG = "Content-Type: image/png\nContent-ID: <i@x>\n\npng"
PDF = "Content-Type: application/pdf\nContent-Disposition: {}; filename=a.pdf\n\npdf"
LOG = "Content-Type: text/plain; name=a.log\n{}\nlog"


@pytest.mark.parametrize(
    ("octets", "text", "html", "attachments"),
    [
        (mime("multipart/alternative", PLAIN, HTML), "plain", "<p>html</p>", []),
        (mime("multipart/alternative", HTML, PLAIN), "plain", "<p>html</p>", []),
        (mime("multipart/alternative", PLAIN, AMP, HTML), "plain", "<p>html</p>", []),
        (mime("multipart/alternative", HTML), "html", "<p>html</p>", []),
        (mime("multipart/alternative", PLAIN, PLAIN.replace("plain\n\nplain", "plain\n\nricher")), "richer", "", []),
        (mime("multipart/mixed", PLAIN, PLAIN), "plain\nplain", "", []),
        (mime("multipart/mixed", PLAIN, HTML), "plain", "<p>html</p>", []),
        (mime("multipart/mixed", PLAIN, PDF.format("attachment")), "plain", "", ["a.pdf"]),
        (mime("multipart/mixed", PLAIN, PDF.format("inline")), "plain", "", ["a.pdf"]),
        (mime("multipart/mixed", PLAIN, LOG.format("")), "plain", "", ["a.log"]),
        (mime("multipart/mixed", PLAIN, LOG.format("Content-Disposition: inline\n")), "plain\nlog", "", []),
        (mime("multipart/mixed", PLAIN, LOG.format("Content-Disposition: attachment\n")), "plain", "", ["a.log"]),
        (mime("multipart/related", HTML, PNG), "html", "<p>html</p>", []),
        (mime("multipart/related", PNG, HTML), "html", "<p>html</p>", []),
        (mime("multipart/mixed", HTML, PNG), "html", "<p>html</p>", []),
        (mime("multipart/mixed", HTML, PNG.replace("Content-ID: <i@x>\n", "")), "html", "<p>html</p>", ["image/png"]),
        (
            mime("multipart/mixed", PLAIN, "Content-Type: message/rfc822\n\nSubject: y\n\ninner"),
            "plain",
            "",
            ["message/rfc822"],
        ),
        (mime("multipart/mixed", "Content-Type: application/octet-stream\n\nx"), "", "", ["application/octet-stream"]),
        (
            mime("multipart/signed", PLAIN, "Content-Type: application/pkcs7-signature; name=smime.p7s\n\nx"),
            "plain",
            "",
            [],
        ),
        (mime("multipart/digest", "\nSubject: y\n\none", "\nSubject: z\n\ntwo"), "", "", ["message/rfc822"] * 2),
        (HEAD + b"Content-Type: text/csv\r\n\r\na,b", "a,b", "", []),
        (HEAD + b"Content-Type: application/pdf\r\n\r\npdf", "", "", ["application/pdf"]),
        (HEAD + b"Content-Type: text/html\r\n\r\n<p>html</p>", "html", "<p>html</p>", []),
    ],
)
def test_text_html_and_attachments(octets: bytes, text: str, html: str, attachments: list[str]) -> None:
    content = Content(octets)
    assert (content.text, content.html) == (text, html)
    assert [part.filename or part.type for part in content.attachments] == attachments
    assert understand(1, octets).attachments == len(attachments)
    assert content.defects == ()


def test_parts_are_found_by_their_number() -> None:
    content = Content(mime("multipart/mixed", PLAIN, HTML))
    assert [part.path for part in content.parts] == ["", "1", "2"]
    assert (part := content.part("2")) is not None
    assert part.octets() == b"<p>html</p>"
    assert content.part("3") is None
    assert content.part("") is content.root


def test_header_fields_are_decoded_and_keep_their_octets() -> None:
    content = Content(b"Subject: =?utf-8?q?=C3=BC?=\r\n folded\r\nX-A: 1\r\nX-A:2\r\n\r\n")
    assert [(field.name, field.value, field.raw) for field in content.header] == [
        ("Subject", "ü folded", b"Subject: =?utf-8?q?=C3=BC?=\r\n folded"),
        ("X-A", "1", b"X-A: 1"),
        ("X-A", "2", b"X-A:2"),
    ]
    assert understand(1, content.octets).header == (("Subject", "ü folded"), ("X-A", "1"), ("X-A", "2"))


def test_links_come_once_html_first() -> None:
    octets = b"List-Unsubscribe: <https://u.test/>\r\n" + mime(
        "multipart/alternative",
        "Content-Type: text/plain\n\nhttp://a.test/ http://c.test/",
        'Content-Type: text/html\n\n<a href="http://a.test/">A</a><img src="http://i.test/"><a href="http://a.test/">B</a>',
    )
    assert [(link.href, link.text, link.kind) for link in Content(octets).links] == [
        ("http://a.test/", "A", "link"),
        ("http://i.test/", "", "asset"),
        ("http://c.test/", "http://c.test/", "link"),
        ("https://u.test/", "", "unsubscribe"),
    ]


def test_the_body_to_search_has_the_html_only_where_it_says_something_else() -> None:
    same = understand(1, mime("multipart/alternative", "\nOne two", "Content-Type: text/html\n\n<p>One <b>two</b></p>"))
    assert same.body == "One two"
    more = understand(
        1, mime("multipart/alternative", "\nOne two", "Content-Type: text/html\n\n<p>One <b>three</b></p>")
    )
    assert "three" in more.body
    assert more.snippet == "One two"


@pytest.mark.parametrize(
    ("text", "snippet"),
    [
        ("Hello,\r\n\r\n  world\r\n", "Hello, world"),
        ("-----\r\n====== ***** Hi", "Hi"),
        ("\u200c\u200c \ufeff\u034f \u00ad Hi", "Hi"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("x" * 500, "x" * 159 + "…"),
        ("word " * 100, ("word " * 32)[:159].rstrip() + "…"),
        ("👩‍🚀 go", "👩‍🚀 go"),
    ],
)
def test_the_snippet_is_one_readable_line(text: str, snippet: str) -> None:
    octets = HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode()
    assert understand(1, octets).snippet == snippet


def test_kinds_tell_what_is_in_a_message() -> None:
    octets = mime(
        "multipart/mixed",
        "\nSee https://a.test",
        HTML,
        PDF.format("attachment"),
        "Content-Type: image/gif\n\nx",
        "Content-Type: text/calendar\n\nBEGIN:VCALENDAR",
        "Content-Type: message/rfc822\n\nSubject: y\n\nz",
    )
    assert " ".join(understand(1, octets).kinds) == ("attachment calendar html image link message pdf text")


def test_what_is_kept_is_bounded() -> None:
    many = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 100) for n in range(2000))
    understanding = understand(1, many + b"\r\n" + b"word " * 1_000_000)
    assert len(understanding.body) <= MAX_BODY
    assert sum(len(name) + len(value) for name, value in understanding.header) <= 65_536 + 100
    assert "header-cut" in understanding.defects
    parts = [f"Content-Disposition: attachment; filename={n}\n\nx" for n in range(900)]
    assert len(understand(1, mime("multipart/mixed", *parts)).filenames) == 200


def test_where_a_long_text_was_cut_is_no_defect() -> None:
    encoded = base64.encodebytes("ü".encode() * 3_000_000).replace(b"\n", b"\r\n")
    octets = HEAD + b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded
    assert understand(1, octets).defects == ()


def test_what_the_wire_showed_becomes_a_defect_once() -> None:
    assert understand(1, HEAD + b"\r\nx\n", ("long-line", "bare-lf")).defects == ("bare-lf", "long-line")


def test_every_defect_is_explained() -> None:
    for slug, sentence in DEFECTS.items():
        assert re.fullmatch(r"[a-z0-9-]+", slug)
        assert sentence.endswith(".")
        assert explain(slug) == sentence
    assert explain("never-seen") == "Never seen."
    assert {"subject", "from", "date", "message-id", "content-type"} <= ONCE


@pytest.mark.parametrize(
    "octets", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50, b'{"a": 1}', b"GET / HTTP/1.1\r\n\r\n", b""]
)
def test_what_is_no_message_is_kept_as_such(octets: bytes) -> None:
    understanding = understand(1, octets)
    assert understanding.state == State.UNPARSED
    assert understanding.defects == ("not-a-message",)


HOSTILE = {
    "html of one tag": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<p>" * 3_300_000,
    "100 000 encoded words": b"Subject: " + b" ".join([b"=?utf-8?q?a?="] * 100_000) + b"\r\n" + HEAD + b"\r\nx",
    "10 MB of newlines": b"\n" * 10_000_000,
    "50 MB in one field": b"Subject: " + b"a" * 50_000_000 + b"\r\n\r\nx",
    "400 KB of 'a '": b"Subject: " + b"a " * 200_000 + b"\r\n\r\nx",
    "lines of 1 MB": HEAD + b"\r\n" + (b"x" * 1_000_000 + b"\r\n") * 10,
    "bad UTF-16": HEAD + b"Content-Type: text/plain; charset=utf-16le\r\n\r\n" + b"\x00\xd8" * 5_000_000,
    "bad GB 18030": HEAD + b"Content-Type: text/plain; charset=gb2312\r\n\r\n" + b"\xff" * 10_000_000,
    "bad Base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A=A!" * 2_500_000,
    "same field": b"Subject: y\r\n" * 1_000_000,
    "50 000 empty parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 50_000,
    "1000 big texts": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<td>x" * 3000) * 1000,
    "nonsense": bytes(range(256)) * 40_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_content_is_understood_in_no_time(name: str) -> None:
    start = time.process_time()
    understanding = understand(1, HOSTILE[name])
    assert time.process_time() - start < 20  # some tenths of a second where nothing else runs and nobody traces
    repr(understanding).encode("utf-8")
    content = Content(HOSTILE[name])
    start = time.process_time()
    for text in (content.text, content.html, *[link.href for link in content.links]):
        text.encode("utf-8")
    assert content.attachments is not None
    assert time.process_time() - start < 20


def test_a_newsletter_is_understood_in_well_under_a_millisecond() -> None:
    letter = EmailMessage(policy=SMTP)
    for name, value in {"From": "Jürgen <j@a.test>", "To": "b@c.test", "Subject": "Your order ünd more"}.items():
        letter[name] = value
    letter.set_content("Hello dear customer, your order http://x.test/?a=1 has shipped.\n" * 40)
    letter.add_alternative(
        "<html><head><style>p{}</style></head><body>"
        + "<p style='margin:0'>Hello <b>this</b> is a <a href='http://x.test/?a=1&amp;b=2'>link</a></p>\n" * 45
        + "</body></html>",
        subtype="html",
    )
    octets = letter.as_bytes()
    best = 1.0
    for _ in range(5):
        start = time.process_time()
        for _ in range(20):
            understand(1, octets)
        best = min(best, (time.process_time() - start) / 20)
    assert best < 4e-2  # 0.2 ms on an idle machine


LINES = st.sampled_from(
    (
        b"--a|--a--|--b|--b--||text|<p>html<a href=x>|Subject: =?utf-16?b?2AA=?=|Content-Type: text/html|https://x"
        b"|Content-Type: message/rfc822|Content-Type: multipart/alternative; boundary=a"
        b"|Content-Type: text/html; charset=hz"
        b"|Content-Type: multipart/related; boundary=b; start=x"
        b"|Content-Transfer-Encoding: base64|2AA=|\xff\0\xed\xa0\x80"
        b"|Content-Disposition: attachment; filename*=utf-16''%00%d8|Content-Type: multipart/signed; boundary=a"
    ).split(b"|")
)


@given(st.one_of(st.lists(LINES, max_size=30).map(b"\r\n".join), st.binary(max_size=300)))
def test_nothing_makes_it_raise_or_yield_what_is_not_utf_8(octets: bytes) -> None:
    understanding = understand(1, octets)
    content = Content(octets)
    for text in (understanding.body, understanding.snippet, *understanding.filenames, content.text, content.html):
        text.encode("utf-8")
    for name, value in understanding.header:
        (name + value).encode("utf-8")
    for link in content.links:
        (link.href + link.text).encode("utf-8")
    assert set(content.attachments) <= set(content.parts)
    assert set(understanding.defects) <= set(DEFECTS)
