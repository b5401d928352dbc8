# SPDX-License-Identifier: Apache-2.0
"""What dnsmasq is told, and that nobody can tell it more than they may."""

from __future__ import annotations

from pathlib import Path

from nova_appliance.embedded.networks.plane import dhcp_files
from nova_appliance.embedded.networks.plane.wanted import Cable, Dhcp, Lease, Range
from nova_appliance.embedded.settings import Settings

CABLE = Cable("p0", "na-p0", "ns-p0", "brqn1", "fa:16:3e:00:00:01", 1450, ("10.0.0.2/24",))
PLAIN = Range("10.0.0.0/24", "10.0.0.1", (), ())


def lease(port_id="p1", ips=("10.0.0.5",), name="", options=(), mac="fa:16:3e:00:00:05"):
    return Lease(port_id, mac, ips, name, options)


def dhcp(*leases, ranges=(PLAIN,)):
    return Dhcp("n1", "qdhcp-n1", CABLE, ranges, leases)


def test_a_port_is_one_line_for_each_address():
    assert dhcp_files.host_lines(lease()) == "fa:16:3e:00:00:05,host-10-0-0-5,10.0.0.5\n"
    both = lease(ips=("10.0.0.5", "10.1.0.5"), name="web.lab", options=(("mtu", "1400"),))
    assert dhcp_files.host_lines(both).splitlines() == [
        "fa:16:3e:00:00:05,set:p1,web,10.0.0.5",
        "fa:16:3e:00:00:05,set:p1,web,10.1.0.5",
    ]


def test_options_of_subnets_and_ports():
    one = Range(
        "10.0.0.0/24", "10.0.0.1", ("192.0.2.5", "2001:db8::5"), (("192.0.2.0/24", "10.0.0.9"),)
    )
    text = dhcp_files.options(dhcp(lease(options=(("mtu", "1400"), ("66", "boot"))), ranges=(one,)))
    assert text.splitlines() == [
        "tag:subnet0,option:router,10.0.0.1",
        "tag:subnet0,option:dns-server,192.0.2.5",
        "tag:subnet0,option:classless-static-route,192.0.2.0/24,10.0.0.9,0.0.0.0/0,10.0.0.1",
        "tag:subnet0,249,192.0.2.0/24,10.0.0.9,0.0.0.0/0,10.0.0.1",
        "tag:p1,option:mtu,1400",
        "tag:p1,66,boot",
    ]


def test_a_network_without_a_way_out_says_so():
    closed = Range("10.0.0.0/24", None, (), ())
    assert dhcp_files.options(dhcp(ranges=(closed,))) == "tag:subnet0,option:router\n"


def test_an_option_cannot_smuggle_lines_or_words():
    evil = (("mtu\ndhcp-script=/bin/sh", "1"), ("mtu", "1\ndhcp-script=/bin/sh"), ("a b", "c"))
    assert "script" not in dhcp_files.options(dhcp(lease(options=evil)))


def test_the_configuration_offers_only_known_ports():
    text = dhcp_files.configuration(Settings(Path("/s")), dhcp(), "nobody")
    assert "dhcp-range=set:subnet0,10.0.0.0,static,255.255.255.0,86400s\n" in text
    assert "interface=ns-p0\n" in text
    assert "dhcp-option-force=option:mtu,1450\n" in text
    assert "user=nobody\n" in text


def test_a_lease_of_a_former_owner_is_stale():
    foreign = "99 fa:16:3e:00:00:99 10.0.0.5 * *\n"
    own = "99 fa:16:3e:00:00:05 10.0.0.5 * *\n"
    other = "99 fa:16:3e:00:00:77 10.0.0.77 * *\n"
    assert dhcp_files.stale(foreign + other, dhcp(lease())) == (other, True)
    assert dhcp_files.stale(own + other, dhcp(lease())) == (own + other, False)


def test_files_of_a_network_follow_its_ports(tmp_path):
    settings = Settings(tmp_path)
    hosts = tmp_path / "networks" / "dhcp" / "n1" / "hosts"
    assert dhcp_files.keep_network(settings, dhcp(lease("p1"), lease("p2", ips=("10.0.0.6",))))
    assert sorted(path.name for path in hosts.iterdir()) == ["p1", "p2"]
    assert not dhcp_files.keep_network(settings, dhcp(lease("p1"), lease("p2", ips=("10.0.0.6",))))
    assert dhcp_files.keep_network(settings, dhcp(lease("p1")))
    assert [path.name for path in hosts.iterdir()] == ["p1"]


def test_the_way_to_metadata_leads_to_the_dhcp_service():
    one = Range("10.0.0.0/24", "10.0.0.1", (), (), "10.0.0.2")
    pairs = "169.254.169.254/32,10.0.0.2,0.0.0.0/0,10.0.0.1"
    lines = list(dhcp_files._range_options("tag:subnet0", one))
    assert lines[1:] == [
        f"tag:subnet0,option:classless-static-route,{pairs}",
        f"tag:subnet0,249,{pairs}",
    ]
