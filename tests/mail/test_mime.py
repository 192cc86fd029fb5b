"""The MIME scanner: structure, offsets, and agreement with the standard library on well-formed mail."""

from __future__ import annotations

import email
import email.policy
import random
import time
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtrap.mail.mime import MAX_DEPTH, MAX_PARTS, Part, scan

HEAD = b"From: a@b.test\r\nMIME-Version: 1.0\r\n"


def message(content_type: str, *lines: str) -> bytes:
    return HEAD + f"Content-Type: {content_type}\r\n\r\n".encode() + "\r\n".join(lines).encode()


def shape(part: Part) -> list[tuple[str, str]]:
    return [(each.path, each.type) for each in part.walk()]


def test_a_simple_message_is_part_1() -> None:
    root, defects = scan(b"Subject: x\r\n\r\nhello\r\n")
    assert shape(root) == [("1", "text/plain")]
    assert root.octets() == b"hello\r\n"
    assert defects == ()


def test_parts_are_numbered_as_imap_does() -> None:
    root, defects = scan(
        message(
            "multipart/mixed; boundary=a",
            "preamble",
            "--a",
            "",
            "one",
            "--a",
            'Content-Type: multipart/alternative; boundary="b b"',
            "",
            "--b b",
            "",
            "two one",
            "--b b \t",
            "Content-Type: text/html",
            "",
            "two two",
            "--b b--",
            "epilogue",
            "--a",
            "Content-Type: message/rfc822",
            "",
            "Subject: inner",
            "Content-Type: multipart/mixed; boundary=c",
            "",
            "--c",
            "",
            "three one",
            "--c--",
            "--a",
            "Content-Type: message/rfc822",
            "",
            "Subject: plain",
            "",
            "four one",
            "--a--",
            "the end",
        )
    )
    assert shape(root) == [
        ("", "multipart/mixed"),
        ("1", "text/plain"),
        ("2", "multipart/alternative"),
        ("2.1", "text/plain"),
        ("2.2", "text/html"),
        ("3", "message/rfc822"),
        ("3.TEXT", "multipart/mixed"),
        ("3.1", "text/plain"),
        ("4", "message/rfc822"),
        ("4.1", "text/plain"),
    ]
    assert {part.path: part.octets() for part in root.walk() if not part.children} == {
        "1": b"one",
        "2.1": b"two one",
        "2.2": b"two two",
        "3.1": b"three one",
        "4.1": b"four one",
    }
    assert defects == ()
    embedded = root.children[2]
    assert embedded.octets().startswith(b"Subject: inner\r\n")
    assert embedded.octets().endswith(b"--c--")


@pytest.mark.parametrize(
    ("octets", "structure", "bodies", "defects"),
    [
        (
            message("multipart/mixed", "--a", "", "x"),
            [("1", "multipart/mixed")],
            [b"--a\r\n\r\nx"],
            "missing-boundary-parameter",
        ),
        (message("multipart/mixed; boundary=a", "x"), [("1", "multipart/mixed")], [b"x"], "missing-boundary"),
        (
            message("multipart/mixed; boundary=a", "--a", "", "x"),
            [("", "multipart/mixed"), ("1", "text/plain")],
            [b"x"],
            "missing-end-boundary",
        ),
        (
            message("multipart/mixed; boundary=a", "--a", "Content-Type: text/html", "--a", "", "y", "--a--"),
            [("", "multipart/mixed"), ("1", "text/html"), ("2", "text/plain")],
            [b"", b"y"],
            "",
        ),
        (
            message("multipart/mixed; boundary=a", "--a", "hello without header", "--a--"),
            [("", "multipart/mixed"), ("1", "text/plain")],
            [b"hello without header"],
            "no-blank-line",
        ),
        (
            message("multipart/mixed; boundary=a", "--a", "--a--"),
            [("", "multipart/mixed"), ("1", "text/plain")],
            [b""],
            "",
        ),
        (
            message("multipart/mixed; boundary=a", "--ab", "--a", "", "--ab", "--a-", "x", "--a--"),
            [("", "multipart/mixed"), ("1", "text/plain")],
            [b"--ab\r\n--a-\r\nx"],
            "",
        ),
        (b"From x Tue Nov 24\nSubject: y\n\nz", [("1", "text/plain")], [b"z"], "mbox-line"),
        (b"From : x@a.test\nSubject: y\n\nz", [("1", "text/plain")], [b"z"], ""),
        (
            b"Subject: y\r\nbroken line\r\nContent-Type: text/html\r\n\r\nz",
            [("1", "text/html")],
            [b"z"],
            "bad-header-line",
        ),
        (message("nonsense", "z"), [("1", "text/plain")], [b"z"], "bad-content-type"),
        (b"", [("1", "text/plain")], [b""], ""),
        (b"\r\nbody", [("1", "text/plain")], [b"body"], ""),
        (b"Subject: only", [("1", "text/plain")], [b""], ""),
    ],
)
def test_broken_structure(octets: bytes, structure: list[tuple[str, str]], bodies: list[bytes], defects: str) -> None:
    root, found = scan(octets)
    assert shape(root) == structure
    assert [part.octets() for part in root.walk() if not part.children] == bodies
    assert found == ((defects,) if defects else ())


