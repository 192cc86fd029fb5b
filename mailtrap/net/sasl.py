"""SASL exchanges (RFC 4422), sans-IO, and the file of those who may log in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Generator
from pathlib import Path

from msgspec import Struct

from mailtrap.errors import SettingsError


class SaslError(ValueError):
    """A response that is not what the mechanism expects."""


class NotBase64Error(SaslError):
    """A response that is not base64."""


class Claim(Struct, frozen=True):
    """Who the client says it is. `secret` is the password or token, or None where the mechanism does not reveal it."""

    mechanism: str
    user: str
    on_behalf_of: str
    secret: bytes | None


Steps = Generator[bytes, bytes, Claim]

#: What a bearer mechanism tells a client before refusing it (RFC 7628 §3.2.2); the client answers, then is refused.
REGRETS = {
    "XOAUTH2": b'{"status":"401","schemes":"bearer","scope":"mail"}',
    "OAUTHBEARER": b'{"status":"invalid_token","schemes":"bearer","scope":"mail"}',
}


def _plain(_: bytes) -> Steps:
    """RFC 4616."""
    response = yield b""
    parts = response.split(b"\0")
    if len(parts) != 3:
        raise SaslError("PLAIN is authzid NUL authcid NUL password")
    return Claim("PLAIN", _text(parts[1]), _text(parts[0]), parts[2])


def _login(_: bytes) -> Steps:
    """draft-murchison-sasl-login, which every client speaks and no RFC describes."""
    user = yield b"Username:"
    password = yield b"Password:"
    return Claim("LOGIN", _text(user), "", password)


def _cram_md5(challenge: bytes) -> Steps:
    """RFC 2195. The digest cannot be checked against hashed passwords; it is taken at its word."""
    response = yield challenge
    user, _, digest = response.rpartition(b" ")
    if not re.fullmatch(rb"[0-9a-fA-F]{32}", digest):
        raise SaslError("CRAM-MD5 is user SP digest")
    return Claim("CRAM-MD5", _text(user), "", None)


def _xoauth2(_: bytes) -> Steps:
    """Google's forerunner of OAUTHBEARER: `user=` … ^A `auth=Bearer ` … ^A ^A."""
    response = yield b""
    fields = _fields(response)
    if "user" not in fields:
        raise SaslError("XOAUTH2 needs user=")
    return Claim("XOAUTH2", fields["user"], "", _bearer(fields))


def _oauthbearer(_: bytes) -> Steps:
    """RFC 7628 §3.1: a GS2 header, then key-value pairs."""
    response = yield b""
    header, _sep, rest = response.partition(b"\x01")
    found = re.fullmatch(rb"[nyp][^,]*,(?:a=([^,]*))?,", header)
    if found is None:
        raise SaslError("OAUTHBEARER begins with n,a=user,")
    user = _text(found[1] or b"").replace("=2C", ",").replace("=3D", "=")
    return Claim("OAUTHBEARER", user, "", _bearer(_fields(rest)))


#: By name: the exchange, and whether the client speaks first, so that an initial response makes sense.
_MECHANISMS: dict[str, tuple[Callable[[bytes], Steps], bool]] = {
    "PLAIN": (_plain, True),
    "LOGIN": (_login, True),
    "CRAM-MD5": (_cram_md5, False),
    "XOAUTH2": (_xoauth2, True),
    "OAUTHBEARER": (_oauthbearer, True),
}
MECHANISMS = tuple(_MECHANISMS)


class Exchange:
    """One exchange with one mechanism of `MECHANISMS`."""

    def __init__(self, mechanism: str, challenge: bytes) -> None:
        self.mechanism = mechanism
        steps, self._client_first = _MECHANISMS[mechanism]
        self._steps = steps(challenge)
        self._first = next(self._steps)

    def begin(self, initial: bytes | None) -> bytes | Claim:
        """Start, with the client's initial response if it sent one; returns a challenge or the claim."""
        if initial is None:
            return self._first
        if not self._client_first:
            raise SaslError(f"{self.mechanism} takes no initial response")
        return self.respond(initial)

    def respond(self, response: bytes) -> bytes | Claim:
        """Go on with the client's response; returns the next challenge or the claim. Raises SaslError."""
        try:
            return self._steps.send(response)
        except StopIteration as end:
            claim: Claim = end.value
            return claim


