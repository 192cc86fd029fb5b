"""Application and test share an event loop: who waits for mail must let it run, so the inbox is awaited."""

import httpx
import pytest
from shop import app

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def client(inbox, monkeypatch):
    for name, value in inbox.env.items():
        monkeypatch.setenv(name, value)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.example")


async def test_the_link_and_the_code_confirm_the_address(client, inbox):
    async with client:
        assert (await client.post("/signup", json={"address": "ana@example.test"})).status_code == 200

        mail = await inbox.aio.wait("rcpt:ana@example.test subject:confirm")
        answer = await client.post(mail.link("/verify/"), json={"code": mail.code})
        assert answer.json() == {"confirmed": "ana@example.test"}


async def test_a_server_that_is_busy_is_no_dead_end(client, inbox):
    await inbox.aio.faults.reply(451, "4.3.0", "Try again later", first=1)
    async with client:
        answer = await client.post("/signup", json={"address": "ana@example.test"})
        assert answer.status_code == 503
        assert "try again" in answer.json()["detail"]

        await client.post("/signup", json={"address": "ana@example.test"})
        assert (await inbox.aio.wait("rcpt:ana@example.test")).code
