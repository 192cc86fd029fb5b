"""Opens listening sockets and makes room for many connections."""

from __future__ import annotations

import socket

from mailtrap.errors import SettingsError

#: Connections the kernel keeps for us until we accept them.
BACKLOG = 1024


def listen(host: str, port: int, flag: str, backlog: int = BACKLOG) -> list[socket.socket]:
    """Listening, non-blocking TCP sockets on one port, which is free if `port` is 0.

    `localhost` means both loopback addresses, without asking any resolver; an empty host every address. `flag` names
    the setting that an error should mention. Raises SettingsError.
    """
    hosts = {"localhost": ["127.0.0.1", "::1"], "": ["0.0.0.0", "::"]}.get(host, [host])  # noqa: S104 - as asked for
    sockets: list[socket.socket] = []
    for number, one in enumerate(hosts):
        try:
            sockets.append(_listen(one, port or (sockets[0].getsockname()[1] if sockets else 0), backlog))
        except OSError as error:
            if number:  # a machine without IPv6, or with the port taken there, still has the first address
                continue
            raise SettingsError(
                f"cannot listen on {host}:{port}: {error.strerror or error}", f"choose another with {flag}; 0 picks one"
            ) from error
    return sockets


def address(sockets: list[socket.socket]) -> tuple[str, int]:
    """Where the first of the sockets listens: `("127.0.0.1", 1025)`."""
    name = sockets[0].getsockname()
    return name[0], name[1]


def peer_name(name: object) -> tuple[str, str]:
    """The address of a connection's other end, alone and as `address:port`; empty where there is none."""
    if isinstance(name, tuple) and len(name) >= 2:
        host = str(name[0])
        return host, f"[{host}]:{name[1]}" if ":" in host else f"{host}:{name[1]}"
    return "", ""


def allow_many_files() -> None:
    """Raise this process's limit of open files as far as the system lets it; every connection needs one."""
    try:
        import resource  # does not exist on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            return


def _listen(host: str, port: int, backlog: int) -> socket.socket:
    # The system takes whole numbers, and none of their subclasses.
    family, type_, protocol, _, where = socket.getaddrinfo(
        host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, type_, protocol)
    try:
        if socket.SO_REUSEADDR and hasattr(socket, "AF_UNIX"):  # on Windows it would let others take the port over
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(where)
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock
