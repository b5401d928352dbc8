# SPDX-License-Identifier: Apache-2.0
"""Packets for real: leases, neighbours, security groups, spoofing, floating IPs, the way out."""

from __future__ import annotations

import pytest
from fixtures.private_root import shell

from nova_appliance.embedded.networks import security_groups

QUOTA = {"security_group_rule": -1}


def test_guests_take_their_leases_and_reach_each_other(lab):
    one, other = lab.guest(lease=False), lab.guest(lease=False)
    told = one.lease()
    assert told["ip"] == one.ip
    assert told["router"] == "10.20.0.1"
    assert told["mtu"] == "1500"
    assert other.lease()["ip"] == other.ip
    assert one.reaches(other.ip)
    assert other.reaches("10.20.0.1")


def test_dhcp_knows_a_port_when_its_create_is_answered(lab):
    one = lab.guest(lab.port(), lease=False)
    port = lab.port()
    home = lab.service.settings.state_dir / "networks" / "dhcp" / port["network_id"] / "hosts"
    assert port["mac_address"] in (home / port["id"]).read_text()
    lab.service.ask("DELETE", f"ports/{port['id']}")
    assert not (home / port["id"]).exists()
    assert (home / one.port["id"]).exists()


def test_a_freed_address_goes_to_its_next_owner(lab):
    first = lab.guest()
    lab.service.ask("DELETE", f"ports/{first.port['id']}")
    shell(f"ip netns del {first.name}")
    port = lab.port(fixed_ips=[{"ip_address": first.ip}])
    assert lab.guest(port).ip == first.ip


def test_host_routes_and_extra_options_reach_the_guest(lab):
    subnet = lab.service.by_name("subnets", "private-subnet")
    routes = [{"destination": "192.0.2.0/24", "nexthop": "10.20.0.9"}]
    changes = {"host_routes": routes, "dns_nameservers": ["192.0.2.53"]}
    lab.service.ask("PUT", f"subnets/{subnet['id']}", {"subnet": changes})
    port = lab.port(extra_dhcp_opts=[{"opt_name": "domain-name", "opt_value": "lab.test"}])
    told = lab.guest(port, lease=False).lease()
    assert told["dns"] == "192.0.2.53"
    assert told["routes"].startswith("192.0.2.0/24")


def test_a_rule_opens_and_closes_a_tcp_port(lab):
    stranger = lab.service.make("security_group", name="stranger")["id"]
    server, client = lab.guest(), lab.guest(lab.port(security_groups=[stranger]))
    lab.serve(server.name, 8080)
    assert client.reaches(server.ip)
    assert client.is_refused(server.ip, 8080)
    rule = lab.service.make(
        "security_group_rule",
        security_group_id=server.port["security_groups"][0],
        direction="ingress",
        protocol="tcp",
        port_range_min=8080,
        port_range_max=8080,
    )
    lab.apply()
    assert client.opens(server.ip, 8080) == "hello\n"
    lab.service.ask("DELETE", f"security-group-rules/{rule['id']}")
    lab.apply()
    assert client.is_refused(server.ip, 8080)


def test_the_kernel_takes_every_rule_that_the_service_takes(lab):
    group = lab.service.make("security_group", name="every")["id"]
    lab.service.ask("PUT", f"quotas/{lab.service.projects['admin']}", {"quota": QUOTA})
    for protocol, number in security_groups.PROTOCOLS.items():
        for ethertype, remote in (("IPv4", "192.0.2.0/24"), ("IPv6", "2001:db8::/32")):
            low, high = (1, 9) if number in security_groups.WITH_PORTS else (None, None)
            low, high = (8, 0) if number in security_groups.ICMP else (low, high)
            rule = {
                "security_group_id": group,
                "ethertype": ethertype,
                "protocol": protocol,
                "port_range_min": low,
                "port_range_max": high,
                "remote_ip_prefix": remote,
                "direction": "ingress" if number % 2 else "egress",
            }
            body = {"security_group_rule": rule}
            lab.service.ask("POST", "security-group-rules", body, status="*")
    lab.guest(lab.port(security_groups=[group]), lease=False)
    for direction in ("ingress", "egress"):
        kept = lab.service.ask(
            "GET", f"security-group-rules?security_group_id={group}&direction={direction}"
        )["security_group_rules"]
        told = shell(f"nft list chain bridge nova_appliance {direction}-{group}")
        assert told.count(" accept") == len(kept) > 10


