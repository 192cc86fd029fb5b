"""Listening sockets."""

from __future__ import annotations

import contextlib
import resource
import socket

import pytest

from mailtrap.errors import SettingsError
from mailtrap.net import ports
from mailtrap.net.doors import Door, Doors
from mailtrap.net.pump import Pump
from mailtrap.settings import Settings, Standard


def test_port_0_is_a_free_port_and_the_same_for_both_addresses_of_localhost() -> None:
    sockets = ports.listen("localhost", 0, "--smtp-port")
    numbers = {sock.getsockname()[1] for sock in sockets}
    assert len(numbers) == 1
    assert numbers != {0}
    assert ports.address(sockets) == ("127.0.0.1", numbers.pop())
    for sock in sockets:
        sock.close()


def test_a_port_in_use_is_an_error_that_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SettingsError, match="cannot listen") as error:
        ports.listen("127.0.0.1", taken.getsockname()[1], "--smtp-port")
    assert "--smtp-port" in error.value.hint


def test_names_of_peers() -> None:
    assert ports.peer_name(("127.0.0.1", 9)) == ("127.0.0.1", "127.0.0.1:9")
    assert ports.peer_name(("::1", 9, 0, 0)) == ("::1", "[::1]:9")
    assert ports.peer_name("") == ("", "")


def test_as_many_files_are_allowed_as_the_system_lets_us() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
        ports.allow_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_port_that_nobody_chose_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
    for sock in ports.listen("127.0.0.1", Standard(number), "--pop3-port"):
        assert sock.getsockname()[1] == number
        sock.close()


def test_one_that_nobody_chose_gives_way_and_one_that_was_chosen_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        for port, refused in ((Standard(number), False), (number, True)):
            doors = Doors(Settings(), [Door("pop3", port, "--pop3-port", lambda hub: Pump())], "test", ())
            with pytest.raises(SettingsError) if refused else contextlib.nullcontext():
                assert doors.start()["pop3"][1] not in (0, number)
            doors.stop()
