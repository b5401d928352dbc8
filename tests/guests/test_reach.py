# SPDX-License-Identifier: Apache-2.0
"""Two servers on one network: who gets in, and whom they reach."""

import pytest

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(400)


def test_the_key_opens_one_from_outside_and_one_reaches_two(cloud, servers, door):
    two = cloud.address(servers[1])
    assert cloud.ssh(door, "hostname").strip() == "one"
    assert " 0% packet loss" in cloud.ssh(door, f"ping -c 2 -W 5 {two}")
    assert "SSH-2.0-dropbear" in cloud.ssh(door, f"nc -w 5 {two} 22 </dev/null | head -n 1")


def test_a_group_without_rules_closes_the_door_and_a_rule_opens_it(cloud, servers, door):
    network = cloud.connect().network
    cloud.ssh(door, "true")
    group = network.create_security_group(name="closed")
    (port,) = network.ports(device_id=servers[0])
    before = port.security_group_ids
    network.update_port(port, security_groups=[group.id])
    try:
        assert wait_for(lambda: cloud.try_ssh(door, "true", timeout_s=2) is None, 60, 0.2)
        network.create_security_group_rule(
            security_group_id=group.id, direction="ingress", protocol="tcp",
            port_range_min=22, port_range_max=22,
        )  # fmt: skip
        assert cloud.ssh(door, "hostname").strip() == "one"
    finally:
        network.update_port(port, security_groups=before)
        network.delete_security_group(group)
