"""Clients as applications use them by default: each sends one message, and fails or tries again in its own way."""

from __future__ import annotations

import json
import os
import shutil
import smtplib
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.interop.cases import Target
from tests.interop.clients import MODULES
from tests.interop.relays import EXIM, exim_here, postfix_here

#: Seconds that a relay gets to be done with one message, also on a busy machine.
PATIENCE = 120.0
RECIPIENTS = ("one@client.test", "two@client.test")


@dataclass(frozen=True, slots=True)
class Try:
    """One message to send: from whom, whether over TLS where it is offered, and its content."""

    sender: str
    tls: bool

    @property
    def content(self) -> bytes:
        """CRLF-ended, and long enough to be cut off in the middle."""
        head = f"From: {self.sender}\r\nTo: {', '.join(RECIPIENTS)}\r\nSubject: Reaction\r\n"
        return (head + f"Message-ID: <{self.sender}>\r\n\r\n" + ("A line of the message.\r\n" * 2000)).encode()


#: Sends one message and returns how the client says that it went, in a word or two for each try.
Send = Callable[[Target, Try], list[str]]


def smtplib_(target: Target, one: Try) -> list[str]:
    """`sendmail` of Python's client, as its documentation shows it."""
    try:
        with smtplib.SMTP("localhost", target.smtp, timeout=60) as client:
            if one.tls:
                client.starttls(context=ssl.create_default_context(cafile=target.ca))
            refused = client.sendmail(one.sender, RECIPIENTS, one.content)
        return [f"{len(refused)} refused"] if refused else ["sent"]
    except (smtplib.SMTPException, OSError) as error:
        return [type(error).__name__]


def swaks(target: Target, one: Try) -> list[str]:
    """The SMTP test tool."""
    tls = ["--tls-optional", "--tls-ca-path", target.ca] if one.tls else []
    command = ["swaks", "--server", "localhost", "--port", str(target.smtp), "--silent", "2", "--timeout", "60", *tls]
    done = _run([*command, "--from", one.sender, "--to", ",".join(RECIPIENTS), "--data", "-"], one.content)
    return ["sent" if done == 0 else f"exit {done}"]


def msmtp(target: Target, one: Try) -> list[str]:
    """A sendmail-like submission client."""
    tls = [f"--tls={'on' if one.tls else 'off'}", f"--tls-trust-file={target.ca}"]
    command = ["msmtp", "--file=/dev/null", "--host=localhost", f"--port={target.smtp}", f"--from={one.sender}", *tls]
    done = _run([*command, *RECIPIENTS], one.content.replace(b"\r\n", b"\n"))
    return ["sent" if done == 0 else f"exit {done}"]


_NODE = """
const { createTransport } = require('nodemailer');
const o = JSON.parse(process.argv[1]);
const transport = createTransport({ host: 'localhost', port: o.port, ignoreTLS: !o.tls, tls: { ca: [o.ca] } });
let raw = '';
process.stdin.on('data', (piece) => { raw += piece; }).on('end', () => {
  transport.sendMail({ envelope: { from: o.from, to: o.to }, raw })
    .then((info) => console.log(info.rejected.length ? `${info.rejected.length} refused` : 'sent'),
          (error) => console.log(error.code || error.message));
});
"""


def nodemailer(target: Target, one: Try) -> list[str]:
    """Node's usual mailer."""
    options = {"port": target.smtp, "tls": one.tls, "ca": Path(target.ca).read_text(), "from": one.sender}
    command = ["node", "-e", _NODE, json.dumps({**options, "to": RECIPIENTS})]
    environment = {**os.environ, "NODE_PATH": str(MODULES)}
    done = subprocess.run(command, input=one.content, capture_output=True, timeout=90, env=environment)
    return [done.stdout.decode().strip() or f"exit {done.returncode}"]


def _run(command: list[str], octets: bytes) -> int:
    return subprocess.run(command, input=octets, capture_output=True, timeout=90).returncode


