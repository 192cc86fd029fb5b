"""`webhooks` with a real sandbox and a receiver of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result

from mailtrap.cli import program, webhooks
from mailtrap.server import Server
from mailtrap.settings import Settings
from tests.delivery.receiving import receiving

LONG = "60"


class Typed:
    """Commands against one sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *arguments: str) -> Result:
        return CliRunner(env={"MAILTRAP_URL": self.url}).invoke(program, ("webhooks", *arguments))

    def done(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def metric(self, name: str) -> float:
        with urlopen(f"{self.url}/metrics") as answer:
            found = re.search(rf"^mailtrap_{re.escape(name)} (\S+)$", answer.read().decode(), re.MULTILINE)
        assert found, name
        return float(found[1])


@pytest.fixture
def typed(tmp_path: Path) -> Iterator[Typed]:
    server = Server(
        Settings(smtp_port=0, smtps_port=0, web_port=0, state_dir=str(tmp_path), webhook_tries=1, webhook_retry=0.02)
    )
    addresses = server.start()
    yield Typed("http://{}:{}".format(*addresses["web"]))
    server.stop()


def test_webhooks_are_added_listed_tried_and_removed(typed: Typed) -> None:
    with receiving() as receiver:
        made = typed.run("add", receiver.url, "--kind", "captured", "--kind", "bounced", "--inbox", "shop")
        first, *_ = made.stdout.splitlines()
        id_ = first.split("\t")[0]
        assert first == f"{id_}\tmailtrap\t{receiver.url}\tbounced,captured\tin shop"
        assert re.search(r"^secret\t\S+$", made.stdout, re.MULTILINE)
        assert typed.run("list").stdout == first + "\n"
        assert typed.metric("webhooks") == 1
        tried = typed.run("test", id_, "--timeout", LONG)
        assert (tried.exit_code, tried.stderr) == (0, "It took the event, and answered 204.\n")
        assert json.loads(receiver.received[0].body)["inbox"] == "shop"
        assert typed.metric('webhook_tries_total{outcome="delivered"}') == 1
        assert typed.metric("webhook_events_waiting") == 0
    assert typed.run("remove", id_).stderr == "Removed 1.\n"
    assert typed.done("list")["webhooks"] == []


def test_what_nobody_takes_is_a_dead_letter_that_can_be_sent_again(typed: Typed) -> None:
    answers = [500]
    with receiving(lambda _: answers[0]) as receiver:
        id_ = typed.done("add", receiver.url, "--kind", "captured")["id"]
        tried = typed.run("test", id_, "--timeout", LONG)
        assert tried.exit_code == 1
        assert "did not take the event" in tried.stderr
        (dead,) = typed.done("failed")["events"]
        words = typed.run("failed", "--webhook", id_).stdout.split("\t")
        assert words[:7] == [dead["id"], id_, "dead", "captured", dead["message"], "1", "500"]
        assert typed.metric("webhook_events_dead") == 1
        answers[0] = 204
        assert typed.run("failed", "--replay").stderr == "1 are on their way again.\n"
        assert len(receiver.wait(2)) == 2


def test_a_person_is_told_that_there_is_nothing(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed.run("list").output == typed.run("failed").output == ""
    monkeypatch.setattr(webhooks, "sys", SimpleNamespace(stderr=SimpleNamespace(isatty=lambda: True)))
    assert typed.run().stderr == "Nobody is told: `mailtrap webhooks add URL` adds somebody.\n"
    assert typed.run("failed").stderr == "Nothing has failed.\n"
    assert typed.run("failed", "--all").stderr == "Nothing has failed, and nothing waits.\n"


def test_one_that_is_not_told_of_captured_mail_cannot_be_tried(typed: Typed) -> None:
    with receiving() as receiver:
        id_ = typed.done("add", receiver.url, "--kind", "bounced")["id"]
        tried = typed.run("test", id_)
    assert tried.exit_code == 2
    assert "not told of messages that are captured" in tried.stderr


@pytest.mark.parametrize("arguments", [("remove", "99"), ("test", "99")])
def test_one_that_is_not_there_is_said(typed: Typed, arguments: tuple[str, ...]) -> None:
    result = typed.run(*arguments)
    assert result.exit_code == 1
    assert "99" in result.stderr
