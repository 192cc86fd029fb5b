"""What the tests of such an application look like."""

import pytest
from signup import SignUps


@pytest.fixture(autouse=True)
def mail_goes_to_the_inbox(inbox, monkeypatch):
    for name, value in inbox.env.items():
        monkeypatch.setenv(name, value)


def test_the_link_and_the_code_confirm_the_address(inbox):
    signups = SignUps()
    assert signups.begin("ana@example.test") == "Look into your mailbox."

    mail = inbox.wait("rcpt:ana@example.test subject:confirm")
    token = mail.link("/verify/").rpartition("/")[2]
    assert signups.confirm(token, mail.code) == "Your address is confirmed."
    assert signups.confirmed == {"ana@example.test"}


def test_another_code_does_not(inbox):
    signups = SignUps()
    signups.begin("ana@example.test")
    mail = inbox.wait("rcpt:ana@example.test")
    wrong = f"{(int(mail.code) + 1) % 10**6:06}"
    assert signups.confirm(mail.link("/verify/").rpartition("/")[2], wrong) == "That code is not right."
    assert not signups.confirmed


def test_a_server_that_is_busy_is_no_dead_end(inbox, faults):
    faults.reply(451, "4.3.0", "Try again later", first=1)
    signups = SignUps()
    assert "try again" in signups.begin("ana@example.test")
    assert inbox.list() == []

    assert signups.begin("ana@example.test") == "Look into your mailbox."
    assert inbox.wait("rcpt:ana@example.test").code