def test_an_inner_multipart_that_is_never_closed_ends_with_the_outer_boundary() -> None:
    root, defects = scan(
        message(
            "multipart/mixed; boundary=a",
            *["--a", "Content-Type: multipart/related; boundary=b", "", "--b", "", "x", "--a", "", "y", "--a--"],
        )
    )
    assert [(part.path, part.octets()) for part in root.walk() if not part.children] == [("1.1", b"x"), ("2", b"y")]
    assert defects == ("missing-end-boundary",)


def test_bare_lf_is_a_line_end_too() -> None:
    root, _ = scan(b"Content-Type: multipart/mixed;\n boundary=a\n\n--a\n\nx\n--a\n\ny\n\n--a--\n")
    assert [part.octets() for part in root.children] == [b"x", b"y\n"]


@pytest.mark.parametrize(
    ("parameters", "filename"),
    [
        ("filename=a.pdf", "a.pdf"),
        ('filename="a b; c.pdf"', "a b; c.pdf"),
        ("filename=my file.pdf", "my file.pdf"),
        ("filename*=utf-8''%e2%82%ac%20rates.pdf", "€ rates.pdf"),
        ("filename*=iso-8859-1'en'%a3%20rates.pdf; filename=x", "£ rates.pdf"),
        ('filename*0="long "; filename*1=name.pdf', "long name.pdf"),
        ('filename*1=name.pdf; filename*0="long "', "long name.pdf"),
        ("filename*0*=utf-8''%e2%82; filename*1*=%ac; filename*2=.pdf", "€.pdf"),
        ('filename="=?utf-8?q?=E2=82=AC?= rates.pdf"', "€ rates.pdf"),
        ("filename==?utf-8?b?4oKsLnBkZg==?=", "€.pdf"),
        ('filename="a\\"b.pdf"', 'a"b.pdf'),
        ('filename="C:\\dir\\file.pdf"', "C:\\dir\\file.pdf"),
        ('filename="never closed.pdf', "never closed.pdf"),
        ('filename="grüße.pdf"', "grüße.pdf"),
        ("filename=a (1).pdf", "a (1).pdf"),
        ("FileName = a.pdf ;", "a.pdf"),
        ("filename=", ""),
        ('filename="a\0\x1bb"', "a  b"),
    ],
)
def test_file_names(parameters: str, filename: str) -> None:
    root, _ = scan(f"Content-Disposition: attachment; {parameters}\r\n\r\nx".encode())
    assert (root.disposition, root.filename) == ("attachment", filename)


def test_structure_has_limits() -> None:
    boundaries = [f"b{n}" for n in range(10_000)]
    nested = b"".join(f"Content-Type: multipart/mixed; boundary={b}\r\n\r\n--{b}\r\n".encode() for b in boundaries)
    root, defects = scan(nested)
    assert len(list(root.walk())) == MAX_DEPTH
    assert "too-deep" in defects
    root, defects = scan(b"Content-Type: message/rfc822\r\n\r\n" * 10_000)
    assert len(list(root.walk())) == MAX_DEPTH
    assert "too-deep" in defects
    flat = message("multipart/mixed; boundary=a") + b"--a\r\n\r\nx\r\n" * 50_000
    root, defects = scan(flat)
    assert len(list(root.walk())) == MAX_PARTS + 1
    assert "too-many-parts" in defects
    assert root.children[-1].body_end == len(flat)


def check_offsets(root: Part, octets: bytes) -> None:
    paths = [part.path for part in root.walk()]
    assert len(set(paths)) == len(paths)
    for part in root.walk():
        assert 0 <= part.header_start <= part.header_end <= part.body_start <= part.body_end <= len(octets)
        position = part.body_start
        for child in part.children:
            assert child.parent is part
            assert position <= child.header_start
            assert child.body_end <= part.body_end
            position = child.body_end


LINES = st.sampled_from(
    (
        b"--a|--a--|--b|--b--|--||text| folded|Subject: x|Content-Type: text/html|Content-Type: message/rfc822|From x"
        b"|Content-Type: multipart/mixed; boundary=a|Content-Type: multipart/digest; boundary=b|=41="
        b"|Content-Transfer-Encoding: base64|SGVsbG8=|\xff\0"
    ).split(b"|")
)


@settings(max_examples=500)
@given(st.lists(LINES, max_size=40), st.sampled_from([b"\r\n", b"\n", b"\r", b"\n\r\n"]))
def test_offsets_are_consistent_whatever_comes(lines: list[bytes], line_end: bytes) -> None:
    octets = line_end.join(lines)
    root, _ = scan(octets)
    check_offsets(root, octets)
    for part in root.walk():
        part.text().encode("utf-8")
        assert part.size >= 0
        part.filename.encode("utf-8")
        for field in part.header:
            field.value.encode("utf-8")


