# SPDX-License-Identifier: Apache-2.0
"""Unmodified openstackclient and openstacksdk against the network service over real HTTP."""

from __future__ import annotations

import openstack.exceptions
import pytest


def test_what_a_fresh_cloud_has(cloud):
    names = {row["Name"] for row in cloud.run("network list -f json", cloud="demo")}
    assert {"private", "public"} <= names
    (external,) = cloud.run("network list --external -f json", cloud="demo")
    assert external["Name"] == "public"
    shown = cloud.run("network show private -f json", cloud="demo")
    assert shown["shared"] is True
    assert shown["provider:network_type"] is None
    assert cloud.run("network show private -f json")["provider:network_type"] == "local"
    router = cloud.run("router show router1 -f json")
    assert router["external_gateway_info"]["external_fixed_ips"]


def test_networks_and_subnets_by_command(cloud):
    made = cloud.run("network create --tag blue --mtu 1400 -f json net-a", cloud="demo")
    assert made["tags"] == ["blue"]
    cloud.run("network set --name net-b --description words --disable net-a", cloud="demo")
    shown = cloud.run("network show net-b -f json", cloud="demo")
    assert (shown["description"], shown["admin_state_up"], shown["mtu"]) == ("words", False, 1400)
    subnet = cloud.run(
        "subnet create --network net-b --subnet-range 10.9.0.0/24 --dns-nameserver 192.0.2.5 "
        "--allocation-pool start=10.9.0.50,end=10.9.0.60 --host-route "
        "destination=192.0.2.0/24,gateway=10.9.0.9 -f json sub-b",
        cloud="demo",
    )
    assert subnet["gateway_ip"] == "10.9.0.1"
    cloud.run("subnet set --name sub-c --no-dns-nameservers --gateway 10.9.0.2 sub-b", cloud="demo")
    shown = cloud.run("subnet show sub-c -f json", cloud="demo")
    assert (shown["gateway_ip"], shown["dns_nameservers"]) == ("10.9.0.2", [])
    listed = cloud.run("subnet list --network net-b -f json", cloud="demo")
    assert [row["Name"] for row in listed] == ["sub-c"]
    cloud.run("network unset --tag blue net-b", cloud="demo")
    assert cloud.run("network list --tags blue -f json", cloud="demo") == []
    cloud.run("subnet delete sub-c", cloud="demo")
    cloud.run("network delete net-b", cloud="demo")
    assert "No Network found" in cloud.run("network show net-b", cloud="demo", fails=True)


def test_ports_by_command(cloud):
    words = "port create --network private --fixed-ip ip-address=10.20.0.99 --tag t -f json p1"
    port = cloud.run(words, cloud="demo")
    assert port["fixed_ips"][0]["ip_address"] == "10.20.0.99"
    taken = cloud.run(words.replace(" p1", " p2"), cloud="demo", fails=True)
    assert "already allocated" in taken
    refused = cloud.run("port set --disable-port-security p1", cloud="demo", fails=True)
    assert "disallowed by policy" in refused
    cloud.run("port set --name p3 --no-security-group p1", cloud="demo")
    cloud.run("port set --host elsewhere --disable-port-security p3")
    shown = cloud.run("port show p3 -f json")
    assert shown["binding_vif_type"] == "bridge"
    assert shown["security_group_ids"] == []
    listed = cloud.run("port list --fixed-ip ip-address=10.20.0.99 -f json", cloud="demo")
    assert [row["Name"] for row in listed] == ["p3"]
    assert cloud.run("port list --mac-address {} -f json".format(port["mac_address"]), cloud="demo")
    cloud.run("port delete p3", cloud="demo")


def test_security_groups_by_command(cloud):
    groups = cloud.run("security group list -f json", cloud="demo")
    assert [row["Name"] for row in groups if row["Name"] == "default"] == ["default"]
    rules = cloud.run("security group rule list default --ingress -f json", cloud="demo")
    assert {row["Port Range"] for row in rules} >= {"22:22", ""}
    cloud.run("security group create --description d web", cloud="demo")
    rule = cloud.run(
        "security group rule create --protocol tcp --dst-port 80:81 --remote-ip 192.0.2.0/24 "
        "-f json web",
        cloud="demo",
    )
    assert (rule["port_range_min"], rule["port_range_max"]) == (80, 81)
    again = (
        "security group rule create --protocol tcp --dst-port 80:81 --remote-ip 192.0.2.0/24 web"
    )
    assert "already exists" in cloud.run(again, cloud="demo", fails=True)
    cloud.run("security group rule create --protocol icmp --icmp-type 8 web", cloud="demo")
    cloud.run(
        "security group rule create --egress --ethertype IPv6 --remote-group web web", cloud="demo"
    )
    assert cloud.run("security group rule show {} -f json".format(rule["id"]), cloud="demo")
    cloud.run("security group rule delete {}".format(rule["id"]), cloud="demo")
    cloud.run("security group set --name www --description e web", cloud="demo")
    assert cloud.run("security group show www -f json", cloud="demo")["description"] == "e"
    cloud.run("security group delete www", cloud="demo")


