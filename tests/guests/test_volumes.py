# SPDX-License-Identifier: Apache-2.0
"""Volumes in real guests: seen when they come, kept when they go, booted from and outlived."""

import pytest
from fixtures.guest_volumes import attach, detach, status_is, volume

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(400)
MIB = 1 << 20


def blocks(cloud, door, device="vdb"):
    """Size of the disk in 512-byte blocks as the guest sees it; None when it is not there."""
    found = cloud.try_ssh(door, f"cat /sys/block/{device}/size 2>/dev/null || true", timeout_s=20)
    return int(found) if found and found.strip() else None


def usage(cloud, volume_id):
    """(bytes read, bytes written): all that was ever counted of the volume."""
    query = (
        "SELECT sum(tot_read_bytes + curr_read_bytes) AS read,"
        " sum(tot_write_bytes + curr_write_bytes) AS written"
        f" FROM volume_usage_cache WHERE volume_id = '{volume_id}'"
    )
    (row,) = cloud.whole.rows("nova", query)
    return row["read"] or 0, row["written"] or 0


def test_a_volume_comes_grows_goes_and_keeps_its_content(cloud, servers, doors):
    disk = volume(cloud)
    attach(cloud, servers[0], disk)
    assert wait_for(lambda: blocks(cloud, doors[0]) == 1 << 21, 60)
    cloud.ssh(doors[0], "echo kept by the volume | dd of=/dev/vdb bs=512 seek=7 conv=fsync")
    cloud.ssh(doors[0], "dd if=/dev/zero of=/dev/vdb bs=64k seek=1 count=16 conv=fsync")
    assert wait_for(lambda: usage(cloud, disk)[1] >= MIB, 60, 0.5), usage(cloud, disk)
    cloud.ssh(doors[0], "dd if=/dev/zero of=/dev/vdb bs=64k seek=1 count=16 conv=fsync")
    cloud.connect().block_storage.extend_volume(disk, 2)
    assert wait_for(lambda: blocks(cloud, doors[0]) == 1 << 22, 60), cloud.log()
    detach(cloud, servers[0], disk)
    assert wait_for(lambda: blocks(cloud, doors[0]) is None, 60)
    read_before, written = usage(cloud, disk)
    assert written >= 2 * MIB, "what it wrote last is counted when the volume leaves"
    attach(cloud, servers[1], disk)
    assert wait_for(lambda: blocks(cloud, doors[1]) == 1 << 22, 60)
    read = "dd if=/dev/vdb bs=512 skip=7 count=1 2>/dev/null | head -n 1"
    assert cloud.ssh(doors[1], read).strip() == "kept by the volume"
    cloud.ssh(doors[1], "dd if=/dev/vdb of=/dev/null bs=64k count=16 iflag=direct")
    detach(cloud, servers[1], disk)
    read_after, written_after = usage(cloud, disk)
    assert (read_after >= read_before + MIB, written_after) == (True, written)
    cloud.connect().block_storage.delete_volume(disk)


def test_a_volume_is_copied_while_its_guest_writes_to_it(cloud, servers, doors):
    """The snapshot has what was there, the guest goes on, and a new volume has the snapshot's."""
    volumes = cloud.connect().block_storage
    disk = volume(cloud, name="busy")
    attach(cloud, servers[0], disk)
    assert wait_for(lambda: blocks(cloud, doors[0]) == 1 << 21, 60)
    write = "dd of=/dev/vdb bs=512 seek=7 conv=fsync 2>/dev/null"
    read = "dd if=/dev/{} bs=512 skip=7 count=1 iflag=direct 2>/dev/null | head -n 1"
    cloud.ssh(doors[0], f"echo before | {write}")
    pids = cloud.machine.guest_pids()
    newer = ("--os-volume-api-version", "3.66")
    cloud.whole.openstack(*newer, "volume", "snapshot", "create", "--volume", "busy", "held")
    cloud.ssh(doors[0], f"echo afterwards | {write}")
    held = volumes.find_snapshot("held")
    assert wait_for(lambda: volumes.get_snapshot(held.id).status != "creating", 120, 0.2)
    assert volumes.get_snapshot(held.id).status == "available", cloud.log()
    cloud.ssh(doors[0], f"echo later still | {write}")
    assert cloud.ssh(doors[0], read.format("vdb")).strip() == "later still"
    assert cloud.machine.guest_pids() == pids
    files = {path.name for path in (cloud.state_dir / "volumes").iterdir()}
    assert not [name for name in files if ".over-" in name]
    copied = volume(cloud, snapshot_id=held.id)
    volumes.delete_snapshot(held)
    volumes.wait_for_delete(held, interval=0.2, wait=60)
    detach(cloud, servers[0], disk)
    attach(cloud, servers[0], copied)
    assert wait_for(lambda: blocks(cloud, doors[0]) == 1 << 21, 60)
    assert cloud.ssh(doors[0], read.format("vdb")).strip() in {"before", "afterwards"}
    detach(cloud, servers[0], copied)
    attach(cloud, servers[0], disk)
    assert wait_for(lambda: blocks(cloud, doors[0]) == 1 << 21, 60)
    assert cloud.ssh(doors[0], read.format("vdb")).strip() == "later still"
    detach(cloud, servers[0], disk)
    for one in (disk, copied):
        volumes.delete_volume(one)


