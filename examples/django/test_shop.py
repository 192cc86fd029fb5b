"""Settings are overridden for a test with those of its inbox. Works with pytest-django's `settings` just as well."""

import django
import pytest
import shop  # configures Django
from django.test import Client, override_settings

assert shop
django.setup()


@pytest.fixture
def client(inbox):
    with override_settings(**inbox.django_settings):
        yield Client()


def test_the_link_and_the_code_confirm_the_address(client, inbox):
    assert client.post("/signup", {"address": "ana@example.test"}).content == b"Look into your mailbox."

    mail = inbox.wait("rcpt:ana@example.test subject:confirm")
    page = mail.link("Confirm your address").removeprefix("http://testserver")
    assert b"Your code" in client.get(page).content
    assert client.post(page, {"code": mail.code}).content == b"ana@example.test is confirmed."


def test_a_server_that_is_busy_is_no_dead_end(client, inbox, faults):
    faults.reply(451, "4.3.0", "Try again later", first=1)
    answer = client.post("/signup", {"address": "ana@example.test"})
    assert answer.status_code == 503
    assert b"try again" in answer.content

    client.post("/signup", {"address": "ana@example.test"})
    assert inbox.wait("rcpt:ana@example.test").code


class TestInTheStyleOfUnittest(django.test.SimpleTestCase):
    """Where tests are classes, a fixture that is used by itself hands the inbox on."""

    @pytest.fixture(autouse=True)
    def _mail(self, inbox):
        self.inbox = inbox

    def test_the_mail_has_a_code(self):
        with self.settings(**self.inbox.django_settings):
            self.client.post("/signup", {"address": "ana@example.test"})
        assert len(self.inbox.wait("rcpt:ana@example.test").code) == 6
