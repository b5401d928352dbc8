# SPDX-License-Identifier: Apache-2.0
"""What hosts are told of servers, and what stands on config drives."""

import base64
import json

import msgspec
from fixtures.cells import make_server

from nova_appliance.conductor import guests, ports
from nova_appliance.conf import load
from nova_appliance.domain import config_drive, guest_data, own_ports
from nova_appliance.domain.guest import Vif
from nova_appliance.domain.server import Address

VIF = Vif(port_id="11111111-aaaa", mac="fa:16:3e:00:00:01", bridge="br0", mtu=1450)
ADDRESS = Address(
    network="private",
    address="10.0.0.5",
    version=4,
    mac=VIF.mac,
    port_id=VIF.port_id,
    network_id="n1",
)


def server(**fields):
    plugged = ports.Plugged(made=(VIF.port_id,), vifs=(VIF,), addresses=(ADDRESS,))
    facts = {"row": 26, "system_metadata": plugged.remembered(), "addresses": plugged.addresses}
    return make_server(**{**facts, **fields})


def test_a_guest_has_what_flavor_image_and_ports_say():
    asked = server()
    flavor = msgspec.structs.replace(asked.flavor, ephemeral_gib=2, swap_mib=64)
    guest = guests.guest_of(msgspec.structs.replace(asked, flavor=flavor), load.load())
    assert guest.name == "instance-0000001a"
    assert guest.vifs == (VIF,)
    assert [(disk.name, disk.size_gib, disk.size_mib) for disk in guest.disks] == [
        ("disk", 1, 0),
        ("disk.eph0", 2, 0),
        ("disk.swap", 0, 64),
    ]
    assert guest.disks[0].image_id == asked.image.id
    assert guest.config_drive is None


def test_names_may_be_made_of_the_id():
    asked = server()
    assert guests.guest_name("vm-%(uuid)s", asked) == f"vm-{asked.id}"


def test_a_config_drive_holds_what_cloud_init_reads():
    data = base64.b64encode(b"#!/bin/sh\n").decode()
    asked = server(config_drive=True, user_data=data, key_name="k", key_data="ssh-rsa x", zone="z")
    files = config_drive.files(guest_data.of_row(asked, "novalocal"))
    told = json.loads(files["openstack/latest/meta_data.json"])
    assert told["uuid"] == asked.id
    assert told["hostname"] == f"{asked.hostname}.novalocal"
    assert told["public_keys"] == {"k": "ssh-rsa x"}
    assert told["meta"] == asked.metadata
    assert files["openstack/latest/user_data"] == b"#!/bin/sh\n"
    network = json.loads(files["openstack/latest/network_data.json"])
    assert network["links"][0]["ethernet_mac_address"] == VIF.mac
    assert network["networks"][0]["type"] == "ipv4_dhcp"
    assert network["networks"][0]["link"] == network["links"][0]["id"]


def test_ports_are_remembered_and_forgotten():
    asked = server()
    assert ports.vifs_of(asked) == (VIF,)
    assert own_ports.of(asked) == {VIF.port_id}
    assert ports.forgotten({**asked.system_metadata, "other": "x"}) == {"other": "x"}
