"""A hundred thousand messages: the list is as fluid as with ten."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect

from mailtrap.clock import Clock
from mailtrap.events import Bus
from mailtrap.settings import Settings
from mailtrap.store import open_store
from tests.pages.conftest import Serve, Site, Visit
from tests.pages.test_inbox import live
from tests.pages.test_reader import press

MANY = 100_000


@pytest.fixture
def crowded(serve: Serve, tmp_path: Path) -> Site:
    """A server whose database was filled behind its back: sending this much would take a minute."""
    path = tmp_path / "many.db"
    open_store(Settings(database=str(path)), Bus(), Clock()).close()
    with sqlite3.connect(path) as connection:
        given = {
            "inbox": "default",
            "size": 900,
            "sha256": b"\0" * 32,
            "sender": json.dumps([["Ana", "ana@example.test"]]),
            "to_": json.dumps([["", "ben@example.test"]]),
            **dict.fromkeys(("cc", "bcc", "reply_to", "rcpt", "tags", "defects"), "[]"),
            **dict.fromkeys(("message_id", "date", "peer", "helo", "protocol"), ""),
            "reverse_path": "ana@example.test",
            "listener": "import",
            "codec": "plain",
            "state": "indexed",
            "seen": 0,
            "snippet": "Some words of the message",
            "attachments": 0,
            "content": 0,
        }
        columns = ", ".join(given)
        marks = ", ".join("?" * len(given))
        connection.execute(
            f"INSERT INTO message({columns}, subject, received_at) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            f"SELECT {marks}, 'Message ' || i, 1790000000000000 + i FROM n",
            [MANY, *given.values()],
        )
        connection.execute(
            "UPDATE tally SET messages = ?, unseen = ?, octets = ?, last_id = ?", (MANY, MANY, 900 * MANY, MANY)
        )
    connection.close()
    return serve(database=str(path))


def test_a_hundred_thousand_rows_scroll_jump_and_select(crowded: Site, visit: Visit) -> None:
    page = live(visit(crowded.web + "/"))
    expect(page.locator("#count")).to_have_text("100,000")
    press(page, "j", "End")
    expect(page.get_by_text("Message 1", exact=True)).to_be_visible()
    expect(page.locator(".row:focus-within .row-subject")).to_have_text("Message 1")
    assert page.locator(".row").count() < 60
    page.locator("#scroller").evaluate("e => e.scrollTop = e.scrollHeight / 2")
    expect(page.locator(".row-subject").filter(has_text="Message 50000")).to_be_visible()
    frames = page.evaluate(
        """async () => {
            const scroller = document.getElementById("scroller");
            const times = [];
            let last = performance.now();
            for (let i = 0; i < 60; i++) {
                scroller.scrollTop += 400;
                await new Promise(requestAnimationFrame);
                times.push(performance.now() - last);
                last = performance.now();
            }
            return times.sort((a, b) => a - b)[45];
        }"""
    )
    assert frames < 400, "three of four frames while scrolling take 17 ms on an idle machine, without a GPU"
    press(page, "Home", "Control+a")
    expect(page.locator("#bulk-count")).to_have_text("100,000 selected")
    page.locator(".row").first.get_by_role("checkbox").click()
    expect(page.locator("#bulk-count")).to_have_text("99,999 selected")
    press(page, "#")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#count")).to_have_text("100,000")
