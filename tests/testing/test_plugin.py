"""The pytest plugin from outside: whole test sessions, in which its fixtures are used as people use them."""

from __future__ import annotations

import re

import pytest

from mailtrap.testing.boxes import MailSandbox
from mailtrap.testing.inprocess import InProcess

pytest_plugins = ["pytester"]

SEND = """
import smtplib

def send(inbox, subject="Hello", to="ana@example.test", login=True):
    with smtplib.SMTP(inbox.host, inbox.port) as client:
        if login:
            client.login(inbox.user, inbox.password)
        client.sendmail("app@example.test", [to], f"Subject: {subject}\\r\\n\\r\\nThis is {subject}.\\r\\n".encode())
"""

#: Plugins that a session within a session cannot stand, or that would be in the way.
NOTHING_ELSE = [f"-pno:{name}" for name in ("smtpd", "localserver", "playwright", "cacheprovider")]


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """A session within this process forgets what it was first to import, which not every module takes well."""
    with InProcess() as running, MailSandbox(running.site) as sandbox:
        sandbox.send(to="ana@example.test", subject="Hello", html="<p>Hello</p>")
        assert sandbox.wait("subject:hello").html
        assert running.site.ca_file


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAILTRAP_URL", "MAILTRAP_SMTP", "MAILTRAP_API_TOKEN", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)


def _session(pytester: pytest.Pytester, tests: str, *arguments: str, apart: bool = False) -> pytest.RunResult:
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    pytester.makepyfile(mail=SEND)
    pytester.makepyfile("import pytest\nfrom mail import send\n" + tests)
    pytester.syspathinsert()
    run = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
    return run(*NOTHING_ELSE, *arguments)


def test_each_test_has_an_inbox_of_its_own(pytester: pytest.Pytester) -> None:
    result = _session(
        pytester,
        """
import threading, urllib.request
before = threading.active_count()

@pytest.mark.parametrize("number", range(20))
def test_only_its_own_mail(inbox, number):
    send(inbox, f"mail {number}")
    assert inbox.wait("subject:mail").subject == f"mail {number}"
    assert len(inbox.list()) == 1

def test_by_address_too(inbox):
    send(inbox, "By address", inbox.address("ana"), login=False)
    assert inbox.wait("subject:address").recipients == [f"ana@{inbox.name}.test"]
    send(inbox, "By tag", inbox.address("ana", "example.com"), login=False)
    assert inbox.wait("subject:tag").recipients == [f"ana+{inbox.name}@example.com"]

def test_it_goes_when_the_test_is_over(mail_sandbox):
    assert [one["name"] for one in mail_sandbox.inboxes() if one["name"] != "default"] == []
    assert mail_sandbox.list() == []

def test_faults_are_for_this_inbox_only(inbox, faults, mail_sandbox):
    import smtplib
    faults.reply(451, "4.3.0", "Try again later", first=1)
    other = mail_sandbox.inbox("other")
    send(other, "To another")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(inbox)
    send(inbox, "Again")
    assert [one.subject for one in inbox.list()] == ["Again"]
    assert [one.subject for one in other.list()] == ["To another"]

def test_faults_are_gone(mail_sandbox):
    assert mail_sandbox.faults.list() == []

def test_time_can_pass(inbox, clock):
    before = clock.now().ahead
    clock.advance(3600)
    assert clock.now().ahead > before + 3599
    send(inbox)
    inbox.wait("subject:hello")
""",
    )
    result.assert_outcomes(passed=25)


def test_nothing_is_imported_until_a_fixture_is_used(pytester: pytest.Pytester) -> None:
    result = _session(
        pytester,
        """
import sys
def test_light():
    ours = {name for name in sys.modules if name.split(".")[0] == "mailtrap"}
    assert ours == {"mailtrap", "mailtrap.testing", "mailtrap.testing.plugin"}
    assert not {"flask", "msgspec", "sqlite_utils", "uvloop", "cryptography"} & sys.modules.keys()
""",
        "-p",
        "no:hypothesispytest",
        "-p",
        "no:schemathesis",
        apart=True,
    )
    result.assert_outcomes(passed=1)


