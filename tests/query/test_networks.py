"""Networks in a query: every address in them, and no other."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.errors import QueryError
from mailtrap.faults.rule import Step
from mailtrap.query import parse
from mailtrap.query.networks import patterns
from mailtrap.query.tree import matches_glob
from tests.faults.asking import NO, book, occasion, rule


def meets(network: str, address: str) -> bool:
    return any(matches_glob(pattern, address) for pattern in patterns(network))


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("127.0.0.0/8", "127.8.9.1", "128.0.0.1"),
        ("10.1.2.3/8", "10.0.0.0", "110.0.0.1"),
        ("172.16.0.0/12", "172.31.255.255", "172.32.0.1"),
        ("192.0.2.0/30", "192.0.2.3", "192.0.2.30"),
        ("192.0.2.7/32", "192.0.2.7", "192.0.2.71"),
        ("0.0.0.0/0", "1.2.3.4", ""),
        ("2001:db8::/32", "2001:db8::1", "2001:db80::1"),
        ("fe80::/10", "fe9a::1", "fec0::1"),
        ("::1/128", "::1", "::11"),
    ],
)
def test_a_network_is_its_addresses(network: str, inside: str, outside: str) -> None:
    assert meets(network, inside)
    assert not outside or not meets(network, outside)


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(8, 32))
def test_it_agrees_with_those_who_know(address: ipaddress.IPv4Address, other: ipaddress.IPv4Address, bits: int) -> None:
    network = ipaddress.ip_network(f"{address}/{bits}", strict=False)
    assert meets(f"{address}/{bits}", str(address))
    assert meets(f"{address}/{bits}", str(other)) is (other in network)


@pytest.mark.parametrize(
    "text", ["peer:300.0.0.0/8", "peer:10.0.0.0/33", "peer:a/b", "peer=fc00::/7", "peer:2001::/64"]
)
def test_what_cannot_be_asked_for_is_refused_with_what_can(text: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert "peer:10.0.0.0/8" in refused.value.hint


@pytest.mark.parametrize("text", ["peer:127.0.0.0/8", "-peer:172.16.0.0/12 from:ana", "peer:(10.0.0.0/30 ::1/128)"])
def test_its_spelling_means_the_same(text: str) -> None:
    query = parse(text)
    assert parse(str(query)) == query


def test_a_rule_about_a_network_meets_who_is_in_it() -> None:
    made = book(rule(Step.CONNECT, "peer:127.0.0.0/8", NO), rule(Step.CONNECT, "peer:172.16.0.0/12", NO))
    met = {peer: made.answer(occasion(Step.CONNECT, peer=peer)) is not None for peer in ("127.0.0.1:5", "172.20.1.1:5")}
    assert met == {"127.0.0.1:5": True, "172.20.1.1:5": True}
    assert made.answer(occasion(Step.CONNECT, peer="192.0.2.1:5")) is None
