"""SASL exchanges and the credentials file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.errors import SettingsError
from mailtrap.net.sasl import (
    MECHANISMS,
    Claim,
    Credentials,
    Exchange,
    NotBase64Error,
    SaslError,
    decode,
    encode,
    hash_password,
)


def test_plain_in_one_step_and_in_two() -> None:
    expected = Claim("PLAIN", "user", "boss", b"secret")
    assert Exchange("PLAIN", b"").begin(b"boss\0user\0secret") == expected
    exchange = Exchange("PLAIN", b"")
    assert exchange.begin(None) == b""
    assert exchange.respond(b"boss\0user\0secret") == expected


def test_login_with_and_without_the_name_at_once() -> None:
    for initial in (None, b"user"):
        exchange = Exchange("LOGIN", b"")
        if initial is None:
            assert exchange.begin(None) == b"Username:"
            assert exchange.respond(b"user") == b"Password:"
        else:
            assert exchange.begin(initial) == b"Password:"
        assert exchange.respond(b"secret") == Claim("LOGIN", "user", "", b"secret")


def test_cram_md5_of_rfc_2195() -> None:
    exchange = Exchange("CRAM-MD5", b"<1896.697170952@postoffice.reston.mci.net>")
    assert exchange.begin(None) == b"<1896.697170952@postoffice.reston.mci.net>"
    assert exchange.respond(b"tim b913a602c7eda7a495b4e6e7334d3890") == Claim("CRAM-MD5", "tim", "", None)
    with pytest.raises(SaslError, match="initial"):
        Exchange("CRAM-MD5", b"x").begin(b"tim")


def test_bearer_tokens() -> None:
    octets = b"user=u@x.test\x01auth=Bearer ya29.token\x01\x01"
    assert Exchange("XOAUTH2", b"").begin(octets) == Claim("XOAUTH2", "u@x.test", "", b"ya29.token")
    octets = b"n,a=u=2Cv@x.test,\x01host=x.test\x01port=587\x01auth=bearer token==\x01\x01"
    assert Exchange("OAUTHBEARER", b"").begin(octets) == Claim("OAUTHBEARER", "u,v@x.test", "", b"token==")


@pytest.mark.parametrize(
    ("mechanism", "response"),
    [
        ("PLAIN", b"user"),
        ("PLAIN", b"\0\xff\0x"),
        ("PLAIN", b"\0a\r\nb\0x"),
        ("XOAUTH2", b"auth=Bearer x\x01\x01"),
        ("XOAUTH2", b"user=x\x01auth=Basic x\x01\x01"),
        ("OAUTHBEARER", b"user=x\x01auth=Bearer x\x01\x01"),
        ("OAUTHBEARER", b""),
    ],
)
def test_what_is_no_such_response_is_an_error(mechanism: str, response: bytes) -> None:
    with pytest.raises(SaslError):
        Exchange(mechanism, b"").begin(response)


@given(st.sampled_from(MECHANISMS), st.lists(st.binary(max_size=40), min_size=2, max_size=2))
def test_any_responses_end_in_a_claim_or_an_error(mechanism: str, responses: list[bytes]) -> None:
    exchange = Exchange(mechanism, b"challenge")
    step: bytes | Claim = exchange.begin(None)
    try:
        for response in responses:
            if isinstance(step, Claim):
                break
            step = exchange.respond(response)
    except SaslError:
        return
    assert isinstance(step, Claim)
    assert step.user.isprintable() or not step.user.isascii()


def test_base64_is_read_strictly() -> None:
    assert decode(b"=") == b""
    assert decode(encode(b"\0a\0b")) == b"\0a\0b"
    for wrong in (b"a", b"YQ", b"YQ==YQ==", b"Y Q=", b"!!!!", b"YQ==\xff"):
        with pytest.raises(NotBase64Error):
            decode(wrong)


def test_a_password_is_known_by_its_hash(tmp_path: Path) -> None:
    hashed = hash_password("pässword")
    assert hashed != hash_password("pässword")
    assert "pässword" not in hashed
    file = tmp_path / "users"
    file.write_text(f"# comment\n\nann@x.test:{hashed}\n  bob:{hashed}\n")
    credentials = Credentials.load(file)
    for _ in range(2):
        assert credentials.verify("ann@x.test", "pässword".encode())
        assert not credentials.verify("ann@x.test", b"password")
        assert not credentials.verify("nobody", "pässword".encode())
    assert credentials.verify("bob", "pässword".encode())


@pytest.mark.parametrize("text", ["ann", "ann:secret", ":$scrypt$1,1,1$AA==$AA=="])
def test_a_file_with_anything_else_is_an_error_that_names_the_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "users"
    file.write_text(f"# first\n{text}\n")
    with pytest.raises(SettingsError, match="line 2"):
        Credentials.load(file)
    with pytest.raises(SettingsError, match="cannot be read"):
        Credentials.load(tmp_path / "missing")
