"""Which simulated hosts take the mail of a domain, and what is said where none does; pure."""

from __future__ import annotations

from functools import lru_cache

from mailtrap.faults.rule import Said

#: Hosts of one route that are tried one after the other.
MOST_HOSTS = 10

#: Why no host could be asked → what is reported: code (0 where nobody said anything), status (RFC 3463, RFC 5248,
#: RFC 7504 and RFC 7505), text. `{domain}` and `{host}` are filled in.
UNREACHABLE: dict[str, Said] = {
    "no-such-domain": Said(0, "5.1.2", "{domain}: no such domain"),
    "null-mx": Said(556, "5.1.10", "{domain} accepts no mail (null MX)"),
    "no-mx": Said(0, "5.4.4", "{domain} has neither a mail exchanger nor an address"),
    "refused": Said(0, "4.4.1", "connect to {host}:25: connection refused"),
    "timeout": Said(0, "4.4.1", "connect to {host}:25: connection timed out"),
    "tls-required": Said(0, "5.7.10", "TLS is required, but {host} does not offer it"),
}

#: Those that concern one host: the next one of the route may still take the message.
OF_A_HOST = frozenset(("refused", "timeout", "tls-required"))


def domain_of(recipient: str) -> str:
    """The domain of an address in lower case, without a final dot; empty for a local part alone."""
    return recipient.rpartition("@")[2].lower().rstrip(".") if "@" in recipient else ""


@lru_cache(maxsize=4096)
def default_route(recipient: str) -> tuple[str, ...]:
    """One host, `mx.` before the domain; an address literal is its own host (RFC 5321 §4.1.3)."""
    domain = domain_of(recipient)
    if not domain:
        return ("localhost",)
    return (domain,) if domain.startswith("[") else (f"mx.{domain}",)


def unreached(why: str, recipient: str, host: str) -> Said:
    """What is reported for one of `UNREACHABLE`."""
    said = UNREACHABLE[why]
    domain = domain_of(recipient) or "localhost"
    text = said.text.replace("{domain}", domain).replace("{host}", host or default_route(recipient)[0])
    return Said(said.code, said.status, text)
