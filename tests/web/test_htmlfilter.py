# ruff: noqa: E501  an attack is easier to judge on one line
"""What the filter keeps, what it drops, and that nobody can wear it out."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtrap.web.cssfilter import filter_css
from mailtrap.web.htmlfilter import MAX_LENGTH, filter_html
from mailtrap.web.linkify import linkify
from mailtrap.web.raster import raster
from mailtrap.web.urlfilter import Addresses, link
from tests.hostile.inputs import BODIES

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
OWN = ("localhost", 8025)
LOCAL = Addresses(False, lambda cid: PIXEL if cid == "logo@x" else "", OWN)
REMOTE = Addresses(True, lambda cid: "", OWN)


def body(html: str, addresses: Addresses = LOCAL, scheme: str = "light") -> str:
    shown = filter_html(html, addresses, scheme).html
    return shown.partition("</style>")[2]


@pytest.mark.parametrize(
    "kept",
    [
        '<html lang="en"><body bgcolor="#eee" style="margin:0"><table width="600"><tr><td align="center">x</td></tr></table></body></html>',
        '<head><title>Hi</title></head><p class="a b" id="c" data-ogsc="x">x &amp; y &lt; z</p>',
        '<a href="mailto:a@x.test" target="_blank" rel="noopener noreferrer nofollow">x</a>',
        '<a href="#below">x</a><a name="below"></a>',
        f'<img src="{PIXEL}" alt="x" width="1">',
        "<style>@media (max-width:600px){.a{width:100%!important}}</style>",
        '<details open><summary>x</summary></details><input type="checkbox" checked id="a"><label for="a">x</label>',
    ],
)
def test_ordinary_mail_comes_out_as_it_went_in(kept: str) -> None:
    assert body(kept) == kept


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<b>a<script>alert(1)</script>b", "<b>ab"),
        ("<svg><p>x</svg>after", "after"),
        ("<svg>never closed <i>x", "never closed <i>x"),
        ("<iframe>x</iframe><object>y</object>z", "z"),
        ("<o:p>kept text</o:p>", "kept text"),
        ('<p onclick="x" STYLE="color:red" srcdoc="y" xlink:href="z">', '<p style="color:red">'),
        ('<img src="http://t.test/pixel" alt="a">', '<img alt="a">'),
        ('<img src="CID:logo%40x">', f'<img src="{PIXEL}">'),
        ('<img src="data:image/svg+xml,<svg onload=x>">', "<img>"),
        ('<img src="data:text/html;base64,AAAA">', "<img>"),
        ('<a href=" java\tscript:x">y</a><a href="data:text/html,x">z</a>', "<a>y</a><a>z</a>"),
        ('<td background="http://t.test/">', "<td>"),
        (
            "<base href='http://t.test/'><link rel=preconnect href='http://t.test/'><meta http-equiv=refresh content=0>x",
            "x",
        ),
        (
            '<a href="http://x.test/?a&b" ping=http://t.test target=_top>y</a>',
            '<a href="#mailtrap-link" title="http://x.test/?a&amp;b">y</a>',
        ),
        ("<plaintext><b>", "&lt;b&gt;"),
        ("a\0b<!-- <b> --><![CDATA[<b>]]>", "ab]]&gt;"),
        ('<input type=image src=x><input type=password value=">">', '<input><input value="&gt;">'),
    ],
)
def test_what_could_do_harm_is_gone(html: str, shown: str) -> None:
    assert body(html) == shown


@pytest.mark.parametrize(
    ("css", "shown"),
    [
        ("a{background:url(http://t.test/)}", "a{background: none }"),
        ("a{background:u\\72 l( 'http://t.test/' )}", "a{background: none }"),
        ("a{background:url(cid:logo@x) no-repeat}", f'a{{background:url("{PIXEL}") no-repeat}}'),
        ("@import 'http://t.test/'; b{}", "  b{}"),
        ("@\\69mport url(http://t.test/);b{}", " b{}"),
        ("u/**/rl(http://t.test/)", "u/**/rl(http:/" + "/t.test/)"),
        ("a{b:image-set('http://t.test/' 1x)}", 'a{b:removed-image-set("http://t.test/" 1x)}'),
        (
            "a{width:expression(x);behavior:url(x);-moz-binding:y}",
            "a{width:removed-expression(x);removed-behavior: none ;removed--moz-binding:y}",
        ),
        ("a{content:'</style><script>'}", 'a{content:"\\3c /style>\\3c script>"}'),
        ("</style><script>", " /style> script>"),
        ("@media (400px <= width){}", "@media (400px <= width){}"),
        (".sm\\:w-full{}", ".sm\\3a w-full{}"),
        ("@x{a:'x\ny'}", '@x{a:""\ny"}"'),
    ],
)
def test_css_loads_nothing_and_is_read_in_one_way(css: str, shown: str) -> None:
    assert filter_css(css, LOCAL.picture, "light") == shown


def test_the_mails_own_dark_styles_apply_in_dark_and_only_there() -> None:
    css = "<style>@media (prefers-color-scheme: dark){p{color:#fff}}:root{color-scheme:light dark}</style>"
    assert "@media (min-width:0){" in body(css, scheme="dark")
    assert "@media (min-width:9999999px){" in body(css, scheme="light")
    assert "removed-color-scheme:light dark" in body(css)
    assert 'media="(min-width:0)"' in body('<style media="(prefers-color-scheme:dark)"></style>', scheme="dark")


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE html>",
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">',
        "",
    ],
)
def test_the_document_type_and_so_the_layout_mode_stays(doctype: str) -> None:
    assert filter_html(doctype + "<p>x", LOCAL).html.startswith(doctype + '<meta charset="utf-8">')


def test_remote_content_comes_when_it_is_wanted() -> None:
    assert body('<img src="http://t.test/a b">', REMOTE) == '<img src="http://t.test/a b">'
    assert body("<p style='background:url(//x)'>", REMOTE) == '<p style="background: none ">'
    assert 'href="https://t.test/f.css"' in body('<link rel=stylesheet href="https://t.test/f.css">', REMOTE)
    assert '@import url("https://t.test/f.css")' in body(
        "<style>@import 'https://t.test/f.css' screen;</style>", REMOTE
    )
    assert 'href="http://x.test/" target="_blank" rel="noopener' in body("<a href=http://x.test/>", REMOTE)
    assert body("<iframe src=http://t.test></iframe><link rel=preload href=http://t.test>", REMOTE) == ""


def test_it_counts_what_it_blocked() -> None:
    html = '<img src="http://t.test/1"><p style="background:url(http://t.test/2)"><img src="relative.png">'
    assert filter_html(html, LOCAL).blocked == 2
    assert filter_html(html, REMOTE).blocked == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8025/api", "http://127.0.0.1:8025/", "http://[::1]:8025/", "http://2130706433:8025/", "http:\\\\127.1:8025\\api",
        "http://evil.test@127.0.0.1:8025/", "http://any.name.test:8025/", "ht\ntp://0x7f.1:8025/", "http://localhost.:8025/",
        "http://127.0.0.1:08025/", "/api/messages", "//localhost:8025/", "api", "http:/x", "http:api", "http://localhost:99999999/",
    ],
)  # fmt: skip
def test_no_preview_loads_from_us_however_we_are_spelled(url: str) -> None:
    assert not REMOTE.elsewhere(url)


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://127.0.0.1/", ("mail.test", 80)), ("http://①27.0.0.1/", ("mail.test", 80)), ("http://mail.test/", ("mail.test", 80)),
        ("http://%6dail.test/", ("mail.test", 80)), ("http://intranet/", ("mail.test", 80)), ("https://192.168.0.1/", ("mail.test", 443)),
        ("http://[::ffff:127.0.0.1]/", ("mail.test", 80)), ("http://x.localhost/", ("mail.test", 80)), ("http://1/", ("mail.test", 80)),
    ],
)  # fmt: skip
def test_on_a_usual_port_only_hosts_that_may_be_us_are_refused(url: str, own: tuple[str, int]) -> None:
    assert not Addresses(True, lambda cid: "", own).elsewhere(url)
    assert Addresses(True, lambda cid: "", own).elsewhere("http://cdn.test/a.png") == "http://cdn.test/a.png"


def test_links_are_kept_only_where_they_are_plainly_links() -> None:
    assert link("HTTPS:\\\\x.test\\a") == "https://x.test/a"
    assert link("mailto:a@b") == "mailto:a@b"
    assert link("vbscript:x") == link("x-evil:run") == link("//x.test") == link("javascript&colon;x") == ""


#: Every tag of a result, as a browser's tokenizer would find it: nothing outside this may hold `<`.
TAG = re.compile(r'<(?:!DOCTYPE html[^<>]*|/?[a-z][a-z0-9]*(?: [a-z][a-z0-9_.-]*(?:="[^"<>]*")?)*)>')
STYLE = re.compile(r"(<style[^>]*>)(.*?)(</style>|\Z)", re.DOTALL)
EVIL_TAG = re.compile(r"<(?:script|iframe|object|embed|svg|math|base|frame|template|xmp|noscript|link)\b")
ATTRIBUTE = re.compile(r' ([a-z][a-z0-9_.-]*)(?:="([^"<>]*)")?')
#: Strings, and escapes within names: `a\3a url(` is a function called `a:url`.
CSS_STRING = re.compile(r'"[^"]*"|\\[0-9a-f]+ ')
EVIL_NAME = re.compile(r"on|action|formaction|srcset|ping|srcdoc|poster|autofocus|http-equiv")


def is_evil(tag: str) -> bool:
    """Whether a tag in a result could run or load something."""
    if EVIL_TAG.match(tag):
        return True
    return any(
        EVIL_NAME.match(name)
        or (name in ("src", "background") and not value.startswith("data:image/"))
        or (name == "href" and not re.match("#|mailto:|tel:|sms:", value))
        or (
            name == "style"
            and re.search(
                r"(?<![\w-])url\((?!\"\")",
                CSS_STRING.sub(lambda m: '""' if m[0][0] == '"' else "x", value.replace("&quot;", '"')),
                re.IGNORECASE,
            )
        )
        for name, value in ATTRIBUTE.findall(tag)
    )


def is_plain(html: str) -> bool:
    """Whether it holds only tags as we write them, and only CSS that can begin none."""
    css = [match[2] for match in STYLE.finditer(html)]
    rest = TAG.sub("", STYLE.sub(r"\1\3", html))
    return "<" not in rest and ">" not in rest and not any(re.search(r"<[a-z/!?]", one, re.I) for one in css)


SEEDS = [item.html for item in BODIES if len(item.html) < 3000]
PIECES = [
    "<style>",
    "</style>",
    "<svg>",
    "<math>",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "\0",
    '"',
    "'",
    "<title>",
    "</title>",
    "<textarea>",
    "&lt;",
    "<table>",
    "<select>",
    "\\",
    "url(",
    "/*",
    "*/",
    "<![CDATA[",
    "]]>",
    "<plaintext>",
    "<p a='",
    "\u2028",
    "\ud800",
]


def mutated(luck: random.Random) -> str:
    text = luck.choice(SEEDS)
    for _ in range(luck.randrange(1, 8)):
        at = luck.randrange(len(text) + 1)
        kind = luck.randrange(4)
        if kind == 0:
            text = text[:at] + luck.choice(PIECES) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + luck.randrange(1, 12) :]
        elif kind == 2:
            other = luck.choice(SEEDS)
            text = text[:at] + other[luck.randrange(len(other)) :]
        else:
            text = text[:at] + text[at : at + 20] * 2 + text[at:]
    return text


def test_mutations_of_every_attack_come_out_plain_and_stay_as_they_are() -> None:
    luck = random.Random(20261124)
    for _ in range(3000):
        text = mutated(luck)
        once = filter_html(text, LOCAL).html
        assert is_plain(once), text
        assert not [tag for tag in TAG.findall(once) if is_evil(tag)], text
        again = filter_html(once, LOCAL).html
        assert is_plain(again)


@given(st.text(st.sampled_from("<>/\"'&;=! -abhrefstyle\\():@*\0\n{}urlcid"), max_size=200))
@settings(max_examples=300, deadline=None)
def test_anything_at_all_comes_out_plain(text: str) -> None:
    for html in (text, f"<style>{text}</style>", f"<p style='{text}'>", f'<a href="{text}">'):
        assert is_plain(filter_html(html, LOCAL).html)


HEAVY = {
    "nested": "<div>" * 400_000,
    "formatting": "".join(f"<font color={i}>" for i in range(50_000)) + "<p>x" * 50_000,
    "attributes": "<p " + " ".join(f"id{i}=b" for i in range(200_000)) + ">",
    "ten megabytes": "<p>x" * 2_500_000,
    "nul": "\0" * 2_000_000,
    "comments": "<!--" * 500_000,
    "never closed": "<svg>" * 300_000,
    "style attributes": "".join(f'<p style="background:url(x{i})">' for i in range(60_000)),
    "urls": "<style>" + "url(" * 60_000,
    "strings": "<style>" + "'\\\n\"" * 60_000,
    "escapes": "<style>" + "a\\" * 120_000,
    "comments in css": "<style>" + "/*" * 120_000,
    "imports": "<style>" + "@import " * 30_000,
    "media": "<style>" + "prefers-color-scheme" + " " * 240_000,
    "backslashes": "<style>" + "\\" * 240_000,
}


@pytest.mark.parametrize("name", list(HEAVY))
def test_no_mail_can_wear_it_out(name: str) -> None:
    began = time.process_time()
    filter_html(HEAVY[name], LOCAL)
    assert time.process_time() - began < 5.0  # 0.01 to 0.2 s on an idle core of 2026


def test_a_mail_that_is_too_long_is_cut_and_says_so() -> None:
    shown = filter_html("<p>x" * MAX_LENGTH, LOCAL)
    assert shown.cut
    assert "Its end is missing" in shown.html


def test_the_parser_survives_100_000_levels_in_a_process_of_its_own() -> None:
    code = "import turbohtml; [list(turbohtml.tokenize(t * 100_000)) for t in ('<div>', '<svg>', '<a b=', '<!--', '&', '<table><b>')]"
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0


def test_addresses_in_text_become_links_that_nothing_can_break_out_of() -> None:
    assert str(linkify("see https://x.test/a?b=1&c.")) == (
        'see <a href="https://x.test/a?b=1&amp;c" target="_blank" rel="noopener noreferrer nofollow">https://x.test/a?b=1&amp;c</a>.'
    )
    assert '(<a href="http://x.test/(a)"' in linkify("(http://x.test/(a))")
    for text in (
        'http://x"onmouseover=alert(1)',
        "http://x'onclick='y'",
        "http://x<script>",
        "javascript:alert(1)",
        "<b>",
        "http://",
        'mailto:"x',
    ):
        made = str(linkify(text))
        assert set(re.findall(r"<[^>]*>", made)) <= {
            m for m in re.findall(r'<a href="[^"<>\']*" target="_blank" rel="noopener noreferrer nofollow">|</a>', made)
        }


@pytest.mark.parametrize(
    "piece",
    [
        "http://",
        "http://a ",
        "http://a(" + "(" * 500,
        ("http://a" + ")" * 1990 + " "),
        "mailto:",
        "http://a" + "." * 1990 + " ",
    ],
)
def test_a_megabyte_of_addresses_takes_no_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    began = time.process_time()
    linkify(text)
    assert time.process_time() - began < 3.0  # 0.01 to 0.1 s on an idle core


def test_only_raster_images_of_a_sensible_size_are_images() -> None:
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"\x08\x02\0\0\0"
    bomb = png[:16] + (50_000).to_bytes(4, "big") * 2 + png[24:]
    webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x01\xe0\x02\x80\x03"
    bmp = (
        b"BM"
        + b"\0" * 12
        + (40).to_bytes(4, "little")
        + (640).to_bytes(4, "little")
        + (-480).to_bytes(4, "little", signed=True)
    )
    avif = (
        b"\0\0\0\x1cftypavif\0\0\0\0avif"
        + b"\0\0\0\x14ispe\0\0\0\0"
        + (640).to_bytes(4, "big")
        + (480).to_bytes(4, "big")
    )
    for octets in (png, webp, jpeg, bmp, avif, b"GIF89a\x80\x02\xe0\x01"):
        kind = raster(octets)
        assert kind is not None
        assert (kind.width, kind.height) == (640, 480)
    for octets in (bomb, b"<svg/>", b"", b"\xff\xd8\xff" * 9999, b"GIF89a\xff\xff\xff\xff", b"BM", b"\0\0\0\0ftypavif"):
        assert raster(octets) is None