def test_without_groups_nothing_goes_in_or_out(lab):
    silent, other = lab.guest(lab.port(security_groups=[])), lab.guest()
    assert silent.is_cut_off_from(other.ip)
    assert other.is_cut_off_from(silent.ip)


def test_members_of_a_remote_group_come_and_go(lab):
    make = lab.service.make
    friends, wall = (
        make("security_group", name="friends")["id"],
        make("security_group", name="wall")["id"],
    )
    make(
        "security_group_rule",
        security_group_id=wall,
        direction="ingress",
        remote_group_id=friends,
    )
    server, client = (
        lab.guest(lab.port(security_groups=[wall])),
        lab.guest(lab.port(security_groups=[wall])),
    )
    assert client.is_cut_off_from(server.ip)
    path = f"ports/{client.port['id']}"
    lab.service.ask("PUT", path, {"port": {"security_groups": [wall, friends]}})
    lab.apply()
    assert client.reaches(server.ip)
    lab.service.ask("PUT", path, {"port": {"security_groups": [wall]}})
    lab.apply()
    lab.serve(server.name, 9090)
    assert client.is_refused(server.ip, 9090)


@pytest.mark.parametrize("lie", ["address", "mac"])
def test_a_guest_speaks_only_under_its_own_addresses(lab, lie):
    liar, other = lab.guest(), lab.guest()
    assert liar.reaches(other.ip)
    if lie == "address":
        liar.run("ip addr flush dev eth0; ip addr add 10.20.0.250/24 dev eth0")
    else:
        liar.run(
            "ip link set eth0 down; ip link set eth0 address fa:16:3e:00:00:99; ip link set eth0 up"
        )
    assert liar.is_cut_off_from(other.ip)


def test_a_guest_cannot_play_the_dhcp_server(lab):
    rogue, victim = lab.guest(), lab.guest(lab.port(port_security_enabled=True), lease=False)
    heard = lab.service.settings.state_dir / "heard"
    words = f"timeout 4 ip netns exec {victim.name} busybox nc -u -l -p 68 >{heard} </dev/null & sleep 0.5"
    victim.run("ip addr add 10.20.0.222/24 dev eth0")
    send = f"echo offer | ip netns exec {rogue.name} busybox nc -u -p %s -w 1 10.20.0.222 68"
    shell(f"{words}; {send % 67} || true; wait")
    assert heard.read_text() == ""


def test_an_unfiltered_port_may_say_anything(lab):
    free = lab.guest(lab.port(port_security_enabled=False))
    other = lab.guest()
    assert free.port["security_groups"] == []
    free.run("ip addr flush dev eth0; ip addr add 10.20.0.249/24 dev eth0")
    assert free.reaches(other.ip)


@pytest.mark.parametrize("pair", ["10.20.0.248", "0.0.0.0/0"])
def test_an_allowed_pair_may_be_spoken_under(lab, pair):
    pairs = [{"ip_address": pair}]
    guest, other = lab.guest(lab.port(allowed_address_pairs=pairs)), lab.guest()
    guest.run("ip addr flush dev eth0; ip addr add 10.20.0.248/24 dev eth0")
    assert guest.reaches(other.ip)


def test_a_tap_that_no_port_knows_gets_nothing(lab):
    known = lab.guest()
    port = lab.port()
    unknown = lab.guest(dict(port, id="00000000-0000-4000-8000-000000000000"), lease=False)
    unknown.run(f"ip addr add {unknown.ip}/24 dev eth0")
    assert unknown.is_cut_off_from(known.ip)


def test_a_port_that_is_down_is_silent(lab):
    one, other = lab.guest(), lab.guest()
    lab.service.ask("PUT", f"ports/{one.port['id']}", {"port": {"admin_state_up": False}})
    lab.apply()
    assert other.is_cut_off_from(one.ip)


def test_guests_cannot_reach_the_machine_through_their_bridge(lab):
    guest = lab.guest()
    bridge = "brq" + guest.port["network_id"][:11]
    shell(f"ip addr add 10.20.0.199/24 dev {bridge}")
    assert guest.is_cut_off_from("10.20.0.199")


def test_two_networks_with_the_same_addresses_do_not_meet(lab):
    here = lab.guest()
    network = lab.service.make("network", name="twin")
    lab.service.make("subnet", network_id=network["id"], cidr="10.20.0.0/24", ip_version=4)
    lab.apply()
    wish = [{"ip_address": here.ip}]
    there = lab.guest(lab.port("twin", fixed_ips=wish))
    third = lab.guest(lab.port("twin"))
    assert third.reaches(there.ip)
    lab.serve(there.name, 22, "echo there")
    lab.serve(here.name, 22, "echo here")
    assert third.opens(there.ip, 22) == "there\n"
    assert lab.guest().opens(here.ip, 22) == "here\n"


