# SPDX-License-Identifier: Apache-2.0
"""The difference between what is there and what is wanted, as `ip` commands."""

from __future__ import annotations

import dataclasses

from nova_appliance.embedded.networks.plane import links
from nova_appliance.embedded.networks.plane.links import Link
from nova_appliance.embedded.networks.plane.wanted import Bridge, Cable, Router

BRIDGE = Bridge("n1", "brqn1", 1500, 1, external=False, addresses=())
CABLE = Cable("p1", "na-p1", "ns-p1", "brqn1", "fa:16:3e:00:00:01", 1500, ("10.0.0.2/24",))


def link(name, **values):
    base = {"up": True, "mtu": 1500, "mac": "", "master": "", "filtered": True}
    return Link(name=name, **({"addresses": frozenset()} | base | values))


def test_a_new_bridge_is_made_filtered_and_without_an_address():
    lines = links.plan_bridge(BRIDGE, None)
    assert lines == [
        "link add brqn1 type bridge mcast_snooping 0",
        "link set brqn1 addrgenmode none alias nova-appliance",
        "link set brqn1 type bridge nf_call_iptables 1 nf_call_ip6tables 1",
        "link set brqn1 mtu 1500",
        "link set brqn1 up",
    ]


def test_a_right_bridge_is_left_alone_and_a_wrong_one_is_mended():
    assert links.plan_bridge(BRIDGE, link("brqn1")) == []
    wrong = link("brqn1", up=False, filtered=False, addresses=frozenset({"10.0.0.9/24"}), mtu=9000)
    assert links.plan_bridge(BRIDGE, wrong) == [
        "link set brqn1 type bridge nf_call_iptables 1 nf_call_ip6tables 1",
        "address delete 10.0.0.9/24 dev brqn1",
        "link set brqn1 mtu 1500",
        "link set brqn1 up",
    ]


def test_the_machines_end_of_an_external_network_keeps_its_mac():
    outside = dataclasses.replace(BRIDGE, external=True, addresses=("172.24.4.1/24",))
    first, *_, address, _, _ = links.plan_bridge(outside, None)
    assert "address fa:16:3f:" in first
    assert first == links.plan_bridge(outside, None)[0]
    assert address == "address add 172.24.4.1/24 dev brqn1"


def test_a_cable_is_laid_again_when_its_far_end_is_missing():
    machine = {"na-p1": link("na-p1", master="brqn1")}
    assert links.plan_outer(CABLE, "qdhcp-n1", machine, {"ns-p1": link("ns-p1")}) == []
    lines = links.plan_outer(CABLE, "qdhcp-n1", machine, {})
    assert lines[:2] == [
        "link delete na-p1",
        "link add na-p1 type veth peer name ns-p1 address fa:16:3e:00:00:01 netns qdhcp-n1",
    ]
    unplugged = {"na-p1": link("na-p1")}
    lines = links.plan_outer(CABLE, "qdhcp-n1", unplugged, {"ns-p1": link("ns-p1")})
    assert lines == ["link set na-p1 master brqn1"]


def test_inside_only_our_devices_are_taken_away():
    there = {
        "lo": link("lo", up=False),
        "qr-old": link("qr-old"),
        "eth9": link("eth9"),
        "ns-p1": link("ns-p1", mac="fa:16:3e:00:00:02", addresses=frozenset({"10.0.0.3/24"})),
    }
    assert links.plan_inner([CABLE], there) == [
        "link delete qr-old",
        "link set lo up",
        "link set ns-p1 address fa:16:3e:00:00:01",
        "address delete 10.0.0.3/24 dev ns-p1",
        "address add 10.0.0.2/24 dev ns-p1",
    ]


def test_floating_addresses_come_after_the_gateways_own():
    cable = dataclasses.replace(CABLE, addresses=("172.24.4.9/32", "172.24.4.2/24"))
    lines = links.plan_inner([cable], {"lo": link("lo")})
    added = [line for line in lines if line.startswith("address add")]
    assert added == ["address add 172.24.4.2/24 dev ns-p1", "address add 172.24.4.9/32 dev ns-p1"]


def test_routes_are_compared_as_the_kernel_shows_them():
    routes = (("192.0.2.7/32", "10.0.0.9"), ("0.0.0.0/0", "10.0.0.8"))
    router = Router("r", "qrouter-r", (), "qg-1", "172.24.4.1", "", (), routes)
    present = frozenset({("192.0.2.7", "10.0.0.9"), ("default", "10.0.0.8")})
    assert links.plan_routes(router, present) == []
    outside = frozenset({("default", "172.24.4.1")})
    assert links.plan_routes(router, outside) == [
        "route delete default via 172.24.4.1",
        "route replace 192.0.2.7 via 10.0.0.9",
        "route replace default via 10.0.0.8",
    ]


def test_routes_are_added_and_taken_away():
    router = Router(
        "r", "qrouter-r", (), "qg-1", "172.24.4.1", "", (), (("192.0.2.0/24", "10.0.0.9"),)
    )
    present = frozenset({("default", "172.24.4.254"), ("192.0.2.0/24", "10.0.0.9")})
    assert links.plan_routes(router, present) == [
        "route delete default via 172.24.4.254",
        "route replace default via 172.24.4.1",
    ]
