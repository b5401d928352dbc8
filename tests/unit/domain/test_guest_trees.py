# SPDX-License-Identifier: Apache-2.0
"""What guests are told, tree by tree and version by version, and how a drive carries it."""

import base64
import json

import msgspec
import pytest
from fixtures.cells import make_server

from nova_appliance.domain import config_drive, ec2_tree, interface_tags, openstack_tree
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.guest import Guest, Vif
from nova_appliance.domain.guest_data import Facts, Subnet
from nova_appliance.domain.network_data import network_data
from nova_appliance.domain.server import Address

PORT = "11111111-aaaa-bbbb-cccc-000000000001"
VIF = Vif(port_id=PORT, mac="fa:16:3e:00:00:01", bridge="br0", mtu=1450)
SCRIPT = b"\x1f\x8b\xff\0 no text"


def address(text, kind="fixed"):
    return Address(
        network="n", address=text, version=6 if ":" in text else 4, mac=VIF.mac, kind=kind,
        port_id=PORT, network_id="net",
    )  # fmt: skip


def facts(**more):
    server = make_server(
        key_name="k<&>", key_data="ssh-rsa x", zone="z", reservation_id="r-1",
        user_data=base64.b64encode(SCRIPT).decode(),
        addresses=(address("10.0.0.5"), address("203.0.113.9", "floating")),
        system_metadata=interface_tags.remembered({PORT: "front"}),
        attachments=(Attachment(id="b", volume_id="v", device="/dev/vdb"),),
    )  # fmt: skip
    ids = {server.id: "i-0123", server.image.id: "ami-4567"}
    base = {"server": server, "vifs": (VIF,), "domain": "d", "seed": "c2VlZA==", "ec2_ids": ids}
    return Facts(**{**base, "vendor": {"a": 1}, "vendor2": {"static": {"a": 1}}, **more})


FILES = {
    "2012-08-10": {"meta_data.json", "user_data"},
    "2013-10-17": {"meta_data.json", "user_data", "vendor_data.json"},
    "2015-10-15": {"meta_data.json", "user_data", "vendor_data.json", "network_data.json"},
}


@pytest.mark.parametrize(("version", "names"), FILES.items())
def test_each_openstack_version_has_the_files_that_it_had(version, names):
    assert openstack_tree.files(facts(), version).keys() == names


def test_the_newest_has_all_and_latest_is_the_newest():
    newest = openstack_tree.files(facts(), openstack_tree.VERSIONS[-1])
    assert newest.keys() == set(openstack_tree.FILES)
    assert openstack_tree.files(facts(), "latest").keys() == newest.keys()
    assert newest["user_data"] == SCRIPT
    assert json.loads(newest["vendor_data2.json"]) == {"static": {"a": 1}}


@pytest.mark.parametrize(
    ("field", "since"),
    [("random_seed", "2013-04-04"), ("project_id", "2015-10-15"), ("devices", "2016-06-30"),
     ("dedicated_cpus", "2020-10-14")],
)  # fmt: skip
def test_fields_come_with_their_version(field, since):
    for version in openstack_tree.VERSIONS:
        assert (field in openstack_tree.meta_data(facts(), version)) == (version >= since)


def test_meta_data_tells_key_and_tagged_interface():
    told = openstack_tree.meta_data(facts(), "2025-04-04")
    assert told["public_keys"] == {"k<&>": "ssh-rsa x"}
    assert told["keys"] == [{"name": "k<&>", "type": "ssh", "data": "ssh-rsa x"}]
    (device,) = told["devices"]
    assert (device["mac"], device["tags"], device["type"]) == (VIF.mac, ["front"], "nic")


@pytest.mark.parametrize(
    ("item", "since"),
    [("ami-id", "1.0"), ("public-ipv4", "2007-01-19"), ("instance-type", "2007-08-29"),
     ("block-device-mapping", "2007-12-15"), ("placement", "2008-02-01"),
     ("instance-action", "2008-09-01")],
)  # fmt: skip
def test_items_of_ec2_come_with_their_version(item, since):
    for at, version in enumerate(ec2_tree.VERSIONS):
        has = item in ec2_tree.tree(facts(), version)["meta-data"]
        assert has == (at >= ec2_tree.VERSIONS.index(since)), version