def test_it_gets_on_with_other_plugins_for_mail(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(mail=SEND)
    pytester.makepyfile(
        """
from types import SimpleNamespace
from mail import send

def test_all_three(inbox, smtpd, smtpserver):
    send(inbox, "Ours")
    for host, port in ((smtpd.hostname, smtpd.port), smtpserver.addr):
        send(SimpleNamespace(host=host, port=port), "Theirs", login=False)
    assert [one.subject for one in inbox.list()] == ["Ours"]
    assert [one["subject"] for one in smtpd.messages] == ["Theirs"]
    assert [one["subject"] for one in smtpserver.outbox] == ["Theirs"]
"""
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


def test_asynchronous_tests_and_those_in_classes(pytester: pytest.Pytester) -> None:
    result = _session(
        pytester,
        """
import asyncio, unittest

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
async def test_wait_before_the_mail_is_sent(inbox):
    waiting = asyncio.create_task(inbox.aio.wait("subject:hello", timeout=60))
    await asyncio.sleep(0)
    await asyncio.to_thread(send, inbox)
    message = await waiting
    assert message.subject == "Hello"
    assert message.text.strip() == "This is Hello."
    await inbox.aio.assert_none("subject:other", within=0)

class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _mail(self, inbox, faults):
        self.inbox, self.faults = inbox, faults

    def test_one(self):
        send(self.inbox)
        self.assertEqual(self.inbox.wait("subject:hello").recipients, ["ana@example.test"])

class TestAsynchronousCase(unittest.IsolatedAsyncioTestCase):
    @pytest.fixture(autouse=True)
    def _mail(self, inbox):
        self.inbox = inbox

    async def test_one(self):
        await asyncio.to_thread(send, self.inbox)
        assert (await self.inbox.aio.wait("subject:hello")).subject == "Hello"
""",
    )
    result.assert_outcomes(passed=3)


def test_assertions_of_others_are_explained_and_ours_not_compiled_anew(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(helper="def check(number):\n    assert number == 2\n")
    result = _session(
        pytester,
        """
import sys
from _pytest.assertion.rewrite import AssertionRewritingHook

pytest.register_assert_rewrite("helper")

def test_what_is_imported_later_too(inbox):
    before = list(sys.meta_path)
    import helper
    with pytest.raises(AssertionError, match="assert 1 == 2"):
        helper.check(1)
    assert isinstance(before[0], AssertionRewritingHook)
    inbox.list()
    loaders = {name: module.__spec__.loader for name, module in sys.modules.items() if name.startswith("mailtrap.")}
    hooked = [name for name, loader in loaders.items() if isinstance(loader, AssertionRewritingHook)]
    assert sorted(hooked) == ["mailtrap.testing", "mailtrap.testing.plugin"]  # which pytest itself loads
""",
        apart=True,
    )
    result.assert_outcomes(passed=1)


def test_several_workers_at_once(pytester: pytest.Pytester) -> None:
    result = _session(
        pytester,
        """
@pytest.mark.parametrize("number", range(40))
def test_send_wait_assert(inbox, number):
    send(inbox, f"mail {number}")
    assert inbox.expect("subject:mail", subject=f"mail {number}", rcpt="ana@example.test", timeout=60)
    assert len(inbox.list()) == 1
""",
        "-n",
        "3",
        apart=True,
    )
    result.assert_outcomes(passed=40)


def test_workers_share_the_sandbox_at_mailtrap_url(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    with InProcess() as running, MailSandbox(running.site) as sandbox:
        monkeypatch.setenv("MAILTRAP_URL", running.site.url)
        result = _session(
            pytester,
            f"""
import sys

@pytest.mark.parametrize("number", range(30))
def test_send_wait_assert(inbox, number):
    send(inbox, "The same")
    assert inbox.wait("subject:same", timeout=60).inboxes == [inbox.name]
    assert len(inbox.list()) == 1

def test_it_is_that_one(mail_sandbox):
    assert mail_sandbox.url == {running.site.url!r}
    assert "mailtrap.server" not in sys.modules
""",
            "-n",
            "2",
            apart=True,
        )
        result.assert_outcomes(passed=31)
        assert sandbox.list() == []
        assert [one["name"] for one in sandbox.inboxes() if one["name"] != "default"] == []


def test_nobody_at_mailtrap_url_is_told(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTRAP_URL", "http://127.0.0.1:1")
    result = _session(pytester, "def test_it(inbox): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no sandbox answers at http://127.0.0.1:1*"])


def test_settings_of_the_sandbox(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import smtplib
import pytest
def test_login_is_demanded(mail_sandbox):
    site = mail_sandbox.site
    with smtplib.SMTP(site.host, site.smtp) as client, pytest.raises(smtplib.SMTPSenderRefused):
        client.sendmail("a@example.test", ["b@example.test"], b"x")
"""
    )
    pytester.makeini("[pytest]\nmail_settings =\n    auth=required\n")
    pytester.runpytest_inprocess(*NOTHING_ELSE).assert_outcomes(passed=1)


FAILING = """
import smtplib

def test_goes_wrong(inbox, faults, mail_sandbox):
    send(inbox, "Confirm your adress \\x1b[31m<b>")
    faults.reply(550, "5.1.1", "No such user", when="rcpt:bob@example.test")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(inbox, to="bob@example.test")
    send(inbox, "Without a login", login=False)
    assert [one.subject for one in inbox.list()] == ["Confirm your address"]

def test_nothing_came(inbox):
    inbox.wait("subject:welcome", timeout=0.05)

def test_goes_well(inbox):
    send(inbox)

def test_has_no_mail():
    assert False
"""


def test_a_failure_is_told_with_the_mail_there_was(pytester: pytest.Pytester) -> None:
    result = _session(pytester, FAILING)
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*mail in inbox test-goes-wrong-*",
            "1 message arrived:",
            "  *'Confirm your adress*31m<b>'",
            "    app@example.test → ana@example.test",
            "    | This is Confirm your adress *",
            "meanwhile, without a login, in the default inbox:",
            "  *'Without a login'",
            "session * refused: 550 5.1.1 No such user:",
            "*C: rcpt TO:<bob@example.test>*",
            "*S: 550 5.1.1 No such user",
            "*mail in inbox test-nothing-came-*",
            "no messages arrived",
        ]
    )
    assert result.stdout.str().count("mail in inbox") == 2
    assert "\x1b[31m<b>" not in result.stdout.str()


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one", "workers"])
def test_a_failure_leaves_artefacts(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    result = _session(pytester, FAILING, "--mail-artifacts", "artefacts", *workers, apart=bool(workers))
    result.assert_outcomes(failed=3, passed=1)
    directory = pytester.path / "artefacts"
    places = sorted(place.name for place in directory.iterdir())
    assert [re.sub("-[0-9a-f]{10}$", "", place) for place in places] == ["test-goes-wrong", "test-nothing-came"]
    mail, page = sorted((directory / places[0]).iterdir())
    assert mail.name == "01-Confirm-your-adress-31m-b.eml"
    assert (
        mail.read_bytes()
        == b"Subject: Confirm your adress \x1b[31m<b>\r\n\r\nThis is Confirm your adress \x1b[31m<b>.\r\n"
    )
    html = page.read_text("utf-8")
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "550 5.1.1 No such user" in html
    assert "assert [" in html
    # What it shows comes with it: nothing is fetched, nothing can run.
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in html
    assert not re.search(r"<script|<link|src=\"http|url\(", html)


def test_fixtures_of_the_project_come_first(pytester: pytest.Pytester) -> None:
    result = _session(
        pytester,
        """
@pytest.fixture
def inbox():
    return "theirs"

@pytest.fixture
def clock():
    return "theirs"

def test_theirs(inbox, clock):
    assert inbox == clock == "theirs"
""",
    )
    result.assert_outcomes(passed=1)


def test_documented_by_pytest_itself(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--fixtures", *NOTHING_ELSE)
    result.stdout.fnmatch_lines(["mail_sandbox*session scope*", "inbox -- *", "faults -- *", "clock -- *"])