def decode(octets: bytes) -> bytes:
    """Base64 as RFC 4954 §4 has it: `=` is the empty response. Raises SaslError."""
    if octets == b"=":
        return b""
    try:
        return binascii.a2b_base64(octets, strict_mode=True)
    except binascii.Error:
        raise NotBase64Error("not base64") from None


def encode(octets: bytes) -> bytes:
    """Base64 in one line."""
    return binascii.b2a_base64(octets, newline=False)


def _text(octets: bytes) -> str:
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise SaslError("a name is not UTF-8") from None
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise SaslError("a name contains control characters")
    return text


def _fields(octets: bytes) -> dict[str, str]:
    pairs = (pair.partition(b"=") for pair in octets.split(b"\x01") if pair)
    return {_text(key).lower(): _text(value) for key, _, value in pairs}


def _bearer(fields: dict[str, str]) -> bytes:
    scheme, _, token = fields.get("auth", "").partition(" ")
    if scheme.lower() != "bearer":
        raise SaslError("auth=Bearer token is missing")
    return token.strip().encode("utf-8")


#: scrypt as RFC 7914 §2 names its parameters: about 50 ms and 16 MB.
_N, _R, _P = 2**14, 8, 1
_HASH = re.compile(r"\$scrypt\$(\d{1,8}),(\d{1,3}),(\d{1,3})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)")


def hash_password(password: str) -> str:
    """What to write after `user:` in a credentials file: `$scrypt$n,r,p$salt$hash`."""
    salt = os.urandom(16)
    digest = _scrypt(password.encode("utf-8"), salt, _N, _R, _P)
    return f"$scrypt${_N},{_R},{_P}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


class Credentials:
    """Those who may log in. `verify` is slow by design and belongs on a worker thread; it is thread-safe."""

    def __init__(self, hashes: dict[str, str]) -> None:
        self._hashes = hashes
        self._key = os.urandom(32)
        self._verified: dict[str, bytes] = {}
        # Costs a stranger the same time as a user, so that names cannot be found out by the clock.
        self._nobody = f"$scrypt${_N},{_R},{_P}${base64.b64encode(os.urandom(16)).decode()}$AAAA"

    @classmethod
    def load(cls, path: Path) -> Credentials:
        """Read `user:hash` lines; empty ones and those that begin with `#` are passed over. Raises SettingsError."""
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            hint = "give a file of user:hash lines, as `mailtrap password` prints them"
            raise SettingsError(f"auth-file: {path} cannot be read: {reason}", hint) from error
        hashes = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            user, _, hashed = line.strip().rpartition(":")
            if not user or not _HASH.fullmatch(hashed):
                raise SettingsError(
                    f"auth-file: line {number} of {path} is not user:hash", "`mailtrap password` makes the hash"
                )
            hashes[user] = hashed
        return cls(hashes)

    def verify(self, user: str, secret: bytes) -> bool:
        """Whether this is the user's password (or, for the bearer mechanisms, token)."""
        mark = hashlib.blake2b(secret, key=self._key, digest_size=32).digest()
        known = self._verified.get(user)
        if known is not None and hmac.compare_digest(known, mark):
            return True
        found = _HASH.fullmatch(self._hashes.get(user, self._nobody))
        if found is None:
            return False
        n, r, p, salt, digest = found.groups()
        try:
            computed = _scrypt(secret, base64.b64decode(salt), int(n), int(r), int(p))
        except ValueError:
            return False
        good = hmac.compare_digest(computed, base64.b64decode(digest)) and user in self._hashes
        if good:
            self._verified[user] = mark
        return good


def _scrypt(secret: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=64 * 1024 * 1024, dklen=32)