class Postfix:
    """One instance of Postfix that hands everything to the sandbox and retries after a second."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.config = folder / "etc"
        self.log_file = folder / "log"
        shutil.copytree("/etc/postfix", self.config)
        for name in ("data", "queue"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", "postfix")
        folder.chmod(0o755)
        master = (self.config / "master.cf").read_text().splitlines()
        kept = [line for line in master if not line.startswith("smtp      inet")]
        (self.config / "master.cf").write_text("\n".join(kept) + "\n")
        wanted = {
            "compatibility_level": "3.6",
            "queue_directory": folder / "queue",
            "data_directory": folder / "data",
            "maillog_file": self.log_file,
            "maillog_file_prefixes": folder,
            "inet_interfaces": "loopback-only",
            "inet_protocols": "ipv4",
            "mydestination": "",
            "myhostname": "relay.example.test",
            "relayhost": f"[127.0.0.1]:{target.smtp}",
            "smtp_tls_security_level": "may",
            "queue_run_delay": "1s",
            "minimal_backoff_time": "2s",
            "maximal_backoff_time": "3s",
            "transport_retry_time": "1s",
            # What comes back from us to the sender is not part of the case.
            "notify_classes": "",
            "soft_bounce": "no",
            "smtputf8_enable": "no",
        }
        (self.config / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in wanted.items()))
        self._seen = 0

    def run(self, verb: str) -> None:
        """`start` or `stop`."""
        subprocess.run(["postfix", "-c", str(self.config), verb], capture_output=True, check=True, timeout=60)

    def submit(self, sender: str, content: bytes, *recipients: str, notify: str = "never") -> None:
        """Hand a message to its sendmail; it is relayed in the background."""
        command = ["sendmail", "-C", str(self.config), "-i", "-N", notify, "-f", sender, *recipients]
        subprocess.run(command, input=content.replace(b"\r\n", b"\n"), check=True, timeout=30)

    def queue(self) -> list[str]:
        """The names of the queues in which messages are now (`postqueue -j`)."""
        done = subprocess.run(["postqueue", "-c", str(self.config), "-j"], capture_output=True, check=True, timeout=30)
        return [json.loads(line)["queue_name"] for line in done.stdout.splitlines()]

    def statuses(self) -> list[str]:
        """What it logged of recipients since the last call: `deferred`, `bounced`, `sent`."""
        new = self._news()
        self._seen += len(new)
        return [line.split("status=")[1].split()[0] for line in new.splitlines() if "status=" in line]

    def _news(self) -> str:
        return (self.log_file.read_text() if self.log_file.exists() else "")[self._seen :]

    def send(self, target: Target, one: Try) -> list[str]:
        """Until it logs that the message is gone, as it does last: `postqueue` misses what changes queues meanwhile."""
        self.submit(one.sender, one.content, *RECIPIENTS)
        deadline = time.monotonic() + PATIENCE
        while ": removed\n" not in self._news() and time.monotonic() < deadline:
            time.sleep(0.2)  # nothing tells when a log has grown
        return self.statuses()


class Exim:
    """Exim that delivers in the foreground, then runs its queue as long as there is something in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o755)
        shutil.chown(folder, "Debian-exim")

    def send(self, target: Target, one: Try) -> list[str]:
        """Until its queue is empty."""
        config = self.folder / "conf"
        config.write_text(_EXIM.format(exim=EXIM, folder=self.folder, port=target.smtp))
        config.chmod(0o644)
        log = self.folder / "log-main"
        seen = len(log.read_text()) if log.exists() else 0
        exim = [str(EXIM), "-C", str(config)]
        content = one.content.replace(b"\r\n", b"\n")
        subprocess.run([*exim, "-odf", "-oi", "-f", one.sender, *RECIPIENTS], input=content, capture_output=True)
        deadline = time.monotonic() + PATIENCE
        while self._waiting(exim) and time.monotonic() < deadline:
            time.sleep(1.0)
            subprocess.run([*exim, "-q"], capture_output=True, timeout=90)
        marks = {"=>": "sent", "->": "sent", "**": "bounced", "==": "deferred"}
        words = [line.split()[3:4] for line in log.read_text()[seen:].splitlines() if ":blackhole:" not in line]
        return [marks[word[0]] for word in words if word and word[0] in marks]

    @staticmethod
    def _waiting(exim: list[str]) -> bool:
        return subprocess.run([*exim, "-bpc"], capture_output=True, timeout=30).stdout.strip() not in (b"", b"0")


_EXIM = """
exim_path = {exim}
primary_hostname = relay.example.test
spool_directory = {folder}/spool
log_file_path = {folder}/log-%s
keep_environment =
trusted_users = root
never_users =
begin routers
gone:
  driver = redirect
  senders = :
  data = :blackhole:
out:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = {port}
  hosts_try_dane =
  hosts_randomize = false
begin retry
* * F,1h,1s
"""


@contextmanager
def _postfix(target: Target, folder: Path) -> Iterator[Send]:
    relay = Postfix(target, folder)
    relay.run("start")
    try:
        yield relay.send
    finally:
        relay.run("stop")


@contextmanager
def _exim(target: Target, folder: Path) -> Iterator[Send]:
    yield Exim(folder).send


def _simple(send: Send) -> Callable[[Target, Path], object]:
    @contextmanager
    def ready(target: Target, folder: Path) -> Iterator[Send]:
        yield send

    return ready


#: Client → how to get it ready, whether it can be had here, whether it retries of itself.
SENDERS: dict[str, tuple[Callable[[Target, Path], object], Callable[[], bool], bool]] = {
    "Postfix": (_postfix, postfix_here, True),
    "Exim": (_exim, exim_here, True),
    "smtplib": (_simple(smtplib_), lambda: True, False),
    "nodemailer": (
        _simple(nodemailer),
        lambda: bool(shutil.which("node")) and (MODULES / "nodemailer").is_dir(),
        False,
    ),
    "msmtp": (_simple(msmtp), lambda: bool(shutil.which("msmtp")), False),
    "swaks": (_simple(swaks), lambda: bool(shutil.which("swaks")), False),
}
