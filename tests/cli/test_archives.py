"""Archives give back, octet for octet, what was put in, and do nothing that an archive wants done."""

from __future__ import annotations

import hashlib
import json
import mailbox
import os
import stat
import time
import zipfile
from pathlib import Path

import pytest

from mailtrap.archives import FORMATS, Note, guess, left_out, read, writer
from mailtrap.archives.notes import RATIO_FROM
from mailtrap.errors import Invalid
from tests.cli.messages import ODD


def note(number: int, octets: bytes, **more: object) -> Note:
    known: dict[str, object] = {
        "id": str(number),
        "sha256": hashlib.sha256(octets).hexdigest(),
        "received_at": "2026-01-02T03:04:05.000006Z",
        "inbox": "default",
        "seen": False,
        "sender": "a@b.test",
        "recipients": ("c@d.test", "blind@d.test"),
    }
    return Note(**(known | more))  # type: ignore[arg-type]


def written(format_: str, path: Path, contents: list[bytes]) -> Path:
    archive = writer(format_, path)
    for number, octets in enumerate(contents, 1):
        archive.add(note(number, octets), octets)
    archive.close()
    return path


@pytest.mark.parametrize("format_", FORMATS)
def test_every_content_comes_back_as_it_was_in_order(format_: str, tmp_path: Path) -> None:
    path = written(format_, tmp_path / "x", list(ODD.values()))
    assert guess(path) == format_
    assert [found.octets for found in read(path)] == list(ODD.values())


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", ODD)
def test_a_content_alone_comes_back_as_it_was(format_: str, name: str, tmp_path: Path) -> None:
    path = written(format_, tmp_path / "x", [ODD[name]])
    assert [found.octets for found in read(path, format_)] == [ODD[name]]


@pytest.mark.parametrize("format_", FORMATS)
def test_an_empty_archive_has_no_messages(format_: str, tmp_path: Path) -> None:
    assert list(read(written(format_, tmp_path / "x", []), format_)) == []


@pytest.mark.parametrize("format_", ["eml", "maildir", "zip"])
def test_the_envelope_comes_back_with_blind_recipients(format_: str, tmp_path: Path) -> None:
    [found] = read(written(format_, tmp_path / "x", [b"x"]))
    assert (found.sender, found.recipients) == ("a@b.test", ("c@d.test", "blind@d.test"))


