"""The picture of a mail program in docs/imap.md: mutt in a terminal window, on a screen that is not there."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from tests.interop.cases import Target, start
from tests.interop.collecting import PASSWORD, Post, secret
from tests.interop.readers import Office

PICTURE = Path(__file__).parents[2] / "docs" / "screenshots" / "mutt.png"
PROGRAMS = ("Xvfb", "xterm", "mutt", "import", "compare")
LARGEST = 300 * 1024
#: Pixels that may differ: a port number or two must not touch files under version control.
NOTICEABLE = 2_000
PATIENCE = 60.0

MAIL = (
    ("Northwind <billing@northwind.test>", "Invoice 2026-0311 is due", "The amount of 1,240.00 EUR is due.", 23, 9, 12),
    ("CI <ci@build.test>", "Build 1182 failed on main", "The build of 4f2a91c failed in step test.", 23, 16, 40),
    ("Maya Lindqvist <maya@studio.test>", "Contract draft, second round", "Two small changes.", 24, 8, 5),
    ("Ben Ortiz <ben@example.test>", "Re: Contract draft, second round", "Fine with me.", 24, 8, 31),
    ("Accounts <no-reply@app.test>", "Reset your password", "Somebody asked to reset it.", 24, 10, 2),
    ("Zoë Fröhlich <zoe@example.test>", "Zahlungserinnerung für März", "Leider noch kein Eingang.", 24, 11, 47),
    ("Weekly <digest@app.test>", "Your week: 14 updates", "Fourteen issues were closed.", 24, 13, 0),
)
ORDER = """Hello Ben,

order 48213 left our warehouse this morning and should reach you by
Thursday. You can follow it here:

    https://shop.test/track/48213

Thank you for shopping with us. Grüße aus Köln!
"""

LOOK = """
set index_format = "%4C %Z %[%d %b %H:%M]  %-22.22F %s" date_format = "!%d %b %H:%M" sort = date
set status_format = "mutt: %f  %?n?%n new, ?%m messages" pager_format = "%s" pager_index_lines = 10 help = yes
set tilde = yes markers = no mark_old = no charset = utf-8
set imap_check_subscribed = no mail_check = 3600 timeout = 3600
ignore *
unignore from to subject date
hdr_order date from to subject
color normal default default
color status white blue
color indicator black cyan
color hdrdefault default default
color header brightblue default "^Subject:"
color tree red default
color body blue default "https?://[^ ]+"
"""
#: Of the terminal: white, blue, cyan, bold blue.
PALETTE = ("*color7: #ffffff", "*color4: #24518c", "*color6: #cfe3f7", "*color12: #24518c")


def contents() -> Iterator[bytes]:
    """Those above, and one with an attachment."""
    for sender, subject, text, day, hour, minute in MAIL:
        yield _message(sender, subject, text, f"{day} Nov 2026 {hour:02}:{minute:02}:00 +0000").as_bytes(policy=SMTP)
    order = _message("Orders <orders@shop.test>", "Your order 48213 has shipped", ORDER, "24 Nov 2026 14:27:00 +0000")
    order.add_attachment(b"%PDF-1.4" * 900, maintype="application", subtype="pdf", filename="invoice-48213.pdf")
    order.set_boundary("=-=order=-=")
    yield order.as_bytes(policy=SMTP)


def _message(sender: str, subject: str, text: str, date: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"], message["Date"] = sender, "ben@example.test", subject, date
    message["Message-ID"] = f"<{abs(hash((sender, subject)))}@example.test>"
    message.set_content(text)
    return message


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    target = start(tmp_path)
    yield target
    target.stop()


@contextmanager
def screen(size: str) -> Iterator[str]:
    """A screen in memory; its name."""
    ours, theirs = os.pipe()
    command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", f"{size}x24", "-nolisten", "tcp", "-noreset"]
    process = subprocess.Popen(command, pass_fds=[theirs], stderr=subprocess.DEVNULL)
    os.close(theirs)
    try:
        with os.fdopen(ours) as told:
            yield f":{told.readline().strip()}"
    finally:
        process.terminate()
        process.wait(20)


def _until(file: Path, process: subprocess.Popen[bytes]) -> None:
    """It exists, or the program that is to make it has ended."""
    deadline = time.monotonic() + PATIENCE
    while not file.exists() and time.monotonic() < deadline:
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError("the window was closed")
    assert file.exists(), "no message was shown"


def photograph(display: str, file: Path) -> bytes:
    """What is on the screen, once it stays the same."""
    before, deadline = b"", time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        subprocess.run(["import", "-display", display, "-window", "root", "-strip", str(file)], check=True, timeout=60)
        if file.read_bytes() == before:
            return before
        before = file.read_bytes()
    raise AssertionError("the screen never came to rest")


def differs(old: Path, new: Path) -> bool:
    """Whether somebody would notice."""
    done = subprocess.run(
        ["compare", "-metric", "AE", "-fuzz", "10%", str(old), str(new), "null:"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode > 1 or float(done.stderr.split()[0]) > NOTICEABLE


@pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason=f"one of {', '.join(PROGRAMS)} is not on this machine")
def test_a_mail_program_on_a_screen(target: Target, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    post = Post("imap", "starttls", target.ports["imap"], target.ca, "ben@example.test", home)
    Office(target).send(post, list(contents()))
    shown = home / "shown"
    secret(
        post,
        ".muttrc",
        f"set folder = 'imap://{post.user}@localhost:{post.port}/' spoolfile = '+INBOX' imap_pass = '{PASSWORD}'\n"
        f"set ssl_force_tls = yes ssl_ca_certificates_file = '{post.ca}'\n"
        f"set display_filter = 'cat; touch {shown}'\n{LOOK}",
    )
    environment = {**os.environ, "HOME": str(home), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    with screen("1000x610") as display:
        environment["DISPLAY"] = display
        window = [
            "xterm",
            "-fa",
            "DejaVu Sans Mono",
            "-fs",
            "11",
            "-geometry",
            "120x40+0+0",
            "-b",
            "8",
            "+sb",
            "-bw",
            "0",
        ]
        colours = ["-bg", "#fdfdfb", "-fg", "#23262b", "-xrm", "*cursorBlink: false"]
        colours += [word for pair in PALETTE for word in ("-xrm", pair)]
        command = ["mutt", "-n", "-e", "push <last-entry><display-message>"]
        process = subprocess.Popen([*window, *colours, "-e", *command], env=environment, stderr=subprocess.DEVNULL)
        try:
            _until(shown, process)
            picture = photograph(display, tmp_path / "mutt.png")
        finally:
            process.terminate()
            process.wait(20)
    assert len(picture) <= LARGEST
    said = [line["text"] for one in _dialogues(target) for line in one["lines"] if line["side"] == "C"]
    assert any("BODY" in text for text in said), "no message was opened"
    if not PICTURE.exists() or differs(PICTURE, tmp_path / "mutt.png"):
        PICTURE.write_bytes(picture)


def _dialogues(target: Target) -> Iterator[dict[str, list[dict[str, str]]]]:
    for one in target.get("/api/sessions?limit=10")["sessions"]:
        if one["listener"] == "imap":
            yield target.get(f"/api/sessions/{one['id']}")
