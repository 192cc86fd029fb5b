"""What docs/pop3.md and docs/imap.md show of clients works as printed, but for ports and paths."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop import programs
from tests.interop.cases import Target, start
from tests.interop.clients import MODULES
from tests.interop.collecting import Post, keeper, kept, maildir, of_maildir, run, secret
from tests.interop.readers import Office
from tests.interop.runtimes import node_has
from tests.interop.test_picture import contents

DOCS = Path(__file__).parents[2] / "docs"
#: Both go to ana, and into the inbox that has what nothing puts elsewhere.
MAIL = [
    b"Subject: First\r\nMessage-ID: <1@a.test>\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n.dot\r\n",
    b"Subject: reset your password\r\nMessage-ID: <2@a.test>\r\n\r\nHere\r\n",
]
LINES = sorted(one.replace(b"\r\n", b"\n") for one in MAIL)


@pytest.fixture
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    target = start(tmp_path_factory.mktemp("setup"))
    yield target
    target.stop()


@pytest.fixture
def office(target: Target) -> Office:
    office = Office(target)
    office.send(_post(target, "imap", target.folder), MAIL)
    return office


def _post(target: Target, protocol: str, folder: Path) -> Post:
    return Post(protocol, "plain", target.ports[protocol], target.ca, "ana@example.test", folder)


class Home:
    """A user's home folder, and what the documentation would have that user do in it."""

    def __init__(self, target: Target, protocol: str, folder: Path) -> None:
        self.post = _post(target, protocol, folder)
        self._ports = {
            str(standard): str(target.ports[name])
            for name, standard in (("pop3", 1110), ("pop3s", 1995), ("imap", 1143), ("imaps", 1993))
        }

    def shown(self, after: str) -> str:
        """The first block after these words."""
        page = (DOCS / f"{self.post.protocol}.md").read_text("utf-8")
        assert after in page, f"{after} is not in the documentation any more"
        block = re.search(r"^```\w*\n(.*?)^```$", page[page.index(after) :], re.DOTALL | re.MULTILINE)
        assert block
        text = re.sub(r"\b(1110|1995|1143|1993)\b", lambda found: self._ports[found[1]], block[1])
        text = text.replace("/path/of/ca.pem", self.post.ca).replace("$(mailtrap ca)", self.post.ca)
        return text.replace("(cafile=CA)", f"(cafile={self.post.ca!r})")

    def write(self, name: str, after: str, **changed: str) -> None:
        """Put the block where its program looks for it."""
        text = self.shown(after)
        for old, new in changed.items():
            text = text.replace(_CHANGED[old], new)
        secret(self.post, name, text)


_CHANGED = {"mda": "/usr/bin/procmail", "maildir": "type = Maildir\npath = ~/Maildir/\n"}


@pytest.fixture
def imap(target: Target, office: Office, tmp_path: Path) -> Home:
    return Home(target, "imap", tmp_path)


@pytest.fixture
def pop3(target: Target, office: Office, tmp_path: Path) -> Home:
    return Home(target, "pop3", tmp_path)


def _needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not on this machine")


def test_python_by_pop3(pop3: Home) -> None:
    there: dict[str, list[bytes]] = {}
    exec(pop3.shown("Python:"), there)
    assert b"\r\n".join(there["lines"]) + b"\r\n" == MAIL[0]


def test_python_by_imap(imap: Home) -> None:
    there: dict[str, bytes] = {}
    exec(imap.shown("Python:"), there)
    assert there["message"] == MAIL[1]


def test_imapclient_waits_for_mail(imap: Home, office: Office) -> None:
    page = (DOCS / "imap.md").read_text("utf-8")
    block = next(
        one for one in re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE) if "imapclient" in one
    )
    block = re.sub(r"\b1143\b", str(imap.post.port), block)
    process = subprocess.Popen([sys.executable, "-c", block], stdout=subprocess.PIPE)
    post = Post("imap", "plain", 0, "", "somebody@else.test", imap.post.folder)
    # It idles at some time, and is told then of the next message.
    for number in range(100):
        try:
            process.wait(0.3)
            break
        except subprocess.TimeoutExpired:
            office.send(post, [b"Subject: waited for %d\r\n\r\nx\r\n" % number])
    told = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert b"b'EXISTS'" in told


@pytest.mark.skipif(not node_has("imapflow"), reason="imapflow is not on this machine")
def test_imapflow(imap: Home) -> None:
    (imap.post.folder / "node_modules").symlink_to(MODULES)
    told = run(["node", "--input-type=module", "-e", imap.shown("JavaScript (imapflow)")], imap.post)
    assert "First\nreset your password\n" in told.decode()


