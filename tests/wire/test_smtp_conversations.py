"""The conversations of tests/conversations again, over a socket and with a store on another thread."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from tests.smtp.scripts import Script, check, count_replies, scripts
from tests.smtp.test_conversations import settings
from tests.wire.conftest import Serving


@pytest.mark.parametrize("script", scripts(), ids=lambda script: script.name)
def test_a_conversation_goes_as_written_over_a_socket(script: Script, serve: Callable[..., Serving]) -> None:
    serving = serve(**settings(script))
    with socket.create_connection(serving.smtp, timeout=10) as sock, sock.makefile("rb") as replies:
        for turn in script.turns:
            sock.sendall(turn.octets)
            lines: list[str] = []
            while sum(1 for line in lines if line[3:4] != "-") < count_replies(turn.expected):
                line = replies.readline().decode()
                assert line, f"closed after {lines}"
                lines.append(line.removesuffix("\r\n"))
            check(turn.expected, lines)
        if script.outcome:
            assert replies.read() == b""
    serving.store.wait(lambda: bool(serving.store.recorded))
    assert [serving.store.content(number) for number in range(len(serving.store.kept))] == script.kept
    assert serving.store.recorded[0].outcome == (script.outcome or serving.store.recorded[0].outcome)
