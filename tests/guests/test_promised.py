# SPDX-License-Identifier: Apache-2.0
"""What flavor, image and block device mapping promise is in the guest, and outlives a larger flavor.

The tests share one server and stand in the order of its life.
"""

import pytest
from fixtures.guest_volumes import attach, detach, volume

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(500)
CARRIED = "carried by a snapshot"
IMAGE = {"hw_rng_model": "virtio", "hw_watchdog_action": "none"}
SPECS = {
    "hw_rng:allowed": "True", "hw:cpu_sockets": "1", "hw:cpu_cores": "2", "hw:cpu_threads": "1",
}  # fmt: skip
WATCHDOG = "0x8086 0x25ab"
PCI = "for d in /sys/bus/pci/devices/*; do echo $(cat $d/vendor) $(cat $d/device); done"
CPU = (
    "awk -F: '/^processor/ {n = $2} /^physical id/ {socket = $2} "
    "/^cpu cores/ {print n + 0, socket + 0, $2 + 0}' /proc/cpuinfo"
)
MEMORY, UPTIME = "awk '/MemTotal/ {print $2}' /proc/meminfo", "cut -d' ' -f1 /proc/uptime"
DISKS = (
    "for disk in $(ls /sys/block | grep ^vd); do echo $disk $(cat /sys/block/$disk/size)"
    " $(cat /sys/block/$disk/serial) $(blkid /dev/$disk | sed 's/^[^:]*://'); done"
)


@pytest.fixture(scope="module")
def snapshot(cloud, servers, side_door):
    """Of a volume on which a guest has written a word."""
    volumes, disk = cloud.connect().block_storage, volume(cloud)
    attach(cloud, servers[1], disk)
    write = f"echo {CARRIED} | dd of=/dev/vdb conv=fsync 2>/dev/null"
    assert wait_for(lambda: cloud.try_ssh(side_door, f"[ -b /dev/vdb ] && {write}") == "", 60, 0.5)
    detach(cloud, servers[1], disk)
    made = volumes.create_snapshot(volume_id=disk)
    volumes.wait_for_status(made, "available", interval=0.2)
    yield made.id
    volumes.delete_snapshot(made)
    volumes.wait_for_delete(made, interval=0.2, wait=60)
    volumes.delete_volume(disk)


@pytest.fixture(scope="module")
def flavors(cloud):
    """One with a second disk and swap, and one that is larger."""
    compute = cloud.connect().compute
    disks = {"ephemeral": 1, "swap": 64}
    made = [
        compute.create_flavor(name="promising", vcpus=2, ram=192, disk=1, **disks),
        compute.create_flavor(name="promising.more", vcpus=3, ram=256, disk=2, **disks),
    ]
    compute.create_flavor_extra_specs(made[0], SPECS)
    yield made
    for flavor in made:
        compute.delete_flavor(flavor)


@pytest.fixture(scope="module")
def image_id(cloud, image):
    with cloud.image("promising", image, **IMAGE) as made:
        yield made


@pytest.fixture(scope="module")
def server(cloud, snapshot, flavors, image_id):
    new_volume = {"destination_type": "volume", "volume_size": 1, "delete_on_termination": True}
    local = {"source_type": "blank", "destination_type": "local", "boot_index": -1}
    mapping = [
        {"source_type": "image", "destination_type": "local", "uuid": image_id, "boot_index": 0},
        local | {"volume_size": 1, "guest_format": "ext4"},
        local | {"volume_size": 64, "guest_format": "swap"},
        new_volume | {"source_type": "blank", "boot_index": -1},
        new_volume | {"source_type": "snapshot", "uuid": snapshot, "boot_index": -1},
    ]
    made = cloud.make(
        "promised", image_id=image_id, flavor_id=flavors[0].id, block_device_mapping=mapping
    )
    cloud.wait_ready(made)
    yield made
    cloud.leave(made)


@pytest.fixture(scope="module")
def way_in(cloud, server):
    return cloud.open_door(server)


def device(cloud, door, mark):
    """The one disk of the guest whose words hold this."""
    (found,) = [line for line in cloud.ssh(door, DISKS).splitlines() if mark in line]
    name, sectors = found.split()[:2]
    return name, int(sectors) // 2048


