"""Programs that collect mail: how each of them is told where it is, and what it brought home."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import time

from tests.interop.collecting import PASSWORD, Post, keeper, kept, maildir, of_maildir, run, secret

#: Seconds that a program with a screen has.
PATIENCE = 60.0


def fetchmail(post: Post) -> list[bytes]:
    """Hands each message to a program; what it has had it knows by UIDL or, of a folder, by flags."""
    keep = keeper(post)
    tls = {
        "plain": "sslproto ''",
        "starttls": f"sslproto tls1+ sslcertck sslcertfile {post.ca}",
        "tls": f"ssl sslcertck sslcertfile {post.ca}",
    }[post.security]
    secret(
        post,
        "fetchmailrc",
        f"poll localhost protocol {post.protocol} port {post.port} {'uidl' * (post.protocol == 'pop3')} auth password\n"
        f"  user '{post.user}' password '{PASSWORD}' keep {tls} no rewrite mda '{keep}'\n",
    )
    command = ["fetchmail", "-f", "fetchmailrc", "--nosyslog", "--nodetach", "-i", "ids", "--pidfile", "pid"]
    # 1: there was nothing new.
    run([*command, "--invisible"], post, (0, 1))
    return kept(post)


def mpop(post: Post) -> list[bytes]:
    """The sister of msmtp; it pipelines."""
    box = maildir(post.folder / "box")
    tls = "off"
    if post.security != "plain":
        tls = f"on\ntls_trust_file {post.ca}\ntls_starttls {'on' if post.security == 'starttls' else 'off'}"
    secret(
        post,
        "mpoprc",
        f"account default\nhost localhost\nport {post.port}\nuser {post.user}\npassword {PASSWORD}\nkeep on\n"
        f"auth user\nreceived_header off\nuidls_file {post.folder}/uidls\ntls {tls}\ndelivery maildir {box}\n",
    )
    run(["mpop", "-q", "-C", "mpoprc"], post)
    return of_maildir(box)


def getmail(post: Post) -> list[bytes]:
    """Built on poplib and imaplib, strict about unique ids; knows neither STLS nor STARTTLS."""
    tls = post.security == "tls"
    kind = f"Simple{post.protocol.upper()}{'SSL' * tls}Retriever"
    trust = f"ca_certs = {post.ca}\n" if tls else ""
    folders = 'mailboxes = ("INBOX",)\n' if post.protocol == "imap" else ""
    secret(
        post,
        "getmailrc",
        f"[retriever]\ntype = {kind}\nserver = localhost\nport = {post.port}\nusername = {post.user}\n"
        f"password = {PASSWORD}\n{folders}{trust}[destination]\ntype = MDA_external\npath = {keeper(post)}\n"
        "allow_root_commands = true\nunixfrom = false\n"
        "[options]\nread_all = false\ndelivered_to = false\nreceived = false\n",
    )
    run(["getmail", "--getmaildir", str(post.folder), "--rcfile", "getmailrc", "--quiet"], post)
    return kept(post)


def mbsync(post: Post) -> list[bytes]:
    """isync: a Maildir that is kept in step with the folder, both ways."""
    box = maildir(post.folder / "box" / "INBOX")
    tls = {"plain": "None", "starttls": "STARTTLS", "tls": "IMAPS"}[post.security]
    secret(
        post,
        "mbsyncrc",
        f"IMAPAccount sandbox\nHost localhost\nPort {post.port}\nUser {post.user}\nPass {PASSWORD}\n"
        f"SSLType {tls}\nSystemCertificates no\nCertificateFile {post.ca}\n\n"
        "IMAPStore far\nAccount sandbox\n\n"
        f"MaildirStore near\nPath {box.parent}/\nInbox {box}\n\n"
        "Channel mail\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSyncState *\n",
    )
    run(["mbsync", "-c", "mbsyncrc", "mail"], post)
    return of_maildir(box)


def offlineimap(post: Post) -> list[bytes]:
    """A Maildir that is kept in step with the folder, both ways."""
    tls = {"plain": "ssl = no\nstarttls = no", "starttls": "ssl = no\nstarttls = yes", "tls": "ssl = yes"}
    secret(
        post,
        "offlineimaprc",
        f"[general]\naccounts = mail\nmetadata = {post.folder}/state\nui = quiet\n"
        "[Account mail]\nlocalrepository = near\nremoterepository = far\n"
        f"[Repository near]\ntype = Maildir\nlocalfolders = {post.folder}/box\n"
        f"[Repository far]\ntype = IMAP\nremotehost = localhost\nremoteport = {post.port}\nremoteuser = {post.user}\n"
        f"remotepass = {PASSWORD}\n{tls[post.security]}\nsslcacertfile = {post.ca}\n"
        "folderfilter = lambda name: name == 'INBOX'\n",
    )
    for last in (False, False, True):
        try:
            run(["offlineimap", "-o", "-c", "offlineimaprc"], post, seconds=40)
            break
        except subprocess.TimeoutExpired:
            # imaplib2 reads and writes TLS on two threads at once. Once in a hundred times what it says first after
            # STARTTLS never leaves it, and it waits for ever.
            if last:
                raise
    return of_maildir(post.folder / "box" / "INBOX")


def curl(post: Post) -> list[bytes]:
    """A URL a message; it keeps every octet."""
    flags = ["--silent", "--show-error", "--user", f"{post.user}:{PASSWORD}"]
    if post.security != "plain":
        flags += ["--cacert", post.ca, "--ssl-reqd"]
    if post.protocol == "imap":
        found = run(["curl", *flags, f"{post.url}/INBOX?ALL"], post).decode().split()[2:]
        places = [f"{post.url}/INBOX/;MAILINDEX={number}" for number in found]
    else:
        places = [
            f"{post.url}/{line.split()[0]}"
            for line in run(["curl", *flags, f"{post.url}/"], post).decode().splitlines()
        ]
    return [run(["curl", *flags, place], post) for place in places]


def mutt(post: Post) -> list[bytes]:
    """Opens the folder in a terminal and copies every message into a Maildir."""
    box = maildir(post.folder / "box")
    tls = "no" if post.security == "plain" else "yes"
    keys = f"<tag-pattern>~A<enter><tag-prefix-cond><copy-message>{box}<enter><end-cond><exit>"
    account = {"imap": "imap_user = '{}'\nset imap_pass = '{}'", "pop3": "pop_user = '{}'\nset pop_pass = '{}'"}
    secret(
        post,
        "muttrc",
        f"set {account[post.protocol].format(post.user, PASSWORD)}\nset ssl_starttls = {tls}\n"
        f"set ssl_force_tls = {tls if post.security == 'starttls' else 'no'}\n"
        f"set ssl_ca_certificates_file = '{post.ca}'\nset certificate_file = '{post.folder}/certificates'\n"
        "set mbox_type = Maildir\nset confirmappend = no\nset confirmcreate = no\nset quit = yes\nset move = no\n"
        "set delete = no\nset pop_delete = no\nset mark_old = no\nset copy = no\nset wait_key = no\nset beep = no\n"
        f"set folder = '{post.folder}'\nfolder-hook . 'push \"{keys}\"'\n",
    )
    in_a_terminal(["mutt", "-n", "-F", "muttrc", "-f", post.url.replace("pop3", "pop") + "/"], post)
    return of_maildir(box)


def in_a_terminal(command: list[str], post: Post) -> None:
    """Run what wants a screen, and ends by itself."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "HOME": str(post.folder), "TERM": "xterm", "LINES": "24", "COLUMNS": "80"}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=post.folder, env=environment, start_new_session=True
    )
    os.close(theirs)
    screen, deadline = b"", time.monotonic() + PATIENCE
    with contextlib.suppress(OSError):  # how Linux says that nobody has the other end any more
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 1.0)[0]:
                screen += os.read(ours, 65536)
    os.close(ours)
    if process.poll() is None and time.monotonic() >= deadline:
        process.kill()
    if process.wait(60):
        told = re.sub(rb"\x1b[\[(][0-9;?]*[A-Za-z]", b" ", screen).decode(errors="replace")
        raise AssertionError(f"{command[0]} ended with {process.returncode}: {told[-500:]}")
