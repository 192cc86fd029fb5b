"""Binary parts are put in Base64; nothing else of a message changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.mail.binary import in_base64
from mailtrap.mail.content import Content

MIXED = (
    b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n"
    b"Content-Transfer-Encoding: binary\r\n\r\nbefore\r\n--x\r\n"
    b"content-transfer-encoding : BINARY (as it is)\r\n\r\n%b\r\n"
    b"--x\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    b"Subject: y\r\nContent-Transfer-Encoding: binary\r\n\r\n%b\r\n"
    b"--x\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xff\0\r\n--x--\r\nafter"
)


@given(st.binary(max_size=200).filter(lambda octets: b"--x" not in octets), st.binary(max_size=90))
def test_what_is_decoded_is_what_came(first: bytes, second: bytes) -> None:
    came = MIXED % (first, second.replace(b"--x", b""))
    encoded = in_base64(came)
    before, after = Content(came), Content(encoded)
    assert [part.path for part in before.parts] == [part.path for part in after.parts]
    assert [(part.octets(), part.type) for part in before.parts if not part.children] == [
        (part.octets(), part.type) for part in after.parts if not part.children
    ]
    assert [part.encoding for part in after.parts] == ["binary", "base64", "binary", "base64", "8bit"]
    assert in_base64(encoded) == encoded


@pytest.mark.parametrize(
    "octets", [b"", b"x", b"\0", b"A: b\r\n\r\n\0", b"Content-Transfer-Encoding: base64\r\n\r\nbinary\r\n"]
)
def test_what_does_not_say_binary_stays(octets: bytes) -> None:
    assert in_base64(octets) is octets
