"""sendmail: the options callers use, and what it makes of a message before it sends it."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailtrap.cli import program, sendmail
from mailtrap.cli.sandboxes import smtp_address
from mailtrap.cli.submission import dot_stuffed, with_crlf
from mailtrap.errors import SettingsError


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("-t -i", {"from_header": True, "dot_ends": False}),
        ("-ti", {"from_header": True, "dot_ends": False}),
        ("-t -oi -oem -odi -odb", {"from_header": True, "dot_ends": False}),
        ("-O IgnoreDots=true x@y", {"dot_ends": False, "recipients": ["x@y"]}),
        ("-O DeliveryMode=b x@y", {"recipients": ["x@y"]}),
        ("-fa@b x@y z@y", {"sender": "a@b", "recipients": ["x@y", "z@y"]}),
        ("-f a@b -- -x@y", {"sender": "a@b", "recipients": ["-x@y"]}),
        ("-r <a@b> x@y -t", {"sender": "a@b", "recipients": ["x@y"], "from_header": True}),
        ("-f <> x@y", {"sender": "", "recipients": ["x@y"]}),
        ("-FAnn x@y", {"full_name": "Ann", "recipients": ["x@y"]}),
        ("-N success,failure -R hdrs -V id x@y", {"notify": "success,failure", "ret": "hdrs", "envelope_id": "id"}),
        ("-bs", {"mode": "s"}),
        ("-bm x@y", {"mode": "m", "recipients": ["x@y"]}),
        ("-q30m", {"mode": "q"}),
        ("-Ac -B8BITMIME -G -h 5 -L tag -n -U -v -X /dev/null -d0.1 -C cf -p x x@y", {"recipients": ["x@y"]}),
    ],
)
def test_the_options_of_sendmail_are_understood(arguments: str, expected: dict[str, object]) -> None:
    options = sendmail.parse(arguments.split())
    assert {name: getattr(options, name) for name in expected} == expected


def test_an_option_without_its_word_is_wrong_usage() -> None:
    result = CliRunner().invoke(program, ["sendmail", "-f"])
    assert (result.exit_code, result.stderr) == (64, "sendmail: -f wants a word behind it\n")


@pytest.mark.parametrize(("arguments", "code"), [("-bp", 0), ("-bi", 0), ("-q", 0), ("-bd", 64), ("-bt", 64), ("", 64)])
def test_modes_without_a_message(arguments: str, code: int) -> None:
    assert CliRunner().invoke(program, ["sendmail", *arguments.split()], input="").exit_code == code


def test_nobody_named_in_the_header_is_a_data_error() -> None:
    result = CliRunner().invoke(program, ["sendmail", "-t"], input="Subject: x\n\nhello\n")
    assert result.exit_code == 65
    assert "no recipients" in result.stderr


def test_no_server_is_a_temporary_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTRAP_SMTP", "127.0.0.1:1")
    result = CliRunner().invoke(program, ["sendmail", "a@b"], input="Subject: x\n\nhello\n")
    assert result.exit_code == 75
    assert "mailtrap serve" in result.stderr
    assert CliRunner().invoke(program, ["sendmail", "-bs"]).exit_code == 75


def test_a_bad_setting_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTRAP_SMTP_PORT", "x")
    assert CliRunner().invoke(program, ["sendmail", "a@b"], input="x\n").exit_code == 78


@pytest.mark.parametrize(
    ("written", "dot_ends", "read"),
    [
        (b"a\nb\n", True, b"a\r\nb\r\n"),
        (b"a\r\nb", True, b"a\r\nb\r\n"),
        (b"a\n.\nb\n", True, b"a\r\n"),
        (b"a\r\n.\r\nb\r\n", True, b"a\r\n"),
        (b"a\n.", True, b"a\r\n"),
        (b"a\n.\nb\n", False, b"a\r\n.\r\nb\r\n"),
        (b"a\n.b\n..\n", True, b"a\r\n.b\r\n..\r\n"),
        (b"From me Thu Jan\nSubject: x\n", True, b"Subject: x\r\n"),
        (b"", True, b""),
    ],
)
def test_the_message_ends_and_its_lines_too(written: bytes, dot_ends: bool, read: bytes) -> None:
    assert sendmail._read(io.BytesIO(written), dot_ends) == read


@pytest.mark.parametrize(
    ("message", "fields", "rest"),
    [
        (b"A: 1\r\n 2\r\nB: 3\r\n\r\nbody\r\n", [b"A: 1\r\n 2\r\n", b"B: 3\r\n"], b"\r\nbody\r\n"),
        (b"A: 1\r\nno field\r\n", [b"A: 1\r\n"], b"\r\nno field\r\n"),
        (b"just text\r\n", [], b"\r\njust text\r\n"),
        (b"\r\nA: 1\r\n", [], b"\r\nA: 1\r\n"),
        (b"A: 1\r\n", [b"A: 1\r\n"], b"\r\n"),
    ],
)
def test_header_and_body_are_told_apart(message: bytes, fields: list[bytes], rest: bytes) -> None:
    assert sendmail._split(message) == (fields, rest)


def test_recipients_of_a_resent_message_are_the_resent_ones() -> None:
    plain = [b"To: a@b, Ann <c@d>\r\n", b"Cc: group: e@f,\r\n g@h;\r\n", b"BCC: i@j\r\n"]
    assert sendmail._from_header(plain) == ["a@b", "c@d", "e@f", "g@h", "i@j"]
    assert sendmail._from_header([*plain, b"Resent-To: k@l\r\n"]) == ["k@l"]


def test_what_is_missing_is_added_and_nothing_else() -> None:
    added = b"".join(sendmail._missing([b"Subject: x\r\n"], "a@b", "Ann\r\nX-Evil: y")).decode()
    assert re.fullmatch(r'From: "?AnnX-Evil: y"? <a@b>\r\nDate: [^\r\n]+\r\nMessage-ID: <[^\r\n]+>\r\n', added)
    assert sendmail._missing([b"from: x@y\r\n", b"date: z\r\n", b"message-id: <1>\r\n"], "a@b", "Ann") == []


def test_xtext_keeps_an_envelope_id_one_word() -> None:
    assert sendmail._xtext("a+b=c d\r\né") == "a+2Bb+3Dc+20d+0D+0A+C3+A9"


@pytest.mark.parametrize(
    ("octets", "stuffed"),
    [
        (b".\r\n", b"..\r\n"),
        (b"a\r\n.b\r\n", b"a\r\n..b\r\n"),
        (b"a\n.b\r\n", b"a\n.b\r\n"),
        (b"\r\n\r\n", b"\r\n\r\n"),
    ],
)
def test_dots_are_stuffed_after_crlf_only(octets: bytes, stuffed: bytes) -> None:
    assert dot_stuffed(octets) == stuffed


def test_unix_lines_become_internet_lines() -> None:
    assert with_crlf(b"a\nb\r\n\nc") == b"a\r\nb\r\n\r\nc\r\n"


@pytest.mark.parametrize(
    ("given", "environ", "address"),
    [
        (None, {}, ("127.0.0.1", 1025)),
        (None, {"MAILTRAP_SMTP": "mail:25"}, ("mail", 25)),
        (None, {"MAILTRAP_SMTP": "smtp://[::1]:25"}, ("::1", 25)),
        (None, {"MAILTRAP_SMTP": "mail"}, ("mail", 1025)),
        (None, {"MAILTRAP_SMTP": "[::1]:25"}, ("::1", 25)),
        (None, {"MAILTRAP_HOST": "mail", "MAILTRAP_SMTP_PORT": "2525"}, ("mail", 2525)),
        (None, {"MAILTRAP_HOST": "0.0.0.0"}, ("127.0.0.1", 1025)),
        ("other:26", {"MAILTRAP_SMTP": "mail:25"}, ("other", 26)),
        (":26", {}, ("127.0.0.1", 26)),
    ],
)
def test_where_mail_goes(
    given: str | None, environ: dict[str, str], address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert smtp_address(given) == address


@pytest.mark.parametrize("address", ["mail:", "mail:smtp", "mail:0", "mail:65536", "mail:²"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="not an address"):
        smtp_address(address)


def test_a_link_named_sendmail_is_sendmail(tmp_path: Path) -> None:
    script = tmp_path / "mailtrap"
    script.write_text(f"#!{sys.executable}\nfrom mailtrap.cli import main\nmain()\n")
    script.chmod(0o755)
    (tmp_path / "sendmail").symlink_to(script)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([tmp_path / "sendmail", "-bp"], capture_output=True, text=True, timeout=30, env=environ)
    assert (done.returncode, done.stdout) == (0, "Mail queue is empty\n"), done.stderr
