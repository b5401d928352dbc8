# SPDX-License-Identifier: Apache-2.0
"""Volumes of real Cinder in guests on two hosts: they come, move, grow, are copied, and go without a trace."""

import pytest
from fixtures.lab_cloud import NAME
from fixtures.lab_guests import counted, is_counting, start_counting

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(1800)
WAIT_S = 240
FOLDER = "/srv/volumes"
READ = "dd if=/dev/{} bs=512 skip=7 count=1 iflag=direct 2>/dev/null | head -n 1"
WRITE = "echo '{}' | dd of=/dev/{} bs=512 seek=7 conv=fsync 2>/dev/null"


@pytest.fixture(scope="module", autouse=True)
def nothing_left(cloud):
    """What these tests made is gone at their end: from Cinder, and from the folder behind the share."""
    before = files(cloud)
    yield
    volumes = cloud.api.block_storage
    assert wait_for(lambda: list(volumes.volumes()) == [], WAIT_S, 1), list(volumes.volumes())
    assert list(volumes.snapshots()) == []
    assert list(volumes.attachments()) == []
    assert wait_for(lambda: files(cloud) == before, 30, 1), files(cloud)


@pytest.fixture
def disk(cloud):
    """A volume that nobody has; gone afterwards."""
    made = volume(cloud)
    yield made
    erase(cloud, made)


@pytest.fixture(scope="module")
def doors(cloud, servers, door):
    return [door, *(cloud.open_door(server) for server in servers[1:])]


def files(cloud):
    return set(cloud.on(cloud.hosts("controller")[0].name, f"ls -A {FOLDER}").split())


def volume(cloud, size=1, **fields):
    made = cloud.api.block_storage.create_volume(size=size, **fields)
    status_is(cloud, made.id, "available")
    return made.id


def erase(cloud, volume_id):
    volumes = cloud.api.block_storage
    volumes.delete_volume(volume_id)
    assert wait_for(lambda: volumes.find_volume(volume_id) is None, WAIT_S, 1)


def status_is(cloud, volume_id, status):
    volumes = cloud.api.block_storage
    assert wait_for(lambda: volumes.get_volume(volume_id).status in (status, "error"), WAIT_S, 1), (
        volumes.get_volume(volume_id)
    )
    assert volumes.get_volume(volume_id).status == status, list(volumes.messages())


def attach(cloud, server, volume_id):
    cloud.api.compute.create_volume_attachment(server, volume_id=volume_id)
    status_is(cloud, volume_id, "in-use")


def detach(cloud, server, volume_id):
    cloud.api.compute.delete_volume_attachment(server, volume_id)
    status_is(cloud, volume_id, "available")


def sectors(cloud, door, device="vdb"):
    """Size of a disk as its guest sees it; 0 when there is none."""
    return int(cloud.in_guest(door, f"cat /sys/block/{device}/size 2>/dev/null || echo 0"))


def sees(cloud, door, gib):
    assert wait_for(lambda: sectors(cloud, door) == gib << 21, WAIT_S, 1), sectors(cloud, door)


def move(cloud, server, host):
    cloud.api.compute.live_migrate_server(server.id, host=host, block_migration="auto")
    assert cloud.moved(server.id, 600) == host, cloud.find(server.id)


def test_a_volume_goes_from_a_guest_to_one_on_another_host(cloud, servers, doors, disk):
    attach(cloud, servers[0], disk)
    sees(cloud, doors[0], 1)
    cloud.in_guest(doors[0], WRITE.format("kept by the volume", "vdb"))
    detach(cloud, servers[0], disk)
    sees(cloud, doors[0], 0)
    attach(cloud, servers[-1], disk)
    sees(cloud, doors[-1], 1)
    assert cloud.in_guest(doors[-1], READ.format("vdb")).strip() == "kept by the volume"
    detach(cloud, servers[-1], disk)
    cloud.api.block_storage.extend_volume(disk, 2)
    status_is(cloud, disk, "available")
    attach(cloud, servers[0], disk)
    sees(cloud, doors[0], 2)
    assert cloud.in_guest(doors[0], READ.format("vdb")).strip() == "kept by the volume"
    detach(cloud, servers[0], disk)


def test_a_volume_is_copied_while_its_guest_writes_to_it(cloud, servers, doors, disk):
    volumes = cloud.api.block_storage
    attach(cloud, servers[0], disk)
    sees(cloud, doors[0], 1)
    cloud.in_guest(doors[0], WRITE.format("before", "vdb"))
    held = volumes.create_snapshot(volume_id=disk, force=True, name=f"{NAME}-held")
    assert wait_for(
        lambda: volumes.get_snapshot(held.id).status in ("available", "error"), WAIT_S, 1
    )
    assert volumes.get_snapshot(held.id).status == "available", list(volumes.messages())
    cloud.in_guest(doors[0], WRITE.format("after", "vdb"))
    copied = volume(cloud, snapshot_id=held.id)
    attach(cloud, servers[-1], copied)
    sees(cloud, doors[-1], 1)
    assert cloud.in_guest(doors[-1], READ.format("vdb")).strip() == "before"
    detach(cloud, servers[-1], copied)
    erase(cloud, copied)
    volumes.delete_snapshot(held)
    assert wait_for(lambda: volumes.find_snapshot(held.id) is None, WAIT_S, 1), list(
        volumes.messages()
    )
    assert cloud.in_guest(doors[0], READ.format("vdb")).strip() == "after"
    cloud.in_guest(doors[0], WRITE.format("later still", "vdb"))
    detach(cloud, servers[0], disk)
    attach(cloud, servers[-1], disk)
    sees(cloud, doors[-1], 1)
    assert cloud.in_guest(doors[-1], READ.format("vdb")).strip() == "later still"
    detach(cloud, servers[-1], disk)


