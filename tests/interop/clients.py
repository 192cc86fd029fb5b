"""Programs that submit one message each: how each of them is told what a case wants."""

from __future__ import annotations

import json
import os
import shutil
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.interop.cases import PASSWORD, USER, Case, Target, message

Send = Callable[[Target, Case], None]
MODULES = Path(__file__).parents[2] / ".cache" / "node_modules"


def smtplib_(target: Target, case: Case) -> None:
    """Python's own."""
    context = ssl.create_default_context(cafile=target.ca)
    port = target.port(case)
    client = (
        smtplib.SMTP_SSL("localhost", port, context=context)
        if case.security == "tls"
        else smtplib.SMTP("localhost", port)
    )
    with client:
        if case.security == "starttls":
            client.starttls(context=context)
        client.ehlo()
        if case.login != "none":
            client.user, client.password = USER, PASSWORD
            authenticate = getattr(client, "auth_" + case.login.lower().replace("-", "_"))
            client.auth(case.login, authenticate, initial_response_ok=case.login == "PLAIN")
        octets = message(case)
        client.mail("app@example.test", [f"SIZE={len(octets)}", "BODY=8BITMIME", "SMTPUTF8", "RET=HDRS", "ENVID=a+2Bb"])
        client.rcpt(case.recipient, ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;someone@example.test"])
        client.data(octets)


def swaks(target: Target, case: Case) -> None:
    """The SMTP test tool; it pipelines when asked to."""
    flags = {"plain": [], "starttls": ["--tls"], "tls": ["--tls-on-connect"]}[case.security]
    if case.login != "none":
        flags += ["--auth", case.login, "--auth-user", USER, "--auth-password", PASSWORD]
    if case.security != "plain":
        flags += ["--tls-verify", "--tls-ca-path", target.ca]
    command = ["swaks", "--server", "localhost", "--port", str(target.port(case)), "--pipeline", "--silent", "2"]
    _run([*command, "--from", "app@example.test", "--to", case.recipient, "--data", "-", *flags], message(case))


def msmtp(target: Target, case: Case) -> None:
    """A sendmail-like submission client with DSN."""
    flags = [f"--host=localhost --port={target.port(case)} --from=app@example.test"]
    flags.append(f"--tls={'off' if case.security == 'plain' else 'on'} --tls-starttls={_onoff(case, 'starttls')}")
    if case.security != "plain":
        flags.append(f"--tls-trust-file={target.ca}")
    if case.login != "none":
        flags.append(f"--auth={case.login.lower()} --user={USER} --passwordeval=echo\u00a0{PASSWORD}")
    words = [word.replace("\u00a0", " ") for word in " ".join(flags).split(" ")]
    dsn = ["--dsn-notify=failure,delay", "--dsn-return=headers"]
    _run(["msmtp", "--file=/dev/null", *words, *dsn, case.recipient], message(case).replace(b"\r\n", b"\n"))


def curl(target: Target, case: Case) -> None:
    """curl's SMTP."""
    scheme = "smtps" if case.security == "tls" else "smtp"
    flags = ["--url", f"{scheme}://localhost:{target.port(case)}/client.test", "--mail-from", "app@example.test"]
    if case.security != "plain":
        flags += ["--cacert", target.ca]
    if case.security == "starttls":
        flags += ["--ssl-reqd"]
    if case.login != "none":
        flags += ["--user", f"{USER}:{PASSWORD}", "--login-options", f"AUTH={case.login}"]
    file = target.folder / f"{case.token}.eml"
    file.write_bytes(message(case))
    _run(["curl", "--silent", "--show-error", "--mail-rcpt", case.recipient, "--upload-file", str(file), *flags], b"")


NODE = """
const { createTransport } = require('nodemailer');
const o = JSON.parse(process.argv[1]);
const transport = createTransport(o.transport);
transport.sendMail({ envelope: { ...o.envelope, dsn: o.dsn }, raw: Buffer.from(o.raw, 'base64'), dsn: o.dsn })
  .then(() => transport.close(), (error) => { console.error(error.message); process.exit(1); });
"""


def nodemailer(target: Target, case: Case) -> None:
    """Node's usual mailer."""
    import base64

    transport: dict[str, object] = {
        "host": "localhost",
        "port": target.port(case),
        "secure": case.security == "tls",
        "requireTLS": case.security == "starttls",
        "ignoreTLS": case.security == "plain",
        "tls": {"ca": [Path(target.ca).read_text()]} if case.security != "plain" else {},
    }
    if case.login != "none":
        transport |= {"auth": {"user": USER, "pass": PASSWORD}, "authMethod": case.login}
    options = {
        "transport": transport,
        "envelope": {"from": "app@example.test", "to": [case.recipient], "use8BitMime": True},
        "dsn": {"id": "x", "return": "headers", "notify": ["failure"], "recipient": "app@example.test"},
        "raw": base64.b64encode(message(case)).decode(),
    }
    _run(["node", "-e", NODE, json.dumps(options)], b"", NODE_PATH=str(MODULES))


def sendmail(target: Target, case: Case) -> None:
    """An application that calls a sendmail program: ours, which submits to the sandbox."""
    command = [sys.executable, "-m", "mailtrap", "sendmail", "-i", "-f", "app@example.test", "-t"]
    _run(command, message(case).replace(b"\r\n", b"\n"), MAILTRAP_SMTP=f"localhost:{target.smtp}")


def _onoff(case: Case, security: str) -> str:
    return "on" if case.security == security else "off"


def _run(command: list[str], octets: bytes, **environment: str) -> None:
    done = subprocess.run(command, input=octets, capture_output=True, timeout=60, env={**os.environ, **environment})
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout).decode()[-400:]}")


#: Client → how it sends, the extensions it must be seen to use, whether it can be had on this machine.
CLIENTS: dict[str, tuple[Send, frozenset[str], Callable[[], bool]]] = {
    "smtplib": (smtplib_, frozenset({"8BITMIME", "SIZE", "DSN", "SMTPUTF8"}), lambda: True),
    "swaks": (swaks, frozenset(), lambda: bool(shutil.which("swaks"))),
    "msmtp": (msmtp, frozenset({"DSN"}), lambda: bool(shutil.which("msmtp"))),
    "curl": (curl, frozenset({"SIZE"}), lambda: bool(shutil.which("curl"))),
    "nodemailer": (
        nodemailer,
        frozenset({"8BITMIME", "DSN"}),
        lambda: bool(shutil.which("node")) and (MODULES / "nodemailer").is_dir(),
    ),
}