@pytest.mark.parametrize("format_", FORMATS)
def test_the_time_of_arrival_comes_back(format_: str, tmp_path: Path) -> None:
    [found] = read(written(format_, tmp_path / "x", [b"x"]))
    # An mbox tells whole seconds.
    assert found.received_at == f"2026-01-02T03:04:05{'' if format_ == 'mbox' else '.000006'}Z"


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("From a@b Fri Jan  2 03:04:05 2026", "2026-01-02T03:04:05Z"),
        ("From a@b Fri Jan  2 03:04 2026", "2026-01-02T03:04:00Z"),
        ("From a@b  Fri Jan 12 03:04:05 UTC 2026", "2026-01-12T03:04:05Z"),
        ("From a@b Fri Jan  2 03:04:05 +0130 2026", "2026-01-02T01:34:05Z"),
        ("From 1234@xxx Fri Jan 02 03:04:05 -0800 2026", "2026-01-02T11:04:05Z"),
        ("From - Fri Jan  2 03:04:05 2026 +0000", "2026-01-02T03:04:05Z"),
        ("From a@b Sun Feb 30 03:04:05 2026", ""),
        ("From a@b Fri Xxx  2 03:04:05 2026", ""),
        ("From a@b Fri Jan  2 03:04:05 +9900 2026", ""),
        ("From a@b Mon Jan  1 00:00:00 +0100 0001", ""),
        ("From a@b Thu", ""),
        ("From ", ""),
    ],
)
def test_a_from_line_says_when(line: str, at: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(f"{line}\nSubject: 1\n\nx\n\n".encode())
    [found] = read(tmp_path / "x")
    assert found.received_at == at


@pytest.mark.parametrize(
    ("name", "changed", "at"),
    [
        # as delivered; copied later; put there by IMAP with the date of an older one; named by hand
        ("1767323045.M5P7.host:2,S", 1_767_323_045, "2026-01-02T03:04:05Z"),
        ("1767323045.M5P7.host", 1_800_000_000, "2026-01-02T03:04:05Z"),
        ("1767323045.M5P7.host", 1_735_787_045, "2025-01-02T03:04:05Z"),
        ("letter.eml", 1_735_787_045, "2025-01-02T03:04:05Z"),
    ],
)
def test_a_maildir_says_when_by_name_or_by_time_of_the_file(name: str, changed: int, at: str, tmp_path: Path) -> None:
    for folder in ("cur", "new", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "cur" / name).write_bytes(b"x")
    os.utime(tmp_path / "cur" / name, (changed, changed))
    [found] = read(tmp_path)
    assert found.received_at == at


@pytest.mark.parametrize("at", ["", "yesterday", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", 7, None])
def test_files_without_a_note_of_when_say_nothing(at: object, tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(b"x")
    (tmp_path / "messages.jsonl").write_text(json.dumps({"file": "1.eml", "received_at": at}))
    [found] = read(tmp_path)
    assert found.received_at == ""


@pytest.mark.parametrize(("sender", "back"), [("a@b.test", "a@b.test"), ("", ""), ("a b\r\nFrom x@y", "a?b??From?x@y")])
def test_an_mbox_keeps_the_reverse_path_on_one_line(sender: str, back: str, tmp_path: Path) -> None:
    archive = writer("mbox", tmp_path / "x")
    archive.add(note(1, b"x", sender=sender), b"x")
    archive.close()
    [found] = read(tmp_path / "x")
    assert (found.octets, found.sender, found.recipients) == (b"x", back, None)


@pytest.mark.parametrize("format_", ["eml", "maildir"])
def test_names_come_from_id_and_digest_only(format_: str, tmp_path: Path) -> None:
    octets = ODD["hostile names"]
    written(format_, tmp_path / "x", [octets])
    digest = hashlib.sha256(octets).hexdigest()[:8]
    names = {file.name for file in (tmp_path / "x").rglob("*") if file.is_file()}
    expected = f"000001-{digest}.eml" if format_ == "eml" else f"1767323045.000001-{digest}.mailtrap"
    assert names == {expected, "messages.jsonl"}
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


def test_the_order_is_that_of_numbers_not_of_letters(tmp_path: Path) -> None:
    archive = writer("eml", tmp_path / "x")
    for number in (999_999, 1_000_000):
        archive.add(note(number, b"%d" % number), b"%d" % number)
    archive.close()
    assert [found.octets for found in read(tmp_path / "x")] == [b"999999", b"1000000"]


def test_a_maildir_tells_what_was_looked_at(tmp_path: Path) -> None:
    archive = writer("maildir", tmp_path / "x")
    archive.add(note(1, b"new"), b"new")
    archive.add(note(2, b"seen", seen=True), b"seen")
    archive.close()
    flags = {message.as_bytes(): message.get_flags() for message in mailbox.Maildir(tmp_path / "x")}
    assert flags == {b"\nnew": "", b"\nseen": "S"}
    assert not list((tmp_path / "x" / "tmp").iterdir())


@pytest.mark.parametrize("format_", ["eml", "maildir", "zip"])
def test_inboxes_tags_and_who_was_looked_at_come_back(format_: str, tmp_path: Path) -> None:
    archive = writer(format_, tmp_path / "x")
    archive.add(note(1, b"1", seen=True, inbox="ana", inboxes=("ana", "qa"), tags=("a b", "ü")), b"1")
    archive.add(note(2, b"2"), b"2")
    archive.close()
    read_ = {found.octets: (found.inboxes, found.tags, found.seen) for found in read(tmp_path / "x")}
    assert read_ == {b"1": (("ana", "qa"), ("a b", "ü"), True), b"2": (("default",), (), False)}


def test_a_maildir_that_another_program_has_shown_is_as_it_left_it(tmp_path: Path) -> None:
    archive = writer("maildir", tmp_path / "x")
    archive.add(note(1, b"1"), b"1")
    archive.add(note(2, b"2", seen=True), b"2")
    archive.close()
    (new,) = (tmp_path / "x" / "new").iterdir()
    (cur,) = (tmp_path / "x" / "cur").iterdir()
    new.rename(tmp_path / "x" / "cur" / f"{new.name}:2,FS")  # looked at, and flagged
    cur.rename(cur.with_name(cur.name.replace(":2,S", ":2,")))  # marked as unread
    found = list(read(tmp_path / "x"))
    assert [(one.octets, one.seen) for one in found] == [(b"1", True), (b"2", False)]
    # What was noted of them still is.
    assert {one.recipients for one in found} == {("c@d.test", "blind@d.test")}


def test_inboxes_that_cannot_be_and_tags_that_are_none_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(b"x")
    note_ = {"file": "1.eml", "inbox": "a/b", "inboxes": ["../x", "qa", 7, "n" * 65], "tags": ["", "t", 7, "x" * 201]}
    for more, inboxes in (
        ({}, ("qa",)),
        ({"inboxes": "qa", "seen": "yes"}, ()),
        ({"inboxes": [], "inbox": "qa"}, ("qa",)),
    ):
        (tmp_path / "messages.jsonl").write_text(json.dumps({**note_, **more}))
        [found] = read(tmp_path)
        assert (found.inboxes, found.tags, found.seen) == (inboxes, ("t",), False)


@pytest.mark.parametrize(
    "octets",
    [
        b"root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/bin/false\n",
        b"name: ci\non: push\njobs:\n  test:\n    steps: []\n",
        b"# Notes\n\nSubject: of these\n",
        b"X-Own: 1\n\nSubject: below\n",
        b"{}",
        b"\x7fELF\x02\x01",
        b"",
    ],
)
def test_what_does_not_look_like_mail_is_refused_unless_it_is_said_to_be(octets: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(octets)
    with pytest.raises(Invalid, match="is no message") as refused:
        read(path)
    assert "--format eml" in refused.value.hint
    assert [found.octets for found in read(path, "eml")] == [octets]
    path.rename(tmp_path / "file.eml")
    assert [found.octets for found in read(tmp_path / "file.eml")] == [octets]


@pytest.mark.parametrize(
    "octets", [b"Subject: a\n\nb", b"X-A: 1\r\n folded\r\nfrom : a@b\r\n\r\n", b"Content-Type: text/plain"]
)
def test_what_has_one_of_the_fields_of_mail_is_taken(octets: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(octets)
    assert [found.octets for found in read(tmp_path / "file")] == [octets]


def test_folders_within_a_maildir_are_named(tmp_path: Path) -> None:
    top = written("maildir", tmp_path / "top", [b"x"])
    assert left_out(top) == left_out(top / "messages.jsonl") == left_out(tmp_path / "nothing") == ""
    for name in (".Sent", ".Drafts"):
        written("maildir", top / name, [b"y"])
    assert [found.octets for found in read(top)] == [b"x"]
    told = "has folders, which are left out; give them too, if you want them"
    assert left_out(top) == f"{top} {told}: {top}/.Drafts {top}/.Sent"
    with pytest.raises(Invalid, match="is no Maildir") as refused:
        read(tmp_path)
    assert refused.value.hint == f"give each of the Maildirs in it: {top}"


def test_a_directory_or_a_zip_without_mail_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "notes.txt").write_bytes(b"Subject: a\n\nb")
    with pytest.raises(Invalid, match=r"has no \.eml files, and is no Maildir"):
        read(tmp_path)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("word/document.xml", b"<x/>")
    with pytest.raises(Invalid, match=r"has no \.eml files"):
        list(read(tmp_path / "x.zip"))
    (tmp_path / "sub" / "1.EML").write_bytes(b"x")
    assert [found.octets for found in read(tmp_path)] == [b"x"]


@pytest.mark.parametrize(
    ("format_", "words"), [("maildir", "is no Maildir"), ("mbox", "Is a directory"), ("zip", "Is a directory")]
)
def test_a_directory_is_not_read_as_what_it_is_not(format_: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=words):
        list(read(tmp_path, format_))


@pytest.mark.parametrize("format_", FORMATS)
def test_a_path_that_cannot_be_written_is_told(format_: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="File name too long"):
        writer(format_, tmp_path / ("x" * 256))


def test_other_programs_can_read_the_mbox(tmp_path: Path) -> None:
    written("mbox", tmp_path / "x", [ODD["plain"], ODD["From line in the body"], ODD["no final newline"]])
    box = mailbox.mbox(tmp_path / "x")
    try:
        assert [message["Subject"] for message in box] == ["a", "a", "a"]
    finally:
        box.close()


def test_an_mbox_of_another_program_is_read(tmp_path: Path) -> None:
    (tmp_path / "lf").write_bytes(
        b"From a@b Thu Jan  1\nSubject: 1\n\nx\n\nFrom a@b Thu Jan  1\nSubject: 2\n\n>From y\n\n"
    )
    (tmp_path / "crlf").write_bytes(b"From a@b Thu\r\nSubject: 1\r\n\r\nx\r\n\r\nFrom a@b Thu\r\nSubject: 2\r\n\r\n")
    assert [found.octets for found in read(tmp_path / "lf")] == [b"Subject: 1\n\nx\n", b"Subject: 2\n\nFrom y\n"]
    assert [found.octets for found in read(tmp_path / "crlf")] == [b"Subject: 1\r\n\r\nx\r\n", b"Subject: 2\r\n"]


def test_the_same_messages_make_the_same_zip(tmp_path: Path) -> None:
    first = written("zip", tmp_path / "1", [b"x", b"y"]).read_bytes()
    assert written("zip", tmp_path / "2", [b"x", b"y"]).read_bytes() == first


def test_a_zip_can_be_unpacked_by_others(tmp_path: Path) -> None:
    with zipfile.ZipFile(written("zip", tmp_path / "x.zip", [ODD["dots"]])) as archive:
        assert archive.testzip() is None
        [name] = [name for name in archive.namelist() if name.endswith(".eml")]
        assert archive.read(name) == ODD["dots"]


def test_a_huge_message_of_one_letter_survives_a_zip(tmp_path: Path) -> None:
    octets = b"a" * (RATIO_FROM + 1)
    [found] = read(written("zip", tmp_path / "x.zip", [octets]))
    assert found.octets == octets


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mail.mbox").write_bytes(b"precious")
    with pytest.raises(Invalid, match="exists already"):
        writer("mbox", tmp_path / "mail.mbox")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").touch()
    with pytest.raises(Invalid, match="exists already"):
        writer("eml", tmp_path / "folder")
    assert (tmp_path / "mail.mbox").read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["../x.eml", "/x.eml", "a/../../x.eml", "..\\x.eml", "C:\\x.eml", "\\x.eml"])
def test_a_zip_with_names_that_lead_outside_is_refused(name: str, tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("y")
    entry.filename = name
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(entry, b"x")
    with pytest.raises(Invalid, match="points outside"):
        list(read(tmp_path / "x.zip"))


def test_a_zip_with_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("x.eml")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(entry, b"/etc/passwd")
    with pytest.raises(Invalid, match="points outside"):
        list(read(tmp_path / "x.zip"))


def test_a_zip_bomb_is_refused_before_it_fills_memory(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.eml", "w") as file:
        for _ in range(24):
            file.write(bytes(1024 * 1024))
    begun = time.monotonic()
    with pytest.raises(Invalid, match="unpacks to more than 10 MB"):
        list(read(tmp_path / "x.zip"))
    assert time.monotonic() - begun < 20


def test_a_zip_in_a_zip_is_left_closed(tmp_path: Path) -> None:
    inner = written("zip", tmp_path / "inner.zip", [b"x"])
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(inner, "inner.zip")
        archive.writestr("y.eml", b"y")
    assert [found.octets for found in read(tmp_path / "x.zip")] == [b"y"]


@pytest.mark.parametrize("octets", [b"PK\x03\x04nonsense", b"PK\x05\x06" + bytes(10)])
def test_a_broken_zip_is_said_to_be_broken(octets: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(octets)
    with pytest.raises(Invalid, match="not a zip that can be read"):
        list(read(tmp_path / "x.zip"))


def test_links_in_directories_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.eml").write_bytes(b"secret")
    (tmp_path / "x").mkdir()
    os.symlink(tmp_path / "secret.eml", tmp_path / "x" / "1.eml")
    (tmp_path / "x" / "2.eml").write_bytes(b"mail")
    assert [found.octets for found in read(tmp_path / "x")] == [b"mail"]


def test_notes_that_make_no_sense_are_as_good_as_missing(tmp_path: Path) -> None:
    written("eml", tmp_path / "x", [b"x"])
    for nonsense in (b"{", b"[]\n", b'{"file": 1}\n', b'{"file": "000001-2d711642.eml", "sender": 7}\n', b"\xff"):
        (tmp_path / "x" / "messages.jsonl").write_bytes(nonsense)
        [found] = read(tmp_path / "x")
        assert (found.octets, found.sender, found.recipients) == (b"x", None, None)


def test_what_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="No such file"):
        read(tmp_path / "nothing")
    with pytest.raises(Invalid, match="not a directory"):
        writer("mbox", tmp_path / "nowhere" / "x.mbox")


def test_an_mbox_must_begin_as_one(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"Subject: a\n\nx")
    with pytest.raises(Invalid, match="not an mbox"):
        list(read(tmp_path / "x", "mbox"))
