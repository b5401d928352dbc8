# SPDX-License-Identifier: Apache-2.0
"""Addresses are given once, however many ask at the same time."""

from __future__ import annotations

import ipaddress
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_appliance.embedded.networks import addresses


@given(st.integers(0, 2**64 - 1))
def test_every_place_of_an_ipv6_subnet_fits_and_returns(offset):
    network = ipaddress.ip_network("2001:db8::/64")
    ip = str(network.network_address + offset)
    place = addresses.place_of(network, ip)
    assert -(2**63) <= place < 2**63
    assert addresses.ip_at(network, place) == ip


@pytest.mark.parametrize(
    ("cidr", "gateway", "pools"),
    [
        ("10.0.0.0/24", "10.0.0.1", [("10.0.0.2", "10.0.0.254")]),
        ("10.0.0.0/24", None, [("10.0.0.1", "10.0.0.254")]),
        ("10.0.0.0/29", "10.0.0.3", [("10.0.0.1", "10.0.0.2"), ("10.0.0.4", "10.0.0.6")]),
        ("10.0.0.0/31", "10.0.0.0", [("10.0.0.1", "10.0.0.1")]),
        ("2001:db8::/126", "2001:db8::1", [("2001:db8::2", "2001:db8::3")]),
    ],
)
def test_default_pools_leave_out_the_gateway(cidr, gateway, pools):
    found = addresses.default_pools(cidr, gateway)
    assert [(pool["start"], pool["end"]) for pool in found] == pools


def small(service, cidr="10.1.0.0/29", **values):
    network = service.make("network", name="small")
    subnet = service.make("subnet", network_id=network["id"], cidr=cidr, **values)
    return network, subnet


def test_addresses_are_given_in_turn_and_rest_before_they_return(service):
    network, _ = small(service, enable_dhcp=False)
    given_out = []
    for _ in range(7):
        port = service.make("port", network_id=network["id"])
        given_out.append(port["fixed_ips"][0]["ip_address"])
        service.ask("DELETE", f"ports/{port['id']}")
    assert given_out == [f"10.1.0.{n}" for n in (2, 3, 4, 5, 6, 2, 3)]


def test_a_full_subnet_says_so(service):
    network, _ = small(service)
    body = {"port": {"network_id": network["id"]}}
    for _ in range(4):  # five are left beside the gateway, and DHCP has one
        service.ask("POST", "ports", body)
    kind = service.error("POST", "ports", body, status=409)
    assert kind == "IpAddressGenerationFailure"


def test_the_next_subnet_serves_when_the_first_is_full(service):
    network, first = small(service, enable_dhcp=False)
    second = service.make("subnet", network_id=network["id"], cidr="10.1.1.0/24", enable_dhcp=False)
    ports = [service.make("port", network_id=network["id"]) for _ in range(6)]
    used = [port["fixed_ips"][0]["subnet_id"] for port in ports]
    assert used == [first["id"]] * 5 + [second["id"]]


def test_one_address_of_each_version(service):
    network, _ = small(service)
    service.make("subnet", network_id=network["id"], cidr="2001:db8::/64", ip_version=6)
    port = service.make("port", network_id=network["id"])
    assert [fixed["ip_address"] for fixed in port["fixed_ips"]] == ["10.1.0.3", "2001:db8::2"]


@pytest.mark.parametrize(
    ("wish", "kind", "status"),
    [
        ({"ip_address": "192.0.2.1"}, "InvalidIpForNetwork", 400),
        ({"ip_address": "10.20.0.255"}, "InvalidIpForNetwork", 400),
        ({"ip_address": "10.20.0.1"}, "IpAddressAlreadyAllocated", 409),
        ({"subnet_id": "0b0e2bb4-6e0a-4b5e-9e32-1d8f5b3c8f10"}, "InvalidInput", 400),
        ({}, "InvalidInput", 400),
        ({"ip_address": "10.20.0"}, "HTTPBadRequest", 400),
    ],
)
def test_wishes_that_cannot_be_granted(service, private, wish, kind, status):
    body = {"port": {"network_id": private["id"], "fixed_ips": [wish]}}
    before = len(service.ask("GET", "ports")["ports"])
    assert service.error("POST", "ports", body, status=status) == kind
    assert len(service.ask("GET", "ports")["ports"]) == before


def test_a_change_keeps_what_is_still_wanted(service, private):
    port = service.make("port", network_id=private["id"])
    held = port["fixed_ips"][0]["ip_address"]
    wanted = [{"subnet_id": private["subnets"][0]}, {"ip_address": "10.20.0.77"}]
    changed = service.ask("PUT", f"ports/{port['id']}", {"port": {"fixed_ips": wanted}})["port"]
    assert [fixed["ip_address"] for fixed in changed["fixed_ips"]] == [held, "10.20.0.77"]
    service.ask("PUT", f"ports/{port['id']}", {"port": {"fixed_ips": []}})
    again = service.make("port", network_id=private["id"], fixed_ips=[{"ip_address": held}])
    assert again["fixed_ips"][0]["ip_address"] == held


def test_many_at_once_get_different_addresses_and_macs(service, private):
    def make(_):
        return service.make("port", network_id=private["id"])

    with ThreadPoolExecutor(8) as pool:
        ports = list(pool.map(make, range(80)))
    assert len({port["fixed_ips"][0]["ip_address"] for port in ports}) == 80
    assert len({port["mac_address"] for port in ports}) == 80


def test_of_many_who_want_one_address_one_gets_it(service, private):
    body = {"port": {"network_id": private["id"], "fixed_ips": [{"ip_address": "10.20.0.200"}]}}

    def make(_):
        return "port" in service.ask("POST", "ports", body, status="*")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, range(16))) == 1