@given(st.binary(max_size=400))
def test_no_octets_make_it_raise(octets: bytes) -> None:
    for content in (octets, message("multipart/mixed; boundary=a") + b"--a\r\n" + octets):
        root, _ = scan(content)
        check_offsets(root, content)


WORDS = ["hello", "Grüße", "日本語", "привет", "=?x?=", "--a", "a" * 90, "é" * 60, ".", "From here", ""]


def generated(seed: int) -> EmailMessage:
    chance = random.Random(seed)

    def text() -> str:
        return (
            "\n".join(" ".join(chance.choices(WORDS, k=chance.randint(1, 8))) for _ in range(chance.randint(1, 6)))
            + "\n"
        )

    built = EmailMessage(policy=email.policy.SMTP)
    built["Subject"] = " ".join(chance.choices(WORDS, k=5)).strip() or "x"
    built["From"] = "a@b.test"
    charset = chance.choice(["utf-8", "utf-8", "utf-16"])
    built.set_content(text(), charset=charset, cte=chance.choice(["base64", "quoted-printable"]))
    if chance.random() < 0.6:
        built.add_alternative(f"<p>{text()}</p>", subtype="html", cte=chance.choice(["base64", "quoted-printable"]))
        if chance.random() < 0.5:
            html = built.get_payload()[1]  # type: ignore[index]
            html.add_related(chance.randbytes(100), "image", "png", cid="<x@y>", filename="pixel.png")
    for _ in range(chance.randint(0, 3)):
        name = chance.choice(["a.pdf", "grüße.pdf", "日本語" * 12 + ".pdf", 'q"uote.pdf', "b c;d.pdf"])
        built.add_attachment(chance.randbytes(chance.randint(0, 500)), "application", "pdf", filename=name)
    if chance.random() < 0.3:
        inner = EmailMessage()
        inner["Subject"] = "inner"
        inner.set_content("inside")
        built.add_attachment(inner)
    return built


@pytest.mark.parametrize("seed", range(150))
def test_generated_mail_is_read_as_the_standard_library_reads_it(seed: int) -> None:
    octets = generated(seed).as_bytes()
    theirs = email.message_from_bytes(octets, policy=email.policy.default)
    root, defects = scan(octets)
    ours = list(root.walk())
    assert defects == ()
    check_offsets(root, octets)
    assert [part.type for part in ours] == [part.get_content_type() for part in theirs.walk()]
    for mine, his in zip(ours, theirs.walk(), strict=True):
        assert mine.filename == (his.get_filename() or "")
        assert mine.charset == (his.get_content_charset() or "")
        if not mine.children:
            assert mine.octets() == his.get_payload(decode=True)
            if mine.type.startswith("text/"):
                assert mine.text() == his.get_content().replace("\r\n", "\n")


HOSTILE = {
    "10 000 nested, same boundary": message("x") + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 10_000,
    "a million empty parts": message("multipart/mixed; boundary=b") + b"--b\n\n" * 1_000_000,
    "10 MB of dashes": message("multipart/mixed; boundary=b")
    + b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
    + b"\n--" * 3_300_000,
    "near boundaries": message("multipart/mixed; boundary=b") + b"\n--bb" * 2_000_000,
    "a repetitive boundary": message(f'multipart/mixed; boundary="{"-" * 70}x"') + b"\n" + b"-" * 10_000_000,
    "10 MB of newlines": b"\n" * 10_000_000,
    "a million fields": b"X: y\r\n" * 1_000_000,
    "a million folds": b"X: y\r\n" + b" z\r\n" * 1_000_000,
    "10 000 parameters": HEAD + b"Content-Type: text/plain" + b"; p*0*=a%20" * 10_000,
    "open parameters": HEAD + b"Content-Type: text/plain" + b';a="\\"' * 10_000,
    "parameters everywhere": message("multipart/mixed; boundary=b")
    + (b"--b\r\nContent-Type: text/plain" + b";a*=b" * 200 + b"\r\n\r\nx\r\n") * 1000,
    "deep in each": message("multipart/mixed; boundary=b")
    + (b"--b\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 50) * 5000,
    "lost lines": HEAD + b"junk\r\nX-a: b\r\n" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_structure_takes_no_time(name: str) -> None:
    octets = HOSTILE[name]
    start = time.process_time()
    root, _ = scan(octets)
    assert time.process_time() - start < 5
    check_offsets(root, octets)


@pytest.mark.parametrize("nested", ["(Plain text)", "(a (b) c)", "((((x))))", '(\\) ")'])
def test_comments_mean_nothing(nested: str) -> None:
    fields = f"Content-Type: text/html {nested}; charset=iso-8859-1 {nested}\r\n"
    fields += "Content-Transfer-Encoding: quoted-printable (x)\r\n"
    root, defects = scan(fields.encode() + b"\r\n=FC")
    assert (root.type, root.parameters["charset"], root.encoding) == ("text/html", "iso-8859-1", "quoted-printable")
    assert not defects
