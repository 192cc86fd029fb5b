"""The folders that everybody has, and what is gathered into them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest

from mailtrap.accounts import Account
from mailtrap.imap import hierarchy
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.settings import Settings
from tests.imap.played import LONG, Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    with contextlib.closing(Stage(Settings(), ())) as stage:
        yield stage


def notice(stage: Stage, to: str, inbox: str) -> None:
    """The sandbox writes to somebody."""
    kept = threading.Event()
    stage.sandbox.capture(
        Envelope("", (Recipient(to),)),
        b"Subject: returned\r\n\r\n",
        Arrival(stage.clock.now(), "notice"),
        lambda _: kept.set(),
        inbox=inbox,
    )
    assert kept.wait(LONG)


def counts(stage: Stage, user: str) -> dict[str, int]:
    account, folders = Account(user), stage.store.folders
    hierarchy.furnish(folders, account)
    found = {}
    for folder in folders.of(account.key):
        hierarchy.gather(stage.store, account, folder)
        found[folder.name] = folders.totals(folder.id).messages
    return found


@pytest.mark.parametrize(
    ("name", "kept"), [("inbox", "INBOX"), ("Inbox/x", "INBOX/x"), ("inboxes", "inboxes"), ("a/inbox", "a/inbox")]
)
def test_inbox_is_written_anyhow(name: str, kept: str) -> None:
    assert hierarchy.canonical(name) == kept


def test_mail_is_gathered_where_it_belongs(stage: Stage) -> None:
    stage.capture(b"Subject: one\r\n\r\n", to="ana@a.test", inbox="shop")
    stage.capture(b"Subject: two\r\n\r\n", to="ben@b.test")
    notice(stage, "ana@a.test", "shop")
    notice(stage, "cy@c.test", "default")
    assert counts(stage, "shop") == {"INBOX": 2, "All": 2, "Bounces": 1}
    assert counts(stage, "ana@A.TEST") == {"INBOX": 2, "All": 2, "Bounces": 1}
    assert counts(stage, "ben@b.test") == {"INBOX": 1, "All": 1, "Bounces": 0}
    assert counts(stage, "default") == {"INBOX": 2, "All": 2, "Bounces": 1}
    assert counts(stage, "default") == {"INBOX": 2, "All": 2, "Bounces": 1}


def test_many_who_log_in_at_once_make_them_once(stage: Stage) -> None:
    threads = [
        threading.Thread(target=hierarchy.furnish, args=(stage.store.folders, Account("shop"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    folders = stage.store.folders.of("shop")
    assert [folder.name for folder in folders] == ["INBOX", "All", "Bounces"]
    assert [(folder.use, folder.view, folder.inbox) for folder in folders] == [
        ("", False, "shop"),
        ("\\All", True, "shop"),
        ("", True, "shop"),
    ]
    assert all(map(hierarchy.is_standing, folders))


def test_an_account_is_the_same_however_it_is_spelt(stage: Stage) -> None:
    hierarchy.furnish(stage.store.folders, Account("Ana@A.test"))
    found = hierarchy.find(stage.store.folders, Account("ana@a.TEST"), "inbox")
    assert found is not None
    assert found.inbox == ""
    assert hierarchy.mailbox_id(found).startswith("F")
    assert hierarchy.find(stage.store.folders, Account("ana"), "INBOX") is None