def test_the_ec2_tree_speaks_in_ec2_ids_and_addresses():
    tree = ec2_tree.tree(facts(), "latest")
    meta = tree["meta-data"]
    assert (meta["instance-id"], meta["ami-id"]) == ("i-0123", "ami-4567")
    assert (meta["local-ipv4"], meta["public-ipv4"]) == ("10.0.0.5", "203.0.113.9")
    assert meta["block-device-mapping"] == {"ami": "vda", "root": "/dev/vda", "ebs0": "/dev/vdb"}
    assert tree["user-data"] == SCRIPT
    assert "user-data" not in ec2_tree.tree(Facts(server=make_server()), "latest")


def test_a_static_subnet_is_told_outright_and_dhcp_is_not():
    subnet = Subnet(
        address="10.0.0.5", cidr="10.0.0.0/24", gateway="10.0.0.1", dhcp=False, dns=("9.9.9.9",),
        routes=(("10.9.0.0/16", "10.0.0.7"),),
    )  # fmt: skip
    (network,) = network_data(facts(subnets={PORT: (subnet,)}))["networks"]
    assert (network["type"], network["ip_address"]) == ("ipv4", "10.0.0.5")
    assert network["netmask"] == "255.255.255.0"
    assert [route["gateway"] for route in network["routes"]] == ["10.0.0.1", "10.0.0.7"]
    assert network["routes"][0]["network"] == "0.0.0.0"
    by_dhcp = msgspec.structs.replace(subnet, dhcp=True)
    (network,) = network_data(facts(subnets={PORT: (by_dhcp,)}))["networks"]
    assert (network["type"], "ip_address" in network) == ("ipv4_dhcp", False)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("slaac", "ipv6_slaac"), ("dhcpv6-stateful", "ipv6_dhcpv6-stateful"), ("", "ipv6")],
)
def test_ipv6_is_told_by_its_mode(mode, kind):
    server = msgspec.structs.replace(facts().server, addresses=(address("2001:db8::5"),))
    subnet = Subnet(address="2001:db8::5", cidr="2001:db8::/64", v6_mode=mode)
    told = network_data(facts(server=server, subnets={PORT: (subnet,)}))
    assert told["networks"][0]["type"] == kind


def test_a_drive_holds_both_trees_and_survives_the_wire():
    whole = facts(given=(("/etc/motd", "hello"),))
    files = config_drive.files(whole)
    assert files["ec2/latest/user-data"] == SCRIPT
    assert json.loads(files["ec2/2009-04-04/meta-data.json"])["public-keys"] == {
        "0": {"openssh-key": "ssh-rsa x"}
    }
    assert files["openstack/content/0000"] == b"hello"
    assert {f"openstack/{v}/meta_data.json" for v in openstack_tree.VERSIONS} <= files.keys()
    packed = config_drive.packed(files)
    assert sum(len(text) for text in packed.texts.values()) < sum(map(len, files.values())) / 2
    guest = Guest(
        server_id="s", name="n", display_name="n", project_id="p", user_id="u", flavor_name="f",
        vcpus=1, memory_mib=1, config_drive=packed.texts, config_drive_binary=packed.binary,
        config_drive_same=packed.same,
    )  # fmt: skip
    sent = msgspec.json.decode(msgspec.json.encode(guest), type=Guest)
    assert config_drive.unpacked(sent) == files


def test_a_password_is_told_only_if_one_was_given():
    for version in openstack_tree.VERSIONS:
        told = openstack_tree.meta_data(facts(password="secret"), version)
        assert told["admin_pass"] == "secret"
        assert "admin_pass" not in openstack_tree.meta_data(facts(), version)
