"""Every message of `tests/corpus`: what must be read from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtrap.mail.content import Content, understand
from mailtrap.mail.defects import DEFECTS
from mailtrap.mail.heading import read_heading
from mailtrap.mail.message import State

CORPUS = Path(__file__).parents[1] / "corpus"
MISSING = "missing-from missing-date missing-message-id"

#: File → subject, start of the snippet, attachments, kinds, defects.
EXPECTED: dict[str, tuple[str, str, list[str], str, str]] = {
    "address-crashers": ("x", "x", [], "text", ""),
    "addresses": ("x", "x", [], "text", ""),
    "alternative": ("Alternative", "Grüße aus Köln", [], "html text", ""),
    "apple-inline-pdf": ("Inline PDF", "Before. After.", ["a.pdf"], "attachment pdf text", ""),
    "attachments": ("Files", "See the files.", ["über.pdf", "précis.csv", "日本.txt"], "attachment pdf text", ""),
    "bad-base64": ("x", "Hello", [], "text", "bad-base64"),
    "bad-quoted-printable": ("x", "1+1=two", [], "text", "bad-quoted-printable"),
    "bare-cr": ("x", "One Two", [], "text", "bare-cr"),
    "bare-lf": ("x", "One Two", [], "text", "bare-lf"),
    "binary": ("", "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGH", [], "", "not-a-message"),
    "bounce": ("Undelivered", "It bounced.", [], "bounce message report text", ""),
    "broken-fold": ("After the break", "x", [], "text", "bad-header-line"),
    "calendar": ("Invitation", "Come!", [], "calendar text", ""),
    "charset-codec": ("x", "\\u0041", [], "text", "unknown-charset"),
    "duplicates": ("one", "x", [], "text", "duplicate-from duplicate-subject duplicate-to duplicate-message-id"),
    "empty": ("", "", [], "", "not-a-message"),
    "forwarded": ("outer", "", ["message/rfc822"], "attachment message", ""),
    "html-hostile": ("x", "cell next line shownboldodd", [], "html link", "bare-lf nul"),
    "html-only": ("HTML", "Preheader Click here – now", [], "html link", ""),
    "iso-2022-jp-undeclared": ("日本", "日本", [], "text", ""),
    "latin1-header": ("Grüße", "x", [], "text", "8bit-header"),
    "long-line": ("x", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", [], "text", "long-line"),
    "mbox-line": ("x", "x", [], "text", "mbox-line"),
    "missing-boundary-parameter": ("x", "--b Text --b--", [], "text", "missing-boundary-parameter"),
    "missing-boundary": ("x", "--wrong Text --wrong--", [], "text", "missing-boundary"),
    "missing-fields": ("x", "x", [], "text", MISSING),
    "nested": ("x", "deep", [], "text", ""),
    "no-blank-line": ("x", "Hello without separator.", [], "text", "no-blank-line"),
    "no-header": ("", "Just a body.", [], "text", f"no-header {MISSING}"),
    "not-a-message": ("", "Hello there. How are you?", [], "", "not-a-message"),
    "nul": ("a b", "OneTwo", [], "text", "nul"),
    "plain": ("Plain", "Hello, Bob.", [], "text", ""),
    "preheader-padding": ("x", "Read this\u200c The body", [], "html", "long-line"),
    "related-cid": ("Related", "Logo", [], "html image", ""),
    "same-boundary": ("x", "one two", [], "text", ""),
    "signed": ("Signed", "Signed text.", [], "signed text", ""),
    "split-character": ("專國", "x", [], "text", ""),
    "truncated": ("x", "The beginning of a sen", [], "text", "missing-end-boundary"),
    "undeclared-8bit": ("x", "Grüße", [], "text", "undeclared-8bit"),
    "unknown-charset": ("x", "Grüße", [], "text", "unknown-charset"),
    "unsubscribe": ("x", "Visit (http://a.test/path_(x)). Or http:", [], "link text", ""),
    "utf-7": ("x", "+ADw-b+AD4-", [], "text", "utf-7"),
    "utf8-header": ("Grüße", "x", [], "text", "utf8-header"),
    "uuencoded": ("x", "", ["cat.txt"], "attachment", ""),
}


def test_every_file_is_expected_and_has_its_reason() -> None:
    names = {path.stem for path in CORPUS.glob("*.eml")}
    assert names == set(EXPECTED)
    readme = (CORPUS / "README.md").read_text()
    assert [name for name in names if f"`{name}.eml` |" not in readme] == []


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_it_is_read_as_expected(name: str) -> None:
    octets = (CORPUS / f"{name}.eml").read_bytes()
    subject, snippet, attachments, kinds, defects = EXPECTED[name]
    content = Content(octets)
    understanding = understand(7, octets, ("8bit-undeclared",))
    assert read_heading(octets).subject == subject
    assert understanding.snippet.startswith(snippet)
    assert [part.filename or part.type for part in content.attachments] == attachments
    assert understanding.kinds == tuple(kinds.split())
    assert understanding.defects == (*defects.split(), "8bit-undeclared")
    assert content.defects == tuple(defects.split())
    assert understanding.id == 7
    assert understanding.state == (State.UNPARSED if "not-a-message" in defects else State.INDEXED)
    assert understanding.attachments == (len(attachments) if understanding.state == State.INDEXED else 0)
    assert set(understanding.defects) <= set(DEFECTS)