def test_a_server_moves_live_with_its_volume(cloud, servers, computes, doors, disk):
    attach(cloud, servers[0], disk)
    sees(cloud, doors[0], 1)
    cloud.in_guest(doors[0], WRITE.format("written at home", "vdb"))
    move(cloud, servers[0], computes[1])
    assert cloud.in_guest(doors[0], READ.format("vdb")).strip() == "written at home"
    cloud.in_guest(doors[0], WRITE.format("written abroad", "vdb"))
    move(cloud, servers[0], computes[0])
    assert cloud.in_guest(doors[0], READ.format("vdb")).strip() == "written abroad"
    detach(cloud, servers[0], disk)


def test_a_server_on_a_volume_counts_on_another_host_and_its_volume_outlives_it(cloud, computes):
    root = volume(cloud, image_id=cloud.image.id)
    mapping = {"uuid": root, "source_type": "volume", "destination_type": "volume",
               "boot_index": 0, "delete_on_termination": False}  # fmt: skip
    first = cloud.boot("on-volume", computes[0], image_id="", block_device_mapping=[mapping])
    door = cloud.open_door(first)
    start_counting(cloud, door)
    move(cloud, first, computes[1])
    assert is_counting(cloud, door)
    numbers = counted(cloud, door)
    assert numbers == list(range(1, len(numbers) + 1))
    cloud.in_guest(door, "echo outlived >/data/root; sync")
    cloud.erase(first.id)
    status_is(cloud, root, "available")
    again = mapping | {"delete_on_termination": True}
    second = cloud.boot("again", computes[0], image_id="", block_device_mapping=[again])
    assert cloud.in_guest(cloud.open_door(second), "cat /data/root").strip() == "outlived"
    cloud.erase(second.id)
    volumes = cloud.api.block_storage
    assert wait_for(lambda: volumes.find_volume(root) is None, WAIT_S, 1)


def test_a_server_makes_its_volume_of_an_image_and_takes_it_along(cloud, computes):
    mapping = {"uuid": cloud.image.id, "source_type": "image", "destination_type": "volume",
               "volume_size": 1, "boot_index": 0, "delete_on_termination": True}  # fmt: skip
    server = cloud.boot("of-image", computes[-1], image_id="", block_device_mapping=[mapping])
    (attached,) = cloud.api.compute.volume_attachments(server.id)
    cloud.erase(server.id)
    volumes = cloud.api.block_storage
    assert wait_for(lambda: volumes.find_volume(attached.volume_id) is None, WAIT_S, 1)


def test_an_image_of_a_server_on_a_volume_is_a_snapshot_that_another_begins_with(cloud, computes):
    """The server runs while its image is made; the other one lives on a copy, on another host.

    While the snapshot is there, Cinder deletes no volume that it was taken of.
    """
    volumes, images = cloud.api.block_storage, cloud.api.image
    mapping = {"uuid": cloud.image.id, "source_type": "image", "destination_type": "volume",
               "volume_size": 1, "boot_index": 0, "delete_on_termination": True}  # fmt: skip
    first = cloud.boot("to-be-copied", computes[0], image_id="", block_device_mapping=[mapping])
    door = cloud.open_door(first)
    cloud.in_guest(door, "echo before >/data/root; sync")
    image = cloud.api.compute.create_server_image(first.id, f"{NAME}-of-volume", wait=True)
    cloud.wait(first.id, "ACTIVE")
    assert (images.get_image(image.id).status, images.get_image(image.id).size) == ("active", 0)
    (held,) = volumes.snapshots()
    assert wait_for(lambda: volumes.get_snapshot(held.id).status == "available", WAIT_S, 1)
    cloud.in_guest(door, "echo after >/data/root; sync")
    second = cloud.boot("copy", computes[-1], image_id=image.id)
    assert cloud.in_guest(cloud.open_door(second), "cat /data/root").strip() == "before"
    assert cloud.in_guest(door, "cat /data/root").strip() == "after"
    (root,) = cloud.api.compute.volume_attachments(first.id)
    (copy,) = cloud.api.compute.volume_attachments(second.id)
    for server in (first, second):
        cloud.erase(server.id)
    assert copy.delete_on_termination  # as the server's own volume, from which the image says it
    assert wait_for(lambda: volumes.find_volume(copy.volume_id) is None, WAIT_S, 1)
    images.delete_image(image)
    volumes.delete_snapshot(held)
    assert wait_for(lambda: volumes.find_snapshot(held.id) is None, WAIT_S, 1)
    status_is(cloud, root.volume_id, "available")
    erase(cloud, root.volume_id)
