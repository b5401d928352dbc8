# SPDX-License-Identifier: Apache-2.0
"""A real guest gets and loses a network card, is rebuilt, rescued, and comes back from the shelf."""

import pytest

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(600)


def cards(cloud, door):
    return set(cloud.ssh(door, "ls /sys/class/net").split()) - {"lo"}


def kept(cloud, door, name):
    return (cloud.try_ssh(door, f"cat /data/{name}") or "").strip()


def test_a_card_comes_and_goes_while_the_guest_runs(cloud, servers, side_door):
    server, compute = servers[1], cloud.connect().compute
    before = cards(cloud, side_door)
    network = cloud.connect().network.find_network("private")
    made = compute.create_server_interface(server, net_id=network.id)
    assert wait_for(lambda: len(cards(cloud, side_door)) == len(before) + 1, 60, 0.5)
    compute.delete_server_interface(made.port_id, server=server)
    assert wait_for(lambda: cards(cloud, side_door) == before, 60, 0.5)
    assert wait_for(lambda: cloud.connect().network.find_port(made.port_id) is None, 30, 0.3)
    cloud.nothing_stray()


def test_a_rebuilt_guest_has_a_new_disk_and_its_old_address(cloud, servers, side_door):
    server, boots, address = servers[1], cloud.boots(servers[1]), cloud.address(servers[1])
    cloud.ssh(side_door, "echo old >/data/rebuild; sync")
    image = cloud.connect().image.find_image("tiny").id
    cloud.connect().compute.rebuild_server(server, image=image)
    cloud.wait_ready(server, boots=boots + 1)
    assert cloud.address(server) == address
    cloud.ssh(side_door, "true")
    assert kept(cloud, side_door, "rebuild") == ""


def test_a_rescued_guest_sees_its_own_disk_beside_the_rescue_disk(cloud, servers, side_door):
    server, boots = servers[1], cloud.boots(servers[1])
    disks = set(cloud.ssh(side_door, "ls /sys/block | grep ^vd").split())
    cloud.ssh(side_door, "echo kept >/data/rescue; sync")
    cloud.connect().compute.rescue_server(server, admin_pass="only-for-rescue")
    assert wait_for(lambda: cloud.see(server).status == "RESCUE", 120, 0.3)
    assert wait_for(lambda: cloud.boots(server) == boots + 1, 150, 0.5)
    assert set(cloud.ssh(side_door, "ls /sys/block | grep ^vd").split()) == disks | {"vdb"}
    password = "grep -c only-for-rescue /run/seed/meta_data.json || true"
    assert cloud.ssh(side_door, password).strip() == "1"
    cloud.connect().compute.unrescue_server(server)
    cloud.wait_ready(server, boots=boots + 2)
    assert wait_for(lambda: kept(cloud, side_door, "rescue") == "kept", 60, 0.5)
    assert cloud.ssh(side_door, password).strip() == "0"
    folder = cloud.state_dir / "nova" / "instances" / server
    assert not list(folder.glob("*.rescue"))
    assert set(cloud.ssh(side_door, "ls /sys/block | grep ^vd").split()) == disks


def test_a_guest_comes_back_from_the_shelf_with_its_data(cloud, servers, side_door):
    server, address = servers[1], cloud.address(servers[1])
    cloud.ssh(side_door, "echo kept >/data/shelf; sync")
    cloud.connect().compute.shelve_server(server)
    assert wait_for(lambda: cloud.see(server).status == "SHELVED_OFFLOADED", 180, 0.5)
    assert server not in cloud.machine.domains()
    assert cloud.connect().image.find_image("two-shelved") is not None
    cloud.connect().compute.unshelve_server(server)
    cloud.wait_ready(server, boots=1)
    assert cloud.address(server) == address
    assert wait_for(lambda: kept(cloud, side_door, "shelf") == "kept", 60, 0.5)
    assert cloud.connect().image.find_image("two-shelved") is None
    cloud.nothing_stray()
