# SPDX-License-Identifier: Apache-2.0
"""Two servers on two hosts, with real Neutron between them and the world."""

import json

import pytest
from fixtures.lab_cloud import NAME

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(900)


def test_each_runs_where_it_was_sent(cloud, servers, computes):
    assert [server.hypervisor_hostname for server in servers] == computes
    for server, host in zip(servers, computes, strict=True):
        running = cloud.on(host, "virsh -c qemu:///system list --uuid --state-running")
        assert server.id in running.split()


def test_ports_were_reported_by_the_network_service_before_the_servers_were_active(cloud, servers):
    for server in servers:
        (port,) = cloud.api.network.ports(device_id=server.id)
        assert (port.status, port.binding_vif_type) == ("ACTIVE", "bridge")
        assert port.binding_host_id == server.hypervisor_hostname


def test_a_floating_ip_leads_to_ssh(cloud, door):
    assert cloud.in_guest(door, "hostname").strip() == f"{NAME}-one"


def test_servers_on_different_hosts_reach_each_other(cloud, servers, door):
    two = cloud.address(servers[1])
    cloud.in_guest(door, "true")
    assert wait_for(
        lambda: " 0% packet loss" in (cloud.try_in_guest(door, f"ping -c 2 -W 5 {two}") or ""), 180
    )
    assert "SSH-2.0-dropbear" in cloud.in_guest(door, f"nc -w 5 {two} 22 </dev/null | head -n 1")


def test_a_rule_of_a_security_group_opens_a_port_and_its_end_closes_it(cloud, servers, door):
    cloud.in_guest(door, "true")
    (port,) = cloud.api.network.ports(device_id=servers[0].id)
    before = port.security_group_ids
    group = cloud.make_group(f"{NAME}-closed")
    cloud.api.network.update_port(port, security_groups=[group.id])
    try:
        assert wait_for(lambda: cloud.try_in_guest(door, "true", timeout_s=5) is None, 90, 1)
        rule = cloud.open_port(group, protocol="tcp", port_range_min=22, port_range_max=22)
        assert cloud.in_guest(door, "hostname").strip() == f"{NAME}-one"
        cloud.api.network.delete_security_group_rule(rule)
        assert wait_for(lambda: cloud.try_in_guest(door, "true", timeout_s=5) is None, 90, 1)
    finally:
        cloud.api.network.update_port(port, security_groups=before)


def test_a_guest_learns_of_itself_by_the_network_services_agent(cloud, servers, door):
    asked = "wget -q -O - http://169.254.169.254/openstack/latest/meta_data.json"
    assert json.loads(cloud.in_guest(door, asked))["uuid"] == servers[0].id


def test_a_compute_host_has_no_password_of_a_database(cloud, computes):
    for host in computes:
        found = cloud.on(
            host, "grep -rlE 'mysql\\+pymysql|mariadb://' /etc /opt/nova-appliance/*.conf || true"
        )
        assert found == ""
