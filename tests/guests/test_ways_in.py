# SPDX-License-Identifier: Apache-2.0
"""Addresses and security groups as clients before 2.44 ask the compute API for them: who gets in."""

import pytest
from fixtures.private_root import shell

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(400)
OLD = "2.43"
PORT = 8080
LISTEN = f"dropbear -R -s -p {PORT} -P /run/listener"


def ask(cloud, server, action, **words):
    answer = cloud.connect().compute.post(
        f"/servers/{server}/action", json={action: words}, microversion=OLD
    )
    assert answer.status_code == 202, answer.text


def who(cloud, address):
    """The id of the server whose guest answers there, as its config drive told it."""
    return cloud.ssh(address, "cat /run/seed/uuid").strip()


def addresses(cloud, server, kind="fixed"):
    """What the compute API says the server has."""
    (rows,) = cloud.see(server).addresses.values()
    return {row["addr"] for row in rows if row["OS-EXT-IPS:type"] == kind}


@pytest.fixture
def second(cloud, servers, side_door):
    """Another address on the first card; the guest is told of it by nobody but us."""
    server, before = servers[1], addresses(cloud, servers[1])
    network = cloud.connect().network.find_network("private")
    ask(cloud, server, "addFixedIp", networkId=network.id)
    (made,) = addresses(cloud, server) - before
    cloud.ssh(side_door, f"ip addr add {made}/24 dev eth0")
    yield made
    cloud.ssh(side_door, f"ip addr del {made}/24 dev eth0")
    assert addresses(cloud, server) == before


@pytest.fixture
def floating(cloud):
    network = cloud.connect().network
    made = network.create_ip(floating_network_id=network.find_network("public").id)
    yield made.floating_ip_address
    network.delete_ip(made)


def answers(cloud, door, address):
    """Whether it answers the guest behind that door."""
    return "1 packets received" in cloud.ssh(door, f"ping -c 1 -W 2 {address} || true")


def test_a_second_address_and_a_floating_one_to_it_work_until_they_are_taken(
    cloud, servers, doors, second, floating
):
    server = servers[1]
    assert wait_for(lambda: answers(cloud, doors[0], second), 60, 0.5)
    ask(cloud, server, "addFloatingIp", address=floating, fixed_address=second)
    assert floating in addresses(cloud, server, "floating")
    assert who(cloud, floating) == server
    ask(cloud, server, "removeFloatingIp", address=floating)
    assert floating not in addresses(cloud, server, "floating")
    assert wait_for(lambda: cloud.try_ssh(floating, "true", timeout_s=2) is None, 60, 0.2)
    assert answers(cloud, doors[0], second)
    ask(cloud, server, "removeFixedIp", address=second)
    assert wait_for(lambda: not answers(cloud, doors[0], second), 60, 0.5)
    assert who(cloud, doors[1]) == server


@pytest.fixture
def listening(cloud, side_door):
    cloud.ssh(side_door, LISTEN)
    yield side_door
    cloud.ssh(side_door, "kill $(cat /run/listener) || true")


def heard(address):
    """What somebody outside is told at that port."""
    read = f"timeout 3 bash -c 'head -c 7 </dev/tcp/{address}/{PORT}' 2>/dev/null || true"
    return shell(f"ip netns exec outside {read}").strip()


def test_a_security_group_opens_a_port_of_the_guest_as_long_as_it_is_there(
    cloud, servers, listening
):
    network = cloud.connect().network
    group = network.create_security_group(name="second-door")
    network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", protocol="tcp",
        port_range_min=PORT, port_range_max=PORT,
    )  # fmt: skip
    assert heard(listening) == ""
    ask(cloud, servers[1], "addSecurityGroup", name="second-door")
    assert wait_for(lambda: heard(listening) == "SSH-2.0", 60, 0.2)
    shown = {one["name"] for one in cloud.see(servers[1]).security_groups}
    assert shown == {"default", "second-door"}
    ask(cloud, servers[1], "removeSecurityGroup", name="second-door")
    assert wait_for(lambda: heard(listening) == "", 60, 0.2)
    assert who(cloud, listening) == servers[1]
    network.delete_security_group(group)
