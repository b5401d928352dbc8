# SPDX-License-Identifier: Apache-2.0
"""Copies of a guest that is off, states set by hand, and rebuilds that keep the second disk or not.

The tests share one server and stand in the order of its life.
"""

import pytest

pytestmark = pytest.mark.timeout(500)
MOUNT = "mount $(findfs LABEL=ephemeral0) /mnt && "
UMOUNT = "; umount /mnt"


@pytest.fixture(scope="module")
def flavor(cloud):
    """One with a second disk."""
    compute = cloud.connect().compute
    made = compute.create_flavor(name="anew", vcpus=1, ram=128, disk=1, ephemeral=1)
    yield made
    compute.delete_flavor(made)


@pytest.fixture(scope="module")
def server(cloud, servers, flavor):
    made = cloud.make("anew", flavor_id=flavor.id)
    cloud.wait_ready(made)
    yield made
    cloud.leave(made)


@pytest.fixture(scope="module")
def way_in(cloud, server):
    return cloud.open_door(server)


def uptime(cloud, door):
    return float(cloud.ssh(door, "cat /proc/uptime").split()[0])


def test_a_guest_learns_nothing_of_a_state_that_is_set_by_hand(cloud, server, way_in):
    compute, boots, before = cloud.connect().compute, cloud.boots(server), uptime(cloud, way_in)
    pids = cloud.machine.guest_pids()
    compute.reset_server_state(server, "error")
    assert cloud.see(server).status == "ERROR"
    assert cloud.domstate(server) == "running"
    assert uptime(cloud, way_in) > before
    compute.reset_server_state(server, "active")
    assert cloud.wait(server, "ACTIVE").power_state == 1
    assert uptime(cloud, way_in) > before
    assert (cloud.boots(server), cloud.machine.guest_pids()) == (boots, pids)


def test_a_copy_of_a_guest_that_is_off_has_what_it_wrote(cloud, server, way_in):
    compute, images = cloud.connect().compute, cloud.connect().image
    cloud.ssh(way_in, "echo of the first >/data/copied; sync")
    compute.stop_server(server)
    cloud.wait(server, "SHUTOFF")
    made = compute.create_server_image(server, "of-one-off", wait=True, timeout=120)
    assert cloud.wait(server, "SHUTOFF").power_state == 4
    assert cloud.domstate(server) == "shut off"
    second = cloud.make("second-anew", image_id=made.id)
    cloud.wait_ready(second)
    door = cloud.open_door(second)
    assert cloud.ssh(door, "hostname; cat /data/copied") == "second-anew\nof the first\n"
    cloud.leave(second)
    images.delete_image(made.id)
    compute.start_server(server)
    cloud.wait_ready(server, boots=2)
    assert cloud.ssh(way_in, "cat /data/copied") == "of the first\n"


@pytest.mark.parametrize("kept", [True, False])
def test_a_rebuild_makes_the_root_disk_anew_and_keeps_the_second_one_when_asked(
    cloud, server, way_in, kept
):
    compute, boots = cloud.connect().compute, cloud.boots(server)
    cloud.ssh(way_in, "echo old >/data/rebuild; sync")
    cloud.ssh(way_in, f"{MOUNT} echo kept >/mnt/kept{UMOUNT}")
    image = cloud.connect().image.find_image("tiny").id
    compute.rebuild_server(server, image=image, preserve_ephemeral=kept)
    cloud.wait_ready(server, boots=boots + 1)
    assert cloud.ssh(way_in, "ls /data/rebuild 2>/dev/null || true") == ""
    found = cloud.ssh(way_in, f"{MOUNT} ls -A /mnt{UMOUNT}").split()
    assert ("kept" in found) == kept, found
