"""`mailtrap run`: a command with a sandbox of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

SEND = """
import os, smtplib, sys, urllib.parse
server = urllib.parse.urlsplit(os.environ[sys.argv[1]])
with smtplib.SMTP(server.hostname, server.port) as client:
    client.sendmail("app@example.test", ["ana@example.test"], b"Subject: Welcome\\r\\n\\r\\nHello <Ana>\\r\\n")
    try:
        client.sendmail("app@example.test", ["ana+550-5.1.1@example.test"], b"Subject: No\\r\\n\\r\\nNo\\r\\n")
    except smtplib.SMTPRecipientsRefused:
        pass
print("sent")
sys.exit(int(sys.argv[2]))
"""


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mailtrap", "run", *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(("variable", "code"), [("SMTP_URL", 0), ("MAILER_DSN", 3)])
def test_a_command_has_a_sandbox_and_its_code_is_ours(tmp_path: Path, variable: str, code: int) -> None:
    junit, html = tmp_path / "reports" / "mail.xml", tmp_path / "mail.html"
    done = _run("--junit", str(junit), "--html", str(html), "--", sys.executable, "-c", SEND, variable, str(code))
    assert (done.returncode, done.stdout) == (code, "sent\n")
    lines = done.stderr.splitlines()
    assert lines[:2] == ["mailtrap: 1 message for 1 recipient", "  app@example.test → ana@example.test  Welcome"]
    assert "refused: 550 5.1.1" in lines[2]
    suite = ElementTree.fromstring(junit.read_bytes())[0]
    assert [case.get("classname") for case in suite.findall("testcase")] == ["command", "mail"]
    assert suite.get("failures") == ("1" if code else "0")
    page = html.read_text("utf-8")
    assert "Hello &lt;Ana&gt;" in page
    assert "550 5.1.1" in page
    assert ("What failed" in page) is bool(code)


def test_a_command_reads_what_it_sent() -> None:
    script = """
import imaplib, os, poplib, smtplib, urllib.parse
with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as client:
    client.sendmail("app@example.test", ["ana@example.test"], b"Subject: Welcome\\r\\n\\r\\nHello\\r\\n")
with imaplib.IMAP4(os.environ["IMAP_HOST"], int(os.environ["IMAP_PORT"]), timeout=60) as reader:
    reader.login(os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"])
    print(reader.select("INBOX"))
at = urllib.parse.urlsplit(os.environ["POP3_URL"])
collector = poplib.POP3(at.hostname, at.port, timeout=60)
collector.user(at.username)
collector.pass_(at.password)
print(collector.retr(1)[1][-1])
collector.quit()
"""
    done = _run("-q", "--", sys.executable, "-c", script)
    assert (done.returncode, done.stdout) == (0, "('OK', [b'1'])\nb'Hello'\n"), done.stderr


def test_what_tests_delete_is_told_too() -> None:
    script = """
import os
from mailtrap.client import Sandbox
with Sandbox() as sandbox:
    inbox = sandbox.inbox("one")
    inbox.create()
    inbox.send(to="ana@example.test", subject="Gone already")
    inbox.remove()
    assert sandbox.list() == []
"""
    done = _run("--", sys.executable, "-c", script)
    assert done.returncode == 0, done.stderr
    assert "Gone already" in done.stderr


def test_variables_of_other_servers_are_not_handed_on() -> None:
    script = "import os; print(*sorted(f'{k}={v}' for k, v in os.environ.items() if v in ('secret', 'kept')))"
    stray = {
        "SMTP_PASSWORD": "secret",
        "EMAIL_HOST_PASSWORD": "secret",
        "MAIL_USE_TLS": "secret",
        "OTHER_PASSWORD": "kept",
    }
    stray |= {"IMAP_USER": "secret", "IMAP_PASSWORD": "secret", "IMAP_USE_SSL": "secret", "POP3_STARTTLS": "secret"}
    done = _run("-q", "--", sys.executable, "-c", script, **stray)
    assert (done.returncode, done.stdout, done.stderr) == (0, "OTHER_PASSWORD=kept\n", "")


def test_options_of_the_command_are_its_own() -> None:
    done = _run("-q", sys.executable, "-c", "import sys; print(sys.argv[1:])", "--junit", "x", "-q", "--", "--help")
    assert (done.returncode, done.stdout) == (0, "['--junit', 'x', '-q', '--', '--help']\n")


@pytest.mark.parametrize(("command", "code"), [("no-such-command-here", 127), ("/", 126)])
def test_a_command_that_cannot_be_run(command: str, code: int) -> None:
    done = _run("--", command)
    assert done.returncode == code
    assert done.stderr.startswith(f"mailtrap: cannot run {command}: ")


def test_no_command_is_wrong_usage() -> None:
    assert _run().returncode == 2


WAITS = """
import os, signal
def stop(number, frame):
    os.write(1, b"got %d\\n" % number)  # not print, which may still be at work on "ready"
    os._exit(7)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
print("ready", flush=True)
signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_passed_on(number: signal.Signals) -> None:
    # In a session of its own there is no terminal that would send Ctrl-C to both.
    process = subprocess.Popen(
        [sys.executable, "-m", "mailtrap", "run", "-q", "--", sys.executable, "-c", WAITS],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == f"got {int(number)}\n"
        assert process.wait(60) == 7


def test_a_command_that_a_signal_ends_is_told_as_a_shell_tells_it() -> None:
    done = _run("-q", "--", sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == 137


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    scratch, home = tmp_path / "scratch", tmp_path / "home"
    scratch.mkdir()
    done = _run("--", sys.executable, "-c", "pass", TMPDIR=str(scratch), HOME=str(home))
    assert done.returncode == 0
    assert list(scratch.iterdir()) == []
    assert not home.exists()
