"""The fixture's configuration is all that the application needs."""

import pytest
from shop import create_app


@pytest.fixture
def client(inbox):
    return create_app({"TESTING": True, **inbox.flask_config}).test_client()


def test_the_link_and_the_code_confirm_the_address(client, inbox):
    assert client.post("/signup", data={"address": "ana@example.test"}).text == "Look into your mailbox."

    mail = inbox.wait("rcpt:ana@example.test subject:confirm")
    link = mail.link("Confirm your address")
    assert "Your code" in client.get(link).text
    assert client.post(link, data={"code": mail.code}).text == "ana@example.test is confirmed."


def test_the_mail_is_as_it_was(client, assert_mail_snapshot):
    client.post("/signup", data={"address": "ana@example.test"})
    assert_mail_snapshot("confirm")


def test_a_server_that_is_busy_is_no_dead_end(client, inbox, faults):
    faults.reply(451, "4.3.0", "Try again later", first=1)
    answer = client.post("/signup", data={"address": "ana@example.test"})
    assert answer.status_code == 503
    assert "try again" in answer.text

    client.post("/signup", data={"address": "ana@example.test"})
    assert inbox.wait("rcpt:ana@example.test").code
