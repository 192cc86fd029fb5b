"""`inboxes` with a real sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailtrap.cli import program
from mailtrap.client import Client
from mailtrap.server import Server
from mailtrap.settings import Settings


class Typed:
    """Commands against one sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *arguments: str) -> Result:
        return CliRunner(env={"MAILTRAP_URL": self.url}).invoke(program, arguments)

    def done(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def typed(tmp_path: Path) -> Iterator[Typed]:
    server = Server(Settings(smtp_port=0, smtps_port=0, web_port=0, state_dir=str(tmp_path)))
    addresses = server.start()
    yield Typed("http://{}:{}".format(*addresses["web"]))
    server.stop()


def test_inboxes_are_made_listed_and_removed(typed: Typed) -> None:
    assert typed.run("inboxes", "add", "ci-1", "--address", "@shop.example", "--max-messages", "5").stdout == "ci-1\n"
    with Client(typed.url) as client:
        client.post(b"Subject: x\r\n\r\nx\r\n", recipients=["a@shop.example"])
    assert typed.run("inboxes", "list").stdout == "default\t0\t0\nci-1\t1\t1\tto @shop.example, at most 5\n"
    listed = typed.done("inboxes", "list")["inboxes"]
    assert [(one["name"], one["messages"]) for one in listed] == [("default", 0), ("ci-1", 1)]
    assert [one["inboxes"] for one in typed.done("list", "--inbox", "ci-1")["messages"]] == [["ci-1"]]
    removed = typed.run("inboxes", "remove", "CI-1")
    assert (removed.exit_code, removed.stderr) == (0, "Removed CI-1 with 1 messages.\n")
    assert typed.run("inboxes", "list").stdout == "default\t0\t0\n"


def test_a_token_is_printed_and_opens_that_inbox(typed: Typed) -> None:
    name, token = typed.run("inboxes", "add", "--token").stdout.strip().split("\t")
    with Client(typed.url) as client:
        client.post(b"Subject: x\r\n\r\nx\r\n")
        client.post(b"Subject: x\r\n\r\nx\r\n", inbox=name)
    with Client(typed.url, token) as mine:
        assert mine.page()["total"] == 1
        assert [one["name"] for one in mine.inboxes()["inboxes"]] == [name]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("add", "two words"), 2, "1 to 64 of"),
        (("add", "default", "--ttl", "5"), 2, "cannot go"),
        (("remove", "nobody"), 1, "There is no inbox nobody"),
    ],
)
def test_what_cannot_be_done_is_said(typed: Typed, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = typed.run("inboxes", *arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_one_that_is_there_already_is_said(typed: Typed) -> None:
    assert typed.run("inboxes", "add", "a").exit_code == 0
    again = typed.run("inboxes", "add", "A")
    assert again.exit_code == 1
    assert "already" in again.stderr
