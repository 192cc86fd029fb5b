"""The page about a run, and its JUnit XML: nothing from a mail gets out of where it is shown."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from mailtrap.testing.junit import Outcome, junit
from mailtrap.testing.pages import Dialogue, Letter, Report, page

HOSTILE = [
    "</pre><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "]]><x/>",
    "\x00\x1b[31m\ud800\ufffe",
]


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.frames: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "iframe":
            self.frames.append(dict(attrs))


@pytest.mark.parametrize("bad", HOSTILE)
def test_nothing_of_a_mail_becomes_part_of_the_page(bad: str) -> None:
    letter = Letter(bad, bad, [bad], bad, [(bad, bad)], bad, bad, [bad], [bad], [bad], [bad], bad)
    html = page(Report(bad, [(bad, bad)], bad, [letter], [Dialogue(bad, [bad], True)], [bad]))
    seen = _Seen()
    seen.feed(html)
    assert not seen.tags & {"script", "img", "svg", "x"}
    assert not {name for name in seen.attributes if name.startswith("on")}
    # The mail's own HTML is in a frame that may do nothing, under the page's policy.
    assert [(frame["sandbox"], frame["srcdoc"]) for frame in seen.frames] == [("", bad)]
    assert "default-src 'none'" in html


@pytest.mark.parametrize("bad", HOSTILE)
def test_junit_is_xml_whatever_is_in_a_mail(bad: str) -> None:
    text = junit(bad, [Outcome(bad, bad, 1.5, bad, bad), Outcome("fine", "mail")], [(bad, bad)])
    suite = ElementTree.fromstring(text.encode("utf-8"))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("time")) == ("2", "1", "1.500")
    failed, fine = suite.findall("testcase")
    assert failed.find("failure") is not None
    assert list(fine) == []


def test_a_page_is_bounded() -> None:
    letter = Letter("s", "a", ["b"], "now", text="x" * 10_000_000, html="y" * 10_000_000)
    html = page(Report("t", letters=[letter], dialogues=[Dialogue("d", ["line"] * 100_000)]))
    assert len(html) < 1_000_000