@_needs("curl")
def test_curl_by_imap(imap: Home) -> None:
    one, found, put = imap.shown("curl: the message").splitlines()
    assert run(shlex.split(one + " -s"), imap.post) == MAIL[0]
    assert run(shlex.split(found + " -s"), imap.post) == b"* SEARCH 2\r\n"
    (imap.post.folder / "message.eml").write_bytes(MAIL[0].replace(b"First", b"Put"))
    run(shlex.split(put + " -s"), imap.post)
    assert run(shlex.split(found.replace("reset", "put") + " -s"), imap.post).startswith(b"* SEARCH ")


@_needs("curl")
def test_curl_by_pop3(pop3: Home) -> None:
    one, listed = pop3.shown("curl, with the exact octets").splitlines()
    assert run(shlex.split(one + " -s"), pop3.post) == MAIL[0]
    assert run(shlex.split(listed + " -s"), pop3.post).startswith(b"1 %d" % len(MAIL[0]))


@_needs("mutt")
def test_mutt(imap: Home) -> None:
    imap.write(".muttrc", "**mutt**")
    box = maildir(imap.post.folder / "box")
    keys = f"<tag-pattern>~A<enter><tag-prefix><copy-message>{box}<enter><exit>"
    also = "set mbox_type=Maildir quit=yes confirmappend=no copy=no"
    programs.in_a_terminal(["mutt", "-n", "-e", also, "-e", f"push {keys}"], imap.post)
    got = [re.sub(rb"(?m)^(Content-Length|Lines): \d+\n", b"", one) for one in of_maildir(box)]
    assert set(LINES) <= set(got)


@_needs("mbsync")
def test_mbsync(imap: Home) -> None:
    (imap.post.folder / "Maildir").mkdir()
    imap.write(".mbsyncrc", "**mbsync**")
    run(["mbsync", "-a"], imap.post)
    assert set(LINES) <= {_without_tuid(one) for one in of_maildir(imap.post.folder / "Maildir" / "INBOX")}


def _without_tuid(content: bytes) -> bytes:
    return re.sub(rb"(?m)^X-TUID: .*\n", b"", content)


@_needs("offlineimap")
def test_offlineimap(imap: Home) -> None:
    imap.write(".offlineimaprc", "**offlineimap**")
    run(["offlineimap", "-o", "-u", "quiet"], imap.post)
    assert set(LINES) <= set(of_maildir(imap.post.folder / "Maildir" / "INBOX"))


@_needs("fetchmail")
@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_fetchmail(protocol: str, target: Target, office: Office, tmp_path: Path) -> None:
    home = Home(target, protocol, tmp_path)
    home.write(".fetchmailrc", "**fetchmail**", mda=str(keeper(home.post)))
    run(["fetchmail", "--nosyslog", "--nodetach", "--invisible"], home.post)
    assert {one.partition(b"\n\n")[2] for one in LINES} <= {one.partition(b"\n\n")[2] for one in kept(home.post)}


@_needs("mpop")
def test_mpop(pop3: Home) -> None:
    maildir(pop3.post.folder / "Maildir")
    pop3.write(".mpoprc", "**mpop**")
    run(["mpop", "-q"], pop3.post)
    got = [one.partition(b"\n\n")[2] for one in of_maildir(pop3.post.folder / "Maildir")]
    assert {one.partition(b"\n\n")[2] for one in LINES} <= set(got)


@_needs("getmail")
def test_getmail(pop3: Home) -> None:
    maildir(pop3.post.folder / "Maildir")
    (pop3.post.folder / ".config" / "getmail").mkdir(parents=True)
    # As root it writes into no Maildir.
    instead = f"type = MDA_external\npath = {keeper(pop3.post)}\nallow_root_commands = true\nunixfrom = false\n"
    pop3.write(".config/getmail/getmailrc", "**getmail6**", maildir=instead)
    run(["getmail", "--quiet"], pop3.post)
    got = [one.partition(b"\n\n")[2] for one in kept(pop3.post)]
    assert {one.partition(b"\n\n")[2] for one in LINES} <= set(got)


def test_the_session_of_a_mail_program(imap: Home, target: Target, office: Office) -> None:
    ben = Post("imap", "plain", imap.post.port, "", "ben@example.test", imap.post.folder)
    office.send(ben, contents())
    lines = imap.shown("as the page *Sessions* has it").splitlines()
    with socket.create_connection(("127.0.0.1", imap.post.port), timeout=60) as sock, sock.makefile("rb") as reader:
        for line in lines:
            side, text = line[:2], line[3:]
            if side == "C:":
                sock.sendall(text.encode() + b"\r\n")
            if side == "S:":
                wanted = re.compile(re.escape(text).replace("…", ".*").encode() + rb"\r?\n")
                while not wanted.fullmatch(said := reader.readline()):
                    assert said, f"closed before {text}"
                    assert not re.match(rb"\S+ (BAD|NO) ", said), said
            if text.startswith("+ "):
                office.send(ben, MAIL[:1])