def test_a_volume_of_several_servers_is_one_disk_to_them(cloud, servers, doors):
    shared = volume(cloud, volume_type="multiattach")
    for server, door in zip(servers, doors, strict=True):
        cloud.connect().compute.create_volume_attachment(server, volume_id=shared)
        assert wait_for(lambda: blocks(cloud, door) == 1 << 21, 60), cloud.log()  # noqa: B023
    read = "dd if=/dev/vdb bs=512 skip=7 count=1 iflag=direct 2>/dev/null | head -n 1"
    for writer, reader in (doors, reversed(doors)):
        cloud.ssh(writer, f"echo written by {writer} | dd of=/dev/vdb bs=512 seek=7 conv=fsync")
        assert cloud.ssh(reader, read).strip() == f"written by {writer}"
    cloud.connect().compute.delete_volume_attachment(servers[0], shared)
    assert wait_for(lambda: blocks(cloud, doors[0]) is None, 60)
    assert cloud.ssh(doors[1], read).strip() == f"written by {doors[1]}"
    detach(cloud, servers[1], shared)
    cloud.connect().block_storage.delete_volume(shared)


def test_a_root_volume_outlives_its_rescue_and_its_server(cloud, image):
    compute, volumes = cloud.connect().compute, cloud.connect().block_storage
    root = volume(cloud, image_id=cloud.connect().image.find_image("tiny").id)
    mapping = {"uuid": root, "source_type": "volume", "destination_type": "volume",
               "boot_index": 0, "delete_on_termination": False}  # fmt: skip
    first = cloud.make("first", image_id="", block_device_mapping=[mapping])
    cloud.wait_ready(first, "ACTIVE")
    door = cloud.open_door(first)
    cloud.ssh(door, "echo outlived >/data/root; sync")
    _is_rescued(cloud, first, door, image)
    compute.delete_server(first)
    assert status_is(cloud, root, "available")
    again = mapping | {"delete_on_termination": True}
    second = cloud.make("second", image_id="", block_device_mapping=[again])
    cloud.wait_ready(second, "ACTIVE")
    assert cloud.ssh(cloud.open_door(second), "cat /data/root").strip() == "outlived"
    compute.delete_server(second)
    assert wait_for(lambda: compute.find_server(second) is None, 60, 0.2)
    assert wait_for(lambda: volumes.find_volume(root) is None, 60, 0.2)
    cloud.nothing_stray()


def _is_rescued(cloud, server, door, image):
    """The rescue system comes from a disk beside the volume; later the volume boots again."""
    made = cloud.connect().image.create_image(
        "beside", filename=str(image), disk_format="qcow2", container_format="bare",
        hw_rescue_device="disk", hw_rescue_bus="scsi",
    )  # fmt: skip
    newer = ("--os-compute-api-version", "2.87")
    cloud.whole.openstack(*newer, "server", "rescue", "--image", "beside", "first")
    assert wait_for(lambda: cloud.see(server).status == "RESCUE", 120, 0.3), cloud.log()
    assert wait_for(lambda: cloud.boots(server) == 2, 150, 0.5), cloud.said(server)[-2000:]
    look = "ls -d /sys/block/vda /sys/block/sda; mkdir -p /mnt; mount /dev/vda2 /mnt; cat /mnt/root"
    seen = cloud.ssh(door, look).split()
    assert sorted(seen) == ["/sys/block/sda", "/sys/block/vda", "outlived"]
    cloud.ssh(door, "umount /mnt; sync")
    cloud.whole.openstack("server", "unrescue", "first")
    cloud.wait_ready(server, "ACTIVE", boots=3)
    look = "ls -d /sys/block/vda /sys/block/sda 2>/dev/null; cat /data/root"
    assert cloud.ssh(door, look).split() == ["/sys/block/vda", "outlived"]
    cloud.connect().image.delete_image(made.id)


def test_a_rebuilt_root_volume_holds_the_new_image(cloud, side_door, servers):
    """The new image is one of a guest that has left a word in it."""
    compute, images = cloud.connect().compute, cloud.connect().image
    cloud.ssh(side_door, "echo of the new image >/data/root; sync")
    marked = compute.create_server_image(servers[1], "marked", wait=True, timeout=120)
    mapping = {"uuid": images.find_image("tiny").id, "source_type": "image", "boot_index": 0,
               "destination_type": "volume", "volume_size": 1, "delete_on_termination": True}  # fmt: skip
    server = cloud.make("rebuilt", image_id="", block_device_mapping=[mapping])
    cloud.wait_ready(server, "ACTIVE")
    door = cloud.open_door(server)
    cloud.ssh(door, "echo of the old image >/data/root; echo lost >/data/old; sync")
    compute.rebuild_server(server, image=marked.id, name="rebuilt")
    cloud.wait_ready(server, "ACTIVE", boots=2)
    assert cloud.ssh(door, "cat /data/root /data/old 2>/dev/null || true").strip() == (
        "of the new image"
    )
    _grows_and_shrinks(cloud, server, door)
    compute.delete_server(server)
    assert wait_for(lambda: compute.find_server(server) is None, 60, 0.2)
    images.delete_image(marked.id)
    cloud.nothing_stray()


def _grows_and_shrinks(cloud, server, door):
    """A resize gives a server on a volume memory and processors; its disk is the volume."""
    compute = cloud.connect().compute
    larger = compute.create_flavor(name="rebuilt.more", vcpus=2, ram=192, disk=5)
    compute.resize_server(server, larger)
    cloud.wait(server, "VERIFY_RESIZE")
    look = "grep -c ^processor /proc/cpuinfo; cat /sys/block/vda/size /data/root"
    assert cloud.ssh(door, look).split("\n")[:3] == ["2", str(1 << 21), "of the new image"]
    compute.revert_server_resize(server)
    cloud.wait(server, "ACTIVE")
    assert cloud.ssh(door, look).split("\n")[:3] == ["1", str(1 << 21), "of the new image"]
    compute.delete_flavor(larger)
