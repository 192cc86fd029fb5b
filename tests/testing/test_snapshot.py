"""Snapshots: what always differs does not count, everything else does and is shown."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailtrap.client.mismatch import MailMismatch
from mailtrap.errors import Invalid
from mailtrap.testing.boxes import MailInbox, MailSandbox, name_for
from mailtrap.testing.inprocess import InProcess
from mailtrap.testing.masking import Mask
from mailtrap.testing.snapshot import Snapshots


@pytest.fixture(scope="module")
def sandbox() -> Iterator[MailSandbox]:
    with InProcess() as running, MailSandbox(running.site) as made:
        yield made


@pytest.fixture
def box(sandbox: MailSandbox) -> MailInbox:
    return sandbox.inbox(name_for("test"))


def _mail(number: int, greeting: str = "Hello Ana") -> EmailMessage:
    """The same mail as a program sends it time and again."""
    token = f"{number:08x}-aaaa-4bbb-8ccc-{number:012x}"
    message = EmailMessage()
    message["From"] = "Shop <shop@shop.example>"
    message["To"] = "ana@example.test"
    message["Subject"] = "Confirm your address"
    message["Date"] = f"Wed, 25 Nov 2026 10:{number:02}:00 +0000"
    message["Message-ID"] = f"<{number}.{number}@shop.example>"
    message["X-Request"] = token
    message.set_content(
        f"{greeting},\n\nyour code is {480000 + number}.\n"
        f"http://127.0.0.1:{40000 + number}/verify?token={token}\nSent 2026-11-25T10:{number:02}:00Z\n"
    )
    message.add_alternative(
        f'<p>{greeting}</p><a href="http://127.0.0.1:{40000 + number}/verify?token={token}">Confirm</a>', subtype="html"
    )
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename=f"invoice-{token}.pdf")
    return message


def test_what_always_differs_does_not_count(box: MailInbox, tmp_path: Path) -> None:
    test = tmp_path / "test_shop.py"
    take, compare = Snapshots(test, box, update=True), Snapshots(test, box)
    box.send(_mail(1))
    take("confirm")
    for number in (2, 17, 59):
        box.send(_mail(number))
        assert compare("confirm").subject == "Confirm your address"
    assert (tmp_path / "mail_snapshots" / "test_shop" / "confirm.txt").read_text("utf-8") == (
        "From: Shop <shop@shop.example>\n"
        "To: ana@example.test\n"
        "Subject: Confirm your address\n"
        "Date: {date}\n"
        "Message-ID: {message-id}\n"
        "X-Request: {uuid}\n"
        "MIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary={boundary}\n"
        "\n"
        "--- structure\n"
        "multipart/mixed\n"
        "  multipart/alternative\n"
        "    text/plain utf-8\n"
        "    text/html utf-8\n"
        "  application/pdf attachment 'invoice-{uuid}.pdf'\n"
        "\n"
        "--- text\n"
        "Hello Ana,\n"
        "\n"
        "your code is {code}.\n"
        "http://127.0.0.1:{port}/verify?token={uuid}\n"
        "Sent {time}\n"
        "\n"
        "--- html\n"
        "<p>Hello Ana</p>\n"
        '<a href="http://127.0.0.1:{port}/verify?token={uuid}">Confirm</a>\n'
    )


def test_what_differs_is_shown(box: MailInbox, tmp_path: Path) -> None:
    test = tmp_path / "test_shop.py"
    box.send(_mail(1))
    Snapshots(test, box, update=True)("confirm")
    box.send(_mail(2, "Dear Ana"))
    with pytest.raises(MailMismatch) as caught:
        Snapshots(test, box)("confirm")
    told = str(caught.value)
    assert "not as in snapshot 'confirm'" in told
    assert "--mail-snapshot-update" in told
    assert "-Hello Ana," in told
    assert "+Dear Ana," in told
    assert "-<p>Hello Ana</p>" in told
    assert "+<p>Dear Ana</p>" in told
    assert "token" not in "".join(line for line in told.splitlines() if line[:1] in "+-")
    Snapshots(test, box, update=True)("confirm")
    Snapshots(test, box)("confirm")


def test_one_that_is_not_there_yet_is_shown_and_not_taken_unasked(box: MailInbox, tmp_path: Path) -> None:
    box.send(_mail(1))
    with pytest.raises(MailMismatch, match=r"there is no snapshot 'new' yet(.|\n)*Subject: Confirm your address"):
        Snapshots(tmp_path / "test_shop.py", box)("new")
    assert list(tmp_path.iterdir()) == []


def test_a_message_can_be_given_and_more_be_masked(box: MailInbox, tmp_path: Path) -> None:
    test = tmp_path / "test_shop.py"
    first, second = box.send(_mail(1, "Hello Ana")), box.send(_mail(2, "Hello Bob"))
    Snapshots(test, box, update=True)("confirm", message=first, mask=["Hello (Ana|Bob)"])
    Snapshots(test, box)("confirm", message=second, mask=["Hello (Ana|Bob)"])
    assert "{masked}," in (tmp_path / "mail_snapshots" / "test_shop" / "confirm.txt").read_text("utf-8")


@pytest.mark.parametrize("name", ["", "../up", "a/b", "x" * 200, ".hidden", "a\n"])
def test_a_name_is_the_name_of_a_file_beside_the_others(box: MailInbox, tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="cannot be called"):
        Snapshots(tmp_path / "test_shop.py", box, update=True)(name)
    assert list(tmp_path.iterdir()) == []


def test_the_same_value_has_the_same_name_and_another_has_another() -> None:
    mask = Mask([("483920", "code")])
    one, other = "0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    assert mask.apply(f"{one} {other} {one}") == "{uuid} {uuid-2} {uuid}"
    assert mask.apply(f"again {other}; code 483920, not 4839201") == "again {uuid-2}; code {code}, not 4839201"


@pytest.mark.parametrize(
    "text",
    [
        "Order 2026-1182 over 1,290.00 EUR",
        "Call +49 30 1234567",
        "a perfectly ordinary sentence with an extraordinarily-long-word-with-hyphens in it",
        "https://shop.example/products/blue-suede-shoes?size=42",
        "#ff8800 and version 12.4.1",
    ],
)
def test_what_is_meant_stays(text: str) -> None:
    assert Mask().apply(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("/reset/Zk3vQ9xLw2T7pR5sB8nY1c", "/reset/{token}"),
        ("sid=9f86d081884c7d659a2feaa0c55ad015", "sid={token}"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "{token}"),
        ("on Wed, 25 Nov 2026 10:00:00 +0000", "on {time}"),
        ("http://localhost:54321/x", "http://localhost:{port}/x"),
    ],
)
def test_what_differs_each_time_is_known(text: str, masked: str) -> None:
    assert Mask().apply(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("/verify/lHPVJFSTVgNaNuqJXzlqqQ and", "/verify/{token} and"),
        ("/verify/lHPVJFSTVg4aNuqJXzlqqQ and", "/verify/{token} and"),
        ("a VeryLongNameOfSomethingElse here", "a VeryLongNameOfSomethingElse here"),
        ("Donaudampfschifffahrtsgesellschaft", "Donaudampfschifffahrtsgesellschaft"),
        ("THE_NAME_OF_A_LONG_CONSTANT", "THE_NAME_OF_A_LONG_CONSTANT"),
    ],
)
def test_tokens_are_told_from_long_words(text: str, masked: str) -> None:
    assert Mask().apply(text) == masked
