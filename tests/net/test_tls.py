"""Certificates of our own and of the user."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import re
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import mailtrap.net.tls
from mailtrap.errors import SettingsError
from mailtrap.net.handshakes import rehearse
from mailtrap.net.tls import Troubled, ca_file, server_context
from mailtrap.settings import Settings
from tests.strict_tls import strict_client


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str:
    """Shake hands in memory; returns the version."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_hostname=name),
    ]
    for _ in range(6):
        for end in reversed(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ends[1].version() or ""


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "mail.example.test"])
def test_who_trusts_the_ca_trusts_the_server(tmp_path: Path, name: str) -> None:
    settings = Settings(state_dir=str(tmp_path), smtp_hostname="mail.example.test")
    client = ssl.create_default_context(cafile=str(ca_file(settings)))
    assert handshake(server_context(settings), client, name) == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server_context(settings), client, "other.example.test")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server_context(settings), ssl.create_default_context(), name)


def test_files_are_for_their_owner_and_made_once(tmp_path: Path) -> None:
    settings = Settings(state_dir=str(tmp_path / "deep" / "state"))
    server_context(settings)
    directory = tmp_path / "deep" / "state"
    files = {file.name: file.read_bytes() for file in directory.iterdir()}
    assert set(files) == {"ca.pem", "ca-key.pem", "server.pem"}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()} == {0o600}
    assert b"PRIVATE" not in files["ca.pem"]
    server_context(settings)
    assert ca_file(settings) == directory / "ca.pem"
    assert {file.name: file.read_bytes() for file in directory.iterdir()} == files