def volumes_of(cloud, server):
    """The blank volume and the one of the snapshot."""
    connection = cloud.connect()
    ids = [one.volume_id for one in connection.compute.volume_attachments(server)]
    found = [connection.block_storage.get_volume(one) for one in ids]
    return [one.id for one in sorted(found, key=lambda volume: volume.snapshot_id or "")]


def first_line(cloud, door, name):
    return cloud.ssh(door, f"dd if=/dev/{name} bs=512 count=1 2>/dev/null | head -n 1").strip(
        "\0\n"
    )


def test_every_disk_of_the_mapping_is_there_and_is_what_it_should_be(cloud, server, way_in):
    blank, carried = volumes_of(cloud, server)
    name, mib = device(cloud, way_in, blank[:20])
    assert (mib, first_line(cloud, way_in, name)) == (1024, "")
    cloud.ssh(way_in, f"echo blank no more | dd of=/dev/{name} conv=fsync")
    name, mib = device(cloud, way_in, carried[:20])
    assert (mib, first_line(cloud, way_in, name)) == (1024, CARRIED)
    name, mib = device(cloud, way_in, 'LABEL="ephemeral0"')
    assert mib == 1024
    cloud.ssh(way_in, f"mount /dev/{name} /mnt && echo kept >/mnt/kept && umount /mnt")
    name, mib = device(cloud, way_in, 'TYPE="swap"')
    assert mib == 64
    swaps = cloud.ssh(way_in, f"swapon /dev/{name} && cat /proc/swaps").splitlines()
    assert swaps[1].split()[:3] == [f"/dev/{name}", "partition", str(64 * 1024 - 4)]
    cloud.ssh(way_in, "echo kept >/data/promised; sync")


def test_the_devices_and_the_processors_are_those_of_image_and_flavor(cloud, server, way_in):
    assert WATCHDOG in cloud.ssh(way_in, PCI).splitlines()
    assert cloud.ssh(way_in, "cat /sys/class/misc/hw_random/rng_current").startswith("virtio_rng")
    assert cloud.ssh(way_in, "dd if=/dev/hwrng bs=32 count=1 2>/dev/null | wc -c").strip() == "32"
    assert cloud.ssh(way_in, CPU).splitlines() == ["0 0 2", "1 0 2"]


def test_a_larger_flavor_is_there_to_stay_once_it_is_confirmed(cloud, server, way_in, flavors):
    compute = cloud.connect().compute
    memory_kib = int(cloud.ssh(way_in, MEMORY))
    compute.resize_server(server, flavors[1])
    cloud.wait(server, "VERIFY_RESIZE")
    assert cloud.ssh(way_in, "cat /data/promised") == "kept\n"
    boots, uptime = cloud.boots(server), float(cloud.ssh(way_in, UPTIME))
    compute.confirm_server_resize(server)
    cloud.wait(server, "ACTIVE")
    assert compute.get_server(server).flavor.name == flavors[1].name
    assert float(cloud.ssh(way_in, UPTIME)) > uptime
    assert cloud.boots(server) == boots
    assert 40 << 10 < int(cloud.ssh(way_in, MEMORY)) - memory_kib < 70 << 10
    assert len(cloud.ssh(way_in, CPU).splitlines()) == 3
    assert cloud.ssh(way_in, "cat /sys/block/vda/size").strip() == str(2 << 21)
    assert cloud.ssh(way_in, "cat /data/promised") == "kept\n"
    name, _ = device(cloud, way_in, 'LABEL="ephemeral0"')
    assert cloud.ssh(way_in, f"mount /dev/{name} /mnt; cat /mnt/kept; umount /mnt") == "kept\n"
    assert device(cloud, way_in, 'TYPE="swap"')[1] == 64
    words = [
        first_line(cloud, way_in, device(cloud, way_in, one[:20])[0])
        for one in volumes_of(cloud, server)
    ]
    assert words == ["blank no more", CARRIED]
    folders = cloud.state_dir / "nova" / "instances"
    assert [path.name for path in folders.glob(f"{server}*")] == [server]
    cloud.nothing_stray()
