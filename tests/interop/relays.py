"""Postfix and Exim as relays into the sandbox: both on one machine, though Debian installs only one."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path

from tests.interop.cases import PASSWORD, USER, Case, Target, cases, message

#: Where `.ci/run` unpacks Exim beside the installed Postfix.
EXIM = Path(__file__).parents[2] / ".cache" / "exim" / "usr" / "sbin" / "exim4"


def postfix_here() -> bool:
    """Whether Postfix is installed and we may run it."""
    return os.geteuid() == 0 and bool(shutil.which("postfix"))


def exim_here() -> bool:
    """Whether Exim and the user it runs as are there."""
    try:
        pwd.getpwnam("Debian-exim")
    except KeyError:
        return False
    return os.geteuid() == 0 and EXIM.exists()


class Postfix:
    """One instance of Postfix with a transport for each case."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "etc"
        shutil.copytree("/etc/postfix", self.config)
        data, queue = folder / "data", folder / "queue"
        data.mkdir()
        queue.mkdir()
        shutil.chown(data, "postfix")
        folder.chmod(0o755)
        master = (self.config / "master.cf").read_text()
        wanted = [line for line in master.splitlines() if not line.startswith("smtp      inet")]
        routes = []
        for number, case in enumerate(cases("postfix")):
            options = {
                "smtp_tls_security_level": "none" if case.security == "plain" else "verify",
                "smtp_tls_wrappermode": "yes" if case.security == "tls" else "no",
                "smtp_tls_CAfile": target.ca,
                "smtp_sasl_auth_enable": "no" if case.login == "none" else "yes",
                "smtp_sasl_mechanism_filter": case.login.lower(),
                "smtp_tls_verify_cert_match": "hostname",
            }
            flags = " ".join(f"-o {name}={value}" for name, value in options.items())
            wanted.append(f"case{number} unix - - n - - smtp {flags}")
            routes.append(f"{case.token}.test case{number}:[localhost]:{target.port(case)}")
        (self.config / "master.cf").write_text("\n".join(wanted) + "\n")
        (self.config / "routes").write_text("\n".join(routes) + "\n")
        logins = [f"[localhost]:{port} {USER}:{PASSWORD}" for port in (target.smtp, target.smtps)]
        (self.config / "logins").write_text("\n".join(logins) + "\n")
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": queue,
            "data_directory": data,
            "maillog_file": folder / "log",
            "maillog_file_prefixes": folder,
            "inet_interfaces": "loopback-only",
            "inet_protocols": "all",
            "mydestination": "",
            "myhostname": "relay.example.test",
            "transport_maps": f"texthash:{self.config / 'routes'}",
            "smtp_sasl_password_maps": f"texthash:{self.config / 'logins'}",
            "smtp_sasl_security_options": "noanonymous",
            "smtp_sasl_tls_security_options": "noanonymous",
            "smtp_host_lookup": "native",
            "smtputf8_enable": "yes",
        }
        (self.config / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))

    def start(self) -> None:
        """Make its queue and run it."""
        self._postfix("start")

    def send(self, case: Case) -> None:
        """Hand one message to its sendmail; it is relayed in the background."""
        command = ["sendmail", "-C", str(self.config), "-i", "-N", "failure,delay", "-f", "app@example.test"]
        subprocess.run([*command, case.recipient], input=message(case).replace(b"\r\n", b"\n"), check=True, timeout=30)

    def stop(self) -> None:
        """End it."""
        self._postfix("stop")

    def log(self) -> str:
        """What it said."""
        file = self.folder / "log"
        return file.read_text() if file.exists() else ""

    def _postfix(self, verb: str) -> None:
        subprocess.run(["postfix", "-c", str(self.config), verb], capture_output=True, check=True, timeout=60)


class Exim:
    """Exim run once a message; it delivers in the foreground, with BDAT where the server offers CHUNKING."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self.folder = folder
        folder.chmod(0o755)
        shutil.chown(folder, "Debian-exim")
        # It reads the file as the user it runs as.
        self.ca = shutil.copy(target.ca, folder / "ca.pem")
        self.ca.chmod(0o644)

    def send(self, case: Case) -> None:
        """Deliver one message."""
        config = self.folder / f"{case.token}.conf"
        config.write_text(self._config(case))
        config.chmod(0o644)
        command = [str(EXIM), "-C", str(config), "-odf", "-oi", "-f", "app@example.test", case.recipient]
        done = subprocess.run(command, input=message(case).replace(b"\r\n", b"\n"), capture_output=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"exim ended with {done.returncode}: {done.stderr.decode()[-400:]}")

    def _config(self, case: Case) -> str:
        tls = {
            "plain": "hosts_avoid_tls = *",
            "starttls": "hosts_require_tls = *",
            "tls": "protocol = smtps\n  hosts_require_tls = *",
        }[case.security]
        auth = "" if case.login == "none" else "hosts_require_auth = *"
        client = {
            "none": "",
            "PLAIN": f"a:\n  driver = plaintext\n  public_name = PLAIN\n  client_send = ^{USER}^{PASSWORD}\n",
            "LOGIN": f"a:\n  driver = plaintext\n  public_name = LOGIN\n  client_send = : {USER} : {PASSWORD}\n",
            "CRAM-MD5": "a:\n  driver = cram_md5\n  public_name = CRAM-MD5\n"
            f"  client_name = {USER}\n  client_secret = {PASSWORD}\n",
        }[case.login]
        return f"""
exim_path = {EXIM}
primary_hostname = relay.example.test
spool_directory = {self.folder}/spool
log_file_path = {self.folder}/log-%slog
keep_environment =
trusted_users = root
never_users =
accept_8bitmime = true
begin routers
out:
  driver = manualroute
  route_list = * localhost byname
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = {self.target.port(case)}
  tls_verify_certificates = {self.ca}
  tls_verify_hosts = {"*" if case.security != "plain" else ""}
  tls_verify_cert_hostnames = {"*" if case.security != "plain" else ""}
  hosts_try_chunking = *
  hosts_try_dane =
  {tls}
  {auth}
begin authenticators
{client}
"""


def until_arrived(target: Target, expected: list[Case], seconds: float = 30.0) -> None:
    """Wait until a relay has passed on the messages of all `expected` cases, or for `seconds`."""
    deadline = time.monotonic() + seconds
    left = list(expected)
    after = target.get("/api/events?after=0")["seq"]
    while left and time.monotonic() < deadline:
        left = [case for case in left if target.arrived(case) is None]
        if left:
            after = target.get(f"/api/events?after={after}")["seq"]
