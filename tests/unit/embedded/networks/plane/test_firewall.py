# SPDX-License-Identifier: Apache-2.0
"""Security groups become nftables text, and one table becomes another by the fewest lines."""

from __future__ import annotations

import pytest

from nova_appliance.embedded.networks.plane import firewall, nft
from nova_appliance.embedded.networks.plane.nft import Chain, Group, Table
from nova_appliance.embedded.networks.plane.wanted import Bridge, Guest, Wanted

RULE = {
    "direction": "ingress",
    "ethertype": "IPv4",
    "protocol": None,
    "port_range_min": None,
    "port_range_max": None,
    "remote_ip_prefix": None,
    "remote_group_id": None,
}
GUEST = Guest(
    port_id="p1",
    tap="tapp1",
    external=False,
    up=True,
    secured=True,
    macs=("fa:16:3e:00:00:01",),
    ips=("10.0.0.5",),
    groups=("g1",),
)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({}, "ether type ip accept"),
        ({"ethertype": "IPv6"}, "ether type ip6 accept"),
        ({"protocol": "tcp"}, "ether type ip meta l4proto 6 accept"),
        (
            {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22},
            "ether type ip meta l4proto 6 th dport 22 accept",
        ),
        (
            {"protocol": "udp", "port_range_min": 1, "port_range_max": 9},
            "ether type ip meta l4proto 17 th dport 1-9 accept",
        ),
        (
            {"protocol": "icmp", "port_range_min": 8, "port_range_max": 0},
            "ether type ip icmp type 8 icmp code 0 accept",
        ),
        (
            {"protocol": "ipv6-icmp", "ethertype": "IPv6", "port_range_min": 128},
            "ether type ip6 icmpv6 type 128 accept",
        ),
        ({"protocol": "132"}, "ether type ip meta l4proto 132 accept"),
        ({"remote_ip_prefix": "192.0.2.0/24"}, "ether type ip ip saddr 192.0.2.0/24 accept"),
        ({"remote_ip_prefix": "0.0.0.0/0"}, "ether type ip accept"),
        (
            {"direction": "egress", "remote_ip_prefix": "192.0.2.0/24"},
            "ether type ip ip daddr 192.0.2.0/24 accept",
        ),
        ({"remote_group_id": "g2"}, "ether type ip ip saddr @members4-g2 accept"),
        (
            {"remote_group_id": "g2", "ethertype": "IPv6", "direction": "egress"},
            "ether type ip6 ip6 daddr @members6-g2 accept",
        ),
    ],
)
def test_a_rule_as_text(rule, text):
    assert firewall.rule_text(RULE | rule) == text


def wanted(*guests, rules=(), members=None):
    return Wanted((), (), (), tuple(guests), tuple(rules), members or {})


def test_a_guest_has_two_chains_that_end_in_drop():
    rules = [RULE | {"group_id": "g1"}, RULE | {"group_id": "g1", "direction": "egress"}]
    table = firewall.bridge_table(wanted(GUEST, rules=rules))
    assert table.chains["in-tapp1"].rules[-2:] == ("jump ingress-g1", "drop")
    assert table.chains["out-tapp1"].rules[-2:] == ("jump egress-g1", "drop")
    assert table.chains["ingress-g1"].rules == ("ether type ip accept",)
    assert table.groups["senders"].elements == {'"tapp1" : jump out-tapp1'}
    assert table.groups["inside"].elements == {'"tapp1"'}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"secured": False}, "accept"),
        ({"up": False}, "drop"),
        ({"up": False, "secured": False}, "drop"),
    ],
)
def test_guests_without_a_filter_and_guests_that_are_down(changes, verdict):
    guest = Guest(**vars(GUEST) | changes)
    table = firewall.bridge_table(wanted(guest))
    assert table.groups["receivers"].elements == {f'"tapp1" : {verdict}'}
    assert "in-tapp1" not in table.chains


def test_a_guest_is_held_to_its_own_addresses():
    lines = list(firewall.from_guest(GUEST))
    assert lines[0] == "ether saddr != { fa:16:3e:00:00:01 } drop"
    assert "ip saddr != { 10.0.0.5 } drop" in lines
    assert "ip6 saddr != { fe80::f816:3eff:fe00:1 } drop" in lines


def test_allowed_pairs_widen_what_a_guest_may_say():
    wide = Guest(**vars(GUEST) | {"ips": ("10.0.0.5", "10.0.0.0/25", "192.0.2.9")})
    assert "ip saddr != { 10.0.0.0/25, 192.0.2.9/32 } drop" in list(firewall.from_guest(wide))
    all_ = Guest(**vars(GUEST) | {"ips": ("10.0.0.5", "0.0.0.0/0")})
    assert not any(line.startswith("ip saddr !=") for line in firewall.from_guest(all_))
    none = Guest(**vars(GUEST) | {"ips": ()})
    assert "ether type ip drop" in list(firewall.from_guest(none))


def test_members_are_split_by_version():
    table = firewall.bridge_table(wanted(members={"g2": frozenset({"10.0.0.1", "2001:db8::1"})}))
    assert table.groups["members4-g2"].elements == {"10.0.0.1"}
    assert table.groups["members6-g2"].elements == {"2001:db8::1"}


def test_each_inside_network_has_a_zone_and_only_the_outside_is_masqueraded():
    inside = Bridge("n1", "brqn1", 1500, 7, external=False, addresses=())
    outside = Bridge("n2", "brqn2", 1500, 0, external=True, addresses=("172.24.4.1/24",))
    table = firewall.machine_table([inside, outside], ["172.24.4.0/24"])
    assert table.chains["zone"].rules == ('ct zone set iifname map { "brqn1" : 7 }',)
    assert table.groups["inside"].elements == {'"brqn1"'}
    assert "masquerade" in table.chains["out"].rules[0]
    assert firewall.machine_table([], []).chains["zone"].rules == ()


OLD = Table(
    "bridge",
    "t",
    {"s": Group("set", "type ifname;", frozenset({'"a"', '"b"'}))},
    {"x": Chain(("accept",)), "y": Chain(("drop",)), "z": Chain(("jump x",), "type filter;")},
)


def test_the_same_table_needs_no_text():
    assert nft.change(OLD, OLD) == ""


def test_only_what_differs_is_told_in_an_order_that_the_kernel_takes():
    new = Table(
        "bridge",
        "t",
        {"s": Group("set", "type ifname;", frozenset({'"b"', '"c"'}))},
        {"x": Chain(("drop",)), "w": Chain(("accept",)), "z": OLD.chains["z"]},
    )
    assert nft.change(OLD, new).splitlines() == [
        "add chain bridge t w",
        "flush chain bridge t y",
        "flush chain bridge t x",
        'delete element bridge t s { "a" }',
        "add rule bridge t x drop",
        "add rule bridge t w accept",
        'add element bridge t s { "c" }',
        "delete chain bridge t y",
    ]


def test_another_head_means_a_new_table():
    new = Table("bridge", "t", OLD.groups, OLD.chains | {"z": Chain((), "type nat;")})
    assert nft.change(OLD, new) == nft.whole(new)
    assert nft.whole(new).startswith("table bridge t\ndelete table bridge t\ntable bridge t\n")
