"""What collecting mail is to a client: where it waits, a folder of its own, and how to read what was brought home."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECURITY = ("plain", "starttls", "tls")
PASSWORD = "s3cret"


@dataclass(frozen=True, slots=True)
class Post:
    """Where mail waits: `protocol` is pop3 or imap; `folder` is the client's own, for what it writes."""

    protocol: str
    security: str
    port: int
    ca: str
    user: str
    folder: Path

    @property
    def context(self) -> ssl.SSLContext:
        """For clients in Python: trusts the sandbox and nobody else."""
        return ssl.create_default_context(cafile=self.ca)

    @property
    def url(self) -> str:
        """For clients that are told by a URL."""
        return f"{self.protocol}{'s' * (self.security == 'tls')}://localhost:{self.port}"


#: Collects a folder and leaves it on the server; returns what the client has had so far, in any order.
Collect = Callable[[Post], list[bytes]]


def run(
    command: list[str], post: Post, fine: tuple[int, ...] = (0,), seconds: float = 120, **environment: str
) -> bytes:
    """Run a program at home in the folder of its own; what it printed."""
    done = subprocess.run(
        command,
        capture_output=True,
        timeout=seconds,
        check=False,
        cwd=post.folder,
        env={**os.environ, "HOME": str(post.folder), **environment},
    )
    if done.returncode not in fine:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {(done.stdout + done.stderr).decode()}")
    return done.stdout


def secret(post: Post, name: str, text: str) -> Path:
    """A file of settings that nobody else may read, as programs want it where a password is in it."""
    path = post.folder / name
    path.write_text(text)
    path.chmod(0o600)
    return path


def keeper(post: Post) -> Path:
    """A program that keeps each message that is given to it in a file of its own."""
    out, keep = output(post), post.folder / "keep"
    keep.write_text(f'#!/bin/sh\nexec cat > "$(mktemp {out}/XXXXXXXX)"\n')
    keep.chmod(0o755)
    return keep


def output(post: Post) -> Path:
    """The folder in which messages are kept, one a file."""
    out = post.folder / "out"
    out.mkdir(exist_ok=True)
    return out


def kept(post: Post) -> list[bytes]:
    """What is in that folder."""
    return [file.read_bytes() for file in sorted(output(post).iterdir())]


def maildir(folder: Path) -> Path:
    """A Maildir, made where there is none."""
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return folder


def of_maildir(folder: Path) -> list[bytes]:
    """What is in a Maildir, octet for octet."""
    return [file.read_bytes() for part in ("new", "cur") for file in sorted((folder / part).iterdir())]
