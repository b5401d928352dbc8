# SPDX-License-Identifier: Apache-2.0
"""A guest gets another flavor and sees it from inside; its data stay; the old flavor comes back."""

import pytest

pytestmark = pytest.mark.timeout(500)
MEMORY = "awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo"
CPUS = "grep -c ^processor /proc/cpuinfo"
SECTORS = "cat /sys/block/vda/size"
KEPT = "echo kept >/data/resize; sync"


def inside(cloud, door):
    """What the guest itself sees: MiB of memory, processors, GiB of its disk."""
    memory, cpus, sectors = (int(cloud.ssh(door, ask)) for ask in (MEMORY, CPUS, SECTORS))
    return memory, cpus, sectors * 512 >> 30


def test_a_guest_sees_its_new_flavor_until_it_is_reverted(cloud, servers, door):
    server, compute = servers[0], cloud.connect().compute
    before = inside(cloud, door)
    flavor = compute.get_server(server).flavor
    larger = compute.create_flavor(
        name="larger", vcpus=flavor.vcpus + 1, ram=flavor.ram + 64, disk=flavor.disk + 1
    )
    cloud.ssh(door, KEPT)
    compute.resize_server(server, larger)
    cloud.wait(server, "VERIFY_RESIZE")
    assert compute.get_server(server).flavor.name == larger.name
    memory, cpus, gib = inside(cloud, door)
    assert (cpus, gib) == (before[1] + 1, before[2] + 1)
    assert 40 < memory - before[0] < 70
    assert cloud.ssh(door, "cat /data/resize").strip() == "kept"
    compute.revert_server_resize(server)
    cloud.wait(server, "ACTIVE")
    assert inside(cloud, door) == before
    assert compute.get_server(server).flavor.name == flavor.name
    assert cloud.ssh(door, "cat /data/resize").strip() == "kept"
    cloud.nothing_stray()
    compute.delete_flavor(larger)
