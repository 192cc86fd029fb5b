"""Server-side TLS: the user's certificate, or one of our own made on first use."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import time
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
    names = sorted({"localhost", "*.localhost", "127.0.0.1", "::1", socket.gethostname(), hostname})
    authority = _authority(directory)
    path = directory / "server.pem"
    about = f"names={' '.join(names)} ca={_mark(authority)}"
    if not _is_good(path, about):
        from mailtrap.net.certificates import make_server  # imports cryptography, which costs more than a start may

        _write(path, _heading(_SERVER_DAYS, about) + make_server(authority, names, _SERVER_DAYS), os.replace)
    return path


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
