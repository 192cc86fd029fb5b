"""What was read a moment ago is known again by its octets, and says the same."""

from __future__ import annotations

import pytest

from mailtrap.mail.content import understand
from mailtrap.waiting import lately

_MESSAGE = b"Subject: Hello\r\nContent-Type: text/html\r\n\r\n<p>Your code is <b>493817</b></p>\r\n"


@pytest.mark.parametrize("octets", [_MESSAGE, b"", b"\xff\x00\r\n", _MESSAGE * (lately.LARGEST // len(_MESSAGE) + 1)])
@pytest.mark.parametrize("flags", [(), ("bare-lf",)])
def test_it_is_understood_as_if_for_the_first_time(octets: bytes, flags: tuple[str, ...]) -> None:
    for id in (1, 2, 1):
        assert lately.understood(id, octets, flags) == understand(id, octets, flags)
    assert lately.content_of(octets).text == lately.content_of(bytes(bytearray(octets))).text


def test_only_small_messages_are_kept() -> None:
    assert lately.content_of(_MESSAGE) is lately.content_of(bytes(bytearray(_MESSAGE)))
    large = b"x" * (lately.LARGEST + 1)
    assert lately.content_of(large) is not lately.content_of(large)