def test_a_floating_ip_leads_in_and_servers_find_out(lab):
    server, outsider = lab.guest(), lab.outsider()
    lab.serve(server.name, 22, "echo in")
    public = lab.service.by_name("networks", "public")["id"]
    floating = lab.service.make("floatingip", floating_network_id=public, port_id=server.port["id"])
    lab.apply()
    assert outsider.reaches(floating["floating_ip_address"])
    assert outsider.opens(floating["floating_ip_address"], 22) == "in\n"
    neighbour = lab.guest()
    assert neighbour.opens(floating["floating_ip_address"], 22) == "in\n"
    lab.serve(outsider.name, 7000, "ss -tnH | cat")
    assert f"{floating['floating_ip_address']}]:" in server.opens(outsider.ip, 7000)
    assert "172.24.4.2]:" in neighbour.opens(outsider.ip, 7000)
    nowhere = {"floatingip": {"port_id": None}}
    lab.service.ask("PUT", f"floatingips/{floating['id']}", nowhere)
    lab.apply()
    assert outsider.is_cut_off_from(floating["floating_ip_address"])
    assert outsider.is_refused(server.ip, 22)


def test_the_machine_itself_reaches_a_floating_ip_and_lets_guests_out(lab):
    server = lab.guest()
    public = lab.service.by_name("networks", "public")["id"]
    floating = lab.service.make("floatingip", floating_network_id=public, port_id=server.port["id"])
    lab.apply()
    shell(f"ping -c 1 -W 2 {floating['floating_ip_address']}")
    shell(
        "ip netns add world; ip link add uplink type veth peer name eth0 netns world; "
        "ip addr add 192.0.2.1/24 dev uplink; ip link set uplink up; "
        "ip -n world addr add 192.0.2.2/24 dev eth0; ip -n world link set eth0 up"
    )
    try:
        lab.serve("world", 7000, "ss -tnH | cat")
        assert "192.0.2.1]:" in server.opens("192.0.2.2", 7000)
        assert "192.0.2.1]:" in lab.guest().opens("192.0.2.2", 7000)
    finally:
        shell("ip netns del world")


def test_router_interfaces_join_two_networks(lab):
    network = lab.service.make("network", name="second")
    subnet = lab.service.make("subnet", network_id=network["id"], cidr="10.30.0.0/24", ip_version=4)
    router = lab.service.by_name("routers", "router1")["id"]
    one, other = lab.guest(), None
    lab.service.ask("PUT", f"routers/{router}/add_router_interface", {"subnet_id": subnet["id"]})
    lab.apply()
    other = lab.guest(lab.port("second"))
    assert one.reaches(other.ip)
    lab.service.ask("PUT", f"routers/{router}/remove_router_interface", {"subnet_id": subnet["id"]})
    lab.apply()
    assert one.is_cut_off_from(other.ip)


def test_static_routes_lead_through_a_guest(lab):
    path = f"routers/{lab.service.by_name('routers', 'router1')['id']}"
    port = lab.port(port_security_enabled=False, security_groups=[])
    through, guest = lab.guest(port), lab.guest()
    through.run("ip addr add 192.0.2.1/32 dev lo; ip addr add 198.51.100.1/32 dev lo")
    hop = {"nexthop": through.ip}
    one = {"routes": [{"destination": "192.0.2.1/32", **hop}]}
    every = {"routes": [{"destination": "0.0.0.0/0", **hop}]}
    assert guest.is_cut_off_from("192.0.2.1")
    lab.service.ask("PUT", f"{path}/add_extraroutes", {"router": one})
    lab.apply()
    assert guest.reaches("192.0.2.1")
    assert guest.is_cut_off_from("198.51.100.1")
    lab.service.ask("PUT", f"{path}/add_extraroutes", {"router": every})
    lab.apply()
    lab.apply(deep=True)
    assert guest.reaches("198.51.100.1")
    for gone in (one, every):
        lab.service.ask("PUT", f"{path}/remove_extraroutes", {"router": gone})
    lab.apply()
    assert guest.is_cut_off_from("192.0.2.1")
    outsider = lab.outsider()
    assert guest.reaches(outsider.ip)