def test_routers_and_floating_ips_by_command(cloud):
    cloud.run("network create lan", cloud="demo")
    cloud.run("subnet create --network lan --subnet-range 10.8.0.0/24 lan-sub", cloud="demo")
    cloud.run("router create way", cloud="demo")
    cloud.run("router set --external-gateway public way", cloud="demo")
    cloud.run("router add subnet way lan-sub", cloud="demo")
    cloud.run("port create --network lan lan-port", cloud="demo")
    floating = cloud.run("floating ip create public --port lan-port -f json", cloud="demo")
    address = floating["floating_ip_address"]
    assert floating["fixed_ip_address"].startswith("10.8.0.")
    assert "required by one or more floating" in cloud.run(
        "router remove subnet way lan-sub", cloud="demo", fails=True
    )
    cloud.run(f"floating ip unset --port {address}", cloud="demo")
    cloud.run(f"floating ip set --port lan-port {address}", cloud="demo")
    listed = cloud.run("floating ip list -f json", cloud="demo")
    assert [row["Floating IP Address"] for row in listed] == [address]
    assert cloud.run(f"floating ip show {address} -f json", cloud="demo")["status"] == "ACTIVE"
    cloud.run(f"floating ip delete {address}", cloud="demo")
    cloud.run(
        "router set --disable --route destination=192.0.2.0/24,gateway=10.8.0.9 way", cloud="demo"
    )
    assert cloud.run("router show way -f json", cloud="demo")["status"] == "DOWN"
    assert "still has ports" in cloud.run("router delete way", cloud="demo", fails=True)
    words = "router unset --route destination=192.0.2.0/24,gateway=10.8.0.9 way"
    cloud.run(words, cloud="demo")
    cloud.run("router remove subnet way lan-sub", cloud="demo")
    cloud.run("router unset --external-gateway way", cloud="demo")
    cloud.run("router delete way", cloud="demo")
    cloud.run("port delete lan-port", cloud="demo")
    cloud.run("network delete lan", cloud="demo")


def test_what_operators_ask(cloud):
    aliases = {row["Alias"] for row in cloud.run("extension list --network -f json")}
    assert {"security-group", "router", "external-net", "binding", "quotas"} <= aliases
    zones = cloud.run("availability zone list --network -f json")
    assert {row["Zone Name"] for row in zones} == {"nova"}
    assert cloud.run("network agent list -f json") == []
    free = cloud.run("ip availability list -f json")
    assert {row["Network Name"] for row in free} >= {"private", "public"}


def test_the_sdk_pages_tags_bulk_and_quotas(cloud):
    demo, admin = cloud.connect("demo"), cloud.connect("admin")
    network = demo.network.create_network(name="bulk")
    demo.network.create_subnet(network_id=network.id, cidr="10.7.0.0/24", ip_version=4)
    ports = demo.network.create_ports(
        [{"network_id": network.id, "name": f"b{n}"} for n in range(5)]
    )
    assert len({port.fixed_ips[0]["ip_address"] for port in list(ports)}) == 5
    every = list(demo.network.ports(network_id=network.id, limit=2, sort_key="name"))
    assert [port.device_owner for port in every if not port.name] == ["network:dhcp"]
    paged = [port for port in every if port.name]
    assert [port.name for port in paged] == [f"b{n}" for n in range(5)]
    demo.network.set_tags(paged[0], ["x", "y"])
    assert [port.name for port in demo.network.ports(tags="x,y")] == ["b0"]
    admin.network.update_quota(demo.current_project_id, ports=5)
    with pytest.raises(openstack.exceptions.ConflictException, match="Quota exceeded"):
        demo.network.create_port(network_id=network.id)
    details = demo.network.get_quota(demo.current_project_id, details=True)
    assert details.ports["limit"] == 5
    admin.network.delete_quota(demo.current_project_id)
    for port in paged:
        demo.network.delete_port(port)
    demo.network.delete_network(network)


def test_the_cloud_layer_of_the_sdk(cloud):
    demo = cloud.connect("demo")
    assert demo.get_external_networks()[0]["name"] == "public"
    group = demo.create_security_group("layer", "made by the cloud layer")
    demo.create_security_group_rule(group["id"], 443, 443, "tcp", "0.0.0.0/0")
    assert len(demo.get_security_group("layer")["security_group_rules"]) == 3
    demo.delete_security_group("layer")
    floating = demo.create_floating_ip(network="public")
    assert demo.delete_floating_ip(floating["id"], retry=0)


def test_projects_do_not_see_each_other(cloud):
    admin, demo = cloud.connect("admin"), cloud.connect("demo")
    hidden = admin.network.create_network(name="hidden")
    assert demo.network.find_network("hidden") is None
    with pytest.raises(openstack.exceptions.NotFoundException):
        demo.network.get_network(hidden.id)
    private = demo.network.find_network("private")
    with pytest.raises(openstack.exceptions.ForbiddenException):
        demo.network.delete_network(private)
    with pytest.raises(openstack.exceptions.ForbiddenException):
        demo.network.create_network(name="mine", is_shared=True)
    admin.network.delete_network(hidden)
