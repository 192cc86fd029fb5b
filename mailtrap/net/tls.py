"""Server-side TLS: the user's certificate, or one of our own made on first use."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from mailtrap.errors import SettingsError
from mailtrap.settings import Settings

_DAY = 86_400
#: Days that the CA and a server certificate are good for; some clients take no server certificate beyond 398 days.
_CA_DAYS, _SERVER_DAYS = 3650, 397
#: A certificate with less time left is replaced.
_RENEW = 30 * _DAY

#: What is said in place of our part of a handshake: nothing, no TLS at all, the alert handshake_failure (RFC 8446 §6).
SPOILT = {"abort": b"", "garbage": b"500 This is not TLS\r\n", "refuse": b"\x15\x03\x03\x00\x02\x02\x28"}
#: A name that nobody has (RFC 6761 §6.4).
_NOBODY = "wrong-host.invalid"


def server_context(settings: Settings) -> ssl.SSLContext:
    """A context with the certificate of the settings, or with our own. Raises SettingsError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.tls_cert:
        try:
            context.load_cert_chain(settings.tls_cert, settings.tls_key or None)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"tls-cert {settings.tls_cert} cannot be used: {error}", "give PEM files with tls-cert and tls-key"
            ) from error
        return context
    directory = _directory(settings)
    with _alone(directory):
        try:
            context.load_cert_chain(_server_file(directory, settings.smtp_hostname))
        except ssl.SSLError:
            # Files from a crash or a careless hand: they are ours, so they are made anew.
            for name in ("server.pem", "ca-key.pem", "ca.pem"):
                (directory / name).unlink(missing_ok=True)
            context.load_cert_chain(_server_file(directory, settings.smtp_hostname))
    return context


class Identity:
    """Whom a server shows itself to be: its certificate and what vouches for it, made when first asked for.

    As a path it is the file that clients should trust. Thread-safe; the first who asks may wait for 40 ms.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._ca_file = ""

    def context(self) -> ssl.SSLContext:
        """As `server_context`, and always the same one."""
        with self._lock:
            if self._context is None:
                self._context = server_context(self._settings)
            return self._context

    def __fspath__(self) -> str:
        with self._lock:
            self._ca_file = self._ca_file or str(ca_file(self._settings))
            return self._ca_file


class Troubled:
    """Contexts in which one thing is wrong on purpose, made when first asked for; thread-safe, and slow.

    Everything but that is right for a client that trusts our CA. Where the user has a certificate of their own, clients
    do not trust our CA and find all of these to be of an unknown one: there is no key to sign other ones with.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def context(self, trouble: str) -> ssl.SSLContext:
        """With a certificate that is `expired`, `not-yet-valid`, for the `wrong-host`, of an `unknown-ca` or
        `self-signed`; or, `old-version`, one that speaks no TLS later than 1.1 (RFC 8996)."""
        with self._lock:
            context = self._contexts.get(trouble)
            if context is None:
                context = self._contexts[trouble] = self._make(trouble)
            return context

    def _make(self, trouble: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        directory = _directory(self._settings)
        with NamedTemporaryFile(dir=directory, prefix="trouble", suffix=".pem") as file:
            file.write(self._certificate(directory, trouble))
            file.flush()
            context.load_cert_chain(file.name)
        if trouble == "old-version":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # that these are old is the point
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            # At its usual level OpenSSL 3 has no ciphers for these versions and would fail with another alert.
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        else:
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _certificate(self, directory: Path, trouble: str) -> bytes:
        from mailtrap.net.certificates import make_authority, make_self_signed, make_server  # see `_server_file`

        names = _names(self._settings.smtp_hostname)
        with _alone(directory):
            authority = _authority(directory)
        if trouble == "expired":
            return make_server(authority, names, 30, begins=-60)
        if trouble == "not-yet-valid":
            return make_server(authority, names, 30, begins=30)
        if trouble == "wrong-host":
            return make_server(authority, [_NOBODY], _SERVER_DAYS)
        if trouble == "unknown-ca":
            # The CA is not sent: with it clients would complain of a self-signed certificate in the chain.
            return make_server(make_authority(_CA_DAYS), names, _SERVER_DAYS, chain=False)
        if trouble == "self-signed":
            return make_self_signed(names, _SERVER_DAYS)
        return make_server(authority, names, _SERVER_DAYS)


def ca_file(settings: Settings) -> Path:
    """What clients should trust: our CA (made if there is none yet), or the user's own certificate."""
    if settings.tls_cert:
        return Path(settings.tls_cert).absolute()
    directory = _directory(settings)
    with _alone(directory):
        _authority(directory)
    return directory / "ca.pem"


def _directory(settings: Settings) -> Path:
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    directory = Path(settings.state_dir or os.path.join(state, "mailtrap")).expanduser().absolute()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"state-dir {directory} cannot be made: {error.strerror}", "choose another with --state-dir"
        ) from error
    return directory


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep other processes from making files here meanwhile: OpenSSL reads key and certificate one after the other.

    Where directories cannot be locked (Windows, some network file systems) only the order of writing protects.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    lock = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _server_file(directory: Path, hostname: str) -> Path:
    """Key and certificate in one file, so that two processes that make it at once never see halves of two."""
    names = _names(hostname)
    authority = _authority(directory)
    path = directory / "server.pem"
    about = f"names={' '.join(names)} ca={_mark(authority)}"
    if not _is_good(path, about):
        from mailtrap.net.certificates import make_server  # imports cryptography, which costs more than a start may

        _write(path, _heading(_SERVER_DAYS, about) + make_server(authority, names, _SERVER_DAYS), os.replace)
    return path


def _names(hostname: str) -> list[str]:
    return sorted({"localhost", "*.localhost", "127.0.0.1", "::1", socket.gethostname(), hostname})


def _authority(directory: Path) -> bytes:
    """The CA with its key; `ca.pem` beside it holds the certificate alone."""
    path = directory / "ca-key.pem"
    if not _is_good(path, "ca"):
        from mailtrap.net.certificates import make_authority  # see `_server_file`

        fresh = _heading(_CA_DAYS, "ca") + make_authority(_CA_DAYS)
        # The first of several processes wins, unless what is there is about to expire.
        _write(path, fresh, os.replace if path.exists() else _create)
    authority = path.read_bytes()
    public = authority[authority.index(b"-----BEGIN CERTIFICATE") :]
    shown = directory / "ca.pem"
    if not shown.exists() or shown.read_bytes() != public:
        _write(shown, public, os.replace)
    return authority


def _heading(days: int, about: str) -> bytes:
    return f"# until={int(time.time()) + days * _DAY} {about}\n".encode()


def _is_good(path: Path, about: str) -> bool:
    """Whether a file of ours is there, lasts for a while and was made for this. Needs no parser of certificates."""
    try:
        with path.open("rb") as file:
            first = file.readline(4096).decode("utf-8", "replace").rstrip("\n")
    except OSError:
        return False
    until, _, rest = first.removeprefix("# until=").partition(" ")
    return until.isdecimal() and int(until) > time.time() + _RENEW and rest == about


def _mark(authority: bytes) -> str:
    return hashlib.sha256(authority).hexdigest()[:16]


def _create(source: str, target: Path) -> None:
    """Give a file its name unless there is one of that name already."""
    try:
        os.link(source, target)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        os.replace(source, target)
        return
    os.unlink(source)


def _write(path: Path, octets: bytes, place: Callable[[str, Path], None]) -> None:
    # NamedTemporaryFile creates files for their owner only (0600).
    with NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        file.write(octets)
    place(file.name, path)
