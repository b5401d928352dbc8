# SPDX-License-Identifier: Apache-2.0
"""Volumes get files of another format while a real guest writes to them, and back, and it goes on."""

import xml.etree.ElementTree as ET

import pytest
from fixtures.guest_volumes import attach, detach, status_is, volume
from openstack.exceptions import BadRequestException

from nova_appliance.common.clock import wait_for

MIB = 1 << 20
pytestmark = pytest.mark.timeout(500)
COUNT = """cat >/data/count <<'end'
echo $$ >/data/counter
n=0
while :; do n=$((n + 1)); echo $n | dd of=/dev/vdb bs=512 seek=9 conv=fsync; sleep 0.2; done
end
setsid sh /data/count </dev/null >/data/counted 2>&1 &"""
STOP = "kill $(cat /data/counter); rm /data/count*"
NUMBER = "dd if=/dev/vdb bs=512 skip=9 count=1 iflag=direct 2>/dev/null | head -n 1"
FILL = "dd if=/dev/urandom of=/dev/vdb bs=64k seek=1 count=160 conv=fsync 2>/dev/null"
SUM = "dd if=/dev/vdb bs=64k skip=1 count=160 iflag=direct 2>/dev/null | md5sum"
LOOK = "tail -n 5 /data/counted; ps"
BOOT = "cat /proc/sys/kernel/random/boot_id"


def source(cloud, server):
    """Name and format of the file that the guest has as vdb, in what runs and in what is kept."""
    found = set()
    for which in ([], ["--inactive"]):
        tree = ET.fromstring(cloud.machine.virsh("dumpxml", *which, server))
        (disk,) = (
            one for one in tree.iterfind("devices/disk") if one.find("target").get("dev") == "vdb"
        )
        path = disk.find("source").get("file")
        found.add((path.rpartition("/")[2], disk.find("driver").get("type")))
    (one,) = found
    return one


def files(cloud):
    """Volumes' files that there are."""
    return {path.name for path in (cloud.state_dir / "volumes").glob("*")}


def retype(cloud, disk, name):
    volumes = cloud.connect().block_storage
    volumes.retype_volume(disk, name, migration_policy="on-demand")
    assert volumes.get_volume(disk).status in {"retyping", "in-use"}
    assert status_is(cloud, disk, "in-use"), cloud.log()
    assert volumes.get_volume(disk).volume_type == name, cloud.log()


def test_a_volume_gets_another_file_under_its_guest_and_back(cloud, servers, doors):
    server, door = servers[0], doors[0]
    volumes = cloud.connect().block_storage
    before = files(cloud)
    disk = volume(cloud, name="moved")
    attach(cloud, server, disk)
    assert wait_for(lambda: cloud.try_ssh(door, "ls /sys/block/vdb"), 60), cloud.log()
    assert source(cloud, server) == (f"volume-{disk}", "raw")
    cloud.ssh(door, FILL)
    written, boot, pids = cloud.ssh(door, SUM), cloud.ssh(door, BOOT), cloud.machine.guest_pids()
    cloud.ssh(door, COUNT)

    def number():
        """What the guest wrote last."""
        found = cloud.ssh(door, NUMBER).strip("\0\n")
        return int(found) if found else 0

    def goes_on():
        """The guest is the same, has what it wrote, and writes."""
        assert cloud.ssh(door, SUM) == written
        assert wait_for(number, 60, 0.5), cloud.ssh(door, LOOK)
        first = number()
        assert wait_for(lambda: number() > first, 60, 0.5), cloud.ssh(door, LOOK)
        assert cloud.machine.guest_pids() == pids

    goes_on()
    retype(cloud, disk, "qcow2")
    name, form = source(cloud, server)
    assert (name.endswith(".qcow2"), form) == (True, "qcow2")
    assert files(cloud) - before == {name}
    kept = (cloud.state_dir / "volumes" / name).stat().st_blocks * 512
    assert 10 * MIB <= kept < 100 * MIB
    assert [one.id for one in volumes.volumes() if one.name == "moved"] == [disk]
    goes_on()
    assert cloud.ssh(door, BOOT) == boot
    _is_copied_meanwhile(cloud, server, disk, name)
    goes_on()
    with pytest.raises(BadRequestException, match="only its QEMU"):
        volumes.extend_volume(disk, 2)
    boots = cloud.boots(server)
    cloud.connect().compute.reboot_server(server, "HARD")
    cloud.wait_ready(server, "ACTIVE", boots=boots + 1)
    assert (cloud.ssh(door, SUM), source(cloud, server)) == (written, (name, "qcow2"))
    boot, pids = cloud.ssh(door, BOOT), cloud.machine.guest_pids()
    cloud.ssh(door, COUNT)
    retype(cloud, disk, "files")
    back, form = source(cloud, server)
    assert (back.endswith(".qcow2"), form) == (False, "raw")
    assert files(cloud) - before == {back}
    goes_on()
    assert cloud.ssh(door, BOOT) == boot
    cloud.ssh(door, STOP)
    detach(cloud, server, disk)
    volumes.delete_volume(disk)
    assert wait_for(lambda: files(cloud) == before, 60, 0.2)


def _is_copied_meanwhile(cloud, server, disk, name):
    """A snapshot over a qcow2 file: while there is one, the volume keeps its file."""
    volumes = cloud.connect().block_storage
    held = volumes.create_snapshot(volume_id=disk, name="held", force=True)
    assert wait_for(lambda: volumes.get_snapshot(held).status != "creating", 120, 0.2)
    assert volumes.get_snapshot(held).status == "available", cloud.log()
    assert wait_for(lambda: source(cloud, server) == (name, "qcow2"), 30, 0.2)
    with pytest.raises(BadRequestException, match="has snapshots"):
        volumes.retype_volume(disk, "files", migration_policy="on-demand")
    volumes.delete_snapshot(held)
    volumes.wait_for_delete(held, interval=0.2, wait=60)


def test_services_that_die_meanwhile_move_it_all_the_same(cloud, servers, doors):
    """Killed when a volume begins to move: its guest has one whole file, and what it wrote."""
    server, door = servers[0], doors[0]
    before = files(cloud)
    disk = volume(cloud, volume_type="qcow2")
    attach(cloud, server, disk)
    assert wait_for(lambda: cloud.try_ssh(door, "ls /sys/block/vdb"), 60), cloud.log()
    assert source(cloud, server) == (f"volume-{disk}.qcow2", "qcow2")
    cloud.ssh(door, FILL)
    written, pids = cloud.ssh(door, SUM), cloud.machine.guest_pids()
    cloud.connect().block_storage.retype_volume(disk, "files", migration_policy="on-demand")
    cloud.kill()
    cloud.start()
    assert status_is(cloud, disk, "in-use"), cloud.log()
    name, form = source(cloud, server)
    assert cloud.connect().block_storage.get_volume(disk).volume_type == "files", cloud.log()
    assert (form, files(cloud) - before) == ("raw", {name})
    assert (cloud.ssh(door, SUM), cloud.machine.guest_pids()) == (written, pids)
    cloud.connect().compute.stop_server(server)
    cloud.wait(server, "SHUTOFF")
    boots = cloud.boots(server)
    cloud.connect().compute.start_server(server)
    cloud.wait_ready(server, "ACTIVE", boots=boots + 1)
    assert cloud.ssh(door, SUM) == written
    detach(cloud, server, disk)
    cloud.connect().block_storage.delete_volume(disk)
    assert wait_for(lambda: files(cloud) == before, 60, 0.2)
