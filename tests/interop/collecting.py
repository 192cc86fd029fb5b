"""Programs that collect mail by POP3: how each of them is told where it is, and what it brought home."""

from __future__ import annotations

import mailbox
import os
import poplib
import shutil
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECURITY = ("plain", "stls", "tls")


@dataclass(frozen=True, slots=True)
class Post:
    """Where mail waits; `folder` is the client's own, for what it writes."""

    pop3: int
    pop3s: int
    ca: str
    user: str
    folder: Path

    def port(self, security: str) -> int:
        """The port for a kind of protection."""
        return self.pop3s if security == "tls" else self.pop3


#: Fetches what is new and leaves it on the server; returns the contents it has had so far, in any order.
Collect = Callable[[Post, str], list[bytes]]


def _run(command: list[str], post: Post, fine: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        timeout=120,
        check=False,
        cwd=post.folder,
        env={**os.environ, "HOME": str(post.folder)},
    )
    if done.returncode not in fine:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {(done.stdout + done.stderr).decode()}")


def _secret(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def _keeper(post: Post) -> Path:
    """A program that keeps each message that is given to it in a file of its own."""
    out, keep = post.folder / "out", post.folder / "keep"
    out.mkdir(exist_ok=True)
    keep.write_text(f'#!/bin/sh\nexec cat > "$(mktemp {out}/XXXXXXXX)"\n')
    keep.chmod(0o755)
    return keep


def _kept(post: Post) -> list[bytes]:
    return [file.read_bytes() for file in (post.folder / "out").iterdir()]


def _maildir(folder: Path) -> list[bytes]:
    return [message.as_bytes() for message in mailbox.Maildir(folder, create=True)]


def poplib_(post: Post, security: str) -> list[bytes]:
    """Python's own. It keeps nothing, so it has everything each time."""
    context = ssl.create_default_context(cafile=post.ca)
    if security == "tls":
        client: poplib.POP3 = poplib.POP3_SSL("localhost", post.pop3s, context=context)
    else:
        client = poplib.POP3("localhost", post.pop3)
    if security == "stls":
        client.stls(context)
    client.user(post.user)
    client.pass_("s3cret")
    found = [b"\n".join(client.retr(number)[1]) + b"\n" for number in range(1, client.stat()[0] + 1)]
    client.quit()
    return found


def fetchmail(post: Post, security: str) -> list[bytes]:
    """Hands each message to a program; here one that keeps it."""
    keep = _keeper(post)
    tls = {
        "plain": "sslproto ''",
        "stls": f"sslproto tls1+ sslcertck sslcertfile {post.ca}",
        "tls": f"ssl sslcertck sslcertfile {post.ca}",
    }[security]
    _secret(
        post.folder / "fetchmailrc",
        f"poll localhost protocol pop3 port {post.port(security)} uidl auth password\n"
        f"  user '{post.user}' password 's3cret' keep {tls} no rewrite mda '{keep}'\n",
    )
    command = ["fetchmail", "-f", "fetchmailrc", "--nosyslog", "--nodetach", "-i", "ids", "--pidfile", "pid"]
    # 1: there was nothing new.
    _run([*command, "--invisible"], post, (0, 1))
    return _kept(post)


def mpop(post: Post, security: str) -> list[bytes]:
    """The sister of msmtp; it pipelines."""
    (post.folder / "box").mkdir(exist_ok=True)
    for name in ("cur", "new", "tmp"):
        (post.folder / "box" / name).mkdir(exist_ok=True)
    tls = "off" if security == "plain" else f"on\ntls_trust_file {post.ca}\ntls_starttls {_onoff(security == 'stls')}"
    _secret(
        post.folder / "mpoprc",
        f"account default\nhost localhost\nport {post.port(security)}\nuser {post.user}\npassword s3cret\nkeep on\n"
        f"auth user\nreceived_header off\nuidls_file {post.folder}/uidls\ntls {tls}\n"
        f"delivery maildir {post.folder}/box\n",
    )
    _run(["mpop", "-q", "-C", "mpoprc"], post)
    return _maildir(post.folder / "box")


def getmail(post: Post, security: str) -> list[bytes]:
    """Built on poplib, strict about UIDL; knows no STLS."""
    keep = _keeper(post)
    retriever = "SimplePOP3SSLRetriever" if security == "tls" else "SimplePOP3Retriever"
    trust = f"ca_certs = {post.ca}\n" if security == "tls" else ""
    _secret(
        post.folder / "getmailrc",
        f"[retriever]\ntype = {retriever}\nserver = localhost\nport = {post.port(security)}\nusername = {post.user}\n"
        f"password = s3cret\n{trust}[destination]\ntype = MDA_external\npath = {keep}\n"
        "allow_root_commands = true\nunixfrom = false\n"
        "[options]\nread_all = false\ndelivered_to = false\nreceived = false\n",
    )
    _run(["getmail", "--getmaildir", str(post.folder), "--rcfile", "getmailrc", "--quiet"], post)
    return _kept(post)


def _onoff(value: bool) -> str:
    return "on" if value else "off"


#: By name: how it collects, and the program it needs.
CLIENTS: dict[str, tuple[Collect, str]] = {
    "poplib": (poplib_, ""),
    "fetchmail": (fetchmail, "fetchmail"),
    "mpop": (mpop, "mpop"),
    "getmail6": (getmail, "getmail"),
}


def is_here(client: str) -> bool:
    """Whether the program is on this machine."""
    program = CLIENTS[client][1]
    return not program or shutil.which(program) is not None
