"""Networks (`10.0.0.0/8`) as the patterns that the addresses in them fit, and no others; pure."""

from __future__ import annotations

import ipaddress

#: Patterns that one network may become.
MOST = 128


def patterns(text: str) -> list[str]:
    """What each address in this network fits one of, none with a wildcard in the middle of a number.

    Raises ValueError with what is wrong with it.
    """
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"`{text}` is no network") from None
    if isinstance(network, ipaddress.IPv4Network):
        numbers, width, between, written = list(network.network_address.packed), 8, ".", "{}"
    else:
        packed = network.network_address.packed
        numbers = [int.from_bytes(packed[at : at + 2]) for at in range(0, 16, 2)]
        width, between, written = 16, ":", "{:x}"
        if network.prefixlen == network.max_prefixlen:
            return [str(network.network_address)]
        if not all(numbers[: -(-network.prefixlen // width)]):
            # Where zeros are left out, an address does not begin as its network does.
            raise ValueError(f"`{text}` is no network that can be asked for: it has a group of zeros within its prefix")
    whole, partial = divmod(network.prefixlen, width)
    several = 1 << (width - partial) if partial else 1
    if several > MOST:
        raise ValueError(f"`{text}` is too wide a network")
    fixed = [written.format(number) for number in numbers[:whole]]
    ends = [written.format(numbers[whole] + more) for more in range(several)] if partial else []
    rest = "" if len(fixed) + bool(ends) == len(numbers) else "*"
    return [between.join([*fixed, *last, *([rest] if rest else [])]) for last in ([[end] for end in ends] or [[]])]