def test_a_start_with_existing_files_does_not_import_cryptography(tmp_path: Path) -> None:
    settings = Settings(state_dir=str(tmp_path))
    server_context(settings)
    program = (
        "import sys; from mailtrap.net.tls import *; "
        f"server_context(Settings(state_dir={str(tmp_path)!r})); assert 'cryptography' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_the_state_home_is_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert ca_file(Settings()) == tmp_path / "mailtrap" / "ca.pem"


@pytest.mark.parametrize("change", ["names", "expiry", "garbage"])
def test_a_certificate_that_no_longer_fits_is_replaced_but_not_the_ca(
    tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(state_dir=str(tmp_path))
    server_context(settings)
    before, ca = (tmp_path / "server.pem").read_bytes(), (tmp_path / "ca.pem").read_bytes()
    if change == "names":
        monkeypatch.setattr(socket, "gethostname", lambda: "renamed.test")
    elif change == "expiry":
        text = before.decode()
        (tmp_path / "server.pem").write_text(re.sub(r"until=\d+", "until=1000", text, count=1))
    else:
        (tmp_path / "server.pem").write_bytes(before[:200])
    context = server_context(settings)
    assert (tmp_path / "server.pem").read_bytes() != before
    client = ssl.create_default_context(cafile=str(ca_file(settings)))
    assert handshake(context, client, "localhost")
    if change != "garbage":
        assert (tmp_path / "ca.pem").read_bytes() == ca


def _make(directory: str, barrier: Callable[[], None]) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    server_context(Settings(state_dir=directory))


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    processes = [context.Process(target=_make, args=(str(tmp_path), barrier)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    settings = Settings(state_dir=str(tmp_path))
    client = ssl.create_default_context(cafile=str(ca_file(settings)))
    assert handshake(server_context(settings), client, "localhost")
    assert {file.name for file in tmp_path.iterdir()} == {"ca.pem", "ca-key.pem", "server.pem"}


def test_nobody_replaces_the_certificate_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL opens the file twice: what is made in between would not fit together."""
    reads: list[bool] = []
    load = ssl.SSLContext.load_cert_chain

    def loaded(context: ssl.SSLContext, file: Path) -> None:
        other = os.open(tmp_path, os.O_RDONLY)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(other)
        reads.append(True)
        load(context, file)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", loaded)
    server_context(Settings(state_dir=str(tmp_path)))
    assert reads == [True]


def test_the_users_certificate_comes_first(tmp_path: Path) -> None:
    server_context(Settings(state_dir=str(tmp_path)))
    own = Settings(tls_cert=str(tmp_path / "server.pem"), state_dir=str(tmp_path / "unused"))
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    assert handshake(server_context(own), client, "localhost")
    assert ca_file(own) == tmp_path / "server.pem"
    assert not (tmp_path / "unused").exists()


def test_a_certificate_that_cannot_be_used_is_an_error_of_the_settings(tmp_path: Path) -> None:
    for content in (b"", b"nonsense"):
        (tmp_path / "bad.pem").write_bytes(content)
        with pytest.raises(SettingsError, match="tls-cert"):
            server_context(Settings(tls_cert=str(tmp_path / "bad.pem")))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SettingsError, match="state-dir"):
        server_context(Settings(state_dir=str(tmp_path / "file" / "below")))


def test_a_ca_that_ends_soon_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(state_dir=str(tmp_path))
    monkeypatch.setattr(mailtrap.net.tls, "_CA_DAYS", 10)
    first = ca_file(settings).read_bytes()
    monkeypatch.setattr(mailtrap.net.tls, "_CA_DAYS", 3650)
    client = ssl.create_default_context(cafile=str(ca_file(settings)))
    assert ca_file(settings).read_bytes() != first
    assert handshake(server_context(settings), client, "localhost")


TROUBLES = {
    "expired": "certificate has expired",
    "not-yet-valid": "certificate is not yet valid",
    "wrong-host": "Hostname mismatch",
    "unknown-ca": "unable to get local issuer certificate",
    "self-signed": "self-signed certificate (",
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_one_thing_is_wrong_and_nothing_else(tmp_path: Path, trouble: str) -> None:
    settings = Settings(state_dir=str(tmp_path))
    context = Troubled(settings).context(trouble)
    client = ssl.create_default_context(cafile=str(ca_file(settings)))
    with pytest.raises(ssl.SSLCertVerificationError) as error:
        handshake(context, client, "localhost")
    assert TROUBLES[trouble] in str(error.value)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    assert handshake(context, client, "localhost") == "TLSv1.3"


def test_the_wrong_host_is_right_for_its_own_name(tmp_path: Path) -> None:
    settings = Settings(state_dir=str(tmp_path))
    client = ssl.create_default_context(cafile=str(ca_file(settings)))
    assert handshake(Troubled(settings).context("wrong-host"), client, "wrong-host.invalid") == "TLSv1.3"


def test_broken_certificates_are_made_once_and_leave_no_files(tmp_path: Path) -> None:
    settings = Settings(state_dir=str(tmp_path))
    server_context(settings)
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    troubled = Troubled(settings)
    contexts = [troubled.context(trouble) for trouble in (*TROUBLES, "old-version")]
    assert [troubled.context(trouble) for trouble in (*TROUBLES, "old-version")] == contexts
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == files


def test_with_a_certificate_of_the_user_broken_ones_are_of_an_unknown_ca(tmp_path: Path) -> None:
    server_context(Settings(state_dir=str(tmp_path / "theirs")))
    own = Settings(tls_cert=str(tmp_path / "theirs" / "server.pem"), state_dir=str(tmp_path / "ours"))
    client = ssl.create_default_context(cafile=str(tmp_path / "theirs" / "ca.pem"))
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(Troubled(own).context("expired"), client, "localhost")


def test_an_old_version_is_all_that_is_spoken(tmp_path: Path) -> None:
    context = Troubled(Settings(state_dir=str(tmp_path))).context("old-version")
    assert context.maximum_version is ssl.TLSVersion.TLSv1_1
    hello, answer = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = strict_client().wrap_bio(answer, hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    _, alert = rehearse(lambda trouble: context, "old-version", hello.read())
    answer.write(alert)
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        client.do_handshake()
