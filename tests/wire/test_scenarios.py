"""Every scenario by its name, against a whole sandbox over real sockets: on the wire is what the tables say."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from mailtrap.faults.rule import Step
from mailtrap.faults.scenario import Scenario
from mailtrap.faults.scenarios import SCENARIOS
from mailtrap.mail.message import Message
from mailtrap.net.tls import ca_file
from mailtrap.query import parse
from mailtrap.server import Server
from mailtrap.settings import Settings
from tests.strict_tls import strict_client
from tests.wire.test_faults import ERRORS, Client

LONG = 60.0
#: Seconds that stand for the long ones of a scenario, and for which silence is listened to.
SHORT = 0.3

CONTENT = (
    b"From: App <app@example.test>\r\nTo: ana@x.test\r\nSubject: hi\r\nMessage-ID: <%d@app>\r\n\r\n"
    b"http://127.0.0.1/link\r\n.\r\n"
)

EHLO, MAIL = b"EHLO client.test\r\n", b"MAIL FROM:<app@example.test>\r\n"
RCPT, DATA, QUIT = b"RCPT TO:<ana@x.test>\r\n", b"DATA\r\n", b"QUIT\r\n"

#: What a client says to come to a step; the last of it is what gets the reply.
PATHS: dict[Step, tuple[bytes, ...]] = {
    Step.CONNECT: (),
    Step.STARTTLS: (EHLO, b"STARTTLS\r\n"),
    Step.AUTH: (EHLO, b"AUTH PLAIN AGFubgBzZWNyZXQ=\r\n"),
    Step.MAIL: (EHLO, MAIL),
    Step.RCPT: (EHLO, MAIL, RCPT),
    Step.END_OF_DATA: (EHLO, MAIL, RCPT, DATA, CONTENT % 1),
}

REPLIES = [one for one in SCENARIOS.values() if one.provider and one.effect.reply]
MALFORMED: dict[str, bytes] = {
    "malformed-reply": b"2.1.0 Sender OK\r\n",
    "malformed-no-code": b"2.1.0 Sender OK\r\n",
    "malformed-split": b"250 2.1.0 Sender OK\r\n",
    "malformed-endless": b"250-2.1.0 Sender OK\r\n" * 5,
    "malformed-unterminated": b"250-2.1.0 Sender OK\r\n",
    "malformed-bare-lf": b"250 2.1.0 Sender OK\n",
    "malformed-bare-cr": b"250 2.1.0 Sender OK\r",
    "malformed-wrong-code": b"999 2.1.0 Sender OK\r\n",
    "malformed-other-codes": b"250-2.1.0 Sender OK\r\n550 2.1.0 Sender OK\r\n",
    "malformed-long-line": b"250 2.1.0 Sender OK".ljust(1024 * 1024 - 2, b"x") + b"\r\n",
    "malformed-nul": b"250 \0002.1.0 Sender OK\r\n",
    "malformed-lower-case": b"250 2.1.0 sender ok\r\n",
    "malformed-empty": b"\r\n",
    "malformed-eight-bit": b"250 2.1.0 Sender OK \xe9\xff\r\n",
}


class Running:
    """A sandbox, in which one scenario at a time is switched on."""

    def __init__(self, server: Server, addresses: dict[str, tuple[str, int]]) -> None:
        self.server = server
        self.sandbox = server.sandbox
        self.smtp = addresses["smtp"]

    def switch_on(self, name: str, step: Step | None = None, **changes: Any) -> None:
        """By the rules of its name; `changes` of the effect spare the test a long time."""
        for rule in SCENARIOS[name].faults():
            effect = msgspec.structs.replace(rule.effect, **changes)
            self.sandbox.faults.add(msgspec.structs.replace(rule, effect=effect, step=step or rule.step))

    def messages(self, query: str) -> int:
        assert self.server.store.catch_up(LONG)
        return self.server.store.page(parse(query), limit=1).total

    def newest(self, query: str) -> Message:
        assert self.server.store.catch_up(LONG)
        return self.server.store.page(parse(query), limit=1).messages[0]

    def trusting(self) -> ssl.SSLContext:
        return strict_client(str(ca_file(self.server.settings)))


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("sandbox")
    server = Server(
        Settings(
            database=str(folder / "mail.db"),
            state_dir=str(folder / "state"),
            synchronous="off",
            smtp_port=0,
            smtps_port=0,
            web_port=0,
            smtp_hostname="localhost",
        )
    )
    addresses = server.start()
    yield Running(server, addresses)
    server.stop()


@pytest.fixture
def running(started: Running) -> Iterator[Running]:
    yield started
    started.sandbox.faults.clear()


def walk(client: Client, *commands: bytes) -> bytes:
    """Say these; the reply to the last one."""
    said = b""
    for command in commands:
        client.send(command)
        said = client.reply()
    return said


def as_told(one: Scenario) -> bytes:
    """The reply of a scenario as it must come, written without the code that says it."""
    said = one.effect.reply
    assert said is not None
    filled = {
        "{peer}": "127.0.0.1",
        "{recipient}": "ana@x.test" if one.step in (Step.RCPT, Step.END_OF_DATA) else "unknown",
        "{domain}": "x.test" if one.step in (Step.RCPT, Step.END_OF_DATA) else "unknown",
        "{sender}": "app@example.test",
        "{sender-domain}": "example.test",
        "{host}": "localhost",
    }
    text = said.text
    for name, value in filled.items():
        text = text.replace(name, value)
    lines = [f"{said.status} {line}" if said.status else line for line in text.split("\n")]
    first = "".join([f"{said.code}-{line}\r\n" for line in lines[:-1]])
    return f"{first}{said.code} {lines[-1]}\r\n".encode("ascii")


def silent(client: Client) -> bool:
    """Whether nothing is said, and the connection is not closed either."""
    client.sock.settimeout(SHORT)
    try:
        client.sock.recv(1, socket.MSG_PEEK)
        return False
    except TimeoutError:
        return True
    finally:
        client.sock.settimeout(LONG)


@pytest.mark.parametrize("name", [one.name for one in REPLIES])
def test_a_reply_is_said_octet_for_octet(running: Running, name: str) -> None:
    one = SCENARIOS[name]
    running.switch_on(name)
    before = running.messages("")
    with Client(running.smtp) as client:
        path = PATHS[one.step]
        if path:
            client.reply()
        said = walk(client, *path) if path else client.reply()
        assert said == as_told(one)
        if one.effect.disconnect:
            assert client.replies.read() == b""
        elif one.name == "not-accepting":
            assert client.ask(EHLO).startswith(b"503")
            assert client.ask(QUIT).startswith(b"221")
        else:
            assert client.ask(QUIT).startswith(b"221")
    assert running.messages("") == before


@pytest.mark.parametrize("name", ["postfix-too-many-errors", "service-shutdown"])
@pytest.mark.parametrize("step", [Step.STARTTLS, Step.AUTH, Step.MAIL, Step.RCPT, Step.END_OF_DATA])
def test_what_may_happen_anywhere_does(running: Running, name: str, step: Step) -> None:
    running.switch_on(name, step)
    with Client(running.smtp) as client:
        client.reply()
        assert walk(client, *PATHS[step]) == as_told(SCENARIOS[name])
        assert client.replies.read() == b""


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_reply_is_malformed_as_told(running: Running, name: str) -> None:
    running.switch_on(name, Step.MAIL)
    expected = MALFORMED[name]
    with Client(running.smtp) as client:
        client.reply()
        walk(client, EHLO)
        client.send(MAIL)
        assert client.replies.read(len(expected)) == expected
        if name != "malformed-endless":
            assert silent(client)


def test_extensions_in_lower_case_are_still_there(running: Running) -> None:
    running.switch_on("malformed-lower-case")
    with smtplib.SMTP(*running.smtp, timeout=LONG) as client:
        client.ehlo()
        assert client.has_extn("8bitmime")


# The connection.


def test_drop_on_connect(running: Running) -> None:
    running.switch_on("drop-on-connect")
    with Client(running.smtp) as client:
        assert client.replies.read() == b""


def test_tarpit_banner(running: Running) -> None:
    running.switch_on("tarpit-banner")
    with Client(running.smtp) as client:
        assert silent(client)
    running.sandbox.faults.clear()
    running.switch_on("tarpit-banner", delay=SHORT)
    begun = time.monotonic()
    with Client(running.smtp) as client:
        assert client.reply() == b"220 localhost ESMTP mailtrap\r\n"
    assert time.monotonic() - begun >= SHORT


def test_early_talker_trap(running: Running) -> None:
    running.switch_on("early-talker-trap", early_talker=SHORT)
    with Client(running.smtp) as early:
        early.send(EHLO)
        assert early.replies.read() == b"220-localhost ESMTP mailtrap\r\n554 5.5.0 You talk before it is your turn\r\n"
    with Client(running.smtp) as patient:
        assert patient.reply() == b"220-localhost ESMTP mailtrap\r\n220 localhost ESMTP mailtrap\r\n"
        assert patient.ask(EHLO).startswith(b"250-")


def test_drop_on_ehlo(running: Running) -> None:
    running.switch_on("drop-on-ehlo")
    with Client(running.smtp) as client:
        client.reply()
        client.send(EHLO)
        assert client.replies.read() == b""
    with Client(running.smtp) as client:
        client.reply()
        assert client.ask(b"HELO client.test\r\n") == b"250 localhost\r\n"


def test_ehlo_502_and_helo_does(running: Running) -> None:
    running.switch_on("ehlo-502")
    with smtplib.SMTP(*running.smtp, timeout=LONG) as client:
        # smtplib falls back to HELO by itself.
        client.sendmail("app@example.test", ["ana@x.test"], CONTENT % 2)
    with Client(running.smtp) as client:
        client.reply()
        assert client.ask(EHLO) == b"502 5.5.1 EHLO is not implemented here\r\n"
        assert client.ask(b"HELO client.test\r\n") == b"250 localhost\r\n"


def test_no_extensions(running: Running) -> None:
    running.switch_on("no-extensions")
    with Client(running.smtp) as client:
        assert client.reply() == b"220 " + b"*" * 40 + b"\r\n"
        assert client.ask(EHLO) == b"250 localhost\r\n"
        assert client.ask(b"STARTTLS\r\n").startswith(b"502")


def test_conn_limit(running: Running) -> None:
    running.switch_on("conn-limit")
    with Client(running.smtp) as first, Client(running.smtp) as second:
        assert first.reply().startswith(b"220")
        assert second.reply().startswith(b"220")
        with Client(running.smtp) as third:
            assert third.replies.read() == as_told(SCENARIOS["conn-limit"])
        first.ask(QUIT)
        assert first.replies.read() == b""
        deadline = time.monotonic() + LONG
        said = b""
        while not said.startswith(b"220"):
            assert time.monotonic() < deadline
            with Client(running.smtp) as fourth:
                said = fourth.reply()


# TLS.


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("starttls-broken", ERRORS["abort"]),
        ("starttls-garbage", ERRORS["garbage"]),
        ("starttls-expired", ERRORS["expired"]),
        ("starttls-wrong-host", ERRORS["wrong-host"]),
        ("starttls-self-signed", ERRORS["self-signed"]),
        ("starttls-unknown-ca", ERRORS["unknown-ca"]),
        ("starttls-old-version", ERRORS["old-version"]),
    ],
)
def test_tls_is_broken_as_a_client_sees_it(running: Running, name: str, error: str) -> None:
    running.switch_on(name)
    client = smtplib.SMTP("localhost", running.smtp[1], timeout=LONG)
    with contextlib.closing(client), pytest.raises(ssl.SSLError, match=error.replace("(", r"\(")):
        client.starttls(context=running.trusting())


def test_starttls_reset(running: Running) -> None:
    running.switch_on("starttls-reset")
    with Client(running.smtp) as client:
        client.reply()
        client.ask(EHLO)
        client.send(b"STARTTLS\r\n")
        with pytest.raises(ConnectionResetError):
            while client.sock.recv(4096):
                pass


def test_starttls_strip(running: Running) -> None:
    running.switch_on("starttls-strip")
    with Client(running.smtp) as client:
        client.reply()
        said = client.ask(EHLO)
        assert b"STARTTLS" not in said
        assert b"250-PIPELINING" in said
        assert client.ask(b"STARTTLS\r\n").startswith(b"502")


# The envelope.


def test_drop_after_mail(running: Running) -> None:
    running.switch_on("drop-after-mail")
    with Client(running.smtp) as client:
        client.reply()
        client.ask(EHLO)
        client.send(MAIL)
        assert client.replies.read() == b""


def test_421_after_mail(running: Running) -> None:
    running.switch_on("421-after-mail")
    with Client(running.smtp) as client:
        client.reply()
        assert walk(client, EHLO, MAIL) == as_told(SCENARIOS["421-after-mail"])
        assert client.replies.read() == b""


def test_partial_rcpt(running: Running) -> None:
    running.switch_on("partial-rcpt")
    names = [f"r{number}@x.test" for number in range(1, 8)]
    with smtplib.SMTP(*running.smtp, timeout=LONG) as client:
        refused = client.sendmail("app@example.test", names, CONTENT % 3)
        again = client.sendmail("app@example.test", names, CONTENT % 4)
    codes = {name: code for name, (code, _) in refused.items()}
    assert [codes.get(name, 250) for name in names] == [250, 550, 452, 550, 250, 550, 452]
    assert refused == again


def test_rcpt_slow(running: Running) -> None:
    assert [rule.effect.delay for rule in SCENARIOS["rcpt-slow"].as_rules[:2]] == [8.0, 4.0]
    assert SCENARIOS["rcpt-slow"].effect.delay == 2.0
    running.switch_on("rcpt-slow", delay=SHORT)
    with Client(running.smtp) as client:
        client.reply()
        walk(client, EHLO, MAIL)
        begun = time.monotonic()
        client.send(RCPT)
        assert client.reply().startswith(b"250")
        assert time.monotonic() - begun >= SHORT - 0.05  # timers may be a little early


def test_greylist(running: Running) -> None:
    running.switch_on("greylist")
    for seconds in (0, 200, 101):
        running.sandbox.advance(seconds)
        with Client(running.smtp) as client:
            client.reply()
            said = walk(client, EHLO, MAIL, RCPT)
        if seconds != 101:
            assert said == as_told(SCENARIOS["greylist"])
    assert said.startswith(b"250")


def test_flaky_n(running: Running) -> None:
    running.switch_on("flaky-n")
    with Client(running.smtp) as client:
        client.reply()
        walk(client, EHLO, MAIL)
        assert [client.ask(RCPT)[:3] for _ in range(4)] == [b"451", b"451", b"250", b"250"]
        assert client.ask(b"RCPT TO:<ben@x.test>\r\n") == as_told(SCENARIOS["flaky-n"])


def test_rate_limit(running: Running) -> None:
    running.switch_on("rate-limit")
    with Client(running.smtp) as client:
        client.reply()
        client.ask(EHLO)
        for _ in range(10):
            assert client.ask(MAIL).startswith(b"250")
            client.ask(b"RSET\r\n")
        assert client.ask(MAIL) == as_told(SCENARIOS["rate-limit"])
        assert client.replies.read() == b""


def test_lmtp_per_rcpt(running: Running) -> None:
    running.switch_on("lmtp-per-rcpt")
    with Client(running.smtp) as client:
        client.reply()
        recipients = [b"RCPT TO:<r%d@x.test>\r\n" % number for number in (1, 2, 3)]
        walk(client, b"LHLO client.test\r\n", MAIL, *recipients, DATA)
        client.send(CONTENT % 5)
        said = [client.reply() for _ in range(3)]
    assert [one[:3] for one in said] == [b"250", b"452", b"250"]
    assert said[1] == b"452 4.2.2 <r2@x.test>: mailbox is full\r\n"
    assert running.messages("rcpt=r1@x.test rcpt=r3@x.test -rcpt=r2@x.test") == 1


# The content.


def in_data(client: Client) -> None:
    client.reply()
    assert walk(client, EHLO, MAIL, RCPT, DATA).startswith(b"354")


def test_data_354_never(running: Running) -> None:
    running.switch_on("data-354-never")
    with Client(running.smtp) as client:
        client.reply()
        walk(client, EHLO, MAIL, RCPT)
        client.send(DATA)
        assert silent(client)


def test_data_early_550(running: Running) -> None:
    running.switch_on("data-early-550")
    with Client(running.smtp) as client:
        in_data(client)
        client.send(b"x" * 200)
        assert client.reply() == as_told(SCENARIOS["data-early-550"])
        client.send(b"\r\n.\r\n")
        assert silent(client)


def test_data_slow_read(running: Running) -> None:
    running.switch_on("data-slow-read")
    with Client(running.smtp) as client:
        in_data(client)
        begun = time.monotonic()
        client.send(b"Subject: slow\r\n\r\n" + b"x" * 1500 + b"\r\n.\r\n")
        assert client.reply().startswith(b"250")
        assert time.monotonic() - begun > 1.0


def test_drop_mid_data(running: Running) -> None:
    running.switch_on("drop-mid-data")
    with Client(running.smtp) as client:
        in_data(client)
        client.send(b"x" * 999)
        assert silent(client)
        client.send(b"x" * 100)
        with pytest.raises(ConnectionResetError):
            client.sock.recv(1)


def test_drop_after_dot_and_the_duplicate(running: Running) -> None:
    running.switch_on("drop-after-dot")
    before = running.messages("message-id:77@app")
    with Client(running.smtp) as client:
        in_data(client)
        client.send(CONTENT % 77)
        assert client.replies.read() == b""
    assert running.messages("message-id:77@app") == before + 1
    first = running.newest("message-id:77@app")
    running.sandbox.faults.clear()
    with smtplib.SMTP(*running.smtp, timeout=LONG) as again:
        again.sendmail("app@example.test", ["ana@x.test"], (CONTENT % 77).removesuffix(b".\r\n"))
    assert running.messages("message-id:77@app") == before + 2
    second = running.newest("message-id:77@app")
    verdict = running.sandbox.history.verdict(first.arrival.session, running.server.clock.now())
    assert verdict is not None
    assert verdict.judgement == "doubtful"
    assert f"message {second.id} is a duplicate of message {first.id} (same Message-ID " in verdict.findings[0]


def test_late_250(running: Running) -> None:
    assert SCENARIOS["late-250"].effect.delay > 600
    running.switch_on("late-250")
    with Client(running.smtp) as client:
        in_data(client)
        client.send(CONTENT % 88)
        assert silent(client)
        deadline = time.monotonic() + LONG
        while not running.messages("message-id:88@app"):
            assert time.monotonic() < deadline
        assert silent(client)


def test_wrong_order_pipelining(running: Running) -> None:
    running.switch_on("wrong-order-pipelining", delay=SHORT)
    with Client(running.smtp) as client:
        client.reply()
        client.ask(EHLO)
        begun = time.monotonic()
        client.send(MAIL + RCPT + b"RCPT TO:<nobody>x\r\n" + DATA)
        first = client.sock.recv(1, socket.MSG_PEEK)
        assert time.monotonic() - begun >= SHORT - 0.05  # timers may be a little early
        assert first == b"2"
        assert [client.reply()[:3] for _ in range(4)] == [b"250", b"250", b"501", b"354"]


def test_quit_no_reply(running: Running) -> None:
    running.switch_on("quit-no-reply")
    with Client(running.smtp) as client:
        client.reply()
        client.ask(EHLO)
        client.send(QUIT)
        assert silent(client)


# After the 250.


@pytest.mark.parametrize(
    ("name", "number", "outcome", "says"),
    [
        ("250-then-dsn", 101, "bounced", "delivery-status"),
        ("250-then-arf", 102, "complained", "feedback-report"),
        ("250-then-ooo", 103, "delivered", "I am out of the office"),
    ],
)
def test_what_comes_back_later(running: Running, name: str, number: int, outcome: str, says: str) -> None:
    running.switch_on(name)
    sender = f"later{number}@example.test"
    with smtplib.SMTP(*running.smtp, timeout=LONG) as client:
        assert client.sendmail(sender, ["ana@x.test"], (CONTENT % number).removesuffix(b".\r\n")) == {}
    assert running.messages(f"rcpt={sender}") == 0
    running.sandbox.advance(11)
    (delivery,) = running.sandbox.office.deliveries(messages=[running.newest(f"message-id={number}@app").id])
    assert delivery.outcome == outcome
    assert running.messages(f"rcpt={sender} reverse-path:<>") == 1
    notice = running.newest(f"rcpt={sender}")
    assert says in b"".join(running.server.store.octets(notice.id)).decode()


def test_250_then_open_click(running: Running) -> None:
    running.switch_on("250-then-open-click")
    with smtplib.SMTP(*running.smtp, timeout=LONG) as client:
        client.sendmail("app@example.test", ["ana@x.test"], (CONTENT % 104).removesuffix(b".\r\n"))
    running.sandbox.advance(11)
    (delivery,) = running.sandbox.office.deliveries(messages=[running.newest("message-id=104@app").id])
    assert [one.what for one in delivery.happenings][-2:] == ["opened", "clicked"]


# Addresses that mean something.


def test_addresses_need_no_rule(running: Running) -> None:
    to = ["ana+550-5.1.1@x.test", "ana+defer-1@x.test", "ana+scenario-gmail-nosuchuser@x.test", "ana+news@x.test"]
    with smtplib.SMTP(*running.smtp, timeout=LONG) as client:
        refused = client.sendmail("app@example.test", to, CONTENT % 105)
        assert {name: code for name, (code, _) in refused.items()} == {to[0]: 550, to[1]: 451, to[2]: 550}
        refused = client.sendmail("app@example.test", to, CONTENT % 105)
        assert {name: code for name, (code, _) in refused.items()} == {to[0]: 550, to[2]: 550}
        refused = client.sendmail("other@example.test", to, CONTENT % 105)
        assert to[1] in refused


def test_an_address_may_refuse_the_content_and_break_off_after_it(running: Running) -> None:
    with smtplib.SMTP(*running.smtp, timeout=LONG) as client:
        client.ehlo("client.test")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("app@example.test", "ana+scenario-local-error@x.test", CONTENT % 106)
        assert refused.value.smtp_code == 451
    with smtplib.SMTP(*running.smtp, timeout=LONG) as client:
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.sendmail("app@example.test", ["ben@x.test", "ana+scenario-drop-after-dot@x.test"], CONTENT % 108)
        client.close()
    assert running.newest("message-id=108@app")
