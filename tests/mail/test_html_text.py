"""HTML to what a person reads and clicks on; hostile HTML in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from mailtrap.mail.html_text import loose_text, visible_text
from mailtrap.mail.page import read


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<BR/>Three", "One\nTwo\nThree"),
        ("b<b>ol</b>d and\n  <i>more</i>", "bold and more"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc"),
        ("<head><title>T</title><style>p{}</style></head><body>x<script>y</script><style><b>z</b></style>", "x"),
        ("a &amp; b &lt; c &uuml; &#8364; &nbsp; &unknown;", "a & b < c ü € &unknown;"),
        ("a<!-- <b>hidden</b> -->b", "ab"),
        ("1 < 2 <3", "1 < 2 <3"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("no markup", "no markup"),
        ("<table><tr><td><img src=a alt='Summer sale'><td><img src=b></table>", "Summer sale"),
        ("", ""),
    ],
)
def test_visible_text(html: str, text: str) -> None:
    assert visible_text(html) == text
    assert loose_text(html).split() == text.split()


def test_embedded_pictures_do_not_push_the_text_out_of_sight() -> None:
    html = f'<img src="data:image/png;base64,{"A" * 3_000_000}"><p>After the picture'
    assert visible_text(html) == "After the picture"


def test_references_are_exact_and_carry_their_words() -> None:
    found = read(
        "<a href=\"https://x.test/?a=1&amp;b=2&copy=3#f\">Click <b>here</b><br>now</a> <A HREF='/rel\n'></a>"
        '<area href="//y.test"><img src="cid:a@b" alt="Logo"><a href=""></a><a name=x>no</a>'
        '<a href="z"><img src="i.png" alt="Alt"></a><script><a href="not">x</a></script><form action="post.php">'
    ).references
    assert [(reference.href, reference.tag, reference.text) for reference in found] == [
        ("https://x.test/?a=1&b=2&copy=3#f", "a", "Click here now"),
        ("/rel", "a", ""),
        ("//y.test", "area", ""),
        ("cid:a@b", "img", "Logo"),
        ("z", "a", "Alt"),
        ("i.png", "img", "Alt"),
        ("post.php", "form", ""),
    ]


HOSTILE = {
    "open angles": "<" * 5_000_000,
    "deep": "<div>" * 1_000_000,
    "tables in links": "<a href=x>w<table><tr><td>" * 200_000,
    "wide table": "<table><tr><td>" + "x" * 20_000 + "<td>b" + "<tr><td>a<td>b" * 2000,
    "formatting": "<b><p>" * 200_000,
    "styles": "<style>a</style>x" * 100_000,
    "styles in svg": "<svg><style>" * 100_000,
    "entities": "&" * 3_000_000,
    "comments": "<!--" * 1_000_000,
    "attributes": "<a " + "".join(f"a{n}=1 " for n in range(200_000)) + ">",
    "select": "<select><option>" * 100_000,
    "data": "data:," * 500_000,
    "cells": "<td " * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_html_takes_no_time(name: str) -> None:
    start = time.process_time()
    text = visible_text(HOSTILE[name])
    read(HOSTILE[name])
    assert time.process_time() - start < 10
    assert len(text) <= len(HOSTILE[name])


FUZZ = '''
import random, sys
from mailtrap.mail.html_text import loose_text, visible_text
from mailtrap.mail.page import read
chance = random.Random(20)
tags = """a b p div table tr td th style script head title svg math select option template textarea plaintext noscript
iframe frameset body html br img form li ul h1 pre button nobr font caption colgroup foreignObject mi""".split()
bits = ["<", "</", ">", "/>", "<!--", "-->", "--!>", "<![CDATA[", "]]>", "<!doctype html>", "<?", "&", "&#x",
        "&#0;", "&#xD800;", "\\0", "\\f", " ", "=", "'", '"', "href=", "src=x", "\\ufffe", "é", "日", "\\U0001f600"]
for _ in range(4000):
    pieces = []
    for _ in range(chance.randint(1, 200)):
        kind = chance.random()
        tag = chance.choice(tags)
        pieces.append(f"<{tag} href='x'>" if kind < 0.3 else f"<{tag}>" if kind < 0.6
                      else f"</{tag}>" if kind < 0.8 else chance.choice(bits))
    html = "".join(pieces)
    cut = chance.randrange(len(html) + 1)
    html = html[cut:] + html[:cut] * chance.randint(0, 3)
    for text in (visible_text(html), loose_text(html), *[r.href + r.text for r in read(html).references]):
        text.encode("utf-8")
print("survived")
'''


def test_thousands_of_broken_documents_neither_crash_the_extension_nor_raise() -> None:
    run = subprocess.run([sys.executable, "-c", FUZZ], capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr[-500:]) == (0, "survived\n", "")
