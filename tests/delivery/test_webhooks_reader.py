"""The simulated reader: fetches and follows what it may, and tells of it."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager

from mailtrap.clock import Clock
from mailtrap.delivery.reader import MOST_PICTURES, Reader
from mailtrap.delivery.told import Told
from mailtrap.events import Bus
from mailtrap.net.outbound import Outbound
from mailtrap.settings import Settings
from mailtrap.store import open_store
from mailtrap.store.base import Store
from tests.delivery.receiving import PATIENCE, receiving
from tests.store.making import keep, submission


@contextmanager
def reading(*hosts: str) -> Iterator[tuple[Reader, Store, queue.Queue[Told]]]:
    heard: queue.Queue[Told] = queue.Queue()
    clock = Clock()
    store = open_store(Settings(), Bus(), clock)
    outbound = Outbound(hosts, seconds=20)
    reader = Reader(store, outbound, clock, heard.put)
    try:
        yield reader, store, heard
    finally:
        outbound.close()
        reader.stop()
        store.close()


def html(body: str) -> bytes:
    head = (
        "From: ann@a.test\r\nSubject: look\r\nMessage-ID: <m@a.test>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    )
    return (head + body).encode()


def test_opening_fetches_the_pictures_of_hosts_that_may_be_visited() -> None:
    with receiving(lambda _: 200) as app, reading("127.0.0.1") as (reader, store, heard):
        site = f"http://127.0.0.1:{app.port}"
        body = (
            f'<img src="{site}/pixel.gif?id=1"><img src="http://evil.test/spy.gif"><img src="http://169.254.169.254/">'
            f'<img src="cid:x"><img src="{site}/two.png"><a href="{site}/link">x</a>'
        )
        (id,) = keep(store, submission(html(body)))
        assert reader.open(id, "bob@b.test", 1_800_000_000_000_000)
        told = heard.get(timeout=PATIENCE)
        assert [one.path for one in app.received] == ["/pixel.gif?id=1", "/two.png"]
        assert {one.method for one in app.received} == {"GET"}
        assert (told.kind, told.message, told.recipient, told.at) == ("opened", id, "bob@b.test", 1_800_000_000_000_000)
        assert (told.code, told.message_id) == (200, "<m@a.test>")
        assert "2 of 4 pictures" in told.text


def test_clicking_follows_the_first_link_that_may_be_followed_and_its_redirects() -> None:
    with receiving(lambda _: 200) as app, receiving(lambda _: 302, app.url) as tracker:
        body = (
            f'<a href="mailto:x@a.test">m</a><a href="https://shop.test/">s</a><a href="{tracker.url}?t=1">buy</a>'
            f'<a href="{app.url}/second">no</a>'
        )
        with reading("127.0.0.1") as (reader, store, heard):
            (id,) = keep(store, submission(html(body)))
            assert reader.click(id)
            told = heard.get(timeout=PATIENCE)
        assert (told.kind, told.url, told.code) == ("clicked", f"{tracker.url}?t=1", 200)
        assert [one.path for one in tracker.received] == ["/hook?t=1"]
        assert [one.path for one in app.received] == ["/hook"]


def test_where_no_host_may_be_visited_the_event_is_told_and_nothing_is_asked() -> None:
    with receiving() as app, reading() as (reader, store, heard):
        body = f'<img src="{app.url}"><a href="{app.url}/link">x</a>'
        (id,) = keep(store, submission(html(body)))
        reader.open(id)
        reader.click(id)
        opened, clicked = heard.get(timeout=PATIENCE), heard.get(timeout=PATIENCE)
        assert (opened.kind, opened.code, clicked.kind, clicked.code) == ("opened", 0, "clicked", 0)
        assert clicked.url == f"{app.url}/link"
        assert "visit-hosts" in clicked.text
        assert app.received == []


def test_a_mail_with_very_many_pictures_costs_a_few_requests() -> None:
    with receiving(lambda _: 200) as app, reading("127.0.0.1") as (reader, store, heard):
        body = "".join(f'<img src="{app.url}?{number}">' for number in range(500))
        (id,) = keep(store, submission(html(body)))
        reader.open(id)
        heard.get(timeout=PATIENCE)
        assert len(app.received) == MOST_PICTURES


def test_what_cannot_be_read_keeps_nobody_from_reading() -> None:
    with reading("127.0.0.1") as (reader, store, heard):
        (plain,) = keep(store, submission())
        reader.open(10**6)  # no such message
        reader.click(plain)  # nothing to click on
        reader.open(plain)
        assert heard.get(timeout=PATIENCE).kind == "opened"
        assert heard.empty()
    assert not reader.open(plain)
