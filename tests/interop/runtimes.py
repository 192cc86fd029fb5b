"""Readers that are written for other runtimes: Node's and Java's usual libraries, each in a process of its own."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

from tests.interop.clients import MODULES
from tests.interop.collecting import PASSWORD, Post, kept, output, run

JARS = MODULES.parent / "java"
_JAVA = Path(__file__).parent / "java" / "Reader.java"

_IMAPFLOW = """
const { ImapFlow } = require('imapflow');
const o = JSON.parse(process.argv[1]);
(async () => {
  const client = new ImapFlow({
    host: 'localhost', port: o.port, secure: o.security === 'tls', doSTARTTLS: o.security === 'starttls',
    auth: { user: o.user, pass: o.password }, tls: { ca: o.ca }, logger: false,
  });
  await client.connect();
  const found = [];
  await client.mailboxOpen('INBOX', { readOnly: true });
  const all = { uid: true, flags: true, envelope: true, bodyStructure: true, size: true, source: true };
  if (client.mailbox.exists) {
    for await (const one of client.fetch('1:*', all)) {
      if (one.size !== one.source.length || !one.envelope.messageId || !one.bodyStructure) throw new Error('unlike');
      found.push(one.source.toString('base64'));
    }
  }
  await client.logout();
  console.log(JSON.stringify(found));
})().catch((error) => { console.error(error); process.exit(1); });
"""

_NODE_POP3 = """
const Pop3 = require('node-pop3');
const o = JSON.parse(process.argv[1]);
(async () => {
  const client = new Pop3({
    user: o.user, password: o.password, host: 'localhost', port: o.port, tls: o.security === 'tls',
    servername: 'localhost', tlsOptions: { ca: o.ca },
  });
  const found = [];
  for (const [number] of await client.UIDL()) found.push(Buffer.from(await client.RETR(number)).toString('base64'));
  await client.QUIT();
  console.log(JSON.stringify(found));
})().catch((error) => { console.error(error); process.exit(1); });
"""


def imapflow(post: Post) -> list[bytes]:
    """Node's usual IMAP library; it compresses, enables and asks for all it is offered."""
    return _node(_IMAPFLOW, post)


def node_pop3(post: Post) -> list[bytes]:
    """POP3 for Node, which knows no STLS and gives content as text."""
    return _node(_NODE_POP3, post)


def angus(post: Post) -> list[bytes]:
    """JavaMail, now Angus Mail."""
    words = [post.protocol, post.security, str(post.port), post.user, PASSWORD, post.ca, str(output(post))]
    run(["java", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*", str(_JAVA), *words], post)
    return kept(post)


def node_has(module: str) -> bool:
    """Whether a module of Node's is on this machine."""
    return bool(shutil.which("node")) and (MODULES / module).is_dir()


def java_has(jar: str) -> bool:
    """Whether a Java library is on this machine, and Java with it."""
    return bool(shutil.which("java")) and any(JARS.glob(f"{jar}*.jar"))


def _node(script: str, post: Post) -> list[bytes]:
    options = {
        "port": post.port,
        "security": post.security,
        "user": post.user,
        "password": PASSWORD,
        "ca": Path(post.ca).read_text(),
    }
    told = run(["node", "-e", script, json.dumps(options)], post, NODE_PATH=str(MODULES))
    return [base64.b64decode(one) for one in json.loads(told)]
