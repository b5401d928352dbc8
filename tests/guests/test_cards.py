# SPDX-License-Identifier: Apache-2.0
"""A guest gets the very card that was asked for, hot and cold, and learns who it is by a rebuild."""

import base64
import json

import pytest

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(400)
HOT, COLD = "10.20.0.201", "10.20.0.202"
TAG = "the-second-card"
ADDRESSES = (
    "for card in /sys/class/net/e*; do"
    ' echo $(cat $card/address) $(ip -o -4 addr show dev ${card##*/} | awk "{print \\$4}");'
    " done"
)
METADATA = "timeout 20 wget -q -O - http://169.254.169.254/openstack/latest/meta_data.json"
SCRIPT = base64.b64encode(b"#!/bin/sh\necho the second script ran\n").decode()


def cards(cloud, door):
    """Address of each card in the guest > the IP it has there, or nothing yet."""
    lines = (line.split() for line in cloud.ssh(door, ADDRESSES).splitlines())
    return {mac: ip[0].partition("/")[0] if ip else None for mac, *ip in lines}


@pytest.fixture
def port_at(cloud):
    """Makes a port of the user's own, which outlives what it is attached to."""
    network, made = cloud.connect().network, []

    def make(address):
        private = network.find_network("private")
        fixed = [{"ip_address": address}]
        made.append(network.create_port(network_id=private.id, fixed_ips=fixed))
        return made[-1]

    yield make
    for port in made:
        network.delete_port(port)


def attach(cloud, server, **wanted):
    made = cloud.connect().compute.create_server_interface(server, **wanted)
    return made.port_id


def detach(cloud, server, door, port):
    before = cards(cloud, door)
    cloud.connect().compute.delete_server_interface(port.id, server=server)
    assert wait_for(
        lambda: cards(cloud, door).keys() == before.keys() - {port.mac_address}, 60, 0.5
    )


def test_a_port_and_its_tag_are_seen_inside_and_the_port_outlives_it(
    cloud, servers, side_door, port_at
):
    network, port = cloud.connect().network, port_at(HOT)
    attach(cloud, servers[1], port_id=port.id, tag=TAG)
    assert wait_for(lambda: cards(cloud, side_door).get(port.mac_address) == HOT, 60, 0.5)
    devices = json.loads(cloud.ssh(side_door, METADATA))["devices"]
    assert [one["mac"] for one in devices if TAG in one["tags"]] == [port.mac_address]
    detach(cloud, servers[1], side_door, port)
    assert wait_for(lambda: not network.get_port(port.id).device_id, 30, 0.3)


def test_an_address_that_was_asked_for_is_inside_until_its_port_is_deleted(
    cloud, servers, side_door
):
    network, before = cloud.connect().network, cards(cloud, side_door)
    wanted = {"net_id": network.find_network("private").id, "fixed_ips": [{"ip_address": HOT}]}
    port = network.get_port(attach(cloud, servers[1], **wanted))
    assert wait_for(lambda: cards(cloud, side_door).get(port.mac_address) == HOT, 60, 0.5)
    network.delete_port(port)
    assert wait_for(lambda: cards(cloud, side_door).keys() == before.keys(), 60, 0.5)
    cloud.nothing_stray()


def test_a_card_for_a_server_that_is_off_and_a_rebuild_are_there_when_it_starts(
    cloud, servers, side_door, port_at
):
    server, compute = servers[1], cloud.connect().compute
    public = compute.find_keypair("appliance").public_key
    key = compute.create_keypair(name="renewed", public_key=public)
    cloud.ssh(side_door, "echo old >/data/rebuild; sync")
    compute.stop_server(server)
    cloud.wait(server, "SHUTOFF")
    boots, port = cloud.boots(server), port_at(COLD)
    attach(cloud, server, port_id=port.id)
    image = cloud.connect().image.find_image("tiny").id
    compute.rebuild_server(
        server, image=image, name="two-anew", hostname="anew", key_name=key.name, user_data=SCRIPT
    )
    cloud.wait(server, "SHUTOFF")
    compute.start_server(server)
    cloud.wait_ready(server, boots=boots + 1)
    assert wait_for(lambda: cards(cloud, side_door).get(port.mac_address) == COLD, 60, 0.5)
    said = cloud.ssh(side_door, "hostname; cat /data/rebuild 2>&1 || true")
    assert said.startswith("anew\ncat:"), said
    seed = json.loads(cloud.ssh(side_door, "cat /run/seed/meta_data.json"))
    assert (seed["name"], list(seed["public_keys"])) == ("two-anew", ["renewed"])
    assert wait_for(lambda: "the second script ran" in cloud.said(server), 60, 0.5)
    detach(cloud, server, side_door, port)
    compute.update_server(server, name="two", hostname="two")
    compute.delete_keypair(key)
    cloud.nothing_stray()
