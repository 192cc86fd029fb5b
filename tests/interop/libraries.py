"""Python's libraries that collect mail, used as their documentation shows. They keep nothing: they have all again."""

from __future__ import annotations

import asyncio
import imaplib
import poplib

import aioimaplib
import imap_tools
import imapclient

from tests.interop.collecting import PASSWORD, Post


def poplib_(post: Post) -> list[bytes]:
    """Python's own, line by line."""
    if post.security == "tls":
        client: poplib.POP3 = poplib.POP3_SSL("localhost", post.port, context=post.context)
    else:
        client = poplib.POP3("localhost", post.port)
    if post.security == "starttls":
        client.stls(post.context)
    client.user(post.user)
    client.pass_(PASSWORD)
    found = [b"\r\n".join(client.retr(number)[1]) + b"\r\n" for number in range(1, client.stat()[0] + 1)]
    client.quit()
    return found


def imaplib_(post: Post) -> list[bytes]:
    """Python's own."""
    if post.security == "tls":
        client: imaplib.IMAP4 = imaplib.IMAP4_SSL("localhost", post.port, ssl_context=post.context)
    else:
        client = imaplib.IMAP4("localhost", post.port)
    with client:
        if post.security == "starttls":
            client.starttls(post.context)
        client.login(post.user, PASSWORD)
        client.select("INBOX", readonly=True)
        uids = client.uid("SEARCH", "ALL")[1][0].split()
        return [client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1][0][1] for uid in uids]


def imapclient_(post: Post) -> list[bytes]:
    """IMAPClient: parses all that a server says, so it is asked for the structured things too."""
    tls = post.security == "tls"
    with imapclient.IMAPClient("localhost", post.port, ssl=tls, ssl_context=post.context if tls else None) as client:
        if post.security == "starttls":
            client.starttls(post.context)
        client.login(post.user, PASSWORD)
        assert (b"\\HasNoChildren" in client.list_folders("", "INBOX")[0][0]) or client.folder_exists("INBOX")
        client.select_folder("INBOX", readonly=True)
        found = client.fetch(client.search(), ["BODY.PEEK[]", "ENVELOPE", "BODYSTRUCTURE", "FLAGS", "RFC822.SIZE"])
        for one in found.values():
            assert one[b"RFC822.SIZE"] == len(one[b"BODY[]"])
            assert one[b"ENVELOPE"].message_id in one[b"BODY[]"]
            assert one[b"BODYSTRUCTURE"]
        return [one[b"BODY[]"] for one in found.values()]


def imap_tools_(post: Post) -> list[bytes]:
    """imap-tools, which gives messages as Python's email package makes them."""
    if post.security == "plain":
        box: imap_tools.BaseMailBox = imap_tools.MailBoxUnencrypted("localhost", post.port)
    elif post.security == "starttls":
        box = imap_tools.MailBoxStartTls("localhost", post.port, ssl_context=post.context)
    else:
        box = imap_tools.MailBox("localhost", post.port, ssl_context=post.context)
    with box.login(post.user, PASSWORD):
        return [message.obj.as_bytes() for message in box.fetch(mark_seen=False, bulk=True)]


def aioimaplib_(post: Post) -> list[bytes]:
    """aioimaplib, on asyncio; it has no STARTTLS."""

    async def collect() -> list[bytes]:
        if post.security == "tls":
            client: aioimaplib.IMAP4 = aioimaplib.IMAP4_SSL("localhost", post.port, ssl_context=post.context)
        else:
            client = aioimaplib.IMAP4("localhost", post.port)
        await client.wait_hello_from_server()
        assert (await client.login(post.user, PASSWORD)).result == "OK"
        assert (await client.select("INBOX")).result == "OK"
        found = []
        for uid in (await client.uid_search("ALL")).lines[0].split():
            answer = await client.uid("fetch", uid.decode(), "(BODY.PEEK[])")
            found.append(bytes(answer.lines[1]))
        await client.logout()
        return found

    return asyncio.run(collect())
